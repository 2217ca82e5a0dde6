"""DeepMimic: the reference motions of Peng et al. (2018) on their `humanoid3d`, JSON in a .txt file.

A frame has 44 numbers: its duration, the root's position, then rotations in the order of `_ORDER`, a quaternion (w, x, y, z)
for a ball joint and an angle about the file's z for a hinge. The file's axes: x forward, y up, z to the right.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.errors import AgonistError, FileFormatError
from agonist.io.json_file import load_json
from agonist.motion import Motion, fps_of, interpolate
from agonist.skeleton import Skeleton

__all__ = ["humanoid3d", "read"]

Array = NDArray[np.float64]

_EXPECTED = "a DeepMimic motion: an object with Frames of 44 numbers"
_WIDTH = 44
# Beyond these nothing is a motion any more, and resampling it would fill the memory.
_LONGEST_S, _LARGEST = 10.0, 1e6
# Columns are the file's x (forward), y (up) and z (right) in house axes: -Y, Z and -X.
_WORLD_FROM_FILE = np.array([[0.0, 0, -1], [-1, 0, 0], [0, 1, 0]])
# Joint, parent, place in the parent in metres, file axes: the measures of DeepMimic's humanoid3d character.
_JOINTS: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ("root", "", (0.0, 0.0, 0.0)),
    ("chest", "root", (0.0, 0.236151, 0.0)),
    ("neck", "chest", (0.0, 0.223894, 0.0)),
    ("right_hip", "root", (0.0, 0.0, 0.084887)),
    ("right_knee", "right_hip", (0.0, -0.421546, 0.0)),
    ("right_ankle", "right_knee", (0.0, -0.409870, 0.0)),
    ("right_shoulder", "chest", (-0.02405, 0.24350, 0.18311)),
    ("right_elbow", "right_shoulder", (0.0, -0.274788, 0.0)),
    ("right_wrist", "right_elbow", (0.0, -0.258947, 0.0)),
    ("left_hip", "root", (0.0, 0.0, -0.084887)),
    ("left_knee", "left_hip", (0.0, -0.421546, 0.0)),
    ("left_ankle", "left_knee", (0.0, -0.409870, 0.0)),
    ("left_shoulder", "chest", (-0.02405, 0.24350, -0.18311)),
    ("left_elbow", "left_shoulder", (0.0, -0.274788, 0.0)),
    ("left_wrist", "left_elbow", (0.0, -0.258947, 0.0)),
)
_HINGES = ("right_knee", "right_elbow", "left_knee", "left_elbow")
_ORDER = tuple(name for name, _, _ in _JOINTS if not name.endswith("_wrist"))


def humanoid3d() -> Skeleton:
    """DeepMimic's character, arms hanging at rest. Its wrists are points of the forearm; it has no hands or toes."""
    names = tuple(name for name, _, _ in _JOINTS)
    parents = tuple(names.index(parent) if parent else -1 for _, parent, _ in _JOINTS)
    return Skeleton(names, parents, np.array([place for _, _, place in _JOINTS]) @ _WORLD_FROM_FILE.T)


def read(path: str | PathLike[str]) -> Motion:
    """Read a motion. Frames of unequal duration are resampled to the shortest one's rate. Raises FileFormatError."""
    path = Path(path)
    frames = _frames(path, load_json(path, _EXPECTED))
    root = frames[:, 1:4] @ _WORLD_FROM_FILE.T
    skeleton = humanoid3d()
    local = rotations.identity(len(frames), len(skeleton))
    column = 4
    for name in _ORDER:
        joint = skeleton.index(name)
        if name in _HINGES:
            local[:, joint] = rotations.from_axis_angle("z", frames[:, column])
            column += 1
            continue
        quaternion = frames[:, column : column + 4]
        norm = np.linalg.norm(quaternion, axis=1)
        # The released files hold blends of two quaternions as short as 0.58, which DeepMimic itself normalises.
        if np.abs(norm - 1).max() > 0.9:
            frame = int(np.argmax(np.abs(norm - 1)))
            raise FileFormatError(path, f"a quaternion of length {norm[frame]:.3g} for {name} in frame {frame}", "unit quaternions")
        local[:, joint] = quaternion / norm[:, None]
        column += 4
    turn = rotations.from_matrix(_WORLD_FROM_FILE)
    local = rotations.multiply(rotations.multiply(turn, local), rotations.conjugate(turn))
    fps, local, root = _even(frames[:, 0], local, root)
    try:
        return Motion(skeleton, local, root, fps, provenance={"format": "deepmimic"})
    except AgonistError as error:
        raise FileFormatError(path, str(error).rstrip("."), _EXPECTED) from error


def _frames(path: Path, document: Any) -> Array:
    rows = document.get("Frames") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows:
        raise FileFormatError(path, "no Frames", _EXPECTED)
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != _WIDTH:
            found = f"{len(row)} numbers" if isinstance(row, list) else "no list"
            raise FileFormatError(path, f"{found} in frame {index}", f"{_WIDTH} numbers a frame")
    try:
        frames = np.array(rows, dtype=float)
    except (ValueError, TypeError, OverflowError) as error:
        raise FileFormatError(path, f"a value that is no number ({str(error)[:60]})", f"{_WIDTH} numbers a frame") from error
    # The last frame's own duration is often 0: nothing follows it.
    if not np.isfinite(frames).all() or frames[:, 0].min() < 0 or (len(frames) > 1 and frames[:-1, 0].min() < 1e-6):
        raise FileFormatError(path, "NaN, infinity or a frame without duration", "finite numbers and positive durations")
    if frames[:, 0].max() > _LONGEST_S or np.abs(frames[:, 1:]).max() > _LARGEST:
        found = f"a frame of {frames[:, 0].max():g} s" if frames[:, 0].max() > _LONGEST_S else f"{np.abs(frames[:, 1:]).max():g}"
        raise FileFormatError(path, found, f"durations up to {_LONGEST_S:g} s, metres and radians")
    return frames


def _even(durations: Array, local: Array, root: Array) -> tuple[float, Array, Array]:
    """Frame rate, rotations and root path at even steps of time."""
    steps = durations[:-1]
    if len(steps) == 0:
        return (fps_of(durations[0]) if durations[0] > 1e-6 else 30.0), local, root
    fps = fps_of(float(np.median(steps)))
    if np.ptp(steps) < 0.01 * np.median(steps):
        return fps, local, root
    times = np.concatenate([[0.0], np.cumsum(steps)])
    fps = min(1.0 / float(steps.min()), 240.0)
    position = np.interp(np.arange(int(times[-1] * fps + 1e-6) + 1) / fps, times, np.arange(len(times)))
    before = np.minimum(position.astype(int), len(times) - 2)
    even = rotations.slerp(local[before], local[before + 1], (position - before)[:, None])
    return fps, even, interpolate(root, 1.0, position)
