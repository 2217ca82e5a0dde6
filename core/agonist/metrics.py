"""How well a prediction fits: plain numpy, no surprises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from agonist.io.mot_sto import OpenSimTable

__all__ = ["emg_r", "pearson_r", "rmse"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


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


def emg_r(
    emg: OpenSimTable, muscles: Mapping[str, tuple[str, ...]], times: Array, inside: Mask, names: tuple[str, ...], activation: Array,
    force_n: Array, delay_s: float,
) -> dict[str, float]:  # fmt: skip
    """r between each EMG envelope and the activation of the muscles behind it `delay_s` later, means weighted by maximal force.

    Args:
        emg: envelopes by column.
        muscles: column -> names of the muscles behind it.
        times: (T,) seconds.
        inside: (T,) which of them count.
        names, activation, force_n: (N,), (T, N) and (N,) of the muscles.
        delay_s: how much later activation is than the envelope.
    """
    found = {}
    for column, parts in muscles.items():
        index = [names.index(part) for part in parts]
        one = activation[:, index] @ force_n[index] / force_n[index].sum()
        envelope = np.interp(times - delay_s, emg.times, emg.column(column))
        found[column] = float(pearson_r(one[inside, None], envelope[inside, None])[0])
    return found
