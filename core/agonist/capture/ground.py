"""Feet on the floor: a root path under which resting feet rest, then legs that hold them exactly.

All of it is an estimate; what one camera sees of depth is not enough for more.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from agonist import rotations
from agonist.edit_joints import apply_to_motion
from agonist.feet import plant_feet
from agonist.humanoid import body25_from_motion, map_humanoid
from agonist.keypoint_layouts import BODY25
from agonist.motion import Motion
from agonist.signals.runs import runs
from agonist.signals.smooth import raised_cosine

__all__ = ["stand_on_floor"]

Array = NDArray[np.float64]

_SOLES = [[BODY25.index(f"{part}_{side}") for part in ("heel", "big_toe", "small_toe")] for side in "lr"]
_ANKLES = [BODY25.index(f"ankle_{side}") for side in "lr"]
# Time over which a foot is taken hold of and let go.
_RAMP_S = 0.12
# Pull of the path towards what was seen, against resting feet (1 a second); and time over which a correction may bend.
_PULL, _BEND_S = 0.6, 0.25


def stand_on_floor(motion: Motion, resting: NDArray[np.bool_]) -> Motion:
    """The motion with its root path corrected and its resting feet pinned on z = 0.

    Args:
        motion: on the standard humanoid.
        resting: (T, 2) when the left and the right foot rest.
    """
    points = np.asarray(body25_from_motion(motion).positions)
    weight = _ramped(resting.astype(float), motion.fps)
    shift = np.empty((len(points), 3))
    speed = np.stack([np.gradient(points[:, ankle], axis=0) * motion.fps for ankle in _ANKLES], axis=1)
    shift[:, :2] = _still(speed[..., :2], weight, motion.fps)
    height = np.stack([points[:, sole, 2].min(axis=1) for sole in _SOLES], axis=-1)
    shift[:, 2] = _level(height, weight, motion.fps)
    shift[:, 2] += _lift(height.min(axis=1) + shift[:, 2], motion.fps)
    moved = replace(motion, root_position=motion.root_position + shift)
    points = np.asarray(body25_from_motion(moved).positions)
    target = points.copy()
    for side in range(2):
        for first, last in runs(resting[:, side]):
            own = slice(max(0, first - round(_RAMP_S * motion.fps)), last + round(_RAMP_S * motion.fps))
            target[own, _ANKLES[side], :2] = np.median(points[first:last, _ANKLES[side], :2], axis=0)
            # A foot rolls over its toes: frame by frame the ankle is as high as its lowest sole asks for.
            target[own, _ANKLES[side], 2] -= points[own][:, _SOLES[side], 2].min(axis=1)
    turned = rotations.identity(len(points), 2)
    rotvec, root = plant_feet(target, points, turned, weight, motion.fps)
    pinned = apply_to_motion(moved, map_humanoid(moved.skeleton), rotvec, root)
    return replace(pinned, provenance={**motion.provenance, "feet": "pinned where they seemed to rest (estimate)"})


def _ramped(values: Array, fps: float) -> Array:
    """(T, 2) raised-cosine ramps at the edges of rests."""
    return raised_cosine(values, max(1, round(_RAMP_S * fps)))


def _banded(diagonals: list[Array]) -> Array:
    """Upper form of scipy's solveh_banded from the main diagonal outwards."""
    count = len(diagonals[0])
    rows = [np.concatenate([np.zeros(k), diagonal[: count - k]]) for k, diagonal in enumerate(diagonals)]
    return np.stack(rows[::-1])


def _smoothness(count: int, fps: float) -> list[Array]:
    """Diagonals of the penalty on curvature: (_BEND_S^2 d2/dt2)^2 summed over frames."""
    strength = (_BEND_S**2 * fps**2) ** 2
    main, one, two = np.zeros(count), np.zeros(count), np.zeros(count)
    for offset, value in enumerate((1.0, -2.0, 1.0)):
        main[offset : count - 2 + offset] += value * value
    one[0 : count - 2] += -2.0
    one[1 : count - 1] += -2.0
    two[0 : count - 2] += 1.0
    return [strength * main, strength * one, strength * two]


def _still(speed: Array, weight: Array, fps: float) -> Array:
    """(T, 2) horizontal shift that stops resting feet: min sum w |v + c'|^2 + pull^2 |c|^2 + curvature, over time."""
    count = len(speed)
    if count < 4:
        return np.zeros((count, 2))
    # c' between frames t and t + 1 is (c[t+1] - c[t]) fps; v and w are taken in between as well.
    w = (weight[1:] + weight[:-1]) / 2
    goal = np.sum(w[..., None] * (speed[1:] + speed[:-1]) / 2, axis=1)
    total = w.sum(axis=1) * fps**2
    main = np.full(count, _PULL**2)
    main[:-1] += total
    main[1:] += total
    one = np.zeros(count)
    one[: count - 1] -= total
    bend = _smoothness(count, fps)
    # The bend is weighed down: it only keeps free flight and swing smooth.
    ease = 1e-3
    right = np.zeros((count, 2))
    right[:-1] += goal * fps
    right[1:] -= goal * fps
    return np.asarray(solveh_banded(_banded([main + ease * bend[0], one + ease * bend[1], ease * bend[2]]), right))


def _lift(height: Array, fps: float) -> Array:
    """(T,) a smooth rise that leaves no sole under the floor: what is missing, held for a while and rounded off."""
    half = max(1, round(_RAMP_S * fps))
    missing = np.concatenate([np.zeros(2 * half), np.maximum(-height, 0.0), np.zeros(2 * half)])
    held = np.lib.stride_tricks.sliding_window_view(missing, 2 * half + 1).max(axis=-1)
    kernel = np.hanning(2 * half + 3)[1:-1]
    return np.asarray(np.convolve(held, kernel / kernel.sum(), mode="valid"))


def _level(height: Array, weight: Array, fps: float) -> Array:
    """(T,) vertical shift that puts resting soles on z = 0 and is smooth in between."""
    count = len(height)
    if count < 4 or weight.sum() < 1e-6:
        return np.full(count, -float(height.min()))
    bend = _smoothness(count, fps)
    main = weight.sum(axis=1) + 1e-4
    return np.asarray(solveh_banded(_banded([main + bend[0], bend[1], bend[2]]), -np.sum(weight * height, axis=1)))
