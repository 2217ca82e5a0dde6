"""MIA as a corpus: takes stitched from its windows, with splits made from its folders and from time; and the windows and lists
as its authors published them."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from agonist.activation import Activation
from agonist.corpus.mia_channels import ChannelCheck
from agonist.corpus.mia_inspect import PUBLISHED_WINDOWS, MiaGroup, find_root, is_simulated, read_groups
from agonist.corpus.mia_layout import WINDOW
from agonist.corpus.mia_lists import find_lists, judged_windows, sort_lists, write_lists
from agonist.corpus.mia_published import write_published
from agonist.corpus.mia_stitch import Stretch, filled, merge
from agonist.errors import FileFormatError, InputError, WorkError
from agonist.io import mia
from agonist.io.atomic import atomic_path
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints
from agonist.muscles import muscle_set
from agonist.signals.runs import runs

__all__ = ["IMPORT_FPS", "VALIDATION_SHARE", "import_mia"]

# Twice MIA's own rate, which every network takes: every second frame is a recorded one, those between are interpolated.
IMPORT_FPS = 20.0
# The last part of each person's and exercise's training frames is for early stopping [ours].
VALIDATION_SHARE = 0.1
# What is left of a recording between windows of the test is not worth learning from if it is shorter, frames at 10 a second [ours].
SHORTEST_REST = 10
# New files lie here, in the folder that is written, until all of them are known to be right.
_UNFINISHED = ".unfinished"
# Frames of train/, and how many of them are in no take: in the test too, in too short a rest, between training and validation.
_FRAMES = ("train", "in_test", "short", "apart")
_SOLES = [BODY25.index(f"{name}_{side}") for name in ("heel", "big_toe", "small_toe") for side in "lr"]
_NOTE = (
    "The hips are the origin of every recorded frame: where the body went is not known. The floor is the 2nd percentile of the soles "
    "over a take. A joint that was not seen in some frames is interpolated over time. Splits: MIA's val/ is the test; the last tenth "
    "of each person's and exercise's frames in train/ is for validation. Of {train} frames in train/, {in_test} are in the test too and "
    "were left out, with {short} frames in rests shorter than a second and {apart} between training and validation."
)


def import_mia(
    path: Path,
    out: Path,
    *,
    lists: Path | None = None,
    full_scale_counts: float = mia.FULL_SCALE_COUNTS,
    skip_damaged: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Write a copy of MIA as a corpus: corpus.json, takes/*.npz with keypoints (T, 25, 3) metres and activation (T, 8), and for
    its authors' protocols windows/*.npz and lists/.

    Args:
        path: of `find_root`.
        out: an empty or new folder, or one of an earlier import.
        lists: of `mia_lists.find_lists`.
        full_scale_counts: counts that become activation 1, the same for everybody, so that the paper's counts come back.
        skip_damaged: leave damaged windows out instead of stopping at the first.
        progress: share done and where.

    Returns:
        the content of corpus.json. Raises InputError, FileFormatError (a damaged window or list, counts over full scale),
        WorkError if `out` holds another corpus; whatever it raises, `out` holds the corpus that it held.
    """
    if not (math.isfinite(full_scale_counts) and full_scale_counts > 0):
        raise InputError(f"Full scale is {full_scale_counts} counts. Expected a positive number.")
    root, index = find_root(path), out / "corpus.json"
    _check_out(index)
    unfinished = out / _UNFINISHED
    # Of an import that was killed.
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        document = _imported(path, root, unfinished, lists, full_scale_counts, skip_damaged, progress)
        # A kill from here on leaves no corpus, rather than one that is half another.
        index.unlink(missing_ok=True)
        for file in sorted(one for one in unfinished.rglob("*") if one.is_file()):
            place = out / file.relative_to(unfinished)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, place)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    with atomic_path(index) as temporary:
        temporary.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return document


def _imported(
    path: Path,
    root: Path,
    out: Path,
    lists: Path | None,
    full_scale_counts: float,
    skip_damaged: bool,
    progress: Callable[[float, str], None] | None,
) -> dict[str, Any]:
    """Write everything but corpus.json below `out`; returns what that is to say."""
    simulated = is_simulated(root)
    folds = sort_lists(find_lists(path, root, lists))
    damaged: list[str] = []
    rows: list[dict[str, Any]] = []
    published: list[dict[str, Any]] = []
    windows = dict.fromkeys(PUBLISHED_WINDOWS, 0)
    left_out: Counter[str] = Counter()
    channels = ChannelCheck()
    for group in read_groups(root, damaged if skip_damaged else None, progress):
        for folder in windows:
            windows[folder] += group.folders.count(folder)
        channels.add(group.person, group.exercise, np.concatenate(group.counts))
        stretches, apart = _splits(group)
        left_out.update(apart)
        for split, folder, stretch in stretches:
            largest = float(stretch.counts.max())
            if largest > full_scale_counts:
                where = root / group.names[stretch.windows[0]]
                raise FileFormatError(where, f"{largest:g} counts", f"counts up to {full_scale_counts:g}; or state a larger full scale")
            rows.append(_write(out, group, split, folder, stretch, full_scale_counts, simulated))
        published.append(write_published(out, group, full_scale_counts))
    if not rows:
        raise InputError(f"{root}: no window can be read. Expected at least one.")
    data = "simulated, in MIA's layout" if simulated else f"measured EMG: sensor counts over {full_scale_counts:g}; poses from video"
    return {
        "seed": None, "budget": "mia", "fps": IMPORT_FPS, "recorded_fps": mia.FPS, "muscles": "mia8", "data": data, "dataset": "mia",
        "official": not simulated and not damaged and judged_windows(root, windows, folds) == PUBLISHED_WINDOWS,
        "full_scale_counts": full_scale_counts, "windows": windows, "published_windows": published, "lists": write_lists(out, folds),
        "damaged": damaged, "channel_order": channels.document(), "training_frames": {name: left_out[name] for name in _FRAMES},
        "note": _NOTE.format(**{name: left_out[name] for name in _FRAMES}), "takes": rows,
    }  # fmt: skip


def _check_out(index: Path) -> None:
    if not index.is_file():
        return
    try:
        same = json.loads(index.read_text(encoding="utf-8")).get("dataset") == "mia"
    except (ValueError, AttributeError):
        same = False
    if not same:
        raise WorkError(f"{index.parent}: holds another corpus. Expected an empty folder or an earlier import of MIA.")


def _splits(group: MiaGroup) -> tuple[list[tuple[str, str, Stretch]], Counter[str]]:
    """Stretches with their split and folder, and `_FRAMES`.

    What is in the test is in nothing else, though train/ may have it too. Of the frames that are left for training the last tenth in
    time order is for validation.
    """

    def of(folder: str) -> list[Stretch]:
        chosen = [index for index, one in enumerate(group.folders) if one == folder]
        stretches = merge(group.joints, group.counts, group.places, chosen)
        # Before a part is taken, in which a joint may never be seen.
        return [replace(stretch, joints=filled(stretch.joints)) for stretch in stretches]

    tests, whole = of("val"), of("train")
    result = [("test", "val", stretch) for stretch in tests]
    tested = {(stretch.session, stretch.first + frame) for stretch in tests for frame in range(len(stretch.counts))}
    training, frames = [], Counter(train=0)
    for stretch in whole:
        kept = np.array([(stretch.session, stretch.first + frame) not in tested for frame in range(len(stretch.counts))])
        frames.update(train=len(kept), in_test=int((~kept).sum()))
        for first, last in runs(kept):
            # A recording that shares nothing with the test is taken as it is.
            if last - first >= SHORTEST_REST or kept.all():
                training.append(_part(stretch, first, last))
            else:
                frames["short"] += last - first
    left = VALIDATION_SHARE * sum(len(stretch.counts) for stretch in training)
    for stretch in reversed(training):
        length = len(stretch.counts)
        wanted = max(math.ceil(left), WINDOW)
        # Somebody's only short stretches are learned from, or nobody would know the exercise.
        last_chance = stretch is training[0] and not any(split == "train" for split, *_ in result)
        if left <= 0 or (last_chance and length < wanted + 2 * WINDOW):
            result.append(("train", "train", stretch))
        elif length >= wanted + 2 * WINDOW:
            # A window's length between the two parts belongs to neither.
            result.append(("val", "train", _part(stretch, length - wanted, length)))
            result.append(("train", "train", _part(stretch, 0, length - wanted - WINDOW)))
            frames["apart"] += WINDOW
        else:
            result.append(("val", "train", stretch))
        left -= length if left > 0 else 0
    return result, frames


def _part(stretch: Stretch, first: int, last: int) -> Stretch:
    return Stretch(stretch.session, stretch.first + first, stretch.joints[first:last], stretch.counts[first:last], stretch.windows)


def _write(
    out: Path, group: MiaGroup, split: str, folder: str, stretch: Stretch, full_scale_counts: float, simulated: bool
) -> dict[str, Any]:
    name = f"{folder}-{group.person}-{group.exercise}-{stretch.session:04d}-{stretch.first:05d}"
    keypoints = Keypoints(stretch.joints.astype(float), BODY25, mia.FPS).resample(IMPORT_FPS)
    values = stretch.counts.astype(float) / full_scale_counts
    activation = Activation(values, muscle_set("mia8"), mia.FPS, reference="sensor counts").resample(IMPORT_FPS)
    positions = keypoints.positions - np.array([0, 0, np.percentile(keypoints.positions[:, _SOLES, 2].min(axis=1), 2)])
    with atomic_path(out / "takes" / f"{name}.npz") as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, keypoints=positions.astype(np.float32), activation=activation.values.astype(np.float32), fps=IMPORT_FPS)
    return {
        "id": name, "exercise": group.exercise, "person": group.person, "source": "simulated mia" if simulated else "mia",
        "split": split, "seconds": len(stretch.counts) / mia.FPS, "upper": "", "variation": 0.0, "frames": len(activation),
        "folder": folder, "session": f"{group.person}/{group.exercise}/{stretch.session}", "first_frame": stretch.first,
        "windows": len(stretch.windows), "counts_at_1": full_scale_counts, "usable": True,
    }  # fmt: skip
