"""Files: one module a format, each with read() and, where we write the format, write(). `read` here chooses by the suffix.

Modules are loaded when a file of their kind is read; none needs more than numpy.
"""

from __future__ import annotations

from collections.abc import Callable
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

__all__ = ["FORMATS", "SUFFIXES", "read", "read_activation", "read_with_layout"]

Clip = Motion | Keypoints

FORMATS: tuple[str, ...] = (
    "asf_amc", "bvh", "c3d", "coordinates", "csv_activation", "deepmimic", "keypoints_json", "markers", "mot_sto", "npz", "openpose", "trc",
)  # fmt: skip


def __getattr__(name: str) -> ModuleType:
    """`agonist.io.npz` and its siblings, loaded at first use."""
    if name in FORMATS:
        return import_module(f"agonist.io.{name}")
    raise AttributeError(f"module 'agonist.io' has no attribute '{name}'")


def _bvh(path: Path) -> Clip:
    from agonist.io import bvh

    return bvh.read(path).motion


def _amc(path: Path) -> Clip:
    from agonist.io import asf_amc

    return asf_amc.read(path)


def _npz(path: Path) -> Clip:
    from agonist.io import npz

    return npz.read(path)


def _body(markers: Keypoints) -> Keypoints:
    """Markers of a known set as BODY_25; an unknown set as it is."""
    from agonist.io.markers import markers_to_body25

    return markers_to_body25(markers) or markers


def _trc(path: Path) -> Clip:
    from agonist.io import trc

    return _body(trc.read(path))


def _c3d(path: Path) -> Clip:
    from agonist.io import c3d

    return _body(c3d.read(path))


def _json(path: Path) -> Clip:
    from agonist.io import keypoints_json

    return keypoints_json.read(path)


def _txt(path: Path) -> Clip:
    from agonist.io import deepmimic

    return deepmimic.read(path)


def _mot(path: Path) -> Clip:
    from agonist.io import coordinates, mot_sto

    table = mot_sto.read(path)
    if not coordinates.is_coordinates(table):
        needed = ", ".join(coordinates.NEEDED_COORDINATES[:8])
        raise FileFormatError(path, "a table without the joint angles of a lower body", f"those of an OpenSim gait model: {needed} ...")
    try:
        return coordinates.motion_from_coordinates(table)
    except InputError as error:
        raise FileFormatError(path, str(error).rstrip("."), "finite angles over time") from error


SUFFIXES: dict[str, Callable[[Path], Clip]] = {
    ".bvh": _bvh,
    ".amc": _amc,
    ".npz": _npz,
    ".trc": _trc,
    ".c3d": _c3d,
    ".json": _json,
    ".txt": _txt,
    ".mot": _mot,
    ".sto": _mot,
}


def read(path: str | PathLike[str]) -> Clip:
    """A motion file as Motion (joint rotations) or Keypoints; a folder is read as OpenPose's, one file a frame.

    Raises FileFormatError.
    """
    path = Path(path)
    if path.is_dir():
        from agonist.io import openpose

        return openpose.read(path)
    reader = SUFFIXES.get(path.suffix.lower())
    if reader is None:
        raise FileFormatError(path, f"a file ending in '{path.suffix}'", f"one of {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise FileFormatError(path, "no such file", "a motion file")
    return reader(path)


def read_activation(path: str | PathLike[str]) -> Activation:
    """An activation file, .csv or .npz. Raises FileFormatError."""
    from agonist.io import csv_activation, npz

    readers = {".csv": csv_activation.read, ".npz": npz.read_activation}
    suffix = Path(path).suffix.lower()
    if suffix not in readers:
        raise FileFormatError(path, f"a file ending in '{suffix}'", f"activation in a file ending in {' or '.join(readers)}")
    return readers[suffix](path)


def read_with_layout(path: str | PathLike[str]) -> tuple[Clip, BvhLayout | None]:
    """A motion file and, of a BVH file, what `bvh.write` needs to write it the same way; None of any other.

    Raises FileFormatError.
    """
    path = Path(path)
    if path.suffix.lower() == ".bvh" and path.is_file():
        from agonist.io import bvh

        file = bvh.read(path)
        return file.motion, file.layout
    return read(path), None
