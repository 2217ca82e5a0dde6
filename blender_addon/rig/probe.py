"""Probing a rig: each control is turned a little, to see which joints and which other controls follow it."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from mathutils import Matrix

from agonist import rotations
from agonist.bone_map import RigFit

from .alone import Alone, lone_scene
from .keyed import KeyedPoses
from .sample import bone_matrices, places_of
from .spaces import parent_spaces

__all__ = ["Key", "Probe", "pure"]

# (bone, joint, kind) of a control.
Key = tuple[str, str, str]

# Matrices of the joints (J, 4, 4), rotations of the parent spaces (C, 4) and of the controls themselves (C, 4).
_Seen = tuple[np.ndarray, np.ndarray, np.ndarray]

# How far a control is turned (radians), and an IK target moved (share of the limb), to see what follows [ours].
_PROBE_RAD, _PROBE_SHARE = 0.2, 0.1
_CHANNELS = ("location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle", "scale")
# What turns by less than this share of a probe does not follow it; what differs by less follows in full [ours].
_PROBE_TOLERANCE = 5e-3


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

    def at(self, frames: Sequence[int], data: bpy.types.Armature | None) -> None:
        """Try every control at some frames, for Blender to evaluate, with the bones of `fewer_bones`; the pose is as before afterwards."""
        scene = bpy.context.scene
        before = scene.frame_current_final
        try:
            for frame in frames:
                # Channels as they are at the frame, and then, where the armature can be evaluated alone, no more of the scene than that.
                scene.frame_set(frame)
                with lone_scene(self.armature, data) as alone:
                    self._try_all(alone)
        finally:
            scene.frame_set(int(before // 1), subframe=before % 1)

    def _try_all(self, alone: Alone) -> None:
        bones, names = alone.armature.data.bones, [bone for bone, _, _ in self.wanted]
        joints, moved = places_of(alone.armature, self.rig.joints.values()), places_of(alone.armature, names)
        above = {bone.parent.name for bone in map(bones.get, names) if bone.parent is not None}
        parents = dict(zip(above, places_of(alone.armature, above), strict=True))

        def spaces(poses: np.ndarray, with_reach: bool) -> tuple[np.ndarray, np.ndarray]:
            carrying = {name: poses[:, place] for name, place in parents.items()}
            return parent_spaces(alone.armature, names, carrying, [with_reach] * len(names))

        # One row without a change, then one a control.
        poses, basis = (np.array([one]) for one in _evaluated(alone))
        (space,), (reach,) = spaces(poses, True)
        rows, lengths = [(poses[0], basis[0])], []
        for k, key in enumerate(self.wanted):
            bone = alone.armature.pose.bones[key[0]]
            kept = {name: tuple(getattr(bone, name)) for name in _CHANNELS}
            changed, length = self._disturbed(key, np.array(bone.matrix_basis), poses[0, joints], space[k], reach[k])
            if length:
                bone.location = changed[:3, 3]
            else:
                bone.matrix_basis = Matrix(changed)
            rows.append(_evaluated(alone))
            lengths.append(length)
            for name, values in kept.items():
                setattr(bone, name, values)
        poses, basis = (np.array(one) for one in zip(*rows, strict=True))
        self._judge_all(poses[:, joints], spaces(poses, False)[0], basis[:, moved], lengths)

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
        self._judge_all(pose[:, joints], keyed.tree.spaces(pose, moved)[0], basis[:, moved], lengths)

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

    def _judge_all(self, joints: np.ndarray, spaces: np.ndarray, basis: np.ndarray, lengths: Sequence[float]) -> None:
        """Joints (1 + C, J, 4, 4), parent spaces and channels of the controls (1 + C, C, 4, 4): untouched, then with each disturbed."""
        seen = list(zip(joints, pure(spaces), pure(spaces @ basis), strict=True))
        for key, length, after in zip(self.wanted, lengths, seen[1:], strict=True):
            self._judge(key, length, seen[0], after)

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


def _evaluated(alone: Alone) -> tuple[np.ndarray, np.ndarray]:
    """(B, 4, 4) poses, and channels, of all bones as Blender makes them now."""
    alone.update()
    bones = alone.evaluated().pose.bones
    return bone_matrices(bones, "matrix"), bone_matrices(bones, "matrix_basis")


def _root(end: str) -> str:
    """The joint at the root of the limb that ends in a joint."""
    return ("shoulder" if end.startswith("wrist") else "hip") + end[-2:]
