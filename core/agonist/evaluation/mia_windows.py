"""The windows of the paper, 30 frames at 10 a second, out of a corpus: cut from its takes, or those that MIA's authors published."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.corpus.exercises import MIA_EXERCISES
from agonist.corpus.files import no_sensor_worn, read_index
from agonist.corpus.mia_lists import read_lists
from agonist.corpus.mia_published import read_published
from agonist.corpus.people import PEOPLE
from agonist.errors import FileFormatError, InputError
from agonist.io.mia import FPS, FULL_SCALE_COUNTS
from agonist.training.data import CorpusClip, read_corpus

__all__ = ["WINDOW", "ListedFold", "MiaWindows", "hide_gains", "read_windows"]

Index = NDArray[np.int64]

WINDOW = 30


@dataclass(frozen=True, eq=False)
class ListedFold:
    """A fold of the authors' lists: indices of windows to train and to test, and how many listed windows are not there."""

    train: Index
    test: Index
    missing: int


@dataclass(frozen=True, eq=False)
class MiaWindows:
    """Windows of a corpus.

    Attributes:
        keypoints: (N, 30, 25, 3) metres, Z up. activation: (N, 30, 8).
        person, exercise, upper: (N,) names; `upper` lends arms and trunk, or is "".
        split: (N,) the corpus's own; of published windows "train", and "test" for the authors' val/.
        session: (N,) recording. first: (N,) its frame, at 10 a second.
        counts_at_1: (N,) sensor counts of activation 1.
        corpus: the description in corpus.json.
        published: these are the windows that MIA's authors published, overlapping as they do.
        lists: their folds, by protocol and by what is left out; empty where the lists were not there.
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
    published: bool = False
    lists: Mapping[str, Mapping[str, ListedFold]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.first)

    @property
    def simulated(self) -> bool:
        """Whether no sensor was ever worn."""
        return no_sensor_worn(self.corpus)

    @property
    def gains_given(self) -> bool:
        """Whether activation is counts over each person's own full scale, and not over one number for all."""
        return len(set(self.counts_at_1.tolist())) > 1

    @property
    def official(self) -> bool:
        """Whether these are all the windows of the paper, and so comparable to its figures."""
        return self.published and not self.simulated and bool(self.corpus.get("official", False))

    def checksum(self) -> int:
        """CRC-32 of everything that a result hangs on."""
        crc = zlib.crc32(self.keypoints.tobytes(), zlib.crc32(self.activation.tobytes()))
        names = [*self.person, *self.exercise, *self.upper, *self.split, *self.session, *map(str, self.first), *map(str, self.counts_at_1)]
        crc = zlib.crc32("\n".join(names).encode(), crc)
        for protocol, folds in self.lists.items():
            for name, fold in folds.items():
                crc = zlib.crc32(f"{protocol} {name}".encode() + fold.train.tobytes() + b"test" + fold.test.tobytes(), crc)
        return crc


def read_windows(folder: Path, protocol: str = "in") -> MiaWindows:
    """The windows that a protocol judges on.

    An import of MIA has its authors' own; with "time-blocked", and of any other corpus, windows are cut from the usable takes of
    the paper's exercises, without overlap and without motion capture. Raises FileFormatError, InputError.
    """
    document, rows = read_index(folder)
    if document.get("dataset") == "mia" and protocol != "time-blocked":
        return _published(folder, document)
    return _cut(folder, rows)


def hide_gains(windows: MiaWindows) -> MiaWindows:
    """The same counts with nobody told what a person's sensors read at full activation; `activation` is a share of the largest gain."""
    largest = windows.counts_at_1.max()
    activation = windows.activation * (windows.counts_at_1 / largest)[:, None, None].astype(np.float32)
    return replace(windows, activation=activation, counts_at_1=np.full(len(windows), largest))


def _published(folder: Path, document: dict[str, Any]) -> MiaWindows:
    own = read_published(folder, document)
    parts = [name.split("/") for name in own.names.tolist()]
    index = {name: k for k, name in enumerate(own.names.tolist())}
    lists: dict[str, dict[str, ListedFold]] = {}
    for row in document.get("lists", []):
        fold = read_lists(folder, str(row["protocol"]), str(row["name"]))
        train, test = (np.array(sorted({index[line] for line in lines if line in index}), np.int64) for lines in (fold.train, fold.test))
        missing = sum(line not in index for line in (*fold.train, *fold.test))
        lists.setdefault(fold.protocol, {})[fold.name] = ListedFold(train, test, missing)
    # A simulated mixture of two exercises is named LOWER+UPPER.
    exercises = [one[2].partition("+") for one in parts]
    return MiaWindows(
        own.keypoints, own.activation,
        np.array([one[1] for one in parts]), np.array([one[0] for one in exercises]), np.array([one[2] for one in exercises]),
        np.array(["train" if one[0] == "train" else "test" for one in parts]), own.session, own.first.astype(np.int64),
        np.full(len(parts), float(document["full_scale_counts"])), document, True, lists,
    )  # fmt: skip


def _cut(folder: Path, rows: list[dict[str, Any]]) -> MiaWindows:
    path = folder / "corpus.json"
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
