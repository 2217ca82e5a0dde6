"""Gait cycles: from one contact of a foot to the next, and curves over them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from agonist.errors import MotionError

__all__ = ["foot_strikes", "over_strides"]

Array = NDArray[np.float64]

# A foot strikes when its load rises through this share of the largest, after it fell below half of that [ours].
_LOADED = 0.10
# Strides outside these durations are no strides: steps in place, standing, a run of a world champion.
_STRIDES_S = (0.4, 2.5)


def foot_strikes(vertical_force_n: Array, times: Array) -> Array:
    """(N,) times in seconds at which a foot takes load, from the vertical force on it (T,) in N."""
    force = np.asarray(vertical_force_n, dtype=float)
    threshold = _LOADED * force.max(initial=0.0)
    strikes, armed = [], False
    for index in range(1, len(force)):
        armed = armed or force[index - 1] < threshold / 2
        if armed and force[index - 1] < threshold <= force[index]:
            share = (threshold - force[index - 1]) / (force[index] - force[index - 1])
            strikes.append(times[index - 1] + share * (times[index] - times[index - 1]))
            armed = False
    return np.array(strikes)


def over_strides(values: Array, times: Array, strikes: Array, points: int = 101) -> Array:
    """Curves over 0 to 100 % of every gait cycle.

    Args:
        values: (T, M).
        times: (T,) seconds.
        strikes: (N,) seconds, of one foot.
        points: samples a cycle.

    Returns:
        (S, points, M), one for each pair of strikes that can be a stride.

    Raises:
        MotionError: no two strikes bound a stride.
    """
    curves = []
    for begin, end in pairwise(strikes):
        if _STRIDES_S[0] <= end - begin <= _STRIDES_S[1]:
            at = np.linspace(begin, end, points)
            curves.append(np.stack([np.interp(at, times, column) for column in values.T], axis=1))
    if not curves:
        raise MotionError(f"{len(strikes)} contacts of the foot bound no stride. Expected two, {_STRIDES_S[0]} to {_STRIDES_S[1]} s apart.")
    return np.array(curves)
