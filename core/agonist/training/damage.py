"""Keypoints as trackers lose and doubt them, made from whole ones: what an encoder has to learn to live with.

What is lost is filled as `Keypoints.filled` and `predict.standing_keypoints` fill it, and has confidence 0. A causal encoder, which
shall hang on no later frame, sees held what it saw last.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints
from agonist.predict import stand_in

__all__ = ["damage", "damage_windows"]

Array = NDArray[np.float64]

# What is lost together: the ends of limbs, and what many layouts have no place for.
_FACE = ("nose", "eye_l", "eye_r", "ear_l", "ear_r")
_FEET = tuple(f"{point}_{side}" for point in ("big_toe", "small_toe", "heel") for side in "lr")
_LIMBS = [
    names
    for side in "lr"
    for names in (
        (f"wrist_{side}",),
        (f"elbow_{side}", f"wrist_{side}"),
        (f"ankle_{side}", f"big_toe_{side}", f"small_toe_{side}", f"heel_{side}"),
        (f"knee_{side}", f"ankle_{side}", f"big_toe_{side}", f"small_toe_{side}", f"heel_{side}"),
        (f"big_toe_{side}", f"small_toe_{side}", f"heel_{side}"),
    )
] + [_FACE]
# How often a window is left whole, a layout has no face, no feet, and each further damage is dealt [ours].
_WHOLE, _NO_FACE, _NO_FEET = 0.5, 0.25, 0.2
# Standard deviation of a doubted point, metres, at confidence 0 [ours].
_DOUBT_M = 0.06


def damage(keypoints: Array, rng: np.random.Generator, *, causal: bool = False) -> tuple[Array, Array]:
    """One window, half of the time as it is.

    Args:
        keypoints: (T, 25, 3) metres, whole.
        rng: deals the damage.
        causal: fill what is lost from earlier frames only.

    Returns:
        keypoints (T, 25, 3), all finite, and confidence (T, 25) in [0, 1].
    """
    keypoints, confidence = np.array(keypoints, dtype=float), np.ones(keypoints.shape[:2])
    if rng.random() < _WHOLE:
        return keypoints, confidence
    for _ in range(int(rng.integers(1, 4))):
        points = [BODY25.index(name) for name in _LIMBS[int(rng.integers(len(_LIMBS)))]]
        if rng.random() < 0.6:
            _lose(keypoints, confidence, points, rng, causal)
        else:
            _doubt(keypoints, confidence, points, rng)
    for chance, names in ((_NO_FACE, _FACE), (_NO_FEET, _FEET)):
        if rng.random() < chance:
            for name in names:
                guess = stand_in(name, keypoints)
                assert guess is not None
                keypoints[:, BODY25.index(name)], confidence[:, BODY25.index(name)] = guess, 0.0
    return keypoints, confidence


def damage_windows(
    keypoints: NDArray[np.float32], rng: np.random.Generator, *, causal: bool = False
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(B, T, 25, 3) to the same and confidence (B, T, 25), each window by itself; see `damage`."""
    damaged, confidence = zip(*(damage(window, rng, causal=causal) for window in keypoints), strict=True)
    return np.stack(damaged).astype(np.float32), np.stack(confidence).astype(np.float32)


def _lose(keypoints: Array, confidence: Array, points: list[int], rng: np.random.Generator, causal: bool) -> None:
    """Unseen for a while: on a straight line from where they were to where they come back, or where they were last.

    Causal: where they were last, and where they are in the first frame if they are lost from it on.
    """
    frames = len(keypoints)
    if frames < 3:
        return
    length = int(rng.integers(2, max(3, (3 * frames) // 4)))
    first = int(rng.integers(-length // 2, frames - length // 2))
    lost = np.zeros(frames, dtype=bool)
    lost[max(first, 0) : first + length] = True
    if lost.all():
        return
    unseen = np.ix_(np.flatnonzero(lost), np.array(points))
    confidence[unseen] = 0.0
    if causal:
        last = np.where(confidence[:, points] > 0, np.arange(frames)[:, None], 0)
        keypoints[:, points] = keypoints[np.maximum.accumulate(last, axis=0), points]
    else:
        keypoints[unseen] = np.nan
        keypoints[:] = Keypoints(keypoints, BODY25, 1.0).filled().positions


def _doubt(keypoints: Array, confidence: Array, points: list[int], rng: np.random.Generator) -> None:
    """Seen, but the tracker is not sure, and less right the less sure it is."""
    sure = float(rng.uniform(0.1, 0.8))
    keypoints[:, points] += (1 - sure) * _DOUBT_M * rng.standard_normal((len(keypoints), len(points), 3))
    confidence[:, points] = np.minimum(confidence[:, points], sure)
