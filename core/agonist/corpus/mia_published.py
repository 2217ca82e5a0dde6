"""The windows of a copy of MIA as its authors published them, kept with an import beside the takes that were stitched from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.corpus.mia_inspect import MiaGroup
from agonist.corpus.mia_layout import WINDOW
from agonist.corpus.mia_stitch import filled
from agonist.errors import FileFormatError
from agonist.io.atomic import atomic_path

__all__ = ["PublishedWindows", "read_published", "write_published"]

_EXPECTED = "windows of 'agonist data mia import'; import again"


@dataclass(frozen=True, eq=False)
class PublishedWindows:
    """Windows of 30 frames at 10 a second, overlapping as they do.

    Attributes:
        names: (N,) FOLDER/SubjectN/EXERCISE/IDX below the data set.
        keypoints: (N, 30, 25, 3) metres, Z up, about the file's own origin (the hips). activation: (N, 30, 8).
        session: (N,) recording, as in the takes. first: (N,) its frame, at 10 a second.
    """

    names: NDArray[np.str_]
    keypoints: NDArray[np.float32]
    activation: NDArray[np.float32]
    session: NDArray[np.str_]
    first: NDArray[np.int64]


def write_published(out: Path, group: MiaGroup, full_scale_counts: float) -> dict[str, Any]:
    """Keep the windows of one person and exercise, unseen joints interpolated over time.

    Returns a row for corpus.json: file, windows, and how many were no 30 frames long.
    """
    whole = [index for index, counts in enumerate(group.counts) if len(counts) == WINDOW]
    file = f"windows/{group.person}-{group.exercise}.npz"
    if whole:
        with atomic_path(out / file) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(
                stream,
                names=np.array([group.names[index].replace("\\", "/") for index in whole]),
                keypoints=np.stack([filled(group.joints[index]) for index in whole]),
                activation=(np.stack([group.counts[index] for index in whole]) / full_scale_counts).astype(np.float32),
                session=np.array([f"{group.person}/{group.exercise}/{group.places[index].session}" for index in whole]),
                first=np.array([group.places[index].first for index in whole]),
            )
    return {"file": file, "windows": len(whole), "other_lengths": len(group.counts) - len(whole)}


def read_published(folder: Path, document: Mapping[str, Any]) -> PublishedWindows:
    """All windows of an import; `document` is its corpus.json. Raises FileFormatError."""
    try:
        files = [str(row["file"]) for row in document["published_windows"] if row["windows"]]
    except (KeyError, TypeError) as error:
        raise FileFormatError(folder / "corpus.json", "an import without its authors' windows", _EXPECTED) from error
    if not files:
        raise FileFormatError(folder / "corpus.json", f"no window of {WINDOW} frames", "at least one")
    parts = [_read(folder / file) for file in files]
    return PublishedWindows(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _read(path: Path) -> tuple[NDArray[Any], ...]:
    try:
        with np.load(path, allow_pickle=False) as data:
            names, keypoints, activation, session, first = (data[key] for key in ("names", "keypoints", "activation", "session", "first"))
    except Exception as error:  # damaged archives raise errors without a common base class
        raise FileFormatError(path, f"{type(error).__name__} {error}", _EXPECTED) from error
    count = len(names)
    if keypoints.shape != (count, WINDOW, 25, 3) or activation.shape != (count, WINDOW, 8) or len(session) != count or len(first) != count:
        raise FileFormatError(path, f"arrays of shape {keypoints.shape} and {activation.shape} for {count} windows", _EXPECTED)
    if not (np.isfinite(keypoints).all() and np.isfinite(activation).all()):
        raise FileFormatError(path, "NaN or infinity", _EXPECTED)
    return names, keypoints, activation, session, first
