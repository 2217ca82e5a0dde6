"""The bones that an animator moves a rig by: what drives what, learnt from the rig itself, and their channels over a clip.

A control's pose is its parent space times its own channels. An edit moves joints; what it does to a control's channels
depends on what carries the parent space, and that follows no rule across rigs (follow switches, isolated heads, IK). So
`sampled_rig` has each control turned a little, to see what moves with it (probe.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import bpy
import numpy as np

from agonist.bone_map import RigFit
from agonist.edit_joints import EDIT_JOINTS
from agonist.motion import Motion

from ..steps import Steps, part
from .alone import fewer_bones
from .bones import rig_of, rig_skeleton
from .channels import ControlStack
from .keyed import KeyedPoses, keyed_poses
from .probe import Key, Probe, pure
from .sample import at_each_frame, bone_matrices, clip_range, motion_of, places_of
from .spaces import parent_spaces

__all__ = ["Control", "Look", "RigSample", "bones_of", "look", "sampled_rig"]

# The share of the time that trying the controls takes, as far as a progress bar is concerned [ours].
_PROBED = 0.3


@dataclass(frozen=True, eq=False)
class Control:
    """A bone whose channels an edit may write.

    Attributes:
        bone: its name.
        joint: the canonical joint that it moves; for the controls of IK, the limb's end.
        kind: TURN (rotation), RIDE (rotation and location), POLE (location), SWING (rotation about an IK limb).
        space: (T, 4, 4) its parent space in the armature's: the pose it has without channels of its own.
        reach: (T, 3, 3) what its location channels move it by, in the armature's space.
        basis: (T, 4, 4) its channels as a matrix.
        carriers: canonical joint -> share of that joint's turn that its parent space makes.
    """

    bone: str
    joint: str
    kind: str
    space: np.ndarray
    reach: np.ndarray
    basis: np.ndarray
    carriers: Mapping[str, float]

    @cached_property
    def space_turn(self) -> np.ndarray:
        """(T, 4) rotation of the parent space."""
        return pure(self.space)

    @cached_property
    def basis_turn(self) -> np.ndarray:
        """(T, 4) rotation of the channels."""
        return pure(self.basis)

    def row(self, row: int) -> Control:
        """One frame of it."""
        one = slice(row, row + 1)
        return replace(self, space=self.space[one], reach=self.reach[one], basis=self.basis[one])

    @cached_property
    def place(self) -> np.ndarray:
        """(T, 3) where the bone's head is, in the armature's space."""
        return self.space[:, :3, 3] + np.einsum("tij,tj->ti", self.reach, self.basis[:, :3, 3])


@dataclass(frozen=True, eq=False)
class RigSample:
    """A rig over a clip.

    Attributes:
        motion: of the mapped joints, in the world, house axes, metres; the joints are named as their bones.
        rig: which bone is which joint.
        first_frame: scene frame of the Motion's first frame.
        object_world: (T, 4, 4) the armature object's own matrix, which may be animated too.
        controls: those that move something, parents before children.
        held: canonical joints that an edit should turn and nothing moves.
        is_mechanical: whether constraints stand between controls and joints, so that a result has to be looked at.
    """

    motion: Motion
    rig: RigFit
    first_frame: int
    object_world: np.ndarray
    controls: tuple[Control, ...]
    held: tuple[str, ...]
    is_mechanical: bool

    @cached_property
    def object_turn(self) -> np.ndarray:
        """(T, 4) rotation of the armature object."""
        return pure(self.object_world)

    @cached_property
    def object_inverse(self) -> np.ndarray:
        """(T, 4, 4) from the world to the armature's space."""
        return np.linalg.inv(self.object_world)

    @cached_property
    def stack(self) -> ControlStack:
        """The controls, all of them at a time."""
        return ControlStack(self.controls, tuple(self.rig.joints))

    @property
    def names(self) -> tuple[str, ...]:
        return self.motion.skeleton.names

    def row(self, row: int) -> RigSample:
        """One frame of it."""
        return replace(
            self, motion=self.motion.slice(row, row + 1), first_frame=self.first_frame + row,
            object_world=self.object_world[row : row + 1], controls=tuple(control.row(row) for control in self.controls),
        )  # fmt: skip


def sampled_rig(armature: bpy.types.Object) -> Steps[RigSample]:
    """The mapped joints and their controls at every frame of the armature's action.

    Constraints, drivers and IK are evaluated. The current frame is restored. Raises SkeletonError where the rig cannot be
    mapped, MotionError without animation, in Rest Position, and for an object that is scaled unevenly or mirrored.
    """
    rig = rig_of(armature)
    wanted = _wanted(rig)
    first, last = clip_range(armature)
    is_mechanical = any(bone.constraints for bone in armature.pose.bones)
    middle = (first + last) // 2
    probe = Probe(armature, rig, wanted)
    keyed = keyed_poses(armature, bones_of(rig, wanted), np.arange(first, last + 1))
    frames = list(dict.fromkeys((first, middle, last))) if is_mechanical else [middle]
    if keyed is not None:
        for frame in frames:
            probe.of(keyed.row(frame - first))
        active = [key for key in wanted if probe.moves(key)]
        seen = _read(armature, rig, active, first, keyed)
    else:
        with fewer_bones(armature, bones_of(rig, wanted)) as data:
            probe.at(frames, data)
            yield _PROBED
            active = [key for key in wanted if probe.moves(key)]
            seen = yield from part(look(armature, rig, active, first, last - first + 1, data), _PROBED, 1.0)
    controls = tuple(Control(*key, *tracks, probe.carriers(key)) for key, tracks in zip(active, seen.tracks, strict=True))
    return RigSample(seen.motion, rig, first, seen.object_world, controls, _held(rig, controls), is_mechanical)


@dataclass(frozen=True, eq=False)
class Look:
    """What was seen of a rig: its Motion, the object's matrix (T, 4, 4), and of each control parent space, reach and channels."""

    motion: Motion
    object_world: np.ndarray
    tracks: list[tuple[np.ndarray, np.ndarray, np.ndarray]]


def look(
    armature: bpy.types.Object, rig: RigFit, controls: Sequence[Key], first: int, count: int, data: bpy.types.Armature | None = None
) -> Steps[Look]:
    """Evaluate `count` frames from `first`; the frame that was current comes back afterwards.

    `data` are those of `fewer_bones` for all `bones_of` them.
    """
    skeleton, moved = rig_skeleton(armature, rig), [name for name, _, _ in controls]
    above = {bone.parent.name for bone in (armature.data.bones[name] for name in moved) if bone.parent is not None}
    watched = list(dict.fromkeys((*skeleton.names, *above, *moved)))
    pose, world, basis = np.empty((count, len(watched), 4, 4)), np.empty((count, 4, 4)), np.empty((count, len(moved), 4, 4))
    places: list[int] = []
    of_moved = [watched.index(name) for name in moved]
    for row, evaluated in enumerate(at_each_frame(armature, range(first, first + count), data)):
        places = places or places_of(evaluated, watched)
        world[row] = np.array(evaluated.matrix_world)
        pose[row] = bone_matrices(evaluated.pose.bones, "matrix")[places]
        basis[row] = bone_matrices(evaluated.pose.bones, "matrix_basis")[places][of_moved]
        yield (row + 1) / count
    poses = {name: pose[:, k] for k, name in enumerate(watched)}
    spaces, reach = parent_spaces(armature, moved, poses, [kind in ("RIDE", "POLE") for _, _, kind in controls])
    tracks = [(spaces[:, k], reach[:, k], basis[:, k]) for k in range(len(moved))]
    joints = pose[:, [watched.index(name) for name in skeleton.names]]
    return Look(motion_of(armature, skeleton.names, skeleton.parents, joints, world, first), world, tracks)


def bones_of(rig: RigFit, controls: Sequence[Key]) -> list[str]:
    """The bones that `look` looks at, but for those above them."""
    return [*rig.joints.values(), *(name for name, _, _ in controls)]


def _read(armature: bpy.types.Object, rig: RigFit, controls: Sequence[Key], first: int, keyed: KeyedPoses) -> Look:
    """`look` at poses that keys alone decide, all of them."""
    skeleton = rig_skeleton(armature, rig)
    joints, moved = keyed.places(skeleton.names), keyed.places(name for name, _, _ in controls)
    space, reach = keyed.tree.spaces(keyed.pose, moved)
    tracks = [(space[:, k], reach[:, k], keyed.basis[:, bone]) for k, bone in enumerate(moved)]
    motion = motion_of(armature, skeleton.names, skeleton.parents, keyed.pose[:, joints], keyed.object_world, first)
    return Look(motion, keyed.object_world, tracks)


def _held(rig: RigFit, controls: Sequence[Control]) -> tuple[str, ...]:
    """Joints that an edit turns and no control moves."""
    moved = {control.joint for control in controls if control.kind in ("TURN", "RIDE")}
    # A limb's target moves all of the limb.
    moved |= {f"{part}_{side}" for side in "lr" for end, parts in (("wrist", ("shoulder", "elbow")), ("ankle", ("hip", "knee")))
              if any(one.joint == f"{end}_{side}" and one.bone in _targets(rig) for one in controls) for part in parts}  # fmt: skip
    return tuple(joint for joint in EDIT_JOINTS if joint in rig.joints and joint not in moved)


def _targets(rig: RigFit) -> set[str]:
    return {one.target for one in rig.ik.values()}


def _wanted(rig: RigFit) -> list[Key]:
    """(bone, joint, kind) of every control that a rig may have, one a bone."""
    wanted: dict[str, Key] = {}
    for joint, bone in rig.joints.items():
        control = rig.controls.get(joint, bone)
        wanted.setdefault(control, (control, joint, "RIDE" if joint == "pelvis" else "TURN"))
    for end, one in rig.ik.items():
        for bone, kind in ((one.target, "RIDE"), (one.pole, "POLE"), (one.swing, "SWING")):
            if bone:
                wanted[bone] = (bone, end, kind)
    return list(wanted.values())
