"""Node trees: nodes found by what they are (Blender names new ones in the user's language, if that is wished), groups for modifiers."""

from __future__ import annotations

from collections.abc import Callable

import bpy

__all__ = ["modifier_group", "node_of"]


def node_of(tree: bpy.types.NodeTree, kind: str) -> bpy.types.Node:
    """The first node of a kind ("ShaderNodeBackground"), made if a tree has none."""
    return next((node for node in tree.nodes if node.bl_idname == kind), None) or tree.nodes.new(kind)


def modifier_group(name: str, fill: Callable[[bpy.types.NodeTree], None]) -> bpy.types.NodeTree:
    """The node group of that name, geometry in and out, for modifiers; `fill` makes its nodes where the file has none yet."""
    group = bpy.data.node_groups.get(name)
    if group is None:
        group = bpy.data.node_groups.new(name, "GeometryNodeTree")
        group.is_modifier = True
        for in_out in ("INPUT", "OUTPUT"):
            group.interface.new_socket("Geometry", in_out=in_out, socket_type="NodeSocketGeometry")
        fill(group)
    return group
