"""Verify: let physics judge an edit, with a person and a recruitment cost that no training data used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agonist.body import Person, simulate
from agonist.edit import EditResult
from agonist.motion import Motion

__all__ = ["JUDGE", "verify_by_physics"]

# Nobody in the corpus has this mass and strength, and the corpus only knows a quadratic cost.
JUDGE = Person(mass_kg=70.0, sex="male", strength=1.2, cost_exponent=3.0, cocontraction=0.01)
_FPS = 20.0


def verify_by_physics(original: Motion, result: EditResult, *, progress: Callable[[float], None] | None = None) -> dict[str, float]:
    """Simulate both motions; for each muscle, mean activation after over before inside the edit's frames.

    Raises MissingDependencyError without the `physics` extra, MotionError for a clip too short for physics.
    """
    means = []
    for index, motion in enumerate((original, result.motion)):
        shown = (lambda share, index=index: progress((index + share) / 2)) if progress else None
        simulated = simulate(motion, JUDGE, output_fps=min(_FPS, motion.fps), progress=shown).activation
        first, last = (round(frame / motion.fps * simulated.fps) for frame in result.frames)
        # At the lower rate the clip may end before its last frames.
        first = min(first, len(simulated) - 1)
        means.append(simulated.values[first : max(last, first + 1)].mean(axis=0))
    ratio = means[1] / np.maximum(means[0], 1e-6)
    return {name: float(value) for name, value in zip(result.original.muscles.names, ratio, strict=True)}
