"""What a live edit keeps between two moves of a slider: plain data keyed by names, no Blender reference survives an undo."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from agonist.edit import EditSession, prepare_edit
from agonist.errors import MotionError
from agonist.model import Model, load_model

from .compat import check_not_tweaked, playing_action, remember_slot, solo_track
from .preferences import model_place
from .results import is_retouched
from .rig.apply import made_from
from .rig.bones import humanoid_of, rig_of
from .rig.controls import RigSample, sampled_rig
from .rig.playing import active_action, is_result, switch_action
from .rig.sample import stamp_of
from .steps import Steps, finished
from .translate import rpt

__all__ = [
    "LiveEdit", "check_plays", "forget", "forget_all", "live_edit", "live_edit_of", "model_of", "play", "prepared", "source_of",
    "source_to_predict",
]  # fmt: skip


@dataclass(frozen=True)
class LiveEdit:
    """A sampled armature, the prepared edit on it, and the stamp of the source action it was sampled from."""

    sample: RigSample
    session: EditSession
    stamp: str


# The armatures edited last; one is rebuilt when its source action, the scene's rate or the model is another.
_cache: dict[str, tuple[str, LiveEdit]] = {}
_KEPT = 4
# The model used last: its networks take longer to open than to run.
_models: dict[str, Model] = {}


def model_of(armature: bpy.types.Object) -> Model:
    """The model that an armature is predicted by, its networks open as long as its files stay the same.

    Raises ModelNotFoundError, ContractError.
    """
    name = model_place(armature.agonist.model)
    model = load_model(name)
    kept = _models.get(name)
    if kept is not None and (kept.folder, kept.contract.raw) == (model.folder, model.contract.raw):
        return kept
    _models.clear()
    _models[name] = model
    return model


def live_edit(armature: bpy.types.Object, *, is_checked: bool = False) -> LiveEdit:
    """The prepared edit of an armature's source action; one that `is_checked` already a moment ago is not compared with it again.

    Raises MotionError, SkeletonError, ContractError, ModelNotFoundError.
    """
    if is_checked and armature.name in _cache:
        return _cache[armature.name][1]
    return live_edit_of(armature, source_of(armature))


def source_of(armature: bpy.types.Object) -> bpy.types.Action:
    """The action that an armature's edits are made from. Raises MotionError."""
    source = armature.agonist.source_action
    if source is None and armature.agonist.sliders:
        raise MotionError(rpt("The motion that was predicted on '{name}' is no longer in the file; press Predict.", name=armature.name))
    if source is None:
        raise MotionError(rpt("Armature '{name}' has not been predicted yet; press Predict first.", name=armature.name))
    return source


def source_to_predict(armature: bpy.types.Object) -> bpy.types.Action:
    """The motion that Predict is about: what plays, or, where that is a result, what it was made from. Raises MotionError.

    A result that was changed by hand is a motion of its own.
    """
    action = active_action(armature)
    known = armature.agonist.source_action
    if known is None or action == known or not is_result(action) or is_retouched(action, armature):
        return action
    return made_from(action, known)


def check_plays(armature: bpy.types.Object) -> None:
    """Raise MotionError where another motion plays than the one that the sliders edit, or none is seen."""
    if armature.data.pose_position == "REST":
        raise MotionError(rpt(
            "Armature '{name}' is in Rest Position, so nothing moves; choose Pose Position in its data properties.", name=armature.name
        ))  # fmt: skip
    action = playing_action(armature)
    props = armature.agonist
    known = (None, props.source_action, props.recommended_action)
    if action not in known and not (is_result(action) and made_from(action, props.source_action) == props.source_action):
        raise MotionError(rpt(
            "'{playing}' plays, and the sliders edit '{source}'. Press Predict to edit what plays, or Original to go back.",
            playing=action.name, source=source_of(armature).name,
        ))  # fmt: skip


def live_edit_of(armature: bpy.types.Object, source: bpy.types.Action) -> LiveEdit:
    """`live_edit` of any action; the armature's own state is left as it is."""
    return finished(prepared(armature, source))


def prepared(armature: bpy.types.Object, source: bpy.types.Action, *, anew: bool = False) -> Steps[LiveEdit]:
    """`live_edit_of` in steps; with `anew` constraints or objects that changed since are seen."""
    _check_playable(armature)
    stamp, model = stamp_of(armature, source, rig_of(armature)), armature.agonist.model
    found = _cache.get(armature.name)
    if found and not anew and found[0] == model and found[1].stamp == stamp:
        return found[1]
    current = playing_action(armature)
    if anew and current == source:
        remember_slot(armature)
    play(armature, source)
    try:
        sample = yield from sampled_rig(armature)
    finally:
        switch_action(armature, current)
    live = LiveEdit(sample, prepare_edit(sample.motion, model=model_of(armature), hmap=humanoid_of(sample.rig)), stamp)
    forget(armature.name)
    _cache[armature.name] = (model, live)
    while len(_cache) > _KEPT:
        _cache.pop(next(iter(_cache)))
    return live


def forget_all() -> None:
    """Drop everything that is kept: another file may hold a rig of the same name and keys under other constraints."""
    _cache.clear()


def forget(armature_name: str) -> None:
    """Drop what is kept about an armature, so that constraints or objects that changed since are seen."""
    _cache.pop(armature_name, None)


def play(armature: bpy.types.Object, action: bpy.types.Action) -> None:
    """Make `action` the one that plays; what only the one before had keyed is as it was without it. Raises MotionError."""
    _check_playable(armature)
    switch_action(armature, action)


def _check_playable(armature: bpy.types.Object) -> None:
    """Raise MotionError where no action that is given to an armature would move it."""
    if armature.data.is_editmode:
        raise MotionError(rpt(
            "Armature '{name}' is in Edit Mode, so nothing moves; switch to Object Mode or Pose Mode first.", name=armature.name
        ))  # fmt: skip
    check_not_tweaked(armature)
    track = solo_track(armature)
    if track is not None:
        raise MotionError(rpt(
            "NLA track '{track}' of '{name}' is solo, so nothing else of it plays; click its star in the NLA Editor first.",
            track=track.name, name=armature.name,
        ))  # fmt: skip
