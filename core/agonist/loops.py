"""Clips for game engines: travel apart from the pose, motion in place, and clips that loop.

A character travels along the ground path of its trunk and legs, smoothed over one second, which is about one gait cycle
(Winter 2009): what is left holds the sway within a step. Standing exercises hardly travel, since hips and knees move
against each other.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.errors import SkeletonError
from agonist.humanoid import map_humanoid
from agonist.motion import Motion

__all__ = ["close_rotations", "close_values", "in_place", "loop_weights", "looped", "travel_path"]

Array = NDArray[np.float64]

_CYCLE_S = 1.0
# How long before its end a clip begins to turn into its first pose [ours].
LOOP_BLEND_S = 0.5
_TRAVELLING = ("pelvis", "shoulder_l", "shoulder_r", "hip_l", "hip_r", "knee_l", "knee_r", "ankle_l", "ankle_r")


def travel_path(positions: Array, fps: float) -> Array:
    """(T, 3) metres that the mean of points (T, K, 3) travels along the ground from the first frame; height is zero.

    The mean over one second; before the first and after the last frame the path goes on as its mirror image does, so that
    it neither stops nor turns there.
    """
    ground = positions[..., :2].mean(axis=1)
    half = min(round(_CYCLE_S * fps / 2), len(ground) - 1)
    path = np.zeros((len(ground), 3))
    if half > 0:
        before = 2 * ground[:1] - ground[half:0:-1]
        after = 2 * ground[-1:] - ground[-2 : -half - 2 : -1]
        longer = np.concatenate([before, ground, after])
        kernel = np.ones(2 * half + 1) / (2 * half + 1)
        path[:, :2] = np.stack([np.convolve(column, kernel, mode="valid") for column in longer.T], axis=-1)
    return path - path[:1]


def in_place(motion: Motion) -> Motion:
    """The motion without its travel: the body stays over the place of its first frame."""
    return replace(motion, root_position=motion.root_position - _travel(motion))


def looped(motion: Motion) -> Motion:
    """The motion with a last pose that is its first one, its travel apart; the end of the clip blends into it."""
    weights = loop_weights(len(motion), motion.fps)
    travel = _travel(motion)
    local = motion.local_positions
    return replace(
        motion,
        rotations_parent_from_joint=close_rotations(motion.rotations_parent_from_joint, weights),
        root_position=close_values(motion.root_position - travel, weights) + travel,
        local_positions=None if local is None else close_values(local, weights),
    )


def _travel(motion: Motion) -> Array:
    try:
        hmap = map_humanoid(motion.skeleton)
        points = [motion.skeleton.index(hmap[name]) for name in _TRAVELLING if name in hmap]
    except SkeletonError:
        points = list(range(len(motion.skeleton)))
    return travel_path(motion.positions_world[:, points], motion.fps)


def loop_weights(count: int, fps: float) -> Array:
    """(T,) how far each frame is corrected towards a closed loop: 0 up to half a second before the end, 1 at the last frame."""
    length = min(LOOP_BLEND_S * fps, count / 2)
    rise = np.clip(1 - (count - 1 - np.arange(count)) / max(length, 1e-9), 0, 1)
    return np.asarray(rise * rise * (3 - 2 * rise))


def close_values(values: Array, weights: Array) -> Array:
    """Values (T, ...) whose last row becomes the first one, by `weights` (T,) of `loop_weights`."""
    return values + weights.reshape(-1, *([1] * (values.ndim - 1))) * (values[:1] - values[-1:])


def close_rotations(quaternions: Array, weights: Array) -> Array:
    """Rotations (T, ..., 4) whose last row becomes the first one, the short way round, by `weights` (T,)."""
    turn = rotations.to_rotvec(rotations.multiply(quaternions[0], rotations.conjugate(quaternions[-1])))
    step = rotations.from_rotvec(weights.reshape(-1, *([1] * turn.ndim)) * turn)
    return rotations.normalize(rotations.multiply(step, quaternions))
