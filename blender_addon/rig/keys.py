"""Keys: rotations and locations of pose bones, in whatever way the bone is animated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import bpy
import numpy as np

from agonist import rotations

from ..compat import ensure_fcurve, fcurves_of, has_fcurves, playing_action, plays, strips_playing
from ..curve_keys import key_range, write_keys_within

__all__ = [
    "ROTATIONS", "animated_beside", "bone_path", "channels_of", "curve_values", "keep_posed", "key_location", "key_rotation",
    "keyed_channels", "note_unkeyed", "restore_posed", "restore_unkeyed", "rotation_name", "rotation_quaternions", "rotation_values",
]  # fmt: skip

# The properties that a rotation may be in.
ROTATIONS = ("rotation_quaternion", "rotation_axis_angle", "rotation_euler")

# Channels of an action that its source has not, and on the armature while such an action plays: what they are without it. The
# armature's outlives the action, and whoever assigns another one by hand.
_UNKEYED = "agonist_unkeyed"
# On an armature: channels that a preview poses though nothing keys them, and what they were without it.
_POSED = "agonist_posed"
_LENGTHS = {"location": 3, "rotation_quaternion": 4, "rotation_axis_angle": 4, "rotation_euler": 3}


def key_location(
    armature: bpy.types.Object, action: bpy.types.Action, pose: bpy.types.PoseBone, frames: np.ndarray, values: np.ndarray
) -> None:
    """Key a bone's location channels (T, 3), one linear key a frame."""
    _key(armature, action, pose, "location", frames, values)


def key_rotation(
    armature: bpy.types.Object, action: bpy.types.Action, pose: bpy.types.PoseBone, frames: np.ndarray, basis: np.ndarray
) -> None:
    """Key a bone's rotation channels in its own mode; `basis` is (T, 4), quaternions."""
    _key(armature, action, pose, rotation_name(pose), frames, rotation_values(pose.rotation_mode, basis))


def curve_values(curve: bpy.types.FCurve, frames: np.ndarray) -> np.ndarray:
    """(T,) values of a curve at frames that need not be whole: what is keyed there, and between keys what Blender makes of them."""
    points = curve.keyframe_points
    keys = np.empty(2 * len(points), dtype=np.float32)
    points.foreach_get("co", keys)
    at, keyed = keys[0::2], keys[1::2]
    values, is_keyed = np.empty(len(frames)), np.zeros(len(frames), dtype=bool)
    # Keys nearer to each other than Blender tells apart are left to it, and so is whatever a modifier does.
    if len(points) and not curve.modifiers and (np.diff(at) > 1e-3).all():
        place = np.minimum(np.searchsorted(at, frames), len(points) - 1)
        is_keyed = at[place] == frames
        values[is_keyed] = keyed[place[is_keyed]]
    for row in np.flatnonzero(~is_keyed):
        values[row] = curve.evaluate(frames[row])
    return values


def rotation_name(pose: bpy.types.PoseBone | bpy.types.Object) -> str:
    """The property that a bone's or an object's rotation is in."""
    return {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}.get(pose.rotation_mode, "rotation_euler")


def rotation_values(mode: str, basis: np.ndarray, *, is_path: bool = True) -> np.ndarray:
    """(T, 3 or 4) channels of rotations (T, 4), quaternions, in a bone's rotation mode; on a path each row goes on from the one before."""
    if mode == "QUATERNION":
        return rotations.unroll(basis) if is_path else basis
    if mode == "AXIS_ANGLE":
        vector = rotations.to_rotvec(basis)
        angle = np.linalg.norm(vector, axis=-1, keepdims=True)
        axis = np.where(angle > 1e-9, vector / np.maximum(angle, 1e-9), [0, 1, 0])
        return np.concatenate([angle, axis], axis=1)
    # Blender's "XYZ" turns about X first: the matrix is Rz Ry Rx, the order of from_euler read backwards.
    order = mode[::-1].lower()
    euler = rotations.to_euler(basis, order)
    euler = _continuous(euler) if is_path else euler
    return np.stack([euler[:, order.index(axis)] for axis in "xyz"], axis=1)


def rotation_quaternions(mode: str, values: np.ndarray) -> np.ndarray:
    """(T, 4) rotations of channels (T, 3 or 4) in a bone's rotation mode; `rotation_values` backwards."""
    if mode == "QUATERNION":
        return rotations.normalize(values)
    if mode == "AXIS_ANGLE":
        axis = values[:, 1:] / np.maximum(np.linalg.norm(values[:, 1:], axis=-1, keepdims=True), 1e-12)
        return rotations.from_rotvec(values[:, :1] * axis)
    order = mode[::-1].lower()
    return rotations.from_euler(values[:, ["xyz".index(axis) for axis in order]], order)


def bone_path(pose: bpy.types.PoseBone, name: str) -> str:
    """Data path of a bone's property."""
    return f'pose.bones["{bpy.utils.escape_identifier(pose.name)}"].{name}'


def channels_of(pose: bpy.types.PoseBone, name: str) -> set[tuple[str, int]]:
    """Data path and index of the channels of a bone's property."""
    return {(bone_path(pose, name), index) for index in range(_LENGTHS[name])}


def keyed_channels(armature: bpy.types.Object) -> set[tuple[str, int]]:
    """Data path and index of the channels that the active action decides."""
    curves = fcurves_of(armature, armature.animation_data.action)
    return {(one.data_path, one.array_index) for one in curves if plays(one)}


def animated_beside(armature: bpy.types.Object) -> set[tuple[str, int]]:
    """Data path and index of the channels that strips and drivers decide, whatever action is active."""
    data = armature.animation_data
    if data is None:
        return set()
    curves = [*data.drivers, *(curve for _, strip in strips_playing(armature) for curve in fcurves_of(armature, strip.action))]
    return {(curve.data_path, curve.array_index) for curve in curves}


def _key(
    armature: bpy.types.Object, action: bpy.types.Action, pose: bpy.types.PoseBone, name: str, frames: np.ndarray, values: np.ndarray
) -> None:
    path = bone_path(pose, name)
    still: Sequence[float | None] = [None] * values.shape[1]
    if "agonist_source" in action and not has_fcurves(armature, action, path, _LENGTHS[name]):
        still = _noted(armature).get(pose.name, {}).get(name, list(getattr(pose, name)))
        for owner in (action, armature):
            kept = _noted(owner)
            kept.setdefault(pose.name, {})[name] = still
            owner[_UNKEYED] = kept
    # A Manual Frame Range leaves keys outside the clip.
    clip = key_range(armature, action) if action.use_frame_range else (float(frames[0]), float(frames[-1]))
    for index in range(values.shape[1]):
        curve = ensure_fcurve(armature, action, path, index, pose.name)
        is_said = len(curve.keyframe_points) and plays(curve)
        write_keys_within(curve, frames, values[:, index], clip, None if is_said else still[index])


def restore_unkeyed(armature: bpy.types.Object) -> None:
    """Before another action plays: channels that only the edited one keys get back the values that they had without it."""
    action = playing_action(armature)
    _restore(armature, _noted(action) if action is not None else None)
    _restore(armature, _noted(armature))
    armature.pop(_UNKEYED, None)


def note_unkeyed(armature: bpy.types.Object) -> None:
    """After another action was assigned: note what the channels are that its source has not."""
    action = playing_action(armature)
    bones = armature.pose.bones
    kept = {
        bone: {name: list(getattr(bones[bone], name)) for name in channels}
        for bone, channels in (_noted(action).items() if action is not None else ()) if bone in bones
    }  # fmt: skip
    if kept:
        armature[_UNKEYED] = kept


def _noted(owner: bpy.types.ID) -> dict[str, dict[str, Sequence[float]]]:
    kept = owner.get(_UNKEYED)
    return kept.to_dict() if kept is not None else {}


def keep_posed(armature: bpy.types.Object, pose: bpy.types.PoseBone, name: str) -> None:
    """Before a preview poses a bone's property that nothing keys: note what it is, unless that is noted already."""
    kept = armature.get(_POSED)
    kept = kept.to_dict() if kept is not None else {}
    kept.setdefault(pose.name, {}).setdefault(name, list(getattr(pose, name)))
    armature[_POSED] = kept


def restore_posed(armature: bpy.types.Object) -> None:
    """After a preview: what nothing keys gets back the values that it had without it."""
    if _POSED in armature:
        _restore(armature, armature[_POSED])
        del armature[_POSED]


def _restore(armature: bpy.types.Object, kept: Mapping[str, Mapping[str, Sequence[float]]] | None) -> None:
    for bone, channels in (kept or {}).items():
        if bone in armature.pose.bones:
            for name, values in channels.items():
                setattr(armature.pose.bones[bone], name, list(values))


def _continuous(euler: np.ndarray) -> np.ndarray:
    """(T, 3) Tait-Bryan angles without jumps: of the two ways to write each rotation, the one nearer to the frame before."""
    other = np.stack([euler[:, 0] + np.pi, np.pi - euler[:, 1], euler[:, 2] + np.pi], axis=1)

    def gap(after: np.ndarray, before: np.ndarray) -> np.ndarray:
        return np.abs((after - before + np.pi) % (2 * np.pi) - np.pi).sum(axis=1)

    # Both ways turn by as much, so only where the two swap counts.
    swaps = gap(other[1:], euler[:-1]) < gap(euler[1:], euler[:-1])
    swapped = np.concatenate([[False], np.cumsum(swaps) % 2 == 1])
    return np.unwrap(np.where(swapped[:, None], other, euler), axis=0)
