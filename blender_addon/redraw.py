"""While *Live* is on, a curve that is drawn anew in the Graph Editor makes the motion again as soon as the hand rests.

What counts is whether the curves are others than those that the motion was made from, so that what an edit writes itself asks for
nothing. What is made after a rest is an undo step of its own: the one that Blender makes for moved keys is older. An undo step
that brings other curves asks for nothing either, or nobody could go back past it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import bpy
from bpy.app.handlers import persistent

from agonist.errors import AgonistError

from . import verbs
from .curves import curves_object, drawn_stamp, is_redrawn
from .live import is_quiet, quiet

__all__ = ["make_due", "register", "unregister"]

# How long a hand rests before the motion is made [ours].
_REST_S = 0.3
# First words of the operators that move keys, Blender's and ours. One of another add-on may run for as long as Blender is open.
_MOVING = {"ACTION", "AGONIST", "ANIM", "GRAPH", "NLA", "POSE", "TRANSFORM"}
# Armature -> the drawn curves as they were when we looked last; and when its motion is due.
_seen: dict[str, str] = {}
_due: dict[str, float] = {}


def _drawn() -> Iterator[bpy.types.Object]:
    """Armatures that have curves drawn."""
    for thing in bpy.data.objects:
        if thing.type == "ARMATURE" and thing.library is None and thing.agonist.source_action and curves_object(thing) is not None:
            yield thing


def _may_be_ours(block: bpy.types.ID) -> bool:
    """Whether a curve may have changed: Blender tells of the action, of its owner, or of both."""
    return isinstance(block, bpy.types.Action) or (isinstance(block, bpy.types.Object) and block.type == "EMPTY")


@persistent
def _changed(scene: bpy.types.Scene, graph: bpy.types.Depsgraph) -> None:
    """Something was evaluated: look whether a curve of ours was drawn anew."""
    if is_quiet() or not any(_may_be_ours(update.id) for update in graph.updates):
        return
    for armature in _drawn():
        stamp = drawn_stamp(armature)
        if _seen.get(armature.name) != stamp:
            _seen[armature.name] = stamp
            if armature.agonist.live and is_redrawn(armature):
                _due[armature.name] = time.monotonic() + _REST_S
    if _due and not bpy.app.background and not bpy.app.timers.is_registered(_tick):
        bpy.app.timers.register(_tick, first_interval=_REST_S)


@persistent
def _looked_again(*_: object) -> None:
    """An undo step or a file brought these curves, no hand."""
    _due.clear()
    _seen.clear()
    _seen.update((armature.name, drawn_stamp(armature)) for armature in _drawn())


def _tick() -> float | None:
    """Blender's timer: seconds to wait on, or None when all is made."""
    left = max(_due.values(), default=0.0) - time.monotonic()
    if left > 0:
        return left
    if _is_moving():
        return _REST_S
    make_due()
    return None


def _is_moving() -> bool:
    """Whether keys are being moved just now, beside which none are written."""
    running = [one.bl_idname for window in bpy.context.window_manager.windows for one in getattr(window, "modal_operators", ())]
    # Blender calls an operator "GRAPH_OT_smooth", an add-on "graph.smooth".
    return any(name.replace("_OT_", ".").partition(".")[0].upper() in _MOVING for name in running)


def make_due() -> None:
    """Make the motions that wait, one undo step each."""
    for name in list(_due):
        del _due[name]
        armature = bpy.data.objects.get(name)
        if armature is None or not armature.agonist.live or not is_redrawn(armature):
            continue
        with quiet():
            try:
                verbs.edit_armature(armature, refine=False)
            except AgonistError as error:
                # A timer has no report to give; the panel shows this line.
                armature.agonist.message = str(error)
                continue
        bpy.ops.ed.undo_push(message="Draw Activation")


_HANDLERS = {"depsgraph_update_post": _changed, "undo_post": _looked_again, "redo_post": _looked_again, "load_post": _looked_again}


def register() -> None:
    for name, handler in _HANDLERS.items():
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    _due.clear()
    _seen.clear()
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    for name, handler in _HANDLERS.items():
        getattr(bpy.app.handlers, name).remove(handler)
