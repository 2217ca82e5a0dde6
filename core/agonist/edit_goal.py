"""The goal of an edit: how much each muscle shall work, as one factor or as a curve, and how well a prediction meets it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agonist.activation import Activation
from agonist.errors import InputError
from agonist.muscles import MuscleSet, resolve_muscles

__all__ = [
    "LARGEST_SCALE", "SAME", "SMALLEST_SCALE", "EditGoal", "draw_request", "edit_goal", "reached_log2", "scales_by_muscle",
    "scales_of_curves",
]  # fmt: skip

Array = NDArray[np.float64]
Scale = TypeVar("Scale")

# Sliders run from 0 to 3; the network was trained on factors from 1/4 to 4 and takes no others.
SMALLEST_SCALE, LARGEST_SCALE = 0.25, 4.0
# Weight of the other muscles' change against the goal's miss when multiples are compared [ours].
DRIFT_WEIGHT = 0.5
# Activation that counts as none when curves are divided: noise around rest is no wish [ours].
REST = 0.005
# A mean activation this close to silence has no ratio [ours].
_SILENT = 1e-3
# A factor nearer to 1 than this asks nothing: it comes of rounding [ours].
SAME = 1e-3


@dataclass(frozen=True, eq=False)
class EditGoal:
    """What is asked of every muscle.

    Attributes:
        names: the muscles.
        scales: (T, M) factor at every frame.
        constant: (M,) whether a muscle has one factor for the whole clip.
    """

    names: tuple[str, ...]
    scales: Array
    constant: NDArray[np.bool_]

    def asks_nothing(self, frames: tuple[int, int]) -> bool:
        """Whether every factor inside the frames is exactly 1."""
        return bool((self.scales[slice(*frames)] == 1.0).all())

    @property
    def log2(self) -> Array:
        """(T, M) logarithm of the factors, as far as the network goes."""
        return np.log2(np.clip(self.scales, SMALLEST_SCALE, LARGEST_SCALE))

    def asked(self, original: Activation, frames: tuple[int, int]) -> dict[str, float]:
        """Factor of the mean activation inside the frames that the goal comes to, by muscle; exactly 1 where it asks nothing there."""
        inside = slice(*frames)
        scales, before = self.scales[inside], original.values[inside]
        means = (scales * before).mean(axis=0) / np.maximum(before.mean(axis=0), 1e-9)
        # A mean of equal factors is that factor, whatever rounding makes of it.
        constant = self.constant | (scales == 1.0).all(axis=0)
        return {name: float(scales[0, m] if constant[m] else means[m]) for m, name in enumerate(self.names)}

    def score(self, original: Activation, predicted: Activation, frames: tuple[int, int]) -> float:
        """How badly a prediction meets the goal inside the frames: miss, wrong direction and change of the others, in log2."""
        inside = slice(*frames)
        before, after, wanted = original.values[inside], predicted.values[inside], self.log2[inside]
        ratio = reached_log2(before, after)
        target = (wanted != 0).any(axis=0)
        level = np.where(self.constant, wanted[0], 0.0)
        misses = np.abs(ratio - level)
        if not self.constant.all():
            curve = np.log2((after + REST) / (before + REST)) - wanted
            misses = np.where(self.constant, misses, np.abs(curve).mean(axis=0))
        wrong = (ratio * level <= 0)[target & self.constant]
        drift = np.abs(ratio)[~target].mean() if (~target).any() else 0.0
        return float(misses[target].mean() + (wrong.mean() * 4 if wrong.size else 0.0) + DRIFT_WEIGHT * drift)


def reached_log2(before: Array, after: Array) -> Array:
    """(M,) how many times the mean activation (T, M) before is that after, in log2."""
    return np.asarray(np.log2(np.maximum(after.mean(axis=0), _SILENT) / np.maximum(before.mean(axis=0), _SILENT)))


def edit_goal(scales: Mapping[str, ArrayLike], muscles: MuscleSet, frames: int) -> EditGoal:
    """Read what is asked of a clip of `frames` frames.

    Args:
        scales: muscle or group name -> factor, or (frames,) factors; "hamstrings" means both sides.
        muscles: those of the model.
        frames: length of the clip.

    Raises:
        UnknownNameError: a muscle the model does not know. InputError: a factor that cannot be, a curve of another length, a muscle
        that two names mean.
    """
    asked, constant = np.ones((frames, len(muscles))), np.ones(len(muscles), dtype=bool)
    for key, scale in scales.items():
        values = np.asarray(scale, dtype=float)
        if values.shape not in ((), (frames,)):
            raise InputError(f"The factors for {key} have shape {values.shape}. Expected one number, or one a frame: ({frames},).")
        if not (np.isfinite(values).all() and (values >= 0).all()):
            worst = float(values) if values.ndim == 0 else math.nan if np.isnan(values).any() else float(values.min())
            raise InputError(f"The factor for {key} is {worst}. Expected 0 or more, 1 for no change; what lies beyond 4 is out of reach.")
    for name, scale in scales_by_muscle(scales, muscles).items():
        column = muscles.index(name)
        asked[:, column], constant[column] = scale, np.ndim(scale) == 0
    return EditGoal(muscles.names, asked, constant)


def scales_by_muscle(scales: Mapping[str, Scale], muscles: MuscleSet) -> dict[str, Scale]:
    """What is asked, by the names of single muscles: "hamstrings" means both sides.

    Raises UnknownNameError, and InputError where two names mean one muscle, as biceps and biceps_left do.
    """
    asked: dict[str, Scale] = {}
    by: dict[str, str] = {}
    for key, scale in scales.items():
        for name in resolve_muscles([key], muscles):
            if name in by:
                raise InputError(f"{by[name]} and {key}: {name} was given before. Expected each muscle once.")
            asked[name], by[name] = scale, key
    return asked


def scales_of_curves(original: Activation, wanted: Activation) -> dict[str, Array]:
    """Factors that turn one activation into another, muscle by muscle: what an animator asks who draws a curve anew.

    Args:
        original: what was predicted.
        wanted: as it shall be, the same number of frames; muscles that it leaves out or leaves alone are not asked.

    Returns:
        muscle name -> (T,) factors, for the muscles whose curve differs. Raises UnknownNameError, InputError.
    """
    if len(wanted) != len(original):
        raise InputError(f"The wanted activation has {len(wanted)} frames. Expected {len(original)}, as the clip has.")
    scales = {}
    for name in wanted.muscles.names:
        (mine,) = resolve_muscles([name], original.muscles)
        before, after = original.column(mine), wanted.column(name)
        # Files round to some digits.
        if np.abs(after - before).max() > 1e-3:
            factors = np.clip((after + REST) / (before + REST), 0.0, LARGEST_SCALE)
            scales[mine] = np.where(np.abs(factors - 1.0) < SAME, 1.0, factors)
    return scales


def draw_request(muscles: int, rng: np.random.Generator) -> Array:
    """(M,) log2 of what somebody might ask: one to three muscles, up or down by .3 to 1.5, sometimes the same of both sides.

    `muscles` are named left side first, as those of mia8.
    """
    asked, half = np.zeros(muscles), muscles // 2
    for _ in range(1 + int(rng.random() < 0.3) + int(rng.random() < 0.1)):
        value = rng.uniform(0.3, 1.5) * rng.choice([-1.0, 1.0])
        muscle = int(rng.integers(muscles))
        asked[[muscle, (muscle + half) % muscles] if rng.random() < 0.35 else [muscle]] = value
    return asked
