"""The peer of the body: OpenSim's static optimisation on the same trials, in an environment of its own.

opensim needs another numpy than Blender, so it is never installed beside agonist; it goes into the user's cache folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from agonist.body import Simulation
from agonist.body.plates import foot_columns
from agonist.body.simulation import EMG_DELAY_S
from agonist.capture.packages import cache_folder
from agonist.errors import WorkError
from agonist.evaluation.recordings import Trial
from agonist.metrics import emg_r

__all__ = ["static_optimisation"]

_OPENSIM = "opensim==4.6"
# OpenSim takes a fifth of a second a frame, so it is asked for this many instants a second: envelopes end at 6 Hz. A short trial is
# solved more densely.
_INSTANTS_S, _FEWEST_INSTANTS = 25.0, 150


def static_optimisation(trial: Trial, ours: Simulation) -> dict[str, Any]:
    """OpenSim's static optimisation of a trial with its plates, and ours over the same time.

    Returns:
        seconds compared, ms a frame, and mean and single r with EMG of both. Raises WorkError if opensim cannot be
        fetched or fails.
    """
    start, end = trial.window
    fps = trial.clip.fps
    every = max(1, int(min(fps / _INSTANTS_S, fps * (end - start) / _FEWEST_INSTANTS)))
    answer = _run(trial, start, end, every)
    times = np.array(answer["times"])
    names = tuple(answer["activation"])
    activation = np.stack([answer["activation"][name] for name in names], axis=1)
    # All heads of a muscle count alike: their forces are the model's own affair.
    alike = np.ones(len(names))
    everything = np.ones(len(times), dtype=bool)
    our_times = ours.activation.start + np.arange(len(ours.activation)) / ours.activation.fps
    inside = (our_times >= start) & (our_times <= end)
    both: dict[str, Any] = {"seconds": end - start, "ms_per_frame": 1000 * answer["seconds"] / answer["frames"]}
    for key, delay in (("emg_r", 0.0), ("emg_r_delayed", EMG_DELAY_S)):
        theirs = emg_r(trial.emg, trial.peer_muscles, times, everything, names, activation, alike, delay)
        mine = emg_r(trial.emg, trial.emg_muscles, our_times, inside, ours.model_muscles, ours.smoothed_model_activation,
                     ours.model_force_n, delay)  # fmt: skip
        both[key] = {"opensim": theirs, "agonist": mine}
        both[f"{key}_mean"] = {"opensim": float(np.mean(list(theirs.values()))), "agonist": float(np.mean(list(mine.values())))}
    return both


def _run(trial: Trial, start: float, end: float, every: int) -> dict[str, Any]:
    python = _environment()
    with tempfile.TemporaryDirectory() as name:
        job, out = Path(name, "job.json"), Path(name, "out.json")
        job.write_text(json.dumps({
            "model": str(trial.model.absolute()), "coordinates": str(trial.coordinates.absolute()), "grf": str(trial.grf_file.absolute()),
            "feet": {f"calcn_{side}": list(foot_columns(trial.grf, side)) for side in "lr"}, "start": start, "end": end,
            "every": every, "out": str(out),
        }), encoding="utf-8")  # fmt: skip
        script = Path(__file__).with_name("opensim_peer.py")
        done = subprocess.run([python, script, job], cwd=name, capture_output=True, text=True, check=False)
        if done.returncode or not out.is_file():
            said = (done.stderr or done.stdout).strip().splitlines()
            raise WorkError(f"OpenSim failed on {trial.name}: {said[-1] if said else 'no reason given'}.")
        answer: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return answer


def _environment() -> Path:
    """Python of an environment that holds opensim, made at first use. Raises WorkError."""
    folder = cache_folder().absolute() / _OPENSIM.replace("==", "-")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "installed"
    if not stamp.is_file():
        make, fill = [sys.executable, "-m", "venv", "--clear", str(folder)], [str(python), "-m", "pip", "install", "--quiet", _OPENSIM]
        for command in (make, fill):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                said = (done.stderr or done.stdout).strip().splitlines()
                raise WorkError(f"{_OPENSIM} could not be installed in {folder}: {said[-1] if said else 'no reason given'}.")
        stamp.write_text(_OPENSIM, encoding="utf-8")
    return python
