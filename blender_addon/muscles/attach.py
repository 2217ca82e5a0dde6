"""Attach: the muscles of a set on an armature, following its bones."""

from __future__ import annotations

import bpy
import numpy as np

from agonist.body.geometry import muscle_mesh
from agonist.humanoid import map_humanoid
from agonist.muscles import MuscleSet, muscle_set
from agonist.skeleton import Skeleton

from ..rig.frames import bone_names
from .heatmap import MUSCLE_KEY, RELAXED, muscle_material, muscle_objects
from .shapes import muscle_object, remove_object

__all__ = ["add_muscles", "rest_skeleton"]


def rest_skeleton(armature: bpy.types.Object) -> Skeleton:
    """The armature's bones at rest in its own space. Raises SkeletonError."""
    names = bone_names(armature)
    bones = armature.data.bones
    index = {name: k for k, name in enumerate(names)}
    heads = np.array([np.array(bones[name].head_local) for name in names])
    parents = tuple(index[bones[name].parent.name] if bones[name].parent else -1 for name in names)
    offsets = heads - np.where(np.array(parents)[:, None] >= 0, heads[list(parents)], 0.0)
    return Skeleton(tuple(names), parents, offsets)


def add_muscles(armature: bpy.types.Object, muscles: MuscleSet | None = None) -> list[bpy.types.Object]:
    """Build every muscle of a set; those already there are replaced and keep their colours. Raises SkeletonError for no humanoid."""
    skeleton = rest_skeleton(armature)
    hmap = map_humanoid(skeleton)
    shapes = {muscle: muscle_mesh(skeleton, hmap, muscle.name) for muscle in (muscles or muscle_set("mia8")).muscles}
    before = muscle_objects(armature)
    material = muscle_material()
    objects = []
    for muscle, shape in shapes.items():
        thing = muscle_object(muscle.label, shape, armature)
        thing[MUSCLE_KEY] = muscle.name
        thing["activation"] = 0.0
        thing.id_properties_ui("activation").update(min=0.0, max=1.0, description="Share of the colour range: 0 yellow, 1 red")
        thing["activation_raw"] = 0.0
        thing.id_properties_ui("activation_raw").update(min=0.0, max=1.0, description="Predicted share of maximal activation")
        thing.color = RELAXED
        thing.data.materials.append(material)
        if muscle.name in before:
            _inherit(thing, before[muscle.name])
            remove_object(before[muscle.name])
        objects.append(thing)
    return objects


def _inherit(thing: bpy.types.Object, before: bpy.types.Object) -> None:
    """Take over the keyed colours of the muscle that is replaced."""
    from ..compat import assign_action

    for key in before:
        if key.startswith("agonist_colours"):
            thing[key] = before[key]
    if before.animation_data and before.animation_data.action:
        assign_action(thing, before.animation_data.action)
