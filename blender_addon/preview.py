"""While a slider is dragged: the frame on screen at once, the whole clip as soon as the hand rests.

A preview poses the bones and colours the muscles of the current frame without writing a key, so the actions always hold a whole
result, and it is the frame that the whole edit gives. That an armature shows a preview is a property of its own, and so is what the
preview posed though nothing keys it: the undo step that Blender makes when the mouse is let go knows both. Everything that looks
further than at this one frame calls `finish_all` first.
"""

from __future__ import annotations

import sys
import time
from functools import lru_cache

import bpy

from agonist.errors import AgonistError

from . import session, verbs
from .muscles.heatmap import muscle_objects, range_top, show_activation
from .muscles.skin import show_skin_activation
from .rig.apply import keep_unkeyed, pose_frame
from .rig.controls import RigSample
from .rig.keyed import plays_alone
from .seen import muscles_seen, skins_seen

__all__ = ["finish", "finish_all", "finish_found", "is_by_hand", "show_preview", "stop"]

# How long a hand rests before the whole clip is made [ours].
_REST_S = 0.2
# Empty where no armature shows a preview; else when the whole is due.
_waiting: dict[str, float] = {}


def is_by_hand(*modules: str) -> bool:
    """Whether Blender itself called an update function of these modules, for a mouse or a key: no script stands above it.

    A script reads a finished result right after it has set a slider, and an operator ends with one.
    """
    if bpy.app.background:
        return False
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    return frame.f_globals.get("__name__") in modules


def show_preview(armature: bpy.types.Object) -> bool:
    """Show the current frame of the edit that the panel asks for; the whole follows.

    Returns False, and nothing has changed, where only the whole will do: while the animation plays, off the clip and between its
    frames. Raises what `verbs.edit_armature` raises.
    """
    props = armature.agonist
    if not _plays_plainly(armature):
        return False
    session.check_plays(armature)
    live = session.live_edit(armature, is_checked=props.is_preview)
    scene = bpy.context.scene
    row = scene.frame_current - live.sample.first_frame
    if scene.frame_subframe or not 0 <= row < len(live.sample.motion):
        return False
    sample = _row(live.sample, row)
    scales, settings = verbs.asked_of(armature, live)
    shown = live.session.preview(scales, row, **settings)
    if not props.is_preview:
        keep_unkeyed(armature, sample)
    pose_frame(armature, sample, shown.motion)
    original = live.session.original
    top = range_top(original, props.colour_range)
    show_activation(muscles_seen(armature), shown.activation, original.muscles, top)
    show_skin_activation(skins_seen(armature), shown.activation, original.muscles, top)
    props.is_preview = True
    _waiting["until"] = time.monotonic() + _REST_S
    if not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=_REST_S)
    return True


def finish_all() -> None:
    """Make the whole of every edit that shows a preview; next to nothing where none does."""
    if _waiting:
        finish_found()


def finish_found() -> None:
    """`finish_all` of what an undo step or a file brought."""
    _waiting.clear()
    for armature in [thing for thing in bpy.data.objects if thing.type == "ARMATURE" and thing.library is None]:
        finish(armature)


def finish(armature: bpy.types.Object) -> None:
    """Make the whole edit of an armature that shows a preview; where that fails, the panel says why and the actions play again."""
    props = armature.agonist
    if not props.is_preview:
        return
    props.is_preview = False
    try:
        verbs.edit_armature(armature, refine=False)
    except AgonistError as error:
        props.message = str(error)
        for thing in (armature, *muscle_objects(armature).values()):
            thing.update_tag(refresh={"TIME"})


def stop() -> None:
    """Finish, and let no timer come any more: the extension goes."""
    finish_all()
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)


def _tick() -> float | None:
    """Blender's timer: seconds to wait on, or None when the whole is made."""
    left = _waiting.get("until", 0.0) - time.monotonic()
    if left > 0:
        return left
    finish_all()
    return None


def _plays_plainly(armature: bpy.types.Object) -> bool:
    """Whether the active action alone decides the pose, and time stands still."""
    if not plays_alone(armature):
        return False
    return not any(window.screen.is_animation_playing for window in bpy.context.window_manager.windows)


@lru_cache(maxsize=2)
def _row(sample: RigSample, row: int) -> RigSample:
    """One frame of a sample; a slider asks for the same one again and again."""
    return sample.row(row)
