"""The linear envelope of surface EMG, as SENIAM and ISEK recommend it.

Band-pass 20-450 Hz, remove the mean, rectify, low-pass 6 Hz; Butterworth filters of 4th order that run forwards and
backwards, so that nothing is delayed (Hermens et al. 2000, J Electromyogr Kinesiol 10; Merletti 1999, ISEK).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agonist.errors import InputError, MissingDependencyError

__all__ = ["EnvelopeSettings", "emg_envelope", "low_pass"]

Array = NDArray[np.float64]

# Where a band reaches beyond what the sampling rate can carry, it ends at this share of it.
_HIGHEST_SHARE = 0.45
# sosfiltfilt mirrors this many samples at the ends; shorter signals cannot be filtered.
_SHORTEST = 64


@dataclass(frozen=True)
class EnvelopeSettings:
    """The parameters of an envelope; stored with every result.

    Attributes:
        band_hz: of the muscle's signal; what is slower is movement of the cable, what is faster is noise.
        low_pass_hz: of the rectified signal.
        order: of the Butterworth filters, before they run both ways.
    """

    band_hz: tuple[float, float] = (20.0, 450.0)
    low_pass_hz: float = 6.0
    order: int = 4


def emg_envelope(raw: Array, fps: float, settings: EnvelopeSettings | None = None) -> Array:
    """The envelope of raw EMG, in the signal's own unit, never below zero.

    Args:
        raw: (T, M) volts or counts. fps: samples a second.
        settings: SENIAM's if none. Below 1000 Hz the band ends at 0.45 of the sampling rate, with a warning.

    Raises:
        InputError: too few samples, values that are not finite, or a sampling rate that cannot carry the band.
    """
    chosen = settings or EnvelopeSettings()
    low, high = chosen.band_hz
    if high > _HIGHEST_SHARE * fps:
        high = _HIGHEST_SHARE * fps
        if high <= low:
            raise InputError(f"EMG at {fps:g} samples a second cannot carry the band from {low:g} Hz. Expected more than {low / 0.45:g}.")
        if fps < 1000:
            warnings.warn(f"EMG at {fps:g} samples a second: the band ends at {high:g} Hz instead of {chosen.band_hz[1]:g}.", stacklevel=2)
    signal = _filtered(raw, fps, (low, high), "bandpass", chosen.order)
    rectified = np.abs(signal - signal.mean(axis=0))
    return np.clip(low_pass(rectified, fps, chosen.low_pass_hz, chosen.order), 0.0, None)


def low_pass(values: Array, fps: float, hz: float, order: int = 4) -> Array:
    """(T, N) without what is faster than `hz`, without delay. Raises InputError."""
    return _filtered(values, fps, hz, "lowpass", order)


def _filtered(values: Array, fps: float, hz: float | tuple[float, float], kind: str, order: int) -> Array:
    try:
        from scipy.signal import butter, sosfiltfilt
    except ImportError as error:
        raise MissingDependencyError("scipy", "train", "Filtering EMG") from error
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or len(values) < _SHORTEST or not np.isfinite(values).all():
        raise InputError(f"A signal of shape {values.shape}. Expected (T, channels), T at least {_SHORTEST}, all finite.")
    return np.asarray(sosfiltfilt(butter(order, hz, kind, fs=fps, output="sos"), values, axis=0))
