"""The short clip with EMG by which a network is told somebody new: which windows of a person that a fold leaves out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agonist.errors import InputError
from agonist.evaluation.mia_folds import Fold, frame_places, share_frames
from agonist.evaluation.mia_windows import MiaWindows

__all__ = ["CALIBRATION_WINDOWS", "calibration_windows"]

Index = NDArray[np.int64]

# Windows a person; of 3 s each, so 12 s [ours].
CALIBRATION_WINDOWS = 4
# Movements that anybody can be asked for and that need all eight muscles; others where there are none of these [ours].
_MOVEMENTS = ("Squat", "JumpingJack")


def calibration_windows(windows: MiaWindows, fold: Fold) -> Index:
    """Windows of the people whom a fold tests and does not learn from, which are in none of its parts and share no frame with its test.

    By names and time alone: of each person as many of each movement, the first ones. Raises InputError where a person has none.
    """
    places, known = frame_places(windows), set(windows.person[np.concatenate([fold.train, fold.val])].tolist())
    free = np.setdiff1d(np.arange(len(windows)), np.concatenate([fold.train, fold.val, fold.test]))
    free = free[~share_frames(places, free, fold.test)]
    chosen: list[int] = []
    for person in sorted(set(windows.person[fold.test].tolist()) - known):
        own = free[windows.person[free] == person]
        if not len(own):
            raise InputError(f"{person}: all windows are tested in '{fold.name}'. Expected some that are not, to calibrate by.")
        own = own[np.argsort(places[own], kind="stable")]
        turns: dict[str, int] = {}
        rank = []
        for index in own.tolist():
            exercise = str(windows.exercise[index])
            turn = turns[exercise] = turns.get(exercise, -1) + 1
            rank.append((exercise not in _MOVEMENTS, turn, exercise, index))
        chosen += [index for *_, index in sorted(rank)[:CALIBRATION_WINDOWS]]
    return np.array(sorted(chosen), dtype=np.int64)
