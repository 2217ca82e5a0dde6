"""What is in a copy of MIA: read window by window, checked against what was published, stitched into takes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.corpus.exercises import MIA_EXERCISES
from agonist.corpus.mia_channels import ChannelCheck
from agonist.corpus.mia_layout import MIA_FOLDER
from agonist.corpus.mia_lists import find_lists, judged_windows, list_lines, sort_lists
from agonist.corpus.mia_stitch import Placement, place_windows
from agonist.errors import FileFormatError, InputError
from agonist.io import mia
from agonist.keypoint_layouts import BODY25
from agonist.muscles import muscle_set

__all__ = ["PUBLISHED_WINDOWS", "MiaGroup", "find_root", "inspect_mia", "is_simulated", "read_groups"]

Array = NDArray[np.float32]
Progress = Callable[[float, str], None]

# Chiquier & Vondrick, ICCV 2023: train windows, and windows of the lists tested in distribution.
PUBLISHED_WINDOWS = {"train": 19_563, "val": 4_777}
# A power of two, so that counts come back from the share of it to the last bit.
_ANY_COUNTS = float(2**20)
_EXPECTED = f"a folder {MIA_FOLDER} with train/ and val/, and SubjectN/EXERCISE/IDX/emgvalues.npy below"


@dataclass(frozen=True, eq=False)
class MiaGroup:
    """All windows of one person and one exercise, of both folders.

    Attributes:
        person, exercise: folder names.
        folders: "train" or "val" of each window. names: its path below the data set.
        joints: (T, 25, 3) metres, house axes, of each window; NaN where not seen, but each joint in one frame at least.
        counts: (T, 8) of each window.
        places: recording and first frame of each.
    """

    person: str
    exercise: str
    folders: tuple[str, ...]
    names: tuple[str, ...]
    joints: tuple[Array, ...]
    counts: tuple[Array, ...]
    places: tuple[Placement, ...]


def find_root(path: Path) -> Path:
    """The folder that holds train/ and val/: `path` itself or MIADatasetOfficial in it. Raises InputError."""
    if not path.is_dir():
        raise InputError(f"{path}: {'a file' if path.exists() else 'no such folder'}. Expected {_EXPECTED}.")
    for root in (path, path / MIA_FOLDER):
        if any((root / folder).is_dir() for folder in PUBLISHED_WINDOWS):
            return root
    raise InputError(f"{path}: no train/ and no val/ in it. Expected {_EXPECTED}.")


def is_simulated(root: Path) -> bool:
    """Whether `agonist corpus build --layout mia` wrote it: its mark lies beside train/."""
    return (root / "SIMULATED.txt").is_file()


def read_groups(root: Path, damaged: list[str] | None = None, progress: Progress | None = None) -> Iterator[MiaGroup]:
    """Read the windows, one person and exercise after the other; a whole copy of MIA never lies in memory.

    Args:
        root: of `find_root`.
        damaged: gets one line for each window that cannot be read; without it the first such window raises.
        progress: share of the windows read and where.

    Raises:
        FileFormatError: a damaged window. InputError: no windows at all.
    """
    found: dict[tuple[str, str], list[tuple[str, Path]]] = defaultdict(list)
    for folder in PUBLISHED_WINDOWS:
        for path in mia.windows(root / folder):
            parts = path.relative_to(root / folder).parts
            if len(parts) != 3:
                raise FileFormatError(path, "a window outside SUBJECT/EXERCISE/IDX", _EXPECTED)
            found[parts[0], parts[1]].append((folder, path))
    total, done = sum(map(len, found.values())), 0
    if not total:
        raise InputError(f"{root}: no windows. Expected {_EXPECTED}.")
    for (person, exercise), members in sorted(found.items()):
        if progress:
            progress(done / total, f"{person} {exercise}")
        done += len(members)
        rows = [(folder, path, *pair) for folder, path in members if (pair := _read(path, damaged)) is not None]
        if rows:
            folders, paths, joints, counts = zip(*rows, strict=True)
            names = tuple(str(path.relative_to(root)) for path in paths)
            yield MiaGroup(person, exercise, folders, names, joints, counts, tuple(place_windows(joints, counts)))
    if progress:
        progress(1.0, "read")


def _read(path: Path, damaged: list[str] | None) -> tuple[Array, Array] | None:
    try:
        window = mia.read(path, full_scale_counts=_ANY_COUNTS)
        joints = window.keypoints.positions.astype(np.float32)
        seen = np.isfinite(joints).all(axis=-1).any(axis=0)
        if not seen.all():
            never = ", ".join(name for name, once in zip(BODY25.names, seen, strict=True) if not once)
            raise FileFormatError(path / "joints3d.npy", f"{never} never seen", "every joint in one frame at least")
        return joints, (window.activation.values * _ANY_COUNTS).astype(np.float32)
    except FileFormatError as error:
        if damaged is None:
            raise
        damaged.append(str(error))
        return None


def inspect_mia(
    path: Path, *, lists: Path | None = None, skip_damaged: bool = False, progress: Progress | None = None
) -> dict[str, Any]:
    """Read every window of a copy of MIA and say what is there; of each window only emgvalues.npy and joints3d.npy are opened.

    Args:
        path: of `find_root`.
        lists: of `mia_lists.find_lists`.
        skip_damaged: list damaged windows instead of stopping at the first.
        progress: share done and where.

    Returns:
        a document: windows of each folder beside those published, people, exercises, lengths, statistics of each sensor, the
        check of channel order and of joints, overlaps and takes after stitching, split lists and the folds they make, damaged windows.

    Raises:
        InputError: no such data set. FileFormatError: a damaged window, unless `skip_damaged` lists them instead.
    """
    root = find_root(path)
    damaged: list[str] = []
    windows: Counter[str] = Counter()
    people: Counter[str] = Counter()
    exercises: Counter[str] = Counter()
    lengths: Counter[int] = Counter()
    overlaps: Counter[int] = Counter()
    leaking = takes = longest = whole = frames = 0
    total, peak = np.zeros(8), np.zeros(8)
    poses, channels = [], ChannelCheck()
    for group in read_groups(root, damaged if skip_damaged else None, progress):
        windows.update(group.folders)
        people[group.person] += len(group.names)
        exercises[group.exercise] += len(group.names)
        lengths.update(map(len, group.counts))
        stacked = np.concatenate(group.counts)
        total, peak, frames = total + stacked.sum(axis=0), np.maximum(peak, stacked.max(axis=0)), frames + len(stacked)
        whole += int((stacked == np.round(stacked)).all(axis=1).sum())
        shared, of_both = _overlaps(group)
        overlaps.update(shared)
        leaking += of_both
        ends: dict[int, int] = {}
        for place, counts in zip(group.places, group.counts, strict=True):
            ends[place.session] = max(ends.get(place.session, 0), place.first + len(counts))
        takes, longest = takes + len(ends), max(longest, *ends.values())
        poses.append(_pose(group))
        channels.add(group.person, group.exercise, stacked)
    files = find_lists(path, root, lists)
    folds = sort_lists(files)
    simulated = is_simulated(root)
    return {
        "path": str(root),
        "data": "simulated, in MIA's layout" if simulated else "measured EMG (raw sensor counts) and poses from video",
        "windows": {folder: windows[folder] for folder in PUBLISHED_WINDOWS}, "published_windows": PUBLISHED_WINDOWS,
        "official": not simulated and not damaged and judged_windows(root, windows, folds) == PUBLISHED_WINDOWS,
        "people": dict(sorted(people.items())), "exercises": dict(sorted(exercises.items())),
        "missing_exercises": [name for name in MIA_EXERCISES if name not in exercises],
        "window_frames": {str(frames): count for frames, count in sorted(lengths.items())},
        "channels": [
            {"muscle": name, "mean_counts": float(total[k] / max(frames, 1)), "max_counts": float(peak[k])}
            for k, name in enumerate(muscle_set("mia8").names)
        ],
        "whole_count_share": whole / max(frames, 1),
        "channel_order": channels.document(),
        "joint_order": {"groups": len(poses), "upright": sum(one[0] for one in poses), "symmetric": sum(one[1] for one in poses)},
        "overlaps": {str(shared): count for shared, count in sorted(overlaps.items())},
        "overlapping_windows": sum(overlaps.values()), "val_windows_with_train_frames": leaking,
        "takes": takes, "longest_take_s": longest / mia.FPS,
        "lists": _checked(files, root),
        "folds": dict(Counter(fold.protocol for fold in folds)), "damaged": damaged,
    }  # fmt: skip


def _overlaps(group: MiaGroup) -> tuple[list[int], int]:
    """Frames that windows share with the next one of their recording, and how many windows of val/ share frames with train/."""
    order = sorted(range(len(group.names)), key=lambda one: (group.places[one].session, group.places[one].first))
    shared: list[int] = []
    covered: set[tuple[int, int]] = set()
    for a, b in pairwise(order):
        if group.places[a].session == group.places[b].session:
            common = group.places[a].first + len(group.counts[a]) - group.places[b].first
            if common > 0:
                shared.append(min(common, len(group.counts[b])))
    spans = [(place.session, range(place.first, place.first + len(counts)))
             for place, counts in zip(group.places, group.counts, strict=True)]  # fmt: skip
    for (session, span), folder in zip(spans, group.folders, strict=True):
        if folder == "train":
            covered.update((session, frame) for frame in span)
    leaking = sum(
        folder == "val" and any((session, frame) in covered for frame in span)
        for (session, span), folder in zip(spans, group.folders, strict=True)
    )
    return shared, leaking


def _pose(group: MiaGroup) -> tuple[bool, bool]:
    """Whether the joints are in BODY_25's order: head over hips over ankles, and limbs of both sides equally long."""
    pose = np.concatenate(group.joints)
    height = np.nanmedian(pose[..., 2], axis=0)
    ankles = max(height[BODY25.index("ankle_l")], height[BODY25.index("ankle_r")])
    upright = bool(height[BODY25.index("nose")] > height[BODY25.index("mid_hip")] > ankles)

    def length(a: str, b: str) -> float:
        return float(np.nanmedian(np.linalg.norm(pose[:, BODY25.index(a)] - pose[:, BODY25.index(b)], axis=-1)))

    bones = (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
    ratios = [length(f"{a}_l", f"{b}_l") / max(length(f"{a}_r", f"{b}_r"), 1e-6) for a, b in bones]
    return upright, all(0.8 < ratio < 1.25 for ratio in ratios)


def _checked(files: Sequence[Path], root: Path) -> dict[str, dict[str, int]]:
    """How many windows each list names, and how many of them are not there; by its folder too where two lists have one name."""
    stems, there = Counter(file.stem for file in files), cache(lambda line: (root / line).is_dir())
    checked = {}
    for file in files:
        lines = list_lines(file)
        title = file.stem if stems[file.stem] == 1 else f"{file.parent.name}/{file.stem}"
        checked[title] = {"windows": len(lines), "missing": sum(not there(line) for line in lines)}
    return checked
