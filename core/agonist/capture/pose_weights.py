"""The weights of the pose networks: BlazePose's detector and full landmark model, Apache-2.0, by Google.

They lie in the wheel of `mediapipe` 0.10.21; newer wheels carry none. They are taken from there, converted by our own
converter and kept in the user's cache, never in the tree.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agonist.capture.packages import cache_folder, sha256_of, take_from_package
from agonist.errors import MissingDependencyError, WorkError
from agonist.io.atomic import atomic_path

__all__ = ["PoseWeights", "fetch", "find"]

REQUIREMENT = "mediapipe==0.10.21"
LICENCE = "Apache-2.0, Google; from the package mediapipe 0.10.21"
# Any one wheel will do, the weights are the same in all; this one exists whatever this machine is.
_PIP_OPTIONS = ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311")
# Raised when the converter writes something else than before.
_VERSION = 1


@dataclass(frozen=True)
class _Source:
    member: str
    digest: str
    target: str
    outputs: dict[str, str]


_SOURCES = (
    _Source(
        "mediapipe/modules/pose_detection/pose_detection.tflite",
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        "pose_detector.onnx",
        {"Identity": "boxes", "Identity_1": "scores"},
    ),
    # Identity_2 is the mask of the person: nobody needs it and it takes half the time.
    _Source(
        "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        "pose_landmarks.onnx",
        {"Identity": "landmarks", "Identity_1": "flag", "Identity_3": "heatmap", "Identity_4": "world"},
    ),
)


@dataclass(frozen=True)
class PoseWeights:
    """Paths of the two ONNX files."""

    detector: Path
    landmarks: Path


def _folder(cache_dir: Path | None) -> Path:
    return (cache_dir or cache_folder()) / "pose"


def find(cache_dir: Path | None = None) -> PoseWeights | None:
    """The weights in the cache, if they are there and undamaged."""
    folder = _folder(cache_dir)
    try:
        record = json.loads((folder / "pose.json").read_text(encoding="utf-8"))
        if record["version"] != _VERSION:
            return None
        for source in _SOURCES:
            if record["sources"][source.member] != source.digest or record["files"][source.target] != sha256_of(folder / source.target):
                return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return PoseWeights(*(folder / source.target for source in _SOURCES))


def fetch(cache_dir: Path | None = None, progress: Callable[[float, str], None] | None = None) -> PoseWeights:
    """The weights, fetched and converted if they are not in the cache yet (36 MB over the network, some seconds).

    Args:
        cache_dir: the user's cache if None.
        progress: told the share done in [0, 1] and what is being done.

    Raises:
        MissingDependencyError: the packages `tflite` or `onnx` are not installed. WorkError: no network, or wrong bytes.
    """
    tell = progress or (lambda share, text: None)
    if (found := find(cache_dir)) is not None:
        tell(1.0, "pose networks are there")
        return found
    try:
        from agonist.capture.tflite_to_onnx import convert
    except ModuleNotFoundError as error:
        raise MissingDependencyError(str(error.name), "capture", "Converting the pose networks") from error
    folder = _folder(cache_dir)
    with tempfile.TemporaryDirectory() as temporary:
        originals = {source.member: Path(temporary) / Path(source.member).name for source in _SOURCES}
        tell(0.0, "fetching the pose networks (36 MB)")
        take_from_package(REQUIREMENT, {s.member: (originals[s.member], s.digest) for s in _SOURCES}, _PIP_OPTIONS)
        for index, source in enumerate(_SOURCES):
            tell(0.8 + 0.1 * index, f"converting {source.target}")
            convert(originals[source.member], folder / source.target, "image", source.outputs)
    record = {
        "version": _VERSION,
        "licence": LICENCE,
        "sources": {source.member: source.digest for source in _SOURCES},
        "files": {source.target: sha256_of(folder / source.target) for source in _SOURCES},
    }
    with atomic_path(folder / "pose.json") as path:
        path.write_text(json.dumps(record, indent=2), encoding="utf-8")
    if (found := find(cache_dir)) is None:
        raise WorkError(f"The pose networks could not be kept in {folder}.")
    tell(1.0, "pose networks are there")
    return found
