"""Meshes that hang on one bone, as eyes, teeth and armour do, with no Armature modifier."""

from __future__ import annotations

import bpy
from mathutils import Matrix

__all__ = ["bone_of", "rigid_parts", "unposed"]


def bone_of(thing: bpy.types.Object, armature: bpy.types.Object) -> bpy.types.PoseBone | None:
    """The bone of an armature that is an object's parent, if one is."""
    return armature.pose.bones.get(thing.parent_bone) if thing.parent == armature and thing.parent_type == "BONE" else None


def rigid_parts(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """The meshes that hang on bones of an armature and are deformed by none."""
    return [
        child for child in armature.children
        if child.type == "MESH" and bone_of(child, armature) and not any(one.type == "ARMATURE" for one in child.modifiers)
    ]  # fmt: skip


def unposed(thing: bpy.types.Object, armature: bpy.types.Object) -> Matrix:
    """Where an object is in the world, or would be if the bone that it hangs on were at rest: an Armature modifier moves it from there."""
    bone = bone_of(thing, armature)
    if bone is None:
        return thing.matrix_world.copy()
    to_rest = bone.bone.matrix_local @ bone.matrix.inverted()
    return armature.matrix_world @ to_rest @ armature.matrix_world.inverted() @ thing.matrix_world
