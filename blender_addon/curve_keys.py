"""Keys of F-curves, read and written in one go: one at a time takes Blender fifty times as long."""

from __future__ import annotations

import hashlib

import bpy
import numpy as np

from .compat import fcurves_of, plays, unmute

__all__ = ["copy_keys", "digest_keys", "key_range", "keys_stamp", "write_keys", "write_keys_within"]

# Numbers of Blender's enumerations: a key's interpolation, and handles that do not depend on other keys.
_LINEAR, _FREE, _ALIGNED = 1, 0, 3
# Interpolations that no handle has a say in: constant and linear.
_STRAIGHT = bytes((0, _LINEAR))
# Of a key, what the curve does not follow; of a modifier, what its panel shows.
_UNHEARD = {"handle_left_type", "handle_right_type", "type", "interpolation"}
_OF_THE_PANEL = {"rna_type", "name", "show_expanded", "active"}
# Everything a key is, besides its three points.
_KEY_ATTRIBUTES = {
    "interpolation": "i4", "easing": "i4", "handle_left_type": "i4", "handle_right_type": "i4", "type": "i4",
    "amplitude": "f4", "back": "f4", "period": "f4",
}  # fmt: skip


def write_keys(curve: bpy.types.FCurve, frames: np.ndarray, values: np.ndarray) -> None:
    """Replace all keys of a curve: one linear key a frame, written in one go.

    Modifiers other than Cycles go, and a muted curve plays again: what is written was evaluated with or without them.
    """
    for modifier in [modifier for modifier in curve.modifiers if modifier.type != "CYCLES"]:
        curve.modifiers.remove(modifier)
    unmute(curve)
    points = curve.keyframe_points
    count = len(frames)
    if len(points) != count:
        points.clear()
        points.add(count)
    flat = np.empty(2 * count, dtype=np.float32)
    flat[0::2], flat[1::2] = frames, values
    points.foreach_set("co", flat)
    # Bytes are what Blender keeps; any other type is converted key by key.
    points.foreach_set("interpolation", np.full(count, _LINEAR, dtype=np.uint8))
    curve.update()


def write_keys_within(
    curve: bpy.types.FCurve, frames: np.ndarray, values: np.ndarray, clip: tuple[float, float], still: float | None = None
) -> None:
    """`write_keys` for some frames of a `clip` (its first and last): before and after them the curve plays what it played.

    Keys outside stay as they are, with the handles that they have. Up to the nearest of them every frame is keyed, and so is all of
    the clip where there is none or a modifier decides. `still` is what the property is outside where the curve does not say it.
    """
    points, first, last = curve.keyframe_points, float(frames[0]), float(frames[-1])
    begin, end = curve.range() if len(points) else clip
    # The frames were rounded from those of the keys.
    if min(begin, clip[0]) >= first - 0.5 and max(end, clip[1]) <= last + 0.5:
        write_keys(curve, frames, values)
        return
    at = _of_keys(curve, "co", "f4")[:, 0]
    outside = (at < first - 0.5) | (at > last + 0.5)
    if still is not None or any(modifier.type != "CYCLES" for modifier in curve.modifiers):
        outside[:] = False
    before, after = at[outside & (at < first)], at[outside & (at > last)]
    begin = np.floor(before[-1]) + 1 if len(before) else np.rint(min(clip[0], first))
    end = np.ceil(after[0]) if len(after) else np.rint(max(clip[1], last)) + 1
    ahead, behind = np.arange(begin, first), np.arange(last + 1, end)
    baked = [[curve.evaluate(frame) if still is None else still for frame in side] for side in (ahead, behind)]
    kinds = {**_KEY_ATTRIBUTES, "co": "f4", "handle_left": "f4", "handle_right": "f4"}
    kept = {name: _of_keys(curve, name, kind)[outside] for name, kind in kinds.items()}
    for name in ("handle_left_type", "handle_right_type"):
        # What follows its neighbours would change with them.
        kept[name][kept[name] != _ALIGNED] = _FREE
    write_keys(curve, np.concatenate([ahead, frames, behind]), np.concatenate([baked[0], values, baked[1]]))
    if len(before):
        # From the last key before to the first that is new there is nothing but a straight line.
        kept["interpolation"][len(before) - 1] = _LINEAR
    made = {name: _of_keys(curve, name, kind) for name, kind in kinds.items()}
    points.add(len(before) + len(after))
    for name, kind in kinds.items():
        parts = [kept[name][: len(before)], made[name], kept[name][len(before) :]]
        points.foreach_set(name, np.concatenate(parts).astype(kind).ravel())
    curve.update()


def _of_keys(curve: bpy.types.FCurve, name: str, kind: str) -> np.ndarray:
    """(K,) or, of a point, (K, 2): an attribute of all keys of a curve."""
    points = curve.keyframe_points
    width = 1 if name in _KEY_ATTRIBUTES else 2
    values = np.empty(len(points) * width, dtype=kind)
    points.foreach_get(name, values)
    return values if width == 1 else values.reshape(-1, 2)


def _eased(curve: bpy.types.FCurve) -> bytes:
    """What decides a curve between its keys, besides where they are and how they are interpolated."""
    names = {**_KEY_ATTRIBUTES, "handle_left": "f4", "handle_right": "f4"}
    # Which way a handle was made does not matter where it is known.
    return b"".join(_of_keys(curve, name, names[name]).tobytes() for name in names if name not in _UNHEARD)


def _modifier_says(modifier: bpy.types.bpy_struct) -> tuple[object, ...]:
    """All that a modifier of a curve is set to, but how its panel looks."""
    values = [getattr(modifier, one.identifier) for one in modifier.bl_rna.properties if one.identifier not in _OF_THE_PANEL]
    return tuple(
        tuple(_modifier_says(one) if isinstance(one, bpy.types.bpy_struct) else one for one in value)
        if hasattr(value, "__len__") and not isinstance(value, str) else value
        for value in values
    )  # fmt: skip


def keys_stamp(owner: bpy.types.ID, action: bpy.types.Action) -> str:
    """Fingerprint of what an action plays on `owner`: another one after a key was set, moved or taken away, or a curve was modified."""
    digest = hashlib.blake2b(digest_size=12)
    digest_keys(digest, owner, action)
    return digest.hexdigest()


def digest_keys(digest: hashlib.blake2b, owner: bpy.types.ID, action: bpy.types.Action) -> None:
    """Add to a fingerprint what an action plays on `owner`."""
    for curve in fcurves_of(owner, action):
        digest.update(f"{curve.data_path}{curve.array_index}{not plays(curve)}{curve.extrapolation}".encode())
        if curve.modifiers:
            digest.update(repr([_modifier_says(modifier) for modifier in curve.modifiers]).encode())
        kinds = _of_keys(curve, "interpolation", "u1").tobytes()
        digest.update(_of_keys(curve, "co", "f4").tobytes() + kinds)
        # Between keys on a straight line, or a step, nothing else has a say; reading it takes as long as the rest.
        if kinds.translate(None, _STRAIGHT):
            digest.update(_eased(curve))


def copy_keys(source: bpy.types.FCurve, target: bpy.types.FCurve) -> None:
    """Give a curve the keys of another, handles and kinds included; its modifiers stay."""
    count = len(source.keyframe_points)
    target.keyframe_points.clear()
    target.keyframe_points.add(count)
    points = np.empty(2 * count, dtype=np.float32)
    for name, kind in _KEY_ATTRIBUTES.items():
        values = np.empty(count, dtype=kind)
        source.keyframe_points.foreach_get(name, values)
        target.keyframe_points.foreach_set(name, values)
    for name in ("co", "handle_left", "handle_right"):
        source.keyframe_points.foreach_get(name, points)
        target.keyframe_points.foreach_set(name, points)
    target.extrapolation, target.auto_smoothing = source.extrapolation, source.auto_smoothing


def key_range(owner: bpy.types.ID, action: bpy.types.Action) -> tuple[float, float]:
    """First and last frame that `owner` has a key at in `action`, whatever the Manual Frame Range; infinite without keys."""
    ranges = [curve.range() for curve in fcurves_of(owner, action) if len(curve.keyframe_points)]
    return min((first for first, _ in ranges), default=np.inf), max((last for _, last in ranges), default=-np.inf)
