"""Real EMG beside joint angles: the recordings, cut by time before anything is filtered, at one frame rate.

uci_lower_limb: "EMG dataset in Lower Limb" (Sanchez et al. 2014, UCI repository 278, CC BY 4.0): 8 people with healthy knees (N)
and 8 with knee pathology (A), walking, extending the knee while sitting, bending it while standing; four muscles and a knee
goniometer at 1000 Hz. ceinmsrt_gait: one person on a treadmill, walking and running; nine envelopes and joint angles at 100 Hz.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist.errors import FileFormatError
from agonist.io import mot_sto
from agonist.signals.envelope import emg_envelope, low_pass

__all__ = ["FIRST_SHARE", "FPS", "EmgTrial", "Signals", "read_treadmill", "read_uci"]

Array = NDArray[np.float64]

# Envelopes and angles hold nothing faster than about 8 Hz after their low-pass.
FPS = 25.0
# What is learned from; the rest of each recording is tested.
FIRST_SHARE = 0.7
_UCI_FILE = Path("uci_lower_limb") / "uci_lower_limb_1000Hz_i16.npz"
_UCI_FPS, _EMG_UNIT, _DEGREES = 1000, 1e-4, 0.1
UCI_MUSCLES = ("rectus femoris", "biceps femoris", "vastus medialis", "semitendinosus")
_TREADMILL_ANGLES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")


@dataclass(frozen=True, eq=False)
class Signals:
    """A stretch of a recording at FPS: angles (T, J) in degrees, emg (T, M) envelopes."""

    angles: Array
    emg: Array

    def __len__(self) -> int:
        return len(self.angles)

    def cut(self, share: float) -> tuple[Signals, Signals]:
        """What lies before and after a share of it."""
        at = round(share * len(self))
        return Signals(self.angles[:at], self.emg[:at]), Signals(self.angles[at:], self.emg[at:])


@dataclass(frozen=True, eq=False)
class EmgTrial:
    """One recording.

    Attributes:
        name: unique. person, group, task: "4A", "pathology", "gait".
        muscles, joints: names of the columns.
        first, last: its first 70 % and the rest. EMG in units of its 95th percentile in `first`; angles in degrees.
    """

    name: str
    person: str
    group: str
    task: str
    muscles: tuple[str, ...]
    joints: tuple[str, ...]
    first: Signals
    last: Signals


def read_uci(folder: Path) -> list[EmgTrial]:
    """The 46 recordings of uci_lower_limb/ in a folder of recordings. Raises FileFormatError."""
    path = folder / _UCI_FILE
    try:
        with np.load(path, allow_pickle=False) as file:
            tables = {name: np.asarray(file[name], dtype=float) for name in file.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise FileFormatError(path, f"cannot be read ({type(error).__name__})", "uci_lower_limb as an .npz of tables (T, 5)") from error
    trials = []
    for name, table in sorted(tables.items()):
        person, _, task = name.partition("_")
        if table.ndim != 2 or table.shape[1] != 5 or len(table) < _UCI_FPS or person[-1:] not in ("A", "N"):
            raise FileFormatError(path, f"'{name}' of shape {table.shape}", "tables like 4A_gait of shape (T, 5), a second or longer")
        at = round(FIRST_SHARE * len(table))
        # Cut first: a filter that runs both ways would carry the test into the training.
        first, last = (_uci_signals(part) for part in (table[:at], table[at:]))
        group = "normal" if person.endswith("N") else "pathology"
        trials.append(EmgTrial(name, person, group, task, UCI_MUSCLES, ("knee",), *_in_units_of_first(first, last)))
    return trials


def _uci_signals(table: Array) -> Signals:
    every = round(_UCI_FPS / FPS)
    emg = emg_envelope(_EMG_UNIT * table[:, :4], _UCI_FPS)
    return Signals(low_pass(_DEGREES * table[:, 4:], _UCI_FPS, 6.0)[::every], emg[::every])


def _in_units_of_first(first: Signals, last: Signals) -> tuple[Signals, Signals]:
    unit = np.percentile(first.emg, 95, axis=0) + 1e-12
    return Signals(first.angles, first.emg / unit), Signals(last.angles, last.emg / unit)


def read_treadmill(folder: Path) -> list[EmgTrial]:
    """The walk and the run of ceinmsrt_gait/, angles of the right leg that carries the sensors. Raises FileFormatError."""
    trials = []
    for name, task in (("walk36", "walking"), ("run81", "running")):
        place = folder / "ceinmsrt_gait" / name
        angles, emg = mot_sto.read(place / "ik.sto"), mot_sto.read(place / "emgFilt.sto")
        if not angles.in_degrees:
            raise FileFormatError(place / "ik.sto", "angles that are not in degrees", "inDegrees=yes")
        begin, end = max(angles.times[0], emg.times[0]), min(angles.times[-1], emg.times[-1])
        times = np.arange(begin, end, 1 / FPS)
        columns = [np.interp(times, angles.times, angles.column(joint)) for joint in _TREADMILL_ANGLES]
        envelopes = np.stack([np.interp(times, emg.times, emg.column(muscle)) for muscle in emg.columns], axis=1)
        first, last = Signals(np.stack(columns, axis=1), envelopes).cut(FIRST_SHARE)
        parts = _in_units_of_first(first, last)
        trials.append(EmgTrial(name, "treadmill", "normal", task, emg.columns, _TREADMILL_ANGLES, *parts))
    return trials
