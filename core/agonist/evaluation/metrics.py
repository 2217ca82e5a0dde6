"""How well a prediction fits: plain numpy, no surprises."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["pearson_r", "rmse"]

Array = NDArray[np.float64]


def rmse(predicted: Array, measured: Array) -> float:
    """Root mean square error over everything."""
    return float(np.sqrt(np.mean((np.asarray(predicted, dtype=float) - measured) ** 2)))


def pearson_r(predicted: Array, measured: Array) -> Array:
    """Correlation of each column over all rows; shapes (..., M) -> (M,). NaN where a column is constant."""
    p = np.asarray(predicted, dtype=float).reshape(-1, np.shape(predicted)[-1])
    m = np.asarray(measured, dtype=float).reshape(-1, np.shape(measured)[-1])
    p, m = p - p.mean(axis=0), m - m.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (p * m).sum(axis=0) / np.sqrt((p**2).sum(axis=0) * (m**2).sum(axis=0))
