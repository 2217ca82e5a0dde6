"""State, on the armature itself: undo, save and load just work."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

import bpy

from agonist.bone_map import RigFit
from agonist.default_models import DEFAULT_MODEL
from agonist.errors import AgonistError, MotionError, UnknownNameError
from agonist.humanoid import CANONICAL_JOINTS
from agonist.muscles import MuscleSet

from . import verbs
from .compat import overridable, playing_action
from .live import changed, quiet
from .muscles.colours import COLOUR_MAPS
from .preview import finish_all
from .rig.playing import is_result
from .scope import AgonistScope
from .sliders import AgonistGroup, AgonistSlider
from .translate import rpt

__all__ = ["AgonistArmature", "AgonistBone", "register", "unregister"]


def _toggled(props: AgonistArmature, context: bpy.types.Context) -> None:
    which = props.show
    finish_all()
    props.shown = which
    try:
        verbs.show(props.id_data, which)
        props.message = ""
    except AgonistError as error:
        props.shown = "RECOMMENDED" if is_result(playing_action(props.id_data)) else "ORIGINAL"
        props.message = str(error)


# Blender keeps no reference to what an enumeration's items are made of, so it must live on here.
_choices_shown: dict[str, tuple[str, str, str]] = {}


def _choices(props: AgonistArmature, context: bpy.types.Context | None) -> list[tuple[str, str, str]]:
    """Every group, then every muscle."""
    told = [(one.name, one.label, "Both sides") for one in props.groups] + [(one.name, one.label, "One side") for one in props.sliders]
    return [_choices_shown.setdefault(repr(one), one) for one in told] or [("NONE", "None", "Press Predict first")]


def _recoloured(props: AgonistArmature, context: bpy.types.Context) -> None:
    _coloured_by(verbs.recolour, props)


def _remapped(props: AgonistArmature, context: bpy.types.Context) -> None:
    _coloured_by(verbs.change_colours, props)


def _coloured_by(verb: Callable[[bpy.types.Object], None], props: AgonistArmature) -> None:
    finish_all()
    try:
        verb(props.id_data)
    except AgonistError as error:
        props.message = str(error)


def _rows(rows: bpy.types.bpy_prop_collection, names: Iterable[str]) -> Iterator[bpy.types.PropertyGroup]:
    """One row a name, in that order, and no other. Raises MotionError where a linked file has more.

    An override keeps the rows of the file that it is linked from, which can be changed but not taken away.
    """
    rows.clear()
    wanted = tuple(names)
    if len(rows) > len(wanted):
        raise MotionError(rpt(
            "The linked file has {found} rows of what needs {wanted}. Make the armature local, or predict it there with the same model.",
            found=len(rows), wanted=len(wanted),
        ))  # fmt: skip
    for k, name in enumerate(wanted):
        row = rows[k] if k < len(rows) else rows.add()
        row.name = name
        yield row


class AgonistBone(bpy.types.PropertyGroup):
    """One joint of the standard humanoid, its name, and the bones of the rig that are it and move it."""

    bone: bpy.props.StringProperty(name="Bone", description="The bone that starts at this joint")
    deform: bpy.props.StringProperty(name="Skin", description="The bone that the skin follows, if it is another one")
    control: bpy.props.StringProperty(
        name="Control", description="The bone that you turn to pose this joint, if it is another one", default=""
    )
    target: bpy.props.StringProperty(name="IK Target", description="The bone that this end of a limb follows, where IK solves it")
    pole: bpy.props.StringProperty(name="IK Pole", description="The bone that the elbow or knee points to")
    swing: bpy.props.StringProperty(name="IK Swing", description="The bone whose rotation turns the elbow or knee, without a pole")

    def named(self) -> list[str]:
        """The bones that this row names."""
        return [name for name in (self.bone, self.deform, self.control, self.target, self.pole, self.swing) if name]


class AgonistArmature(bpy.types.PropertyGroup):
    """What Agonist knows about one armature."""

    source_action: bpy.props.PointerProperty(type=bpy.types.Action, name="Source", description="The motion that is edited; never changed")
    recommended_action: bpy.props.PointerProperty(type=bpy.types.Action, name="Recommended", description="The motion that the sliders make")
    sliders: bpy.props.CollectionProperty(type=AgonistSlider, name="Sliders", description="One a muscle")
    groups: bpy.props.CollectionProperty(type=AgonistGroup, name="Groups", description="One for both sides of a muscle")
    scope: bpy.props.PointerProperty(type=AgonistScope, name="Scope", description="What of the body an edit may change")
    active_muscle: bpy.props.EnumProperty(
        name="Muscle", description="Whose activation the graph in the view shows and the Graph Editor opens", items=_choices
    )
    bones: bpy.props.CollectionProperty(type=AgonistBone, name="Bones", description="Which bone is which joint")
    bone_map: bpy.props.StringProperty(name="Bone Map", description="The bone map that the table of bones was filled from")
    bone_score: bpy.props.FloatProperty(name="Score", description="How much of the bone map was found", subtype="FACTOR", min=0.0, max=1.0)
    show_controls: bpy.props.BoolProperty(name="Controls", description="Also show the bones that an animator moves the joints by")
    model: bpy.props.StringProperty(name="Model", description="A shipped model's name or a model folder", default=DEFAULT_MODEL)
    link_sides: bpy.props.BoolProperty(
        name="Link Left and Right", description="Move both sides of a muscle together, with one slider", default=False
    )
    live: bpy.props.BoolProperty(
        name="Live", description="Regenerate the motion while a slider moves, and after an activation curve was drawn", default=True
    )
    use_frame_range: bpy.props.BoolProperty(name="Frame Range", description="Change these frames only", default=False, update=changed)
    frame_first: bpy.props.IntProperty(name="First", description="First frame that may change", default=1, update=changed)
    frame_last: bpy.props.IntProperty(name="Last", description="Last frame that may change", default=100, update=changed)
    colour_range: bpy.props.EnumProperty(
        name="Full Colour Is", description="What the colour of a fully flexed muscle means", default="CLIP", update=_recoloured,
        items=[
            ("CLIP", "The Clip's Peak", "The highest activation of any muscle in the clip"),
            ("MUSCLE", "Each Muscle's Peak", "The highest activation of the muscle itself in the clip"),
            ("ABSOLUTE", "Full Activation", "Everything a muscle has"),
        ],
    )  # fmt: skip
    colour_top: bpy.props.FloatProperty(
        name="Full Colour", description="The highest activation that full colour stands for in the clip", default=1.0
    )
    colour_map: bpy.props.EnumProperty(
        name="Colours", description="What a relaxed and a flexed muscle look like", default="PAPER", update=_remapped,
        items=[(name, label, told) for name, (label, told, _) in COLOUR_MAPS.items()],
    )  # fmt: skip
    show: bpy.props.EnumProperty(
        name="Show", description="Which motion plays", update=_toggled,
        items=[("ORIGINAL", "Original", "The motion as it was"), ("RECOMMENDED", "Recommended", "The motion that the sliders make")],
    )  # fmt: skip
    coloured_from: bpy.props.StringProperty(
        name="Coloured From", description="Fingerprint of the motion whose activation the original's colours show", options={"HIDDEN"}
    )
    saved_scales: bpy.props.StringProperty(
        name="Saved Scales", description="The sliders of an override as they were when the file was saved", options={"HIDDEN"}
    )  # fmt: skip
    message: bpy.props.StringProperty(name="Message", description="What the panel warns of")
    is_preview: bpy.props.BoolProperty(
        name="Preview", description="Only the current frame shows what the sliders ask; the whole clip follows when they rest"
    )

    def sides(self, group: str) -> list[AgonistSlider]:
        """The sliders of a group's sides."""
        return [slider for slider in self.sliders if slider.group == group]

    def muscles_of(self, name: str) -> list[str]:
        """The muscles that the name of a muscle or of a group means. Raises UnknownNameError."""
        if name in self.groups:
            return [slider.name for slider in self.sides(name)]
        if name not in self.sliders:
            raise UnknownNameError("slider", name, (*self.groups.keys(), *self.sliders.keys()))
        return [name]

    @property
    def shown(self) -> str:
        return self.show

    @shown.setter
    def shown(self, which: str) -> None:
        # Already playing: only the switch has to follow, without playing it again.
        self["show"] = {"ORIGINAL": 0, "RECOMMENDED": 1}[which]

    def fill_bones(self, rig: RigFit) -> None:
        """The table of bones as a map found it; a joint that was not found has an empty row."""
        for row in _rows(self.bones, CANONICAL_JOINTS):
            joint, ik = row.name, rig.ik.get(row.name)
            row.bone, row.deform, row.control = (table.get(joint, "") for table in (rig.joints, rig.deform, rig.controls))
            row.target, row.pole, row.swing = ("", "", "") if ik is None else (ik.target, ik.pole, ik.swing)
        self.bone_map, self.bone_score = rig.name, rig.score

    def fill_sliders(self, muscles: MuscleSet, clip: tuple[int, int]) -> None:
        """One slider a muscle, all at 1; a frame range that does not lie in the `clip`'s first and last frame becomes the clip."""
        with quiet():
            for slider, muscle in zip(_rows(self.sliders, muscles.names), muscles.muscles, strict=True):
                slider.label = muscle.label
                slider.before = 0.0
                slider.reset()
            labels = {muscle.group: muscle.group_label for muscle in muscles.muscles}
            for group in _rows(self.groups, labels):
                group.label = labels[group.name]
            # A choice that is no longer there reads as none.
            if not self.active_muscle:
                self.property_unset("active_muscle")
            if not (self.use_frame_range and clip[0] <= self.frame_first <= self.frame_last <= clip[1]):
                self.use_frame_range, (self.frame_first, self.frame_last) = False, clip

    def note_scales(self) -> None:
        """Before an override is saved. Blender keeps what its groups show as well, and sets both sides to that when it opens the file."""
        self.saved_scales = json.dumps({slider.name: slider.scale for slider in self.sliders})

    def restore_scales(self) -> None:
        """After an override was opened."""
        with quiet():
            for name, scale in json.loads(self.saved_scales or "{}").items():
                if name in self.sliders:
                    self.sliders[name].scale = scale

    def reset_sliders(self) -> None:
        """All sliders to 1 without making the motion anew."""
        with quiet():
            for slider in self.sliders:
                slider.reset()


_CLASSES = (AgonistSlider, AgonistGroup, AgonistScope, AgonistBone, AgonistArmature)


def register() -> None:
    for cls in _CLASSES:
        overridable(cls)
        bpy.utils.register_class(cls)
    bpy.types.Object.agonist = bpy.props.PointerProperty(type=AgonistArmature, override={"LIBRARY_OVERRIDABLE"})


def unregister() -> None:
    del bpy.types.Object.agonist
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
