"""Rotations between a bone's own axes and the house's (rest axes = world axes)."""

from __future__ import annotations

import bpy
import numpy as np

from agonist import rotations
from agonist.errors import SkeletonError

from ..translate import rpt

__all__ = ["bone_names", "rest_rotations"]


def bone_names(armature: bpy.types.Object) -> list[str]:
    """Bones of the largest tree of the armature, parents first. Raises SkeletonError if there is none."""
    if armature is None or armature.type != "ARMATURE" or not armature.data.bones:
        raise SkeletonError(rpt("No armature with bones is active; select one."))
    roots = [bone for bone in armature.data.bones if bone.parent is None]
    root = max(roots, key=lambda bone: len(bone.children_recursive))
    names, queue = [], [root]
    while queue:
        bone = queue.pop(0)
        names.append(bone.name)
        queue.extend(bone.children)
    return names


def rest_rotations(armature: bpy.types.Object, names: list[str]) -> np.ndarray:
    """(J, 4) rest orientation of each bone in the armature's space."""
    matrices = np.array([np.array(armature.data.bones[name].matrix_local.to_3x3()) for name in names])
    return rotations.from_matrix(matrices)
