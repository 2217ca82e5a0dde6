"""Static optimisation: which muscles carry the joint torques of one frame, and what the ground and the reserves add.

    minimise    sum_i w_i x_i^p_i / p_i + sum_j s_j^2 r_j^2 / 2
    subject to  A x + r = b,   low <= x <= high

x are activations and ground-force coefficients, r what is left over (residual at the root, reserve at the joints). With
L the multipliers, x_i = clip((A_i' L / w_i)^(1 / (p_i - 1))), r = L / s^2, and A x(L) + L / s^2 = b is one monotone
equation in as many unknowns as the body has degrees of freedom, piecewise linear for p = 2: semismooth Newton with a line
search on the concave dual finds it exactly in a few steps (Qi & Sun 1993; Sun & Qi 1999 for the dual).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["solve_recruitment"]

Array = NDArray[np.float64]

# Below this activation the slope of x^(1/(p-1)), infinite at zero for p > 2, is taken as it is here.
_SLOPE_FLOOR = 1e-3


def solve_recruitment(
    a: Array,
    b: Array,
    weight: Array,
    low: Array,
    high: Array,
    stiffness: Array,
    start: Array | None = None,
    exponent: float = 2.0,
    powered: int = 0,
) -> tuple[Array, Array, Array]:
    """Solve one frame.

    Args:
        a: (n, m) what each unknown does to each degree of freedom.
        b: (n,) generalised force to be carried.
        weight: (m,) cost w of each unknown, positive.
        low, high: (m,) bounds, low not negative; high may be infinite.
        stiffness: (n,) cost s^2 of what is left over.
        start: (n,) multipliers of the frame before, for speed only.
        exponent: p, above 1, of the first `powered` unknowns; the others have p = 2.

    Returns:
        x (m,), leftover r (n,), multipliers (n,).
    """
    multipliers = np.zeros(len(b)) if start is None else start.copy()
    softness = 1.0 / stiffness
    power = np.full(len(weight), 2.0)
    power[:powered] = exponent
    quadratic = exponent == 2.0 or powered == 0

    def respond(pull: Array) -> tuple[Array, Array]:
        """What each unknown answers to a pull over its weight, and the slope of that answer."""
        if quadratic:
            x = np.clip(pull, low, high)
            slope = np.ones_like(pull)
        else:
            x = np.clip(np.maximum(pull, 0.0) ** (1.0 / (power - 1.0)), low, high)
            slope = np.maximum(x, _SLOPE_FLOOR) ** (2.0 - power) / (power - 1.0)
        slope[(x <= low) | (x >= high)] = 0.0
        return x, slope

    def dual(value: Array) -> tuple[float, Array, Array]:
        pull = a.T @ value / weight
        x, slope = respond(pull)
        paid = 0.5 * x**2 if quadratic else x**power / power
        objective = value @ b - 0.5 * value @ (softness * value) - (weight * (x * pull - paid)).sum()
        return float(objective), b - a @ x - softness * value, slope

    objective, gradient, slope = dual(multipliers)
    tolerance = 1e-9 * (1.0 + np.abs(b).max())
    for _ in range(100):
        if np.abs(gradient).max() < tolerance:
            break
        free = slope > 0
        active = a[:, free]
        hessian = (active * (slope[free] / weight[free])) @ active.T
        hessian[np.diag_indices_from(hessian)] += softness
        direction = np.linalg.solve(hessian, gradient)
        length, rise = 1.0, gradient @ direction
        while True:
            trial = multipliers + length * direction
            new_objective, new_gradient, new_slope = dual(trial)
            # Armijo on a concave function; the floor ends the search where rounding hides any further gain.
            if new_objective >= objective + 1e-4 * length * rise - 1e-12 * abs(objective) or length < 1e-6:
                break
            length *= 0.5
        multipliers, objective, gradient, slope = trial, new_objective, new_gradient, new_slope
    x, _ = respond(a.T @ multipliers / weight)
    return x, b - a @ x, multipliers
