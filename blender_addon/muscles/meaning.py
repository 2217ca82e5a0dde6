"""What the colours on a character mean, in words: for the legend in the 3D view and for that of pictures and films."""

from __future__ import annotations

import bpy

from .heatmap import muscle_objects
from .skin import borrowed_muscles, glowing_skins

__all__ = ["full_colour", "marks"]


def full_colour(armature: bpy.types.Object) -> str:
    """What full colour stands for: an activation, or that each muscle has a range of its own."""
    props = armature.agonist
    return {"ABSOLUTE": "1.00", "MUSCLE": "own peak"}.get(props.colour_range, f"{props.colour_top:.2f}")


def marks(armature: bpy.types.Object) -> list[str]:
    """What the marks on muscles and skins say that are there."""
    muscles = muscle_objects(armature).values()
    found = []
    if any(thing.get("estimated") for thing in muscles) or any(borrowed_muscles(skin) for skin in glowing_skins(armature)):
        found.append("hatched, duller: estimated from a neighbour")
    if any(thing.get("unknown") for thing in muscles):
        found.append("grey: not predicted by this model")
    return found
