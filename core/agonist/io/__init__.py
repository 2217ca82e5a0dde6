"""Files: one module a format, each with read() and write(). `read` here chooses by the file's suffix."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path

from agonist.errors import FileFormatError
from agonist.motion import Keypoints, Motion

__all__ = ["SUFFIXES", "read"]

Clip = Motion | Keypoints


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


SUFFIXES: dict[str, Callable[[Path], Clip]] = {
    ".bvh": _bvh,
    ".amc": _amc,
    ".npz": _npz,
    ".trc": _trc,
    ".c3d": _c3d,
    ".json": _json,
}


def read(path: str | PathLike[str]) -> Clip:
    """A motion file as Motion (joint rotations) or Keypoints. Raises FileFormatError."""
    path = Path(path)
    reader = SUFFIXES.get(path.suffix.lower())
    if reader is None:
        raise FileFormatError(path, f"a file ending in '{path.suffix}'", f"one of {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise FileFormatError(path, "no such file", "a motion file")
    return reader(path)
