"""Real recordings of people walking and running, with force plates and EMG, against which the body is measured.

OpenSim's Moco example is one person and one overground walk; CEINMS-RT's is another person, a treadmill walk and a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from agonist.body.plates import foot_columns
from agonist.errors import FileFormatError
from agonist.io import mot_sto, read
from agonist.io.coordinates import motion_from_coordinates
from agonist.io.mot_sto import OpenSimTable
from agonist.motion import Keypoints, Motion

__all__ = ["GRAVITY_M_S2", "Trial", "recorded_trials"]

Array = NDArray[np.float64]

GRAVITY_M_S2 = 9.81

_MOCO_EMG = {
    "soleus": ("soleus_r",), "gastrocnemius": ("gasmed_r", "gaslat_r"), "tibialis_anterior": ("tibant_r",),
    "medial_hamstrings": ("semimem_r", "semiten_r"), "biceps_femoris": ("bflh_r", "bfsh_r"), "vastus_lateralis": ("vaslat_r",),
    "vastus_medius": ("vasmed_r",), "rectus_femoris": ("recfem_r",), "gluteus_maximus": ("glmax1_r", "glmax2_r", "glmax3_r"),
    "gluteus_medius": ("glmed1_r", "glmed2_r", "glmed3_r"),
}  # fmt: skip
_CEINMS_EMG = {
    "soleus_r": ("soleus_r",), "med_gas_r": ("gasmed_r",), "lat_gas_r": ("gaslat_r",), "tib_ant_r": ("tibant_r",),
    "semimem_r": ("semimem_r",), "bifemlh_r": ("bflh_r",), "vas_lat_r": ("vaslat_r",), "rect_fem_r": ("recfem_r",),
    "vas_med_r": ("vasmed_r",),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Trial:
    """One recording.

    Attributes:
        name: what it is called in a table.
        clip: the motion.
        mass_kg: of the person.
        window: seconds from and to which it is compared.
        grf: the force plates' table.
        emg: envelopes.
        emg_muscles: column -> the muscles of our model behind it.
        peer_muscles: column -> the muscles of the OpenSim model behind it.
        torques: OpenSim's inverse dynamics with the plates.
        knee_sign: what turns OpenSim's knee angle into ours, which bends in the positive direction.
        model, coordinates, grf_file: files for OpenSim itself.
    """

    name: str
    clip: Motion | Keypoints
    mass_kg: float
    window: tuple[float, float]
    grf: OpenSimTable
    emg: OpenSimTable
    emg_muscles: Mapping[str, tuple[str, ...]]
    peer_muscles: Mapping[str, tuple[str, ...]]
    torques: OpenSimTable
    knee_sign: float
    model: Path
    coordinates: Path
    grf_file: Path

    def vertical_force(self, side: str, times: Array) -> Array:
        """(T,) N on a foot, at times in seconds."""
        return np.interp(times, self.grf.times, self.grf.column(f"{foot_columns(self.grf, side)[0]}y"))


def recorded_trials(data: Path, seconds: float) -> tuple[Trial, ...]:
    """The walk of opensim_moco/, the walk and the run of ceinmsrt_gait/ (their first `seconds`). Raises FileFormatError."""
    moco, ceinms = data / "opensim_moco", data / "ceinmsrt_gait"
    return _moco(moco), _treadmill("walk", ceinms / "walk36", 3.6, seconds), _treadmill("run", ceinms / "run81", 8.1, seconds)


def _moco(folder: Path) -> Trial:
    return Trial(
        name="opensim_moco walk",
        clip=read(folder / "markers_walk.trc"),
        mass_kg=_model_mass(folder / "subject_walk_scaled.osim"),
        # The plates see both feet only here; too short for a mean that would be the weight.
        window=(0.5, 1.9),
        grf=mot_sto.read(folder / "grf_walk.mot"),
        emg=mot_sto.read(folder / "electromyography.sto"),
        emg_muscles=_MOCO_EMG,
        # Its model and ours name the legs' muscles alike.
        peer_muscles=_MOCO_EMG,
        torques=mot_sto.read(folder / "id_walk.sto"),
        knee_sign=1.0,
        model=folder / "subject_walk_scaled.osim",
        coordinates=folder / "coordinates.mot",
        grf_file=folder / "grf_walk.mot",
    )


def _treadmill(name: str, folder: Path, speed_km_h: float, seconds: float) -> Trial:
    motion = motion_from_coordinates(mot_sto.read(folder / "ik.sto"))
    motion = motion.slice(0, min(len(motion), round(seconds * motion.fps)))
    # On the belt the standing foot moves; seen from the belt it stands, and no force changes.
    ahead = np.arange(len(motion))[:, None] / motion.fps * speed_km_h / 3.6 * np.array([1.0, 0.0, 0.0])
    motion = replace(motion, root_position=motion.root_position + ahead)
    window = (motion.start + 0.5, motion.start + motion.duration - 0.5)
    grf = mot_sto.read(folder / "XLD.mot")
    inside = (grf.times >= window[0]) & (grf.times <= window[1])
    weight = sum(grf.column(f"{foot_columns(grf, side)[0]}y")[inside].mean() for side in "rl")
    return Trial(
        name=f"ceinmsrt_gait {name}",
        clip=motion,
        mass_kg=float(weight / GRAVITY_M_S2),
        window=window,
        grf=grf,
        emg=mot_sto.read(folder / "emgFilt.sto"),
        emg_muscles=_CEINMS_EMG,
        peer_muscles={column: (column,) for column in _CEINMS_EMG},
        torques=mot_sto.read(folder / "id.sto"),
        # The knee of gait2392 extends in the positive direction.
        knee_sign=-1.0,
        model=folder.parent / "gait2392.osim",
        coordinates=folder / "ik.sto",
        grf_file=folder / "XLD.mot",
    )


def _model_mass(path: Path) -> float:
    """Mass in kg of an OpenSim model scaled to the person. Raises FileFormatError."""
    try:
        return sum(float(mass.text or 0) for mass in ElementTree.parse(path).iter("mass"))
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise FileFormatError(path, str(error), "an OpenSim model") from error
