"""What the Export panel asks, kept in the scene so that the next file goes out like the last."""

from __future__ import annotations

import bpy

from .presets import Preset, preset, presets
from .write import ExportOptions

__all__ = ["AgonistExport", "register", "unregister"]


class AgonistExport(bpy.types.PropertyGroup):
    """How files are written."""

    preset: bpy.props.EnumProperty(
        name="For", description="Where the file goes; it decides axes, units and names",
        items=[(one.id, one.label, one.description) for one in presets().values()], default="BVH",
    )  # fmt: skip
    root: bpy.props.EnumProperty(
        name="Travel", description="What carries the way that the character goes along the ground",
        items=[
            ("KEEP", "As It Is", "Travel stays on the bones that have it"),
            ("BONE", "Root Bone", "A bone on the ground carries it alone, as engines want root motion; one is added if the rig has none"),
            ("IN_PLACE", "In Place", "No travel: the character stays over one spot, for engines that move it themselves"),
        ],
    )  # fmt: skip
    loop: bpy.props.BoolProperty(
        name="Loop", description="Blend the end of the clip into its first pose, so that it can repeat; travel goes on", default=False
    )
    use_fps: bpy.props.BoolProperty(
        name="Frame Rate", description="Write another frame rate than the scene's; the motion keeps its duration", default=False
    )
    fps: bpy.props.FloatProperty(
        name="Frames a Second", description="Frame rate of the file", default=30.0, min=1.0, max=1000.0, precision=3
    )
    activation: bpy.props.BoolProperty(
        name="Activation Curves", default=True,
        description="Put each muscle's activation into the file as an animated curve, so that an engine can drive shaders with it",
    )  # fmt: skip
    csv: bpy.props.BoolProperty(name="Activation Table", description="Write the activation beside it as a CSV table too", default=False)
    meshes: bpy.props.BoolProperty(name="Meshes", description="Take along the meshes that the armature deforms", default=False)
    variants: bpy.props.StringProperty(
        name="Variants", default="hamstrings 0.5, 0.75, 1, 1.25, 1.5",
        description="A muscle and its factors; further muscles after a semicolon. One file is written for each factor",
    )  # fmt: skip

    @property
    def chosen(self) -> Preset:
        """The preset."""
        return preset(self.preset)

    @property
    def options(self) -> ExportOptions:
        """What the writers take."""
        return ExportOptions(self.fps if self.use_fps else None, self.root, self.loop, self.activation, self.csv, self.meshes)


def register() -> None:
    bpy.utils.register_class(AgonistExport)
    bpy.types.Scene.agonist_export = bpy.props.PointerProperty(type=AgonistExport)


def unregister() -> None:
    del bpy.types.Scene.agonist_export
    bpy.utils.unregister_class(AgonistExport)
