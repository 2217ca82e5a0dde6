"""Beside: where the objects that belong to a character are linked, and the local views that they are seen in."""

from __future__ import annotations

from collections.abc import Iterator

import bpy

__all__ = ["enter_local_views", "link_beside"]


def link_beside(thing: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Link an object into the armature's collections, or into the scene where this file may not change any of them.

    A collection that is linked, or overrides a linked one, takes no object of this file.
    """
    own = [one for one in armature.users_collection if one.library is None and one.override_library is None]
    for collection in own or (bpy.context.scene.collection,):
        collection.objects.link(thing)
    enter_local_views(thing, armature)


def enter_local_views(thing: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Let an object be seen in the local views that its armature is seen in.

    Blender 4 shows new objects in all of them anyway, and does not say who is in one.
    """
    for layer, space in _local_views():
        if thing.name in layer.objects and armature.name in layer.objects and armature.local_view_get(space):
            thing.local_view_set(space, True)


def _local_views() -> Iterator[tuple[bpy.types.ViewLayer, bpy.types.SpaceView3D]]:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D" and area.spaces.active.local_view is not None:
                yield window.view_layer, area.spaces.active
