"""Keyed poses: what Blender would evaluate, read from the keys alone where nothing but keys decides it, many times as quickly.

Nothing else may have a say: no constraint, driver, strip or layer, no parent that moves, no other add-on that poses at a frame's
change. Where one might, Blender evaluates the scene as for a render.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import bpy
import numpy as np

from agonist import rotations
from agonist.bones import BoneTree

from ..compat import fcurves_of, is_one_layer, plays
from .alone import others_pose
from .keys import ROTATIONS, curve_values, rotation_name, rotation_quaternions
from .spaces import rest_slide

__all__ = ["KeyedPoses", "keyed_poses", "plays_alone"]

_PATH = re.compile(r'pose\.bones\["((?:[^"\\]|\\.)*)"\](.*)', re.DOTALL)
_TRANSFORMS = ("location", "scale", *ROTATIONS)
# Scales that differ by less from 1 count as none, and so do rotations of no length (single precision).
_ROUNDING = 1e-6
# Property and index -> its curve.
_Curves = dict[tuple[str, int], bpy.types.FCurve]


@dataclass(frozen=True, eq=False)
class KeyedPoses:
    """Poses at T frames.

    Attributes:
        names: bones, parents first; those that were asked for and all above them.
        tree: the same bones at rest.
        basis: (T, B, 4, 4) their channels as matrices.
        object_world: (T, 4, 4) the armature object's own matrix.
    """

    names: tuple[str, ...]
    tree: BoneTree
    basis: np.ndarray
    object_world: np.ndarray

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.names)}

    def places(self, names: Iterable[str]) -> list[int]:
        """Where bones stand in `names`."""
        return [self._index[name] for name in names]

    def row(self, row: int) -> KeyedPoses:
        """One frame of them."""
        return replace(self, basis=self.basis[row : row + 1], object_world=self.object_world[row : row + 1])

    @cached_property
    def pose(self) -> np.ndarray:
        """(T, B, 4, 4) in the armature's space."""
        return self.tree.pose(self.basis)


def keyed_poses(armature: bpy.types.Object, names: Iterable[str], frames: Sequence[float] | np.ndarray) -> KeyedPoses | None:
    """Poses of bones, and of those above them, at frames that need not be whole; None where Blender itself has to evaluate them."""
    bones = _with_parents(armature, names)
    if not _stands_alone(armature, bones):
        return None
    found = _curves(armature)
    if found is None:
        return None
    own, by_bone = found
    frames = np.asarray(frames, dtype=float)
    tracks = [_basis(armature.pose.bones[bone.name], by_bone.get(bone.name, {}), frames, bone.use_connect) for bone in bones]
    world = _object_world(armature, own, frames)
    if world is None or any(track is None for track in tracks):
        return None
    names = tuple(bone.name for bone in bones)
    basis = np.stack([track for track, _ in filter(None, tracks)], axis=1)
    is_scaled = any(scaled for _, scaled in filter(None, tracks))
    if is_scaled and not all(bone.use_inherit_rotation and bone.inherit_scale == "FULL" for bone in bones):
        return None
    return KeyedPoses(names, _tree(bones), basis, world)


def plays_alone(armature: bpy.types.Object) -> bool:
    """Whether the active action has its full say, and is not being tweaked as a strip."""
    data = armature.animation_data
    if data is None or data.action is None or data.use_tweak_mode:
        return False
    return bool(data.action_influence == 1.0 and data.action_blend_type == "REPLACE")


def _with_parents(armature: bpy.types.Object, names: Iterable[str]) -> list[bpy.types.Bone]:
    """Bones and all above them, parents first."""
    kept: dict[str, bpy.types.Bone] = {}
    for name in names:
        chain = [armature.data.bones[name]]
        while chain[-1].parent is not None and chain[-1].parent.name not in kept:
            chain.append(chain[-1].parent)
        kept.update((bone.name, bone) for bone in reversed(chain))
    return list(kept.values())


def _stands_alone(armature: bpy.types.Object, bones: Sequence[bpy.types.Bone]) -> bool:
    """Whether only keys of the active action and values that stay can decide where the bones are."""
    scene = bpy.context.scene
    if scene.render.frame_map_old != scene.render.frame_map_new or armature.mode == "EDIT" or others_pose():
        return False
    if not plays_alone(armature) or not is_one_layer(armature) or not _stays(armature.data):
        return False
    data = armature.animation_data
    if data.drivers or any(track.is_solo or (track.strips and not track.mute) for track in data.nla_tracks):
        return False
    pose = armature.pose.bones
    if any(pose[bone.name].constraints for bone in bones):
        return False
    # IK on a bone below poses those above it.
    return not any(one.type in ("IK", "SPLINE_IK") for bone in pose for one in bone.constraints)


def _stays(thing: bpy.types.ID) -> bool:
    """Whether nothing animates a data-block."""
    data = thing.animation_data
    return data is None or (data.action is None and not data.drivers and not data.nla_tracks)


def _curves(armature: bpy.types.Object) -> tuple[_Curves, dict[str, _Curves]] | None:
    """Curves that play, of the object's own properties and by bone; None if one is written in a way that is not known here."""
    own: _Curves = {}
    by_bone: dict[str, _Curves] = {}
    for curve in fcurves_of(armature, armature.animation_data.action):
        path = curve.data_path
        if not plays(curve) or curve.is_empty:
            continue
        if not path.startswith("pose."):
            own[path, curve.array_index] = curve
            continue
        match = _PATH.fullmatch(path)
        if match is None or not curve.is_valid or match[2] == ".rotation_mode":
            return None
        by_bone.setdefault(bpy.utils.unescape_identifier(match[1]), {})[match[2][1:], curve.array_index] = curve
    return own, by_bone


def _values(owner: bpy.types.PoseBone | bpy.types.Object, name: str, curves: _Curves, frames: np.ndarray) -> np.ndarray:
    """(T, N) a property at frames; channels without a curve keep the value that they have."""
    columns = [
        curve_values(curves[name, index], frames) if (name, index) in curves else np.full(len(frames), value)
        for index, value in enumerate(getattr(owner, name))
    ]
    return np.stack(columns, axis=1)


def _basis(
    owner: bpy.types.PoseBone | bpy.types.Object, curves: _Curves, frames: np.ndarray, is_connected: bool = False
) -> tuple[np.ndarray, bool] | None:
    """(T, 4, 4) location, rotation and scale as a matrix, and whether it scales; None for a rotation of no length."""
    turn = _values(owner, rotation_name(owner), curves, frames)
    if owner.rotation_mode == "QUATERNION" and np.linalg.norm(turn, axis=1).min() < _ROUNDING:
        return None
    scale = _values(owner, "scale", curves, frames)
    basis = np.zeros((len(frames), 4, 4))
    basis[:, 3, 3] = 1.0
    basis[:, :3, :3] = rotations.to_matrix(rotation_quaternions(owner.rotation_mode, turn)) * scale[:, None]
    # A connected bone has no place of its own.
    basis[:, :3, 3] = 0.0 if is_connected else _values(owner, "location", curves, frames)
    return basis, bool(np.abs(scale - 1).max() > _ROUNDING)


def _object_world(armature: bpy.types.Object, curves: _Curves, frames: np.ndarray) -> np.ndarray | None:
    """(T, 4, 4) the object's matrix; None where something else than its own keys could move it."""
    thing = armature
    while thing is not None:
        # Its own keys move the armature; what it hangs on has none, and is no path, bone or vertex that could be moved otherwise.
        if thing.constraints or thing.rigid_body is not None or (thing.parent and thing.parent_type != "OBJECT"):
            return None
        if thing != armature and not (_stays(thing) and (thing.data is None or _stays(thing.data))):
            return None
        thing = thing.parent
    moving = {path for path, _ in curves if not path.startswith("[")}
    depsgraph = bpy.context.evaluated_depsgraph_get()
    if _has_delta(armature):
        world = np.array(armature.evaluated_get(depsgraph).matrix_world)
        return None if moving else np.broadcast_to(world, (len(frames), 4, 4))
    if not moving <= set(_TRANSFORMS) or not all(curve.is_valid for curve in curves.values()):
        return None
    found = _basis(armature, curves, frames)
    if found is None:
        return None
    if armature.parent is None:
        return found[0]
    above = np.array(armature.parent.evaluated_get(depsgraph).matrix_world) @ np.array(armature.matrix_parent_inverse)
    return above @ found[0]


def _has_delta(thing: bpy.types.Object) -> bool:
    """Whether an object has a second transform over its own."""
    turned = tuple(thing.delta_rotation_quaternion) != (1, 0, 0, 0) or any(thing.delta_rotation_euler)
    return turned or any(thing.delta_location) or tuple(thing.delta_scale) != (1, 1, 1)


def _tree(bones: Sequence[bpy.types.Bone]) -> BoneTree:
    index = {bone.name: k for k, bone in enumerate(bones)}
    return BoneTree(
        tuple(index[bone.parent.name] if bone.parent else -1 for bone in bones),
        np.array([np.array(bone.matrix_local) for bone in bones]), np.array([rest_slide(bone) for bone in bones]),
        np.array([bone.use_inherit_rotation for bone in bones]),
    )  # fmt: skip
