"""The bones that an animator moves a rig by: what drives what, learnt from the rig itself, and their channels over a clip.

A control's pose is its parent space times its own channels. An edit moves joints; what it does to a control's channels
depends on what carries the parent space, and that follows no rule across rigs (follow switches, isolated heads, IK). So
`sampled_rig` turns each control a little and looks at what moves with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import bpy
import numpy as np
from mathutils import Matrix

from agonist import rotations
from agonist.bone_map import RigFit
from agonist.edit_joints import EDIT_JOINTS
from agonist.motion import Motion

from ..steps import Steps, part
from .alone import depsgraph_of, lone_scene, update
from .bones import rig_of, rig_skeleton
from .channels import ControlStack
from .keyed import KeyedPoses, keyed_poses
from .sample import at_each_frame, bone_matrices, check_scale, clip_range, motion_of

__all__ = ["Control", "Key", "Look", "RigSample", "look", "parent_space", "pure", "sampled_rig"]

# (bone, joint, kind) of a control.
Key = tuple[str, str, str]

# Matrices of the joints (J, 4, 4), rotations of the parent spaces (C, 4) and of the controls themselves (C, 4).
_Seen = tuple[np.ndarray, np.ndarray, np.ndarray]

# How far a control is turned (radians), and an IK target moved (share of the limb), to see what follows [ours].
_PROBE_RAD, _PROBE_SHARE = 0.2, 0.1
_CHANNELS = ("location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle", "scale")
# What turns by less than this share of a probe does not follow it; what differs by less follows in full [ours].
_PROBE_TOLERANCE = 5e-3
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
    probe = _Probe(armature, rig, wanted)
    keyed = keyed_poses(armature, (*rig.joints.values(), *(bone for bone, _, _ in wanted)), np.arange(first, last + 1))
    frames = list(dict.fromkeys((first, middle, last))) if is_mechanical else [middle]
    for k, frame in enumerate(frames):
        if keyed is None:
            probe.at(frame)
            yield _PROBED * (k + 1) / len(frames)
        else:
            probe.of(keyed.row(frame - first))
    active = [key for key in wanted if probe.moves(key)]
    if keyed is None:
        seen = yield from part(look(armature, rig, active, first, last - first + 1), _PROBED, 1.0)
    else:
        seen = _read(armature, rig, active, first, keyed)
    check_scale(armature.name, seen.object_world)
    controls = tuple(Control(*key, *tracks, probe.carriers(key)) for key, tracks in zip(active, seen.tracks, strict=True))
    return RigSample(seen.motion, rig, first, seen.object_world, controls, _held(rig, controls), is_mechanical)


@dataclass(frozen=True, eq=False)
class Look:
    """What was seen of a rig: its Motion, the object's matrix (T, 4, 4), and of each control parent space, reach and channels."""

    motion: Motion
    object_world: np.ndarray
    tracks: list[tuple[np.ndarray, np.ndarray, np.ndarray]]


def look(armature: bpy.types.Object, rig: RigFit, controls: Sequence[Key], first: int, count: int) -> Steps[Look]:
    """Evaluate `count` frames from `first`; the frame that was current comes back afterwards."""
    skeleton = rig_skeleton(armature, rig)
    pose, world = np.empty((count, len(skeleton), 4, 4)), np.empty((count, 4, 4))
    tracks = [(np.empty((count, 4, 4)), np.empty((count, 3, 3)), np.empty((count, 4, 4))) for _ in controls]
    place = {bone.name: k for k, bone in enumerate(armature.pose.bones)}
    joints, moved = [place[name] for name in skeleton.names], [place[name] for name, _, _ in controls]
    for row, evaluated in enumerate(at_each_frame(armature, range(first, first + count))):
        world[row] = np.array(evaluated.matrix_world)
        bones = evaluated.pose.bones
        pose[row] = bone_matrices(bones, "matrix")[joints]
        channels = bone_matrices(bones, "matrix_basis")[moved]
        for control, ((name, _, kind), (space, reach, basis)) in enumerate(zip(controls, tracks, strict=True)):
            space[row], reach[row] = parent_space(bones[name], kind in ("RIDE", "POLE"))
            basis[row] = channels[control]
        yield (row + 1) / count
    return Look(motion_of(armature, skeleton.names, skeleton.parents, pose, world, first), world, tracks)


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


def parent_space(pose_bone: bpy.types.PoseBone, with_reach: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """(4, 4) pose of an evaluated bone without channels of its own, before its constraints, and (3, 3) what location moves it by."""
    bone, parent = pose_bone.bone, pose_bone.parent
    above = {"parent_matrix": parent.matrix, "parent_matrix_local": parent.bone.matrix_local} if parent else {}

    def posed(basis: Matrix) -> Matrix:
        return bone.convert_local_to_pose(basis, bone.matrix_local, **above)

    space = posed(Matrix.Identity(4))
    # A row at a time: numpy walks through a Matrix by itself three times as slowly.
    values = np.array([row[:] for row in space])
    if not with_reach:
        return values, np.eye(3)
    columns = [posed(Matrix.Translation(axis)).translation - space.translation for axis in np.eye(3)]
    return values, np.array(columns).T


def pure(matrices: np.ndarray) -> np.ndarray:
    """Rotations (..., 4) of matrices (..., 4, 4), scale removed."""
    linear = matrices[..., :3, :3]
    return rotations.from_matrix(linear / np.linalg.norm(linear, axis=-2, keepdims=True))


def _root(end: str) -> str:
    """The joint at the root of the limb that ends in a joint."""
    return ("shoulder" if end.startswith("wrist") else "hip") + end[-2:]


class _Probe:
    """Turns controls one by one and keeps what moved with each."""

    def __init__(self, armature: bpy.types.Object, rig: RigFit, wanted: list[Key]) -> None:
        self.armature, self.rig, self.wanted = armature, rig, wanted
        self.joints = list(rig.joints)
        # One row a probe: turns of the joints (J, 3) and of the parent spaces (C, 3), rotation vectors.
        self.joint_turns: list[np.ndarray] = []
        self.space_turns: list[np.ndarray] = []
        self.moving: set[Key] = set()

    def at(self, frame: int) -> None:
        """Try every control at one frame, for Blender to evaluate; the pose is as before afterwards."""
        scene = bpy.context.scene
        before = scene.frame_current_final
        try:
            # Channels as they are at the frame, and then, where the armature can be evaluated alone, no more of the scene than that.
            scene.frame_set(frame)
            with lone_scene(self.armature) as alone:
                self._try_all(alone)
        finally:
            scene.frame_set(int(before // 1), subframe=before % 1)

    def _try_all(self, scene: bpy.types.Scene) -> None:
        start = self._look(scene)
        bones = self.armature.evaluated_get(depsgraph_of(scene)).pose.bones
        parents = [parent_space(bones[key[0]]) for key in self.wanted]
        for key, above in zip(self.wanted, parents, strict=True):
            bone = self.armature.pose.bones[key[0]]
            kept = {name: tuple(getattr(bone, name)) for name in _CHANNELS}
            basis, length = self._disturbed(key, np.array(bone.matrix_basis), start[0], *above)
            if length:
                bone.location = basis[:3, 3]
            else:
                bone.matrix_basis = Matrix(basis)
            after = self._look(scene)
            for name, values in kept.items():
                setattr(bone, name, values)
            self._judge(key, length, start, after)

    def of(self, keyed: KeyedPoses) -> None:
        """Try every control on poses of one frame that keys alone decide."""
        joints, moved = keyed.places(self.rig.joints.values()), keyed.places(bone for bone, _, _ in self.wanted)
        (space,), (reach,) = keyed.tree.spaces(keyed.pose, moved)
        # One row without a change, then one a control.
        basis, lengths = np.repeat(keyed.basis, len(moved) + 1, axis=0), []
        for k, (key, bone) in enumerate(zip(self.wanted, moved, strict=True)):
            basis[k + 1, bone], length = self._disturbed(key, keyed.basis[0, bone], keyed.pose[0, joints], space[k], reach[k])
            lengths.append(length)
        pose = keyed.tree.pose(basis)
        spaces = keyed.tree.spaces(pose, moved)[0]
        seen = list(zip(pose[:, joints], pure(spaces), pure(spaces @ basis[:, moved]), strict=True))
        for key, length, after in zip(self.wanted, lengths, seen[1:], strict=True):
            self._judge(key, length, seen[0], after)

    def _look(self, scene: bpy.types.Scene) -> _Seen:
        """What Blender makes of the pose as it is now."""
        update(scene)
        bones = self.armature.evaluated_get(depsgraph_of(scene)).pose.bones
        joints = np.array([np.array(bones[self.rig.joints[joint]].matrix) for joint in self.joints])
        spaces = np.array([parent_space(bones[key[0]], False)[0] for key in self.wanted])
        basis = np.array([np.array(bones[key[0]].matrix_basis) for key in self.wanted])
        return joints, pure(spaces), pure(spaces @ basis)

    def _disturbed(self, key: Key, basis: np.ndarray, joints: np.ndarray, space: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, float]:
        """Channels (4, 4) of a control that is turned a little, or, for IK, moved; and how far it moved in the armature's space."""
        is_target = key[2] == "RIDE" and key[1] != "pelvis"
        if not is_target and key[2] != "POLE":
            # About no axis that a joint could be limited or locked to.
            turn = np.eye(4)
            turn[:3, :3] = rotations.to_matrix(rotations.from_axis_angle(np.full(3, 3**-0.5), np.array(_PROBE_RAD)))
            return basis @ turn, 0.0
        # A target goes towards the root of its limb, a pole across.
        end = joints[self.joints.index(key[1]), :3, 3]
        way = joints[self.joints.index(_root(key[1])), :3, 3] - end
        shift = _PROBE_SHARE * way
        if key[2] == "POLE":
            shift = np.cross(way, space[:3, 3] - end)
            shift *= np.linalg.norm(way) / max(float(np.linalg.norm(shift)), 1e-9)
        moved = basis.copy()
        moved[:3, 3] += np.linalg.solve(reach, shift)
        return moved, float(np.linalg.norm(shift))

    def _judge(self, key: Key, length: float, start: _Seen, after: _Seen) -> None:
        """Keep what moved with a control, if it moved what it is there for."""
        joints, spaces, controls = after
        turns = rotations.to_rotvec(rotations.multiply(pure(joints), rotations.conjugate(pure(start[0]))))
        own, row = self.joints.index(key[1]), self.wanted.index(key)
        if key[2] in ("POLE", "SWING"):
            follows = np.linalg.norm(turns[self.joints.index(_root(key[1]))]) > _PROBE_TOLERANCE
        elif length:
            follows = np.linalg.norm(joints[own, :3, 3] - start[0][own, :3, 3]) > 0.3 * length
        else:
            made = rotations.to_rotvec(rotations.multiply(controls[row], rotations.conjugate(start[2][row])))
            follows = turns[own] @ made > 0.3 * (made @ made)
        if follows:
            self.moving.add(key)
            self.joint_turns.append(turns)
            self.space_turns.append(rotations.to_rotvec(rotations.multiply(spaces, rotations.conjugate(start[1]))))

    def moves(self, key: Key) -> bool:
        """Whether a control moved what it is there for, at any of the frames."""
        return key in self.moving

    def carriers(self, key: Key) -> dict[str, float]:
        """Whose turns a control's parent space makes: one joint's in full, none, or shares of several."""
        if not self.space_turns:
            return {}
        made = np.array([turns[self.wanted.index(key)] for turns in self.space_turns]).ravel()
        seen = np.array(self.joint_turns).transpose(0, 2, 1).reshape(-1, len(self.joints))
        size = float(np.abs(made).max(initial=0.0))
        if size < _PROBE_TOLERANCE * _PROBE_RAD:
            return {}
        off = np.abs(seen - made[:, None]).max(axis=0)
        best = int(np.argmin(np.round(off / (_PROBE_TOLERANCE * _PROBE_RAD))))
        if off[best] < _PROBE_TOLERANCE * _PROBE_RAD:
            return {self.joints[best]: 1.0}
        trunk = [k for k, joint in enumerate(self.joints) if joint in ("pelvis", "spine", "chest", "neck") or joint[-2:] == key[1][-2:]]
        shares = np.linalg.lstsq(seen[:, trunk], made, rcond=1e-3)[0]
        return {self.joints[k]: float(share) for k, share in zip(trunk, shares, strict=True) if abs(share) > _PROBE_TOLERANCE}
