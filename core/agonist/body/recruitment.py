"""Static optimisation: which muscles carry the joint torques of one frame, and what the ground and the reserves add.

    minimise    sum_i w_i x_i^2 / 2 + sum_j s_j^2 r_j^2 / 2
    subject to  A x + r = b,   low <= x <= high

x are activations and ground-force coefficients, r what is left over (residual at the root, reserve at the joints). With
L the multipliers, x_i = clip(A_i' L / w_i), r = L / s^2, and A x(L) + L / s^2 = b is one monotone, piecewise linear
equation in as many unknowns as the body has degrees of freedom: semismooth Newton with a line search on the concave dual
finds it exactly in a few steps (Qi & Sun 1993; Sun & Qi 1999 for the dual).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["solve_recruitment"]

Array = NDArray[np.float64]


def solve_recruitment(
    a: Array, b: Array, weight: Array, low: Array, high: Array, stiffness: Array, start: Array | None = None
) -> tuple[Array, Array, Array]:
    """Solve one frame.

    Args:
        a: (n, m) what each unknown does to each degree of freedom.
        b: (n,) generalised force to be carried.
        weight: (m,) cost w of each unknown, positive.
        low, high: (m,) bounds; high may be infinite.
        stiffness: (n,) cost s^2 of what is left over.
        start: (n,) multipliers of the frame before, for speed only.

    Returns:
        x (m,), leftover r (n,), multipliers (n,).
    """
    multipliers = np.zeros(len(b)) if start is None else start.copy()
    softness = 1.0 / stiffness

    def dual(value: Array) -> tuple[float, Array, NDArray[np.bool_]]:
        pull = a.T @ value / weight
        x = np.clip(pull, low, high)
        objective = value @ b - 0.5 * value @ (softness * value) - (weight * x * (pull - 0.5 * x)).sum()
        gradient = b - a @ x - softness * value
        return float(objective), gradient, (pull > low) & (pull < high)

    objective, gradient, free = dual(multipliers)
    tolerance = 1e-9 * (1.0 + np.abs(b).max())
    for _ in range(60):
        if np.abs(gradient).max() < tolerance:
            break
        active = a[:, free]
        hessian = (active / weight[free]) @ active.T
        hessian[np.diag_indices_from(hessian)] += softness
        direction = np.linalg.solve(hessian, gradient)
        length = 1.0
        slope = gradient @ direction
        while True:
            trial = multipliers + length * direction
            new_objective, new_gradient, new_free = dual(trial)
            # Armijo on a concave function; the floor ends the search where rounding hides any further gain.
            if new_objective >= objective + 1e-4 * length * slope - 1e-12 * abs(objective) or length < 1e-6:
                break
            length *= 0.5
        multipliers, objective, gradient, free = trial, new_objective, new_gradient, new_free
    x = np.clip(a.T @ multipliers / weight, low, high)
    return x, b - a @ x, multipliers
