"""NPZ: Motion, Keypoints and Activation as numpy archives. Nothing is pickled, and nothing pickled is read."""

from __future__ import annotations

import json
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from agonist.activation import Activation
from agonist.errors import AgonistError, FileFormatError
from agonist.io import amass
from agonist.io.atomic import atomic_path
from agonist.io.muscle_names import named_set
from agonist.keypoint_layouts import LAYOUTS, KeypointLayout, keypoint_layout
from agonist.motion import Keypoints, Motion
from agonist.muscles import muscle_set
from agonist.skeleton import Skeleton

__all__ = ["is_activation", "read", "read_activation", "write", "write_activation"]

Clip = Motion | Keypoints
_EXPECTED = "an NPZ of Agonist or of AMASS, or one with 'keypoints' (T, K, 3) in metres and 'fps'"


def _load(path: Path) -> dict[str, Any]:
    try:
        # Of anything else numpy would say that it is a pickle.
        if path.stat().st_size and not zipfile.is_zipfile(path):
            raise FileFormatError(path, "no archive, or one cut short", _EXPECTED)
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            data = {key: archive[key] for key in archive.files}
    except FileFormatError:
        raise
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror or error})", _EXPECTED) from error
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError, SyntaxError, TypeError, MemoryError) as error:
        raise FileFormatError(path, f"not a plain numpy archive ({str(error)[:80]})", _EXPECTED) from error
    except Exception as error:  # zlib.error and tokenize errors of a damaged header share no base class
        raise FileFormatError(path, f"a damaged archive ({str(error)[:80]})", _EXPECTED) from error
    # A member without numpy's header comes as its bytes.
    odd = [key for key, value in data.items() if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiubU"]
    if odd:
        raise FileFormatError(path, f"'{odd[0][:40]}' is no array of numbers or text", _EXPECTED)
    return data


def _meta(path: Path, data: dict[str, Any]) -> dict[str, Any]:
    try:
        meta = json.loads(str(data["meta"])) if "meta" in data else {}
    except (json.JSONDecodeError, RecursionError) as error:
        raise FileFormatError(path, f"'meta' is not JSON ({str(error)[:80]})", _EXPECTED) from error
    if not isinstance(meta, dict):
        raise FileFormatError(path, "'meta' is not an object", _EXPECTED)
    return meta


def read(path: str | PathLike[str], *, fps: float = 30.0, up: str = "z") -> Clip:
    """A Motion or Keypoints.

    Besides our own files AMASS's are taken, with `up` as the world's up axis, and any archive with `keypoints`, `positions` or
    `joints3d` (T, K, 3) in metres, whose layout is the one with K points; both at `fps` where they do not say their own.
    Raises FileFormatError.
    """
    path = Path(path)
    data = _load(path)
    meta = _meta(path, data)
    try:
        # Damaged numbers may be huge; the nouns refuse what overflows.
        with np.errstate(all="ignore"):
            return amass.motion_from_arrays(path, data, fps=fps, up=up) if amass.is_amass(data) else _clip(path, data, meta, fps)
    except FileFormatError:
        raise
    except AgonistError as error:
        raise FileFormatError(path, str(error).rstrip("."), _EXPECTED) from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise FileFormatError(path, f"{type(error).__name__} {str(error)[:80]}", _EXPECTED) from error


def _clip(path: Path, data: dict[str, Any], meta: dict[str, Any], fps: float) -> Clip:
    if meta.get("kind") != "motion":
        return _keypoints(path, data, meta, fps)
    ends = {str(k): np.array(v) for k, v in meta["end_sites"].items()}
    skeleton = Skeleton(tuple(meta["names"]), tuple(meta["parents"]), data["offsets"], ends)
    return Motion(
        skeleton, data["rotations"], data["root_position"], float(meta["fps"]), float(meta["start"]),
        data.get("local_positions"), dict(meta["provenance"]),
    )  # fmt: skip


def _keypoints(path: Path, data: dict[str, Any], meta: dict[str, Any], fps: float) -> Keypoints:
    key = next((name for name in ("keypoints", "positions", "joints3d") if name in data), None)
    if key is None:
        raise FileFormatError(path, f"arrays {', '.join(data) or 'none'}", _EXPECTED)
    positions = np.asarray(data[key], dtype=float)
    count = positions.shape[1] if positions.ndim == 3 else -1
    if "keypoint_names" in meta and meta["layout"] not in LAYOUTS:
        layout = KeypointLayout(str(meta["layout"]), tuple(map(str, meta["keypoint_names"])), {})
    elif "layout" in meta or "layout" in data:
        layout = keypoint_layout(str(meta.get("layout", data.get("layout"))))
    else:
        fitting = [one for one in LAYOUTS.values() if len(one.names) == count]
        if not fitting:
            sizes = ", ".join(f"{one.name} {len(one.names)}" for one in LAYOUTS.values())
            raise FileFormatError(path, f"'{key}' of shape {positions.shape}", f"(T, K, 3) with K of a known layout: {sizes}")
        layout = fitting[0]
    told = float(meta.get("fps", data.get("fps", fps)))
    return Keypoints(positions, layout, told, data.get("confidence"), float(meta.get("start", 0.0)), dict(meta.get("provenance", {})))


def write(path: str | PathLike[str], clip: Clip) -> None:
    """Write a Motion or Keypoints, whole or not at all."""
    meta: dict[str, Any] = {"fps": clip.fps, "start": clip.start, "provenance": clip.provenance}
    arrays: dict[str, Any]
    if isinstance(clip, Motion):
        skeleton = clip.skeleton
        meta |= {"kind": "motion", "names": skeleton.names, "parents": skeleton.parents}
        meta["end_sites"] = {name: list(map(float, end)) for name, end in skeleton.end_sites.items()}
        arrays = {"offsets": skeleton.offsets, "rotations": clip.rotations_parent_from_joint, "root_position": clip.root_position}
        if clip.local_positions is not None:
            arrays["local_positions"] = clip.local_positions
    else:
        meta |= {"kind": "keypoints", "layout": clip.layout.name, "keypoint_names": clip.layout.names}
        arrays = {"keypoints": clip.positions, "confidence": clip.confidence}
    _save(path, arrays, meta)


def _save(path: str | PathLike[str], arrays: dict[str, Any], meta: dict[str, Any]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, meta=np.array(json.dumps(meta, default=_plain)), **arrays)


def _plain(value: Any) -> Any:
    """Provenance holds whatever made a clip; numpy numbers and paths become what JSON has."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


def write_activation(path: str | PathLike[str], activation: Activation) -> None:
    """Write an Activation, whole or not at all."""
    arrays: dict[str, Any] = {"activation": activation.values}
    if activation.uncertainty is not None:
        arrays["uncertainty"] = activation.uncertainty
    meta = {
        "kind": "activation", "muscles": activation.muscles.name, "fps": activation.fps, "start": activation.start,
        "unit": activation.unit, "reference": activation.reference, "provenance": activation.provenance,
        "muscle_names": activation.muscles.names,
    }  # fmt: skip
    _save(path, arrays, meta)


def is_activation(path: str | PathLike[str]) -> bool:
    """Whether an archive says that it holds an Activation. Raises FileFormatError."""
    path = Path(path)
    return _meta(path, _load(path)).get("kind") == "activation"


def read_activation(path: str | PathLike[str]) -> Activation:
    """Read an Activation. Raises FileFormatError."""
    path = Path(path)
    data = _load(path)
    meta = _meta(path, data)
    try:
        # Files of before 0.1 name only the set.
        muscles = named_set(meta["muscles"], meta["muscle_names"]) if "muscle_names" in meta else muscle_set(meta["muscles"])
        return Activation(
            data["activation"], muscles, float(meta["fps"]), float(meta["start"]), meta["unit"],
            meta["reference"], data.get("uncertainty"), dict(meta["provenance"]),
        )  # fmt: skip
    except FileFormatError:
        raise
    except AgonistError as error:
        raise FileFormatError(path, str(error).rstrip("."), "an activation NPZ of Agonist") from error
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FileFormatError(path, f"{type(error).__name__} {str(error)[:80]}", "an activation NPZ of Agonist") from error
