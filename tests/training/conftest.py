"""A corpus in miniature: swaying people, and activation by a smooth formula instead of physics. For tests only."""

import json

import numpy as np
import pytest

from agonist import rotations
from agonist.humanoid import HUMANOID, body25_from_motion
from agonist.keypoint_layouts import BODY25
from agonist.motion import Motion

# An encoder in miniature, of so many steps.
ENCODER_RECIPE = """
name = "tiny"
config = "agonist"
parts = ["encoder"]
seed = 5
[encoder]
steps = {steps}
minutes = 30.0
batch = 2
learning_rate = 1e-3
"""


def swaying(seed: int, frames: int = 80) -> Motion:
    """Every joint of the standard humanoid sways at its own rate; 20 frames a second."""
    rng = np.random.default_rng(seed)
    joints = len(HUMANOID.names)
    times = np.arange(frames)[:, None, None] / 20
    waves = 0.25 * rng.normal(size=(1, joints, 3)) * np.sin(2 * np.pi * rng.uniform(0.3, 1.0, (1, joints, 1)) * times)
    return Motion(HUMANOID, rotations.from_rotvec(waves), np.tile([0.0, 0.0, 0.95], (frames, 1)), 20.0)


def _formula(keypoints: np.ndarray) -> np.ndarray:
    """(T, 25, 3) to (T, 8) in [0, 1]: heights of limbs, nothing physical."""
    mid = keypoints[:, BODY25.index("mid_hip"), 2]
    names = ("knee_{}", "ankle_{}", "elbow_{}", "wrist_{}")
    heights = [keypoints[:, BODY25.index(name.format(side)), 2] - mid for side in "lr" for name in names]
    return 0.05 + 0.4 / (1 + np.exp(-6 * np.stack(heights, axis=-1)))


@pytest.fixture
def corpus(tmp_path):
    """A corpus folder with four training takes, one of them unusable, one for validation and two for testing."""
    folder = tmp_path / "corpus"
    (folder / "takes").mkdir(parents=True)
    rows = []
    for index, split in enumerate(["train", "train", "train", "train", "val", "test", "test"]):
        keypoints = body25_from_motion(swaying(index)).positions
        name = f"{index:02d}"
        arrays = {"keypoints": keypoints.astype(np.float32), "activation": _formula(keypoints).astype(np.float32)}
        np.savez(folder / "takes" / f"{name}.npz", **arrays)
        rows.append({"id": name, "exercise": "Sway", "person": f"Subject{index}", "source": "mocap" if index == 6 else "parametric",
                     "split": split, "usable": index != 3})  # fmt: skip
    document = {"seed": 0, "budget": "test", "fps": 20.0, "muscles": "mia8", "data": "simulated", "takes": rows}
    (folder / "corpus.json").write_text(json.dumps(document))
    return folder
