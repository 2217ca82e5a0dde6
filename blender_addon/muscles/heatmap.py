"""Heatmap: activation keyed on muscle objects, read by one material. No frame handler, so renders agree with the viewport.

Colours are those of "Muscles in Action" (Chiquier & Vondrick, ICCV 2023): yellow (250, 253, 50) relaxed to red (255, 0, 0)
flexed, sRGB.
"""

from __future__ import annotations

import bpy
import numpy as np
from agonist.activation import Activation

from ..compat import assign_action, ensure_fcurve, write_keys

__all__ = ["FLEXED", "RELAXED", "key_activation", "muscle_material", "range_top"]


def _linear(srgb: tuple[int, int, int]) -> tuple[float, float, float, float]:
    channels = [value / 255 for value in srgb]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return r, g, b, 1.0


RELAXED, FLEXED = _linear((250, 253, 50)), _linear((255, 0, 0))
_MATERIAL = "Agonist Muscle"


def muscle_material() -> bpy.types.Material:
    """The one material of all muscles: an Attribute node reads each object's own `activation`."""
    material = bpy.data.materials.get(_MATERIAL)
    if material is not None:
        return material
    material = bpy.data.materials.new(_MATERIAL)
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    attribute = nodes.new("ShaderNodeAttribute")
    attribute.attribute_type, attribute.attribute_name = "OBJECT", "activation"
    ramp = nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].color, ramp.color_ramp.elements[1].color = RELAXED, FLEXED
    shader = nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = 0.45
    links.new(attribute.outputs["Fac"], ramp.inputs["Fac"])
    links.new(ramp.outputs["Color"], shader.inputs["Base Color"])
    # A little light of its own: the colour is the message, and shade must not hide it.
    links.new(ramp.outputs["Color"], shader.inputs["Emission Color"])
    shader.inputs["Emission Strength"].default_value = 0.12
    return material


def range_top(activation: Activation, mode: str) -> np.ndarray:
    """(M,) activation that is shown as full red: 1 ("ABSOLUTE"), the clip's own peak ("CLIP") or each muscle's ("MUSCLE")."""
    peaks = np.maximum(activation.values.max(axis=0), 0.02)
    if mode == "MUSCLE":
        return peaks
    return np.full(len(peaks), 1.0 if mode == "ABSOLUTE" else peaks.max())


def key_activation(
    objects: dict[str, bpy.types.Object], activation: Activation, first_frame: int, name: str, top: np.ndarray
) -> None:
    """Key every muscle's colour at every frame, in one action a muscle named `name | MUSCLE`.

    `activation` (the share of the colour range) drives the material and the bulge, `activation_raw` is the number itself,
    and the object's colour shows the same in solid view. `top` is `range_top` of the activation, or of the one it is
    compared with.
    """
    frames = np.arange(first_frame, first_frame + len(activation), dtype=np.float32)
    for index, muscle in enumerate(activation.muscles.names):
        thing = objects.get(muscle)
        if thing is None:
            continue
        title = f"{name} | {muscle}"
        action = bpy.data.actions.get(title) or bpy.data.actions.new(title)
        assign_action(thing, action)
        share = np.clip(activation.values[:, index] / top[index], 0, 1)
        write_keys(ensure_fcurve(thing, action, '["activation"]'), frames, share)
        write_keys(ensure_fcurve(thing, action, '["activation_raw"]'), frames, activation.values[:, index])
        colour = np.array(RELAXED) + share[:, None] * (np.array(FLEXED) - np.array(RELAXED))
        for channel in range(4):
            write_keys(ensure_fcurve(thing, action, "color", channel), frames, colour[:, channel])
