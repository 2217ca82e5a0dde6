"""JSON keypoints, ours or OpenPose's (see `agonist.io.openpose`). Ours, in metres and Z up:

{"layout": "body25", "fps": 30, "positions": [[[x, y, z], ...], ...], "confidence": [[...], ...]}
"""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from agonist.errors import AgonistError, FileFormatError
from agonist.io import openpose
from agonist.io.atomic import atomic_path
from agonist.io.json_file import load_json
from agonist.keypoint_layouts import LAYOUTS, KeypointLayout, keypoint_layout
from agonist.motion import Keypoints

__all__ = ["read", "write"]

_EXPECTED = "an object with layout, fps and positions (frames, keypoints, 3); null for a keypoint that was not seen"


def read(path: str | PathLike[str], *, fps: float = 30.0, up: str = "-y", person: int = 0) -> Keypoints:
    """Read keypoints; `fps`, `up` and `person` are for OpenPose's, see `openpose.read`. Raises FileFormatError."""
    path = Path(path)
    document = load_json(path, _EXPECTED)
    try:
        if isinstance(document, list) or "people" in document:
            return openpose.read(path, fps=fps, up=up, person=person)
        unseen = [np.nan] * 3
        positions = np.array([[unseen if point is None else point for point in frame] for frame in document["positions"]], dtype=float)
        given = document.get("confidence")
        confidence = None if given is None else np.array(given, dtype=float)
        return Keypoints(
            positions, _layout(document), float(document["fps"]), confidence,
            float(document.get("start", 0.0)), {"format": "json"},
        )  # fmt: skip
    except FileFormatError:
        raise
    except AgonistError as error:
        raise FileFormatError(path, str(error).rstrip("."), _EXPECTED) from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FileFormatError(path, f"{type(error).__name__} {str(error)[:80]}", _EXPECTED) from error


def _layout(document: dict[str, Any]) -> KeypointLayout:
    """A known layout by name, or a set of markers by the names of its keypoints."""
    name = str(document["layout"])
    if name not in LAYOUTS and "keypoint_names" in document:
        return KeypointLayout(name, tuple(map(str, document["keypoint_names"])), {})
    return keypoint_layout(name)


def write(path: str | PathLike[str], keypoints: Keypoints) -> None:
    """Write keypoints, whole or not at all."""
    seen = np.isfinite(keypoints.positions).all(axis=-1)
    positions = [
        [point.tolist() if visible else None for point, visible in zip(frame, row, strict=True)]
        for frame, row in zip(keypoints.positions, seen, strict=True)
    ]
    assert keypoints.confidence is not None
    document = {
        "layout": keypoints.layout.name, "keypoint_names": list(keypoints.layout.names), "fps": keypoints.fps,
        "start": keypoints.start, "positions": positions,
        "confidence": keypoints.confidence.tolist(),
    }  # fmt: skip
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(document), encoding="utf-8")
