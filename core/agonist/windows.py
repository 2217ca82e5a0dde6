"""Cut a clip of any length into windows and blend per-window results back without seams."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["blend_windows", "split_windows", "window_starts"]

Array = NDArray[np.float64]


def window_starts(frames: int, window: int) -> NDArray[np.int64]:
    """First frames of windows that cover `frames` frames, half overlapping, the last one flush with the end.

    A clip shorter than one window has the single start 0.
    """
    if frames <= window:
        return np.zeros(1, dtype=np.int64)
    count = int(np.ceil((frames - window) / (window / 2))) + 1
    return np.round(np.linspace(0, frames - window, count)).astype(np.int64)


def split_windows(values: Array, window: int) -> Array:
    """(T, ...) to (W, window, ...). A clip shorter than the window is held at its last frame."""
    if len(values) < window:
        values = np.concatenate([values, np.repeat(values[-1:], window - len(values), axis=0)])
    return np.stack([values[start : start + window] for start in window_starts(len(values), window)])


def blend_windows(windows: Array, frames: int) -> Array:
    """(W, window, ...) back to (frames, ...): overlaps are averaged with raised-cosine weights.

    A network knows least at the ends of its window, so the weights fall towards them; they stay above zero, so that
    the first and the last frame of the clip are covered too. Blending windows that agree returns them unchanged.
    """
    window = windows.shape[1]
    weight = np.sin(np.pi * (np.arange(window) + 0.5) / window) ** 2 + 1e-3
    padded = max(frames, window)
    total = np.zeros((padded, *windows.shape[2:]))
    norm = np.zeros(padded)
    shape = (-1, *([1] * (windows.ndim - 2)))
    for index, start in enumerate(window_starts(padded, window)):
        total[start : start + window] += windows[index] * weight.reshape(shape)
        norm[start : start + window] += weight
    return (total / norm.reshape(shape))[:frames]
