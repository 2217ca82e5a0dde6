"""Colour actions: the keyed colours of a muscle or a skin, one action for each motion that the rig can show."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..compat import assign_action, fcurves_of, playing_action, plays

__all__ = ["COLOURS", "OWNER", "drop_colours", "inherit_colours", "keyed_values", "own_colours", "repeat_colours", "repetition_of"]

# Where a muscle or a skin keeps them.
COLOURS = {"ORIGINAL": "agonist_colours_original", "RECOMMENDED": "agonist_colours_recommended"}
# On such an action: the name of the muscle or mesh that it belongs to.
OWNER = "agonist_owner"


@dataclass(frozen=True)
class Repetition:
    """How a motion goes on outside its keys, as a Cycles modifier says it: "NONE", "REPEAT" or "MIRROR", and how often; 0 is for ever."""

    mode_before: str
    mode_after: str
    cycles_before: int
    cycles_after: int


def repetition_of(owner: bpy.types.ID, action: bpy.types.Action) -> Repetition | None:
    """How most of the curves that move go on; None where they do not repeat."""
    moving = [curve for curve in fcurves_of(owner, action) if len(curve.keyframe_points) > 1 and plays(curve)]
    found = [one for curve in moving for one in curve.modifiers if one.type == "CYCLES" and not one.mute]
    if not found or 2 * len(found) < len(moving):
        return None
    # A root that travels on is one cycle further each time; nobody's muscles are.
    modes = ("REPEAT" if mode == "REPEAT_OFFSET" else mode for mode in (found[0].mode_before, found[0].mode_after))
    return Repetition(*modes, found[0].cycles_before, found[0].cycles_after)


def repeat_colours(owner: bpy.types.ID, which: str, repetition: Repetition | None) -> None:
    """Let the keyed colours of a motion go on as the motion does."""
    action = owner.get(COLOURS[which])
    for curve in fcurves_of(owner, action) if action is not None else ():
        modifier = next((one for one in curve.modifiers if one.type == "CYCLES"), None)
        if repetition is None:
            if modifier is not None:
                curve.modifiers.remove(modifier)
            continue
        modifier = modifier or curve.modifiers.new("CYCLES")
        modifier.mode_before, modifier.mode_after = repetition.mode_before, repetition.mode_after
        modifier.cycles_before, modifier.cycles_after = repetition.cycles_before, repetition.cycles_after


def own_colours(owner: bpy.types.ID, which: str, name: str = "") -> bpy.types.Action:
    """The action that keeps the colours of a motion on a muscle or a skin; a new one named `name` if it has none.

    A duplicate shares the actions of the first until it is coloured itself, and gets copies then. What was renamed, or took the place
    of another, shares them with nobody.
    """
    action = owner.get(COLOURS[which])
    # A linked one can be written to and keeps nothing.
    if action is None or action.library is not None or action.get(OWNER) != owner.name:
        if action is None:
            action = bpy.data.actions.new(name)
        elif action.library is not None or action.users > 1 + (playing_action(owner) == action):
            action = action.copy()
        action[OWNER] = owner.name
        owner[COLOURS[which]] = action
    return action


def drop_colours(owner: bpy.types.ID) -> None:
    """Take the keyed colours off a muscle or a skin; those that nobody else has go from the file as well."""
    for key in COLOURS.values():
        action = owner.pop(key, None)
        if action is not None and playing_action(owner) == action:
            owner.animation_data.action = None
        if action is not None and not action.users:
            bpy.data.actions.remove(action)


def inherit_colours(thing: bpy.types.Object, before: bpy.types.Object) -> None:
    """Take over the keyed colours of the muscle that is replaced."""
    for key in COLOURS.values():
        if key in before:
            thing[key] = before[key]
    for key in ("estimated", "unknown"):
        thing[key] = before.get(key, 0.0)
    if before.animation_data and before.animation_data.action:
        assign_action(thing, before.animation_data.action)


def keyed_values(owner: bpy.types.ID, action: bpy.types.Action | None, path: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Frames (T,) and values (T,) of a property's curve in an action; None if there is none."""
    curve = next((one for one in fcurves_of(owner, action) if one.data_path == path), None) if action else None
    if curve is None or not len(curve.keyframe_points):
        return None
    keys = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", keys)
    return keys[0::2], keys[1::2]
