"""Runs: from when to when something holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["runs"]


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[first, last) of each run of True in (T,), in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
