"""Results: their names, what keeps them, and NLA tracks, so that none is lost."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import bpy

from agonist.errors import MotionError
from agonist.muscles import MUSCLE_SETS

from .compat import playing_action, push_to_track, strips_playing
from .curve_keys import keys_stamp
from .rig.playing import switch_action
from .translate import iface, rpt

__all__ = [
    "as_before_if_stopped", "asked_of_result", "changed_by_hand", "describe_edit", "is_kept", "is_retouched", "keep", "keep_beside",
    "keep_result", "name_of_result", "name_result", "note_as_made", "spoken",
]  # fmt: skip

_KEPT = "agonist_kept"
_AUTOMATIC = "agonist_name"
# On a result: what was asked when it was made, whatever the sliders say now.
_ASKED = "agonist_asked"
# On a result: the fingerprint of its keys as the edit wrote them.
_MADE = "agonist_as_made"
# On a result: the one that it was made beside, because somebody had changed that one by hand.
_BESIDE = "agonist_beside"
# Bytes that Blender keeps of a name.
_LONGEST = 63


def describe_edit(scales: Mapping[str, float], drawn: Collection[str] = ()) -> str:
    """What was asked, both sides of a muscle as one where they are alike: "hamstrings x1.5, biceps_l x0.5, quadriceps drawn"."""
    told = []
    for group in dict.fromkeys(name[:-2] for name in scales):
        sides = {name: scale for name, scale in scales.items() if name[:-2] == group}
        if len(sides) == 2 and len(set(sides.values())) == 1:
            sides = {group: next(iter(sides.values()))}
        told += [f"{name} x{scale:.3g}" for name, scale in sides.items() if scale != 1.0]
    for group in dict.fromkeys(name[:-2] for name in drawn):
        sides = [name for name in drawn if name[:-2] == group]
        told += [f"{name} drawn" for name in ([group] if len(sides) == 2 else sides)]
    return ", ".join(told) or "unchanged"


def name_of_result(source: bpy.types.Action, asked: str) -> str:
    """What a result is called: "walk (hamstrings x1.5)"; the last of too many muscles are left out.

    In brackets, since Blender takes a ".5" at the end for the number of a name that occurs twice, and makes ".001" of it.
    """
    told, stem = asked.split(", "), source.name
    while len(f"{stem} ({', '.join(told)})".encode()) > _LONGEST and len(told) > 1:
        told = [*told[:-2], "..."] if told[-1] == "..." else [*told[:-1], "..."]
    while len(f"{stem} ({', '.join(told)})".encode()) > _LONGEST and stem:
        stem = stem[:-1]
    return f"{stem} ({', '.join(told)})"


def name_result(
    action: bpy.types.Action, source: bpy.types.Action, scales: Mapping[str, float], drawn: Collection[str] = ()
) -> None:
    """Note on a result what was asked, and name it after its source and that, unless somebody has named it."""
    action[_ASKED] = describe_edit(scales, drawn)
    # A duplicated character brings a numbered copy.
    automatic = action.get(_AUTOMATIC, action.name)
    if re.sub(r"\.\d+$", "", automatic) == re.sub(r"\.\d+$", "", action.name):
        action.name = name_of_result(source, action[_ASKED])
        # Blender cuts long names and numbers those that occur twice.
        action[_AUTOMATIC] = action.name


def asked_of_result(action: bpy.types.Action) -> str:
    """What was asked when a result was made, as `describe_edit` says it; empty on one of a former version, which did not note it."""
    return str(action.get(_ASKED, ""))


def spoken(asked: str) -> str:
    """What `describe_edit` says in words for a picture, in the user's language: "Hamstrings x1.5, Biceps (left) x0.5"."""
    muscles = [muscle for one in MUSCLE_SETS.values() for muscle in one.muscles]
    labels = {muscle.name: muscle.label for muscle in muscles} | {muscle.group: muscle.group_label for muscle in muscles}
    told = []
    for one in asked.split(", "):
        muscle, _, what = one.rpartition(" ")
        told.append(" ".join(iface(part) for part in (labels.get(muscle, muscle), what) if part))
    return ", ".join(told)


def is_kept(action: bpy.types.Action, armature: bpy.types.Object) -> bool:
    """Whether an edit of an armature must leave this result alone and make another.

    It was kept, by whatever button, a strip plays it, or another object does or has it as one of its two motions.
    """
    if action.get(_KEPT) or action.use_fake_user:
        return True
    props = armature.agonist
    # Blender counts who uses an action: a panel that is drawn again and again need not look at every object.
    if action.users <= [playing_action(armature), props.source_action, props.recommended_action].count(action):
        return False
    return any(
        any(strip.action == action for _, strip in strips_playing(thing))
        or (thing != armature and action in (playing_action(thing), thing.agonist.source_action, thing.agonist.recommended_action))
        for thing in bpy.data.objects
    )


def keep(action: bpy.types.Action) -> None:
    """Let a result stay in the file, and be written into by no edit any more."""
    action.use_fake_user = True
    action[_KEPT] = True


def keep_beside(former: bpy.types.Action, result: bpy.types.Action) -> None:
    """Keep a result that was changed by hand, and note it on the one that takes its place."""
    keep(former)
    result[_BESIDE] = former


def changed_by_hand(result: bpy.types.Action) -> bpy.types.Action | None:
    """The result that `keep_beside` kept when this one was made, if it is still there."""
    return result.get(_BESIDE)


def note_as_made(action: bpy.types.Action, armature: bpy.types.Object) -> None:
    """Remember the keys of a result as an edit has written them, for `is_retouched`."""
    action[_MADE] = keys_stamp(armature, action)


def is_retouched(action: bpy.types.Action, armature: bpy.types.Object) -> bool:
    """Whether somebody has changed a result by hand since it was made; of results of a former version nobody knows."""
    return _MADE in action and action[_MADE] != keys_stamp(armature, action)


def keep_result(armature: bpy.types.Object, *, track: bool = False) -> bpy.types.Action:
    """Keep the recommended motion as it is: the next edit makes another. With `track` also as a strip on an NLA track of its own.

    Raises MotionError if there is none.
    """
    action = armature.agonist.recommended_action
    if action is None:
        raise MotionError(rpt("There is no recommended motion yet; move a slider first."))
    keep(action)
    if track:
        push_to_track(armature, action)
        # Mute, where the original plays.
        switch_action(armature, playing_action(armature))
    return action


@contextmanager
def as_before_if_stopped(armature: bpy.types.Object, is_new: bool) -> Iterator[None]:
    """Inside, the recommended motion is written, or with `is_new` made; where that is stopped or fails, all is as it was before."""
    former, played = armature.agonist.recommended_action, playing_action(armature)
    before = None if is_new else former.copy()
    is_whole = False
    try:
        yield
        is_whole = True
    finally:
        # What is left over: the copy that was not needed, or what was written. Asked of the armature, which says when it is gone;
        # properties that were kept of one that is crash Blender 5.2.
        extra, recommended = before, armature.agonist.recommended_action
        if not is_whole:
            extra = None if is_new and recommended == former else recommended
            _take_back(armature, former if is_new else before, before if played == former and before else played)
            if before is not None:
                name, before.use_fake_user = former.name, former.use_fake_user
                former.user_remap(before)
        if extra is not None:
            bpy.data.actions.remove(extra)
        if not is_whole and before is not None:
            before.name = name


def _take_back(armature: bpy.types.Object, recommended: bpy.types.Action | None, played: bpy.types.Action | None) -> None:
    armature.agonist.recommended_action = recommended
    switch_action(armature, played)
