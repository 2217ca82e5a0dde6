"""While something moves: the motion is made again after every change of a slider, a lock or a frame, without calling itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from agonist.errors import AgonistError

from . import preview, verbs

__all__ = ["changed", "is_quiet", "quiet"]

_guard = {"quiet": False}
# Modules whose functions Blender calls when a property has changed that an edit depends on.
_UPDATES = (__name__, f"{__package__}.sliders")


def is_quiet() -> bool:
    """Whether properties are being set by us, so that their updates have nothing to do."""
    return _guard["quiet"]


@contextmanager
def quiet() -> Iterator[None]:
    """Properties may be set inside without calling their updates again."""
    before, _guard["quiet"] = _guard["quiet"], True
    try:
        yield
    finally:
        _guard["quiet"] = before


def changed(group: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    """For `update=` of whatever an edit depends on: make the motion again, if that is wished while something moves."""
    armature = group.id_data
    props = armature.agonist
    if is_quiet() or not props.live or not props.sliders:
        return
    with quiet():
        try:
            if not (preview.is_by_hand(*_UPDATES) and preview.show_preview(armature)):
                verbs.edit_armature(armature, refine=False)
        except AgonistError as error:
            # A slider has no report to give; the panel shows this line.
            props.message = str(error)
