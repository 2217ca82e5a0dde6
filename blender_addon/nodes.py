"""Node trees: nodes found by what they are (Blender names new ones in the user's language, if that is wished), groups for modifiers."""

from __future__ import annotations

from collections.abc import Callable

import bpy

__all__ = ["TreeBuilder", "modifier_group", "node_of"]


def node_of(tree: bpy.types.NodeTree, kind: str) -> bpy.types.Node:
    """The first node of a kind ("ShaderNodeBackground"), made if a tree has none."""
    return next((node for node in tree.nodes if node.bl_idname == kind), None) or tree.nodes.new(kind)


def modifier_group(name: str, fill: Callable[[bpy.types.NodeTree], None]) -> bpy.types.NodeTree:
    """The node group of that name, geometry in and out, for modifiers; `fill` makes its nodes where the file has none yet."""
    # One that came with a linked character is not this file's.
    group = bpy.data.node_groups.get((name, None))
    if group is None:
        group = bpy.data.node_groups.new(name, "GeometryNodeTree")
        group.is_modifier = True
        for in_out in ("INPUT", "OUTPUT"):
            group.interface.new_socket("Geometry", in_out=in_out, socket_type="NodeSocketGeometry")
        fill(group)
    return group


class TreeBuilder:
    """Writes a node tree as expressions."""

    def __init__(self, tree: bpy.types.NodeTree) -> None:
        self.tree = tree
        self.named_nodes: dict[str, bpy.types.NodeSocket] = {}

    def node(self, kind: str, **settings: str) -> bpy.types.Node:
        node = self.tree.nodes.new(kind)
        node.location.x = 180 * len(self.tree.nodes)
        for key, value in settings.items():
            setattr(node, key, value)
        return node

    def link(self, source: bpy.types.NodeSocket, target: bpy.types.NodeSocket) -> None:
        self.tree.links.new(source, target)

    def _fed(self, node: bpy.types.Node, *values: object) -> bpy.types.Node:
        sockets = [socket for socket in node.inputs if socket.enabled]
        for socket, value in zip(sockets, values, strict=False):
            if isinstance(value, bpy.types.NodeSocket):
                self.link(value, socket)
            else:
                socket.default_value = value
        return node

    def named(self, name: str, kind: str) -> bpy.types.NodeSocket:
        if name not in self.named_nodes:
            node = self._fed(self.node("GeometryNodeInputNamedAttribute", data_type=kind), name)
            self.named_nodes[name] = _out(node)
        return self.named_nodes[name]

    def vector(self, operation: str, *values: object) -> bpy.types.NodeSocket:
        return _out(self._fed(self.node("ShaderNodeVectorMath", operation=operation), *values))

    def mixed(self, share: bpy.types.NodeSocket, first: bpy.types.NodeSocket, second: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
        """A vector on the way from the first to the second, or beyond it."""
        node = self.node("ShaderNodeMix", data_type="VECTOR")
        node.clamp_factor = False
        return _out(self._fed(node, share, first, second))

    def mapped(self, value: bpy.types.NodeSocket, source: tuple[float, float], target: tuple[float, float]) -> bpy.types.NodeSocket:
        """A value, held inside the source's range, at the same place of the target's."""
        return _out(self._fed(self.node("ShaderNodeMapRange"), value, *source, *target))

    def math(self, operation: str, *values: object) -> bpy.types.NodeSocket:
        return _out(self._fed(self.node("ShaderNodeMath", operation=operation), *values))

    def at(self, value: bpy.types.NodeSocket, index: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
        """The value of another vertex."""
        node = self.node("GeometryNodeFieldAtIndex", data_type="FLOAT_VECTOR", domain="POINT")
        self.link(index, node.inputs["Index"])
        self.link(value, next(socket for socket in node.inputs if socket.enabled and socket.name == "Value"))
        return _out(node)

    def total(self, value: bpy.types.NodeSocket, group: bpy.types.NodeSocket) -> bpy.types.NodeSocket:
        """The sum of a value over all vertices of a group."""
        node = self.node("GeometryNodeAccumulateField", data_type="FLOAT", domain="POINT")
        self.link(value, next(socket for socket in node.inputs if socket.enabled and socket.name == "Value"))
        self.link(group, next(socket for socket in node.inputs if socket.enabled and socket.name.startswith("Group")))
        return next(socket for socket in node.outputs if socket.enabled and socket.name == "Total")


def _out(node: bpy.types.Node) -> bpy.types.NodeSocket:
    return next(socket for socket in node.outputs if socket.enabled)
