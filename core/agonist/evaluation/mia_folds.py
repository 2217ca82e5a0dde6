"""The folds of the paper's protocols.

Folds are made from the authors' lists where they are there, else from names, from time and from a checksum of both: nobody has
looked at a value before. Every fold has three parts: training, early stopping, and the test that is reported.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agonist.errors import InputError, UnknownNameError
from agonist.evaluation.mia_windows import WINDOW, ListedFold, MiaWindows

__all__ = ["PROTOCOLS", "Fold", "frame_places", "make_folds", "share_frames"]

Index = NDArray[np.int64]

PROTOCOLS = ("in", "exercise-out", "person-out", "time-blocked", "temporal")
# Shares of training and of early stopping; what is left is the test [ours; the paper's test is a fifth].
_TRAIN, _VAL = 0.7, 0.1
# Of the authors' training windows, what is for early stopping: they have no such part, and chose by the test [ours].
_HELD = 0.1


@dataclass(frozen=True, eq=False)
class Fold:
    """One training and its test.

    Attributes:
        name: what is left out, or what is special.
        train, val, test: indices of windows.
        frames: how many frames a network sees at once.
        listed: windows to train on before those for early stopping were taken out. missing: listed windows that are not there.
    """

    name: str
    train: Index
    val: Index
    test: Index
    frames: int = WINDOW
    listed: int = 0
    missing: int = 0

    def checksum(self) -> int:
        """CRC-32 of which windows are in which part."""
        crc = self.frames
        for part in (self.train, self.val, self.test):
            crc = zlib.crc32(part.astype("<i8").tobytes(), zlib.crc32(b"|", crc))
        return crc


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
    frames = sorted(lengths, reverse=True) if protocol == "temporal" else [WINDOW]
    if windows.published and protocol != "time-blocked":
        folds = _of_authors(windows, protocol, groups, frames)
    else:
        place = _blocked(windows) if protocol == "time-blocked" else _mixed(windows)
        if protocol in ("exercise-out", "person-out"):
            folds = _leave_out(windows, place, protocol, groups)
        else:
            folds = [Fold(_title(protocol, count), *_parts(place), count) for count in frames]
    for fold in folds:
        if min(len(fold.train), len(fold.val), len(fold.test)) == 0:
            found = f"{len(fold.train)} windows to train, {len(fold.val)} to stop and {len(fold.test)} to test in '{fold.name}'"
            raise InputError(f"{found}. Expected some of each; use a larger corpus.")
    return folds


def frame_places(windows: MiaWindows) -> Index:
    """(N,) where each window begins, with recordings far apart on one line of frames."""
    order = {name: k for k, name in enumerate(sorted(set(windows.session.tolist()), key=_recording))}
    return np.array([order[name] for name in windows.session.tolist()], dtype=np.int64) * 10**9 + windows.first


def _recording(session: str) -> tuple[str, int]:
    """A key that sorts an import's recordings, PERSON/EXERCISE/NUMBER, as they were numbered."""
    group, _, number = session.rpartition("/")
    return (group, int(number)) if number.isdecimal() else (session, 0)


def share_frames(places: Index, some: Index, others: Index) -> NDArray[np.bool_]:
    """Which of `some` windows have a frame of a recording in common with any of the `others`; `places` of `frame_places`."""
    if not len(others):
        return np.zeros(len(some), dtype=bool)
    known = np.sort(places[others])
    next_one = np.searchsorted(known, places[some] - WINDOW + 1)
    found: NDArray[np.bool_] = known[np.minimum(next_one, len(known) - 1)] < places[some] + WINDOW
    return found & (next_one < len(known))


def _title(protocol: str, frames: int) -> str:
    if protocol != "temporal":
        return protocol
    # Whole windows are those of the other protocol, and are not trained on twice.
    return "in" if frames == WINDOW else f"{frames} frames"


def _parts(place: NDArray[np.str_]) -> tuple[Index, Index, Index]:
    train, val, test = (np.flatnonzero(place == part) for part in ("train", "val", "test"))
    return train, val, test


def _grouped(names: Sequence[str], groups: int | None) -> list[list[str]]:
    every = sorted(names)
    if len(every) < 2:
        raise InputError(f"only {every[0]} to leave out. Expected two or more; use a larger corpus.")
    count = len(every) if groups is None else min(groups, len(every))
    return [every[k::count] for k in range(count)]


def _of_authors(windows: MiaWindows, protocol: str, groups: int | None, frames: Sequence[int]) -> list[Fold]:
    """By the authors' lists; without them by their folders, and by names."""
    folders = ListedFold(np.flatnonzero(windows.split == "train"), np.flatnonzero(windows.split == "test"), 0)
    whole = windows.lists.get("in", {}).get("in", folders)
    raw: list[tuple[str, ListedFold]] = []
    if protocol in ("exercise-out", "person-out"):
        listed = windows.lists.get(protocol)
        names = windows.exercise if protocol == "exercise-out" else windows.person
        for group in _grouped(list(listed or set(names.tolist())), groups):
            if listed:
                train = listed[group[0]].train
                for name in group[1:]:
                    train = train[np.isin(train, listed[name].train)]
                test = np.sort(np.concatenate([listed[name].test for name in group]))
                raw.append(("+".join(group), ListedFold(train, test, sum(listed[name].missing for name in group))))
            else:
                out, touched = _out(windows, protocol, group)
                raw.append(("+".join(group), ListedFold(whole.train[~touched[whole.train]], whole.test[out[whole.test]], whole.missing)))
    else:
        raw = [(_title(protocol, count), whole) for count in frames]
    # Of any fold: learning rates are chosen by the first one's early stopping for all.
    tested = np.unique(np.concatenate([one.test for _, one in raw]))
    places = frame_places(windows)
    folds = []
    for k, (name, one) in enumerate(raw):
        train, val = _hold_back(windows, places, one.train, tested)
        count = frames[k] if protocol == "temporal" else WINDOW
        folds.append(Fold(name, train, val, one.test, count, len(one.train), one.missing))
    return folds


def _hold_back(windows: MiaWindows, places: Index, train: Index, tested: Index) -> tuple[Index, Index]:
    """Training and early stopping: the end of each person's and exercise's training windows, where it shares no frame with a test.

    What shares a frame with the windows held back is in neither part.
    """
    held: list[Index] = []
    for person, exercise in sorted(set(zip(windows.person[train].tolist(), windows.exercise[train].tolist(), strict=True))):
        own = train[(windows.person[train] == person) & (windows.exercise[train] == exercise)]
        if len(own) < 3:
            continue
        own = own[np.argsort(places[own], kind="stable")]
        apart = ~share_frames(places, own, tested)
        cut = len(own) - max(1, round(_HELD * len(own)))
        last = own[cut:][apart[cut:]]
        held.append(last if len(last) else own[:cut][apart[:cut]][-1:])
    val = np.sort(np.concatenate(held)) if held else np.zeros(0, dtype=np.int64)
    left = train[~np.isin(train, val)]
    return left[~share_frames(places, left, val)], val


def _out(windows: MiaWindows, protocol: str, group: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which windows are left out, and which show anything of what is; a mixture shows something of both its exercises."""
    if protocol == "person-out":
        out = np.isin(windows.person, group)
        return out, out
    out = np.isin(windows.exercise, group)
    return out, out | np.isin(windows.upper, group)


def _mixed(windows: MiaWindows) -> NDArray[np.str_]:
    """Known people and exercises in every part, by a checksum of each window's recording and frame."""
    names = [f"{session}:{first}" for session, first in zip(windows.session, windows.first, strict=True)]
    chance = np.array([zlib.crc32(name.encode()) % 1000 / 1000 for name in names])
    return np.where(chance < _TRAIN, "train", np.where(chance < _TRAIN + _VAL, "val", "test"))


def _blocked(windows: MiaWindows) -> NDArray[np.str_]:
    """By time within each person and exercise, from the end; a window that shares frames with a later part is in none."""
    place, order = np.full(len(windows), "none", dtype="<U5"), frame_places(windows)
    for person, exercise in sorted(set(zip(windows.person.tolist(), windows.exercise.tolist(), strict=True))):
        own = np.flatnonzero((windows.person == person) & (windows.exercise == exercise))
        own = own[np.argsort(order[own], kind="stable")]
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


def _leave_out(windows: MiaWindows, place: NDArray[np.str_], protocol: str, groups: int | None) -> list[Fold]:
    names = windows.exercise if protocol == "exercise-out" else windows.person
    folds = []
    for group in _grouped(list(set(names.tolist())), groups):
        out, touched = _out(windows, protocol, group)
        train, val, _ = _parts(np.where(touched, "none", place))
        folds.append(Fold("+".join(group), train, val, np.flatnonzero(out & (place == "test"))))
    return folds
