"""One person through a video: found once, followed from frame to frame, found again when lost, never swapped for another."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agonist.capture.detector import Detection, PoseDetector
from agonist.capture.landmarks import Landmarks, PoseLandmarker
from agonist.capture.pose_weights import PoseWeights
from agonist.capture.region import Region

__all__ = ["PersonTracker"]

# Below this flag the network does not believe in a person (MediaPipe's threshold).
MIN_FLAG = 0.5
# A person found again has about the same size, and has not run further than this many of their own sizes, plus so many
# a second of absence [ours].
SIZE_RATIO = 1.6
REACH, REACH_PER_S = 0.35, 1.0
# Between two frames nobody moves half of their own size: that is a jump to another person [ours].
JUMP = 0.5
# Side of the square in which a lost person is sought first, in sizes of their own.
SEARCH = 2.0
# While nobody has been seen yet, the many looks for small people are taken this often, seconds.
CLOSE_LOOK_S = 0.2
# Size and direction of the region change slowly; a restless region shakes the points by centimetres [ours].
REGION_S = 0.15


class PersonTracker:
    """Feed it the frames of a video in their order.

    Attributes:
        switches_refused: how often another person was seen where the followed one was sought.
    """

    def __init__(self, weights: PoseWeights, threads: int = 2) -> None:
        self._detect = PoseDetector(weights.detector, threads)
        self._landmarks = PoseLandmarker(weights.landmarks, threads)
        self._region: Region | None = None
        self._last: Region | None = None
        self._last_time = 0.0
        self._time = 0.0
        self._next_close_look = -math.inf
        self.switches_refused = 0

    def __call__(self, image: NDArray[np.uint8], time: float) -> Landmarks | None:
        """The followed person in this frame, None while they are not seen.

        Args:
            image: (H, W, 3) RGB.
            time: seconds.
        """
        self._time = time
        found = self._follow(image) if self._region is not None else None
        if found is None:
            found = self._search(image)
        if found is None:
            self._region = None
            return None
        self._region = self._steady(found.region, found.next_region, time - self._last_time if self._last else 0.0)
        self._last, self._last_time = found.next_region, time
        return found

    def _follow(self, image: NDArray[np.uint8]) -> Landmarks | None:
        assert self._region is not None
        found = self._landmarks(image, self._region)
        return found if found.flag >= MIN_FLAG and self._is_same(found.next_region, JUMP) else None

    def _search(self, image: NDArray[np.uint8]) -> Landmarks | None:
        last = self._last
        looks: list[Callable[[], list[Detection]]] = [lambda: self._detect(image)]
        if last is None:
            looks.append(lambda: self._closely(image))
        else:
            near = Region(last.x, last.y, SEARCH * last.size)
            looks.insert(0, lambda: self._detect(image, near))
        others = False
        for look in looks:
            people = look()
            same = [person.region for person in people if self._is_same(person.region, self._reach())]
            others |= len(people) > len(same)
            # At first the largest, later the nearest; the landmarks have the last word on whether it is a person.
            order = (lambda region: -region.size) if last is None else (lambda region: _distance(region, last))
            for region in sorted(same, key=order):
                found = self._confirmed(image, region)
                if found is not None:
                    return found
        self.switches_refused += others
        return None

    def _confirmed(self, image: NDArray[np.uint8], region: Region) -> Landmarks | None:
        # The detector's region is rough; the landmarks' own is what the following frames use.
        for _ in range(2):
            found = self._landmarks(image, region)
            if found.flag < MIN_FLAG:
                return None
            region = found.next_region
        return found if self._is_same(region, self._reach()) else None

    def _closely(self, image: NDArray[np.uint8]) -> list[Detection]:
        if self._time < self._next_close_look:
            return []
        self._next_close_look = self._time + CLOSE_LOOK_S
        return self._detect.closely(image)

    def _reach(self) -> float:
        return REACH + REACH_PER_S * (self._time - self._last_time)

    def _is_same(self, region: Region, reach: float) -> bool:
        if self._last is None:
            return True
        ratio = region.size / max(self._last.size, 1e-6)
        return 1 / SIZE_RATIO < ratio < SIZE_RATIO and _distance(region, self._last) < reach * self._last.size

    def _steady(self, old: Region, new: Region, elapsed: float) -> Region:
        keep = math.exp(-elapsed / REGION_S) if elapsed > 0 else 0.0
        turn = math.remainder(new.angle - old.angle, 2 * math.pi)
        size = math.exp(keep * math.log(old.size) + (1 - keep) * math.log(new.size))
        return replace(new, size=size, angle=old.angle + (1 - keep) * turn)


def _distance(a: Region, b: Region) -> float:
    return math.hypot(a.x - b.x, a.y - b.y)
