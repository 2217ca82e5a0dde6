"""Playing: another action becomes the active one, and nothing that only the former had a say in stays behind.

Results key channels that their source leaves alone, and lie on NLA tracks below it. So while a motion plays that is no result, the
strips of results are mute, and what only a result keys is what it was before.
"""

from __future__ import annotations

import bpy

from agonist.errors import MotionError

from ..compat import assign_action, check_not_tweaked, playing_action, strips_playing
from ..translate import rpt
from .keys import note_unkeyed, restore_unkeyed

__all__ = ["active_action", "follows_others", "is_result", "no_result_any_more", "switch_action"]

# On an armature: tracks and strips of results that are mute only while another motion plays.
_MUTED = "agonist_muted"


def active_action(armature: bpy.types.Object) -> bpy.types.Action:
    """The active action of an armature. Raises MotionError without one, and says where the motion lies instead."""
    action = playing_action(armature)
    if action is not None:
        return action
    if strips_playing(armature):
        raise MotionError(rpt(
            "Armature '{name}' has no action of its own: its motion lies on NLA strips. Choose an action in the Action Editor, "
            "or bake the strips into one with Pose > Animation > Bake Action.", name=armature.name,
        ))  # fmt: skip
    if follows_others(armature):
        raise MotionError(rpt(
            "Armature '{name}' has no action of its own: constraints to other objects move it. "
            "Bake them into one with Pose > Animation > Bake Action, with Visual Keying.", name=armature.name,
        ))  # fmt: skip
    raise MotionError(rpt("Armature '{name}' has no action; import a motion or animate it first.", name=armature.name))


def follows_others(armature: bpy.types.Object) -> bool:
    """Whether constraints pose an armature's bones after other objects, as a retargeted take does."""
    return any(
        not one.mute and any(target not in (None, armature) for target in _targets(one))
        for bone in armature.pose.bones for one in bone.constraints
    )  # fmt: skip


def _targets(constraint: bpy.types.Constraint) -> list[bpy.types.Object | None]:
    return [getattr(constraint, "target", None), *(row.target for row in getattr(constraint, "targets", ()))]


def is_result(action: bpy.types.Action | None) -> bool:
    """Whether an edit made an action."""
    return action is not None and "agonist_source" in action


def no_result_any_more(action: bpy.types.Action) -> None:
    """Let an action be a motion like any other; if an edit made it, it still keeps what it was made from in the file."""
    action.pop("agonist_source", None)


def switch_action(armature: bpy.types.Object, action: bpy.types.Action | None) -> None:
    """Make `action` the active one, or none. Raises MotionError while a strip is tweaked; nothing has changed then."""
    check_not_tweaked(armature)
    restore_unkeyed(armature)
    if action is not None:
        assign_action(armature, action)
    elif armature.animation_data is not None:
        armature.animation_data.action = None
    note_unkeyed(armature)
    _hear_results(armature, action is None or is_result(action))


def _hear_results(armature: bpy.types.Object, are_heard: bool) -> None:
    """Let the strips of results play, or mute them; those that the animator has muted stay so."""
    muted = [tuple(names) for names in armature.get(_MUTED, [])]
    if are_heard and not muted:
        return
    for names, one in _of_results(armature).items():
        if are_heard and names in muted:
            one.mute = False
        elif not are_heard and not one.mute:
            one.mute = True
            muted.append(names)
    if are_heard:
        del armature[_MUTED]
    elif muted:
        armature[_MUTED] = muted


def _of_results(armature: bpy.types.Object) -> dict[tuple[str, str], bpy.types.NlaTrack | bpy.types.NlaStrip]:
    """Names of track and strip -> what can be muted: a whole track where only results lie on it (its strip is "" then).

    Blender gives channels of a strip that is mute by itself their default, instead of what the pose has. Tracks may have one name,
    so the number of those before counts.
    """
    found, playing = {}, strips_playing(armature)
    names: list[str] = []
    for track in armature.animation_data.nla_tracks if armature.animation_data else ():
        strips = [strip for other, strip in playing if other == track]
        results = [strip for strip in strips if is_result(strip.action)]
        name = f"{track.name} {names.count(track.name)}"
        names.append(track.name)
        if results:
            found |= {(name, ""): track} if len(results) == len(strips) else {(name, strip.name): strip for strip in results}
    return found
