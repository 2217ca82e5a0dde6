"""Probing a rig: each control is turned a little, to see which joints and which other controls follow it."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix

from agonist import rotations
from agonist.bone_map import RigFit

from .alone import depsgraph_of, lone_scene, update
from .keyed import KeyedPoses

__all__ = ["Key", "Probe", "parent_space", "pure"]

# (bone, joint, kind) of a control.
Key = tuple[str, str, str]

# Matrices of the joints (J, 4, 4), rotations of the parent spaces (C, 4) and of the controls themselves (C, 4).
_Seen = tuple[np.ndarray, np.ndarray, np.ndarray]

# How far a control is turned (radians), and an IK target moved (share of the limb), to see what follows [ours].
_PROBE_RAD, _PROBE_SHARE = 0.2, 0.1
_CHANNELS = ("location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle", "scale")
# What turns by less than this share of a probe does not follow it; what differs by less follows in full [ours].
_PROBE_TOLERANCE = 5e-3


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


class Probe:
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


def _root(end: str) -> str:
    """The joint at the root of the limb that ends in a joint."""
    return ("shoulder" if end.startswith("wrist") else "hip") + end[-2:]
