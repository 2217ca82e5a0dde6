"""Verbs for the table of bones."""

from __future__ import annotations

from pathlib import Path

import bpy

from agonist.bone_map import BoneMap, RigFit, read_bone_map, write_bone_map
from agonist.errors import SkeletonError

from .. import session
from ..rig.bones import detect_bones, fit_user_map, rig_of
from ..translate import rpt

__all__ = ["find_bones", "load_bones", "save_bones"]


def find_bones(armature: bpy.types.Object) -> None:
    """Fill the table of bones anew by the bone maps. Raises SkeletonError; the table is as it was then."""
    armature.agonist.fill_bones(detect_bones(armature))
    session.forget(armature.name)


def load_bones(armature: bpy.types.Object, path: Path) -> RigFit:
    """Fill the table of bones from a bone map's file. Raises FileFormatError, and SkeletonError if it finds no bone at all."""
    rig = fit_user_map(armature, read_bone_map(path))
    if not rig.joints:
        raise SkeletonError(rpt(
            "{path}: armature '{name}' has none of its bones. Expected a map made for such a rig.", path=path.name, name=armature.name
        ))  # fmt: skip
    armature.agonist.fill_bones(rig)
    session.forget(armature.name)
    return rig


def save_bones(armature: bpy.types.Object, path: Path) -> None:
    """Write the table of bones as a bone map. Raises SkeletonError if the table is not complete, InputError."""
    rig = rig_of(armature)
    tables = [{joint: (bone,) for joint, bone in table.items()} for table in (rig.joints, rig.deform, rig.controls)]
    write_bone_map(path, BoneMap(path.stem, *tables, rig.ik))
