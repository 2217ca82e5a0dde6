"""Heatmap: activation keyed on muscle objects, read by one material a colour map. No frame handler, so renders agree with the
viewport. A muscle whose value is borrowed from another is hatched, one that the model does not know is grey.
"""

from __future__ import annotations

import bpy
import numpy as np

from agonist.activation import Activation
from agonist.muscles import MUSCLE_SETS, MuscleSet, stand_in

from ..compat import assign_action, ensure_fcurve
from ..curve_keys import write_keys
from ..nodes import node_of
from ..rig.bones import rig_of
from ..rig.rate import scene_rate
from ..rig.sample import stamp_of
from .colour_actions import COLOURS, keyed_values, own_colours
from .colours import COLOUR_MAPS, TENDON, UNKNOWN, colours_at, stops

__all__ = [
    "HATCH", "MUSCLE_KEY", "are_of_another", "colour_map_of", "colours_are_seen", "fill_ramp", "key_activation", "keyed_activation",
    "muscle_material", "muscle_objects", "prepare_muscle", "range_top", "recolour_muscles", "show_activation", "show_colours",
    "top_of_peaks", "use_colour_map",
]  # fmt: skip

MUSCLE_KEY = "agonist_muscle"
_MATERIAL = "Agonist Muscle"
_MAP = "agonist_colour_map"
# The least activation that full colour may mean [ours].
_LEAST_TOP = 0.02
# On an action of colours: the fingerprint of the motion that it was predicted from.
_OF = "agonist_predicted_from"
# How much of its light a hatched muscle loses in its stripes [ours].
HATCH = 0.45


def muscle_objects(armature: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """The muscle objects on an armature by muscle name."""
    return {child[MUSCLE_KEY]: child for child in armature.children if MUSCLE_KEY in child}


def prepare_muscle(thing: bpy.types.Object, muscle: str, colour_map: str = "PAPER") -> None:
    """Make a mesh object a muscle: its name, the properties that colours are keyed on, and the material that reads them."""
    thing[MUSCLE_KEY] = muscle
    for key, told in (
        ("activation", "Share of the colour range: 0 relaxed, 1 flexed"), ("activation_raw", "Predicted share of maximal activation"),
        ("estimated", "1 where the value is borrowed from a neighbouring muscle"), ("unknown", "1 where nothing is known"),
    ):  # fmt: skip
        thing[key] = 0.0
        thing.id_properties_ui(key).update(min=0.0, max=1.0, description=told)
        # Where the character is linked and overridden, these are what the override keeps.
        thing.property_overridable_library_set(f'["{key}"]', True)
    use_colour_map({muscle: thing}, colour_map)


def use_colour_map(objects: dict[str, bpy.types.Object], colour_map: str) -> None:
    """Give muscles the material of a colour map; the colour of solid view follows when they are keyed."""
    for thing in objects.values():
        if not thing.material_slots:
            thing.data.materials.append(None)
        # On the object: a duplicated rig shares meshes, and may have another map.
        thing.material_slots[0].link = "OBJECT"
        thing.material_slots[0].material = muscle_material(colour_map)
        thing.color = (*(UNKNOWN if thing.get("unknown") else colours_at(colour_map, np.array(0.0))), 1.0)


def colour_map_of(thing: bpy.types.Object) -> str:
    """The colour map of a muscle."""
    material = thing.material_slots[0].material if thing.material_slots else None
    return str(material.get(_MAP, "PAPER")) if material else "PAPER"


def muscle_material(colour_map: str = "PAPER") -> bpy.types.Material:
    """The one material of all muscles of a colour map: Attribute nodes read each object's own `activation`."""
    found = next((one for one in bpy.data.materials if one.get(_MAP) == colour_map and one.library is None), None)
    if found is not None:
        return found
    material = bpy.data.materials.new(_MATERIAL if colour_map == "PAPER" else f"{_MATERIAL} ({COLOUR_MAPS[colour_map][0]})")
    material[_MAP] = colour_map
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links

    def read(kind: str, name: str) -> bpy.types.NodeSocket:
        node = nodes.new("ShaderNodeAttribute")
        node.attribute_type, node.attribute_name = kind, name
        return node.outputs["Fac"]

    def mixed(share: bpy.types.NodeSocket, below: bpy.types.NodeSocket, above: tuple[float, ...]) -> bpy.types.NodeSocket:
        node = nodes.new("ShaderNodeMixRGB")
        links.new(share, node.inputs["Fac"])
        links.new(below, node.inputs["Color1"])
        node.inputs["Color2"].default_value = (*above, 1.0)
        return node.outputs["Color"]

    def computed(operation: str, first: bpy.types.NodeSocket, second: bpy.types.NodeSocket | float) -> bpy.types.NodeSocket:
        node = nodes.new("ShaderNodeMath")
        node.operation = operation
        links.new(first, node.inputs[0])
        if isinstance(second, float):
            node.inputs[1].default_value = second
        else:
            links.new(second, node.inputs[1])
        return node.outputs[0]

    ramp = nodes.new("ShaderNodeValToRGB")
    fill_ramp(ramp.color_ramp, colour_map)
    links.new(read("OBJECT", "activation"), ramp.inputs["Fac"])
    stripes = computed("GREATER_THAN", computed("FRACT", read("GEOMETRY", "stripe"), 0.0), 0.5)
    hatch = computed("MULTIPLY", computed("MULTIPLY", stripes, read("OBJECT", "estimated")), HATCH)
    colour = mixed(hatch, ramp.outputs["Color"], (0.0, 0.0, 0.0))
    colour = mixed(read("OBJECT", "unknown"), colour, UNKNOWN)
    colour = mixed(read("GEOMETRY", "tendon"), colour, TENDON)
    shader = node_of(material.node_tree, "ShaderNodeBsdfPrincipled")
    shader.inputs["Roughness"].default_value = 0.42
    # A little light of its own: the colour is the message, and shade must not hide it.
    for socket in ("Base Color", "Emission Color"):
        links.new(colour, shader.inputs[socket])
    shader.inputs["Emission Strength"].default_value = 0.15
    return material


def fill_ramp(ramp: bpy.types.ColorRamp, colour_map: str) -> None:
    """Write a colour map into a colour ramp."""
    table = stops(colour_map)
    while len(ramp.elements) < len(table):
        ramp.elements.new(0.5)
    for element, place, colour in zip(ramp.elements, np.linspace(0, 1, len(table)), table, strict=True):
        element.position, element.color = place, (*colour, 1.0)


def range_top(activation: Activation, mode: str) -> np.ndarray:
    """(M,) activation that is shown as full red.

    "ABSOLUTE" is everything a muscle has, "CLIP" the highest activation of any muscle in the clip, "MUSCLE" the highest of
    each.
    """
    return top_of_peaks(activation.values.max(axis=0), mode)


def top_of_peaks(peaks: np.ndarray, mode: str) -> np.ndarray:
    """`range_top` of each muscle's highest activation (M,). A muscle at rest is not blown up to red."""
    peaks = np.maximum(peaks, _LEAST_TOP)
    if mode == "MUSCLE":
        return peaks
    return np.full(len(peaks), 1.0 if mode == "ABSOLUTE" else peaks.max())


def key_activation(
    objects: dict[str, bpy.types.Object], activation: Activation, first_frame: int, which: str, name: str, top: np.ndarray, stamp: str = ""
) -> None:
    """Key every muscle's colour at every frame, in one action a muscle, and show it.

    Args:
        objects: muscle name -> object.
        activation: one row a scene frame.
        first_frame: scene frame of the first row.
        which: "ORIGINAL" or "RECOMMENDED", the motion that these colours belong to.
        name: for the actions, `name | MUSCLE`.
        top: `range_top` of the activation, or of the one it is compared with.
        stamp: `stamp_of` the motion, by which `keyed_activation` knows that it is still the same.

    The object's `activation` (the share of the colour range) drives the material, `activation_raw` is the number itself, and
    the object's colour shows the same in solid view.
    """
    frames = np.arange(first_frame, first_frame + len(activation), dtype=np.float32)
    for muscle, thing in objects.items():
        source, estimated = stand_in(muscle, activation.muscles)
        thing["estimated"], thing["unknown"] = float(estimated and source is not None), float(source is None)
        if source is None:
            thing.color = (*UNKNOWN, 1.0)
            continue
        index = activation.muscles.index(source)
        action = own_colours(thing, which, f"{name} | {muscle}")
        action[_OF] = stamp
        assign_action(thing, action)
        write_keys(ensure_fcurve(thing, action, '["activation_raw"]'), frames, activation.values[:, index])
        _key_colour(thing, action, frames, np.clip(activation.values[:, index] / top[index], 0, 1))


def show_activation(objects: dict[str, bpy.types.Object], activation: np.ndarray, muscles: MuscleSet, top: np.ndarray) -> None:
    """Colour keyed muscles as `key_activation` would at one frame, without a key.

    Args:
        objects: muscle name -> object; those that play no keys stay as they are, as nothing would take the colour back.
        activation: (M,) of `muscles`.
        top: (M,) `range_top`.
    """
    shares = np.clip(activation / top, 0, 1)
    solid: dict[str, np.ndarray] = {}
    for muscle, thing in objects.items():
        source, _ = stand_in(muscle, muscles)
        if source is None or thing.animation_data is None or thing.animation_data.action is None:
            continue
        index, colour_map = muscles.index(source), colour_map_of(thing)
        if colour_map not in solid:
            solid[colour_map] = colours_at(colour_map, shares)
        thing["activation_raw"], thing["activation"] = float(activation[index]), float(shares[index])
        # Setting the colour also tells Blender that the properties have changed.
        thing.color = (*(solid[colour_map][index] * _dulled(thing)), thing.color[3])


def _dulled(thing: bpy.types.Object) -> float:
    """What is left of a muscle's colour in solid view, which cannot hatch: a borrowed one is duller there."""
    return float(1 - 0.5 * HATCH * thing.get("estimated", 0.0))


def _key_colour(thing: bpy.types.Object, action: bpy.types.Action, frames: np.ndarray, share: np.ndarray) -> None:
    """Key the share of the colour range (T,), and the colour of solid view."""
    write_keys(ensure_fcurve(thing, action, '["activation"]'), frames, share)
    colour = colours_at(colour_map_of(thing), share) * _dulled(thing)
    for channel in range(3):
        write_keys(ensure_fcurve(thing, action, "color", channel), frames, colour[:, channel])


def recolour_muscles(objects: dict[str, bpy.types.Object], mode: str) -> float | None:
    """Key the colours of both motions anew for another meaning of full colour, from the activation that is keyed already.

    Returns the highest activation that full colour stands for; None where nothing is keyed.
    """
    raw = {which: {name: _raw_keys(thing, which) for name, thing in objects.items()} for which in COLOURS}
    keyed = {name: keys for name, keys in raw["ORIGINAL"].items() if keys is not None}
    if not keyed:
        return None
    top = dict(zip(keyed, top_of_peaks(np.array([values.max() for _, values in keyed.values()]), mode), strict=True))
    for which, muscles in raw.items():
        for name, keys in muscles.items():
            if keys is not None and name in top:
                frames, values = keys
                _key_colour(objects[name], own_colours(objects[name], which), frames, np.clip(values / top[name], 0, 1))
    return float(max(top.values()))


def _raw_keys(thing: bpy.types.Object, which: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Frames (T,) and activation (T,) as they are keyed on a muscle."""
    return keyed_values(thing, thing.get(COLOURS[which]), '["activation_raw"]')


def keyed_activation(armature: bpy.types.Object) -> Activation | None:
    """The activation that the muscles show of the motion that plays, one row a frame of its action.

    None where they show none, or that of keys which were changed since. Raises SkeletonError.
    """
    props = armature.agonist
    action = props.source_action if props.show == "ORIGINAL" else props.recommended_action
    if action is None or armature.animation_data is None or armature.animation_data.action != action:
        return None
    objects, stamp = muscle_objects(armature), stamp_of(armature, action, rig_of(armature))
    if any(thing[COLOURS[props.show]].get(_OF) != stamp for thing in objects.values() if thing.get(COLOURS[props.show]) is not None):
        return None
    keys = {name: _raw_keys(thing, props.show) for name, thing in objects.items()}
    first, last = (round(value) for value in action.frame_range)
    keys = {name: one for name, one in keys.items() if one is not None and not objects[name].get("estimated")}
    found = next((one for one in MUSCLE_SETS.values() if set(one.names) == set(keys)), None)
    if found is None or any(len(one[0]) != last - first + 1 for one in keys.values()):
        return None
    fps = scene_rate(bpy.context.scene)
    values = np.stack([keys[name][1] for name in found.names], axis=1).astype(float)
    return Activation(np.clip(values, 0, 1), found, fps, (first - 1) / fps, reference="as the muscles show it")


def are_of_another(objects: dict[str, bpy.types.Object], which: str, stamp: str) -> bool:
    """Whether muscles have colours of the file that they are linked from, and those are not of the motion with this fingerprint."""
    kept = [thing.get(COLOURS[which]) for thing in objects.values()]
    return any(action is not None and action.library is not None and action.get(_OF) != stamp for action in kept)


def show_colours(objects: dict[str, bpy.types.Object], which: str) -> None:
    """Play the colours of the "ORIGINAL" or the "RECOMMENDED" motion, where they have been keyed."""
    for thing in objects.values():
        action = thing.get(COLOURS[which])
        if action is not None:
            assign_action(thing, action)


def colours_are_seen(shading: bpy.types.View3DShading) -> bool:
    """Whether a 3D view with this shading shows the heatmap: solid view does with object colours only."""
    return shading.type != "SOLID" or shading.color_type == "OBJECT"
