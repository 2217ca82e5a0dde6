"""Paths as users type them in Blender."""

from __future__ import annotations

from pathlib import Path

import bpy

from agonist.errors import InputError

from ..translate import rpt

__all__ = ["whole_path"]


def whole_path(path: str) -> Path:
    """A path in which // is the folder of the .blend.

    Raises InputError for // while that is not saved yet: Blender would take the folder that it was started in.
    """
    if path.startswith("//") and not bpy.data.filepath:
        raise InputError(
            rpt("'{path}' lies beside the .blend, which is not saved yet. Save it first, or choose a folder by its whole path.", path=path)
        )
    return Path(bpy.path.abspath(path))
