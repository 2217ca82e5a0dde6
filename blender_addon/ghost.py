"""The ghost: a see-through body that plays the original beside the recommended motion."""

from __future__ import annotations

import bpy

from agonist.errors import MotionError

from .beside import link_beside
from .compat import check_not_tweaked, playing_action
from .exports.stage import skins_of
from .nodes import TreeBuilder, modifier_group, node_of
from .rig.copies import follow_itself, own_copy
from .rig.keys import restore_posed
from .rig.playing import switch_action
from .translate import rpt

__all__ = ["ghost_of", "is_ghost", "remove_ghost", "remove_left_ghosts", "renew_ghost", "show_ghost"]

_GHOST = "agonist_ghost_of"
# Name of the material, and of the node group that gives it to a body.
_NAME = "Agonist Ghost"
# A pale blue that is none of the heatmap's colours, and lets the recommended motion shine through.
_COLOUR = (0.62, 0.82, 1.0, 0.28)
# How far it stands off where both bodies are one, as feet that stay planted are, so that they do not flicker; share of its size [ours].
_OFF = 1e-3
# How much more of it there is where the body turns away from who looks [ours].
_RIM = 0.5


def ghost_of(armature: bpy.types.Object) -> bpy.types.Object | None:
    """The ghost of an armature, if it has one."""
    return next((thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE" and thing.get(_GHOST) == armature), None)


def is_ghost(thing: bpy.types.Object) -> bool:
    """Whether an object is the ghost of any armature, or part of one."""
    return _GHOST in thing


def show_ghost(armature: bpy.types.Object) -> bpy.types.Object:
    """A second, see-through body that plays the source motion where the rig plays the recommended one.

    Ordinary objects, so undo, save and load keep them; they cannot be selected and are not rendered. Raises MotionError.
    """
    if armature.agonist.source_action is None:
        raise MotionError(rpt("There is no original to show yet; press Predict first."))
    check_not_tweaked(armature)
    remove_ghost(armature)
    ghost = own_copy(armature)
    ghost.name = f"{armature.name} (original)"
    # The copy has the strips, the drivers and the unkeyed channels of the armature, and plays an action of its own.
    restore_posed(ghost)
    switch_action(ghost, armature.agonist.source_action)
    follow_itself(ghost, armature)
    things = [ghost]
    for skin in skins_of(armature):
        if "agonist_muscle" in skin:
            continue
        again = own_copy(skin)
        again.pop("agonist_mannequin", None)
        again.parent = ghost if skin.parent == armature else skin.parent
        for modifier in again.modifiers:
            if modifier.type == "ARMATURE" and modifier.object == armature:
                modifier.object = ghost
        things.append(again)
    for skin in things[1:]:
        # On what the modifiers make, so that neither the mesh, which it shares, nor a slot of the character changes.
        skin.modifiers.new("Ghost", "NODES").node_group = modifier_group(_NAME, _see_through)
    for thing in things:
        thing[_GHOST] = armature
        link_beside(thing, armature)
        thing.color, thing.hide_select, thing.hide_render = _COLOUR, True, True
        thing.display_type = "WIRE" if thing == ghost else "SOLID"
    return ghost


def remove_ghost(armature: bpy.types.Object) -> bool:
    """Take an armature's ghost away; whether it had one."""
    things = [thing for thing in bpy.data.objects if thing.get(_GHOST) == armature]
    for thing in things:
        bpy.data.objects.remove(thing)
    return bool(things)


def renew_ghost(armature: bpy.types.Object) -> None:
    """Let an armature's ghost, if it has one, play the motion that is the source by now."""
    ghost = ghost_of(armature)
    if ghost is not None and playing_action(ghost) != armature.agonist.source_action:
        show_ghost(armature)


def remove_left_ghosts() -> None:
    """Take away the ghosts whose armature was deleted.

    Each refers to its armature, which therefore outlives a deletion in no collection at all, and goes with the last of them.
    """
    deleted = set()
    for thing in [thing for thing in bpy.data.objects if is_ghost(thing) and thing.library is None]:
        armature = thing[_GHOST]
        if armature is None or not armature.users_collection:
            bpy.data.objects.remove(thing)
            deleted.add(armature)
    for armature in deleted - {None}:
        if not armature.users and armature.library is None:
            bpy.data.objects.remove(armature)


def _see_through(group: bpy.types.NodeTree) -> None:
    """Nodes that give a body the ghost's material, whatever its own are."""
    build = TreeBuilder(group)
    came, given, placed = (build.node(kind) for kind in ("NodeGroupInput", "GeometryNodeSetMaterial", "GeometryNodeSetPosition"))
    given.inputs["Material"].default_value = _material()
    build.link(came.outputs[0], given.inputs["Geometry"])
    box = build.node("GeometryNodeBoundBox")
    build.link(came.outputs[0], box.inputs["Geometry"])
    off = build.math("MULTIPLY", build.vector("DISTANCE", box.outputs["Min"], box.outputs["Max"]), _OFF)
    build.link(given.outputs[0], placed.inputs["Geometry"])
    build.link(build.vector("SCALE", build.node("GeometryNodeInputNormal").outputs[0], off), placed.inputs["Offset"])
    build.link(placed.outputs[0], build.node("NodeGroupOutput").inputs[0])


def _material() -> bpy.types.Material:
    """Pale blue light, most where the body turns away, so that the colours of muscles behind it stay what they are."""
    material = bpy.data.materials.new(_NAME)
    material.diffuse_color = _COLOUR
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    kinds = ("LayerWeight", "Math", "BsdfTransparent", "Emission", "MixShader")
    turned, share, through, light, mixed = (tree.nodes.new(f"ShaderNode{kind}") for kind in kinds)
    share.operation = "MULTIPLY_ADD"
    share.inputs[1].default_value, share.inputs[2].default_value = _RIM, _COLOUR[3] / 2
    light.inputs["Color"].default_value = (*_COLOUR[:3], 1.0)
    for source, target in (
        (turned.outputs["Facing"], share.inputs[0]), (share.outputs[0], mixed.inputs[0]), (through.outputs[0], mixed.inputs[1]),
        (light.outputs[0], mixed.inputs[2]), (mixed.outputs[0], node_of(tree, "ShaderNodeOutputMaterial").inputs["Surface"]),
    ):  # fmt: skip
        tree.links.new(source, target)
    material.surface_render_method = "BLENDED"
    # One layer of it, not front, back and all between.
    material.use_transparency_overlap = False
    return material
