"""Activation dynamics: from the activation of a muscle's fibres back to the excitation by its nerve.

    da/dt = [ (f + 1/2) / (ta (1/2 + 3/2 a)) + (1/2 + 3/2 a) / td (1/2 - f) ] (u - a),   f = tanh(b (u - a)) / 2

with ta = 15 ms, td = 60 ms and b = 0.1: equations 1 and 2 of De Groote F., Kinney A.L., Rao A.V. & Fregly B.J. (2016)
Evaluation of direct collocation optimal control problem formulations for solving the muscle redundancy problem. Ann Biomed Eng
44, 2922-2936.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["activation_rate", "excitation"]

Array = NDArray[np.float64]

ACTIVATION_S, DEACTIVATION_S, TRANSITION = 0.015, 0.060, 0.1


def _speed(excitation: Array, activation: Array) -> Array:
    """1/s by which activation follows excitation."""
    f = 0.5 * np.tanh(TRANSITION * (excitation - activation))
    slowness = 0.5 + 1.5 * activation
    return np.asarray((f + 0.5) / (ACTIVATION_S * slowness) + slowness / DEACTIVATION_S * (0.5 - f))


def activation_rate(excitation: Array, activation: Array) -> Array:
    """da/dt (1/s) of muscles with this excitation and activation, both in [0, 1], of one shape."""
    return _speed(excitation, activation) * (excitation - activation)


def excitation(activation: Array, fps: float) -> Array:
    """Excitation (T, M) in [0, 1] that gives the activation (T, M) at `fps`; smooth it first: its slope counts.

    Where activation falls faster than muscles relax, excitation is 0.
    """
    activation = np.clip(activation, 0.0, 1.0)
    if len(activation) < 2:
        return activation
    slope = np.gradient(activation, 1.0 / fps, axis=0)
    found = activation
    # How fast activation follows hardly hangs on excitation (b is small): this contracts by a factor of ten a step.
    for _ in range(12):
        found = np.clip(activation + slope / _speed(found, activation), -1.0, 2.0)
    return np.clip(found, 0.0, 1.0)
