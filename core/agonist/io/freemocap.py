"""FreeMoCap: the body's points of a recording, as its `output_data` folder has them.

Three files hold the same: `mediapipe_body_3d_xyz.csv` with a column a coordinate (body_left_hip_x, or left_hip_x), the newer
one with a row a point (frame, keypoint, x, y, z), and `mediapipe_body_3d_xyz.npy` (frames, points, 3) in BlazePose's order,
where hands and face may follow the body's 33. All are in millimetres, Z up once the floor is calibrated, and none has a clock.
"""

from __future__ import annotations

import csv
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist.errors import AgonistError, FileFormatError
from agonist.io.keypoint_names import known_keypoints, our_name
from agonist.io.openpose import WORLD_FROM_FILE
from agonist.keypoint_layouts import KeypointLayout, keypoint_layout
from agonist.motion import Keypoints

__all__ = ["read"]

Array = NDArray[np.float64]

_EXPECTED = "FreeMoCap's points of a body: columns left_hip_x, left_hip_y, left_hip_z ..., or frame, keypoint, x, y, z"
_EXPECTED_NPY = "FreeMoCap's (frames, points, 3): the body's 33 points, or 75, 543 or 553 with hands and face"
_BODY = keypoint_layout("blazepose33")
_COUNTS = (33, 75, 543, 553)
_LONG = ("frame", "keypoint", "x", "y", "z")
_MM = 0.001
# A row is written for every frame, seen or not; longer holes are damaged numbers and would fill the memory.
_LONGEST_HOLE = 10_000


def read(path: str | PathLike[str], *, fps: float = 30.0, up: str = "z") -> Keypoints:
    """The body as Keypoints in metres, at a frame rate that the files do not tell.

    `up` is "z", or "-y" for a recording whose floor was not calibrated: a camera's axes. Raises FileFormatError.
    """
    path = Path(path)
    if up not in WORLD_FROM_FILE:
        raise FileFormatError(path, f"'{up}' up", f"one of {', '.join(WORLD_FROM_FILE)}")
    names, points = _from_npy(path) if path.suffix.lower() == ".npy" else _from_csv(path)
    with np.errstate(over="ignore", invalid="ignore"):
        positions = points @ WORLD_FROM_FILE[up].T * _MM
    try:
        given = Keypoints(positions, KeypointLayout("freemocap", names, {}), fps, provenance={"format": "freemocap", "up": up})
    except AgonistError as error:
        raise FileFormatError(path, str(error).rstrip("."), _EXPECTED) from error
    found = known_keypoints(given)
    if found is None:
        raise FileFormatError(path, f"points {', '.join(names)[:120]}", "shoulders, elbows, wrists, hips, knees and ankles among them")
    return found


def _from_npy(path: Path) -> tuple[tuple[str, ...], Array]:
    try:
        with path.open("rb") as stream:
            points = np.load(stream, allow_pickle=False)
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror or error})", _EXPECTED_NPY) from error
    except Exception as error:  # a damaged header raises what Python's own parser and tokenizer raise
        raise FileFormatError(path, f"no numpy array ({str(error)[:80]})", _EXPECTED_NPY) from error
    if not isinstance(points, np.ndarray):
        raise FileFormatError(path, "an archive of arrays", _EXPECTED_NPY)
    if points.ndim != 3 or points.shape[1] not in _COUNTS or points.shape[2] != 3 or points.dtype.kind not in "fiu":
        raise FileFormatError(path, f"an array {points.shape} of {points.dtype}", _EXPECTED_NPY)
    return _BODY.names, points[:, : len(_BODY.names)].astype(float)


def _from_csv(path: Path) -> tuple[tuple[str, ...], Array]:
    """Names and (T, K, 3) in millimetres of the points whose names are known."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror})", _EXPECTED) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(path, f"no table ({str(error)[:80]})", _EXPECTED) from error
    header = [cell.strip() for cell in rows[0]] if rows else []
    if set(_LONG) <= set(header):
        return _long(path, header, rows[1:])
    names = {name[:-2]: ours for name in header if name.endswith("_x") and (ours := our_name(name[:-2])) is not None}
    if not names or any(f"{name}_{axis}" not in header for name in names for axis in "yz"):
        raise FileFormatError(path, f"columns {', '.join(header)[:120]}" if header else "an empty file", _EXPECTED)
    columns = [header.index(f"{name}_{axis}") for name in names for axis in "xyz"]
    table = [_numbers(path, number, row, columns) for number, row in enumerate(rows[1:], 2) if row]
    return _once(tuple(names.values()), np.array(table, dtype=float).reshape(len(table), len(names), 3))


def _long(path: Path, header: list[str], rows: list[list[str]]) -> tuple[tuple[str, ...], Array]:
    frame_at, name_at, *places_at = (header.index(name) for name in _LONG)
    kind_at = header.index("trajectory") if "trajectory" in header else -1
    points: dict[tuple[int, str], list[float]] = {}
    for number, row in enumerate(rows, 2):
        ours = our_name(row[name_at]) if len(row) == len(header) else None
        # The same points with rigid bones follow in the same file.
        if ours is None or (kind_at >= 0 and row[kind_at].startswith("rigid")):
            continue
        if not row[frame_at].strip().isdecimal():
            raise FileFormatError(path, f"frame '{row[frame_at][:20]}'", "numbers of frames from 0", number)
        points[int(row[frame_at]), ours] = _numbers(path, number, row, places_at)
    if not points:
        raise FileFormatError(path, "no point of a body", _EXPECTED)
    names = tuple(dict.fromkeys(name for _, name in points))
    frames = sorted({frame for frame, _ in points})
    if max(np.diff(frames, prepend=frames[0])) > _LONGEST_HOLE:
        raise FileFormatError(path, f"frames {frames[0]} to {frames[-1]} with holes", f"holes of at most {_LONGEST_HOLE} frames")
    table = np.full((frames[-1] - frames[0] + 1, len(names), 3), np.nan)
    for (frame, name), place in points.items():
        table[frame - frames[0], names.index(name)] = place
    return names, table


def _numbers(path: Path, number: int, row: list[str], columns: list[int]) -> list[float]:
    try:
        return [float(row[column]) if row[column].strip() else np.nan for column in columns]
    except (ValueError, IndexError):
        raise FileFormatError(path, "a row that is cut short or a cell that is no number", "numbers or empty cells", number) from None


def _once(names: tuple[str, ...], points: Array) -> tuple[tuple[str, ...], Array]:
    """Each name's first column; a file may hold a point both as body_left_hip and as left_hip."""
    first = [names.index(name) for name in dict.fromkeys(names)]
    return tuple(names[index] for index in first), points[:, first]
