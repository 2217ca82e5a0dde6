"""What the colours on a character mean, in words: for the legend in the 3D view and for that of pictures and films."""

from __future__ import annotations

from collections.abc import Collection

import bpy

from ..ghost import is_ghost
from .skin import borrowed_muscles

__all__ = ["SHARED", "full_colour", "marks", "shared_skins"]

# What to do where colours are shared.
SHARED = "Same mesh, same colours: {objects}. For colours of its own: Object > Relations > Make Single User > Object & Data"


def full_colour(armature: bpy.types.Object) -> str:
    """What full colour stands for: an activation, or that each muscle has a range of its own."""
    props = armature.agonist
    return {"ABSOLUTE": "1.00", "MUSCLE": "own peak"}.get(props.colour_range, f"{props.colour_top:.2f}")


def marks(muscles: Collection[bpy.types.Object], skins: Collection[bpy.types.Object]) -> list[str]:
    """What the marks on a character's muscles and glowing skins say."""
    found = []
    if any(thing.get("estimated") for thing in muscles) or any(borrowed_muscles(skin) for skin in skins):
        found.append("hatched, duller: estimated from a neighbour")
    if any(thing.get("unknown") for thing in muscles):
        found.append("grey: not predicted by this model")
    return found


def shared_skins(armature: bpy.types.Object, skins: Collection[bpy.types.Object]) -> list[str]:
    """Objects of other characters that show this one's colours, because they are linked duplicates of one of its glowing `skins`."""
    meshes = [skin.data for skin in skins if skin.data.users > 1]
    if not meshes:
        return []
    return sorted(
        thing.name for thing in bpy.data.objects
        if thing.type == "MESH" and thing.data in meshes and not is_ghost(thing)
        and not any(one.type == "ARMATURE" and one.object == armature for one in thing.modifiers)
    )  # fmt: skip
