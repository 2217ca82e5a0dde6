"""A corpus of several people and exercises of MIA: swaying bodies, and activation by a formula of the pose. For tests only."""

import json
from pathlib import Path

import numpy as np

from agonist.humanoid import body25_from_motion
from agonist.keypoint_layouts import BODY25
from tests.training.conftest import swaying

EXERCISES = ("Squat", "LegBack", "FrontKick")


def activation(keypoints: np.ndarray, gain: float) -> np.ndarray:
    """(T, 25, 3) to (T, 8) in [0, 1]: heights of limbs over the hips, times what is the person's own."""
    mid = keypoints[:, BODY25.index("mid_hip"), 2]
    names = ("knee_{}", "ankle_{}", "elbow_{}", "wrist_{}")
    heights = [keypoints[:, BODY25.index(name.format(side)), 2] - mid for side in "lr" for name in names]
    return gain * (0.05 + 0.4 / (1 + np.exp(-6 * np.stack(heights, axis=-1))))


def write_corpus(folder: Path, people: int = 3, takes: int = 2, frames: int = 181) -> dict:
    """corpus.json and takes/*.npz at 20 frames a second; the last person is for testing, as in our own corpus."""
    (folder / "takes").mkdir(parents=True)
    rows = []
    for person in range(people):
        for e, exercise in enumerate(EXERCISES):
            for take in range(takes):
                keypoints = body25_from_motion(swaying(100 * person + 10 * e + take, frames)).positions
                name = f"{take:02d}-Subject{person}-{exercise}"
                np.savez(
                    folder / "takes" / f"{name}.npz",
                    keypoints=keypoints.astype(np.float32),
                    activation=activation(keypoints, 1 - 0.2 * person).astype(np.float32),
                )
                split = ("train", "val", "test")[max(person - people + 3, 0)]
                rows.append({"id": name, "exercise": exercise, "person": f"Subject{person}", "source": "parametric", "split": split,
                             "usable": True, "upper": "", "frames": frames})  # fmt: skip
    document = {"seed": 0, "budget": "test", "fps": 20.0, "muscles": "mia8", "data": "simulated", "takes": rows}
    (folder / "corpus.json").write_text(json.dumps(document))
    return document
