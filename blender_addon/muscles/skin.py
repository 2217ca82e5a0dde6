"""Skin: a character's own mesh shows its muscles, without any muscle object.

How much of each muscle lies under a vertex is kept in colour attributes, four muscles each (a graphics card takes sixteen
attributes at most, surface24 would need more). The activation is keyed on the mesh, where Attribute nodes find it, and copies
of the mesh's materials mix the heat in: on the object's slots, so that the mesh keeps its own.
"""

from __future__ import annotations

import bpy
import numpy as np
from mathutils.bvhtree import BVHTree

from agonist.activation import Activation
from agonist.body.geometry import muscle_mesh
from agonist.errors import MotionError
from agonist.humanoid import body_height_m
from agonist.muscles import MuscleSet, muscle_set, stand_in

from ..compat import assign_action, ensure_fcurve, write_keys
from ..rig.bones import humanoid_of, rig_of, rig_skeleton
from .heatmap import COLOURS, fill_ramp, keyed_values, top_of_peaks

__all__ = [
    "glow_skin", "glowing_skins", "key_skins", "recolour_skins", "remove_glow", "show_skin_activation", "show_skins",
    "skin_muscles", "use_skin_colour_map",
]  # fmt: skip

_SKIN = "agonist_skin"
_LAYER = "Agonist {}"
_COPY_OF = "agonist_copy_of"
# How far from a muscle's surface the skin shows it, as a share of body height, and where it begins to fade [ours].
_REACH, _FULL = 0.024, 0.006


def glowing_skins(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """Meshes that the armature deforms and that show muscles."""
    return [
        thing for thing in bpy.context.scene.objects
        if thing.type == "MESH" and _SKIN in thing.data
        and any(one.type == "ARMATURE" and one.object == armature for one in thing.modifiers)
    ]  # fmt: skip


def skin_muscles(skin: bpy.types.Object) -> list[str]:
    """The muscles that a glowing mesh shows."""
    return list(skin.data[_SKIN])


def glow_skin(skin: bpy.types.Object, armature: bpy.types.Object, muscles: MuscleSet | None = None) -> None:
    """Let a mesh show the muscles of a set under its vertices. Raises SkeletonError for no humanoid, MotionError for no vertices."""
    if not len(skin.data.vertices):
        raise MotionError(f"Mesh '{skin.name}' has no vertices.")
    muscles = muscles or muscle_set("mia8")
    weights = _under(skin, armature, muscles)
    remove_glow(skin)
    mesh = skin.data
    for layer in range(0, len(muscles), 4):
        packed = np.zeros((len(weights), 4), dtype=np.float32)
        part = weights[:, layer : layer + 4]
        packed[:, : part.shape[1]] = part
        attribute = mesh.attributes.new(_LAYER.format(layer // 4 + 1), "FLOAT_COLOR", "POINT")
        attribute.data.foreach_set("color", packed.ravel())
    mesh[_SKIN] = list(muscles.names)
    for name in muscles.names:
        mesh[f"activation_{name}"] = mesh[f"raw_{name}"] = 0.0
    use_skin_colour_map(skin, armature.agonist.colour_map)


def remove_glow(skin: bpy.types.Object) -> None:
    """The mesh as it was: its own materials, no attributes and no keys of ours."""
    mesh = skin.data
    for slot in skin.material_slots:
        material = slot.material
        if slot.link == "OBJECT" and material is not None and _COPY_OF in material:
            slot.material = None
            slot.link = "DATA"
            if not material.users:
                bpy.data.materials.remove(material)
    if mesh.pop("agonist_bare", False):
        mesh.materials.clear()
    # By name: removing one moves the others.
    for name in [one.name for one in mesh.attributes if one.name.startswith(_LAYER.format(""))]:
        mesh.attributes.remove(mesh.attributes[name])
    # A mesh has keys but cannot be walked through.
    keys = list(mesh.keys())
    for key in [key for key in keys if key == _SKIN or key.startswith(("activation_", "raw_")) or key in COLOURS.values()]:
        del mesh[key]
    if mesh.animation_data is not None:
        mesh.animation_data.action = None


def _under(skin: bpy.types.Object, armature: bpy.types.Object, muscles: MuscleSet) -> np.ndarray:
    """(V, M) how much of each muscle lies under each vertex, at most 1 in all."""
    rig = rig_of(armature)
    skeleton, hmap = rig_skeleton(armature, rig), humanoid_of(rig)
    height = body_height_m(skeleton, hmap)
    points = np.empty(3 * len(skin.data.vertices), dtype=np.float32)
    skin.data.vertices.foreach_get("co", points)
    to_armature = np.array(armature.matrix_world.inverted() @ skin.matrix_world)
    points = points.reshape(-1, 3) @ to_armature[:3, :3].T + to_armature[:3, 3]
    weights = np.zeros((len(points), len(muscles)))
    for column, name in enumerate(muscles.names):
        shape = muscle_mesh(skeleton, hmap, name)
        low, high = (f(axis=0) for f in (shape.vertices.min, shape.vertices.max))
        reach = _REACH * height
        near = np.flatnonzero(((points > low - reach) & (points < high + reach)).all(axis=1))
        tree = BVHTree.FromPolygons(shape.vertices.tolist(), shape.faces)
        for vertex in near:
            _, _, face, distance = tree.find_nearest(points[vertex].tolist(), reach)
            if distance is not None:
                # Skin over a tendon stays as it is.
                belly = 1 - shape.tendon[shape.faces[face]].mean()
                weights[vertex, column] = belly * np.clip((reach - distance) / (reach - _FULL * height), 0, 1)
    weights = weights * weights * (3 - 2 * weights)
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1.0)


def use_skin_colour_map(skin: bpy.types.Object, colour_map: str) -> None:
    """Copies of the mesh's materials, on the object, that mix in the heat in a colour map."""
    mesh = skin.data
    if not mesh.materials:
        plain = bpy.data.materials.get("Agonist Bare Skin") or _bare()
        mesh.materials.append(plain)
        mesh["agonist_bare"] = True
    for index, slot in enumerate(skin.material_slots):
        former = slot.material if slot.link == "OBJECT" else None
        if former is not None and _COPY_OF not in former:
            own = former
        else:
            own = former[_COPY_OF] if former is not None else mesh.materials[index] or _bare()
        slot.link = "OBJECT"
        slot.material = None
        if former is not None and _COPY_OF in former and not former.users:
            bpy.data.materials.remove(former)
        copy = own.copy()
        copy.name = f"{own.name} (muscles)"
        copy[_COPY_OF] = own
        copy.use_nodes = True
        _mix_in(copy.node_tree, list(mesh[_SKIN]), colour_map)
        slot.material = copy


def _bare() -> bpy.types.Material:
    material = bpy.data.materials.new("Agonist Bare Skin")
    material.use_nodes = True
    material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.25, 0.26, 0.28, 1.0)
    return material


def _mix_in(tree: bpy.types.NodeTree, muscles: list[str], colour_map: str) -> None:
    """Put the heat between a material's surface and its output."""
    nodes, links = tree.nodes, tree.links
    output = tree.get_output_node("ALL") or nodes.new("ShaderNodeOutputMaterial")
    before = output.inputs["Surface"].links[0].from_socket if output.inputs["Surface"].links else None

    def computed(operation: str, *values: bpy.types.NodeSocket | float) -> bpy.types.NodeSocket:
        node = nodes.new("ShaderNodeMath")
        node.operation = operation
        for socket, value in zip(node.inputs, values, strict=False):
            if isinstance(value, float):
                socket.default_value = value
            else:
                links.new(value, socket)
        return node.outputs[0]

    heat: bpy.types.NodeSocket | float = 0.0
    cover: bpy.types.NodeSocket | float = 0.0
    for index, name in enumerate(muscles):
        if index % 4 == 0:
            layer, split = nodes.new("ShaderNodeAttribute"), nodes.new("ShaderNodeSeparateColor")
            layer.attribute_name = _LAYER.format(index // 4 + 1)
            links.new(layer.outputs["Color"], split.inputs[0])
            channels = [*split.outputs[:3], layer.outputs["Alpha"]]
        value = nodes.new("ShaderNodeAttribute")
        value.attribute_type, value.attribute_name = "OBJECT", f"activation_{name}"
        heat = computed("MULTIPLY_ADD", channels[index % 4], value.outputs["Fac"], heat)
        cover = computed("ADD", channels[index % 4], cover)
    ramp = nodes.new("ShaderNodeValToRGB")
    fill_ramp(ramp.color_ramp, colour_map)
    links.new(computed("DIVIDE", heat, computed("MAXIMUM", cover, 1e-4)), ramp.inputs["Fac"])
    shader, mix = nodes.new("ShaderNodeBsdfPrincipled"), nodes.new("ShaderNodeMixShader")
    shader.inputs["Roughness"].default_value, shader.inputs["Emission Strength"].default_value = 0.5, 0.15
    for socket in ("Base Color", "Emission Color"):
        links.new(ramp.outputs["Color"], shader.inputs[socket])
    links.new(computed("MINIMUM", cover, 1.0), mix.inputs["Fac"])
    if before is not None:
        links.new(before, mix.inputs[1])
    links.new(shader.outputs[0], mix.inputs[2])
    links.new(mix.outputs[0], output.inputs["Surface"])


def key_skins(skins: list[bpy.types.Object], activation: Activation, first_frame: int, which: str, name: str, top: np.ndarray) -> None:
    """Key every skin's muscles at every frame and show them; arguments as of `key_activation`."""
    frames = np.arange(first_frame, first_frame + len(activation), dtype=np.float32)
    for skin in skins:
        mesh = skin.data
        action = mesh.get(COLOURS[which])
        if action is None:
            action = bpy.data.actions.new(f"{name} | {mesh.name}")
            mesh[COLOURS[which]] = action
        assign_action(mesh, action)
        for muscle in mesh[_SKIN]:
            source, _ = stand_in(muscle, activation.muscles)
            if source is not None:
                index = activation.muscles.index(source)
                values = activation.values[:, index]
                write_keys(ensure_fcurve(mesh, action, f'["raw_{muscle}"]'), frames, values)
                write_keys(ensure_fcurve(mesh, action, f'["activation_{muscle}"]'), frames, np.clip(values / top[index], 0, 1))


def show_skin_activation(skins: list[bpy.types.Object], activation: np.ndarray, muscles: MuscleSet, top: np.ndarray) -> None:
    """`show_activation` of glowing skins."""
    for mesh in (skin.data for skin in skins):
        if mesh.animation_data is None or mesh.animation_data.action is None:
            continue
        for muscle in mesh[_SKIN]:
            source, _ = stand_in(muscle, muscles)
            if source is not None:
                index = muscles.index(source)
                mesh[f"raw_{muscle}"] = float(activation[index])
                mesh[f"activation_{muscle}"] = float(np.clip(activation[index] / top[index], 0, 1))
        mesh.update_tag()


def recolour_skins(skins: list[bpy.types.Object], mode: str) -> float | None:
    """Key the shares anew, as `recolour_muscles` does."""
    highest = None
    for skin in skins:
        mesh = skin.data
        raw = {which: {name: keyed_values(mesh, mesh.get(COLOURS[which]), f'["raw_{name}"]') for name in mesh[_SKIN]} for which in COLOURS}
        keyed = {name: keys for name, keys in raw["ORIGINAL"].items() if keys is not None}
        if not keyed:
            continue
        top = dict(zip(keyed, top_of_peaks(np.array([values.max() for _, values in keyed.values()]), mode), strict=True))
        highest = max(float(max(top.values())), highest or 0.0)
        for which, muscles in raw.items():
            for name, keys in muscles.items():
                if keys is not None and name in top:
                    curve = ensure_fcurve(mesh, mesh[COLOURS[which]], f'["activation_{name}"]')
                    write_keys(curve, keys[0], np.clip(keys[1] / top[name], 0, 1))
    return highest


def show_skins(skins: list[bpy.types.Object], which: str) -> None:
    """Play the colours of the "ORIGINAL" or the "RECOMMENDED" motion, where they have been keyed."""
    for skin in skins:
        action = skin.data.get(COLOURS[which])
        if action is not None:
            assign_action(skin.data, action)
