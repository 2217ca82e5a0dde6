"""Standing, swaying people for the networks."""

import numpy as np
import pytest

from agonist import rotations
from agonist.humanoid import HUMANOID, body25_from_motion
from agonist.motion import Motion


@pytest.fixture
def keypoints() -> np.ndarray:
    """(2, 64, 25, 3) metres at 20 frames a second: every joint of the standard humanoid sways, each at its own rate."""
    rng = np.random.default_rng(3)
    clips = []
    for _ in range(2):
        times = np.arange(64)[:, None, None] / 20
        joints = len(HUMANOID.names)
        waves = 0.25 * rng.normal(size=(1, joints, 3)) * np.sin(2 * np.pi * rng.uniform(0.2, 1.0, (1, joints, 1)) * times)
        root = np.array([0.0, 0.0, HUMANOID.offsets[0, 2] or 0.95]) + 0.2 * times[:, :, 0] * rng.normal(size=3) * [1, 1, 0]
        motion = Motion(HUMANOID, rotations.from_rotvec(waves), root, 20.0)
        clips.append(body25_from_motion(motion).positions)
    return np.stack(clips)
