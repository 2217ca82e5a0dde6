"""Export the motion that is shown, or variants of it, as the Export panel says."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper

from ..exports.presets import presets
from ..exports.variants import export_variants
from ..exports.write import export_motion
from ..steps import Steps
from .base import AnimatedArmatureOperator, PredictedOperator, active_armature
from .modal import StepsOperator

__all__ = ["AGONIST_OT_export", "AGONIST_OT_export_variants"]


class AGONIST_OT_export(AnimatedArmatureOperator, ExportHelper, bpy.types.Operator):
    """Export the motion that is shown, with the axes, units and names that the chosen target expects"""

    bl_idname = "agonist.export"
    bl_label = "Export"

    preset: bpy.props.EnumProperty(
        name="For", description="Where the file goes; the scene's choice in the Export panel if none is given",
        default="SCENE", options={"SKIP_SAVE"},
        items=[("SCENE", "As the Panel Says", "Its choice"), *((one.id, one.label, one.description) for one in presets().values())],
    )  # fmt: skip
    filter_glob: bpy.props.StringProperty(default="*.bvh;*.fbx;*.glb;*.usdc", options={"HIDDEN"}, description="Files that are shown")
    # The suffix follows the preset, so ExportHelper must not put its own there.
    check_extension = None
    filename_ext = ""

    def _preset(self, context: bpy.types.Context) -> str:
        return context.scene.agonist_export.preset if self.preset == "SCENE" else self.preset

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        # Named after the motion, so that original and recommended do not overwrite each other.
        action = active_armature(context).animation_data.action.name
        self.filepath = bpy.path.clean_name(action) + presets()[self._preset(context)].suffix
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        name = self._preset(context)
        path = Path(bpy.path.ensure_ext(bpy.path.abspath(self.filepath), presets()[name].suffix))
        written = export_motion(armature, path, name, context.scene.agonist_export.options)
        self.report({"INFO"}, f"Exported {', '.join(map(str, written))}")


class AGONIST_OT_export_variants(StepsOperator, PredictedOperator, AnimatedArmatureOperator, bpy.types.Operator):
    """Edit the source motion by each factor in turn and export every result to a folder. Esc stops after the file in work"""

    bl_idname = "agonist.export_variants"
    bl_label = "Export Variants"

    doing = "Exporting variants"

    directory: bpy.props.StringProperty(name="Folder", description="Where the files go", subtype="DIR_PATH", options={"SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"}, description="Show folders")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.directory = bpy.path.abspath("//")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature, self._files = active_armature(context), 0
        return self.run_steps(context, armature, self._exported(context.scene.agonist_export, armature))

    def _exported(self, settings: bpy.types.PropertyGroup, armature: bpy.types.Object) -> Steps[None]:
        self.directory = bpy.path.abspath(self.directory)
        for share, files in export_variants(armature, settings.variants, Path(self.directory), settings.preset, settings.options):
            self._files += len(files)
            yield share

    def told(self) -> str:
        return f"Exported {self._files} files to {self.directory}"

    def stopped(self) -> str:
        return f"Stopped after {self._files} files"
