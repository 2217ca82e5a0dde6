"""The one place that knows how Blender's versions differ: actions (slots and layers since 4.4, no action.fcurves in 5.0), names of
render engines and strips.
"""

from __future__ import annotations

import typing

import bpy

from agonist.errors import MotionError

from .translate import rpt

__all__ = [
    "ENGINES", "STAND_INS", "assign_action", "check_not_tweaked", "drop_old_copies", "ensure_fcurve", "fcurves_of", "has_fcurves",
    "is_one_layer", "keep_override", "overridable", "playing_action", "plays", "push_to_track", "remember_slot", "remove_fcurve",
    "slot_in_use", "solo_track", "strips_of", "strips_playing", "unmute", "write_video",
]  # fmt: skip

# On an object: the identifier of the slot that its motion is in.
_SLOT = "agonist_slot"
# Our names of the render engines -> this Blender's.
ENGINES = {
    "EEVEE": "BLENDER_EEVEE_NEXT" if bpy.app.version < (5, 0, 0) else "BLENDER_EEVEE",
    "CYCLES": "CYCLES",
    "WORKBENCH": "BLENDER_WORKBENCH",
}
# Whether a copy with fewer bones may stand in for an armature where it is evaluated. Blender 4.2 crashed more often with them, in the
# freeing of its dependency graph.
STAND_INS = bpy.app.version >= (4, 3, 0)


def overridable(cls: type) -> None:
    """Let every property of a class not yet registered be changed and kept where its owner is a library override."""
    hints = typing.get_type_hints(cls)
    for hint in hints.values():
        is_list = hint.function is bpy.props.CollectionProperty
        hint.keywords.setdefault("override", {"LIBRARY_OVERRIDABLE", "USE_INSERTION"} if is_list else {"LIBRARY_OVERRIDABLE"})
    cls.__annotations__ = hints


def keep_override(owner: bpy.types.Object) -> None:
    """Let what Agonist keeps on an overridden object outlive the file.

    Blender 5 saves an override of a property group as a whole, which it cannot read again, unless the linked object has a group of
    its own to compare with, if only in memory.
    """
    reference = owner.override_library.reference
    if reference is None or not owner.is_property_set("agonist"):
        return
    if not reference.is_property_set("agonist"):
        reference.agonist.show_controls = reference.agonist.show_controls
    if owner.agonist.is_property_set("scope") and not reference.agonist.is_property_set("scope"):
        reference.agonist.scope.influence = reference.agonist.scope.influence


def drop_old_copies() -> None:
    """Take the second copies of our properties out of a file of Blender 4 that Blender 5 has opened.

    Blender 5 keeps an add-on's properties and custom ones apart, and gives such a file all of them in both places. What nobody reads
    would go on using its actions, and none that is left over would ever go. Blender offers no way to the copies but one for debugging.
    """
    if bpy.app.version < (5, 0, 0) or bpy.data.version >= (5, 0, 0):
        return
    for owner in (*bpy.data.objects, *bpy.data.meshes, *bpy.data.materials, *bpy.data.actions):
        apart = owner.bl_system_properties_get() if owner.library is None and owner.override_library is None else None
        for key in [key for key in apart.keys() if key.startswith("agonist")] if apart else []:  # noqa: SIM118
            # The group is the one that is no custom property.
            (owner if key == "agonist" else apart).pop(key, None)


def assign_action(owner: bpy.types.ID, action: bpy.types.Action, wanted: str = "") -> None:
    """Make `action` the active action of `owner`, with the slot that is `wanted` or else one that fits, where there are slots.

    Raises MotionError while a strip is tweaked: Blender lets nobody change the action then.
    """
    check_not_tweaked(owner)
    data = owner.animation_data or owner.animation_data_create()
    slot = _slot(owner, action, wanted) if hasattr(action, "slots") else None
    data.action = action
    if hasattr(action, "slots"):
        data.action_slot = slot or action.slots.new(owner.id_type, owner.name)


def playing_action(owner: bpy.types.ID) -> bpy.types.Action | None:
    """The active action of `owner`, if it has one."""
    return owner.animation_data.action if owner.animation_data is not None else None


def check_not_tweaked(owner: bpy.types.ID) -> None:
    """Raise MotionError while a strip of an owner is tweaked in the NLA Editor."""
    if owner.animation_data is not None and owner.animation_data.use_tweak_mode:
        raise MotionError(rpt("A strip of '{name}' is being tweaked; leave tweak mode in the NLA Editor first (Tab).", name=owner.name))


def solo_track(owner: bpy.types.ID) -> bpy.types.NlaTrack | None:
    """The NLA track of `owner` that plays alone, mute or not: Blender leaves out every other one, and the active action, then."""
    data = owner.animation_data
    return next((track for track in data.nla_tracks if track.is_solo), None) if data is not None and data.use_nla else None


def _slot(owner: bpy.types.ID, action: bpy.types.Action, wanted: str = "") -> bpy.types.ActionSlot | None:
    """The slot of `action` that animates `owner`: the one that is `wanted`, the one in use, the one of its name, or the first that fits."""
    data = owner.animation_data
    if data is not None and data.action == action and data.action_slot is not None:
        return data.action_slot
    fitting = [slot for slot in action.slots if slot.target_id_type in (owner.id_type, "UNSPECIFIED")]
    # A copy of an action keeps its source's slots, so the handle that plays the source plays the copy.
    handle = data.last_slot_identifier if data is not None else ""
    for identifier in (wanted, handle, owner.get(_SLOT, ""), f"OB{owner.name}"):
        for slot in fitting:
            if slot.identifier == identifier:
                return slot
    # Rather one that nobody plays than another's.
    return next((slot for slot in fitting if not slot.users()), fitting[0]) if fitting else None


def slot_in_use(owner: bpy.types.ID) -> str:
    """Identifier of the slot that plays; empty where there is none."""
    slot = getattr(owner.animation_data, "action_slot", None)
    return slot.identifier if slot is not None else ""


def remember_slot(owner: bpy.types.ID) -> None:
    """Let an owner find the slot that plays now again, whatever it is called and plays meanwhile."""
    slot = slot_in_use(owner)
    if slot:
        owner[_SLOT] = slot


def _channels(owner: bpy.types.ID, action: bpy.types.Action, *, ensure: bool) -> bpy.types.Action | bpy.types.ActionChannelbag | None:
    """What holds the F-curves and groups of `owner` in `action`; None if nothing does and it must not be made."""
    if not hasattr(action, "slots"):
        return action
    slot = _slot(owner, action)
    if ensure and slot is None:
        slot = action.slots.new(owner.id_type, owner.name)
    if not ensure and (slot is None or not action.layers or not action.layers[0].strips):
        return None
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=ensure)


def fcurves_of(owner: bpy.types.ID, action: bpy.types.Action) -> list[bpy.types.FCurve]:
    """All F-curves of `owner` in `action`; nothing is made or assigned."""
    channels = _channels(owner, action, ensure=False)
    return list(channels.fcurves) if channels else []


def is_one_layer(owner: bpy.types.ID) -> bool:
    """Whether `fcurves_of` the active action of `owner` is all of what that action plays."""
    data = owner.animation_data
    if not hasattr(data.action, "slots"):
        return True
    if data.action_slot is None or len(data.action.layers) != 1:
        return False
    layer = data.action.layers[0]
    is_whole = getattr(layer, "influence", 1.0) == 1.0 and getattr(layer, "mix_mode", "REPLACE") == "REPLACE"
    return is_whole and [strip.type for strip in layer.strips] == ["KEYFRAME"]


def ensure_fcurve(owner: bpy.types.ID, action: bpy.types.Action, path: str, index: int = 0, group: str = "") -> bpy.types.FCurve:
    """The F-curve of a property, made if it is not there."""
    channels = _channels(owner, action, ensure=True)
    found = channels.fcurves.find(path, index=index)
    if found:
        return found
    curve = channels.fcurves.new(path, index=index)
    if group:
        curve.group = channels.groups.get(group) or channels.groups.new(group)
    return curve


def has_fcurves(owner: bpy.types.ID, action: bpy.types.Action, path: str, count: int) -> bool:
    """Whether the first `count` channels of a property have F-curves that play."""
    channels = _channels(owner, action, ensure=False)
    if channels is None:
        return False
    found = [channels.fcurves.find(path, index=index) for index in range(count)]
    return all(curve is not None and plays(curve) for curve in found)


def plays(curve: bpy.types.FCurve) -> bool:
    """Whether a curve has a say: it is not muted, and neither is its group, which counts in actions without slots alone."""
    return not (curve.mute or (curve.group is not None and curve.group.mute and not hasattr(curve.id_data, "slots")))


def unmute(curve: bpy.types.FCurve) -> None:
    """Let a curve play. Others of a muted group stay silent, so it moves to a group beside that one."""
    curve.mute = False
    if not plays(curve):
        groups, name = curve.id_data.groups, f"{curve.group.name} (edited)"
        curve.group = groups.get(name) or groups.new(name)


def remove_fcurve(owner: bpy.types.ID, action: bpy.types.Action, curve: bpy.types.FCurve) -> None:
    """Take a curve of `owner` out of an action."""
    _channels(owner, action, ensure=False).fcurves.remove(curve)


def push_to_track(owner: bpy.types.ID, action: bpy.types.Action) -> bpy.types.NlaStrip:
    """A new NLA track, named after `action`, with a strip of it at its own frames; the active action stays what it is."""
    track = (owner.animation_data or owner.animation_data_create()).nla_tracks.new()
    track.name = action.name
    strip = track.strips.new(action.name, round(action.frame_range[0]), action)
    if hasattr(strip, "action_slot") and strip.action_slot is None:
        strip.action_slot = _slot(owner, action)
    return strip


def strips_playing(owner: bpy.types.ID) -> list[tuple[bpy.types.NlaTrack, bpy.types.NlaStrip]]:
    """The strips on the NLA tracks of `owner`, also those inside others, that have an action; each with its track."""
    data, found = owner.animation_data, []
    for track in data.nla_tracks if data is not None else ():
        strips = list(track.strips)
        while strips:
            strip = strips.pop(0)
            strips += list(getattr(strip, "strips", ()))
            if strip.action is not None:
                found.append((track, strip))
    return found


def strips_of(scene: bpy.types.Scene) -> bpy.types.StripsTopLevel:
    """The strips of a scene's video sequencer, made if it has none."""
    editor = scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def write_video(render: bpy.types.RenderSettings) -> None:
    """Let a scene's animation go into an MP4 file."""
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format = "FFMPEG"
    render.ffmpeg.format, render.ffmpeg.codec, render.ffmpeg.constant_rate_factor = "MPEG4", "H264", "HIGH"
