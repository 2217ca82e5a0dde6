"""Bind: a mesh of the user's own becomes one of the muscles."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix
from mathutils.kdtree import KDTree

from agonist.body.geometry import MuscleMesh, muscle_mesh
from agonist.errors import InputError

from ..rig.bones import humanoid_of, rig_of, rig_skeleton
from ..rig.hung import unposed
from ..translate import rpt
from .attach import BOUND
from .colour_actions import inherit_colours
from .heatmap import MUSCLE_KEY, muscle_objects, prepare_muscle
from .own_action import give_back_action, note_own_action
from .shapes import add_weights, remove_object

__all__ = ["bind_mesh"]


def bind_mesh(mesh: bpy.types.Object, armature: bpy.types.Object, muscle: str) -> None:
    """Let a mesh stand for a muscle on an armature; what stood for it before goes, a bound mesh of the user's stays as a plain one.

    A mesh that no armature deforms yet follows the bones as the drawn muscle does. Its own materials stay on its data, and the action
    that it played is noted: a mesh that is no muscle any more plays it again.
    Raises InputError for what is no mesh with vertices, SkeletonError for no humanoid, UnknownNameError for no muscle.
    """
    if mesh.type != "MESH" or not len(mesh.data.vertices):
        raise InputError(rpt("'{name}' is no mesh with vertices; select one and the armature.", name=mesh.name))
    rig = rig_of(armature)
    shape = muscle_mesh(rig_skeleton(armature, rig, skin=True), humanoid_of(rig, skin=True), muscle)
    before = muscle_objects(armature).get(muscle)
    world = mesh.matrix_world.copy()
    if not any(one.type == "ARMATURE" for one in mesh.modifiers):
        world = unposed(mesh, armature)
        add_weights(mesh, _borrowed(mesh, world, armature, shape), armature)
    # On a bone it would move with that one as well.
    mesh.parent, mesh.parent_type = armature, "OBJECT"
    mesh.matrix_parent_inverse = armature.matrix_world.inverted()
    mesh.matrix_world = world
    prepare_muscle(mesh, muscle, armature.agonist.colour_map)
    mesh[BOUND] = True
    note_own_action(mesh)
    if before is not None and before != mesh:
        inherit_colours(mesh, before)
        if before.get(BOUND):
            del before[MUSCLE_KEY]
            give_back_action(before)
        else:
            remove_object(before)


def _borrowed(mesh: bpy.types.Object, world: Matrix, armature: bpy.types.Object, shape: MuscleMesh) -> dict[str, np.ndarray]:
    """Bone -> (V,): each vertex of a mesh that stands at `world` follows the bones as the nearest vertex of the drawn muscle does."""
    tree = KDTree(len(shape.vertices))
    for index, place in enumerate(shape.vertices):
        tree.insert(place, index)
    tree.balance()
    to_armature = armature.matrix_world.inverted() @ world
    nearest = [tree.find(to_armature @ vertex.co)[1] for vertex in mesh.data.vertices]
    return {bone: values[nearest] for bone, values in shape.weights.items()}
