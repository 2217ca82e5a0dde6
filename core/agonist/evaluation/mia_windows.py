"""The windows of the paper, 30 frames at 10 a second, out of a corpus, and the folds of its protocols.

Folds are made from names, from time and from a checksum of both: nobody has looked at a value before. Every fold has three
parts: training, early stopping, and the test that is reported.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.corpus.exercises import MIA_EXERCISES
from agonist.corpus.files import read_index
from agonist.corpus.people import PEOPLE
from agonist.errors import FileFormatError, InputError, UnknownNameError
from agonist.io.mia import FPS, FULL_SCALE_COUNTS
from agonist.training.data import CorpusClip, read_corpus

__all__ = ["PROTOCOLS", "WINDOW", "Fold", "MiaWindows", "make_folds", "read_windows"]

Index = NDArray[np.int64]

WINDOW = 30
PROTOCOLS = ("in", "exercise-out", "person-out", "time-blocked", "temporal")
# Shares of training and of early stopping; what is left is the test [ours; the paper's test is a fifth].
_TRAIN, _VAL = 0.7, 0.1


@dataclass(frozen=True, eq=False)
class MiaWindows:
    """Windows of a corpus.

    Attributes:
        keypoints: (N, 30, 25, 3) metres, Z up. activation: (N, 30, 8).
        person, exercise, upper: (N,) names; `upper` lends arms and trunk, or is "".
        split: (N,) the corpus's own. session: (N,) recording. first: (N,) its frame, at 10 a second.
        counts_at_1: (N,) sensor counts of activation 1.
        corpus: the description in corpus.json.
    """

    keypoints: NDArray[np.float32]
    activation: NDArray[np.float32]
    person: NDArray[np.str_]
    exercise: NDArray[np.str_]
    upper: NDArray[np.str_]
    split: NDArray[np.str_]
    session: NDArray[np.str_]
    first: Index
    counts_at_1: NDArray[np.float64]
    corpus: dict[str, Any]

    def __len__(self) -> int:
        return len(self.first)

    @property
    def simulated(self) -> bool:
        """Whether no sensor was ever worn."""
        return str(self.corpus["data"]).startswith("simulated")

    def checksum(self) -> int:
        """CRC-32 of everything that a result hangs on."""
        crc = zlib.crc32(self.keypoints.tobytes(), zlib.crc32(self.activation.tobytes()))
        names = [*self.person, *self.exercise, *self.upper, *self.split, *self.session, *map(str, self.first), *map(str, self.counts_at_1)]
        return zlib.crc32("\n".join(names).encode(), crc)


@dataclass(frozen=True, eq=False)
class Fold:
    """One training and its test.

    Attributes:
        name: what is left out, or what is special.
        train, val, test: indices of windows.
        frames: how many frames a network sees at once.
    """

    name: str
    train: Index
    val: Index
    test: Index
    frames: int = WINDOW


def read_windows(folder: Path) -> MiaWindows:
    """Cut the usable takes of the paper's exercises; motion capture is left out. Raises FileFormatError, InputError."""
    path = folder / "corpus.json"
    _, rows = read_index(folder)
    cut: list[tuple[CorpusClip, dict[str, Any], int, int]] = []
    document: dict[str, Any] = {}
    for split in sorted({str(row["split"]) for row in rows if row["usable"]}):
        clips, document = read_corpus(folder, split)
        every = float(document["fps"]) / FPS
        if every != round(every):
            raise FileFormatError(path, f"{document['fps']} frames a second", f"a multiple of {FPS:g}")
        by_id = {row["id"]: row for row in rows}
        for clip in clips:
            row = by_id[clip.id]
            if clip.source == "mocap" or (clip.exercise not in MIA_EXERCISES and document.get("dataset") != "mia"):
                continue
            frames = -(-len(clip.keypoints) // round(every))
            cut += [(clip, row, start, round(every)) for start in range(0, frames - WINDOW + 1, WINDOW)]
    if not cut:
        raise InputError(
            f"{folder}: no take of {WINDOW / FPS:g} s of an exercise of the paper. Expected some of {', '.join(MIA_EXERCISES)}."
        )
    gains = {person.name: person.sensor_gain for person in PEOPLE}

    def part(values: NDArray[np.float32], start: int, every: int) -> NDArray[np.float32]:
        return values[start * every : (start + WINDOW) * every : every].astype(np.float32)

    return MiaWindows(
        np.stack([part(clip.keypoints, start, every) for clip, _, start, every in cut]),
        np.stack([part(clip.activation, start, every) for clip, _, start, every in cut]),
        np.array([clip.person for clip, *_ in cut]),
        np.array([clip.exercise for clip, *_ in cut]),
        np.array([str(row.get("upper", "")) for _, row, *_ in cut]),
        np.array([str(row["split"]) for _, row, *_ in cut]),
        np.array([str(row.get("session", clip.id)) for clip, row, *_ in cut]),
        np.array([int(row.get("first_frame", 0)) + start for _, row, start, _ in cut]),
        np.array([float(row.get("counts_at_1", gains.get(clip.person, FULL_SCALE_COUNTS))) for clip, row, *_ in cut]),
        document,
    )


def make_folds(windows: MiaWindows, protocol: str, *, groups: int | None = None, lengths: Sequence[int] = (WINDOW,)) -> list[Fold]:
    """The folds of a protocol.

    Args:
        windows: of a corpus.
        protocol: "in" (known people and exercises; the authors' own split where the data is MIA), "exercise-out",
            "person-out", "time-blocked" (the test is the end of each person's and exercise's recordings, and shares no frame
            with the rest), "temporal" ("in" with `lengths`).
        groups: leave out in so many groups of names instead of one name at a time.
        lengths: frames that a network sees at once, for "temporal".

    Raises:
        UnknownNameError: another protocol. InputError: too few windows, people or exercises.
    """
    if protocol not in PROTOCOLS:
        raise UnknownNameError("protocol", protocol, PROTOCOLS)
    place = _blocked(windows) if protocol == "time-blocked" else _mixed(windows)
    if protocol in ("exercise-out", "person-out"):
        names = windows.exercise if protocol == "exercise-out" else windows.person
        folds = _leave_out(windows, place, names, groups, upper=protocol == "exercise-out")
    else:
        frames = sorted(lengths, reverse=True) if protocol == "temporal" else [WINDOW]
        folds = [Fold(f"{count} frames" if protocol == "temporal" else protocol, *_parts(place), count) for count in frames]
    for fold in folds:
        if min(len(fold.train), len(fold.val), len(fold.test)) == 0:
            found = f"{len(fold.train)} windows to train, {len(fold.val)} to stop and {len(fold.test)} to test in '{fold.name}'"
            raise InputError(f"{found}. Expected some of each; use a larger corpus.")
    return folds


def _parts(place: NDArray[np.str_]) -> tuple[Index, Index, Index]:
    train, val, test = (np.flatnonzero(place == part) for part in ("train", "val", "test"))
    return train, val, test


def _mixed(windows: MiaWindows) -> NDArray[np.str_]:
    """Known people and exercises in every part: the authors' split, or by a checksum of each window's recording and frame."""
    if windows.corpus.get("dataset") == "mia":
        return windows.split
    names = [f"{session}:{first}" for session, first in zip(windows.session, windows.first, strict=True)]
    chance = np.array([zlib.crc32(name.encode()) % 1000 / 1000 for name in names])
    return np.where(chance < _TRAIN, "train", np.where(chance < _TRAIN + _VAL, "val", "test"))


def _blocked(windows: MiaWindows) -> NDArray[np.str_]:
    """By time within each person and exercise, from the end; a window that shares frames with a later part is in none."""
    place = np.full(len(windows), "none", dtype="<U5")
    for person, exercise in sorted(set(zip(windows.person.tolist(), windows.exercise.tolist(), strict=True))):
        own = np.flatnonzero((windows.person == person) & (windows.exercise == exercise))
        own = own[np.lexsort((windows.first[own], windows.session[own]))]
        enough = len(own) >= 3
        left = {"test": max(1, round((1 - _TRAIN - _VAL) * len(own))) * enough, "val": max(1, round(_VAL * len(own))) * enough}
        later: dict[str, int] = {}
        mine: dict[str, int] = {}
        part = "test"
        for index in own[::-1]:
            while left.get(part) == 0:
                later, mine = later | mine, {}
                part = "val" if part == "test" else "train"
            session, first = str(windows.session[index]), int(windows.first[index])
            if first + WINDOW > later.get(session, first + WINDOW):
                continue
            place[index], mine[session] = part, min(first, mine.get(session, first))
            if part in left:
                left[part] -= 1
    return place


def _leave_out(windows: MiaWindows, place: NDArray[np.str_], names: NDArray[np.str_], groups: int | None, *, upper: bool) -> list[Fold]:
    every = sorted(set(names.tolist()))
    if len(every) < 2:
        raise InputError(f"only {every[0]} to leave out. Expected two or more; use a larger corpus.")
    count = len(every) if groups is None else min(groups, len(every))
    folds = []
    for group in (every[k::count] for k in range(count)):
        out = np.isin(names, group)
        # A mixture shows something of both its exercises.
        touched = out | np.isin(windows.upper, group) if upper else out
        train, val, _ = _parts(np.where(touched, "none", place))
        folds.append(Fold("+".join(group), train, val, np.flatnonzero(out & (place == "test"))))
    return folds
