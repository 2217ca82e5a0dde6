"""ASF/AMC: Acclaim skeleton and motion, the format of the CMU motion capture library (mocap.cs.cmu.edu)."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.errors import AgonistError, FileFormatError
from agonist.motion import Motion
from agonist.skeleton import Skeleton

__all__ = ["CMU_FPS", "read"]

Array = NDArray[np.float64]

# The format does not say; CMU recorded at 120 Hz, but for a few subjects that it gives at 60.
CMU_FPS = 120.0
_INCH_M = 0.0254
_ROOT_ORDER = ("TX", "TY", "TZ", "RX", "RY", "RZ")
_MAX_BONES = 1000
_Z_UP_FROM_Y_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


@dataclass
class _Bone:
    name: str
    direction: Array = field(default_factory=lambda: np.zeros(3))
    length: float = 0.0
    axis: Array = field(default_factory=lambda: np.zeros(3))
    order: str = "xyz"
    dof: tuple[str, ...] = ()
    parent: str = ""


@dataclass
class _Asf:
    bones: dict[str, _Bone]
    unit_m: float
    degrees: bool
    root_order: tuple[str, ...]


def _text(path: Path, what: str) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror})", what) from error
    if not text.strip():
        raise FileFormatError(path, "an empty file", what)
    return text.splitlines()


def _floats(path: Path, number: int, words: list[str], count: int) -> Array:
    try:
        values = np.array([float(word) for word in words])
    except ValueError:
        values = np.array([])
    if len(values) != count or not np.isfinite(values).all():
        raise FileFormatError(path, f"'{' '.join(words)[:50]}'", f"{count} finite numbers", number)
    return values


def _read_asf(path: Path) -> _Asf:
    asf = _Asf({"root": _Bone("root")}, _INCH_M / 0.45, True, _ROOT_ORDER)
    section, bone = "", _Bone("")
    for number, line in enumerate(_text(path, "an ASF skeleton"), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith(":"):
            section = words[0][1:].lower()
        elif section == "units" and words[0] == "length":
            # CMU's own note: lengths are inches divided by this number.
            divisor = float(_floats(path, number, words[1:2], 1)[0])
            if not 1e-6 < divisor < 1e6:
                raise FileFormatError(path, f"a length unit of {divisor:g}", "a positive number such as 0.45", number)
            asf.unit_m = _INCH_M / divisor
        elif section == "units" and words[0] == "angle":
            asf.degrees = words[1:2] != ["rad"]
        elif section == "root" and words[0] == "order":
            asf.root_order = tuple(word.upper() for word in words[1:])
            if not set(asf.root_order) <= set(_ROOT_ORDER) or len(set(asf.root_order)) != len(asf.root_order):
                raise FileFormatError(path, f"'{line.strip()[:50]}'", f"each of {' '.join(_ROOT_ORDER)} at most once", number)
        elif section == "root" and words[0] == "axis":
            asf.bones["root"].order = _axis_order(path, number, words[1:2])
        elif section == "root" and words[0] == "orientation":
            asf.bones["root"].axis = _floats(path, number, words[1:4], 3)
        elif section == "bonedata":
            bone = _bone_line(path, number, words, bone, asf)
        elif section == "hierarchy" and words[0] not in ("begin", "end"):
            for child in words[1:]:
                if child not in asf.bones or words[0] not in asf.bones:
                    raise FileFormatError(path, f"'{line.strip()[:50]}'", "bones that :bonedata describes", number)
                # One parent a bone and none for the root: then a walk from the root meets each bone once and ends.
                if child == "root" or asf.bones[child].parent:
                    raise FileFormatError(path, f"a second parent for '{child}'", "each bone once below its parent", number)
                asf.bones[child].parent = words[0]
    if len(asf.bones) == 1:
        raise FileFormatError(path, "no bones", "an ASF skeleton with :bonedata and :hierarchy")
    lost = sorted(asf.bones.keys() - set(_from_root(asf)))
    if lost:
        found = f"nothing that joins {', '.join(lost)[:80]} to the root"
        raise FileFormatError(path, found, "every bone in :hierarchy; the file may be cut short")
    return asf


def _from_root(asf: _Asf) -> list[str]:
    """Names from the root down, parents before children."""
    children: dict[str, list[str]] = {}
    for bone in asf.bones.values():
        children.setdefault(bone.parent, []).append(bone.name)
    names = ["root"]
    for name in names:
        names += children.get(name, [])
    return names


def _axis_order(path: Path, number: int, words: list[str]) -> str:
    order = words[0].lower() if words else ""
    if sorted(order) != ["x", "y", "z"]:
        raise FileFormatError(path, f"axis order '{order}'", "the letters X, Y and Z in any order", number)
    return order


def _bone_line(path: Path, number: int, words: list[str], bone: _Bone, asf: _Asf) -> _Bone:
    key = words[0]
    if key == "begin":
        return _Bone("")
    if key == "name" and len(words) > 1:
        bone.name = words[1]
    elif key == "direction":
        bone.direction = _floats(path, number, words[1:4], 3)
    elif key == "length":
        bone.length = float(_floats(path, number, words[1:2], 1)[0])
    elif key == "axis":
        bone.axis = _floats(path, number, words[1:4], 3)
        bone.order = _axis_order(path, number, words[4:5] or ["xyz"])
    elif key == "dof":
        bone.dof = tuple(word.lower() for word in words[1:])
        if not set(bone.dof) <= {"rx", "ry", "rz", "tx", "ty", "tz", "l"} or len(set(bone.dof)) != len(bone.dof):
            raise FileFormatError(path, f"'{' '.join(words)[:50]}'", "each of rx ry rz tx ty tz l at most once", number)
    elif key == "end":
        if not bone.name or bone.name in asf.bones or len(asf.bones) > _MAX_BONES:
            raise FileFormatError(path, f"a bone named '{bone.name}'", "a name that no other bone has", number)
        asf.bones[bone.name] = bone
    return bone


def _read_amc(path: Path, asf: _Asf) -> dict[str, Array]:
    frames: list[dict[str, Array]] = []
    counts = {name: len(bone.dof) for name, bone in asf.bones.items()} | {"root": len(asf.root_order)}
    for number, line in enumerate(_text(path, "an AMC motion"), 1):
        words = line.split()
        if not words or words[0].startswith(("#", ":")):
            continue
        if len(words) == 1 and words[0].isdecimal():
            frames.append({})
        elif not frames or words[0] not in counts:
            expected = f"a frame number, then bones of the skeleton: {', '.join(counts)}"
            raise FileFormatError(path, f"'{line.strip()[:50]}'", expected, number)
        else:
            frames[-1][words[0]] = _floats(path, number, words[1:], counts[words[0]])
    if not frames:
        raise FileFormatError(path, "zero frames", "at least one frame")
    names = {name for name, count in counts.items() if count}
    for index, frame in enumerate(frames):
        if not names & frames[0].keys() <= frame.keys() or "root" not in frame:
            found = f"frame {index + 1} of {len(frames)} lacks bones"
            raise FileFormatError(path, found, "every bone at every frame; the file may be cut short")
    return {name: np.array([frame[name] for frame in frames]) for name in frames[0] if name in names or name == "root"}


def _order_euler(angles: Array, order: str) -> Array:
    """Acclaim turns about its axes in the order written, the first one first: R = R_last ... R_first."""
    return rotations.from_euler(angles[..., ::-1], order[::-1])


def read(amc: str | PathLike[str], asf: str | PathLike[str] | None = None, *, fps: float = CMU_FPS) -> Motion:
    """Read an AMC motion on its ASF skeleton.

    Args:
        amc: the motion.
        asf: the skeleton; by default the .asf of the same name or subject beside the motion (02_01.amc: 02.asf).
        fps: frame rate, which the format does not carry.

    Only rotations of bones are read, and rotations and translations of the root; CMU's files have no others.

    Raises:
        FileFormatError: a broken file, or no skeleton beside the motion.
    """
    amc = Path(amc)
    if not amc.is_file():
        raise FileFormatError(amc, "no such file", "an AMC motion")
    skeleton = _read_asf(Path(asf) if asf else _beside(amc))
    values = _read_amc(amc, skeleton)
    try:
        # Numbers that are finite in the file may overflow once scaled; the nouns then refuse them.
        with np.errstate(over="ignore", invalid="ignore"):
            return _to_motion(skeleton, values, fps)
    except AgonistError as error:
        raise FileFormatError(amc, str(error).rstrip("."), "a motion of finite numbers at a positive frame rate") from error


def _to_motion(skeleton: _Asf, values: dict[str, Array], fps: float) -> Motion:
    # Joints are the starts of bones; a bone's end is where its children start.
    names = _from_root(skeleton)
    parents = tuple(names.index(skeleton.bones[name].parent) if name != "root" else -1 for name in names)
    ends = {name: bone.direction * bone.length for name, bone in skeleton.bones.items()}
    offsets = np.array([ends[skeleton.bones[name].parent] if name != "root" else np.zeros(3) for name in names])
    to_metres = _Z_UP_FROM_Y_UP.T * skeleton.unit_m
    leaf_ends = {name: ends[name] @ to_metres for k, name in enumerate(names) if k not in parents}
    scale = np.pi / 180 if skeleton.degrees else 1.0
    frames = len(values["root"])
    local = np.stack([_local(skeleton, name, values.get(name), frames, scale) for name in names], axis=1)
    turn = rotations.from_matrix(_Z_UP_FROM_Y_UP)
    local = rotations.multiply(rotations.multiply(turn, local), rotations.conjugate(turn))
    root = np.zeros((frames, 3))
    for column, key in enumerate(skeleton.root_order):
        if key.startswith("T"):
            root[:, "XYZ".index(key[1])] = values["root"][:, column]
    return Motion(
        Skeleton(tuple(names), parents, offsets @ to_metres, leaf_ends), local, root @ to_metres, fps, provenance={"format": "amc"}
    )


def _local(asf: _Asf, name: str, values: Array | None, frames: int, scale: float) -> Array:
    bone = asf.bones[name]
    if values is None:
        return rotations.identity(frames)
    keys = [key[1].lower() for key in asf.root_order if key.startswith("R")] if name == "root" else []
    columns = [k for k, key in enumerate(asf.root_order) if key.startswith("R")] if name == "root" else []
    if name != "root":
        keys = [key[1] for key in bone.dof if key.startswith("r")]
        columns = [k for k, key in enumerate(bone.dof) if key.startswith("r")]
    if not keys:
        return rotations.identity(frames)
    moved = _order_euler(values[:, columns] * scale, "".join(keys))
    frame = _order_euler(bone.axis * scale, bone.order)
    return rotations.multiply(rotations.multiply(frame, moved), rotations.conjugate(frame))


def _beside(amc: Path) -> Path:
    names = dict.fromkeys([f"{amc.stem}.asf", f"{amc.stem.split('_')[0]}.asf"])
    there = sorted(path for path in amc.parent.iterdir() if path.suffix.lower() == ".asf" and path.is_file())
    for name in names:
        for path in there:
            if path.name.lower() == name.lower():
                return path
    if len(there) == 1:
        return there[0]
    raise FileFormatError(amc, "no skeleton beside it", f"its ASF file, {' or '.join(names)}, in the same folder")
