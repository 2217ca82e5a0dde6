"""What hangs on an armature, as of the scene's last update: for what is drawn, many times a second.

Finding it walks through all objects, which takes milliseconds where a scene has thousands. Nothing is drawn between a change and
the update that follows it; verbs and operators, which may be, look for themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import bpy
from bpy.app.handlers import persistent

from .ghost import ghost_of
from .muscles.heatmap import muscle_objects
from .muscles.skin import glowing_skins

__all__ = ["ghost_seen", "muscles_seen", "register", "skins_seen", "unregister"]

T = TypeVar("T")
# By what looks, armature and scene. References do not outlive an undo step or a file.
_found: dict[tuple[str, int, int], object] = {}


def muscles_seen(armature: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """`muscle_objects` of the last update."""
    return _once(muscle_objects, armature)


def skins_seen(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """`glowing_skins` of the last update."""
    return _once(glowing_skins, armature)


def ghost_seen(armature: bpy.types.Object) -> bpy.types.Object | None:
    """`ghost_of` of the last update."""
    return _once(ghost_of, armature)


def _once(look: Callable[[bpy.types.Object], T], armature: bpy.types.Object) -> T:
    key = (look.__name__, armature.as_pointer(), bpy.context.scene.as_pointer())
    if key not in _found:
        _found[key] = look(armature)
    return _found[key]  # type: ignore[return-value]


@persistent
def _forget(*_: object) -> None:
    _found.clear()


_HANDLERS = ("depsgraph_update_post", "undo_pre", "redo_pre", "load_pre")


def register() -> None:
    for name in _HANDLERS:
        getattr(bpy.app.handlers, name).append(_forget)


def unregister() -> None:
    _found.clear()
    for name in _HANDLERS:
        getattr(bpy.app.handlers, name).remove(_forget)
