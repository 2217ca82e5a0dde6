"""Meshes that hang on one bone, as eyes, teeth and armour do, with no Armature modifier."""

from __future__ import annotations

import bpy
from mathutils import Matrix

__all__ = ["bone_of", "rigid_parts", "unposed"]


def bone_of(thing: bpy.types.Object, armature: bpy.types.Object) -> bpy.types.PoseBone | None:
    """The bone that an object hangs on; None for one that an Armature modifier deforms, whose weights say what moves it."""
    if thing.parent != armature or thing.parent_type != "BONE" or any(one.type == "ARMATURE" for one in thing.modifiers):
        return None
    return armature.pose.bones.get(thing.parent_bone)


def rigid_parts(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """The meshes that hang on bones of an armature and are deformed by none."""
    return [child for child in armature.children if child.type == "MESH" and bone_of(child, armature) is not None]


def unposed(thing: bpy.types.Object, armature: bpy.types.Object) -> Matrix:
    """Where an object is in the world, or would be if the bone that it hangs on were at rest: an Armature modifier moves it from there."""
    bone = bone_of(thing, armature)
    if bone is None:
        return thing.matrix_world.copy()
    to_rest = bone.bone.matrix_local @ bone.matrix.inverted()
    return armature.matrix_world @ to_rest @ armature.matrix_world.inverted() @ thing.matrix_world
