"""C3D: marker positions of optical motion capture, read through ezc3d (extra `mocap`)."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from agonist.errors import FileFormatError, MissingDependencyError, MotionError
from agonist.io.markers import marker_layout
from agonist.motion import Keypoints

__all__ = ["read"]


def read(path: str | PathLike[str]) -> Keypoints:
    """Markers as Keypoints in metres; C3D files are Z up by convention. Raises FileFormatError, MissingDependencyError."""
    path = Path(path)
    try:
        import ezc3d
    except ImportError as error:
        raise MissingDependencyError("ezc3d", "mocap", "Reading C3D files") from error
    try:
        head = path.read_bytes()[:512]
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror})", "a C3D file") from error
    # The second byte of every C3D file is 0x50; ezc3d crashes the process on some files that are none.
    if len(head) < 512 or head[1] != 0x50:
        raise FileFormatError(path, "no C3D header", "a C3D file")
    try:
        file = ezc3d.c3d(str(path))
        points = np.asarray(file["data"]["points"], dtype=float)
        group = file["parameters"]["POINT"]
        names = tuple(str(name) for name in group["LABELS"]["value"])[: points.shape[1]]
        fps = float(group["RATE"]["value"][0])
        scale = 0.001 if not group["UNITS"]["value"] or str(group["UNITS"]["value"][0]).lower() == "mm" else 1.0
    except (RuntimeError, ValueError, KeyError, IndexError, OSError, MemoryError) as error:
        raise FileFormatError(path, f"ezc3d cannot read it ({str(error)[:80]})", "a C3D file with points") from error
    positions = np.moveaxis(points[:3], (0, 1, 2), (2, 1, 0)) * scale
    try:
        return Keypoints(positions, marker_layout(names), fps, provenance={"format": "c3d"})
    except MotionError as error:
        raise FileFormatError(path, str(error).rstrip("."), "at least one marker seen at one frame") from error
