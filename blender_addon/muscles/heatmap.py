"""Heatmap: activation keyed on muscle objects, read by one material. No frame handler, so renders agree with the viewport.

Colours are those of "Muscles in Action" (Chiquier & Vondrick, ICCV 2023): yellow (250, 253, 50) relaxed to red (255, 0, 0)
flexed, sRGB.
"""

from __future__ import annotations

import bpy
import numpy as np

from agonist.activation import Activation
from agonist.muscles import MUSCLE_SETS

from ..compat import assign_action, ensure_fcurve, fcurves_of, write_keys

__all__ = [
    "FLEXED", "MUSCLE_KEY", "RELAXED", "colours_are_seen", "key_activation", "keyed_activation", "muscle_material", "muscle_objects",
    "range_top", "recolour_muscles", "show_colours",
]  # fmt: skip


def _linear(srgb: tuple[int, int, int]) -> tuple[float, float, float, float]:
    channels = [value / 255 for value in srgb]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return r, g, b, 1.0


RELAXED, FLEXED = _linear((250, 253, 50)), _linear((255, 0, 0))
_TENDON = _linear((236, 226, 206))
MUSCLE_KEY = "agonist_muscle"
_MATERIAL = "Agonist Muscle"
# The least activation that full red may mean [ours].
_LEAST_TOP = 0.02
# Where a muscle keeps its keyed colours: one action for each motion the rig can show.
_COLOURS = {"ORIGINAL": "agonist_colours_original", "RECOMMENDED": "agonist_colours_recommended"}


def muscle_objects(armature: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """The muscle objects on an armature by muscle name."""
    return {child[MUSCLE_KEY]: child for child in armature.children if MUSCLE_KEY in child}


def muscle_material() -> bpy.types.Material:
    """The one material of all muscles: an Attribute node reads each object's own `activation`."""
    material = bpy.data.materials.get(_MATERIAL)
    if material is not None:
        return material
    material = bpy.data.materials.new(_MATERIAL)
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    activation, tendon = nodes.new("ShaderNodeAttribute"), nodes.new("ShaderNodeAttribute")
    activation.attribute_type, activation.attribute_name = "OBJECT", "activation"
    tendon.attribute_type, tendon.attribute_name = "GEOMETRY", "tendon"
    ramp = nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].color, ramp.color_ramp.elements[1].color = RELAXED, FLEXED
    mix = nodes.new("ShaderNodeMixRGB")
    mix.inputs["Color2"].default_value = _TENDON
    shader = nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = 0.42
    links.new(activation.outputs["Fac"], ramp.inputs["Fac"])
    links.new(tendon.outputs["Fac"], mix.inputs["Fac"])
    links.new(ramp.outputs["Color"], mix.inputs["Color1"])
    links.new(mix.outputs["Color"], shader.inputs["Base Color"])
    # A little light of its own: the colour is the message, and shade must not hide it.
    links.new(mix.outputs["Color"], shader.inputs["Emission Color"])
    shader.inputs["Emission Strength"].default_value = 0.15
    return material


def range_top(activation: Activation, mode: str) -> np.ndarray:
    """(M,) activation that is shown as full red.

    "ABSOLUTE" is everything a muscle has, "CLIP" the highest activation of any muscle in the clip, "MUSCLE" the highest of
    each.
    """
    return _top(activation.values.max(axis=0), mode)


def _top(peaks: np.ndarray, mode: str) -> np.ndarray:
    """`range_top` of each muscle's highest activation (M,). A muscle at rest is not blown up to red."""
    peaks = np.maximum(peaks, _LEAST_TOP)
    if mode == "MUSCLE":
        return peaks
    return np.full(len(peaks), 1.0 if mode == "ABSOLUTE" else peaks.max())


def key_activation(
    objects: dict[str, bpy.types.Object], activation: Activation, first_frame: int, which: str, name: str, top: np.ndarray
) -> None:
    """Key every muscle's colour at every frame, in one action a muscle, and show it.

    Args:
        objects: muscle name -> object.
        activation: one row a scene frame.
        first_frame: scene frame of the first row.
        which: "ORIGINAL" or "RECOMMENDED", the motion that these colours belong to.
        name: for the actions, `name | MUSCLE`.
        top: `range_top` of the activation, or of the one it is compared with.

    The object's `activation` (the share of the colour range) drives the material, `activation_raw` is the number itself, and
    the object's colour shows the same in solid view.
    """
    frames = np.arange(first_frame, first_frame + len(activation), dtype=np.float32)
    for index, muscle in enumerate(activation.muscles.names):
        thing = objects.get(muscle)
        if thing is None:
            continue
        action = thing.get(_COLOURS[which])
        if action is None or action.get("agonist_owner") != thing.name:
            # A duplicated rig shares the actions of the first until it is coloured itself.
            action = bpy.data.actions.new(f"{name} | {muscle}")
            action["agonist_owner"] = thing.name
            thing[_COLOURS[which]] = action
        assign_action(thing, action)
        write_keys(ensure_fcurve(thing, action, '["activation_raw"]'), frames, activation.values[:, index])
        _key_colour(thing, action, frames, np.clip(activation.values[:, index] / top[index], 0, 1))


def _key_colour(thing: bpy.types.Object, action: bpy.types.Action, frames: np.ndarray, share: np.ndarray) -> None:
    """Key the share of the colour range (T,), and the colour of solid view."""
    relaxed, flexed = np.array(RELAXED), np.array(FLEXED)
    write_keys(ensure_fcurve(thing, action, '["activation"]'), frames, share)
    colour = relaxed + share[:, None] * (flexed - relaxed)
    for channel in range(3):
        write_keys(ensure_fcurve(thing, action, "color", channel), frames, colour[:, channel])


def recolour_muscles(objects: dict[str, bpy.types.Object], mode: str) -> None:
    """Key the colours of both motions anew for another meaning of full red, from the activation that is keyed already."""
    raw = {which: {name: _raw_keys(thing, which) for name, thing in objects.items()} for which in _COLOURS}
    keyed = {name: keys for name, keys in raw["ORIGINAL"].items() if keys is not None}
    if not keyed:
        return
    top = dict(zip(keyed, _top(np.array([values.max() for _, values in keyed.values()]), mode), strict=True))
    for which, muscles in raw.items():
        for name, keys in muscles.items():
            if keys is not None and name in top:
                frames, values = keys
                _key_colour(objects[name], objects[name][_COLOURS[which]], frames, np.clip(values / top[name], 0, 1))


def _raw_keys(thing: bpy.types.Object, which: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Frames (T,) and activation (T,) as they are keyed on a muscle."""
    action = thing.get(_COLOURS[which])
    curve = next((one for one in fcurves_of(thing, action) if one.data_path == '["activation_raw"]'), None) if action else None
    if curve is None or not len(curve.keyframe_points):
        return None
    keys = np.empty(2 * len(curve.keyframe_points), dtype=np.float32)
    curve.keyframe_points.foreach_get("co", keys)
    return keys[0::2], keys[1::2]


def keyed_activation(armature: bpy.types.Object) -> Activation | None:
    """The activation that the muscles show of the motion that plays, one row a frame of its action; None where they show none."""
    props = armature.agonist
    action = props.source_action if props.show == "ORIGINAL" else props.recommended_action
    if action is None or armature.animation_data is None or armature.animation_data.action != action:
        return None
    keys = {name: _raw_keys(thing, props.show) for name, thing in muscle_objects(armature).items()}
    first, last = (round(value) for value in action.frame_range)
    if not keys or any(one is None or len(one[0]) != last - first + 1 for one in keys.values()):
        return None
    found = next((one for one in MUSCLE_SETS.values() if set(one.names) == set(keys)), None)
    if found is None:
        return None
    scene = bpy.context.scene
    fps = scene.render.fps / scene.render.fps_base
    values = np.stack([keys[name][1] for name in found.names], axis=1).astype(float)
    return Activation(np.clip(values, 0, 1), found, fps, (first - 1) / fps, reference="as the muscles show it")


def show_colours(objects: dict[str, bpy.types.Object], which: str) -> None:
    """Play the colours of the "ORIGINAL" or the "RECOMMENDED" motion, where they have been keyed."""
    for thing in objects.values():
        action = thing.get(_COLOURS[which])
        if action is not None:
            assign_action(thing, action)


def colours_are_seen(shading: bpy.types.View3DShading) -> bool:
    """Whether a 3D view with this shading shows the heatmap: solid view does with object colours only."""
    return shading.type != "SOLID" or shading.color_type == "OBJECT"
