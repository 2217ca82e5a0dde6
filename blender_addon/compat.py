"""The one place that knows how actions differ between Blender versions (slots and layers since 4.4, no action.fcurves in 5.0)."""

from __future__ import annotations

import bpy
import numpy as np

__all__ = ["assign_action", "ensure_fcurve", "fcurves_of", "remove_fcurves", "write_keys"]


def assign_action(owner: bpy.types.ID, action: bpy.types.Action) -> None:
    """Make `action` the active action of `owner`, with a slot that fits where there are slots."""
    data = owner.animation_data or owner.animation_data_create()
    data.action = action
    if hasattr(action, "slots"):
        fitting = [slot for slot in action.slots if slot.target_id_type in (owner.id_type, "UNSPECIFIED")]
        data.action_slot = fitting[0] if fitting else action.slots.new(owner.id_type, owner.name)


def _channels(owner: bpy.types.ID, action: bpy.types.Action):
    """The F-curve collection of `owner` in `action`."""
    if hasattr(action, "fcurves"):
        if hasattr(action, "slots") and not action.slots:
            assign_action(owner, action)
        return action.fcurves
    from bpy_extras import anim_utils

    assign_action(owner, action)
    return anim_utils.action_ensure_channelbag_for_slot(action, owner.animation_data.action_slot).fcurves


def fcurves_of(owner: bpy.types.ID, action: bpy.types.Action) -> list[bpy.types.FCurve]:
    """All F-curves of `owner` in `action`."""
    return list(_channels(owner, action))


def ensure_fcurve(owner: bpy.types.ID, action: bpy.types.Action, path: str, index: int = 0, group: str = "") -> bpy.types.FCurve:
    """The F-curve of a property, made if it is not there."""
    curves = _channels(owner, action)
    found = curves.find(path, index=index)
    if found:
        return found
    if hasattr(action, "fcurves"):
        return curves.new(path, index=index, action_group=group) if group else curves.new(path, index=index)
    return curves.new(path, index=index, group_name=group) if group else curves.new(path, index=index)


def remove_fcurves(owner: bpy.types.ID, action: bpy.types.Action, path: str) -> None:
    """Delete every F-curve of a property."""
    curves = _channels(owner, action)
    for curve in [curve for curve in curves if curve.data_path == path]:
        curves.remove(curve)


def write_keys(curve: bpy.types.FCurve, frames: np.ndarray, values: np.ndarray) -> None:
    """Replace all keys of a curve: one linear key a frame, written in one go."""
    points = curve.keyframe_points
    count = len(frames)
    if len(points) != count:
        points.clear()
        points.add(count)
    flat = np.empty(2 * count, dtype=np.float32)
    flat[0::2], flat[1::2] = frames, values
    points.foreach_set("co", flat)
    points.foreach_set("interpolation", np.ones(count, dtype=np.int32))  # LINEAR
    curve.update()
