"""OpenPose JSON: a folder with one file a frame, or one file with a list of frames.

Only reconstructions in space (`pose_keypoints_3d`: x, y, z, confidence) can become Keypoints; an image's pixels have no depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.errors import AgonistError, FileFormatError
from agonist.io.json_file import load_json
from agonist.keypoint_layouts import BODY25, LAYOUTS
from agonist.motion import Keypoints

__all__ = ["WORLD_FROM_FILE", "from_document", "one_a_series", "read", "series_of"]

Array = NDArray[np.float64]

_EXPECTED = "OpenPose frames with people and their pose_keypoints_3d (x, y, z, confidence)"
# Rows are house x, y, z in the file's axes: a camera's axes have x right, y down and z away from it; a world may be Z up.
WORLD_FROM_FILE = {
    "-y": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "y": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "z": np.eye(3),
}


def read(
    path: str | PathLike[str], *, fps: float = 30.0, unit_m: float = 1.0, up: str = "-y", person: int = 0
) -> Keypoints:
    """Read the keypoints of one person.

    Args:
        path: a folder of *.json, one file a frame in the order of the numbers in their names, beside which may lie other JSON;
            one file of such a series, which stands for all of it; or one file with a list of frames.
        fps: frame rate, which the format does not carry.
        unit_m: metres in one unit of the file; OpenPose has the unit of the camera calibration.
        up: "-y" for a camera's axes (OpenPose's own), "y" or "z".
        person: which of the people in a frame; frames with fewer people have no keypoints.

    Raises:
        FileFormatError: no frames, pixels only, or numbers that are none.
    """
    path = Path(path)
    if not path.is_dir():
        document = load_json(path, _EXPECTED)
        files = series_of(path) if isinstance(document, dict) else [path]
        document = document if len(files) == 1 else _frames(files)
        return from_document(path, document, fps=fps, unit_m=unit_m, up=up, person=person)
    files = sorted(path.glob("*.json"), key=lambda file: [int(part) if part.isdecimal() else part for part in _parts(file.stem)])
    if not files:
        raise FileFormatError(path, "a folder without .json files", "a folder of OpenPose's, one file a frame")
    return from_document(path, _frames(files), fps=fps, unit_m=unit_m, up=up, person=person)


def _frames(files: list[Path]) -> list[Any]:
    """The files' frames, without what is no frame of theirs (a camera's calibration, a list of people). Raises FileFormatError."""
    documents = {file: load_json(file, _EXPECTED) for file in files}
    with_people = [file for file in files if isinstance(documents[file], dict) and "people" in documents[file]]
    # A frame left out would move all that follow it in time.
    series = {one for file in with_people[:1] for one in series_of(file)}
    for file in files:
        if file not in with_people and (file in series or not with_people):
            raise FileFormatError(file, "no people", _EXPECTED)
    other = next((file for file in with_people if file not in series), None) if len(series) > 1 else None
    if other is not None:
        found = f"frames of several recordings, {with_people[0].name} and {other.name}"
        raise FileFormatError(other.parent, found, "those of one; a file of a recording stands for all of its frames")
    return [documents[file] for file in with_people]


def series_of(path: Path) -> list[Path]:
    """The files whose names differ from this one's in its last number only, in the order of that number; `path` alone if there is none."""
    parts = _parts(path.stem)
    if len(parts) < 2:
        return [path]
    head, tail = "".join(parts[:-2]), parts[-1] + path.suffix
    numbers = {file: file.name.removeprefix(head).removesuffix(tail) for file in path.parent.iterdir() if file.suffix == path.suffix}
    files = [file for file, number in numbers.items() if file.name == head + number + tail and number.isdecimal()]
    return sorted(files, key=lambda file: int(numbers[file])) or [path]


def one_a_series(paths: Iterable[Path]) -> list[Path]:
    """`paths` in their order, without further frames of an OpenPose series of which one is there already and stands for all of it.

    What is no such frame, or cannot be read, is kept.
    """
    chosen: list[Path] = []
    covered: set[Path] = set()
    for path in paths:
        if path in covered:
            continue
        chosen.append(path)
        try:
            document = load_json(path, _EXPECTED) if path.suffix.lower() == ".json" else None
        except FileFormatError:
            continue
        if isinstance(document, dict) and "people" in document:
            covered.update(series_of(path))
    return chosen


def _parts(stem: str) -> list[str]:
    """Words and numbers in turn, so that frame 10 follows frame 9."""
    return re.split(r"([0-9]{1,18})", stem)


def from_document(
    path: Path, document: Any, *, fps: float = 30.0, unit_m: float = 1.0, up: str = "-y", person: int = 0
) -> Keypoints:
    """Keypoints of frames that are loaded already; `path` is for messages. Raises FileFormatError."""
    if up not in WORLD_FROM_FILE:
        raise FileFormatError(path, f"'{up}' up", f"one of {', '.join(WORLD_FROM_FILE)}")
    frames = document if isinstance(document, list) else [document]
    points = [_person(path, index, frame, person) for index, frame in enumerate(frames)]
    counts = {len(one) for one in points if one is not None}
    if len(counts) != 1:
        found = "nobody in any frame" if not counts else f"frames with {' and '.join(map(str, sorted(counts)))} keypoints"
        raise FileFormatError(path, found, _EXPECTED)
    count = counts.pop()
    layout = next((one for one in (BODY25, *LAYOUTS.values()) if len(one.names) == count), None)
    if layout is None:
        sizes = ", ".join(f"{one.name} {len(one.names)}" for one in LAYOUTS.values())
        raise FileFormatError(path, f"{count} keypoints", f"as many as a known layout has: {sizes}")
    table = np.stack([np.full((count, 4), np.nan) if one is None else one for one in points])
    seen = np.isfinite(table).all(axis=-1) & (table[..., 3] > 0)
    with np.errstate(over="ignore", invalid="ignore"):
        positions = np.where(seen[..., None], table[..., :3], np.nan) @ WORLD_FROM_FILE[up].T * unit_m
    try:
        confidence = np.where(seen, np.clip(table[..., 3], 0, 1), 0.0)
        return Keypoints(positions, layout, fps, confidence, provenance={"format": "openpose", "unit_m": unit_m, "up": up})
    except AgonistError as error:
        raise FileFormatError(path, str(error).rstrip("."), _EXPECTED) from error


def _person(path: Path, index: int, frame: Any, person: int) -> Array | None:
    """(K, 4) x, y, z and confidence, or None where the frame has no such person."""
    people = frame.get("people") if isinstance(frame, dict) else None
    if not isinstance(people, list) or not all(isinstance(one, dict) for one in people):
        raise FileFormatError(path, f"no people in frame {index}", _EXPECTED)
    if not 0 <= person < len(people):
        return None
    numbers = people[person].get("pose_keypoints_3d")
    if not numbers:
        if people[person].get("pose_keypoints_2d"):
            found = f"only pixels (pose_keypoints_2d) in frame {index}"
            raise FileFormatError(path, found, "pose_keypoints_3d, as OpenPose writes with --3d; or give the video itself")
        return None
    try:
        table = np.array(numbers, dtype=float)
        return table.reshape(-1, 4)
    except (ValueError, TypeError, OverflowError) as error:
        raise FileFormatError(path, f"frame {index}: {str(error)[:60]}", "four numbers a keypoint") from error
