"""C3D: marker positions of optical motion capture, and the analog channels (EMG, force plates) recorded with them.

Our own reader: ezc3d and its kin read past the end of damaged files and take the process (here: Blender) along.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.errors import FileFormatError, MotionError, UnknownNameError
from agonist.io.c3d_parameters import BLOCK, EXPECTED, C3dParameters, reals
from agonist.io.markers import marker_layout
from agonist.motion import Keypoints

__all__ = ["read", "read_analog"]

_UNITS_M = {"": 0.001, "mm": 0.001, "cm": 0.01, "m": 1.0, "in": 0.0254}
# The header counts frames in 16 bits; longer recordings fill it up and count elsewhere.
_FULL = 65535


def read(path: str | PathLike[str], *, up: str | None = None) -> Keypoints:
    """Markers as Keypoints in metres and house axes, NaN where a marker was not seen; frame 1 is at time 0.

    `up` is the file's up axis, "y" or "z". If None, the file is asked, and is Z up by convention if it does not say.

    Raises FileFormatError.
    """
    path = Path(path)
    parameters, raw = _parse(path)
    up = _up(parameters) if up is None else up
    if up not in ("y", "z"):
        raise FileFormatError(path, f"'{up}' up", "y or z")
    unit = parameters.texts("POINT", "UNITS")
    unit_m = _UNITS_M.get(unit[0].lower() if unit else "")
    if unit_m is None:
        raise FileFormatError(path, f"points in '{unit[0][:20]}'", f"one of {', '.join(filter(None, _UNITS_M))}")
    # Damaged reals are as likely huge as not; what overflows becomes an unseen marker.
    with np.errstate(over="ignore", invalid="ignore"):
        positions = _positions(parameters, raw) * unit_m
    if up == "y":
        positions = np.stack([positions[..., 0], -positions[..., 2], positions[..., 1]], axis=-1)
    rate = parameters.number("POINT", "RATE")
    try:
        return Keypoints(
            positions, marker_layout(_names(parameters)), rate, start=_first(parameters) / rate if rate > 0 else 0.0,
            provenance={"format": "c3d"},
        )  # fmt: skip
    except MotionError as error:
        raise FileFormatError(path, str(error).rstrip("."), "at least one marker seen at one frame") from error


def _up(parameters: C3dParameters) -> str:
    screen = tuple(" ".join(parameters.texts("POINT", f"{axis}_SCREEN")) for axis in "XY")
    # How the axes lie on a screen; Pose2Sim writes +Z and +Y. +X and +Y is also what writers put who were not told.
    return "y" if screen in (("+Z", "+Y"), ("-Z", "+Y"), ("-X", "+Y")) else "z"


def read_analog(path: str | PathLike[str], names: Sequence[str]) -> tuple[NDArray[np.float64], float]:
    """Analog channels (N, len(names)) by their labels, in the file's own unit, and their samples a second.

    Raises FileFormatError, UnknownNameError where a channel is not in the file.
    """
    path = Path(path)
    parameters, raw = _parse(path)
    labels = parameters.texts("ANALOG", "LABELS")
    channels, numbers = int(parameters.number("ANALOG", "USED", 0)), parameters.header.analog
    if not (channels and numbers) or numbers % channels:
        raise FileFormatError(path, f"{numbers} analog numbers a frame for {channels} channels", "as many for each channel")
    for name in names:
        if name not in labels[:channels]:
            raise UnknownNameError("analog channel", name, labels[:channels])
    columns = [labels.index(name) for name in names]
    offset, scale = (
        np.array([*parameters.numbers("ANALOG", key), *[plain] * channels])[columns] for key, plain in (("OFFSET", 0.0), ("SCALE", 1.0))
    )
    values = _numbers(parameters, raw)[0][:, 4 * parameters.header.points :].reshape(-1, channels)[:, columns].astype(float)
    rate = parameters.number("POINT", "RATE") * numbers / channels
    return (values - offset) * scale * parameters.number("ANALOG", "GEN_SCALE", 1.0), rate


def _parse(path: Path) -> tuple[C3dParameters, bytes]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror})", EXPECTED) from error
    return C3dParameters.parse(path, raw), raw


def _positions(parameters: C3dParameters, raw: bytes) -> NDArray[np.float64]:
    """(T, K, 3) in the file's unit, NaN where a marker was not seen."""
    header = parameters.header
    if header.points == 0:
        raise FileFormatError(parameters.path, "zero points", "at least one")
    numbers, scale = _numbers(parameters, raw)
    table = numbers[:, : 4 * header.points].reshape(len(numbers), header.points, 4).astype(float)
    # The fourth number is negative where the point was not seen, else it holds the cameras and the residual.
    seen = (table[..., 3] >= 0) & np.isfinite(table[..., :3]).all(axis=-1)
    return np.where(seen[..., None], table[..., :3] * (scale if scale > 0 else 1.0), np.nan)


def _numbers(parameters: C3dParameters, raw: bytes) -> tuple[NDArray[Any], float]:
    """(T, numbers a frame) points, then analog, as they are stored; and the scale, negative where they are reals."""
    header, path = parameters.header, parameters.path
    scale = parameters.number("POINT", "SCALE", header.scale)
    if not np.isfinite(scale) or scale == 0:
        raise FileFormatError(path, f"a scale of {scale}", "a number that is not zero")
    width = 4 if scale < 0 else 2
    frame_numbers = 4 * header.points + header.analog
    if header.data_at < BLOCK:
        raise FileFormatError(path, f"data at byte {header.data_at}", "data after the header")
    frames = _frame_count(parameters, max(0, len(raw) - header.data_at) // (frame_numbers * width))
    end = header.data_at + frames * frame_numbers * width
    if end > len(raw):
        raise FileFormatError(path, f"{len(raw)} bytes", f"{end}, as its header says; the file may be cut short")
    content = raw[header.data_at : end]
    numbers = reals(content, header.processor) if width == 4 else np.frombuffer(content, dtype=f"{header.order}i2")
    return numbers.reshape(frames, frame_numbers), scale


def _frame_count(parameters: C3dParameters, room: int) -> int:
    header = parameters.header
    count = header.last - header.first + 1
    if header.last == _FULL:
        # TRIAL's are two 16-bit halves, the lower first.
        ends = [parameters.numbers("TRIAL", f"ACTUAL_{which}_FIELD") for which in ("START", "END")]
        told = [parameters.number("POINT", name, 0) for name in ("LONG_FRAMES", "FRAMES")]
        if all(len(end) == 2 for end in ends):
            told.append(ends[1][0] + 65536 * ends[1][1] - ends[0][0] - 65536 * ends[0][1] + 1)
        count = max([count, *(int(number) for number in told if np.isfinite(number) and number <= room)])
    if count < 1:
        raise FileFormatError(parameters.path, "zero frames", "at least one frame")
    return count


def _first(parameters: C3dParameters) -> int:
    """How many frames of the recording lie before the file's first."""
    start = parameters.numbers("TRIAL", "ACTUAL_START_FIELD") if parameters.header.last == _FULL else []
    number = start[0] + 65536 * start[1] if len(start) == 2 and np.isfinite(start).all() else parameters.header.first
    # Some writers count from 0.
    return max(int(number) - 1, 0)


def _names(parameters: C3dParameters) -> tuple[str, ...]:
    """A name a point, each once; points beyond the labels are numbered."""
    labels = [label for name in ("LABELS", *(f"LABELS{k}" for k in range(2, 10))) for label in parameters.texts("POINT", name)]
    names: list[str] = []
    taken: set[str] = set()
    for index in range(parameters.header.points):
        label = labels[index] if index < len(labels) and labels[index] else f"point{index + 1}"
        name = label if label not in taken else f"{label}#{index + 1}"
        taken.add(name)
        names.append(name)
    return tuple(names)
