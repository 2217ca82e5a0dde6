"""MIA: the folders of "Muscles in Action" (Chiquier & Vondrick, ICCV 2023), `MIADatasetOfficial/SPLIT/SubjectN/EXERCISE/IDX/*.npy`.

A window is a folder of arrays, 30 frames at 10 a second: emgvalues.npy (T, 8), raw counts of eight sensors in the order of
`mia8`; joints3d.npy (T, K >= 25, 3), metres in camera axes (x right, y down, z away), of which the first 25 are BODY_25 and
the body's way through the room is not kept. Other arrays of a window (mesh, SMPL pose, camera) are never opened, and nothing
pickled is read. A longer take in one folder is read the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist.activation import Activation
from agonist.errors import AgonistError, FileFormatError, InputError
from agonist.io.atomic import atomic_path
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints
from agonist.muscles import muscle_set

__all__ = ["FPS", "FULL_SCALE_COUNTS", "PIXELS_PER_M", "MiaWindow", "read", "windows", "write"]

Array = NDArray[np.float64]

FPS = 10.0
# The largest count in the released data, of any channel and person: what reads as 1 unless the caller knows better.
FULL_SCALE_COUNTS = 515.0
# Columns are the camera's x, y and z in house axes, for a person who faces the camera: +X, -Z and +Y.
_HOUSE_FROM_CAMERA = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
_EXPECTED = "a window of MIA: a folder with joints3d.npy (T, 25 or more, 3) and emgvalues.npy (T, 8)"
# The stand-in for a camera of joints2d.npy: an upright picture of 1080 x 1920 pixels, the hips in its middle.
PIXELS_PER_M, _CENTRE_PIXELS = 600.0, (540.0, 960.0)


@dataclass(frozen=True, eq=False)
class MiaWindow:
    """One window of the data set.

    Attributes:
        keypoints: BODY_25, metres, Z up; in every frame relative to whatever the file has as origin (about the pelvis).
        activation: mia8, counts as a share of `full_scale_counts`.
        full_scale_counts: sensor counts that read as 1.
    """

    keypoints: Keypoints
    activation: Activation
    full_scale_counts: float


def read(folder: str | PathLike[str], *, full_scale_counts: float = FULL_SCALE_COUNTS) -> MiaWindow:
    """Read one window, or a take of any length in the same two arrays.

    Args:
        folder: holds joints3d.npy and emgvalues.npy.
        full_scale_counts: sensor counts that shall read as 1. Sensors are not calibrated: counts of two people cannot be
            compared unless each is divided by a reference of its own, such as that person's maximum.

    Raises:
        FileFormatError: an array is missing, broken, pickled, of a wrong shape, or holds counts outside [0, full scale].
        InputError: `full_scale_counts` is not a positive number.
    """
    folder = Path(folder)
    _check_full_scale(full_scale_counts)
    joints, counts = _load(folder / "joints3d.npy"), _load(folder / "emgvalues.npy")
    if joints.ndim != 3 or joints.shape[1] < len(BODY25.names) or joints.shape[2] != 3:
        raise FileFormatError(folder / "joints3d.npy", f"an array of shape {joints.shape}", "(T, 25 or more, 3)")
    if counts.shape != (len(joints), 8):
        raise FileFormatError(
            folder / "emgvalues.npy", f"an array of shape {counts.shape}", f"({len(joints)}, 8), as joints3d.npy has frames"
        )
    if np.isinf(joints).any():
        raise FileFormatError(folder / "joints3d.npy", "an infinite position", "metres, or NaN for a joint that was not seen")
    if not np.isfinite(counts).all() or counts.min(initial=0) < 0 or counts.max(initial=0) > full_scale_counts:
        found = f"counts from {counts.min(initial=0)} to {counts.max(initial=0)}"
        raise FileFormatError(folder / "emgvalues.npy", found, f"finite counts in [0, {full_scale_counts:g}]; or state a larger full scale")
    provenance = {"format": "mia", "folder": "/".join(folder.absolute().parts[-4:]), "full_scale_counts": full_scale_counts}
    try:
        keypoints = Keypoints(joints[:, : len(BODY25.names)] @ _HOUSE_FROM_CAMERA.T, BODY25, FPS, provenance=provenance)
        activation = Activation(
            counts / full_scale_counts, muscle_set("mia8"), FPS, unit=f"sensor counts over {full_scale_counts:g}",
            reference="sensor counts of a folder in MIA's layout", provenance=provenance,
        )  # fmt: skip
    except AgonistError as error:
        raise FileFormatError(folder, str(error).rstrip("."), _EXPECTED) from error
    return MiaWindow(keypoints, activation, full_scale_counts)


def _check_full_scale(full_scale_counts: float) -> None:
    if not (np.isfinite(full_scale_counts) and full_scale_counts > 0):
        raise InputError(f"Full scale is {full_scale_counts} counts. Expected a positive number.")


def _load(path: Path) -> Array:
    try:
        # A mapped file is checked against its size before any memory is asked for; objects (pickles) cannot be mapped.
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        if not isinstance(mapped, np.ndarray) or mapped.dtype.kind not in "fiu":
            raise FileFormatError(path, "not an array of numbers", _EXPECTED)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.array(mapped, dtype=float)
    except FileFormatError:
        raise
    except FileNotFoundError as error:
        raise FileFormatError(path, "no such file", _EXPECTED) from error
    except Exception as error:  # tokenize, struct, zip and overflow errors of a damaged header share no base class
        raise FileFormatError(path, f"cannot be read ({str(error)[:80]})", _EXPECTED) from error


def windows(root: str | PathLike[str]) -> Iterator[Path]:
    """The window folders under a data set, a split, a subject or an exercise, by split, subject, exercise and number."""

    def order(path: Path) -> tuple[str, str, str, int, str]:
        number = int(path.name) if path.name.isdecimal() else -1
        split, subject, exercise = ("", "", "", *path.parts)[-4:-1]
        return split, subject, exercise, number, path.name

    return iter(sorted((path.parent for path in Path(root).rglob("emgvalues.npy")), key=order))


def write(
    folder: str | PathLike[str], keypoints: Keypoints, activation: Activation, *, full_scale_counts: float = FULL_SCALE_COUNTS
) -> None:
    """Write one window or take: emgvalues.npy, joints3d.npy and joints2d.npy, each whole or not at all.

    As in the data set the hips are the origin of every frame, so where the body went and how high it jumped is lost, and
    activation becomes whole counts. joints2d.npy is what an upright camera far in front of the person would see.

    Args:
        folder: is made if it is not there.
        keypoints: BODY_25, all points seen, at 10 frames a second.
        activation: mia8, at 10 frames a second, as many frames.
        full_scale_counts: counts of activation 1.

    Raises:
        InputError: another layout, frame rate or number of frames, unseen points, or a folder that cannot be written.
    """
    folder = Path(folder)
    _check_full_scale(full_scale_counts)
    if keypoints.layout != BODY25 or activation.muscles != muscle_set("mia8"):
        raise InputError(f"MIA's layout holds body25 and mia8, found {keypoints.layout.name} and {activation.muscles.name}.")
    if len(keypoints) != len(activation) or max(abs(clip.fps - FPS) for clip in (keypoints, activation)) > 1e-6:
        found = f"{len(keypoints)} frames at {keypoints.fps:g} beside {len(activation)} at {activation.fps:g}"
        raise InputError(f"MIA's layout holds equally many frames at {FPS:g} a second, found {found}.")
    if not np.isfinite(keypoints.positions).all():
        raise InputError("MIA's layout has no place for keypoints that were not seen. Expected every point finite.")
    around = keypoints.positions - keypoints.positions[:, [BODY25.index("mid_hip")]]
    joints = (around @ _HOUSE_FROM_CAMERA).astype(np.float32)
    arrays = {
        "emgvalues": np.round(activation.values * full_scale_counts),
        "joints3d": joints,
        "joints2d": (joints[..., :2] * PIXELS_PER_M + _CENTRE_PIXELS).astype(np.float32),
    }
    for name, array in arrays.items():
        with atomic_path(folder / f"{name}.npy") as temporary, temporary.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)
