"""What is in a corpus, in numbers: takes read one by one, and tables of people, exercises and quality."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.corpus.files import read_index, read_take, take_path
from agonist.errors import FileFormatError

__all__ = ["EXPECTED", "GROUPS", "LoadedTake", "expectations", "group_values", "read_takes", "speed_m_s"]

Array = NDArray[np.float64]

GROUPS = ("quadriceps", "hamstrings", "latissimus", "biceps")
# Of the simulation; takes that nobody simulated have none.
QUALITY = ("keypoint_error_m", "residual_share", "reserve_share")

# The group of mia8 that textbooks of training and gait name first for an exercise that has one; weights in the hand are not
# simulated, so pulling exercises are expected to load little [ours].
EXPECTED: dict[str, str] = {
    "Squat": "quadriceps", "Lunge": "quadriceps", "SideLunges": "quadriceps", "SlowSkater": "quadriceps", "Jump": "quadriceps",
    "JumpingJack": "quadriceps", "Running": "quadriceps", "Walk": "quadriceps", "FrontKick": "quadriceps", "HighKick": "quadriceps",
    "LegBack": "hamstrings", "LegCurl": "hamstrings", "HipHinge": "hamstrings",
    "Row": "latissimus", "PullDown": "latissimus", "ArmBack": "latissimus",
    "BicepsCurl": "biceps", "HookPunch": "biceps",
}  # fmt: skip
# Activation over standing that counts as loaded [ours].
LOADED = 0.05


@dataclass(frozen=True, eq=False)
class LoadedTake:
    """One take with its row of corpus.json.

    Attributes:
        row: its description.
        keypoints: (T, 25, 3) metres, floor at 0.
        activation: (T, 8) in [0, 1], simulated unless `measured`.
        fps: frames a second.
    """

    row: dict[str, Any]
    keypoints: Array
    activation: Array
    fps: float

    @property
    def measured(self) -> bool:
        """Whether somebody wore sensors: their counts over full scale, and a person of whom no body is known."""
        return bool(self.row["source"] == "mia")

    @property
    def judged(self) -> bool:
        """Whether its simulation's quality is known."""
        return all(key in self.row for key in QUALITY)

    @property
    def name(self) -> str:
        """The exercise, "Lower+Upper" of a mixture, or the name of a mocap clip."""
        if self.row["source"] == "mocap":
            return Path(self.row["exercise"]).stem
        return self.row["exercise"] + (f"+{self.row['upper']}" if self.row["upper"] else "")


def read_takes(folder: Path) -> tuple[dict[str, Any], list[LoadedTake]]:
    """corpus.json without its takes, and all takes. Raises FileFormatError."""
    document, rows = read_index(folder, ("id", "exercise", "person", "source", "split", "upper", "variation", "usable"))
    if not rows:
        raise FileFormatError(folder / "corpus.json", "no takes", "at least one")
    fps, takes = float(document["fps"]), []
    for row in rows:
        keypoints, activation = read_take(take_path(folder, row["id"]))
        takes.append(LoadedTake(row, keypoints.astype(float), activation.astype(float), fps))
    return document, takes


def speed_m_s(take: LoadedTake) -> float:
    """Mean speed of all keypoints in metres a second; 0 of a take of one frame."""
    if len(take.keypoints) < 2:
        return 0.0
    return float(np.linalg.norm(np.diff(take.keypoints, axis=0), axis=-1).mean() * take.fps)


def group_values(takes: Iterable[LoadedTake]) -> Array:
    """(N, 4) activation of the four groups, both sides one after the other, over all frames."""
    return np.concatenate([take.activation.reshape(-1, 4) for take in takes])


def expectations(takes: list[LoadedTake]) -> list[dict[str, Any]]:
    """For each exercise with an expected group: what it reaches, what standing reaches, and whether that is loaded.

    Peaks are 95th percentiles over frames and sides of the takes, which must be usable ones of exercises as written.
    """
    standing = [take for take in takes if take.name == "Idle"]
    rest = np.percentile(group_values(standing), 95, axis=0) if standing else np.zeros(4)
    rows = []
    for name, group in EXPECTED.items():
        own = [take for take in takes if take.name == name]
        if not own:
            continue
        peaks = np.percentile(group_values(own), 95, axis=0)
        column = GROUPS.index(group)
        rows.append({
            "exercise": name, "group": group, "peak": float(peaks[column]), "standing": float(rest[column]),
            "most": GROUPS[int(np.argmax(peaks - rest))], "loaded": bool(peaks[column] > rest[column] + LOADED),
        })  # fmt: skip
    return rows
