"""Copies of MIA in miniature: one recording by formula, cut into windows as its authors cut theirs. For tests only."""

from pathlib import Path

import numpy as np

from agonist.activation import Activation
from agonist.humanoid import body25_from_motion
from agonist.io import mia
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints
from agonist.muscles import muscle_set
from tests.training.conftest import swaying


def recording(seed: int, frames: int) -> tuple[Keypoints, Activation]:
    """A swaying person at 10 frames a second, hips at the origin, and counts that follow it; left and right are partners."""
    motion = body25_from_motion(swaying(seed, 2 * frames)).positions[::2][:frames]
    rng = np.random.default_rng(seed)
    times = np.arange(frames)[:, None] / 10
    left = 0.3 + 0.2 * np.sin(2 * np.pi * (rng.uniform(0.1, 0.9, (1, 4)) * times + rng.uniform(0, 1, (1, 4))))
    values = np.concatenate([left, 0.9 * left], axis=1) + 0.02 * rng.uniform(0, 1, (frames, 8))
    return Keypoints(motion, BODY25, 10.0), Activation(values, muscle_set("mia8"), 10.0, reference="test")


def write_windows(folder: Path, keypoints: Keypoints, activation: Activation, starts: dict[int, int]) -> None:
    """Windows of 30 frames, {number: first frame}, without joints2d.npy being of any use."""
    for number, first in starts.items():
        part = slice(first, first + 30)
        mia.write(
            folder / str(number),
            Keypoints(keypoints.positions[part], BODY25, 10.0),
            Activation(activation.values[part], muscle_set("mia8"), 10.0),
        )


def small_copy(root: Path) -> dict[str, Activation]:
    """Subject0 squats 100 frames in windows of which 25 of 30 frames are shared; Subject1 in windows that share nothing.

    One window of val/ lies inside the training recording of Subject0, the other is of a recording of its own.
    """
    whole = {}
    keypoints, whole["Subject0"] = recording(0, 100)
    # The frames from 80 on are kept apart: a second recording as far as anybody can see.
    write_windows(root / "train/Subject0/Squat", keypoints, whole["Subject0"], {3 * k + 7: 5 * k for k in range(10)} | {50: 70})
    write_windows(root / "val/Subject0/Squat", keypoints, whole["Subject0"], {0: 22})
    keypoints, whole["Subject1"] = recording(1, 180)
    write_windows(root / "train/Subject1/Squat", keypoints, whole["Subject1"], {k: 30 * k for k in range(5)})
    write_windows(root / "val/Subject1/Squat", keypoints, whole["Subject1"], {0: 150})
    return whole


LISTED_EXERCISES = ("FrontKick", "LegBack", "Squat")
LISTED_PEOPLE = ("Subject0", "Subject1", "Subject2")


def listed_copy(root: Path) -> None:
    """Three people at three exercises, with the authors' lists in the folders of their release.

    Subject0's windows share 25 of 30 frames and every fifth is in val/; those of the others share nothing.
    """
    for p, person in enumerate(LISTED_PEOPLE):
        for e, exercise in enumerate(LISTED_EXERCISES):
            clip = recording(20 + 3 * p + e, 240)
            starts = list(range(0, 186, 5)) if p == 0 else [30 * k for k in range(8)]
            val = starts[4:20:5] if p == 0 else starts[2:4]
            for folder, chosen in (("train", [one for one in starts if one not in val]), ("val", val)):
                write_windows(root / folder / person / exercise, *clip, dict(enumerate(chosen)))
    write_lists(root, root.parent / "musclesinaction" / "ablation")


def write_lists(root: Path, ablation: Path) -> None:
    """Lists of all windows below `root`, under the names of the release."""
    names = {folder: [path.parent.relative_to(root).as_posix() for path in sorted((root / folder).rglob("emgvalues.npy"))]
             for folder in ("train", "val")}  # fmt: skip

    def write(place: str, lines: list[str]) -> None:
        path = ablation / f"{place}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"MIADatasetOfficial/{line}\n" for line in lines))

    write("generalization_ID_nocond_exercises/train", names["train"])
    for place, part, known in (("generalizationexercises", 2, LISTED_EXERCISES), ("generalizationpeople", 1, LISTED_PEOPLE)):
        for name in known:
            own = [line for line in names["val"] if line.split("/")[part] == name]
            write(f"{place}/train_{name}", [line for line in names["train"] if line.split("/")[part] != name])
            write(f"{place}/val_{name}", own)
            if part == 2:
                write(f"generalization_ID_nocond_exercises/val{name}", own)
    # What retrieval among one person's windows was given; nothing to fold by.
    write("generalization_OOD_cond_exercises_nn/trainSquat_Subject1", names["train"][:3])
