"""State, on the armature itself: undo, save and load just work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from agonist.bone_map import RigFit
from agonist.errors import AgonistError
from agonist.humanoid import CANONICAL_JOINTS
from agonist.muscles import MuscleSet

from . import verbs

__all__ = ["AgonistArmature", "AgonistBone", "AgonistSlider", "register", "unregister"]

_guard = {"busy": False}


def _moved(slider: AgonistSlider, context: bpy.types.Context) -> None:
    """A slider moved: its other side follows if linked, and the motion is made again."""
    if _guard["busy"]:
        return
    props = slider.id_data.agonist
    if props.link_sides:
        with _quiet():
            for other in props.sliders:
                if other.name[:-2] == slider.name[:-2] and other.name != slider.name:
                    other.scale = slider.scale
    _regenerate(props, context)


def _regenerate(props: AgonistArmature, context: bpy.types.Context) -> None:
    """Make the motion again, if that is wished while something moves."""
    if _guard["busy"] or not props.live or not props.sliders:
        return
    with _quiet():
        try:
            verbs.edit_armature(props.id_data, refine=False)
        except AgonistError as error:
            # A slider has no report to give; the panel shows this line.
            props.message = str(error)


def _toggled(props: AgonistArmature, context: bpy.types.Context) -> None:
    try:
        verbs.show(props.id_data, props.show)
        props.message = ""
    except AgonistError as error:
        props.shown, props.message = "ORIGINAL", str(error)


def _recoloured(props: AgonistArmature, context: bpy.types.Context) -> None:
    verbs.recolour(props.id_data)


@contextmanager
def _quiet() -> Iterator[None]:
    """Properties may be set inside without calling their updates again."""
    before, _guard["busy"] = _guard["busy"], True
    try:
        yield
    finally:
        _guard["busy"] = before


class AgonistSlider(bpy.types.PropertyGroup):
    """One muscle: what is asked, what was reached."""

    label: bpy.props.StringProperty()
    scale: bpy.props.FloatProperty(
        name="Scale", description="How much this muscle should work: 1 as it does, 2 twice as much", default=1.0, min=0.0, max=3.0,
        soft_min=0.0, soft_max=3.0, step=5, precision=2, update=_moved,
    )  # fmt: skip
    reached: bpy.props.FloatProperty(
        name="Reached", description="Mean activation after the edit over before, by re-prediction", default=1.0
    )
    out_of_reach: bpy.props.BoolProperty(default=False)


class AgonistBone(bpy.types.PropertyGroup):
    """One joint of the standard humanoid, its name, and the bones of the rig that are it and move it."""

    bone: bpy.props.StringProperty(name="Bone", description="The bone that starts at this joint")
    control: bpy.props.StringProperty(
        name="Control", description="The bone that you turn to pose this joint, if it is another one", default=""
    )
    target: bpy.props.StringProperty(name="IK Target", description="The bone that this end of a limb follows, where IK solves it")
    pole: bpy.props.StringProperty(name="IK Pole", description="The bone that the elbow or knee points to")
    swing: bpy.props.StringProperty(name="IK Swing", description="The bone whose rotation turns the elbow or knee, without a pole")

    def named(self) -> list[str]:
        """The bones that this row names."""
        return [name for name in (self.bone, self.control, self.target, self.pole, self.swing) if name]


class AgonistArmature(bpy.types.PropertyGroup):
    """What Agonist knows about one armature."""

    source_action: bpy.props.PointerProperty(type=bpy.types.Action, name="Source", description="The motion that is edited; never changed")
    recommended_action: bpy.props.PointerProperty(type=bpy.types.Action, name="Recommended", description="The motion that the sliders make")
    sliders: bpy.props.CollectionProperty(type=AgonistSlider)
    bones: bpy.props.CollectionProperty(type=AgonistBone)
    bone_map: bpy.props.StringProperty(name="Bone Map", description="The bone map that the table of bones was filled from")
    bone_score: bpy.props.FloatProperty(name="Score", description="How much of the bone map was found", subtype="FACTOR", min=0.0, max=1.0)
    show_controls: bpy.props.BoolProperty(name="Controls", description="Also show the bones that an animator moves the joints by")
    model: bpy.props.StringProperty(name="Model", description="A shipped model's name or a model folder", default="agonist")
    link_sides: bpy.props.BoolProperty(name="Link Left and Right", description="Move both sides together", default=False)
    live: bpy.props.BoolProperty(name="Live", description="Regenerate the motion while a slider moves", default=True)
    use_frame_range: bpy.props.BoolProperty(name="Frame Range", description="Change these frames only", default=False, update=_regenerate)
    frame_first: bpy.props.IntProperty(name="First", description="First frame that may change", default=1, update=_regenerate)
    frame_last: bpy.props.IntProperty(name="Last", description="Last frame that may change", default=100, update=_regenerate)
    colour_range: bpy.props.EnumProperty(
        name="Full Red Is", description="What the colour of a fully red muscle means", default="CLIP", update=_recoloured,
        items=[
            ("CLIP", "The Clip's Peak", "The highest activation of any muscle in the clip"),
            ("MUSCLE", "Each Muscle's Peak", "The highest activation of the muscle itself in the clip"),
            ("ABSOLUTE", "Full Activation", "Everything a muscle has"),
        ],
    )  # fmt: skip
    show: bpy.props.EnumProperty(
        name="Show", description="Which motion plays", update=_toggled,
        items=[("ORIGINAL", "Original", "The motion as it was"), ("RECOMMENDED", "Recommended", "The motion that the sliders make")],
    )  # fmt: skip
    message: bpy.props.StringProperty()

    @property
    def shown(self) -> str:
        return self.show

    @shown.setter
    def shown(self, which: str) -> None:
        # Already playing: only the switch has to follow, without playing it again.
        self["show"] = {"ORIGINAL": 0, "RECOMMENDED": 1}[which]

    def fill_bones(self, rig: RigFit) -> None:
        """The table of bones as a map found it; a joint that was not found has an empty row."""
        self.bones.clear()
        for joint in CANONICAL_JOINTS:
            row = self.bones.add()
            row.name, row.bone, row.control = joint, rig.joints.get(joint, ""), rig.controls.get(joint, "")
            if joint in rig.ik:
                row.target, row.pole, row.swing = rig.ik[joint].target, rig.ik[joint].pole, rig.ik[joint].swing
        self.bone_map, self.bone_score = rig.name, rig.score

    def fill_sliders(self, muscles: MuscleSet, clip: tuple[int, int]) -> None:
        """One slider a muscle, all at 1; a frame range that does not lie in the `clip`'s first and last frame becomes the clip."""
        with _quiet():
            self.sliders.clear()
            for muscle in muscles.muscles:
                slider = self.sliders.add()
                slider.name, slider.label = muscle.name, muscle.label
            if not (self.use_frame_range and clip[0] <= self.frame_first <= self.frame_last <= clip[1]):
                self.use_frame_range, (self.frame_first, self.frame_last) = False, clip

    def reset_sliders(self) -> None:
        """All sliders to 1 without making the motion eight times."""
        with _quiet():
            for slider in self.sliders:
                slider.scale, slider.reached, slider.out_of_reach = 1.0, 1.0, False


_CLASSES = (AgonistSlider, AgonistBone, AgonistArmature)


def register() -> None:
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Object.agonist = bpy.props.PointerProperty(type=AgonistArmature)


def unregister() -> None:
    del bpy.types.Object.agonist
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
