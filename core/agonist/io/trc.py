"""TRC: marker positions as OpenSim, Motion Analysis, Sports2D and Pose2Sim write them; a tab-separated table, usually Y up."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import numpy as np

from agonist.errors import FileFormatError, MotionError
from agonist.io.atomic import atomic_path
from agonist.io.markers import marker_layout
from agonist.motion import Keypoints

__all__ = ["read", "write"]

_UNITS = {"mm": 0.001, "m": 1.0, "cm": 0.01, "meters": 1.0}


def read(path: str | PathLike[str], *, up: str = "y") -> Keypoints:
    """Markers as Keypoints in house axes. `up` is the file's up axis, "y" or "z", which the format does not tell.

    Raises FileFormatError.
    """
    path = Path(path)
    if up not in ("y", "z"):
        raise FileFormatError(path, f"'{up}' up", "y or z")
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror})", "a TRC file") from error
    if len(lines) < 6 or not lines[0].startswith("PathFileType"):
        raise FileFormatError(path, "no TRC header" if lines else "an empty file", "a TRC file that begins with PathFileType")
    # Some writers pad with extra tabs, in one line and not in the other.
    header = dict(zip(lines[1].split(), lines[2].split(), strict=False))
    try:
        fps, frames, count = float(header["DataRate"]), int(header["NumFrames"]), int(header["NumMarkers"])
        scale = _UNITS[header["Units"].lower()]
    except (KeyError, ValueError) as error:
        expected = f"numeric DataRate, NumFrames, NumMarkers and Units among {', '.join(_UNITS)}"
        raise FileFormatError(path, f"header entry {error}", expected, 3) from error
    names = tuple(name.strip() for name in lines[3].split("\t")[2:] if name.strip())
    if len(names) != count or len(set(names)) != count:
        raise FileFormatError(path, f"{len(set(names))} marker names", f"{count}, as NumMarkers says", 4)
    rows: list[list[float]] = []
    start = 0.0
    for number, line in enumerate(lines[5:], 6):
        if not line.strip():
            continue
        _, time, *cells = [*line.rstrip("\r\n").split("\t"), "", ""]
        cells = (cells + [""] * (3 * count))[: 3 * count]
        try:
            if not rows and time.strip():
                start = float(time)
            rows.append([float(cell) if cell.strip() else np.nan for cell in cells])
        except ValueError:
            raise FileFormatError(path, "a cell that is no number", "numbers or empty cells", number) from None
    if not np.isfinite(start):
        raise FileFormatError(path, f"a time of {start}", "seconds", 6)
    if len(rows) != frames:
        raise FileFormatError(path, f"{len(rows)} frames", f"{frames}, as NumFrames says; the file may be cut short")
    positions = np.array(rows).reshape(len(rows), count, 3) * scale
    if up == "y":
        positions = np.stack([positions[..., 0], -positions[..., 2], positions[..., 1]], axis=-1)
    try:
        return Keypoints(positions, marker_layout(names), fps, start=start, provenance={"format": "trc"})
    except MotionError as error:
        raise FileFormatError(path, str(error).rstrip("."), "markers at a positive rate") from error


def write(path: str | PathLike[str], keypoints: Keypoints) -> None:
    """Keypoints or markers in millimetres, Y up, whole or not at all; a point that was not seen is an empty cell."""
    path = Path(path)
    names, count = keypoints.layout.names, len(keypoints.layout.names)
    points = np.stack([keypoints.positions[..., 0], keypoints.positions[..., 2], -keypoints.positions[..., 1]], axis=-1) * 1000
    entries = {
        "DataRate": f"{keypoints.fps:.10g}", "CameraRate": f"{keypoints.fps:.10g}", "NumFrames": str(len(keypoints)),
        "NumMarkers": str(count), "Units": "mm", "OrigDataRate": f"{keypoints.fps:.10g}", "OrigDataStartFrame": "1",
        "OrigNumFrames": str(len(keypoints)),
    }  # fmt: skip
    lines = [f"PathFileType\t4\t(X/Y/Z)\t{path.name}", "\t".join(entries), "\t".join(entries.values())]
    lines.append("Frame#\tTime\t" + "\t".join(f"{name}\t\t" for name in names))
    lines.append("\t\t" + "\t".join(f"{axis}{k + 1}" for k in range(count) for axis in "XYZ"))
    for frame, row in enumerate(points.reshape(len(points), -1)):
        cells = ["" if np.isnan(value) else f"{value:.6f}" for value in row]
        lines.append("\t".join([str(frame + 1), f"{keypoints.start + frame / keypoints.fps:.6f}", *cells]))
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
