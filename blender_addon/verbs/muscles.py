"""Verbs for muscles and their colours: on objects of their own, on meshes of the user's, and on a character's skin."""

from __future__ import annotations

from collections.abc import Mapping

import bpy

from agonist.activation import Activation
from agonist.errors import MotionError
from agonist.muscles import MuscleSet, muscle_set, stand_in

from .. import session
from ..muscles.attach import add_muscles
from ..muscles.bind import bind_mesh
from ..muscles.colour_actions import COLOURS, repeat_colours, repetition_of
from ..muscles.heatmap import are_of_another, key_activation, muscle_objects, range_top, recolour_muscles, show_colours, use_colour_map
from ..muscles.mannequin import add_mannequin, mannequin_of
from ..muscles.skin import glow_skin, glowing_skins, key_skins, recolour_skins, show_skins
from ..muscles.skin_material import use_skin_colour_map
from ..preferences import begin_with_preferences
from ..rig.bones import rig_of
from ..rig.hung import rigid_parts
from ..rig.sample import stamp_of
from ..translate import rpt

__all__ = ["bind", "build_muscles", "change_colours", "glow", "key_colours", "recolour", "show"]


def build_muscles(armature: bpy.types.Object, *, mannequin: bool = True, muscles: str = "mia8") -> None:
    """Build the muscles of a set anew, coloured if the motion is predicted already, and with `mannequin` a plain body if there is none.

    On a character with a skin of its own the muscles show in front of it. Raises SkeletonError.
    """
    begin_with_preferences(armature)
    works = _works_of(armature)
    objects = add_muscles(armature, muscle_set(muscles))
    if _has_skin(armature):
        for thing in objects:
            thing.show_in_front = True
    elif mannequin:
        add_mannequin(armature)
    _colour_anew(armature, works)


def glow(armature: bpy.types.Object, skins: list[bpy.types.Object], *, muscles: str = "mia8") -> None:
    """Let meshes that the armature deforms show its muscles on their own surface, coloured if the motion is predicted already.

    Skin over a muscle that the model says nothing about stays as it is. Raises SkeletonError, MotionError, ModelNotFoundError.
    """
    known = session.model_of(armature).contract.muscles
    told = tuple(muscle for muscle in muscle_set(muscles).muscles if stand_in(muscle.name, known)[0] is not None)
    works = _works_of(armature)
    for skin in skins:
        glow_skin(skin, armature, MuscleSet(muscles, told))
    _colour_anew(armature, works)


def bind(armature: bpy.types.Object, mesh: bpy.types.Object, muscle: str) -> None:
    """Let a mesh of the user's own stand for a muscle. Raises InputError, SkeletonError, UnknownNameError."""
    works = _works_of(armature)
    bind_mesh(mesh, armature, muscle)
    _colour_anew(armature, works)


def _works_of(armature: bpy.types.Object) -> dict[str, session.LiveEdit]:
    """The motions that are there, predicted; asked for before anything is built, as it may fail.

    The sliders need not be what the recommended motion was made of any more, so it is predicted from what it is.
    """
    props, works = armature.agonist, {}
    if props.source_action is not None:
        # Last comes the source, so that it is what is kept for the next slider.
        if props.recommended_action is not None:
            works["RECOMMENDED"] = session.live_edit_of(armature, props.recommended_action)
        works["ORIGINAL"] = session.live_edit(armature)
    return works


def _colour_anew(armature: bpy.types.Object, works: Mapping[str, session.LiveEdit]) -> None:
    """Colours for muscles that are new, of the motions that are there."""
    props = armature.agonist
    for which, work in works.items():
        key_colours(armature, works["ORIGINAL"], which, work.session.original, work.sample.first_frame)
    show_colours(muscle_objects(armature), props.show)
    show_skins(glowing_skins(armature), props.show)


def _has_skin(armature: bpy.types.Object) -> bool:
    """Whether the armature has a mesh, on its bones or deformed by them, that is neither a muscle nor our mannequin."""
    ours = {*muscle_objects(armature).values(), mannequin_of(armature)}
    return bool(rigid_parts(armature)) or any(
        modifier.type == "ARMATURE" and modifier.object == armature
        for thing in bpy.context.scene.objects if thing.type == "MESH" and thing not in ours
        for modifier in thing.modifiers
    )  # fmt: skip


def key_colours(
    armature: bpy.types.Object, live: session.LiveEdit, which: str, activation: Activation | None = None, first_frame: int | None = None
) -> None:
    """Colour the muscles by an activation, the original's if none is given, in the original's colour range; `live` is the original's."""
    props, original = armature.agonist, live.session.original
    action = props.source_action if which == "ORIGINAL" else props.recommended_action
    top = range_top(original, props.colour_range)
    props.colour_top = float(top.max())
    first = live.sample.first_frame if first_frame is None else first_frame
    stamp = stamp_of(armature, action, live.sample.rig)
    if which == "ORIGINAL":
        props.coloured_from = live.stamp
    things, skins = muscle_objects(armature), glowing_skins(armature)
    key_activation(things, activation or original, first, which, action.name, top, stamp)
    key_skins(skins, activation or original, first, which, action.name, top)
    repetition = repetition_of(armature, action)
    for owner in (*things.values(), *(skin.data for skin in skins)):
        repeat_colours(owner, which, repetition)


def show(armature: bpy.types.Object, which: str) -> None:
    """Play "ORIGINAL" or "RECOMMENDED": the armature's action and the muscles' colours change together. Raises MotionError."""
    props = armature.agonist
    action = props.source_action if which == "ORIGINAL" else props.recommended_action
    if action is None:
        raise MotionError(rpt("There is no such motion yet; press Predict and move a slider first."))
    session.play(armature, action)
    if _lost(armature, which):
        _colour_anew(armature, _works_of(armature))
    show_colours(muscle_objects(armature), which)
    show_skins(glowing_skins(armature), which)


def _lost(armature: bpy.types.Object, which: str) -> bool:
    """Whether muscles lack their colours of a motion: an override of another file's muscles does not keep which they were."""
    if _has_assets(armature, which):
        return True
    lacking = [name for name, thing in muscle_objects(armature).items() if thing.get(COLOURS[which]) is None]
    if not lacking or armature.agonist.source_action is None:
        return False
    known = session.model_of(armature).contract.muscles
    return any(stand_in(name, known)[0] is not None for name in lacking)


def _has_assets(armature: bpy.types.Object, which: str) -> bool:
    """Whether the muscles of an override have come back with the colours of a motion that was shown in the asset's file."""
    action = armature.agonist.source_action if which == "ORIGINAL" else armature.agonist.recommended_action
    if action is None or armature.override_library is None:
        return False
    return are_of_another(muscle_objects(armature), which, stamp_of(armature, action, rig_of(armature)))


def change_colours(armature: bpy.types.Object) -> None:
    """Colour the muscles anew after the colour map was changed. Raises what `recolour` raises."""
    use_colour_map(muscle_objects(armature), armature.agonist.colour_map)
    for skin in glowing_skins(armature):
        use_skin_colour_map(skin, armature.agonist.colour_map)
    recolour(armature)


def recolour(armature: bpy.types.Object) -> None:
    """Colour the muscles anew after the colour range was changed, from the activation that is keyed on them.

    That of an override whose own is not kept is predicted again, which raises MotionError, SkeletonError, ContractError,
    ModelNotFoundError.
    """
    props = armature.agonist
    if any(_has_assets(armature, which) for which in COLOURS):
        _colour_anew(armature, _works_of(armature))
    tops = [
        recolour_muscles(muscle_objects(armature), props.colour_range), recolour_skins(glowing_skins(armature), props.colour_range)
    ]  # fmt: skip
    props.colour_top = max((top for top in tops if top is not None), default=props.colour_top)
    # A duplicate may have played the colours of the first until now.
    show_colours(muscle_objects(armature), props.show)
    show_skins(glowing_skins(armature), props.show)
