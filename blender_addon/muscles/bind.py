"""Bind: a mesh of the user's own becomes one of the muscles."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils.kdtree import KDTree

from agonist.body.geometry import MuscleMesh, muscle_mesh
from agonist.errors import InputError

from ..rig.bones import humanoid_of, rig_of, rig_skeleton
from .attach import BOUND
from .heatmap import inherit_colours, muscle_objects, prepare_muscle
from .shapes import add_weights, remove_object

__all__ = ["bind_mesh"]


def bind_mesh(mesh: bpy.types.Object, armature: bpy.types.Object, muscle: str) -> None:
    """Let a mesh stand for a muscle on an armature; what stood for it before goes, a bound mesh of the user's stays as a plain one.

    A mesh that no armature deforms yet follows the bones as the drawn muscle does. Its own materials stay on its data.
    Raises InputError for what is no mesh with vertices, SkeletonError for no humanoid, UnknownNameError for no muscle.
    """
    if mesh.type != "MESH" or not len(mesh.data.vertices):
        raise InputError(f"'{mesh.name}' is no mesh with vertices; select one and the armature.")
    rig = rig_of(armature)
    shape = muscle_mesh(rig_skeleton(armature, rig, skin=True), humanoid_of(rig, skin=True), muscle)
    before = muscle_objects(armature).get(muscle)
    world = mesh.matrix_world.copy()
    if not any(one.type == "ARMATURE" for one in mesh.modifiers):
        add_weights(mesh, _borrowed(mesh, armature, shape), armature)
    mesh.parent = armature
    mesh.matrix_parent_inverse = armature.matrix_world.inverted()
    mesh.matrix_world = world
    prepare_muscle(mesh, muscle, armature.agonist.colour_map)
    mesh[BOUND] = True
    if before is not None and before != mesh:
        inherit_colours(mesh, before)
        if before.get(BOUND):
            del before["agonist_muscle"]
        else:
            remove_object(before)


def _borrowed(mesh: bpy.types.Object, armature: bpy.types.Object, shape: MuscleMesh) -> dict[str, np.ndarray]:
    """Bone -> (V,): each vertex follows the bones as the nearest vertex of the drawn muscle does."""
    tree = KDTree(len(shape.vertices))
    for index, place in enumerate(shape.vertices):
        tree.insert(place, index)
    tree.balance()
    to_armature = armature.matrix_world.inverted() @ mesh.matrix_world
    nearest = [tree.find(to_armature @ vertex.co)[1] for vertex in mesh.data.vertices]
    return {bone: values[nearest] for bone, values in shape.weights.items()}
