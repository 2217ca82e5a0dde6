"""Force plates: the ground reaction on each foot as it was measured, instead of estimated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agonist.errors import InputError
from agonist.io.mot_sto import OpenSimTable

__all__ = ["ForcePlates", "foot_columns", "force_plates"]

Array = NDArray[np.float64]

# Below this vertical force the centre of pressure is noise, often far outside the laboratory [ours].
_LEAST_FORCE_N = 5.0
# How OpenSim's users call the columns: (force, centre of pressure, torque), each followed by x, y, z.
_NAMES = {
    "l": (("ground_force_l_v", "ground_force_l_p", "ground_torque_l_"), ("l_ground_force_v", "l_ground_force_p", "l_ground_torque_")),
    "r": (
        ("ground_force_r_v", "ground_force_r_p", "ground_torque_r_"),
        ("r_ground_force_v", "r_ground_force_p", "r_ground_torque_"),
        ("ground_force_v", "ground_force_p", "ground_torque_"),
    ),
}


@dataclass(frozen=True, eq=False)
class ForcePlates:
    """Measured ground reaction, left foot and right foot, in house axes (Z up).

    Attributes:
        times: (T,) seconds, rising, on the clock of the motion.
        force_n: (T, 2, 3) force on the foot.
        centre_m: (T, 2, 3) where it acts.
        moment_nm: (T, 2, 3) free moment about that place.
    """

    times: Array
    force_n: Array
    centre_m: Array
    moment_nm: Array

    def at(self, time: float) -> tuple[Array, Array, Array]:
        """(2, 3) force, place and moment at a time in seconds, linear between samples; nothing outside the recording.

        The place is the one of the nearest sample under load: a mean with noise would be noise.
        """
        if not self.times[0] <= time <= self.times[-1]:
            return np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3))
        after = int(np.clip(np.searchsorted(self.times, time), 1, len(self.times) - 1))
        before = after - 1
        share = (time - self.times[before]) / (self.times[after] - self.times[before])
        force, moment = ((1 - share) * values[before] + share * values[after] for values in (self.force_n, self.moment_nm))
        place = np.empty((2, 3))
        for foot in range(2):
            loaded = self.force_n[[before, after], foot, 2] > 0
            weight = share if loaded.all() else float(loaded[1])
            place[foot] = (1 - weight) * self.centre_m[before, foot] + weight * self.centre_m[after, foot]
        return force, place, moment


def force_plates(table: OpenSimTable) -> ForcePlates:
    """Ground reaction of both feet from an OpenSim table, Y up, in the axes that `trc.read` gives the same laboratory.

    Raises InputError if the columns of a foot are not there.
    """
    each = [_foot(table, side) for side in "lr"]
    force, centre, moment = (np.stack([foot[k] for foot in each], axis=1) for k in range(3))
    standing = force[:, :, 2] > _LEAST_FORCE_N
    mask = standing[:, :, None]
    return ForcePlates(table.times, *(np.where(mask, values, 0.0) for values in (force, centre, moment)))


def foot_columns(table: OpenSimTable, side: str) -> tuple[str, str, str]:
    """Columns of force, centre of pressure and torque of the foot of a side ("l" or "r"), without the axis. Raises InputError."""
    for stems in _NAMES[side]:
        if all(f"{stem}{axis}" in table.columns for stem in stems[:2] for axis in "xyz"):
            return stems
    foot = {"l": "left", "r": "right"}[side]
    force, centre, _ = _NAMES[side][0]
    raise InputError(f"The table has no ground force of the {foot} foot. Expected columns such as {force}y and {centre}x.")


def _foot(table: OpenSimTable, side: str) -> tuple[Array, Array, Array]:
    read = [np.stack([_column(table, f"{stem}{axis}") for axis in "xyz"], axis=1) for stem in foot_columns(table, side)]
    # X stays, Y up becomes Z up.
    force, centre, moment = (np.stack([part[:, 0], -part[:, 2], part[:, 1]], axis=1) for part in read)
    return force, centre, moment


def _column(table: OpenSimTable, name: str) -> Array:
    # Some files leave the free moments out.
    return table.column(name) if name in table.columns else np.zeros(len(table))
