"""How one method did on one recording of real EMG."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ANGLE_TO_EMG", "DIRECTIONS", "EMG_TO_ANGLE", "Score"]

ANGLE_TO_EMG, EMG_TO_ANGLE = "angle to EMG", "EMG to angle"
DIRECTIONS = (ANGLE_TO_EMG, EMG_TO_ANGLE)


@dataclass(frozen=True)
class Score:
    """How one method did on the tested part of one recording.

    Attributes:
        protocol, direction, method: names. seed: of the network; 0 for baselines.
        trial, person, group, task: of the recording.
        r: Pearson's r, mean over muscles or joints; NaN for a constant. rmse: units of the protocol's EMG, or degrees.
        commit: of the code that made it; "" where nobody knows.
    """

    protocol: str
    direction: str
    method: str
    seed: int
    trial: str
    person: str
    group: str
    task: str
    r: float
    rmse: float
    commit: str = ""
