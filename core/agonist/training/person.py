"""A person's recording as files: a motion, and a table of EMG on the same clock, brought to a model's frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist.errors import FileFormatError
from agonist.io import Unsaid, csv_activation, mot_sto, read
from agonist.model import Model
from agonist.motion import interpolate
from agonist.muscles import MuscleSet
from agonist.predict import model_keypoints, standing_keypoints
from agonist.training.tune import PersonClip

__all__ = ["as_share", "read_person"]

Array = NDArray[np.float64]

# A low-pass filter swings below zero after a burst; so much of the largest value is taken for that.
_UNDERSHOOT = 0.02


def read_person(motion: Path, emg: Path, model: Model, unsaid: Unsaid = Unsaid()) -> PersonClip:
    """Motion and EMG where both were recorded.

    Args:
        motion: any motion file.
        emg: envelopes in [0, 1]: our CSV, or an OpenSim table (.sto, .mot) with a column for each muscle that had a sensor, named
            as the model's; other columns are ignored. Its times are the motion's. What a low-pass filter leaves below zero, down
            to 2 % of the largest value, becomes 0.
        model: whose muscles and frame rate are meant.
        unsaid: what the motion's file may not say; of `agonist.io.read`.

    Raises:
        FileFormatError: no such muscles, values out of range, or no time in common. MotionError, SkeletonError: no humanoid.
    """
    clip = standing_keypoints(read(motion, unsaid))
    fps = model.contract.fps
    keypoints = model_keypoints(clip, fps)
    table = _table(emg, model.contract.muscles)
    times = clip.start + np.arange(len(keypoints)) / fps
    inside = (times >= table.times[0] - 1e-9) & (times <= table.times[-1] + 1e-9)
    if not inside.any():
        raise FileFormatError(
            emg, f"times from {table.times[0]:g} to {table.times[-1]:g} s", f"some of the motion's, {times[0]:g} to {times[-1]:g} s"
        )
    values = np.full((len(times), len(model.contract.muscles)), np.nan)
    for index, name in enumerate(model.contract.muscles.names):
        if name in table.columns:
            values[:, index] = np.interp(times, table.times, table.column(name))
    assert clip.confidence is not None
    confidence = interpolate(clip.confidence, clip.fps, np.arange(len(keypoints)) / fps)
    return PersonClip(keypoints[inside], as_share(values[inside], emg), confidence[inside])


def as_share(envelopes: Array, path: Path) -> Array:
    """Envelopes in [0, 1], NaN where there is no sensor: what a low-pass filter left below zero is 0. Raises FileFormatError beyond."""
    least, most = np.nanmin(envelopes), np.nanmax(envelopes)
    if least < -_UNDERSHOOT * most or most > 1:
        expected = f"envelopes as a share of a maximum, 0 to 1, and not below -{100 * _UNDERSHOOT:g} % of the largest"
        raise FileFormatError(path, f"EMG from {least:g} to {most:g}", expected)
    return np.clip(envelopes, 0, None)


def _table(path: Path, muscles: MuscleSet) -> mot_sto.OpenSimTable:
    if path.suffix.lower() == ".csv":
        activation = csv_activation.read(path)
        times = activation.start + np.arange(len(activation)) / activation.fps
        table = mot_sto.OpenSimTable(path.name, times, activation.muscles.names, np.array(activation.values))
    else:
        table = mot_sto.read(path)
    if not set(table.columns) & set(muscles.names):
        raise FileFormatError(path, f"columns {', '.join(table.columns)[:100]}", f"some of {', '.join(muscles.names)}")
    return table
