"""Left and right mixed up: find the frames and put them right.

A single picture often fits a body seen from the front as well as one seen from behind. The two readings are each other with
left and right exchanged and depth turned round, either as a whole or but for the lean of the whole body, of which the network
keeps a sense of its own. The network sometimes jumps from one reading to the other, or exchanges only the legs. Nobody turns
round between two frames, so the smoothest sequence of readings is taken (Viterbi 1967).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agonist.keypoint_layouts import LAYOUTS

__all__ = ["untangle"]

Array = NDArray[np.float64]

_NAMES = LAYOUTS["blazepose33"].names
_LEG = ("knee", "ankle", "heel", "foot_index")
# Metres of mean displacement that a changed reading costs in each frame: the network is right more often than not [ours].
_DOUBT_M = 0.004
# A longer gap says nothing about what came before it.
_GAP_S = 0.5


def _exchange(parts: tuple[str, ...] | None) -> NDArray[np.int64]:
    order = list(range(len(_NAMES)))
    for k, name in enumerate(_NAMES):
        base, _, side = name.rpartition("_")
        if side in ("l", "r") and (parts is None or base in parts):
            order[k] = _NAMES.index(f"{base}_{'r' if side == 'l' else 'l'}")
    return np.array(order)


def _lean(world: Array) -> Array:
    """(T,) how much depth the body gains for each metre downwards: the slope of z over y through the hips."""
    return np.asarray(np.sum(world[..., 1] * world[..., 2], axis=1) / (np.sum(world[..., 1] ** 2, axis=1) + 1e-6))


def untangle(times: Array, pixels: Array, world: Array, visibility: Array) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Exchange left and right where that makes the motion smoother.

    Args:
        times: (T,) seconds.
        pixels: (T, 33, 2). world: (T, 33, 3) metres from the hips, z away from the camera. visibility: (T, 33).

    Returns:
        the three arrays put right, and (T,) whether a frame was changed.
    """
    same, whole, legs = np.arange(len(_NAMES)), _exchange(None), _exchange(_LEG)
    flipped = world * [1.0, 1.0, -1.0]
    leaning = flipped.copy()
    leaning[..., 2] += 2 * _lean(world)[:, None] * world[..., 1]
    readings = [(same, world), (legs, world)] + [(order, turned) for order in (whole, whole[legs]) for turned in (flipped, leaning)]
    # To compare readings single precision will do, and a video may be long.
    options = np.stack([turned[:, order].astype(np.float32) for order, turned in readings])
    cost = np.zeros(len(readings))
    origin = np.zeros((len(times), len(readings)), dtype=int)
    doubt = _DOUBT_M * np.array([0.0, 1.0, 1.0, 1.0, 2.0, 2.0])
    for t in range(1, len(times)):
        if times[t] - times[t - 1] > _GAP_S:
            origin[t], cost = int(np.argmin(cost)), np.full(len(readings), cost.min()) + doubt
            continue
        step = np.linalg.norm(options[:, None, t - 1] - options[None, :, t], axis=-1).mean(axis=-1)
        total = cost[:, None] + step
        origin[t] = np.argmin(total, axis=0)
        cost = total.min(axis=0) + doubt
    chosen = np.zeros(len(times), dtype=int)
    chosen[-1] = int(np.argmin(cost))
    for t in range(len(times) - 1, 0, -1):
        chosen[t - 1] = origin[t, chosen[t]]
    order = np.stack([readings[choice][0] for choice in chosen])
    rows = np.arange(len(times))[:, None]
    right = np.empty_like(world)
    for choice, (names, turned) in enumerate(readings):
        right[chosen == choice] = turned[chosen == choice][:, names]
    return pixels[rows, order], right, visibility[rows, order], chosen != 0
