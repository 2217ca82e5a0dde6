"""What every network is compared with on a fold: means, retrieval as in the paper, and ridge regression on lags."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.evaluation.mia_folds import Fold
from agonist.evaluation.mia_windows import WINDOW, MiaWindows
from agonist.io.mia import FPS
from agonist.networks.baselines import FLAT, Ridge, aligned_pose, facing_windows, nearest

__all__ = ["BASELINES", "predict_baseline", "target_motion"]

Floats = NDArray[np.float32]

BASELINES = ("mean", "c-mean", "ridge on lags", "retrieval", "c-retrieval")
# Pieces of training windows that retrieval searches where windows are cut shorter.
_MOST_PIECES = 20_000
# Of ridge regression, to choose from by the early-stopping windows, as networks choose their learning rates [ours].
_STRENGTHS = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)


def target_motion(keypoints: Floats, direction: str) -> Floats:
    """(N, 30, 25, D) metres about the hips that a decoder should answer with; of a camera in front of the person, x and z."""
    motion = facing_windows(keypoints)
    return motion[..., FLAT] if direction == "decoder-2d" else motion


def predict_baseline(method: str, direction: str, windows: MiaWindows, fold: Fold) -> tuple[NDArray[Any], dict[str, Any]]:
    """(N, 30, 8) or (N, 30, 25, D) for the test windows, and what was chosen (the strength of ridge regression)."""
    motion = target_motion(windows.keypoints, direction)
    asked, answers = (motion, windows.activation) if direction == "encoder" else (windows.activation, motion)
    if method == "ridge on lags":
        return _ridge(asked, answers, windows, fold, direction)
    people, known = windows.person[fold.test], windows.person[fold.train]
    if method in ("mean", "c-mean"):
        means = {person: answers[fold.train[known == person]].mean(axis=(0, 1)) for person in set(known.tolist())}
        general = answers[fold.train].mean(axis=(0, 1))
        rows = [means.get(person, general) if method == "c-mean" else general for person in people.tolist()]
        return np.repeat(np.stack(rows)[:, None], WINDOW, axis=1), {}
    found = np.zeros((len(fold.test), *answers.shape[1:]), dtype=np.float32)
    # Whom training does not know is looked for among all.
    groups = sorted(set(people.tolist())) if method == "c-retrieval" else [""]
    for group in groups:
        mine = people == group if group else np.ones(len(people), dtype=bool)
        among = fold.train[known == group] if group and (known == group).any() else fold.train
        q, a = _pieces((asked, answers), among, fold.frames)
        for start in range(0, WINDOW, fold.frames):
            begin = min(start, WINDOW - fold.frames)
            index = nearest(q, asked[fold.test[mine], begin : begin + fold.frames])
            found[mine, start : begin + fold.frames] = a[index][:, start - begin :]
    return found, {}


def _pieces(values: tuple[Floats, ...], windows: NDArray[np.int64], frames: int) -> list[Floats]:
    """Pieces of so many frames of windows, from wherever networks are shown them; a random choice where they are very many."""
    starts = np.arange(WINDOW - frames + 1)
    window, start = np.repeat(windows, len(starts)), np.tile(starts, len(windows))
    if len(window) > _MOST_PIECES and frames < WINDOW:
        chosen = np.random.default_rng(0).choice(len(window), _MOST_PIECES, replace=False)
        window, start = window[chosen], start[chosen]
    return [one[window[:, None], start[:, None] + np.arange(frames)] for one in values]


def _ridge(
    asked: Floats, answers: Floats, windows: MiaWindows, fold: Fold, direction: str
) -> tuple[NDArray[np.float64], dict[str, Any]]:
    def question(index: int) -> NDArray[np.float64]:
        return aligned_pose(windows.keypoints[index].astype(float)) if direction == "encoder" else asked[index].astype(float)

    def guess(ridge: Ridge, index: NDArray[np.int64]) -> NDArray[np.float64]:
        found = np.stack([ridge.predict(question(k)) for k in index]).reshape(len(index), *answers.shape[1:])
        return np.clip(found, 0, 1) if direction == "encoder" else found

    flat = answers.reshape(len(answers), WINDOW, -1)
    known = [flat[k].astype(float) for k in fold.train]
    ridges = Ridge.fit_each([question(k) for k in fold.train], known, FPS, _STRENGTHS)
    errors = [float(((guess(ridge, fold.val) - answers[fold.val]) ** 2).mean()) for ridge in ridges]
    best = int(np.argmin(errors))
    return guess(ridges[best], fold.test), {"strength": _STRENGTHS[best]}
