"""Skin: a character's own mesh shows its muscles, without any muscle object.

How much of each muscle lies under a vertex is kept in colour attributes, four muscles each (a graphics card takes sixteen
attributes at most, surface24 would need more). The activation is keyed on the mesh, four muscles a property again (EEVEE reads
eight properties of an object, and zero for any more, so that a skin shows thirty-two muscles and never all of surface48), where
Attribute nodes find it, and copies of the mesh's materials mix the heat in: on the object's slots, so that the
mesh keeps its own. Skin over a muscle whose value is borrowed is hatched.
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

from ..compat import assign_action, ensure_fcurve
from ..curve_keys import write_keys
from ..rig.bones import humanoid_of, rig_of, rig_skeleton
from ..translate import rpt
from .colour_actions import COLOURS, drop_colours, keyed_values, own_colours
from .heatmap import top_of_peaks
from .own_action import give_back_action, note_own_action
from .skin_material import BORROWED_LAYER, LAYER, SHARES, SKIN, give_back_materials, use_skin_colour_map

__all__ = [
    "borrowed_muscles", "glow_skin", "glowing_skins", "key_skins", "recolour_skins", "remove_glow", "show_skin_activation", "show_skins",
    "skin_muscles", "skin_shares",
]  # fmt: skip

_BORROWED = "agonist_borrowed"
# How far from a muscle's surface the skin shows it, as a share of body height, and where it begins to fade [ours].
_REACH, _FULL = 0.024, 0.006
# Eight properties of four.
_MOST = 32


def glowing_skins(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """Meshes that the armature deforms and that show muscles."""
    return [
        thing for thing in bpy.context.scene.objects
        if thing.type == "MESH" and SKIN in thing.data
        and any(one.type == "ARMATURE" and one.object == armature for one in thing.modifiers)
    ]  # fmt: skip


def skin_muscles(skin: bpy.types.Object) -> list[str]:
    """The muscles that a glowing mesh shows."""
    return list(skin.data[SKIN])


def skin_shares(skin: bpy.types.Object) -> dict[str, float]:
    """Muscle -> share of the colour range that a glowing mesh shows now."""
    mesh = skin.data
    return {name: float(mesh[SHARES.format(k // 4 + 1)][k % 4]) for k, name in enumerate(mesh[SKIN])}


def borrowed_muscles(skin: bpy.types.Object) -> list[str]:
    """The muscles of a glowing mesh whose values are borrowed from a neighbour."""
    return list(skin.data.get(_BORROWED, ()))


def glow_skin(skin: bpy.types.Object, armature: bpy.types.Object, muscles: MuscleSet | None = None) -> None:
    """Let a mesh show the muscles of a set under its vertices.

    Raises SkeletonError for no humanoid, MotionError for no vertices or too many muscles.
    """
    if not len(skin.data.vertices):
        raise MotionError(rpt("Mesh '{name}' has no vertices.", name=skin.name))
    muscles = muscles or muscle_set("mia8")
    if len(muscles) > _MOST:
        raise MotionError(
            rpt("A skin shows {most} muscles at most; '{name}' would show {count}.", most=_MOST, name=skin.name, count=len(muscles))
        )
    weights = _under(skin, armature, muscles)
    remove_glow(skin)
    mesh = skin.data
    note_own_action(mesh)
    for layer in range(0, len(muscles), 4):
        packed = np.zeros((len(weights), 4), dtype=np.float32)
        part = weights[:, layer : layer + 4]
        packed[:, : part.shape[1]] = part
        attribute = mesh.attributes.new(LAYER.format(layer // 4 + 1), "FLOAT_COLOR", "POINT")
        attribute.data.foreach_set("color", packed.ravel())
        mesh[SHARES.format(layer // 4 + 1)] = [0.0] * 4
    mesh.attributes.new(BORROWED_LAYER, "FLOAT", "POINT")
    mesh[SKIN] = list(muscles.names)
    for name in muscles.names:
        mesh[f"raw_{name}"] = 0.0
    use_skin_colour_map(skin, armature.agonist.colour_map)


def remove_glow(skin: bpy.types.Object) -> None:
    """The mesh as it was: its own materials on all that use it, no attributes and no keys of ours, and its own action."""
    mesh = skin.data
    if SKIN not in mesh:
        return
    give_back_materials(mesh)
    names = list(mesh[SKIN])
    layers = range(1, (len(names) + 3) // 4 + 1)
    for name in [BORROWED_LAYER, *map(LAYER.format, layers)]:
        if name in mesh.attributes:
            mesh.attributes.remove(mesh.attributes[name])
    give_back_action(mesh)
    drop_colours(mesh)
    for key in (SKIN, _BORROWED, *map(SHARES.format, layers), *(f"raw_{name}" for name in names)):
        mesh.pop(key, None)


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


def key_skins(skins: list[bpy.types.Object], activation: Activation, first_frame: int, which: str, name: str, top: np.ndarray) -> None:
    """Key every skin's muscles at every frame and show them; arguments as of `key_activation`."""
    frames = np.arange(first_frame, first_frame + len(activation), dtype=np.float32)
    for skin in skins:
        mesh = skin.data
        action = own_colours(mesh, which, f"{name} | {mesh.name}")
        assign_action(mesh, action)
        borrowed = []
        for place, muscle in enumerate(mesh[SKIN]):
            source, estimated = stand_in(muscle, activation.muscles)
            if source is not None:
                index = activation.muscles.index(source)
                values = activation.values[:, index]
                write_keys(ensure_fcurve(mesh, action, f'["raw_{muscle}"]'), frames, values)
                write_keys(_share_curve(mesh, action, place), frames, np.clip(values / top[index], 0, 1))
                borrowed += [muscle] * estimated
        _mark_borrowed(mesh, borrowed)


def _share_curve(mesh: bpy.types.Mesh, action: bpy.types.Action, place: int) -> bpy.types.FCurve:
    """The curve of the share of the colour range of the muscle at a place in the mesh's list."""
    return ensure_fcurve(mesh, action, f'["{SHARES.format(place // 4 + 1)}"]', place % 4)


def _mark_borrowed(mesh: bpy.types.Mesh, muscles: list[str]) -> None:
    """Hatch the skin over these muscles, and over no others."""
    if list(mesh.get(_BORROWED, ())) == muscles:
        return
    mesh.pop(_BORROWED, None)
    if muscles:
        mesh[_BORROWED] = muscles
    names, count = list(mesh[SKIN]), len(mesh.vertices)
    under, cover = np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.float32)
    layer = np.empty(4 * count, dtype=np.float32)
    for place, name in enumerate(names):
        if place % 4 == 0:
            attribute = mesh.attributes.get(LAYER.format(place // 4 + 1))
            # Whoever deletes one takes its muscles off the skin.
            layer[:] = 0.0
            if attribute is not None:
                attribute.data.foreach_get("color", layer)
        weights = layer[place % 4 :: 4]
        cover += weights
        under += weights * (name in muscles)
    attribute = mesh.attributes.get(BORROWED_LAYER) or mesh.attributes.new(BORROWED_LAYER, "FLOAT", "POINT")
    attribute.data.foreach_set("value", under / np.maximum(cover, 1e-4))


def show_skin_activation(skins: list[bpy.types.Object], activation: np.ndarray, muscles: MuscleSet, top: np.ndarray) -> None:
    """`show_activation` of glowing skins."""
    for mesh in (skin.data for skin in skins):
        if mesh.animation_data is None or mesh.animation_data.action is None:
            continue
        for place, muscle in enumerate(mesh[SKIN]):
            source, _ = stand_in(muscle, muscles)
            if source is not None:
                index = muscles.index(source)
                mesh[f"raw_{muscle}"] = float(activation[index])
                mesh[SHARES.format(place // 4 + 1)][place % 4] = float(np.clip(activation[index] / top[index], 0, 1))
        mesh.update_tag()


def recolour_skins(skins: list[bpy.types.Object], mode: str) -> float | None:
    """Key the shares anew, as `recolour_muscles` does."""
    highest = None
    for skin in skins:
        mesh = skin.data
        raw = {which: {name: keyed_values(mesh, mesh.get(COLOURS[which]), f'["raw_{name}"]') for name in mesh[SKIN]} for which in COLOURS}
        keyed = {name: keys for name, keys in raw["ORIGINAL"].items() if keys is not None}
        if not keyed:
            continue
        top = dict(zip(keyed, top_of_peaks(np.array([values.max() for _, values in keyed.values()]), mode), strict=True))
        highest = max(float(max(top.values())), highest or 0.0)
        for which, muscles in raw.items():
            for name, keys in muscles.items():
                if keys is not None and name in top:
                    curve = _share_curve(mesh, own_colours(mesh, which), list(mesh[SKIN]).index(name))
                    write_keys(curve, keys[0], np.clip(keys[1] / top[name], 0, 1))
    return highest


def show_skins(skins: list[bpy.types.Object], which: str) -> None:
    """Play the colours of the "ORIGINAL" or the "RECOMMENDED" motion, where they have been keyed."""
    for skin in skins:
        action = skin.data.get(COLOURS[which])
        if action is not None:
            assign_action(skin.data, action)
