"""Video files: frames with their true times, turned upright.

A frame's time is its presentation time stamp; frame number divided by a nominal rate is wrong by hundreds of milliseconds
where the rate varies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.errors import FileFormatError, InputError, MissingDependencyError

__all__ = ["Frame", "Video"]

_EXPECTED = "a video file such as .mp4, .mov, .avi, .mkv or .webm"


@dataclass(frozen=True)
class Frame:
    """One picture.

    Attributes:
        time: seconds in the file's own clock (the first frame need not be 0).
        image: (H, W, 3) RGB, 0 to 255, upright.
    """

    time: float
    image: NDArray[np.uint8]


class Video:
    """A video file, read from its start to its end as often as wanted."""

    def __init__(self, path: str | Path) -> None:
        """Open and look at the first frame. Raises FileFormatError, MissingDependencyError."""
        self.path = Path(path)
        try:
            import av
        except ModuleNotFoundError as error:
            raise MissingDependencyError("av", "capture", "Reading video") from error
        self._av: Any = av
        if not self.path.is_file():
            raise FileFormatError(self.path, "a folder" if self.path.is_dir() else "there is no such file", _EXPECTED)
        if self.path.stat().st_size == 0:
            raise FileFormatError(self.path, "the file is empty (0 bytes)", _EXPECTED)
        with self._open() as container:
            stream = container.streams.video[0]
            self.fps = float(stream.average_rate or stream.guessed_rate or 0.0)
            self.frame_count = int(stream.frames)
            self.duration = float(stream.duration * stream.time_base) if stream.duration else float(container.duration or 0) / av.time_base
        first = next(iter(self), None)
        if first is None:
            raise FileFormatError(self.path, "not one frame can be read", _EXPECTED)
        self.start = first.time
        self.height, self.width = first.image.shape[:2]

    def _open(self) -> Any:
        try:
            container = self._av.open(str(self.path))
        except (self._av.FFmpegError, ValueError) as error:
            raise FileFormatError(self.path, f"not a video that can be read ({error})", _EXPECTED) from error
        if not container.streams.video:
            container.close()
            raise FileFormatError(self.path, "no picture in it", _EXPECTED)
        return container

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    def frames(self, start: float | None = None, end: float | None = None) -> Iterator[Frame]:
        """Frames whose time from the first frame lies in [start, end] seconds; broken frames are left out.

        Raises InputError if end does not come after start.
        """
        if start is not None and end is not None and end <= start:
            raise InputError(f"The part from {start:g} s to {end:g} s is empty. Expected an end after the start.")
        with self._open() as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            origin = None
            for picture in self._pictures(container, stream):
                time = float(picture.pts * picture.time_base) if picture.pts is not None else None
                if time is None:
                    continue
                origin = time if origin is None else origin
                # A millisecond of tolerance: 2.0 s shall mean the frame at 1.9999 s.
                if start is not None and time - origin < start - 1e-3:
                    continue
                if end is not None and time - origin > end + 1e-3:
                    return
                yield Frame(time, _upright(picture.to_ndarray(format="rgb24"), float(getattr(picture, "rotation", 0) or 0)))

    def _pictures(self, container: Any, stream: Any) -> Iterator[Any]:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except self._av.error.InvalidDataError:
                continue
            except self._av.FFmpegError as error:
                raise FileFormatError(self.path, f"broken ({error})", _EXPECTED) from error


def _upright(image: NDArray[np.uint8], rotation: float) -> NDArray[np.uint8]:
    """The picture turned by the display matrix's angle (degrees counter-clockwise, as FFmpeg tells it)."""
    turns = round(rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image
