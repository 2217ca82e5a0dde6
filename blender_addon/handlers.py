"""What Blender tells us of: before anything else looks at the scene, what a slider has begun is finished."""

from __future__ import annotations

import bpy
from bpy.app.handlers import persistent

from .compat import drop_old_copies, keep_override
from .ghost import remove_left_ghosts
from .preview import finish_all, finish_found, stop
from .session import forget_all
from .written import forget_written

__all__ = ["register", "unregister"]


@persistent
def _before(*_: object) -> None:
    """Another frame, or a render."""
    finish_all()


@persistent
def _before_saving(*_: object) -> None:
    finish_all()
    for thing in _overrides():
        if thing.agonist.sliders:
            thing.agonist.note_scales()
        keep_override(thing)


@persistent
def _after(*_: object) -> None:
    """An undo step in which a preview was shown."""
    finish_found()


@persistent
def _updated(scene: bpy.types.Scene, graph: bpy.types.Depsgraph) -> None:
    """An object was deleted, perhaps: that is a change of a collection."""
    if graph.id_type_updated("COLLECTION"):
        remove_left_ghosts()


@persistent
def _another_file(*_: object) -> None:
    drop_old_copies()
    forget_written()
    forget_all()
    for thing in _overrides():
        thing.agonist.restore_scales()
    finish_found()
    remove_left_ghosts()


def _overrides() -> list[bpy.types.Object]:
    return [thing for thing in bpy.data.objects if thing.override_library is not None]


_HANDLERS = {"frame_change_pre": _before, "render_init": _before, "save_pre": _before_saving,
             "undo_post": _after, "redo_post": _after, "load_post": _another_file,
             "depsgraph_update_post": _updated}  # fmt: skip


def register() -> None:
    for name, handler in _HANDLERS.items():
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    try:
        stop()
    finally:
        for name, handler in _HANDLERS.items():
            getattr(bpy.app.handlers, name).remove(handler)
