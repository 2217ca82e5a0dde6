"""The one place that knows how Blender's versions differ: actions (slots and layers since 4.4, no action.fcurves in 5.0), names of
render engines and strips.
"""

from __future__ import annotations

import typing

import bpy
import numpy as np

from agonist.errors import MotionError

from .translate import rpt

__all__ = [
    "ENGINES", "assign_action", "check_not_tweaked", "copy_keys", "eased_keys", "ensure_fcurve", "fcurves_of", "has_fcurves",
    "is_one_layer", "keep_override", "key_range", "modifier_says", "overridable", "playing_action", "plays", "push_to_track",
    "remember_slot", "remove_fcurve", "slot_in_use", "solo_track", "strips_of", "strips_playing", "write_keys", "write_keys_within",
    "write_video",
]  # fmt: skip

# On an object: the identifier of the slot that its motion is in.
_SLOT = "agonist_slot"
# Our names of the render engines -> this Blender's.
ENGINES = {
    "EEVEE": "BLENDER_EEVEE_NEXT" if bpy.app.version < (5, 0, 0) else "BLENDER_EEVEE",
    "CYCLES": "CYCLES",
    "WORKBENCH": "BLENDER_WORKBENCH",
}


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
    if reference is not None and owner.is_property_set("agonist") and not reference.is_property_set("agonist"):
        reference.agonist.show_controls = reference.agonist.show_controls


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


def _unmute(curve: bpy.types.FCurve) -> None:
    """Let a curve play. Others of a muted group stay silent, so it moves to a group beside that one."""
    curve.mute = False
    if not plays(curve):
        groups, name = curve.id_data.groups, f"{curve.group.name} (edited)"
        curve.group = groups.get(name) or groups.new(name)


def write_keys(curve: bpy.types.FCurve, frames: np.ndarray, values: np.ndarray) -> None:
    """Replace all keys of a curve: one linear key a frame, written in one go.

    Modifiers other than Cycles go, and a muted curve plays again: what is written was evaluated with or without them.
    """
    for modifier in [modifier for modifier in curve.modifiers if modifier.type != "CYCLES"]:
        curve.modifiers.remove(modifier)
    _unmute(curve)
    points = curve.keyframe_points
    count = len(frames)
    if len(points) != count:
        points.clear()
        points.add(count)
    flat = np.empty(2 * count, dtype=np.float32)
    flat[0::2], flat[1::2] = frames, values
    points.foreach_set("co", flat)
    # Bytes are what Blender keeps; any other type is converted key by key.
    points.foreach_set("interpolation", np.full(count, _LINEAR, dtype=np.uint8))
    curve.update()


# Numbers of Blender's enumerations: a key's interpolation, and handles that do not depend on other keys.
_LINEAR, _FREE, _ALIGNED = 1, 0, 3
# Of a key, what the curve does not follow; of a modifier, what its panel shows.
_UNHEARD = {"handle_left_type", "handle_right_type", "type", "interpolation"}
_OF_THE_PANEL = {"rna_type", "name", "show_expanded", "active"}
# Everything a key is, besides its three points.
_KEY_ATTRIBUTES = {
    "interpolation": "i4", "easing": "i4", "handle_left_type": "i4", "handle_right_type": "i4", "type": "i4",
    "amplitude": "f4", "back": "f4", "period": "f4",
}  # fmt: skip


def write_keys_within(
    curve: bpy.types.FCurve, frames: np.ndarray, values: np.ndarray, clip: tuple[float, float], still: float | None = None
) -> None:
    """`write_keys` for some frames of a `clip` (its first and last): before and after them the curve plays what it played.

    Keys outside stay as they are, with the handles that they have. Up to the nearest of them every frame is keyed, and so is all of
    the clip where there is none or a modifier decides. `still` is what the property is outside where the curve does not say it.
    """
    points, first, last = curve.keyframe_points, float(frames[0]), float(frames[-1])
    begin, end = curve.range() if len(points) else clip
    # The frames were rounded from those of the keys.
    if min(begin, clip[0]) >= first - 0.5 and max(end, clip[1]) <= last + 0.5:
        write_keys(curve, frames, values)
        return
    at = _of_keys(curve, "co", "f4")[:, 0]
    outside = (at < first - 0.5) | (at > last + 0.5)
    if still is not None or any(modifier.type != "CYCLES" for modifier in curve.modifiers):
        outside[:] = False
    before, after = at[outside & (at < first)], at[outside & (at > last)]
    begin = np.floor(before[-1]) + 1 if len(before) else np.rint(min(clip[0], first))
    end = np.ceil(after[0]) if len(after) else np.rint(max(clip[1], last)) + 1
    ahead, behind = np.arange(begin, first), np.arange(last + 1, end)
    baked = [[curve.evaluate(frame) if still is None else still for frame in side] for side in (ahead, behind)]
    kinds = {**_KEY_ATTRIBUTES, "co": "f4", "handle_left": "f4", "handle_right": "f4"}
    kept = {name: _of_keys(curve, name, kind)[outside] for name, kind in kinds.items()}
    for name in ("handle_left_type", "handle_right_type"):
        # What follows its neighbours would change with them.
        kept[name][kept[name] != _ALIGNED] = _FREE
    write_keys(curve, np.concatenate([ahead, frames, behind]), np.concatenate([baked[0], values, baked[1]]))
    if len(before):
        # From the last key before to the first that is new there is nothing but a straight line.
        kept["interpolation"][len(before) - 1] = _LINEAR
    made = {name: _of_keys(curve, name, kind) for name, kind in kinds.items()}
    points.add(len(before) + len(after))
    for name, kind in kinds.items():
        parts = [kept[name][: len(before)], made[name], kept[name][len(before) :]]
        points.foreach_set(name, np.concatenate(parts).astype(kind).ravel())
    curve.update()


def _of_keys(curve: bpy.types.FCurve, name: str, kind: str) -> np.ndarray:
    """(K,) or, of a point, (K, 2): an attribute of all keys of a curve."""
    points = curve.keyframe_points
    width = 1 if name in _KEY_ATTRIBUTES else 2
    values = np.empty(len(points) * width, dtype=kind)
    points.foreach_get(name, values)
    return values if width == 1 else values.reshape(-1, 2)


def eased_keys(curve: bpy.types.FCurve) -> bytes:
    """What decides a curve between its keys, besides where they are and how they are interpolated."""
    names = {**_KEY_ATTRIBUTES, "handle_left": "f4", "handle_right": "f4"}
    # Which way a handle was made does not matter where it is known.
    return b"".join(_of_keys(curve, name, names[name]).tobytes() for name in names if name not in _UNHEARD)


def modifier_says(modifier: bpy.types.bpy_struct) -> tuple[object, ...]:
    """All that a modifier of a curve is set to, but how its panel looks."""
    values = [getattr(modifier, one.identifier) for one in modifier.bl_rna.properties if one.identifier not in _OF_THE_PANEL]
    return tuple(
        tuple(modifier_says(one) if isinstance(one, bpy.types.bpy_struct) else one for one in value)
        if hasattr(value, "__len__") and not isinstance(value, str) else value
        for value in values
    )  # fmt: skip


def copy_keys(source: bpy.types.FCurve, target: bpy.types.FCurve) -> None:
    """Give a curve the keys of another, handles and kinds included; its modifiers stay."""
    count = len(source.keyframe_points)
    target.keyframe_points.clear()
    target.keyframe_points.add(count)
    points = np.empty(2 * count, dtype=np.float32)
    for name, kind in _KEY_ATTRIBUTES.items():
        values = np.empty(count, dtype=kind)
        source.keyframe_points.foreach_get(name, values)
        target.keyframe_points.foreach_set(name, values)
    for name in ("co", "handle_left", "handle_right"):
        source.keyframe_points.foreach_get(name, points)
        target.keyframe_points.foreach_set(name, points)
    target.extrapolation, target.auto_smoothing = source.extrapolation, source.auto_smoothing


def key_range(owner: bpy.types.ID, action: bpy.types.Action) -> tuple[float, float]:
    """First and last frame that `owner` has a key at in `action`, whatever the Manual Frame Range; infinite without keys."""
    ranges = [curve.range() for curve in fcurves_of(owner, action) if len(curve.keyframe_points)]
    return min((first for first, _ in ranges), default=np.inf), max((last for _, last in ranges), default=-np.inf)


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
