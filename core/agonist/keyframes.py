"""Keyframes: the few frames through which a sampled curve can be drawn by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agonist.errors import InputError

__all__ = ["key_frames"]

Array = NDArray[np.float64]


def key_frames(values: Array, tolerance: float) -> NDArray[np.int64]:
    """Frames to key so that straight lines between them stay within a tolerance of every value.

    The frame that lies furthest off is added until none is too far (Ramer 1972; Douglas & Peucker 1973, with vertical distance).

    Args:
        values: (T,) finite.
        tolerance: in the unit of the values, above 0.

    Returns:
        Rising indices, the first and the last frame among them. Raises InputError.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise InputError(f"The curve has shape {values.shape}. Expected at least one finite number a frame: (T,).")
    if not tolerance > 0:
        raise InputError(f"The tolerance is {tolerance}. Expected more than 0.")
    frames = np.arange(len(values))
    chosen = sorted({0, len(values) - 1})
    while True:
        off = np.abs(values - np.interp(frames, chosen, values[chosen]))
        worst = int(off.argmax())
        if off[worst] <= tolerance:
            return np.array(chosen)
        chosen = sorted({*chosen, worst})
