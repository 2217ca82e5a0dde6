"""Beside: where the objects that belong to a character are linked."""

from __future__ import annotations

import bpy

__all__ = ["link_beside"]


def link_beside(thing: bpy.types.Object, armature: bpy.types.Object) -> None:
    """Link an object into the armature's collections, or into the scene where this file may not change any of them.

    A collection that is linked, or overrides a linked one, takes no object of this file.
    """
    own = [one for one in armature.users_collection if one.library is None and one.override_library is None]
    for collection in own or (bpy.context.scene.collection,):
        collection.objects.link(thing)
