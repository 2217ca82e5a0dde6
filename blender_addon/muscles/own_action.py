"""Own action: what a mesh played before our colours played on it. It is noted on the mesh, so that a file keeps it, and given back."""

from __future__ import annotations

import bpy

from ..compat import assign_action, playing_action, slot_in_use
from .colour_actions import COLOURS, OWNER

__all__ = ["give_back_action", "note_own_action"]

# On an object or a mesh: the action that it played before, and the slot in it.
_ACTION, _SLOT = "agonist_own_action", "agonist_own_slot"


def note_own_action(owner: bpy.types.ID) -> None:
    """Before our colours are played: note what plays, unless that is ours already."""
    action = playing_action(owner)
    if action is not None and not _is_ours(owner, action):
        owner[_ACTION], owner[_SLOT] = action, slot_in_use(owner)


def give_back_action(owner: bpy.types.ID) -> None:
    """After our colours: play again what was noted, where they or nothing play; an action that was assigned since stays."""
    own, slot, data = owner.pop(_ACTION, None), owner.pop(_SLOT, ""), owner.animation_data
    if data is not None and (data.action is None or _is_ours(owner, data.action)):
        data.action = None
        if own is not None:
            assign_action(owner, own, slot)


def _is_ours(owner: bpy.types.ID, action: bpy.types.Action) -> bool:
    """Whether an action is colours; those of former versions say it by being the owner's alone."""
    return OWNER in action or action in [owner.get(key) for key in COLOURS.values()]
