"""Smooth: a moving average that keeps the length of what it averages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["raised_cosine"]

Array = NDArray[np.float64]


def raised_cosine(values: Array, half: int) -> Array:
    """Moving average along axis 0 with raised-cosine weights over `half` samples to either side, the ends held."""
    if half < 1:
        return values
    kernel = np.hanning(2 * half + 3)[1:-1]
    kernel /= kernel.sum()
    flat = values.reshape(len(values), -1)
    padded = np.concatenate([np.repeat(flat[:1], half, 0), flat, np.repeat(flat[-1:], half, 0)])
    return np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=-1).reshape(values.shape)
