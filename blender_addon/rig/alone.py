"""A scene with nothing but an armature: Blender evaluates what decides its pose, and neither muscles nor skin nor anything beside it.

The pose is the same to the bit, and the window's scene keeps its frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import bpy

from agonist.errors import MotionError

from ..translate import rpt

__all__ = ["depsgraph_of", "lone_scene", "others_pose", "update"]

# Constraints that read the scene's camera or clip.
_OF_THE_SCENE = {"FOLLOW_TRACK", "CAMERA_SOLVER", "OBJECT_SOLVER"}


@contextmanager
def lone_scene(armature: bpy.types.Object) -> Iterator[bpy.types.Scene]:
    """The scene to evaluate an armature in; the window's where that might pose it otherwise. It is gone again afterwards.

    Raises MotionError where Blender would not evaluate the armature.
    """
    scene = bpy.context.scene
    if not _is_the_same_alone(armature):
        _check_seen(armature, scene)
        yield scene
        return
    own = bpy.data.scenes.new(f"{armature.name} alone")
    try:
        for name in ("fps", "fps_base", "frame_map_old", "frame_map_new"):
            setattr(own.render, name, getattr(scene.render, name))
        own.collection.objects.link(armature)
        own.frame_set(scene.frame_current, subframe=scene.frame_subframe)
        _check_seen(armature, own)
        yield own
    finally:
        bpy.data.scenes.remove(own)


def _check_seen(armature: bpy.types.Object, scene: bpy.types.Scene) -> None:
    """Raise MotionError for an armature whose pose stands still in a scene because Blender leaves it out."""
    if not armature.evaluated_get(depsgraph_of(scene)).is_evaluated:
        raise MotionError(rpt(
            "Armature '{name}' is disabled in viewports or in no collection of the view layer, so Blender does not pose it; "
            "enable it in the Outliner (the screen icon).", name=armature.name,
        ))  # fmt: skip


def depsgraph_of(scene: bpy.types.Scene) -> bpy.types.Depsgraph:
    """What is evaluated of a scene of `lone_scene`."""
    return bpy.context.evaluated_depsgraph_get() if scene == bpy.context.scene else scene.view_layers[0].depsgraph


def update(scene: bpy.types.Scene) -> None:
    """Evaluate what has changed in a scene of `lone_scene`."""
    (bpy.context.view_layer if scene == bpy.context.scene else scene.view_layers[0]).update()


def others_pose() -> bool:
    """Whether another add-on hears of a frame's change, and may pose something then."""
    package = __package__.rpartition(".")[0]
    handlers = (*bpy.app.handlers.frame_change_pre, *bpy.app.handlers.frame_change_post)
    return any(not getattr(handler, "__module__", "").startswith(package) for handler in handlers)


def _is_the_same_alone(armature: bpy.types.Object) -> bool:
    """Whether nothing that the scene has beside the armature, and what that depends on, can decide its pose."""
    if others_pose():
        return False
    reached: set[bpy.types.Object] = set()
    _reach(armature, reached)
    for thing in reached:
        # What is simulated remembers the frames that its scene has played.
        if thing != armature and (thing.modifiers or thing.rigid_body is not None or thing.rigid_body_constraint is not None):
            return False
        if armature.rigid_body is not None or any(one.type in _OF_THE_SCENE for one in _constraints(thing)):
            return False
        if any(_asks_the_scene(one.driver) for one in _drivers(thing)):
            return False
    return True


def _reach(thing: bpy.types.Object | None, reached: set[bpy.types.Object]) -> None:
    """Gather all objects that an object's place and pose depend on, itself included."""
    if thing is None or thing in reached:
        return
    reached.add(thing)
    _reach(thing.parent, reached)
    for one in _constraints(thing):
        for name in ("target", "pole_target"):
            _reach(getattr(one, name, None), reached)
        for row in getattr(one, "targets", ()):
            _reach(row.target, reached)
    for curve in _drivers(thing):
        for target in (target for variable in curve.driver.variables for target in variable.targets):
            if isinstance(target.id, bpy.types.Object):
                _reach(target.id, reached)


def _constraints(thing: bpy.types.Object) -> list[bpy.types.Constraint]:
    bones = thing.pose.bones if thing.pose is not None else ()
    return [*thing.constraints, *(one for bone in bones for one in bone.constraints)]


def _drivers(thing: bpy.types.Object) -> Iterable[bpy.types.FCurve]:
    for owner in (thing, thing.data):
        if owner is not None and owner.animation_data is not None:
            yield from owner.animation_data.drivers


def _asks_the_scene(driver: bpy.types.Driver) -> bool:
    """Whether a driver reads the scene, or runs Python, which may read anything."""
    if driver.type == "SCRIPTED" and not driver.is_simple_expression:
        return True
    return any(
        variable.type == "CONTEXT_PROP" or any(target.id_type == "SCENE" for target in variable.targets) for variable in driver.variables
    )
