"""Joint angles of OpenSim's gait models (gait2392, Rajagopal 2016) to a Motion on the standard humanoid.

Their conventions (Delp et al. 1990; Rajagopal et al. 2016): X forward, Y up, Z to the right; pelvis, hip, lumbar and
shoulder turn about Z, then X, then Y; flexion, adduction and inward rotation are positive on both sides. The knee bends
towards negative angles in gait2392 and positive ones in Rajagopal's model; a knee bends one way only, so its mean says which.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.errors import InputError
from agonist.humanoid import LEG, humanoid_skeleton
from agonist.io.mot_sto import OpenSimTable
from agonist.motion import Motion

__all__ = ["NEEDED_COORDINATES", "is_coordinates", "motion_from_coordinates"]

Array = NDArray[np.float64]
Angle = Callable[[str], Array]

NEEDED_COORDINATES: tuple[str, ...] = (
    "pelvis_tilt", "pelvis_list", "pelvis_rotation", "pelvis_tx", "pelvis_ty", "pelvis_tz",
    *(f"{joint}_{side}" for side in "rl" for joint in ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle")),
)  # fmt: skip

# gait2392, standing: the pelvis' origin (between the ASIS) is 0.95 m up, hip to ankle 0.826 m; the hips from that origin.
_PELVIS_HEIGHT_M, _LEG_LENGTH_M, _HIPS_FROM_PELVIS_M = 0.95, 0.826, (-0.0707, -0.0661, 0.0)
# Axes of the right ankle, subtalar joint and elbow; the left ones are their mirror images.
_ANKLE, _SUBTALAR, _ELBOW = (-0.105, -0.174, 0.979), (0.787, 0.605, -0.121), (0.226, 0.022, 0.974)
# What a pelvis' height may say of the height of a body [ours]; where it says less or more it is measured from something else.
_BODY_M, _USUAL_BODY_M = (0.6, 2.5), 1.75
# Degrees of many turns and metres of a long walk stay below this; what does not is damage.
_LARGEST = 1e5
# Rows: left, back and up, the axes in which the humanoid rests, in OpenSim's.
_HOUSE_FROM_OPENSIM = np.array([[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def is_coordinates(table: OpenSimTable) -> bool:
    """Whether a table holds joint angles of a whole lower body."""
    return set(NEEDED_COORDINATES) <= set(_short(table))


def _short(table: OpenSimTable) -> dict[str, int]:
    """Column by coordinate; a path such as /jointset/hip_r/hip_flexion_r/value counts by its coordinate."""
    return {name.removesuffix("/value").split("/")[-1]: k for k, name in enumerate(table.columns) if not name.endswith("/speed")}


def motion_from_coordinates(table: OpenSimTable, height_m: float | None = None) -> Motion:
    """A Motion at even times, Z up, in the axes that `trc.read` gives the same laboratory. Missing joints (arms, lumbar) hang at rest.

    Args:
        table: joint angles, and the pelvis' place in metres.
        height_m: body height; if None the one whose legs fit the height of the pelvis, or 1.75 m where no body is as tall as that.

    Where a table does not say what its angles are, they are degrees if a leg's joint would else turn half a circle or more.

    Raises:
        InputError: coordinates are missing, or not finite.
    """
    column = _short(table)
    missing = [name for name in NEEDED_COORDINATES if name not in column]
    if missing:
        raise InputError(f"The table lacks {', '.join(missing[:4])}. Expected the coordinates of an OpenSim gait model.")
    if not np.isfinite(table.values).all() or len(table) < 2:
        raise InputError("The coordinates hold NaN or a single row. Expected two finite rows or more.")
    if np.abs(table.values).max() > _LARGEST:
        raise InputError(f"The coordinates reach {np.abs(table.values).max():.3g}. Expected angles and metres below {_LARGEST:g}.")
    fps = float(round(table.fps, 6))
    times = table.times[0] + np.arange(len(table)) / fps
    even = np.stack([np.interp(times, table.times, values) for values in table.values.T], axis=1)

    legs = even[:, [column[name] for name in NEEDED_COORDINATES if not name.startswith("pelvis")]]
    in_degrees = bool(np.abs(legs).max() > np.pi) if table.in_degrees is None else table.in_degrees

    def angle(name: str) -> Array:
        values = even[:, column[name]] if name in column else np.zeros(len(even))
        return np.radians(values) if in_degrees else values

    place = even[:, [column[f"pelvis_t{axis}"] for axis in "xyz"]]
    height = height_m or _height_m(place[:, 1])
    skeleton = humanoid_skeleton(height)
    local = rotations.identity(len(even), len(skeleton))
    turns = {"pelvis": _cardan(angle("pelvis_tilt"), angle("pelvis_list"), angle("pelvis_rotation")),
             "spine": _cardan(angle("lumbar_extension"), angle("lumbar_bending"), angle("lumbar_rotation"))}  # fmt: skip
    for side, sign in (("r", 1.0), ("l", -1.0)):
        turns |= _leg(angle, side, sign) | _arm(angle, side, sign)
    for joint, turn in turns.items():
        local[:, skeleton.index(joint)] = turn
    # The humanoid rests facing -Y; the laboratory's X, where the model faces, stays X.
    yaw = rotations.from_axis_angle("z", np.array(np.pi / 2))
    local[:, 0] = rotations.multiply(yaw, turns["pelvis"])
    hips = rotations.rotate(turns["pelvis"], _house(np.array(_HIPS_FROM_PELVIS_M)) * height * LEG / _LEG_LENGTH_M)
    root = rotations.rotate(yaw, place @ _HOUSE_FROM_OPENSIM.T + hips)
    provenance = {"format": "opensim coordinates", "height_m": height, "in_degrees": in_degrees}
    return Motion(skeleton, local, root, fps, start=float(times[0]), provenance=provenance)


def _height_m(pelvis_m: Array) -> float:
    height = float(np.percentile(pelvis_m, 95)) * _LEG_LENGTH_M / _PELVIS_HEIGHT_M / LEG
    return height if _BODY_M[0] <= height <= _BODY_M[1] else _USUAL_BODY_M


def _house(vector: Array) -> Array:
    return _HOUSE_FROM_OPENSIM @ vector


def _about(axis: tuple[float, float, float], angle: Array) -> Array:
    """Quaternions (T, 4) in the house's axes about an axis in OpenSim's."""
    vector = _house(np.array(axis) / np.linalg.norm(axis))
    return rotations.from_rotvec(angle[:, None] * vector)


def _cardan(z: Array, x: Array, y: Array) -> Array:
    turned = rotations.multiply(_about((0, 0, 1), z), _about((1, 0, 0), x))
    return rotations.multiply(turned, _about((0, 1, 0), y))


def _mirrored(axis: tuple[float, float, float], sign: float) -> tuple[float, float, float]:
    """An axis of the right body side on the left: a mirror image turns the other way about X and Y."""
    return (sign * axis[0], sign * axis[1], axis[2])


def _leg(angle: Angle, side: str, sign: float) -> dict[str, Array]:
    knee = angle(f"knee_angle_{side}")
    ankle = _about(_mirrored(_ANKLE, sign), angle(f"ankle_angle_{side}"))
    return {
        f"hip_{side}": _cardan(angle(f"hip_flexion_{side}"), sign * angle(f"hip_adduction_{side}"), sign * angle(f"hip_rotation_{side}")),
        f"knee_{side}": _about((0, 0, 1), knee if knee.mean() < 0 else -knee),
        f"ankle_{side}": rotations.multiply(ankle, _about(_mirrored(_SUBTALAR, sign), angle(f"subtalar_angle_{side}"))),
    }


def _arm(angle: Angle, side: str, sign: float) -> dict[str, Array]:
    # The humanoid rests in T-pose, OpenSim's arm hangs: the left arm turns down about +Y of the house, the right about -Y.
    hang = rotations.from_axis_angle("y", np.full(len(angle("pelvis_tilt")), -sign * np.pi / 2))
    shoulder = _cardan(angle(f"arm_flex_{side}"), sign * angle(f"arm_add_{side}"), sign * angle(f"arm_rot_{side}"))
    elbow = _about(_mirrored(_ELBOW, sign), angle(f"elbow_flex_{side}"))
    return {
        f"shoulder_{side}": rotations.multiply(shoulder, hang),
        f"elbow_{side}": rotations.multiply(rotations.multiply(rotations.conjugate(hang), elbow), hang),
    }
