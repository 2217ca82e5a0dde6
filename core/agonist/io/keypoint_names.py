"""Keypoints by the names that other tools give them: ours, those of Sports2D and Pose2Sim (RHip, LBigToe), MediaPipe's (left_hip).

A keypoint lies in the joint, a marker on the skin (see `agonist.io.markers`), so these names are tried first. The names were
checked against the skeletons of Pose2Sim and Sports2D (HALPE_26, COCO_17, COCO_133, BODY_25, BODY_25B, BLAZEPOSE and older
spellings) and the landmarks of MediaPipe's Pose.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agonist.errors import MotionError
from agonist.humanoid import body25_from_keypoints
from agonist.keypoint_layouts import BODY25, LAYOUTS, KeypointLayout, derived_layout
from agonist.motion import Keypoints

__all__ = ["is_flat", "known_keypoints", "our_name", "stands_along"]

_PARTS = {
    part.replace("_", ""): part
    for part in (
        "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "big_toe", "small_toe", "heel", "foot_index", "eye", "ear",
        "eye_inner", "eye_outer", "thumb", "index", "pinky", "mouth",
    )
} | {"hipj": "hip"}  # fmt: skip
_MIDDLES = {"nose": "nose", "neck": "neck", "head": "head", "hip": "mid_hip", "chip": "mid_hip", "midhip": "mid_hip"}
_SIDES = {"left": "l", "right": "r"}
_NEEDED = [f"{part}_{side}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in "lr"]
_OURS = {name for layout in LAYOUTS.values() for name in layout.names}
# How far from zero the lowest point of a body may be that stands on the floor, and how much farther than that of one that lies [ours].
_FLOOR_M, _ANKLE_M = 0.3, 0.1


def our_name(name: str) -> str | None:
    """What we call a keypoint of another tool, such as RBigToe or left_foot_index; None for what is no keypoint."""
    # A C3D label may begin with a person's name, a FreeMoCap column with the part of the body.
    plain = name.split(":")[-1].strip()
    if plain in _OURS:
        return plain
    lower = plain.lower().removeprefix("body_")
    if lower.replace("_", "") in _MIDDLES:
        return _MIDDLES[lower.replace("_", "")]
    for word, side in _SIDES.items():
        for part in (lower.removeprefix(f"{word}_"), lower.removesuffix(f"_{word}")):
            if part != lower and part.replace("_", "") in _PARTS:
                return f"{_PARTS[part.replace('_', '')]}_{side}"
    if lower[:1] in ("l", "r") and lower[1:] in _PARTS:
        return f"{_PARTS[lower[1:]]}_{lower[0]}"
    return None


def known_keypoints(points: Keypoints) -> Keypoints | None:
    """Points in a layout of ours if they are all of its names, else BODY_25 if both arms and legs are named; else None."""
    for layout in LAYOUTS.values():
        if set(layout.names) == set(points.layout.names):
            order = [points.layout.index(name) for name in layout.names]
            return _with(points, order, layout)
    columns: dict[str, int] = {}
    for index, name in enumerate(points.layout.names):
        ours = our_name(name)
        if ours is not None:
            columns.setdefault(ours, index)
    layout = derived_layout("named keypoints", tuple(columns))
    if any(name not in layout.body25 for name in _NEEDED):
        return None
    return body25_from_keypoints(_with(points, list(columns.values()), layout))


def _with(points: Keypoints, order: list[int], layout: KeypointLayout) -> Keypoints:
    assert points.confidence is not None
    return Keypoints(points.positions[:, order], layout, points.fps, points.confidence[:, order], points.start, points.provenance)


def is_flat(points: Keypoints) -> bool:
    """Whether every point lies in one plane along the axes: pixels, or metres out of a picture, without depth."""
    seen = points.positions[np.isfinite(points.positions).all(axis=-1)]
    return bool((np.ptp(seen, axis=0) < 1e-9).any()) and len(seen) > 1


def stands_along(points: Keypoints, up: Sequence[float]) -> bool:
    """Whether a body, read with a guessed up axis, plainly stands along the axis `up` (a unit vector) instead of Z.

    Trunk and legs point there, and there the lowest points lie on the floor, about as near to zero as in Z: who lies along `up`,
    as for a push-up, has the floor in Z. False for a set of points that is not known as a body.
    """
    try:
        body = body25_from_keypoints(points)
    except MotionError:
        return False
    shoulders, hips, ankles = (
        body.positions[:, [BODY25.index(f"{part}_{side}") for side in "lr"]].mean(axis=1) for part in ("shoulder", "hip", "ankle")
    )
    seen = np.isfinite(shoulders + hips + ankles).all(axis=-1)
    if not seen.any():
        return False
    trunk, legs = np.median((shoulders - hips)[seen], axis=0), np.median((hips - ankles)[seen], axis=0)
    if min(trunk @ up, legs @ up) <= 0 or np.argmax(np.abs(trunk) + np.abs(legs)) != np.argmax(np.abs(up)):
        return False
    heights = body.positions[seen] @ np.array([up, (0.0, 0.0, 1.0)]).T
    lowest, lowest_z = np.abs(np.median(np.nanmin(heights, axis=1), axis=0))
    return bool(lowest <= min(lowest_z + _ANKLE_M, _FLOOR_M))
