"""Restore: what an edit no longer touches goes back to the source's own keys, to the bit."""

from __future__ import annotations

from collections.abc import Collection

import bpy

from agonist.motion import Motion

from ..compat import fcurves_of, plays
from ..curve_keys import copy_keys
from .apply import apply_motion
from .controls import RigSample

__all__ = ["apply_afresh"]

_KINDS = {"rotation": "agonist_turned", "location": "agonist_moved"}


def apply_afresh(
    armature: bpy.types.Object, sample: RigSample, motion: Motion, action: bpy.types.Action, source: bpy.types.Action
) -> None:
    """`apply_motion`, as if `action`, a copy of `source`, had never been edited before."""
    former = _touched(action)
    _touch(action, set())
    apply_motion(armature, sample, motion, action)
    gone = former - _touched(action)
    if gone:
        stuck = _restored(armature, source, action, gone)
        if stuck:
            _touch(action, stuck)
            apply_motion(armature, sample, motion, action)


def _touched(action: bpy.types.Action) -> set[tuple[str, str]]:
    """(bone, kind) of every channel that an edit has written into `action`."""
    return {(bone, kind) for kind, key in _KINDS.items() for bone in action.get(key, [])}


def _touch(action: bpy.types.Action, channels: Collection[tuple[str, str]]) -> None:
    for kind, key in _KINDS.items():
        action[key] = sorted(bone for bone, other in channels if other == kind)


def _restored(
    armature: bpy.types.Object, source: bpy.types.Action, action: bpy.types.Action, channels: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Give channels the source's keys again. Returns those that cannot have them: the source has none, or plays other than its keys."""
    originals = {(curve.data_path, curve.array_index): curve for curve in fcurves_of(armature, source)}
    stuck = set()
    for bone, kind in channels:
        stem = f'pose.bones["{bpy.utils.escape_identifier(bone)}"].{kind}'
        pairs = [
            (originals.get((curve.data_path, curve.array_index)), curve)
            for curve in fcurves_of(armature, action)
            if curve.data_path.startswith(stem)
        ]
        if all(original and plays(original) and all(one.type == "CYCLES" for one in original.modifiers) for original, _ in pairs):
            for original, curve in pairs:
                copy_keys(original, curve)
        else:
            stuck.add((bone, kind))
    return stuck
