"""How well the simulated body agrees with what was measured on people: ground reaction, EMG, joint torques.

Real recordings: OpenSim's Moco example (one person, one overground walk) and CEINMS-RT's (another person, a treadmill walk
and a run). Each recording is simulated from its motion alone, and the plates are
what it is compared with; the first is simulated with its plates too, which shows what estimating the ground costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from agonist.body import Person, Simulation, simulate
from agonist.body.plates import ForcePlates, force_plates
from agonist.errors import FileFormatError
from agonist.evaluation.metrics import pearson_r, rmse
from agonist.io import mot_sto, read
from agonist.io.coordinates import motion_from_coordinates
from agonist.io.mot_sto import OpenSimTable
from agonist.motion import Keypoints, Motion

__all__ = ["EMG_DELAY_S", "TRIALS", "evaluate_body"]

Array = NDArray[np.float64]

GRAVITY_M_S2 = 9.81
# From the muscle's electrical activity to its force (Cavanagh & Komi 1979: 49.5 ms); activation, here, makes force at once.
EMG_DELAY_S = 0.05
TRIALS = ("opensim_moco walk", "opensim_moco walk, with its plates", "ceinmsrt_gait walk", "ceinmsrt_gait run")

_SOLEUS, _GASTROCNEMIUS = ("soleus_r",), ("gasmed_r", "gaslat_r")
_MOCO_EMG = {
    "soleus": _SOLEUS, "gastrocnemius": _GASTROCNEMIUS, "tibialis_anterior": ("tibant_r",),
    "medial_hamstrings": ("semimem_r", "semiten_r"), "biceps_femoris": ("bflh_r", "bfsh_r"), "vastus_lateralis": ("vaslat_r",),
    "vastus_medius": ("vasmed_r",), "rectus_femoris": ("recfem_r",), "gluteus_maximus": ("glmax1_r", "glmax2_r", "glmax3_r"),
    "gluteus_medius": ("glmed1_r", "glmed2_r", "glmed3_r"),
}  # fmt: skip
_CEINMS_EMG = {
    "soleus_r": _SOLEUS, "med_gas_r": ("gasmed_r",), "lat_gas_r": ("gaslat_r",), "tib_ant_r": ("tibant_r",),
    "semimem_r": ("semimem_r",), "bifemlh_r": ("bflh_r",), "vas_lat_r": ("vaslat_r",), "rect_fem_r": ("recfem_r",),
    "vas_med_r": ("vasmed_r",),
}  # fmt: skip
_TORQUES = ("hip_flexion_r", "hip_adduction_r", "knee_angle_r", "ankle_angle_r")


def evaluate_body(data: Path, seconds: float = 20.0, progress: Callable[[float], None] | None = None) -> dict[str, Any]:
    """Simulate the recordings under `data` and compare.

    Args:
        data: folder with opensim_moco/ and ceinmsrt_gait/.
        seconds: how much of each treadmill trial is simulated, from its beginning.
        progress: share done.

    Returns:
        by trial: speed, fit, residuals, and for ground reaction, EMG and torques r and RMSE. Raises FileFormatError where a
        file is missing.
    """
    moco, ceinms = data / "opensim_moco", data / "ceinmsrt_gait"
    jobs: tuple[tuple[str, Callable[[], dict[str, Any]]], ...] = (
        (TRIALS[0], lambda: _moco(moco, with_plates=False)),
        (TRIALS[1], lambda: _moco(moco, with_plates=True)),
        (TRIALS[2], lambda: _treadmill(ceinms / "walk36", 3.6, seconds)),
        (TRIALS[3], lambda: _treadmill(ceinms / "run81", 8.1, seconds)),
    )
    report: dict[str, Any] = {}
    for index, (name, job) in enumerate(jobs):
        report[name] = job()
        if progress:
            progress((index + 1) / len(jobs))
    return report


def _moco(folder: Path, *, with_plates: bool) -> dict[str, Any]:
    plates, torques = mot_sto.read(folder / "grf_walk.mot"), mot_sto.read(folder / "id_walk.sto")
    clip = read(folder / "markers_walk.trc")
    # The plates see both feet from 0.5 s to 1.9 s only: too short for a mean that is the weight.
    window = (0.5, 1.9)
    vertical = {side: plates.column(f"ground_force_{side}_vy") for side in "lr"}
    mass = _model_mass(folder / "subject_walk_scaled.osim")
    emg = mot_sto.read(folder / "electromyography.sto")
    return _trial(clip, mass, window, plates.times, vertical, emg, _MOCO_EMG, torques, 1.0, force_plates(plates) if with_plates else None)


def _treadmill(folder: Path, speed_km_h: float, seconds: float) -> dict[str, Any]:
    plates = mot_sto.read(folder / "XLD.mot")
    motion = motion_from_coordinates(mot_sto.read(folder / "ik.sto"))
    motion = motion.slice(0, min(len(motion), round(seconds * motion.fps)))
    # On the belt the standing foot moves; seen from the belt it stands, and no force changes.
    ahead = np.arange(len(motion))[:, None] / motion.fps * speed_km_h / 3.6 * np.array([1.0, 0.0, 0.0])
    motion = replace(motion, root_position=motion.root_position + ahead)
    window = (motion.start + 0.5, motion.start + motion.duration - 0.5)
    vertical = {"r": plates.column("ground_force_vy"), "l": plates.column("l_ground_force_vy")}
    emg, torques = mot_sto.read(folder / "emgFilt.sto"), mot_sto.read(folder / "id.sto")
    mass = _mass(plates.times, vertical, window)
    # The knee of gait2392 extends in the positive direction, ours and Rajagopal's bend.
    return _trial(motion, mass, window, plates.times, vertical, emg, _CEINMS_EMG, torques, -1.0)


def _model_mass(path: Path) -> float:
    """Mass in kg of an OpenSim model scaled to the person. Raises FileFormatError."""
    try:
        return sum(float(mass.text or 0) for mass in ElementTree.parse(path).iter("mass"))
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise FileFormatError(path, str(error), "an OpenSim model") from error


def _mass(times: Array, vertical: dict[str, Array], window: tuple[float, float]) -> float:
    inside = (times >= window[0]) & (times <= window[1])
    return float((vertical["l"] + vertical["r"])[inside].mean() / GRAVITY_M_S2)


def _trial(
    clip: Motion | Keypoints, mass: float, window: tuple[float, float], plate_times: Array, vertical: dict[str, Array],
    emg: OpenSimTable, muscles: Mapping[str, tuple[str, ...]], torques: OpenSimTable, knee_sign: float,
    given: ForcePlates | None = None,
) -> dict[str, Any]:  # fmt: skip
    began = time.perf_counter()
    result = simulate(clip, Person(mass_kg=mass), plates=given)
    elapsed = time.perf_counter() - began
    times = result.activation.start + np.arange(len(result.activation)) / result.activation.fps
    inside = (times >= window[0]) & (times <= window[1])
    weight = mass * GRAVITY_M_S2
    ground: dict[str, Any] = {}
    measured = {side: np.interp(times, plate_times, vertical[side])[inside] for side in "lr"}
    estimated = {side: result.ground_reaction[inside, foot, 2] for foot, side in enumerate("lr")}
    for name, truth, guess in (
        ("left foot", measured["l"], estimated["l"]),
        ("right foot", measured["r"], estimated["r"]),
        ("total", measured["l"] + measured["r"], estimated["l"] + estimated["r"]),
    ):
        ground[name] = {"r": _r(guess, truth), "rmse_body_weights": rmse(guess, truth) / weight}
    at_once = _emg(result, times, inside, emg, muscles, 0.0)
    delayed = _emg(result, times, inside, emg, muscles, EMG_DELAY_S)
    return {
        "data": f"real recording; activation simulated from the motion {'alone' if given is None else 'and the plates'}",
        "mass_kg": mass, "seconds": window[1] - window[0], "frames": len(times),
        "ms_per_frame": 1000 * elapsed / len(times),
        "keypoint_error_mm": 1000 * float(result.keypoint_error_m[inside].mean()),
        "residual_body_weights": float(result.residual_share[inside].mean()), "reserve_share": float(result.reserve_share[inside].mean()),
        "ground_reaction": ground, "emg_r": at_once, "emg_r_delayed": delayed,
        "emg_r_mean": float(np.mean(list(at_once.values()))), "emg_r_delayed_mean": float(np.mean(list(delayed.values()))),
        "torques": _torques(result, times, inside, torques, knee_sign),
    }  # fmt: skip


def _emg(
    result: Simulation, times: Array, inside: NDArray[np.bool_], emg: OpenSimTable, muscles: Mapping[str, tuple[str, ...]], delay_s: float
) -> dict[str, float]:
    """r between each muscle's EMG envelope and its simulated activation `delay_s` later."""
    found = {}
    for name, parts in muscles.items():
        columns = [result.model_muscles.index(part) for part in parts]
        force = result.model_force_n[columns]
        activation = result.smoothed_model_activation[:, columns] @ force / force.sum()
        found[name] = _r(activation[inside], np.interp(times - delay_s, emg.times, emg.column(name))[inside])
    return found


def _torques(
    result: Simulation, times: Array, inside: NDArray[np.bool_], torques: OpenSimTable, knee_sign: float
) -> dict[str, Any]:
    """Net joint torque by the muscles against OpenSim's inverse dynamics with the force plates."""
    found = {}
    for name in _TORQUES:
        ours = result.joint_torques[inside, result.joint_names.index(name)]
        theirs = np.interp(times, torques.times, torques.column(f"{name}_moment"))[inside]
        if name.startswith("knee"):
            theirs = knee_sign * theirs
        error = rmse(ours, theirs)
        found[name] = {"r": _r(ours, theirs), "rmse_nm": error, "rmse_of_range": error / float(np.ptp(theirs))}
    return found


def _r(ours: Array, theirs: Array) -> float:
    return float(pearson_r(ours[:, None], theirs[:, None])[0])
