"""Attach: the muscles of a set on an armature, following its bones."""

from __future__ import annotations

import bpy

from agonist.body.geometry import muscle_mesh
from agonist.muscles import MuscleSet, muscle_set

from ..rig.bones import humanoid_of, rig_of, rig_skeleton
from .heatmap import MUSCLE_KEY, RELAXED, muscle_material, muscle_objects
from .shapes import muscle_object, remove_object

__all__ = ["add_muscles"]


def add_muscles(armature: bpy.types.Object, muscles: MuscleSet | None = None) -> list[bpy.types.Object]:
    """Build every muscle of a set; those already there are replaced and keep their colours. Raises SkeletonError for no humanoid."""
    rig = rig_of(armature)
    skeleton, hmap = rig_skeleton(armature, rig), humanoid_of(rig)
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
