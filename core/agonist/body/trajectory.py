"""Smooth coordinates over time: low-pass, spline, and exact first and second derivatives at any instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.body.model import BodyModel
from agonist.errors import MissingDependencyError

__all__ = ["Trajectory", "fit_trajectory"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Splines through root position, root quaternion and hinges."""

    position: Any
    quaternion: Any
    hinges: Any

    def at(self, body: BodyModel, time: float) -> tuple[Array, Array, Array, Array, Array]:
        """qpos, qvel, qacc of the model, the velocity map G (nv, 29) and the hinges at `time` seconds."""
        quaternion, first, second = (np.asarray(self.quaternion(time, order)) for order in range(3))
        norm = np.linalg.norm(quaternion)
        inverse = rotations.conjugate(quaternion) / norm**2
        # For q = r u with a unit u, q^-1 q' = r'/r + u^-1 u': the vector part is half the angular velocity in the body.
        rate = rotations.multiply(inverse, first)
        half_omega = rate[1:]
        half_alpha = (rotations.multiply(inverse, second) - rotations.multiply(rate, rate))[1:]
        hinges, speed, acceleration = (np.asarray(self.hinges(time, order)) for order in range(3))
        g, curvature = body.velocity_map(hinges)
        u = np.concatenate([self.position(time, 1), 2 * half_omega, speed])
        du = np.concatenate([self.position(time, 2), 2 * half_alpha, acceleration])
        qacc = g @ du
        live = body.coupled_source >= 0
        qacc[body.coupled_dof[live]] += curvature[live] * speed[body.coupled_source[live]] ** 2
        qpos = body.qpos(np.concatenate([self.position(time), quaternion / norm]), hinges)
        return qpos, g @ u, qacc, g, hinges


def low_pass(values: Array, fps: float, cutoff_hz: float) -> Array:
    """Zero-phase Butterworth, 2nd order run twice (Winter 2009), along axis 0; clips too short for it come back as they are."""
    from scipy.signal import butter, filtfilt

    if cutoff_hz >= 0.45 * fps or len(values) < 10:
        return values
    numerator, denominator = butter(2, cutoff_hz / (fps / 2) / 0.802)
    return filtfilt(numerator, denominator, values, axis=0, padlen=min(len(values) - 1, int(fps)))


def fit_trajectory(roots: Array, hinges: Array, fps: float, cutoff_hz: float) -> Trajectory:
    """Low-pass root (T, 7) and hinges (T, 23) at `fps` and put natural cubic splines through them."""
    try:
        from scipy.interpolate import CubicSpline
    except ImportError as error:
        raise MissingDependencyError("scipy", "physics", "Simulating a body") from error
    times = np.arange(len(roots)) / fps
    smooth = low_pass(np.concatenate([roots[:, :3], rotations.unroll(roots[:, 3:]), hinges], axis=1), fps, cutoff_hz)
    return Trajectory(*(CubicSpline(times, part, bc_type="natural") for part in (smooth[:, :3], smooth[:, 3:7], smooth[:, 7:])))
