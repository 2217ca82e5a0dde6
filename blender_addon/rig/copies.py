"""Copies of objects that stand beside a character or in for it, and are none themselves."""

from __future__ import annotations

from typing import TypeVar

import bpy

from .depends import constraints_of

__all__ = ["follow_itself", "own_copy"]


_Block = TypeVar("_Block", bpy.types.Object, bpy.types.Armature)


def own_copy(thing: _Block) -> _Block:
    """A copy that is this file's own: that of a library override would be one too, and the file keep little of what it differs by.

    It is no character of its own: what an armature's sliders were made from stays behind.
    """
    copy = thing.copy()
    copy = copy.make_local(clear_liboverride=True) if copy.override_library is not None else copy
    if isinstance(copy, bpy.types.Object) and copy.type == "ARMATURE":
        copy.agonist.sliders.clear()
        copy.agonist.source_action = copy.agonist.recommended_action = None
    return copy


def follow_itself(copy: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Let what in a copy's drivers and constraints reads the armature read the copy."""
    for curve in copy.animation_data.drivers:
        for target in (target for variable in curve.driver.variables for target in variable.targets):
            if target.id == armature:
                target.id = copy
            elif target.id == armature.data:
                target.id = copy.data
    for one in constraints_of(copy):
        for holder, name in ((one, "target"), (one, "pole_target"), *((row, "target") for row in getattr(one, "targets", ()))):
            if getattr(holder, name, None) == armature:
                setattr(holder, name, copy)
