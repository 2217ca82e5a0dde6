"""Activation: what drives a motion, one column a muscle, one row a frame, in [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.errors import MotionError
from agonist.motion import check_clip, interpolate, resample_times, set_plain_clock
from agonist.muscles import MuscleSet

__all__ = ["Activation"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Activation:
    """Muscle activation over time.

    Attributes:
        values: (T, M) in [0, 1].
        muscles: names of the M columns.
        fps: frames a second.
        start: time of the first frame in seconds.
        unit: what 1.0 means, "fraction of maximal activation" by default.
        reference: where the values come from: "simulated", "predicted by MODEL", "measured, peak of trial" ...
        uncertainty: (T, M) one standard deviation in the unit of `values`, or None where it is not known.
        provenance: the parameters that made it.
    """

    values: Array
    muscles: MuscleSet
    fps: float
    start: float = 0.0
    unit: str = "fraction of maximal activation"
    reference: str = "not stated"
    uncertainty: Array | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=float)
        if values.ndim != 2 or values.shape[1] != len(self.muscles):
            raise MotionError(f"Activation of {self.muscles.name} must be (T, {len(self.muscles)}), found {values.shape}.")
        check_clip("The activation", len(values), self.fps)
        set_plain_clock(self)
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
            raise MotionError(f"Activation must lie in [0, 1], found {np.min(values)} to {np.max(values)}.")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        if self.uncertainty is not None:
            uncertainty = np.array(self.uncertainty, dtype=float)
            if uncertainty.shape != values.shape:
                raise MotionError(f"Uncertainty must be {values.shape} as the activation is, found {uncertainty.shape}.")
            check_clip("The uncertainty", len(values), self.fps, uncertainty)
            uncertainty.setflags(write=False)
            object.__setattr__(self, "uncertainty", uncertainty)

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> Array:
        """(T,) of one muscle. Raises UnknownNameError."""
        return self.values[:, self.muscles.index(name)]

    def resample(self, fps: float) -> Activation:
        """The same activation at another frame rate, linear in time."""
        times = resample_times(len(self), self.fps, fps)
        uncertainty = None if self.uncertainty is None else interpolate(self.uncertainty, self.fps, times)
        return replace(self, values=interpolate(self.values, self.fps, times), fps=fps, uncertainty=uncertainty)
