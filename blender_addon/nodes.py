"""Shader nodes found by what they are: Blender names new ones in the user's language, where that is wished for new data."""

from __future__ import annotations

import bpy

__all__ = ["node_of"]


def node_of(tree: bpy.types.NodeTree, kind: str) -> bpy.types.Node:
    """The first node of a kind ("ShaderNodeBackground"), made if a tree has none."""
    return next((node for node in tree.nodes if node.bl_idname == kind), None) or tree.nodes.new(kind)
