"""Skin material: copies of a mesh's materials that mix in the heat of the muscles under it, on the object's slots."""

from __future__ import annotations

import bpy
import numpy as np

from ..nodes import node_of
from .heatmap import HATCH, fill_ramp

__all__ = ["BORROWED_LAYER", "LAYER", "SHARES", "SKIN", "give_back_materials", "use_skin_colour_map"]

# On a mesh: its muscles; attributes with how much of four of them lies under a vertex, and properties with what these do; where skin
# lies over a muscle whose value is borrowed.
SKIN = "agonist_skin"
LAYER, SHARES = "Agonist {}", "activation_{}"
BORROWED_LAYER = "Agonist Borrowed"
# On a copy of a material: whose it is, what its slot was linked to, and what lay in the slot of the object itself.
_COPY_OF, _LINK, _UNDER = "agonist_copy_of", "agonist_link", "agonist_under"
# On a mesh: that it had no material.
_IS_BARE = "agonist_bare"
_BARE = "Agonist Bare Skin"
# Stripes of the hatching over the largest side of a character [ours].
_STRIPES = 90.0


def use_skin_colour_map(skin: bpy.types.Object, colour_map: str) -> None:
    """Copies of the mesh's materials, on the object, that mix in the heat in a colour map."""
    mesh = skin.data
    if not mesh.materials:
        mesh.materials.append(_bare())
        mesh[_IS_BARE] = True
    for index, slot in enumerate(skin.material_slots):
        link, slot.link = slot.link, "OBJECT"
        # What the object has in the slot shows on top, or is hidden while the mesh's own is chosen.
        former = slot.material
        if former is not None and _COPY_OF in former:
            own, link, under = former[_COPY_OF] or mesh.materials[index], former.get(_LINK, "DATA"), former.get(_UNDER)
        else:
            own, under = former if link == "OBJECT" else mesh.materials[index], former
        own = own or _bare()
        slot.material = None
        if former is not None and _COPY_OF in former and not former.users:
            bpy.data.materials.remove(former)
        copy = own.copy()
        copy.name = f"{own.name} (muscles)"
        copy[_COPY_OF], copy[_LINK] = own, link
        if under is not None:
            copy[_UNDER] = under
        copy.use_nodes = True
        _mix_in(copy.node_tree, list(mesh[SKIN]), colour_map, tuple(max(size, 1e-6) for size in _extent(mesh)))
        slot.material = copy


def give_back_materials(mesh: bpy.types.Mesh) -> None:
    """The materials as they were before ours came, on a mesh and all objects that use it."""
    for thing in bpy.data.objects:
        if thing.data == mesh:
            _give_back(thing)
    if mesh.pop(_IS_BARE, False):
        mesh.materials.clear()
    bare = bpy.data.materials.get((_BARE, None))
    if bare is not None and not bare.users:
        bpy.data.materials.remove(bare)


def _give_back(thing: bpy.types.Object) -> None:
    """The slots of an object as they were before our materials came."""
    for slot in thing.material_slots:
        material = slot.material
        if slot.link == "OBJECT" and material is not None and _COPY_OF in material:
            slot.material, link = material.get(_UNDER), material.get(_LINK, "DATA")
            slot.link = link
            if not material.users:
                bpy.data.materials.remove(material)


def _bare() -> bpy.types.Material:
    """The one material of skin that has none of its own."""
    found = bpy.data.materials.get((_BARE, None))
    if found is not None:
        return found
    material = bpy.data.materials.new(_BARE)
    material.use_nodes = True
    shader = node_of(material.node_tree, "ShaderNodeBsdfPrincipled")
    shader.inputs["Base Color"].default_value = (0.25, 0.26, 0.28, 1.0)
    return material


def _extent(mesh: bpy.types.Mesh) -> np.ndarray:
    """(3,) size of a mesh at rest along its own axes."""
    points = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", points)
    return np.ptp(points.reshape(-1, 3), axis=0)


def _mix_in(tree: bpy.types.NodeTree, muscles: list[str], colour_map: str, sizes: tuple[float, ...]) -> None:
    """Put the heat between a material's surface and its output, for a mesh with these sizes along its axes."""
    nodes, links = tree.nodes, tree.links
    output = tree.get_output_node("ALL") or nodes.new("ShaderNodeOutputMaterial")
    before = output.inputs["Surface"].links[0].from_socket if output.inputs["Surface"].links else None

    def joined(kind: str, operation: str, *values: bpy.types.NodeSocket | float) -> bpy.types.Node:
        node = nodes.new(kind)
        node.operation = operation
        for socket, value in zip(node.inputs, values, strict=False):
            if isinstance(value, bpy.types.NodeSocket):
                links.new(value, socket)
            else:
                socket.default_value = value
        return node

    def computed(operation: str, *values: bpy.types.NodeSocket | float) -> bpy.types.NodeSocket:
        return joined("ShaderNodeMath", operation, *values).outputs[0]

    def dot(first: bpy.types.NodeSocket, second: bpy.types.NodeSocket | tuple[float, ...]) -> bpy.types.NodeSocket:
        return joined("ShaderNodeVectorMath", "DOT_PRODUCT", first, second).outputs["Value"]

    def read(kind: str, name: str) -> bpy.types.bpy_prop_collection[bpy.types.NodeSocket]:
        node = nodes.new("ShaderNodeAttribute")
        node.attribute_type, node.attribute_name = kind, name
        return node.outputs

    heat: bpy.types.NodeSocket | float = 0.0
    cover: bpy.types.NodeSocket | float = 0.0
    for layer in range(1, (len(muscles) + 3) // 4 + 1):
        under, shares = read("GEOMETRY", LAYER.format(layer)), read("OBJECT", SHARES.format(layer))
        heat = computed("MULTIPLY_ADD", under["Alpha"], shares["Alpha"], computed("ADD", dot(under["Color"], shares["Color"]), heat))
        cover = computed("ADD", dot(under["Color"], (1.0, 1.0, 1.0)), computed("ADD", under["Alpha"], cover))
    ramp = nodes.new("ShaderNodeValToRGB")
    fill_ramp(ramp.color_ramp, colour_map)
    links.new(computed("DIVIDE", heat, computed("MAXIMUM", cover, 1e-4)), ramp.inputs["Fac"])
    shader, mix = nodes.new("ShaderNodeBsdfPrincipled"), nodes.new("ShaderNodeMixShader")
    shader.inputs["Roughness"].default_value, shader.inputs["Emission Strength"].default_value = 0.5, 0.15
    # Generated coordinates lie on the mesh at rest, so that the stripes move with the skin.
    place = nodes.new("ShaderNodeTexCoord").outputs["Generated"]
    striped = computed("GREATER_THAN", computed("FRACT", dot(place, tuple(_STRIPES * size / max(sizes) for size in sizes)), 0.0), 0.5)
    hatch = nodes.new("ShaderNodeMixRGB")
    links.new(computed("MULTIPLY", computed("MULTIPLY", striped, read("GEOMETRY", BORROWED_LAYER)["Fac"]), HATCH), hatch.inputs["Fac"])
    links.new(ramp.outputs["Color"], hatch.inputs["Color1"])
    hatch.inputs["Color2"].default_value = (0.0, 0.0, 0.0, 1.0)
    for socket in ("Base Color", "Emission Color"):
        links.new(hatch.outputs["Color"], shader.inputs[socket])
    links.new(computed("MINIMUM", cover, 1.0), mix.inputs["Fac"])
    if before is not None:
        links.new(before, mix.inputs[1])
    links.new(shader.outputs[0], mix.inputs[2])
    links.new(mix.outputs[0], output.inputs["Surface"])
