"""Attach: the muscles of a set on an armature, following its bones."""

from __future__ import annotations

import bpy

from agonist.body.geometry import muscle_mesh
from agonist.muscles import MuscleSet, muscle_set

from ..beside import enter_local_views
from ..rig.bones import humanoid_of, rig_of, rig_skeleton
from .colour_actions import drop_colours, inherit_colours
from .heatmap import muscle_objects, prepare_muscle
from .shapes import muscle_object, remove_object

__all__ = ["BOUND", "add_muscles"]

# On a mesh of the user's own that stands for a muscle.
BOUND = "agonist_bound"


def add_muscles(armature: bpy.types.Object, muscles: MuscleSet | None = None) -> list[bpy.types.Object]:
    """Build every muscle of a set; those already there are replaced where they are, those of another set go.

    A mesh that the user has bound stays. Raises SkeletonError for no humanoid.
    """
    rig = rig_of(armature)
    skeleton, hmap = rig_skeleton(armature, rig, skin=True), humanoid_of(rig, skin=True)
    before = muscle_objects(armature)
    wanted = [one for one in (muscles or muscle_set("mia8")).muscles if not (one.name in before and before[one.name].get(BOUND))]
    shapes = {muscle: muscle_mesh(skeleton, hmap, muscle.name) for muscle in wanted}
    objects = []
    for muscle, shape in shapes.items():
        thing = muscle_object(muscle.label, shape, armature)
        prepare_muscle(thing, muscle.name, armature.agonist.colour_map)
        former = before.pop(muscle.name, None)
        if former is not None:
            _take_place(thing, former)
            enter_local_views(thing, armature)
        objects.append(thing)
    for thing in before.values():
        if not thing.get(BOUND):
            drop_colours(thing)
            remove_object(thing)
    return objects


def _take_place(thing: bpy.types.Object, former: bpy.types.Object) -> None:
    """Give a muscle the names, the colours and the collections of the one that it replaces, and hide it where that one was hidden."""
    inherit_colours(thing, former)
    collections = [one for one in former.users_collection if one.library is None and one.override_library is None]
    if collections:
        for collection in thing.users_collection:
            collection.objects.unlink(thing)
        for collection in collections:
            collection.objects.link(thing)
    for hidden in ("hide_viewport", "hide_render", "hide_select"):
        setattr(thing, hidden, getattr(former, hidden))
    if former.hide_get():
        thing.hide_set(True)
    names = former.name, former.data.name
    remove_object(former)
    thing.name, thing.data.name = names
