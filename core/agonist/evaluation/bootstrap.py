"""Bootstrap intervals: what is drawn anew, and the interval of what comes of it. Kept results do not hang on this."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["crossed_weights", "intervals", "resampling_weights"]

Array = NDArray[np.float64]


def resampling_weights(things: int, draws: int, seed: int | np.random.Generator) -> Array:
    """(draws, things): how often each thing is drawn when as many as there are are drawn with replacement (cluster bootstrap)."""
    return np.random.default_rng(seed).multinomial(things, np.full(things, 1 / things), size=draws).astype(float)


def crossed_weights(names: Sequence[tuple[str, str]], draws: int, seed: int) -> Array:
    """(draws, N): how often each cell is drawn when people are drawn with replacement, and exercises by themselves.

    A cell counts as often as its person times its exercise (the pigeonhole bootstrap, Owen 2007): windows of one person are no
    independent samples, nor are those of one exercise, which where it is left out all come of the same training. Rather too wide.
    """
    rng = np.random.default_rng(seed)
    weights = np.ones((draws, len(names)))
    for side in (0, 1):
        kinds, index = np.unique([name[side] for name in names], return_inverse=True)
        weights *= resampling_weights(len(kinds), draws, rng)[:, index]
    return weights


def intervals(values: Array) -> tuple[float, float]:
    """The 95 % percentile interval of bootstrap draws (draws,); NaN where nothing is left."""
    kept = values[np.isfinite(values)]
    if not kept.size:
        return float("nan"), float("nan")
    low, high = np.percentile(kept, [2.5, 97.5])
    return float(low), float(high)
