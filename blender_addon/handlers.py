"""What happens before a file is saved."""

from __future__ import annotations

import bpy
from bpy.app.handlers import persistent

from .compat import keep_override

__all__ = ["register", "unregister"]


@persistent
def _before_saving(*_: object) -> None:
    for thing in bpy.data.objects:
        if thing.override_library is not None:
            keep_override(thing)


def register() -> None:
    bpy.app.handlers.save_pre.append(_before_saving)


def unregister() -> None:
    bpy.app.handlers.save_pre.remove(_before_saving)
