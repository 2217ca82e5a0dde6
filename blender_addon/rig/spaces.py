"""Parent spaces: the pose that a bone would have without channels of its own, and what its location moves it by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import bpy
import numpy as np
from mathutils import Matrix

__all__ = ["parent_spaces", "rest_slide"]

# Single precision, of products of a few matrices [ours].
_ROUNDING = 3e-6


def parent_spaces(
    armature: bpy.types.Object, names: Sequence[str], poses: Mapping[str, np.ndarray], reaching: Sequence[bool]
) -> tuple[np.ndarray, np.ndarray]:
    """Parent spaces of bones, before their constraints, in the armature's space.

    Args:
        armature: whose rest pose it is.
        names: N bones.
        poses: (T, 4, 4) of every bone that is a parent of one of them.
        reaching: (N,) whether it is asked what the bone's location moves it by.

    Returns:
        (T, N, 4, 4), and (T, N, 3, 3) what location moves each by, no turn and no scale where that is not asked.
    """
    count = len(next(iter(poses.values()), np.empty(1)))
    spaces, reach = np.empty((count, len(names), 4, 4)), np.tile(np.eye(3), (count, len(names), 1, 1))
    for k, (name, is_asked) in enumerate(zip(names, reaching, strict=True)):
        bone = armature.data.bones[name]
        rest = np.array(bone.matrix_local)
        if bone.parent is None:
            spaces[:, k], reach[:, k] = rest, rest_slide(bone) if is_asked else np.eye(3)
            continue
        above = poses[bone.parent.name]
        carried = above @ np.linalg.inv(np.array(bone.parent.matrix_local))
        spaces[:, k] = carried @ rest
        if is_asked:
            reach[:, k] = carried[:, :3, :3] @ rest_slide(bone)
        if bone.inherit_scale != "FULL" or not bone.use_inherit_rotation:
            # What is inherited in part is Blender's to say, but for a parent without scale, which leaves nothing out.
            odd = np.arange(count) if not bone.use_inherit_rotation else np.flatnonzero(_is_scaled(above))
            for row in odd:
                space, moved = _converted(bone, Matrix(above[row]), is_asked)
                spaces[row, k] = space
                if is_asked:
                    reach[row, k] = moved
    return spaces, reach


def _is_scaled(poses: np.ndarray) -> np.ndarray:
    """(T,) whether poses (T, 4, 4) stretch or shear."""
    linear = poses[:, :3, :3]
    return np.abs(np.swapaxes(linear, 1, 2) @ linear - np.eye(3)).max(axis=(1, 2)) > _ROUNDING


def rest_slide(bone: bpy.types.Bone) -> np.ndarray:
    """(3, 3) what a bone's location moves it by in the armature's rest pose."""
    if bone.use_local_location:
        return np.array(bone.matrix_local)[:3, :3]
    return _converted(bone, bone.parent.matrix_local if bone.parent else Matrix.Identity(4), True)[1]


def _converted(bone: bpy.types.Bone, above: Matrix, with_reach: bool) -> tuple[np.ndarray, np.ndarray]:
    """Parent space (4, 4) and reach (3, 3) of a bone whose parent is posed so."""
    known = {"parent_matrix": above, "parent_matrix_local": bone.parent.matrix_local} if bone.parent else {}

    def posed(basis: Matrix) -> Matrix:
        return bone.convert_local_to_pose(basis, bone.matrix_local, **known)

    space = posed(Matrix.Identity(4))
    # A row at a time: numpy walks through a Matrix by itself three times as slowly.
    values = np.array([row[:] for row in space])
    if not with_reach:
        return values, np.eye(3)
    columns = [posed(Matrix.Translation(axis)).translation - space.translation for axis in np.eye(3)]
    return values, np.array(columns).T
