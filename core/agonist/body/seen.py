"""What of the keypoints can be believed: low confidence, gaps and spikes become guesses that hardly weigh."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints

__all__ = ["believed"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Below this a tracker's keypoint counts as unseen (the default of Pose2Sim, Pagnon et al. 2021).
LEAST_CONFIDENCE = 0.3
# What a guess between two sightings weighs: enough to lead a limb from one to the other, too little to pull the rest of the body.
GUESS_CONFIDENCE = 0.02
# A spike is this far from the median of its neighbours, and further than they scatter (Hampel's identifier, Davies & Gather 1993).
SPIKE_M, SPIKE_DEVIATIONS, SPIKE_NEIGHBOURS = 0.08, 3.0, 3
# More spikes than this are no spikes: the recording is like that, and what follows says that it is impossible [ours].
MOST_SPIKES = 0.2
# Between frames of a slow recording limbs really do jump.
SLOWEST_FPS = 20.0
# A guess over a longer gap than this is worth a word [ours].
LONG_GAP_S = 0.3
_LIMBS = {
    "arm": ("elbow", "wrist"), "leg": ("knee", "ankle"), "foot": ("big_toe", "small_toe", "heel"),
}  # fmt: skip


def believed(clip: Keypoints) -> tuple[Keypoints, tuple[str, ...]]:
    """A clip with what cannot be believed guessed in between, and what is worth a word.

    Args:
        clip: BODY_25, finite; confidence 0 where a keypoint was not seen. Points never seen stay as they are.

    Returns:
        the clip, the same if all of it is believed, and limbs that were guessed for long.
    """
    assert clip.confidence is not None
    seen = clip.confidence >= LEAST_CONFIDENCE
    if clip.fps >= SLOWEST_FPS and len(clip) > 2 * SPIKE_NEIGHBOURS:
        seen &= ~_spikes(clip.positions)
    guessed = ~seen & seen.any(axis=0)
    if not guessed.any():
        return clip, ()
    positions, frames = np.array(clip.positions), np.arange(len(clip))
    for k in np.flatnonzero(guessed.any(axis=0)):
        for axis in range(3):
            positions[:, k, axis] = np.interp(frames, frames[seen[:, k]], positions[seen[:, k], k, axis])
    confidence = np.where(guessed, GUESS_CONFIDENCE, clip.confidence)
    return replace(clip, positions=positions, confidence=confidence), _long_gaps(guessed, clip.fps)


def _spikes(points: Array) -> Mask:
    """(T, K) points that stand alone for a frame or two, of (T, K, 3)."""
    padded = np.pad(points, ((SPIKE_NEIGHBOURS, SPIKE_NEIGHBOURS), (0, 0), (0, 0)), mode="reflect", reflect_type="odd")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * SPIKE_NEIGHBOURS + 1, axis=0)  # (T, K, 3, W)
    median = np.median(windows, axis=-1)
    scatter = 1.4826 * np.median(np.linalg.norm(windows - median[..., None], axis=2), axis=-1)
    away = np.linalg.norm(points - median, axis=-1)
    spikes = np.asarray((away > SPIKE_M) & (away > SPIKE_DEVIATIONS * scatter))
    return spikes & (spikes.mean(axis=0) <= MOST_SPIKES)


def _long_gaps(guessed: Mask, fps: float) -> tuple[str, ...]:
    said = []
    for side, name in (("l", "left"), ("r", "right")):
        for limb, parts in _LIMBS.items():
            longest = max(_longest(guessed[:, BODY25.index(f"{part}_{side}")]) for part in parts) / fps
            if longest > LONG_GAP_S:
                said.append(f"the {name} {limb} was not seen for {longest:.1f} s; guessed in between")
    return tuple(said)


def _longest(gaps: Mask) -> int:
    """Frames of the longest run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], gaps, [False]]).astype(int)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
