"""The verbs: what operators and scripts call. Each takes Blender objects, calls the core, and writes the result."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from agonist import io
from agonist.activation import Activation
from agonist.bone_map import BoneMap, RigFit, read_bone_map, write_bone_map
from agonist.edit import EditResult
from agonist.errors import InputError, MotionError, SkeletonError
from agonist.motion import Keypoints
from agonist.muscles import MuscleSet, muscle_set, stand_in

from . import session
from .curves import draw_curves, drawn_scales, write_reached
from .ghost import renew_ghost
from .muscles.attach import add_muscles
from .muscles.bind import bind_mesh
from .muscles.heatmap import key_activation, muscle_objects, range_top, recolour_muscles, show_colours, use_colour_map
from .muscles.mannequin import add_mannequin, mannequin_of
from .muscles.skin import glow_skin, glowing_skins, key_skins, recolour_skins, show_skins
from .muscles.skin_material import use_skin_colour_map
from .preferences import begin_with_preferences
from .results import as_before_if_stopped, is_kept, name_result
from .rig.apply import copy_action, settled
from .rig.bones import detect_bones, fit_user_map, rig_of
from .rig.build import build_armature
from .rig.controls import RigSample
from .rig.keys import restore_posed
from .rig.rate import is_rate, scene_rate
from .rig.restore import apply_afresh
from .rig.sample import stamp_of
from .steps import Steps, finished, part
from .translate import rpt

__all__ = [
    "asked_of",
    "bind",
    "build_muscles",
    "change_colours",
    "edit_armature",
    "edited",
    "find_bones",
    "glow",
    "import_motion",
    "load_bones",
    "open_curves",
    "predict_armature",
    "predicted",
    "recolour",
    "save_bones",
    "show",
]


def import_motion(path: Path, unsaid: io.Unsaid = io.Unsaid()) -> bpy.types.Object:
    """A motion file as an armature with an action, with what the file leaves `unsaid`.

    Where the scene keeps a rate that is not the file's, because something moves in it already, the armature's message says so.
    Raises FileFormatError and what the reader raises.
    """
    clip = io.read(path, unsaid)
    if isinstance(clip, Keypoints):
        from agonist.capture.fit import fit_motion

        clip = fit_motion(clip)
    name = path.stem
    if clip.provenance.get("format") == "openpose" and path.is_file():
        # One file stands for its numbered series.
        name = re.sub(r"[^A-Za-z]*[0-9]+(_keypoints)?$", "", name) or path.resolve().parent.name
    armature = build_armature(clip, name)
    scene = bpy.context.scene
    if not is_rate(scene, clip.fps):
        armature.agonist.message = rpt(
            "Keyed at the scene's {scene:.5g} frames a second, because something moves in it already; the file has {file:.5g}",
            scene=scene_rate(scene), file=clip.fps,
        )  # fmt: skip
    for thing in list(bpy.context.view_layer.objects.selected):
        thing.select_set(False)
    armature.select_set(True)
    return armature


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
        _key(armature, works["ORIGINAL"], which, work.session.original, work.sample.first_frame)
    show_colours(muscle_objects(armature), props.show)
    show_skins(glowing_skins(armature), props.show)


def _has_skin(armature: bpy.types.Object) -> bool:
    """Whether the armature deforms a mesh that is neither a muscle nor our mannequin."""
    ours = {*muscle_objects(armature).values(), mannequin_of(armature)}
    return any(
        modifier.type == "ARMATURE" and modifier.object == armature
        for thing in bpy.context.scene.objects if thing.type == "MESH" and thing not in ours
        for modifier in thing.modifiers
    )  # fmt: skip


def predict_armature(armature: bpy.types.Object) -> None:
    """`predicted` in one go."""
    finished(predicted(armature))


def predicted(armature: bpy.types.Object) -> Steps[None]:
    """Take the armature's action as the source, predict its muscles, and colour them.

    An action that an edit made is not a source: the motion it was made from is predicted then. Raises MotionError,
    SkeletonError, ContractError, ModelNotFoundError; nothing has changed if it does.
    """
    source = session.source_to_predict(armature)
    begin_with_preferences(armature)
    props = armature.agonist
    rig = rig_of(armature)
    live = yield from session.prepared(armature, source, anew=True)
    original = live.session.original
    muscles = live.session.model.contract.muscles
    recommended = props.recommended_action
    if recommended is None or not _made_from(recommended, live.stamp) or tuple(props.sliders.keys()) != muscles.names:
        # One of another motion stays in the file, but the toggle must not show it.
        props.recommended_action = None
        props.fill_sliders(muscles, (live.sample.first_frame, live.sample.first_frame + len(original) - 1))
    props.source_action = source
    if not props.bones:
        props.fill_bones(rig)
    _key(armature, live, "ORIGINAL")
    props.shown, props.message = "ORIGINAL", ""
    show(armature, "ORIGINAL")
    renew_ghost(armature)


def edit_armature(armature: bpy.types.Object, *, refine: bool = True) -> EditResult:
    """`edited` in one go."""
    return finished(edited(armature, refine=refine))


def edited(armature: bpy.types.Object, *, refine: bool = True) -> Steps[EditResult]:
    """Regenerate the recommended motion from the sliders and the curves that were drawn; a slider multiplies its curve.

    It is a new action; as long as the source stays as it is, later edits write into that same one, so that moving a slider
    does not fill the file with actions. Raises MotionError, InputError, ContractError, ModelNotFoundError.
    """
    props = armature.agonist
    restore_posed(armature)
    session.check_plays(armature)
    live = yield from part(session.prepared(armature, session.source_of(armature)), 0.0, 0.5)
    scales = {slider.name: slider.scale for slider in props.sliders}
    drawn = drawn_scales(armature, live.session.original, live.sample.first_frame)
    asked, settings = asked_of(armature, live, drawn)
    result = live.session.edit(asked, **settings, refine=refine)
    former = props.recommended_action
    is_new = former is None or is_kept(former, armature) or not _made_from(former, live.stamp)
    with as_before_if_stopped(armature, is_new) if refine and live.sample.is_mechanical else nullcontext():
        if is_new:
            props.recommended_action = copy_action(props.source_action, f"{props.source_action.name} | recommended", live.stamp)
        apply_afresh(armature, live.sample, result.motion, props.recommended_action, props.source_action)
        if refine and live.sample.is_mechanical:
            yield from part(settled(armature, live.sample, result.motion, props.recommended_action), 0.5, 1.0)
    name_result(props.recommended_action, props.source_action, scales, drawn)
    _key(armature, live, "RECOMMENDED", result.recommended)
    write_reached(armature, result.recommended, live.sample.first_frame)
    for slider, outcome in zip(props.sliders, result.outcomes, strict=True):
        slider.reached, slider.before, slider.out_of_reach = outcome.reached, outcome.before, outcome.out_of_reach
    props.shown, props.is_preview = "RECOMMENDED", False
    props.message = _what_holds_back(live.sample)
    return result


def open_curves(armature: bpy.types.Object, muscles: Sequence[str]) -> bpy.types.Object:
    """Give muscles a curve to draw in the Graph Editor. Returns the object that has them; see `curves.draw_curves`."""
    live = session.live_edit(armature)
    return draw_curves(armature, live.session.original, live.sample.first_frame, muscles)


def asked_of(
    armature: bpy.types.Object, live: session.LiveEdit, drawn: Mapping[str, np.ndarray] | None = None
) -> tuple[dict[str, float | np.ndarray], dict[str, Any]]:
    """Factors by muscle, of the sliders and what is `drawn` in the Graph Editor, and the settings that the core's edit takes with them.

    Raises InputError where the frame range does not lie in the clip.
    """
    props = armature.agonist
    drawn = drawn_scales(armature, live.session.original, live.sample.first_frame) if drawn is None else drawn
    scales = {slider.name: slider.scale for slider in props.sliders}
    frames, scope = None, props.scope
    if props.use_frame_range:
        first, last = live.sample.first_frame, live.sample.first_frame + len(live.sample.motion) - 1
        if not first <= props.frame_first <= props.frame_last <= last:
            # The core counts from the clip's first frame, the animator in frames of the scene.
            raise InputError(rpt(
                "Frames {chosen_first} to {chosen_last} do not lie in the clip. "
                "Expected the first not after the last, both within {first} to {last}.",
                chosen_first=props.frame_first, chosen_last=props.frame_last, first=first, last=last,
            ))  # fmt: skip
        frames = (props.frame_first - first, props.frame_last - first + 1)
    asked = {**scales, **{name: scales[name] * factors for name, factors in drawn.items()}}
    return asked, {"frames": frames, "locked": scope.locked, "falloff_s": scope.falloff_s, "influence": scope.influence,
                   "feet_planted": scope.feet_planted}  # fmt: skip


def _key(
    armature: bpy.types.Object, live: session.LiveEdit, which: str, activation: Activation | None = None, first_frame: int | None = None
) -> None:
    """Colour the muscles by an activation, the original's if none is given, in the original's colour range."""
    props, original = armature.agonist, live.session.original
    action = props.source_action if which == "ORIGINAL" else props.recommended_action
    top = range_top(original, props.colour_range)
    props.colour_top = float(top.max())
    first = live.sample.first_frame if first_frame is None else first_frame
    stamp = stamp_of(armature, action, live.sample.rig)
    key_activation(muscle_objects(armature), activation or original, first, which, action.name, top, stamp)
    key_skins(glowing_skins(armature), activation or original, first, which, action.name, top)


def _made_from(action: bpy.types.Action, stamp: str) -> bool:
    return bool(action.get("agonist_stamp") == stamp)


def _what_holds_back(sample: RigSample) -> str:
    """A warning if joints do not follow any control: a constraint, such as IK to another object, comes after it."""
    bones = [sample.rig.joints[joint] for joint in sample.held]
    if not bones:
        return ""
    if len(bones) > 3:
        return rpt("Constraints hold {bones} and more: bake the action (visual keying) first", bones=", ".join(bones[:3]))
    return rpt("Constraints hold {bones}: bake the action (visual keying) first", bones=", ".join(bones))


def find_bones(armature: bpy.types.Object) -> None:
    """Fill the table of bones anew by the bone maps. Raises SkeletonError; the table is as it was then."""
    armature.agonist.fill_bones(detect_bones(armature))
    session.forget(armature.name)


def load_bones(armature: bpy.types.Object, path: Path) -> RigFit:
    """Fill the table of bones from a bone map's file. Raises FileFormatError, and SkeletonError if it finds no bone at all."""
    rig = fit_user_map(armature, read_bone_map(path))
    if not rig.joints:
        raise SkeletonError(rpt(
            "{path}: armature '{name}' has none of its bones. Expected a map made for such a rig.", path=path.name, name=armature.name
        ))  # fmt: skip
    armature.agonist.fill_bones(rig)
    session.forget(armature.name)
    return rig


def save_bones(armature: bpy.types.Object, path: Path) -> None:
    """Write the table of bones as a bone map. Raises SkeletonError if the table is not complete, InputError."""
    rig = rig_of(armature)
    tables = [{joint: (bone,) for joint, bone in table.items()} for table in (rig.joints, rig.deform, rig.controls)]
    write_bone_map(path, BoneMap(path.stem, *tables, rig.ik))


def show(armature: bpy.types.Object, which: str) -> None:
    """Play "ORIGINAL" or "RECOMMENDED": the armature's action and the muscles' colours change together. Raises MotionError."""
    props = armature.agonist
    action = props.source_action if which == "ORIGINAL" else props.recommended_action
    if action is None:
        raise MotionError(rpt("There is no such motion yet; press Predict and move a slider first."))
    session.play(armature, action)
    show_colours(muscle_objects(armature), which)
    show_skins(glowing_skins(armature), which)


def change_colours(armature: bpy.types.Object) -> None:
    """Colour the muscles anew after the colour map was changed."""
    use_colour_map(muscle_objects(armature), armature.agonist.colour_map)
    for skin in glowing_skins(armature):
        use_skin_colour_map(skin, armature.agonist.colour_map)
    recolour(armature)


def recolour(armature: bpy.types.Object) -> None:
    """Colour the muscles anew after the colour range was changed, from the activation that is keyed on them."""
    props = armature.agonist
    tops = [
        recolour_muscles(muscle_objects(armature), props.colour_range), recolour_skins(glowing_skins(armature), props.colour_range)
    ]  # fmt: skip
    props.colour_top = max((top for top in tops if top is not None), default=props.colour_top)
    # A duplicate may have played the colours of the first until now.
    show_colours(muscle_objects(armature), props.show)
    show_skins(glowing_skins(armature), props.show)
