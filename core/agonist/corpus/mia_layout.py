"""A corpus in the folders of MIA: windows of 30 frames at 10 a second that the official loaders can read."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from agonist.activation import Activation
from agonist.corpus.exercises import MIA_EXERCISES
from agonist.corpus.files import read_take, take_path
from agonist.corpus.people import PEOPLE
from agonist.errors import WorkError
from agonist.io import mia
from agonist.io.atomic import atomic_path
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints
from agonist.muscles import muscle_set

__all__ = ["MIA_FOLDER", "write_mia_layout"]

MIA_FOLDER = "MIADatasetOfficial"
WINDOW = 30
# MIA has two folders; what was held out, for choosing a model or for testing it, is in the second.
_FOLDERS = {"train": "train", "val": "val", "test": "val"}
_LISTS = {"train": "train", "val": "validation", "test": "test"}

_README = """\
SIMULATED DATA. Nobody wore a sensor and nobody was filmed.

These folders have the layout of the data set of "Muscles in Action" (Chiquier & Vondrick, ICCV 2023), but hold none of its
data. The motions are parametric exercises and, where a recording was given, motion capture; the EMG is SIMULATED: muscle
activation from a musculoskeletal model (inverse dynamics and static optimisation), written as counts of an imaginary sensor.
Results on these numbers say nothing about real EMG.

emgvalues.npy  (30, 8) float64, whole numbers, 10 a second: SIMULATED activation in [0, 1] times the person's counts at full
               activation (table below). No sensor noise is added. Channels: 0 LeftQuad 1 LeftHamstring 2 LeftLat 3 LeftBicep
               4 RightQuad 5 RightHamstring 6 RightLat 7 RightBicep.
joints3d.npy   (30, 25, 3) float32, BODY_25, metres, camera axes (x right, y down, z away), hips at the origin of every frame.
joints2d.npy   (30, 25, 2) float32, pixels of an imaginary upright camera of 1080 x 1920, not of a detector.

Not here: pose.npy, betas.npy, verts.npy, predcam.npy, origcam.npy and bboxes.npy, because no SMPL body was fitted.

train/ holds training windows, val/ all that is held out; splits/train.txt, splits/validation.txt and splits/test.txt list
them. Windows of a take do not overlap.
  People in no list but test, motion capture apart:      {test_people}
  People in no training window:                          {validation_people}
  Motion capture clips in test only, on anybody's body:  {clips}
A folder Lower+Upper mixes two exercises, a folder Mocap-CLIP is motion capture.

Person       counts at activation 1   body mass kg   height m
{people}

Windows: {windows}
"""


def write_mia_layout(folder: Path, document: Mapping[str, Any], out: Path) -> dict[str, int]:
    """Cut the usable takes of a corpus into MIA's windows, in place of those that are there.

    Args:
        folder: of the corpus, with takes/.
        document: the content of its corpus.json.
        out: folder that gets MIADatasetOfficial/ and splits/.

    Returns:
        windows of each split ("train", "val", "test"). Raises FileFormatError for a broken take, WorkError if the frame
        rate cannot be thinned to 10 a second or if `out` holds a data set that is not simulated.
    """
    root, every = out / MIA_FOLDER, float(document["fps"]) / mia.FPS
    if every != round(every):
        raise WorkError(f"A corpus at {document['fps']} frames a second cannot be thinned to {mia.FPS:g}. Expected a multiple.")
    if root.exists() and not (root / "SIMULATED.txt").is_file():
        raise WorkError(f"{root}: holds a data set that this program did not write. Expected another folder.")
    shutil.rmtree(root, ignore_errors=True)
    _write_text(root / "SIMULATED.txt", "Being written.\n")
    lists: dict[str, list[str]] = {split: [] for split in _LISTS}
    numbers: Counter[str] = Counter()
    for row in document["takes"]:
        if not row["usable"]:
            continue
        whole = read_take(take_path(folder, row["id"]))
        keypoints, values = (array[:: round(every)].astype(float) for array in whole)
        person = next(person for person in PEOPLE if person.name == row["person"])
        place = f"{_FOLDERS[row['split']]}/{person.name}/{_exercise(row)}"
        for start in range(0, len(values) - WINDOW + 1, WINDOW):
            part = slice(start, start + WINDOW)
            mia.write(
                root / place / str(numbers[place]),
                Keypoints(keypoints[part], BODY25, mia.FPS),
                Activation(np.clip(values[part], 0, 1), muscle_set("mia8"), mia.FPS, reference="simulated"),
                full_scale_counts=person.sensor_gain,
            )
            lists[row["split"]].append(f"{MIA_FOLDER}/{place}/{numbers[place]}")
            numbers[place] += 1
    for split, name in _LISTS.items():
        _write_text(out / "splits" / f"{name}.txt", "".join(f"{line}\n" for line in lists[split]))
    counts = {split: len(lines) for split, lines in lists.items()}
    _write_text(root / "SIMULATED.txt", _text(document, counts))
    return counts


def _exercise(row: Mapping[str, Any]) -> str:
    if row["source"] == "mocap":
        return "Mocap-" + Path(row["exercise"]).stem
    return row["exercise"] + (f"+{row['upper']}" if row["upper"] else "")


def _text(document: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    people = "\n".join(
        f"{person.name:<12} {person.sensor_gain:>22g} {person.person.mass_kg:>14g} {person.height_m:>10.2f}" for person in PEOPLE
    )
    held_out = {split: sorted({row["person"] for row in document["takes"] if row["split"] == split and row["source"] != "mocap"})
                for split in ("val", "test")}  # fmt: skip
    clips = sorted({Path(row["exercise"]).stem for row in document["takes"] if row["source"] == "mocap" and row["split"] == "test"})
    windows = f"train {counts['train']}, validation {counts['val']}, test {counts['test']}; exercises of MIA: {', '.join(MIA_EXERCISES)}"
    return _README.format(
        people=people, windows=windows, clips=", ".join(clips) or "none",
        test_people=", ".join(held_out["test"]) or "none", validation_people=", ".join(held_out["val"]) or "none",
    )  # fmt: skip


def _write_text(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
