"""How well the simulated body agrees with what was measured on people: ground reaction, EMG, joint torques.

Each recording is simulated from its motion alone, and its force plates are what it is compared with. The first is simulated
with its plates too, which shows what estimating the ground costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.body import Person, Simulation, simulate
from agonist.body.plates import force_plates
from agonist.body.simulation import EMG_DELAY_S, IK_FPS
from agonist.evaluation.peers import static_optimisation
from agonist.evaluation.recordings import GRAVITY_M_S2, Trial, recorded_trials
from agonist.io.mot_sto import OpenSimTable
from agonist.metrics import emg_r, pearson_r, rmse
from agonist.motion import interpolate
from agonist.predict import standing_keypoints

__all__ = ["evaluate_body"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_IK_S = 5.0
_TORQUES = ("hip_flexion_r", "hip_adduction_r", "knee_angle_r", "ankle_angle_r")


def evaluate_body(
    data: Path, seconds: float = 20.0, progress: Callable[[float, str], None] | None = None, *, peers: bool = False
) -> dict[str, Any]:
    """Simulate the recordings under `data` and compare.

    Args:
        data: folder with opensim_moco/ and ceinmsrt_gait/.
        seconds: how much of each treadmill trial is simulated, from its beginning.
        progress: share done and what is being done.
        peers: run OpenSim's static optimisation on the same trials too (minutes; fetches opensim into an environment of its own).

    Returns:
        by trial: speed, fit, residuals, and for ground reaction, EMG and torques r and RMSE; with `peers`, what OpenSim's
        static optimisation says of the same stretch. Raises FileFormatError where a file is missing, WorkError.
    """
    trials = recorded_trials(data, seconds)
    jobs = [(trials[0], False), (trials[0], True), *((trial, False) for trial in trials[1:])]
    report: dict[str, Any] = {}
    # The model is compiled once, some seconds that belong to no trial.
    _ik_ms(trials[0])
    for index, (trial, with_plates) in enumerate(jobs):
        name = f"{trial.name}, with its plates" if with_plates else trial.name
        if progress:
            progress(index / len(jobs), name)
        result, elapsed = _simulated(trial, with_plates)
        report[name] = {**_compared(trial, result, elapsed, with_plates=with_plates), "ik_ms_per_frame": _ik_ms(trial)}
        if peers and not with_plates:
            report[name]["peer"] = static_optimisation(trial, result)
    if progress:
        progress(1.0, "done")
    return report


def _simulated(trial: Trial, with_plates: bool) -> tuple[Simulation, float]:
    plates = force_plates(trial.grf) if with_plates else None
    began = time.perf_counter()
    result = simulate(trial.clip, Person(mass_kg=trial.mass_kg), plates=plates)
    return result, time.perf_counter() - began


def _ik_ms(trial: Trial) -> float:
    """Milliseconds that inverse kinematics takes for a frame, over the trial's first seconds.

    The least of three runs: whatever else the machine does only adds to it.
    """
    from agonist.body.ik import solve_ik
    from agonist.body.model import scaled_body, segment_scales

    clip = standing_keypoints(trial.clip)
    points = interpolate(clip.positions, clip.fps, np.arange(0.0, min(clip.duration, _IK_S), 1 / IK_FPS))
    body = scaled_body(segment_scales(points), Person(mass_kg=trial.mass_kg))
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        solve_ik(body, points, np.ones(points.shape[:2]))
        taken.append(time.perf_counter() - began)
    return 1000 * min(taken) / len(points)


def _compared(trial: Trial, result: Simulation, elapsed: float, *, with_plates: bool) -> dict[str, Any]:
    times = result.activation.start + np.arange(len(result.activation)) / result.activation.fps
    inside = (times >= trial.window[0]) & (times <= trial.window[1])
    weight = trial.mass_kg * GRAVITY_M_S2
    measured = {side: trial.vertical_force(side, times)[inside] for side in "lr"}
    estimated = {side: result.ground_reaction[inside, foot, 2] for foot, side in enumerate("lr")}
    ground = {
        name: {"r": _r(guess, truth), "rmse_body_weights": rmse(guess, truth) / weight}
        for name, truth, guess in (
            ("left foot", measured["l"], estimated["l"]),
            ("right foot", measured["r"], estimated["r"]),
            ("total", measured["l"] + measured["r"], estimated["l"] + estimated["r"]),
        )
    }
    names, values, force = result.model_muscles, result.smoothed_model_activation, result.model_force_n
    at_once, delayed, excited = (
        emg_r(trial.emg, trial.emg_muscles, times, inside, names, each, force, delay)
        for each, delay in ((values, 0.0), (values, EMG_DELAY_S), (result.model_excitation, 0.0))
    )
    return {
        "data": f"real recording; activation simulated from the motion {'and the plates' if with_plates else 'alone'}",
        "mass_kg": trial.mass_kg, "seconds": trial.window[1] - trial.window[0], "frames": len(times),
        "ms_per_frame": 1000 * elapsed / len(times),
        "keypoint_error_mm": 1000 * float(result.keypoint_error_m[inside].mean()),
        "residual_body_weights": float(result.residual_share[inside].mean()),
        "reserve_share": float(result.reserve_share[inside].mean()),
        "ground_reaction": ground, "emg_r": at_once, "emg_r_delayed": delayed, "emg_r_dynamics": excited,
        "emg_r_mean": float(np.mean(list(at_once.values()))), "emg_r_delayed_mean": float(np.mean(list(delayed.values()))),
        "emg_r_dynamics_mean": float(np.mean(list(excited.values()))),
        "torques": _torques(result, times, inside, trial.torques, trial.knee_sign),
    }  # fmt: skip


def _torques(result: Simulation, times: Array, inside: Mask, torques: OpenSimTable, knee_sign: float) -> dict[str, Any]:
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
