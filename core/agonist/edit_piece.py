"""Pieces of a clip: what an edit has to reckon with so that one frame comes out as it does when the whole clip is edited.

A window of the network, a foot that stands and an interpolation each reach some frames back and ahead. Those are few beside a long
clip, so that a frame can be shown while a slider moves, however long the clip is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agonist.feet import spread_frames
from agonist.windows import window_starts

__all__ = ["Piece", "Timeline"]


@dataclass(frozen=True)
class Piece:
    """Frames of a clip, frames of the network and windows of the network that belong together; each from first to before last.

    Attributes:
        frames: at the clip's frame rate.
        model_frames: at the network's.
        windows: all that cover any of `model_frames`.
    """

    frames: tuple[int, int]
    model_frames: tuple[int, int]
    windows: tuple[int, int]


@dataclass(frozen=True)
class Timeline:
    """A clip of `count` frames at `fps`, and the same time in `model_count` frames of a network at `model_fps` in windows of `window`."""

    count: int
    fps: float
    model_count: int
    model_fps: float
    window: int

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """First frames of the network's windows."""
        return window_starts(self.model_count, self.window)

    @property
    def whole(self) -> Piece:
        """All of the clip."""
        return Piece((0, self.count), (0, self.model_count), (0, len(self.starts)))

    def around(self, frame: int) -> tuple[Piece, Piece]:
        """What has to be edited, and what of it has to be predicted, to know one frame's pose and activation."""
        place = frame * self.model_fps / self.fps
        at = min(round(place) if abs(place - round(place)) < 1e-6 else int(place), self.model_count - 1)
        # A frame of the clip lies between two of the network's, or on one.
        first, last = self._windows(at, at + (1 if abs(place - at) < 1e-6 else 2))
        heard = (int(self.starts[first]), min(int(self.starts[last - 1]) + self.window, self.model_count))
        predicted = Piece(self._clip_frames(*heard), heard, (first, last))
        spread = spread_frames(self.fps)
        edited = max(predicted.frames[0] - spread, 0), min(predicted.frames[1] + spread, self.count)
        # A cubic needs two frames on either side.
        ratio = self.model_fps / self.fps
        model_frames = max(int(edited[0] * ratio) - 2, 0), min(int(edited[1] * ratio) + 4, self.model_count)
        return Piece(edited, model_frames, self._windows(*model_frames)), predicted

    def _windows(self, first: int, last: int) -> tuple[int, int]:
        """Windows that cover any of the network's frames [first, last)."""
        inside = np.flatnonzero((self.starts < last) & (self.starts + self.window > first))
        return int(inside[0]), int(inside[-1]) + 1

    def _clip_frames(self, first: int, last: int) -> tuple[int, int]:
        """Frames of the clip between which the network's frames [first, last) lie."""
        ratio = self.fps / self.model_fps
        return min(max(int(first * ratio) - 1, 0), self.count - 1), min(int((last - 1) * ratio) + 3, self.count)
