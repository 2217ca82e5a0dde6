"""Cut a clip of any length into windows and blend per-window results back without seams."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["blend_at", "blend_windows", "split_windows", "window_starts"]

Array = NDArray[np.float64]


def window_starts(frames: int, window: int) -> NDArray[np.int64]:
    """First frames of windows that cover `frames` frames, half overlapping, the last one flush with the end.

    A clip shorter than one window has the single start 0.
    """
    if frames <= window:
        return np.zeros(1, dtype=np.int64)
    count = int(np.ceil((frames - window) / (window / 2))) + 1
    return np.round(np.linspace(0, frames - window, count)).astype(np.int64)


def split_windows(values: Array, window: int, starts: NDArray[np.int64] | None = None) -> Array:
    """(T, ...) to (W, window, ...), at `starts` if given. A clip shorter than the window is held at its last frame."""
    if len(values) < window:
        values = np.concatenate([values, np.repeat(values[-1:], window - len(values), axis=0)])
    starts = window_starts(len(values), window) if starts is None else starts
    return np.stack([values[start : start + window] for start in starts])


def blend_windows(windows: Array, frames: int) -> Array:
    """(W, window, ...) back to (frames, ...): overlaps are averaged with raised-cosine weights.

    A network knows least at the ends of its window, so the weights fall towards them; they stay above zero, so that
    the first and the last frame of the clip are covered too. Blending windows that agree returns them unchanged.
    """
    return blend_at(windows, window_starts(frames, windows.shape[1]), (0, frames))


def blend_at(windows: Array, starts: NDArray[np.int64], frames: tuple[int, int]) -> Array:
    """`blend_windows` of some neighbouring windows, which begin at `starts`: the clip's frames [first, last), (last - first, ...).

    The frames are as in the whole clip if all windows that cover them are there.
    """
    window, origin = windows.shape[1], int(starts[0])
    weight = np.sin(np.pi * (np.arange(window) + 0.5) / window) ** 2 + 1e-3
    count = int(starts[-1]) + window - origin
    total = np.zeros((count, *windows.shape[2:]))
    norm = np.zeros(count)
    shape = (-1, *([1] * (windows.ndim - 2)))
    for values, start in zip(windows, starts - origin, strict=True):
        total[start : start + window] += values * weight.reshape(shape)
        norm[start : start + window] += weight
    return (total / norm.reshape(shape))[frames[0] - origin : frames[1] - origin]
