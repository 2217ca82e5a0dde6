"""Verbs for motion: bring one in, predict its muscles, and make another of the sliders and the drawn curves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from agonist import io
from agonist.edit import EditResult
from agonist.errors import InputError
from agonist.motion import Keypoints

from .. import session
from ..curves import draw_curves, drawn_scales, write_reached
from ..ghost import renew_ghost
from ..preferences import begin_with_preferences
from ..results import as_before_if_stopped, is_kept, is_retouched, keep, keep_beside, name_of_result, name_result, note_as_made
from ..rig.apply import copy_action, settled
from ..rig.bones import rig_of
from ..rig.build import build_armature
from ..rig.controls import RigSample
from ..rig.keys import restore_posed
from ..rig.playing import no_result_any_more
from ..rig.rate import is_rate, scene_rate
from ..rig.restore import apply_afresh
from ..steps import Steps, finished, part
from ..translate import rpt
from .muscles import key_colours, show

__all__ = ["asked_of", "edit_armature", "edited", "import_motion", "open_curves", "predict_armature", "predicted"]


def import_motion(path: Path, unsaid: io.Unsaid = io.Unsaid()) -> bpy.types.Object:
    """A motion file as an armature with an action, with what the file leaves `unsaid`.

    Where the scene keeps a rate that is not the file's, because something is timed in it already, the armature's message says so.
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
            "Keyed at the scene's {scene:.5g} frames a second, because something is timed in it already; the file has {file:.5g}",
            scene=scene_rate(scene), file=clip.fps,
        )  # fmt: skip
    for thing in list(bpy.context.view_layer.objects.selected):
        thing.select_set(False)
    armature.select_set(True)
    return armature


def predict_armature(armature: bpy.types.Object) -> None:
    """`predicted` in one go."""
    finished(predicted(armature))


def predicted(armature: bpy.types.Object) -> Steps[None]:
    """Take the armature's action as the source, predict its muscles, and colour them.

    An action that an edit made is not a source, unless it was changed by hand: the motion it was made from is predicted then.
    Raises MotionError, SkeletonError, ContractError, ModelNotFoundError; nothing has changed if it does.
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
        # One of another motion stays in the file, also a saved one, but the toggle must not show it.
        if recommended is not None and (source != props.source_action or is_retouched(recommended, armature)):
            keep(recommended)
        props.recommended_action = None
        props.fill_sliders(muscles, (live.sample.first_frame, live.sample.first_frame + len(original) - 1))
    props.source_action = source
    no_result_any_more(source)
    if not props.bones:
        props.fill_bones(rig)
    key_colours(armature, live, "ORIGINAL")
    props.shown, props.message = "ORIGINAL", ""
    show(armature, "ORIGINAL")
    renew_ghost(armature)


def edit_armature(armature: bpy.types.Object, *, refine: bool = True) -> EditResult:
    """`edited` in one go."""
    return finished(edited(armature, refine=refine))


def edited(armature: bpy.types.Object, *, refine: bool = True) -> Steps[EditResult]:
    """Regenerate the recommended motion from the sliders and the curves that were drawn; a slider multiplies its curve.

    It is a new action; as long as the source stays as it is, later edits write into that same one, so that moving a slider
    does not fill the file with actions. One that was changed by hand since it was made is kept beside the new one.
    Raises MotionError, InputError, ContractError, ModelNotFoundError.
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
    is_changed_by_hand = former is not None and not is_kept(former, armature) and is_retouched(former, armature)
    is_new = former is None or is_changed_by_hand or is_kept(former, armature) or not _made_from(former, live.stamp)
    with as_before_if_stopped(armature, is_new) if refine and live.sample.is_mechanical else nullcontext():
        if is_new:
            props.recommended_action = copy_action(props.source_action, name_of_result(props.source_action, "recommended"), live.stamp)
        apply_afresh(armature, live.sample, result.motion, props.recommended_action, props.source_action)
        if refine and live.sample.is_mechanical:
            yield from part(settled(armature, live.sample, result.motion, props.recommended_action), 0.5, 1.0)
    if is_changed_by_hand:
        keep_beside(former, props.recommended_action)
    name_result(props.recommended_action, props.source_action, scales, drawn)
    note_as_made(props.recommended_action, armature)
    if props.coloured_from != live.stamp:
        # The source was changed since it was predicted.
        key_colours(armature, live, "ORIGINAL")
    key_colours(armature, live, "RECOMMENDED", result.recommended)
    write_reached(armature, result.recommended, live.sample.first_frame)
    for outcome in result.outcomes:
        slider = props.sliders[outcome.muscle]
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


def _made_from(action: bpy.types.Action, stamp: str) -> bool:
    return bool(action.get("agonist_stamp") == stamp)


def _what_holds_back(sample: RigSample) -> str:
    """A warning if joints do not follow any control: a constraint, such as IK to another object, comes after it."""
    bones = [sample.rig.joints[joint] for joint in sample.held]
    if not bones:
        return ""
    if len(bones) > 3:
        return rpt(
            "Constraints move {bones} and more, so sliders cannot; bake them first: Pose > Animation > Bake Action, with Visual Keying",
            bones=", ".join(bones[:3]),
        )  # fmt: skip
    return rpt(
        "Constraints move {bones}, so sliders cannot; bake them first: Pose > Animation > Bake Action, with Visual Keying",
        bones=", ".join(bones),
    )  # fmt: skip
