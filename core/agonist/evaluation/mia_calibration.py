"""The calibration clips of the people whom a fold leaves out: a few windows with EMG that tell a network their sensor gains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from agonist.errors import InputError
from agonist.evaluation.mia_folds import Fold, frame_places, share_frames
from agonist.evaluation.mia_results import CALIBRATED
from agonist.evaluation.mia_windows import WINDOW, MiaWindows
from agonist.io.mia import FPS

__all__ = ["Clip", "check_calibrated", "choose_clips"]

Index = NDArray[np.int64]

# Of a clip: so many exercises, and windows of each [ours].
_EXERCISES, _EACH = 2, 2
_PROTOCOL = "person-out"


@dataclass(frozen=True, eq=False)
class Clip:
    """What a new person does with sensors on: (`_EXERCISES` times `_EACH`,) indices of windows, of the exercises named."""

    person: str
    exercises: tuple[str, ...]
    windows: Index

    @property
    def seconds(self) -> float:
        return len(self.windows) * WINDOW / FPS


def check_calibrated(networks: Sequence[str], protocol: str) -> None:
    """Raise InputError where a network cannot be calibrated, or where nobody is new in a protocol."""
    for name in networks:
        if name not in CALIBRATED and name.startswith("k-"):
            raise InputError(
                f"'{name}': a clip calibrates sensor gains, which only some networks of ours learn. Expected {', '.join(CALIBRATED)}."
            )
        if name in CALIBRATED and protocol != _PROTOCOL:
            same = f"{name} is {CALIBRATED[name]} there"
            raise InputError(f"'{name}': protocol '{protocol}' has nobody new to calibrate; {same}. Expected protocol {_PROTOCOL}.")


def choose_clips(windows: MiaWindows, fold: Fold) -> list[Clip]:
    """A clip of each person whom a fold tests, sorted by name.

    Its windows share no frame with each other or with a window that the fold tests, so that a test is the same with and without
    clips. The exercises are those of the pair, among all of which the person has windows enough, that works the least worked of
    the muscles hardest in the training people: the largest smallest mean square of activation, over that of all training windows.
    What is tested, and what the new person's sensors read, chooses nothing.

    Raises InputError where somebody has too few windows.
    """
    places, known = frame_places(windows), windows.exercise[fold.train]
    power = (windows.activation[fold.train].astype(float) ** 2).mean(axis=1)  # (N, 8)
    share = {one: power[known == one].mean(axis=0) / (power.mean(axis=0) + 1e-12) for one in sorted(set(known.tolist()))}
    clips = []
    for person in sorted(set(windows.person[fold.test].tolist())):
        mine = np.flatnonzero(windows.person == person)
        mine = mine[~share_frames(places, mine, fold.test)]
        spare = {one: _apart(windows, places, mine[windows.exercise[mine] == one]) for one in share}
        enough = [one for one, index in spare.items() if len(index) >= _EACH]
        if len(enough) < _EXERCISES:
            raise InputError(
                f"{person}: {len(enough)} exercises have {_EACH} windows of {WINDOW / FPS:g} s to calibrate by that are not tested. "
                f"Expected {_EXERCISES} or more; use a larger corpus."
            )
        chosen = max(combinations(enough, _EXERCISES), key=lambda some: float(np.mean([share[one] for one in some], axis=0).min()))
        clips.append(Clip(person, chosen, np.concatenate([spare[one][:_EACH] for one in chosen])))
    return clips


def _apart(windows: MiaWindows, places: Index, some: Index) -> Index:
    """Windows that share no frame with each other: the plain ones first, then those with another exercise's arms; by time."""
    kept: list[int] = []
    for index in sorted(some.tolist(), key=lambda one: (windows.upper[one] != "", places[one])):
        if not share_frames(places, np.array([index]), np.array(kept, dtype=np.int64)).any():
            kept.append(index)
    return np.array(kept, dtype=np.int64)
