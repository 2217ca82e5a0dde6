"""BVH: Biovision hierarchy, the plain-text skeleton and motion that every animation tool reads.

A BVH file says neither its unit nor its up axis. Both are guessed from the rest pose of a humanoid (legs point down, a
body is about 1.7 m tall) or can be given. What a file has and a Motion has not is kept in a `BvhLayout`, so that writing
gives back the same channels, end sites, axes and units.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.errors import FileFormatError, SkeletonError
from agonist.humanoid import map_humanoid
from agonist.io.atomic import atomic_path
from agonist.motion import Motion
from agonist.skeleton import Skeleton

__all__ = ["BvhFile", "BvhLayout", "read", "write"]

Array = NDArray[np.float64]

_AXES = "XYZ"
# Metres in one unit of a file: metre, centimetre, millimetre, inch, and CMU's 1/0.45 inch (mocap.cs.cmu.edu).
_UNITS_M = (1.0, 0.01, 0.001, 0.0254, 0.0254 / 0.45)
_MAX_JOINTS = 10_000


@dataclass(frozen=True)
class BvhLayout:
    """What a BVH file has and a Motion has not.

    Attributes:
        channels: for each joint of the skeleton, its channel names in order, "Xposition" ... "Zrotation".
        unit_m: metres in one unit of the file.
        up: "y" or "z", the file's up axis.
        frame_time: the file's own text for the seconds of one frame.
        end_sites: (joint index, offset in file units) in the file's order.
    """

    channels: tuple[tuple[str, ...], ...]
    unit_m: float = 0.01
    up: str = "y"
    frame_time: str = ""
    end_sites: tuple[tuple[int, tuple[float, float, float]], ...] = field(default=())

    @property
    def world_from_file(self) -> Array:
        """(3, 3) rotation from the file's axes to Z up."""
        return np.eye(3) if self.up == "z" else np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])

    def rotation_order(self, joint: int) -> str:
        """Such as "zxy"; empty for a joint that does not turn."""
        return "".join(c[0].lower() for c in self.channels[joint] if c.endswith("rotation"))


@dataclass(frozen=True, eq=False)
class BvhFile:
    """A BVH file read: the motion in house axes and metres, and what is needed to write it the same way."""

    motion: Motion
    layout: BvhLayout


class _Lines:
    """Non-empty lines with their numbers."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
        self.at = 0

    def next(self, expected: str) -> tuple[int, str]:
        if self.at >= len(self.lines):
            raise FileFormatError(self.path, "the file ends too early", expected)
        self.at += 1
        return self.lines[self.at - 1]


def _numbers(path: Path, line: int, words: list[str], count: int, expected: str) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        raise FileFormatError(path, f"'{' '.join(words)[:60]}'", expected, line) from None
    if len(values) != count or not np.isfinite(values).all():
        raise FileFormatError(path, f"'{' '.join(words)[:60]}'", expected, line)
    return values


@dataclass
class _Joint:
    name: str
    parent: int
    offset: list[float]
    channels: tuple[str, ...]


def _hierarchy(lines: _Lines) -> tuple[list[_Joint], list[tuple[int, tuple[float, float, float]]]]:
    path = lines.path
    number, text = lines.next("the word HIERARCHY")
    if text.upper() != "HIERARCHY":
        raise FileFormatError(path, f"'{text[:40]}'", "the word HIERARCHY", number)
    joints: list[_Joint] = []
    ends: list[tuple[int, tuple[float, float, float]]] = []
    stack: list[int] = []
    while True:
        number, text = lines.next("ROOT, JOINT, End Site, } or MOTION")
        words = text.split()
        key = words[0].upper()
        if key == "MOTION":
            if stack or not joints:
                raise FileFormatError(path, "MOTION inside the hierarchy", "every { closed by a } and one ROOT before it", number)
            return joints, ends
        if key == "}":
            if not stack:
                raise FileFormatError(path, "a } too many", "as many } as {", number)
            stack.pop()
        elif key in ("ROOT", "JOINT"):
            if (key == "ROOT") != (not joints) or (key == "JOINT" and not stack):
                raise FileFormatError(path, f"'{text[:40]}'", "one ROOT first, then JOINTs inside it", number)
            name = text[len(words[0]) :].strip() or f"joint{len(joints)}"
            offset, channels = _block(lines, name)
            joints.append(_Joint(name, stack[-1] if stack else -1, offset, channels))
            stack.append(len(joints) - 1)
            if len(joints) > _MAX_JOINTS:
                raise FileFormatError(path, f"more than {_MAX_JOINTS} joints", "a skeleton", number)
        elif key == "END" and stack:
            ends.append((stack[-1], _end_site(lines)))
        else:
            raise FileFormatError(path, f"'{text[:40]}'", "ROOT, JOINT, End Site, } or MOTION", number)


def _block(lines: _Lines, name: str) -> tuple[list[float], tuple[str, ...]]:
    path = lines.path
    number, text = lines.next(f"{{ after {name}")
    if text != "{":
        raise FileFormatError(path, f"'{text[:40]}'", f"{{ after {name}", number)
    number, text = lines.next(f"OFFSET of {name}")
    words = text.split()
    if words[0].upper() != "OFFSET":
        raise FileFormatError(path, f"'{text[:40]}'", f"OFFSET of {name}", number)
    offset = _numbers(path, number, words[1:], 3, "OFFSET with three numbers")
    number, text = lines.next(f"CHANNELS of {name}")
    words = text.split()
    channels = tuple(word[:1].upper() + word[1:].lower() for word in words[2:])
    valid = {f"{axis}{kind}" for axis in _AXES for kind in ("position", "rotation")}
    rotating = [c for c in channels if c.endswith("rotation")]
    good = (
        words[0].upper() == "CHANNELS" and len(words) >= 2 and words[1] == str(len(channels))
        and set(channels) <= valid and len(set(channels)) == len(channels) and len(rotating) in (0, 1, 2, 3)
    )  # fmt: skip
    if not good:
        raise FileFormatError(path, f"'{text[:60]}'", "CHANNELS, their count, then each of Xposition ... Zrotation at most once", number)
    return offset, channels


def _end_site(lines: _Lines) -> tuple[float, float, float]:
    path = lines.path
    for expected in ("{", "OFFSET", "}"):
        number, text = lines.next(f"{expected} of an End Site")
        words = text.split()
        if words[0].upper() != expected:
            raise FileFormatError(path, f"'{text[:40]}'", f"{expected} of an End Site", number)
        if expected == "OFFSET":
            x, y, z = _numbers(path, number, words[1:], 3, "OFFSET with three numbers")
    return x, y, z


def _motion_block(lines: _Lines, width: int) -> tuple[Array, str]:
    path = lines.path
    number, text = lines.next("Frames: N")
    key, _, count_text = text.partition(":")
    if key.strip().lower() != "frames" or not count_text.strip().isdigit():
        raise FileFormatError(path, f"'{text[:40]}'", "Frames: and a whole number", number)
    count = int(count_text)
    number, text = lines.next("Frame Time: seconds")
    key, _, time_text = text.partition(":")
    try:
        seconds = float(time_text)
    except ValueError:
        seconds = float("nan")
    if key.strip().lower() != "frame time" or not (np.isfinite(seconds) and seconds > 0):
        raise FileFormatError(path, f"'{text[:40]}'", "Frame Time: and a positive number of seconds", number)
    rows = lines.lines[lines.at :]
    if count == 0:
        raise FileFormatError(path, "zero frames", "at least one frame", number)
    if len(rows) != count:
        raise FileFormatError(path, f"{len(rows)} lines of motion", f"{count}, as 'Frames:' says; the file may be cut short")
    for line, row in rows:
        if len(row.split()) != width:
            raise FileFormatError(path, f"{len(row.split())} numbers", f"{width} a frame, one for each channel", line)
    try:
        values = np.array(" ".join(row for _, row in rows).split(), dtype=float).reshape(count, width)
    except ValueError as error:
        raise FileFormatError(path, f"a word that is no number ({error})", "numbers only after 'Frame Time:'") from None
    if not np.isfinite(values).all():
        line = rows[int(np.argwhere(~np.isfinite(values))[0, 0])][0]
        raise FileFormatError(path, "NaN or infinity", "finite numbers", line)
    return values, time_text.strip()


def _guess(skeleton_file_units: Skeleton) -> tuple[str, float]:
    """Up axis and unit from the rest pose; Y up and centimetres where it is no humanoid."""
    rest = skeleton_file_units.rest_positions
    extent = rest.max(axis=0) - rest.min(axis=0)
    try:
        hmap = map_humanoid(skeleton_file_units)
        at = {name: rest[skeleton_file_units.index(hmap[name])] for name in hmap.joints}
        legs = (at["ankle_l"] + at["ankle_r"] - at["hip_l"] - at["hip_r"]) / 2
        size = sum(np.linalg.norm(at[f"{b}_{s}"] - at[f"{a}_{s}"]) for a, b in (("hip", "knee"), ("knee", "ankle")) for s in "lr") / 2
        height = size / 0.491
        trunk = (at["shoulder_l"] + at["shoulder_r"] - at["hip_l"] - at["hip_r"]) / 2
        axis = int(np.argmax(np.abs(trunk) + np.abs(legs)))
    except SkeletonError:
        height, axis = float(extent.max()), int(np.argmax(extent[1:]) + 1) if extent[1:].any() else 1
    if height <= 0:
        return "y", 0.01
    # A tie cannot be: the units lie factors of 2.5 and more apart.
    unit = min(_UNITS_M, key=lambda metres: abs(np.log(height * metres / 1.7)))
    return ("z" if axis == 2 else "y"), unit


def read(path: str | PathLike[str], *, up: str | None = None, unit_m: float | None = None) -> BvhFile:
    """Read a BVH file.

    Args:
        path: the file.
        up: "y" or "z" if the rest pose should not be asked.
        unit_m: metres in one unit of the file if it should not be guessed.

    Raises:
        FileFormatError: not a BVH file, cut short, or numbers that are none.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror})", "a BVH file") from error
    if not text.strip():
        raise FileFormatError(path, "an empty file", "a BVH file that begins with HIERARCHY")
    lines = _Lines(path, text)
    joints, ends = _hierarchy(lines)
    width = sum(len(joint.channels) for joint in joints)
    values, frame_time = _motion_block(lines, width)
    names = _unique([joint.name for joint in joints])
    parents = tuple(joint.parent for joint in joints)
    offsets = np.array([joint.offset for joint in joints])
    guessed_up, guessed_unit = _guess(Skeleton(names, parents, offsets))
    layout = BvhLayout(tuple(j.channels for j in joints), unit_m or guessed_unit, up or guessed_up, frame_time, tuple(ends))
    return BvhFile(_to_motion(names, parents, offsets, values, layout), layout)


def _unique(names: list[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}.{seen[name] - 1:03d}")
    return tuple(result)


def _to_motion(names: tuple[str, ...], parents: tuple[int, ...], offsets: Array, values: Array, layout: BvhLayout) -> Motion:
    turn = layout.world_from_file
    turn_quaternion = rotations.from_matrix(turn)
    skeleton = Skeleton(
        names, parents, offsets @ turn.T * layout.unit_m,
        {names[joint]: np.array(end) @ turn.T * layout.unit_m for joint, end in layout.end_sites},
    )  # fmt: skip
    frames = len(values)
    local = rotations.identity(frames, len(names))
    places = np.repeat(offsets[None], frames, axis=0)
    column = 0
    for joint, channels in enumerate(layout.channels):
        block = values[:, column : column + len(channels)]
        column += len(channels)
        for k, channel in enumerate(channels):
            if channel.endswith("position"):
                places[:, joint, _AXES.index(channel[0])] = block[:, k]
        order = layout.rotation_order(joint)
        if order:
            angles = np.radians(block[:, [k for k, c in enumerate(channels) if c.endswith("rotation")]])
            local[:, joint] = rotations.from_euler(angles, order)
    local = rotations.multiply(rotations.multiply(turn_quaternion, local), rotations.conjugate(turn_quaternion))
    metres = places @ turn.T * layout.unit_m
    sliding = any(channel.endswith("position") for channels in layout.channels[1:] for channel in channels)
    return Motion(
        skeleton, local, metres[:, 0], _fps(float(layout.frame_time)),
        local_positions=metres if sliding else None, provenance={"format": "bvh", "unit_m": layout.unit_m, "up": layout.up},
    )  # fmt: skip


def _fps(frame_time: float) -> float:
    """Files round the frame time: 0.00833333 means 120 frames a second, not 120.00005."""
    fps = 1.0 / frame_time
    return float(round(fps)) if abs(fps - round(fps)) < 2e-3 and round(fps) > 0 else fps


def default_layout(motion: Motion) -> BvhLayout:
    """Centimetres, Y up, positions on the root only (on all joints if the motion has them), Z X Y rotations."""
    position, turn = tuple(f"{a}position" for a in _AXES), ("Zrotation", "Xrotation", "Yrotation")
    everywhere = motion.local_positions is not None
    skeleton = motion.skeleton
    channels = tuple((position if everywhere or joint == 0 else ()) + turn for joint in range(len(skeleton)))
    layout = BvhLayout(channels, frame_time=f"{1.0 / motion.fps:.10g}")
    ends = []
    for joint, name in enumerate(skeleton.names):
        if name in skeleton.end_sites:
            ends.append((joint, _triple(skeleton.end_sites[name] @ layout.world_from_file / layout.unit_m)))
        elif not skeleton.children(joint):
            # A leaf needs an End Site; continue the bone by a third so that importers draw something.
            ends.append((joint, _triple(skeleton.offsets[joint] / 3 @ layout.world_from_file / layout.unit_m)))
    return replace(layout, end_sites=tuple(ends))


def _triple(vector: Array) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])


def write(path: str | PathLike[str], motion: Motion, layout: BvhLayout | None = None) -> None:
    """Write a BVH file, whole or not at all.

    Args:
        path: the file to write.
        motion: what to write.
        layout: channels, axes and unit, from the file that the motion came from; `default_layout` if None.

    Raises:
        SkeletonError: the layout belongs to another skeleton.
    """
    layout = layout or default_layout(motion)
    if len(layout.channels) != len(motion.skeleton):
        raise SkeletonError(f"The layout has {len(layout.channels)} joints, the motion {len(motion.skeleton)}; they must match.")
    values = _to_values(motion, layout)
    lines = ["HIERARCHY", *_hierarchy_lines(motion.skeleton, layout), "MOTION", f"Frames: {len(motion)}"]
    lines.append(f"Frame Time: {layout.frame_time or f'{1.0 / motion.fps:.10g}'}")
    lines += [" ".join(f"{value:.8g}" for value in row) for row in values]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _to_values(motion: Motion, layout: BvhLayout) -> Array:
    turn = layout.world_from_file
    turn_quaternion = rotations.from_matrix(turn)
    local = rotations.multiply(
        rotations.multiply(rotations.conjugate(turn_quaternion), motion.rotations_parent_from_joint), turn_quaternion
    )
    if motion.local_positions is None:
        metres = np.repeat(motion.skeleton.offsets[None], len(motion), axis=0)
    else:
        metres = np.array(motion.local_positions)
    metres[:, 0] = motion.root_position
    places = metres @ turn / layout.unit_m
    columns: list[Array] = []
    for joint in _depth_first(motion.skeleton):
        channels = layout.channels[joint]
        order = layout.rotation_order(joint)
        angles = np.degrees(_continuous_euler(local[:, joint], order)) if order else np.empty((len(motion), 0))
        rotation = 0
        for channel in channels:
            if channel.endswith("position"):
                columns.append(places[:, joint, _AXES.index(channel[0])])
            else:
                columns.append(angles[:, rotation])
                rotation += 1
    return np.stack(columns, axis=1) if columns else np.empty((len(motion), 0))


def _depth_first(skeleton: Skeleton) -> list[int]:
    """Joints in the order in which a hierarchy is written; a file that was read is in this order already."""
    order: list[int] = []
    stack = [0]
    while stack:
        joint = stack.pop()
        order.append(joint)
        stack.extend(reversed(skeleton.children(joint)))
    return order


def _continuous_euler(quaternions: Array, order: str) -> Array:
    """(T, len(order)) angles without jumps: each frame on the branch nearest to the one before."""
    if len(order) < 3:
        # One or two channels: the missing axes were never turned, so a full decomposition has zeros there.
        full = order + "".join(axis for axis in "xyz" if axis not in order)
        return _continuous_euler(quaternions, full)[:, : len(order)]
    angles = rotations.to_euler(quaternions, order)
    jumps = np.flatnonzero(np.abs(np.diff(angles, axis=0)).max(axis=1) > 0.5)
    if len(jumps):
        for t in range(int(jumps[0]) + 1, len(angles)):
            angles[t] = rotations.to_euler(quaternions[t], order, like=angles[t - 1])
    return angles


def _hierarchy_lines(skeleton: Skeleton, layout: BvhLayout) -> list[str]:
    offsets = skeleton.offsets @ layout.world_from_file / layout.unit_m
    ends: dict[int, list[tuple[float, float, float]]] = {}
    for joint, end in layout.end_sites:
        ends.setdefault(joint, []).append(end)
    lines: list[str] = []

    def text(vector: Array | tuple[float, float, float]) -> str:
        return " ".join(f"{value:.8g}" for value in vector)

    def emit(joint: int, depth: int) -> None:
        tab = "  " * depth
        lines.append(f"{tab}{'JOINT' if depth else 'ROOT'} {skeleton.names[joint]}")
        lines.append(f"{tab}{{")
        lines.append(f"{tab}  OFFSET {text(offsets[joint])}")
        channels = layout.channels[joint]
        lines.append(f"{tab}  CHANNELS {len(channels)} {' '.join(channels)}".rstrip())
        for child in skeleton.children(joint):
            emit(child, depth + 1)
        for end in ends.get(joint, []):
            lines.extend([f"{tab}  End Site", f"{tab}  {{", f"{tab}    OFFSET {text(end)}", f"{tab}  }}"])
        lines.append(f"{tab}}}")

    emit(0, 0)
    return lines
