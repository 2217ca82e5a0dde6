"""Left and right that a tracker exchanged for a while, put right again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agonist.keypoint_layouts import BODY25

__all__ = ["exchange_back"]

Array = NDArray[np.float64]

# Trackers lose a whole limb pair at once. Hips and shoulders are close together and hardly tell; they go with their limbs.
_PAIRS = {"legs": ("hip", "knee", "ankle", "big_toe", "small_toe", "heel"), "arms": ("shoulder", "elbow", "wrist")}
# Exchanged when the limbs jumped this far, on average, from one frame to the next and would not have, exchanged [ours].
_JUMP_M, _GAIN = 0.12, 0.4
# Between frames of a slow recording limbs really do move; nothing is judged below this rate.
_SLOWEST_FPS = 10.0


def exchange_back(points: Array, fps: float) -> tuple[Array, dict[str, int]]:
    """Keypoints with exchanged limbs put right, as seen from the side on which most frames agree.

    Args:
        points: (T, 25, 3) metres, finite.
        fps: frames a second.

    Returns:
        the keypoints, the same array if nothing was exchanged, and for "legs" and "arms" the number of frames put right.
    """
    counts = {}
    result = points
    for name, parts in _PAIRS.items():
        left, right = (np.array([BODY25.index(f"{part}_{side}") for part in parts]) for side in "lr")
        wrong = _exchanged(points[:, left], points[:, right]) if fps >= _SLOWEST_FPS else np.zeros(len(points), dtype=bool)
        counts[name] = int(wrong.sum())
        if counts[name]:
            result = result.copy()
            result[np.ix_(wrong, left)], result[np.ix_(wrong, right)] = points[np.ix_(wrong, right)], points[np.ix_(wrong, left)]
    return result, counts


def _exchanged(left: Array, right: Array) -> NDArray[np.bool_]:
    """(T,) frames in which two limbs (T, K, 3) stand exchanged, by the fewer of the two possible readings."""

    def apart(a: Array, b: Array) -> Array:
        return np.asarray(np.linalg.norm(a[1:] - b[:-1], axis=-1).mean(axis=-1))

    same = (apart(left, left) + apart(right, right)) / 2
    crossed = (apart(left, right) + apart(right, left)) / 2
    flips = (same > _JUMP_M) & (crossed < _GAIN * same)
    state = np.concatenate([[False], np.cumsum(flips) % 2 == 1])
    return ~state if state.mean() > 0.5 else state
