"""Overlapping windows back into continuous takes, by frames that are the same.

The windows of MIA were cut from longer recordings, some with 25 of 30 frames in common, and then dealt to two folders; what
was cut where is not recorded. Counts of eight sensors over a few frames are as good as a fingerprint: windows that share such
a run, agree in every frame that they would have in common and show the same pose there belong to one recording.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from agonist.io import mia
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints

__all__ = ["RUN", "SAME_POSE_M", "Placement", "Stretch", "filled", "merge", "place_windows"]

Array = NDArray[np.float32]

# Frames of equal counts that make two windows candidates, and so the shortest overlap that is found [ours].
RUN = 3
# Poses of one frame in two windows may differ by this much: a pose network sees another context in each window [ours].
SAME_POSE_M = 0.02
# A run that is in more windows than this is rest, and tells nothing [ours].
_COMMON = 120


@dataclass(frozen=True)
class Placement:
    """Where a window lies.

    Attributes:
        session: number of the recording, from 0, in the order of its first window.
        first: frame of the recording at which the window starts; the earliest window of a recording has 0.
    """

    session: int
    first: int


@dataclass(frozen=True, eq=False)
class Stretch:
    """Continuous frames of one recording.

    Attributes:
        session, first: as in Placement.
        joints: (T, 25, 3) metres, NaN where not seen. counts: (T, 8).
        windows: indices of the windows that it was made of, in time order.
    """

    session: int
    first: int
    joints: Array
    counts: Array
    windows: tuple[int, ...]


class _Recordings:
    """Union-find over windows, with each window's first frame relative to that of its root."""

    def __init__(self, count: int) -> None:
        self.parent, self.offset = list(range(count)), [0] * count

    def find(self, one: int) -> tuple[int, int]:
        offset = 0
        while self.parent[one] != one:
            offset += self.offset[one]
            one = self.parent[one]
        return one, offset

    def join(self, a: int, b: int, later: int) -> None:
        """`b` starts `later` frames after `a`. What contradicts an earlier join is left out."""
        (root_a, offset_a), (root_b, offset_b) = self.find(a), self.find(b)
        if root_a != root_b:
            self.parent[root_b], self.offset[root_b] = root_a, offset_a + later - offset_b


def place_windows(joints: Sequence[Array], counts: Sequence[Array]) -> list[Placement]:
    """Which windows are of one recording, and where in it.

    Args:
        joints: (T, 25, 3) metres of each window, NaN where not seen.
        counts: (T, 8) of each window.
    """
    runs: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
    for index, values in enumerate(counts):
        for frame in range(len(values) - RUN + 1):
            runs[values[frame : frame + RUN].tobytes()].append((index, frame))
    recordings, tried = _Recordings(len(counts)), set()
    for places in runs.values():
        # A run that comes twice in a window says nothing about time.
        if not 1 < len(places) <= _COMMON or len({index for index, _ in places}) < len(places):
            continue
        for (a, frame_a), (b, frame_b) in pairwise(places):
            later = frame_a - frame_b
            if (a, b, later) not in tried:
                tried.add((a, b, later))
                if _agree(joints[a], counts[a], joints[b], counts[b], later):
                    recordings.join(a, b, later)
    found = [recordings.find(index) for index in range(len(counts))]
    earliest: dict[int, int] = {}
    for root, offset in found:
        earliest[root] = min(earliest.get(root, offset), offset)
    numbers = {root: number for number, root in enumerate(dict.fromkeys(root for root, _ in found))}
    return [Placement(numbers[root], offset - earliest[root]) for root, offset in found]


def _agree(joints_a: Array, counts_a: Array, joints_b: Array, counts_b: Array, later: int) -> bool:
    if later < 0:
        return _agree(joints_b, counts_b, joints_a, counts_a, -later)
    shared = min(len(counts_a) - later, len(counts_b))
    part = slice(later, later + shared)
    if not np.array_equal(counts_a[part], counts_b[:shared]):
        return False
    apart = np.abs(joints_a[part] - joints_b[:shared])
    # A joint that one of the windows has not seen says nothing; equal counts without any pose to compare are too little.
    compared = apart[np.isfinite(apart)]
    return compared.size > 0 and float(compared.max()) <= SAME_POSE_M


def merge(joints: Sequence[Array], counts: Sequence[Array], places: Sequence[Placement], chosen: Sequence[int]) -> list[Stretch]:
    """The chosen windows as stretches without gaps, by recording and time; poses of a frame in several windows are averaged.

    A joint is NaN in the frames in which none of the windows has seen it.
    """
    runs: list[list[int]] = []
    end = 0
    for index in sorted(chosen, key=lambda one: (places[one].session, places[one].first, one)):
        place = places[index]
        if runs and place.session == places[runs[-1][0]].session and place.first <= end:
            runs[-1].append(index)
            end = max(end, place.first + len(counts[index]))
        else:
            runs.append([index])
            end = place.first + len(counts[index])
    return [_averaged(joints, counts, places, run) for run in runs]


def filled(joints: Array) -> Array:
    """(T, 25, 3) with joints interpolated over time where they were not seen; each must be in one frame at least."""
    return Keypoints(joints.astype(float), BODY25, mia.FPS).filled().positions.astype(np.float32)


def _averaged(joints: Sequence[Array], counts: Sequence[Array], places: Sequence[Placement], run: Sequence[int]) -> Stretch:
    first = places[run[0]].first
    frames = max(places[index].first + len(counts[index]) for index in run) - first
    total, number = (np.zeros((frames, *joints[run[0]].shape[1:])) for _ in range(2))
    values = np.zeros((frames, counts[run[0]].shape[1]), dtype=np.float32)
    for index in run:
        part = slice(places[index].first - first, places[index].first - first + len(counts[index]))
        seen = np.isfinite(joints[index])
        total[part] += np.where(seen, joints[index], 0)
        number[part] += seen
        values[part] = counts[index]
    poses = np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0).astype(np.float32)
    return Stretch(places[run[0]].session, first, poses, values, tuple(run))
