"""Shapes: meshes hung on an armature's bones, and the node group that keeps a muscle's volume while its length changes.

An Armature modifier moves the vertices, then geometry nodes thicken or thin each belly: no frame handler and no driver, so
a render, a linked file and a scene opened without this extension all show the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import bpy
import numpy as np

from agonist.body.geometry import MuscleMesh

from ..beside import link_beside
from ..nodes import TreeBuilder, modifier_group

__all__ = ["add_weights", "mesh_object", "muscle_object", "remove_object"]

# Named anew whenever what it reads from a mesh changes: a file keeps the group that its muscles were made for.
_GROUP = "Agonist Muscle Volume"
# Width of a pair of stripes, where a muscle is hatched, as a share of its length [ours].
_STRIPE = 0.09
# A belly never swells or thins beyond these factors of its rest thickness, whatever a rig does [ours].
_THINNEST, _THICKEST = 0.6, 1.7


def mesh_object(
    name: str,
    vertices: np.ndarray,
    faces: Sequence[Sequence[int]],
    weights: Mapping[str, np.ndarray],
    armature: bpy.types.Object,
    *,
    preserve_volume: bool = False,
) -> bpy.types.Object:
    """A smooth mesh that follows bones: `vertices` (V, 3) in the armature's space, `weights` bone name -> (V,)."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices.tolist(), [], faces)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), dtype=bool))
    mesh.update()
    thing = bpy.data.objects.new(name, mesh)
    link_beside(thing, armature)
    thing.parent = armature
    modifier = add_weights(thing, weights, armature)
    modifier.use_deform_preserve_volume = preserve_volume
    return thing


def add_weights(thing: bpy.types.Object, weights: Mapping[str, np.ndarray], armature: bpy.types.Object) -> bpy.types.ArmatureModifier:
    """Let a mesh follow bones: `weights` bone name -> (V,)."""
    for bone, values in weights.items():
        group = thing.vertex_groups.get(bone) or thing.vertex_groups.new(name=bone)
        # One call for all vertices of a like weight: quick where bones own whole regions.
        rounded = np.round(values, 3)
        for value in np.unique(rounded[rounded > 0]):
            group.add(np.flatnonzero(rounded == value).tolist(), float(value), "REPLACE")
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    return modifier


def muscle_object(name: str, shape: MuscleMesh, armature: bpy.types.Object) -> bpy.types.Object:
    """A muscle on an armature, with what the node group needs as attributes of its vertices."""
    thing = mesh_object(name, shape.vertices, shape.faces, shape.weights, armature)
    for attribute, kind, field, values in (
        ("partner", "INT", "value", shape.partner),
        ("following", "INT", "value", shape.following),
        ("fibre", "INT", "value", shape.fibre),
        ("rest_length", "FLOAT", "value", shape.rest_length),
        ("exponent", "FLOAT", "value", shape.exponent),
        ("tendon", "FLOAT", "value", shape.tendon),
        ("stripe", "FLOAT", "value", shape.vertices.sum(axis=1) / (_STRIPE * max(float(np.ptp(shape.vertices, axis=0).max()), 1e-9))),
    ):
        # What is not there reads as zero, which takes Blender less time than a belly's one fibre, number zero.
        if attribute != "fibre" or values.any():
            thing.data.attributes.new(attribute, kind, "POINT").data.foreach_set(field, values)
    # What hangs on one bone keeps its length whatever the rig does.
    if len(thing.vertex_groups) > 1:
        modifier = thing.modifiers.new("Constant Volume", "NODES")
        modifier.node_group = modifier_group(_GROUP, _constant_volume)
    return thing


def remove_object(thing: bpy.types.Object) -> None:
    """Delete an object together with its mesh."""
    mesh = thing.data
    bpy.data.objects.remove(thing)
    if mesh.users == 0:
        bpy.data.meshes.remove(mesh)


def _constant_volume(group: bpy.types.NodeTree) -> None:
    """The nodes behind `MuscleMesh`: scale about the middle to the partner by (rest length / length) ** exponent."""
    build = TreeBuilder(group)
    position = build.node("GeometryNodeInputPosition").outputs[0]
    step = build.vector("DISTANCE", position, build.at(position, build.named("following", "INT")))
    ratio = build.math("DIVIDE", build.named("rest_length", "FLOAT"), build.total(step, build.named("fibre", "INT")))
    swell = build.math("POWER", ratio, build.named("exponent", "FLOAT"))
    # Scaled about the middle between two vertices, one lies at (1 + scale) / 2 of the way from the other.
    share = build.mapped(swell, (_THINNEST, _THICKEST), ((1 + _THINNEST) / 2, (1 + _THICKEST) / 2))
    moved = build.mixed(share, build.at(position, build.named("partner", "INT")), position)
    placed = build.node("GeometryNodeSetPosition")
    build.link(build.node("NodeGroupInput").outputs[0], placed.inputs["Geometry"])
    build.link(moved, placed.inputs["Position"])
    build.link(placed.outputs[0], build.node("NodeGroupOutput").inputs[0])
