"""Motions made by formula, for tests that need one."""

import numpy as np

from agonist.corpus.exercises import perform
from agonist.motion import Motion


def exercise(name: str = "Squat", seconds: float = 3.0, seed: int = 0) -> Motion:
    """A parametric exercise on the standard humanoid at 30 frames a second."""
    return perform(name, seconds, 1.75, np.random.default_rng(seed))
