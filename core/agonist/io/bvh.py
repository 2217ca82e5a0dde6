"""BVH: Biovision hierarchy, the plain-text skeleton and motion that every animation tool reads.

A BVH file says neither its unit nor its up axis. Both are guessed from the rest pose of a humanoid (legs point down, a
body is about 1.7 m tall) or can be given. What a file has and a Motion has not is kept in a `BvhLayout`, so that writing
gives back the same channels, end sites, axes and units, and the same numbers wherever the motion is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.errors import AgonistError, FileFormatError, InputError, SkeletonError
from agonist.humanoid import body_height_m, map_humanoid
from agonist.io.atomic import atomic_path
from agonist.io.bvh_text import AXES, Triple, format_hierarchy, parse, preorder
from agonist.motion import Motion, fps_of
from agonist.skeleton import Skeleton

__all__ = ["BvhFile", "BvhLayout", "default_layout", "read", "write"]

Array = NDArray[np.float64]

# Metres in one unit of a file: metre, centimetre, millimetre; and inch and CMU's 1/0.45 inch (mocap.cs.cmu.edu).
_METRIC_M, _INCHES_M = (1.0, 0.01, 0.001), (0.0254, 0.0254 / 0.45)
_USUAL_BODY_M = 1.7
# Who is as tall as that in a metric unit is taken for it [ours]: from a child of two years to a giant. What is below the smallest
# in centimetres would be a grown-up in inches.
_BODY_M = (0.8, 2.5)
# Below this angle (radians) a rotation counts as the file's own and keeps the file's own numbers.
_SAME_RAD = 1e-7
# What a joint's channels may miss of its motion, metres and radians, before it gets the channels that it lacks.
_LOST_M, _LOST_RAD = 1e-6, 1e-5


@dataclass(frozen=True)
class BvhLayout:
    """What a BVH file has and a Motion has not.

    Attributes:
        channels: for each joint of the skeleton, its channel names in order, "Xposition" ... "Zrotation".
        unit_m: metres in one unit of the file.
        up: "y" or "z", the file's up axis.
        frame_time: the file's own text for the seconds of one frame.
        end_sites: (joint index, offset in file units) in the file's order.
        values: (T, C) the file's own numbers. Many Euler angles mean one rotation; these say which the file chose.
    """

    channels: tuple[tuple[str, ...], ...]
    unit_m: float = 0.01
    up: str = "y"
    frame_time: str = ""
    end_sites: tuple[tuple[int, Triple], ...] = field(default=())
    values: Array | None = field(default=None, compare=False, repr=False)

    @property
    def world_from_file(self) -> Array:
        """(3, 3) rotation from the file's axes to Z up; a character that faces +Z in a Y-up file faces -Y."""
        return np.eye(3) if self.up == "z" else np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])

    def rotation_order(self, joint: int) -> str:
        """Such as "zxy"; empty for a joint that does not turn."""
        return "".join(c[0].lower() for c in self.channels[joint] if c.endswith("rotation"))


@dataclass(frozen=True, eq=False)
class BvhFile:
    """A BVH file read: the motion in house axes and metres, and what is needed to write it the same way."""

    motion: Motion
    layout: BvhLayout


def read(path: str | PathLike[str], *, up: str | None = None, unit_m: float | None = None) -> BvhFile:
    """Read a BVH file.

    Args:
        path: the file.
        up: "y" or "z" if the rest pose should not be asked.
        unit_m: metres in one unit of the file if it should not be guessed.

    Raises:
        FileFormatError: not a BVH file, cut short, or numbers that are none.
        InputError: an axis or a unit that cannot be.
    """
    if up not in (None, "y", "z"):
        raise InputError(f"A BVH file cannot have '{up}' up. Expected y or z.")
    if unit_m is not None and not (np.isfinite(unit_m) and unit_m > 0):
        raise InputError(f"A unit of {unit_m} metres cannot be. Expected a positive number, such as 0.01 for centimetres.")
    path = Path(path)
    text = parse(path)
    names = _unique(text.names)
    try:
        # Numbers that are finite in the file may overflow once scaled; the nouns then refuse them.
        with np.errstate(over="ignore", invalid="ignore"):
            guessed_up, guessed_unit = _guess(Skeleton(names, text.parents, text.offsets))
            layout = BvhLayout(
                text.channels, unit_m or guessed_unit, up or guessed_up, text.frame_time, text.end_sites, text.values
            )
            return BvhFile(_to_motion(names, text.parents, text.offsets, text.values, layout), layout)
    except AgonistError as error:
        raise FileFormatError(path, str(error).rstrip("."), "a skeleton and a motion of finite numbers") from error


def _guess(skeleton_file_units: Skeleton) -> tuple[str, float]:
    """Up axis and metres a unit from the rest pose: the trunk and legs of a humanoid, the longest extent of anything else."""
    rest = skeleton_file_units.rest_positions
    extent = rest.max(axis=0) - rest.min(axis=0)
    try:
        hmap = map_humanoid(skeleton_file_units)
        at = {name: rest[skeleton_file_units.index(joint)] for name, joint in hmap.joints.items()}
        trunk = at["shoulder_l"] + at["shoulder_r"] - at["hip_l"] - at["hip_r"]
        legs = at["ankle_l"] + at["ankle_r"] - at["hip_l"] - at["hip_r"]
        height, axis = body_height_m(skeleton_file_units, hmap), int(np.argmax(np.abs(trunk) + np.abs(legs)))
    except SkeletonError:
        height, axis = float(extent.max()), 1 + int(extent[2] > extent[1])
    if not (np.isfinite(height) and height > 0):
        return "y", 0.01
    fitting = [metres for metres in _METRIC_M if _BODY_M[0] <= height * metres <= _BODY_M[1]]
    # A tie cannot be: the units lie factors of 2.2 and more apart.
    unit = min(fitting or (*_METRIC_M, *_INCHES_M), key=lambda metres: abs(np.log(height * metres / _USUAL_BODY_M)))
    return ("z" if axis == 2 else "y"), unit


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names that occur again get .001, .002 ... as in Blender."""
    taken: set[str] = set()
    result = []
    for name in names:
        number, candidate = 0, name
        while candidate in taken:
            number += 1
            candidate = f"{name}.{number:03d}"
        taken.add(candidate)
        result.append(candidate)
    return tuple(result)


def _to_motion(names: tuple[str, ...], parents: tuple[int, ...], offsets: Array, values: Array, layout: BvhLayout) -> Motion:
    turn = layout.world_from_file
    skeleton = Skeleton(
        names, parents, offsets @ turn.T * layout.unit_m,
        {names[joint]: np.array(end) @ turn.T * layout.unit_m for joint, end in layout.end_sites},
    )  # fmt: skip
    places = np.repeat(offsets[None], len(values), axis=0)
    for joint, start in enumerate(_starts(layout)):
        for k, channel in enumerate(layout.channels[joint]):
            if channel.endswith("position"):
                places[:, joint, AXES.index(channel[0])] = values[:, start + k]
    turn_quaternion = rotations.from_matrix(turn)
    local = rotations.multiply(rotations.multiply(turn_quaternion, _rotations(values, layout)), rotations.conjugate(turn_quaternion))
    metres = places @ turn.T * layout.unit_m
    sliding = any(channel.endswith("position") for channels in layout.channels[1:] for channel in channels)
    return Motion(
        skeleton, local, metres[:, 0], fps_of(float(layout.frame_time)),
        local_positions=metres if sliding else None, provenance={"format": "bvh", "unit_m": layout.unit_m, "up": layout.up},
    )  # fmt: skip


def _starts(layout: BvhLayout) -> list[int]:
    """Column of each joint's first channel."""
    return [int(start) for start in np.cumsum([0, *map(len, layout.channels[:-1])])]


def _turning(layout: BvhLayout, joint: int, start: int) -> list[int]:
    """Columns of a joint's rotation channels."""
    return [start + k for k, channel in enumerate(layout.channels[joint]) if channel.endswith("rotation")]


def _rotations(values: Array, layout: BvhLayout) -> Array:
    """(T, J, 4) rotations that the numbers of a file mean, in the file's axes."""
    local = rotations.identity(len(values), len(layout.channels))
    for joint, start in enumerate(_starts(layout)):
        columns = _turning(layout, joint, start)
        if columns:
            local[:, joint] = rotations.from_euler(np.radians(values[:, columns]), layout.rotation_order(joint))
    return local


def default_layout(motion: Motion, *, up: str = "y", unit_m: float = 0.01) -> BvhLayout:
    """Centimetres and Y up, which most tools expect, or other axes and units; positions on the root only (on all joints if
    the motion has them), Z X Y rotations. In Blender's importer that is its own default, axis_forward -Z and axis_up Y, at
    scale 0.01."""
    position, turn = tuple(f"{a}position" for a in AXES), ("Zrotation", "Xrotation", "Yrotation")
    everywhere = motion.local_positions is not None
    skeleton = motion.skeleton
    channels = tuple((position if everywhere or joint == 0 else ()) + turn for joint in range(len(skeleton)))
    layout = BvhLayout(channels, unit_m, up, f"{1.0 / motion.fps:.10g}")
    ends: list[tuple[int, Triple]] = []
    for joint, name in enumerate(skeleton.names):
        # A leaf needs an End Site; where none is known, continue the bone by a third so that importers draw something.
        leaf = joint not in skeleton.parents
        end = skeleton.end_sites.get(name, skeleton.offsets[joint] / 3 if leaf else None)
        if end is not None:
            x, y, z = end @ layout.world_from_file / layout.unit_m
            ends.append((joint, (float(x), float(y), float(z))))
    return replace(layout, end_sites=tuple(ends))


def write(path: str | PathLike[str], motion: Motion, layout: BvhLayout | None = None) -> None:
    """Write a BVH file, whole or not at all.

    A joint keeps the file's own Euler angles at every frame where it turns as it did there; elsewhere the angles nearest
    to them are taken, or, without a file's own, those nearest to the frame before. A joint that moves in a way for which the
    layout has no channels (a root without positions, a knee of one rotation) gets them, so that the file holds the motion.

    Args:
        path: the file to write.
        motion: what to write.
        layout: channels, axes and unit, from the file that the motion came from; `default_layout` if None.

    Raises:
        SkeletonError: the layout belongs to another skeleton.
    """
    layout = layout or default_layout(motion)
    skeleton = motion.skeleton
    if len(layout.channels) != len(skeleton):
        raise SkeletonError(f"The layout has {len(layout.channels)} joints, the motion {len(skeleton)}; they must match.")
    offsets = skeleton.offsets @ layout.world_from_file / layout.unit_m
    local, places = _in_file_axes(motion, layout)
    layout = _with_room(layout, local, places, offsets)
    lines = format_hierarchy(skeleton.names, skeleton.parents, offsets, layout.channels, layout.end_sites)
    lines += ["MOTION", f"Frames: {len(motion)}", f"Frame Time: {_frame_time(motion, layout)}"]
    row_format = " ".join(["%.9g"] * sum(map(len, layout.channels)))
    values = _to_values(local, places, skeleton.parents, layout)
    lines += [row_format % tuple(row) for row in values.tolist()]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _frame_time(motion: Motion, layout: BvhLayout) -> str:
    """The file's own text where it still is the motion's frame rate."""
    if layout.frame_time and abs(fps_of(float(layout.frame_time)) / motion.fps - 1) < 1e-9:
        return layout.frame_time
    return f"{1.0 / motion.fps:.10g}"


def _in_file_axes(motion: Motion, layout: BvhLayout) -> tuple[Array, Array]:
    """Rotations (T, J, 4) and places in the parent (T, J, 3) of every joint, in the file's axes and unit."""
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
    return local, metres @ turn / layout.unit_m


def _with_room(layout: BvhLayout, local: Array, places: Array, offsets: Array) -> BvhLayout:
    """The layout, and for each joint whose motion its channels would lose those that it lacks: positions first, rotations last."""
    channels, own = [], []
    for joint, start in enumerate(_starts(layout)):
        has, order = layout.channels[joint], layout.rotation_order(joint)
        lacking = [k for k, axis in enumerate(AXES) if f"{axis}position" not in has]
        slides = np.abs(places[:, joint] - offsets[joint])[:, lacking].max(initial=0.0) * layout.unit_m > _LOST_M
        front = tuple(f"{AXES[k]}position" for k in lacking) if slides else ()
        back: tuple[str, ...] = ()
        if len(order) < 3:
            held = rotations.identity(len(local))
            if order:
                held = rotations.from_euler(np.radians(_angles(local[:, joint], layout, joint)), order)
            if rotations.angle_between(local[:, joint], held).max() > _LOST_RAD:
                back = tuple(f"{axis.upper()}rotation" for axis in _full_order(order)[len(order) :])
        channels.append((*front, *has, *back))
        # A column of the file's own, or, of a channel that is new, -1: zero, as a joint stood that could not turn.
        own += [*[-1] * len(front), *range(start, start + len(has)), *[-1] * len(back)]
    if len(own) == sum(map(len, layout.channels)):
        return layout
    values = layout.values
    if values is not None:
        values = np.where(np.array(own) < 0, 0.0, values[:, own])
    return replace(layout, channels=tuple(channels), values=values)


def _angles(local: Array, layout: BvhLayout, joint: int) -> Array:
    """(T, rotation channels) degrees of a joint's rotations (T, 4): the file's own numbers where they mean the same."""
    order = layout.rotation_order(joint)
    if not order:
        return np.empty((len(local), 0))
    if layout.values is None or len(layout.values) != len(local):
        return np.degrees(_continuous_euler(local, order))
    like = layout.values[:, _turning(layout, joint, _starts(layout)[joint])]
    same = rotations.angle_between(local, rotations.from_euler(np.radians(like), order)) < _SAME_RAD
    return np.where(same[:, None], like, np.degrees(_nearest_euler(local, order, np.radians(like))))


def _to_values(local: Array, places: Array, parents: Sequence[int], layout: BvhLayout) -> Array:
    """(T, C) numbers in file units and degrees, in the order of the hierarchy."""
    columns: list[Array] = []
    for joint, _ in preorder(parents):
        rotation = iter(_angles(local[:, joint], layout, joint).T)
        for channel in layout.channels[joint]:
            is_place = channel.endswith("position")
            columns.append(places[:, joint, AXES.index(channel[0])] if is_place else next(rotation))
    return np.stack(columns, axis=1)


def _full_order(order: str) -> str:
    """One or two channels: the missing axes were never turned, so a full decomposition has zeros there."""
    return order + "".join(axis for axis in "xyz" if axis not in order)


def _nearest_euler(quaternions: Array, order: str, like: Array) -> Array:
    """(T, len(order)) angles, at each frame the solution nearest to `like` (radians)."""
    padded = np.zeros((len(like), 3))
    padded[:, : len(order)] = like
    return rotations.to_euler(quaternions, _full_order(order), like=padded)[:, : len(order)]


def _continuous_euler(quaternions: Array, order: str) -> Array:
    """(T, len(order)) angles without jumps: of the two solutions the one nearer to the frame before, whole turns apart."""
    first = rotations.to_euler(quaternions, _full_order(order))
    second = np.stack([first[:, 0] + np.pi, np.pi - first[:, 1], first[:, 2] + np.pi], axis=-1)
    solutions = np.stack([first, second], axis=1)
    step = solutions[1:, None, :] - solutions[:-1, :, None]
    # cost[t, a, b]: how far it is from solution a at frame t to solution b at frame t + 1, whole turns apart.
    cost = np.abs(step - 2 * np.pi * np.round(step / (2 * np.pi))).sum(axis=-1).tolist()
    chosen = [0]
    for table in cost:
        to_first, to_second = table[chosen[-1]]
        chosen.append(int(to_second < to_first))
    return np.unwrap(solutions[np.arange(len(solutions)), chosen], axis=0)[:, : len(order)]
