"""Curves through keys: monotone cubics, which pass every key and never overshoot it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["monotone"]

Array = NDArray[np.float64]


def monotone(times: Array, values: Array, at: Array) -> Array:
    """Cubic Hermite curve with the slopes of Fritsch & Butland (1984), held at its ends.

    Two keys of one value have a flat curve between them: a foot that stands stays where it is.

    Args:
        times: (K,) increasing.
        values: (K,) keys.
        at: any shape; where to evaluate.
    """
    step = np.diff(times)
    slope = np.diff(values) / step
    inner = np.zeros(len(slope) - 1)
    same = slope[:-1] * slope[1:] > 0
    w1, w2 = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
    # The harmonic mean of the neighbours' slopes; 0 at a turning point.
    inner[same] = (w1 + w2)[same] / (w1[same] / slope[:-1][same] + w2[same] / slope[1:][same])
    tangent = np.concatenate([[0.0], inner, [0.0]])
    index = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(step) - 1)
    u = np.clip((at - times[index]) / step[index], 0.0, 1.0)
    h = step[index]
    rise = values[index + 1] - values[index]
    curve = values[index] + rise * u * u * (3 - 2 * u) + h * u * (1 - u) * ((1 - u) * tangent[index] - u * tangent[index + 1])
    return np.asarray(curve)
