"""Files: one module a format, each with read() and, where we write the format, write(). `read` here chooses by the suffix.

Modules are loaded when a file of their kind is read; none needs more than numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from agonist.errors import FileFormatError, InputError
from agonist.motion import Keypoints, Motion

if TYPE_CHECKING:
    from agonist.activation import Activation
    from agonist.io.bvh import BvhLayout

__all__ = ["FORMATS", "SUFFIXES", "Unsaid", "is_activation", "read", "read_activation", "read_with_layout"]

Clip = Motion | Keypoints

FORMATS: tuple[str, ...] = (
    "amass", "asf_amc", "bvh", "c3d", "coordinates", "csv_activation", "deepmimic", "freemocap", "keypoint_names", "keypoints_json",
    "markers", "mot_sto", "npz", "openpose", "trc",
)  # fmt: skip


# Frames a second of a file without a clock, unless its format is known for another.
_FPS = 30.0


def __getattr__(name: str) -> ModuleType:
    """`agonist.io.npz` and its siblings, loaded at first use."""
    if name in FORMATS:
        return import_module(f"agonist.io.{name}")
    raise AttributeError(f"module 'agonist.io' has no attribute '{name}'")


@dataclass(frozen=True)
class Unsaid:
    """What some formats do not say; a file that does say it is believed.

    Attributes:
        fps: frames a second of files that have no clock: OpenPose's, FreeMoCap's, AMC, and an NPZ without `fps`; None for what is
            usual, 120 of AMC and 30 of the others.
        up: the up axis of OpenPose's, FreeMoCap's, AMASS, TRC and C3D files: "y", "z" or "-y" (a camera's axes); None for the one
            that is usual in the format, and of a TRC for the one along which its body stands.
        person: which of the people in OpenPose's frames.
    """

    fps: float | None = None
    up: str | None = None
    person: int = 0


def _bvh(path: Path, unsaid: Unsaid) -> Clip:
    from agonist.io import bvh

    return bvh.read(path).motion


def _amc(path: Path, unsaid: Unsaid) -> Clip:
    from agonist.io import asf_amc

    return asf_amc.read(path, fps=unsaid.fps or asf_amc.CMU_FPS)


def _npz(path: Path, unsaid: Unsaid) -> Clip:
    from agonist.io import npz

    return npz.read(path, fps=unsaid.fps or _FPS, up=unsaid.up or "z")


def _body(path: Path, points: Keypoints) -> Keypoints:
    """Keypoints and markers of a known set as a body; an unknown set as it is."""
    from agonist.io.keypoint_names import is_flat, known_keypoints
    from agonist.io.markers import markers_to_body25

    found = known_keypoints(points) or markers_to_body25(points)
    if found is not None and is_flat(found):
        raise FileFormatError(
            path, "keypoints of a picture, all in one plane", "points in space: Pose2Sim's, or Sports2D's in metres with a visible side"
        )
    return found or points


def _trc(path: Path, unsaid: Unsaid) -> Clip:
    from agonist.io import trc
    from agonist.io.keypoint_names import stands_along

    body = _body(path, trc.read(path, up=unsaid.up or "y"))
    # With Y up the file's Z is our -Y.
    if unsaid.up is None and stands_along(body, (0.0, -1.0, 0.0)):
        body = _body(path, trc.read(path, up="z"))
    return body


def _c3d(path: Path, unsaid: Unsaid) -> Clip:
    from agonist.io import c3d

    return _body(path, c3d.read(path, up=unsaid.up))


def _json(path: Path, unsaid: Unsaid) -> Clip:
    from agonist.io import keypoints_json

    return keypoints_json.read(path, fps=unsaid.fps or _FPS, up=unsaid.up or "-y", person=unsaid.person)


def _freemocap(path: Path, unsaid: Unsaid) -> Clip:
    from agonist.io import freemocap

    return freemocap.read(path, fps=unsaid.fps or _FPS, up=unsaid.up or "z")


def _txt(path: Path, unsaid: Unsaid) -> Clip:
    from agonist.io import deepmimic

    return deepmimic.read(path)


def _mot(path: Path, unsaid: Unsaid) -> Clip:
    from agonist.io import coordinates, mot_sto

    table = mot_sto.read(path)
    if not coordinates.is_coordinates(table):
        needed = ", ".join(coordinates.NEEDED_COORDINATES[:8])
        raise FileFormatError(path, "a table without the joint angles of a lower body", f"those of an OpenSim gait model: {needed} ...")
    try:
        return coordinates.motion_from_coordinates(table)
    except InputError as error:
        raise FileFormatError(path, str(error).rstrip("."), "finite angles over time") from error


SUFFIXES: dict[str, Callable[[Path, Unsaid], Clip]] = {
    ".bvh": _bvh,
    ".amc": _amc,
    ".npz": _npz,
    ".trc": _trc,
    ".c3d": _c3d,
    ".json": _json,
    ".csv": _freemocap,
    ".npy": _freemocap,
    ".txt": _txt,
    ".mot": _mot,
    ".sto": _mot,
}


def read(path: str | PathLike[str], unsaid: Unsaid = Unsaid()) -> Clip:
    """A motion file as Motion (joint rotations) or Keypoints, with what the file leaves `unsaid`.

    A folder, or one of OpenPose's numbered files, is read as OpenPose's: one file a frame. Raises FileFormatError.
    """
    path = Path(path)
    if path.is_dir():
        from agonist.io import openpose

        return openpose.read(path, fps=unsaid.fps or _FPS, up=unsaid.up or "-y", person=unsaid.person)
    reader = SUFFIXES.get(path.suffix.lower())
    if not path.is_file():
        known = "a motion file" if reader else f"a motion file, which ends in one of {', '.join(SUFFIXES)}"
        raise FileFormatError(path, "no such file", known)
    if reader is None:
        raise FileFormatError(path, f"a file ending in '{path.suffix}'", f"one of {', '.join(SUFFIXES)}")
    return reader(path, unsaid)


def is_activation(path: str | PathLike[str]) -> bool:
    """Whether a file holds activation, for formats that hold motions too: a CSV whose header begins with time_s, our own NPZ."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        from agonist.io import npz

        return npz.is_activation(path)
    if suffix != ".csv" or not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        # A spreadsheet may have put the comments in quotes.
        lines = (line.lstrip('"') for line in stream)
        return next((line for line in lines if line.strip() and not line.startswith("#")), "").startswith("time_s")


def read_activation(path: str | PathLike[str]) -> Activation:
    """An activation file, .csv or .npz. Raises FileFormatError."""
    from agonist.io import csv_activation, npz

    readers = {".csv": csv_activation.read, ".npz": npz.read_activation}
    suffix = Path(path).suffix.lower()
    if suffix not in readers:
        found = f"a file ending in '{suffix}'" if Path(path).exists() else "no such file"
        raise FileFormatError(path, found, f"activation in a file ending in {' or '.join(readers)}")
    return readers[suffix](path)


def read_with_layout(path: str | PathLike[str], unsaid: Unsaid = Unsaid()) -> tuple[Clip, BvhLayout | None]:
    """A motion file, with what it leaves `unsaid`, and, of a BVH file, what `bvh.write` needs to write it the same way; None of any other.

    Raises FileFormatError.
    """
    path = Path(path)
    if path.suffix.lower() == ".bvh" and path.is_file():
        from agonist.io import bvh

        file = bvh.read(path)
        return file.motion, file.layout
    return read(path, unsaid), None
