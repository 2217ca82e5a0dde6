"""The files of a corpus: corpus.json, which describes the takes, and takes/*.npz, one a take."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.errors import FileFormatError

__all__ = ["no_sensor_worn", "read_index", "read_take", "take_path"]

_INDEX = "the corpus.json of 'agonist corpus build' or 'agonist data mia import'"
_TAKE = "a take of 'agonist corpus build' (delete it and build again) or 'agonist data mia import' (import again)"


def take_path(folder: Path, identity: str) -> Path:
    """Where the take of that id lies in a corpus."""
    return folder / "takes" / f"{identity}.npz"


def read_index(folder: Path, needed: Collection[str] = ("id", "split", "usable")) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """corpus.json without its takes, and the rows of its takes, each of which has the `needed` entries. Raises FileFormatError."""
    path = folder / "corpus.json"
    try:
        document = dict(json.loads(path.read_text(encoding="utf-8")))
        rows = [dict(row) for row in document.pop("takes")]
        float(document["fps"])
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror})", _INDEX) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileFormatError(path, f"{type(error).__name__} {error}", _INDEX) from error
    missing = {key for row in rows for key in needed if key not in row}
    if missing:
        raise FileFormatError(path, f"takes without {', '.join(sorted(missing))}", _INDEX)
    return document, rows


def no_sensor_worn(document: Mapping[str, Any]) -> bool:
    """Whether all activation of a corpus is simulated, as its corpus.json says."""
    return str(document.get("data", "")).startswith("simulated")


def read_take(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Keypoints (T, 25, 3) in metres and activation (T, 8) of a take, all finite, T > 0. Raises FileFormatError."""
    try:
        with np.load(path, allow_pickle=False) as data:
            keypoints, activation = data["keypoints"], data["activation"]
    except Exception as error:  # damaged archives raise errors without a common base class
        raise FileFormatError(path, f"{type(error).__name__} {error}", _TAKE) from error
    if keypoints.shape != (len(activation), 25, 3) or activation.shape[1:] != (8,) or len(activation) == 0:
        raise FileFormatError(path, f"arrays of shape {keypoints.shape} and {activation.shape}", "(T, 25, 3) and (T, 8)")
    if not (np.isfinite(keypoints).all() and np.isfinite(activation).all()):
        raise FileFormatError(path, "NaN or infinity", _TAKE)
    return keypoints, activation
