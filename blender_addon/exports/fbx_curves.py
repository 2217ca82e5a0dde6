"""Animated custom properties in a binary FBX: Blender's exporter writes none, Unreal and Unity read them from bones.

Layout after what Autodesk's own writers make of an animated user attribute: a property with the flags "A+U" on the model, an
AnimationCurveNode with one channel `d|NAME`, and its AnimationCurve, tied together under Connections. The file is read and
written by the modules of Blender's FBX add-on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

__all__ = ["add_property_curves"]

# FBX counts time in 1/46186158000 s up to version 7.7.
_TICKS_A_SECOND = 46186158000
_LINEAR = (1 << 2) | (1 << 8) | (1 << 13) | (1 << 14)
# How the adders of `encode_bin.FBXElem` are called for each type letter of `parse_fbx`.
_ADDERS = {
    "B": "bool", "C": "char", "Z": "int8", "Y": "int16", "I": "int32", "L": "int64", "F": "float32", "D": "float64", "R": "bytes",
    "S": "string", "i": "int32_array", "l": "int64_array", "f": "float32_array", "d": "float64_array", "b": "bool_array", "c": "byte_array",
}  # fmt: skip


def add_property_curves(path: Path, curves: Mapping[str, np.ndarray], fps: float) -> None:
    """Add each curve (T,) as an animated custom property of the topmost bone, its first value at the clip's first frame."""
    from io_scene_fbx import encode_bin, parse_fbx

    parsed, version = parse_fbx.parse(str(path))
    root = _editable(parsed)
    objects, connections = _child(root, b"Objects"), _child(root, b"Connections")
    bone = _topmost_bone(objects, connections)
    layer = next(elem for elem in objects.elems if elem.id == b"AnimationLayer")
    number = 1 + max(_number(elem) for elem in objects.elems)
    ticks = np.round(np.arange(len(next(iter(curves.values())))) / fps * _TICKS_A_SECOND).astype(np.int64)
    properties = _child(bone, b"Properties70")
    for name, values in curves.items():
        label = name.encode()
        _property(properties, label, float(values[0]), b"A+U")
        node = _object(objects, b"AnimationCurveNode", number, label + b"\x00\x01AnimCurveNode")
        _property(_new(node, b"Properties70"), b"d|" + label, float(values[0]), b"A")
        curve = _object(objects, b"AnimationCurve", number + 1, b"\x00\x01AnimCurve")
        _new(curve, b"Default").add_float64(float(values[0]))
        _new(curve, b"KeyVer").add_int32(4008)
        _new(curve, b"KeyTime").add_int64_array(ticks)
        _new(curve, b"KeyValueFloat").add_float32_array(values.astype(np.float32))
        _new(curve, b"KeyAttrFlags").add_int32_array(np.array([_LINEAR], dtype=np.int32))
        _new(curve, b"KeyAttrDataFloat").add_float32_array(np.zeros(4, dtype=np.float32))
        _new(curve, b"KeyAttrRefCount").add_int32_array(np.array([len(ticks)], dtype=np.int32))
        _connect(connections, number, _number(layer))
        _connect(connections, number, _number(bone), label)
        _connect(connections, number + 1, number, b"d|" + label)
        number += 2
    _count(root, {b"AnimationCurveNode": len(curves), b"AnimationCurve": len(curves)})
    encode_bin.write(str(path), root, version)


def _editable(elem: object) -> object:
    """A parsed element as one that can be written."""
    from io_scene_fbx import encode_bin

    written = encode_bin.FBXElem(elem.id)
    for value, kind in zip(elem.props, elem.props_type, strict=True):
        getattr(written, f"add_{_ADDERS[chr(kind)]}")(value)
    written.elems = [_editable(child) for child in elem.elems]
    return written


def _new(parent: object, name: bytes) -> object:
    from io_scene_fbx import encode_bin

    elem = encode_bin.FBXElem(name)
    parent.elems.append(elem)
    return elem


def _object(objects: object, kind: bytes, number: int, name: bytes) -> object:
    elem = _new(objects, kind)
    elem.add_int64(number)
    elem.add_string(name)
    elem.add_string(b"")
    return elem


def _property(properties: object, name: bytes, value: float, flags: bytes) -> None:
    elem = _new(properties, b"P")
    for text in (name, b"Number", b"", flags):
        elem.add_string(text)
    elem.add_float64(value)


def _connect(connections: object, source: int, target: int, prop: bytes = b"") -> None:
    elem = _new(connections, b"C")
    elem.add_string(b"OP" if prop else b"OO")
    elem.add_int64(source)
    elem.add_int64(target)
    if prop:
        elem.add_string(prop)


def _child(elem: object, name: bytes) -> object:
    return next(child for child in elem.elems if child.id == name)


def _number(elem: object) -> int:
    """Of an object; an encoded property is little-endian bytes."""
    return int.from_bytes(elem.props[0], "little", signed=True)


def _text(elem: object, index: int) -> bytes:
    """A string property without the four bytes of its length."""
    return elem.props[index][4:]


def _topmost_bone(objects: object, connections: object) -> object:
    bones = {_number(elem): elem for elem in objects.elems if elem.id == b"Model" and _text(elem, 2) == b"LimbNode"}
    below = {int.from_bytes(elem.props[1], "little", signed=True) for elem in _links(connections, set(bones))}
    return next(elem for number, elem in bones.items() if number not in below)


def _links(connections: object, among: set[int]) -> Iterator[object]:
    """Connections whose two ends both are `among`."""
    for elem in connections.elems:
        if all(int.from_bytes(elem.props[k], "little", signed=True) in among for k in (1, 2)):
            yield elem


def _count(root: object, more: Mapping[bytes, int]) -> None:
    """Raise the counts under Definitions, which some readers reserve memory by."""
    for kind in _child(root, b"Definitions").elems:
        added = more.get(_text(kind, 0), 0) if kind.id == b"ObjectType" else 0
        if added:
            total = _child(kind, b"Count")
            before = int.from_bytes(total.props[0], "little", signed=True)
            total.props[0] = (before + added).to_bytes(4, "little", signed=True)
