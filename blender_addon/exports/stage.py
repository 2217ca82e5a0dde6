"""Stage: a Take as an armature of its own in a scene of its own, so that exporters see exactly what the file shall hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix

from agonist.errors import WorkError

from ..compat import assign_action, ensure_fcurve
from ..curve_keys import write_keys
from ..muscles.shapes import add_weights
from ..muscles.skin import remove_glow
from ..rig.hung import bone_of, rigid_parts, unposed
from ..rig.rate import set_scene_rate
from ..translate import rpt
from .mixamo import mixamo_names
from .presets import Preset
from .take import Take

__all__ = ["CURVE_PREFIX", "Staged", "activation_curves", "renaming_of", "skins_of", "staged"]

# Name of a muscle's curve in a file.
CURVE_PREFIX = "activation_"


@dataclass(frozen=True)
class Staged:
    """What is on the stage: the scene, the armature with its action, and all objects that belong to the file."""

    scene: bpy.types.Scene
    armature: bpy.types.Object
    objects: tuple[bpy.types.Object, ...]


def activation_curves(take: Take) -> dict[str, np.ndarray]:
    """Curve name -> (T,) of the take's muscles; empty if it has none."""
    if take.activation is None:
        return {}
    return {f"{CURVE_PREFIX}{name}": take.activation.column(name) for name in take.activation.muscles.names}


def skins_of(armature: bpy.types.Object) -> list[bpy.types.Object]:
    """The meshes of the scene that the armature deforms."""
    return [
        thing
        for thing in bpy.context.scene.objects
        if thing.type == "MESH" and any(one.type == "ARMATURE" and one.object == armature for one in thing.modifiers)
    ]


@contextmanager
def staged(take: Take, preset: Preset, armature: bpy.types.Object, *, meshes: bool, carrier: bool) -> Iterator[Staged]:
    """Stage a take of `armature` and make its scene the window's; everything is gone again afterwards. Raises WorkError without a window.

    Args:
        take: what the armature does.
        preset: units and names.
        armature: whose bones, custom shapes and meshes are copied; it is not touched.
        meshes: whether the meshes come along that it deforms, or that hang on its bones.
        carrier: whether a point-like mesh with one shape key a muscle carries the activation.
    """
    window = bpy.context.window
    if window is None:
        raise WorkError(rpt(
            "Armature '{name}' could not be exported: {preset} needs a window. BVH does not.", name=armature.name, preset=rpt(preset.label)
        ))  # fmt: skip
    former, layer = window.scene, window.view_layer
    before = {kind: set(getattr(bpy.data, kind)) for kind in ("objects", "meshes", "armatures", "actions", "shape_keys")}
    skins = [*skins_of(armature), *rigid_parts(armature)] if meshes else []
    renamed: list[tuple[bpy.types.Object, str]] = []
    scene = bpy.data.scenes.new(take.name[:60])
    try:
        window.scene = scene
        set_scene_rate(scene, take.fps)
        first = _first_frame(preset)
        scene.frame_start, scene.frame_end = first, first + len(take) - 1
        scene.unit_settings.system, scene.unit_settings.scale_length = "METRIC", preset.unit_m if preset.format == "fbx" else 1.0
        renaming = renaming_of(take, preset)
        copy = _armature(take, preset, armature, scene, renaming)
        things = [copy, *(_skin(skin, armature, copy, take, preset.unit_m, scene, renaming) for skin in skins)]
        names = [preset.armature or armature.name, *(skin.name for skin in skins)]
        if carrier and take.activation is not None:
            things.append(_carrier(take, copy, scene))
            names.append("Activation")
        for thing, name in zip(things, names, strict=True):
            _take_name(thing, name, renamed)
        yield Staged(scene, copy, tuple(things))
    finally:
        window.scene = former
        # Blender would go on with the scene's first one.
        window.view_layer = layer
        bpy.data.scenes.remove(scene)
        for kind in ("objects", "meshes", "armatures", "actions"):
            for block in set(getattr(bpy.data, kind)) - before[kind]:
                getattr(bpy.data, kind).remove(block)
        for thing, name in renamed:
            thing.name = name


def _first_frame(preset: Preset) -> int:
    """The frame that a file begins with: FBX counts seconds from frame 0, where engines and the muscles' curves begin."""
    return 0 if preset.format == "fbx" else 1


def _take_name(thing: bpy.types.Object, name: str, renamed: list[tuple[bpy.types.Object, str]]) -> None:
    """Give an object a name that another one may have, which waits under a different one meanwhile."""
    other = next((one for one in bpy.data.objects if one.name == name and one.library is None and one != thing), None)
    if other is not None:
        renamed.append((other, name))
        other.name = f"{name} (waiting)"
    thing.name = name


def renaming_of(take: Take, preset: Preset) -> dict[str, str]:
    """Bone -> its name in the file, where that is another."""
    above = {name: take.names[parent] if parent >= 0 else "" for name, parent in zip(take.names, take.parents, strict=True)}
    return mixamo_names(take.joints, above) if preset.bones == "mixamo" else {}


def _armature(
    take: Take, preset: Preset, source: bpy.types.Object, scene: bpy.types.Scene, renaming: Mapping[str, str]
) -> bpy.types.Object:
    """The take's bones at its rest, keyed; constraints, drivers and the source's own action stay behind."""
    data = source.data.copy()
    data.animation_data_clear()
    data.pose_position = "POSE"
    data.name = preset.armature or source.data.name
    copy = bpy.data.objects.new("take", data)
    scene.collection.objects.link(copy)
    scene.view_layers[0].objects.active = copy
    copy.select_set(True)
    rest = take.rest.copy()
    rest[:, :3, 3] /= preset.unit_m
    bpy.ops.object.mode_set(mode="EDIT")
    size = np.linalg.norm(take.placed[:3, 0]) / preset.unit_m
    for bone in list(data.edit_bones):
        bone.use_connect = False
        if bone.name not in take.names:
            data.edit_bones.remove(bone)
    for name, parent, matrix in zip(take.names, take.parents, rest, strict=True):
        bone = data.edit_bones.get(name)
        if bone is None:
            bone = data.edit_bones.new(name)
            bone.head, bone.tail = (0, 0, 0), (0, 0.1 / preset.unit_m, 0)
        else:
            bone.length *= size
        bone.matrix = Matrix(matrix)
        bone.parent = data.edit_bones[take.names[parent]] if parent >= 0 else None
        bone.use_local_location, bone.use_inherit_rotation, bone.inherit_scale = True, True, "FULL"
    bpy.ops.object.mode_set(mode="OBJECT")
    for name, new in renaming.items():
        data.bones[name].name = new
    _key(copy, take, [renaming.get(name, name) for name in take.names], preset)
    return copy


def _key(copy: bpy.types.Object, take: Take, names: list[str], preset: Preset) -> None:
    action = bpy.data.actions.new(take.name)
    assign_action(copy, action)
    frames = _first_frame(preset) + np.arange(len(take), dtype=np.float32)
    for bone, name in enumerate(names):
        stem = f'pose.bones["{bpy.utils.escape_identifier(name)}"].'
        for prop, values, rest in (
            ("location", take.location[:, bone] / preset.unit_m, 0.0), ("rotation_quaternion", take.rotation[:, bone], None),
            ("scale", take.scale[:, bone], 1.0),
        ):  # fmt: skip
            if rest is None or np.abs(values - rest).max() > 1e-6:
                for channel in range(values.shape[1]):
                    write_keys(ensure_fcurve(copy, action, stem + prop, channel, name), frames, values[:, channel])


def _skin(
    skin: bpy.types.Object, source: bpy.types.Object, copy: bpy.types.Object, take: Take, unit_m: float, scene: bpy.types.Scene,
    renaming: Mapping[str, str],
) -> bpy.types.Object:  # fmt: skip
    """A mesh at its place when the armature rests, with its own materials, deformed by the copy alone; also one that hangs on a bone."""
    again = skin.copy()
    again.data = skin.data.copy()
    again.animation_data_clear()
    # What shows the muscles in Blender means nothing to an engine.
    remove_glow(again)
    # The armature may stand elsewhere now than at the first frame, where the bones of the take rest.
    in_armature = source.matrix_world.inverted() @ unposed(skin, source)
    again.data.transform(Matrix.Scale(1 / unit_m, 4) @ Matrix(take.placed) @ in_armature, shape_keys=True)
    bone = bone_of(skin, source)
    if bone is not None and bone.name in take.names:
        add_weights(again, {bone.name: np.ones(len(again.data.vertices))}, copy)
    again.parent, again.parent_type, again.matrix_world = copy, "OBJECT", Matrix.Identity(4)
    again.matrix_parent_inverse = Matrix.Identity(4)
    for modifier in list(again.modifiers):
        if modifier.type == "ARMATURE" and modifier.object == source:
            modifier.object = copy
        elif modifier.type == "NODES":
            # Constant Volume measures metres at rest, and no engine runs nodes.
            again.modifiers.remove(modifier)
    # Names of groups and of bones are what ties a mesh to an armature.
    for group in again.vertex_groups:
        group.name = renaming.get(group.name, group.name)
    scene.collection.objects.link(again)
    return again


def _carrier(take: Take, copy: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Object:
    """A triangle too small to see, whose shape keys are the muscles: blend shapes are what readers of glTF and USD animate."""
    mesh = bpy.data.meshes.new("Activation")
    mesh.from_pydata([(0, 0, 0), (1e-5, 0, 0), (0, 1e-5, 0)], [], [(0, 1, 2)])
    thing = bpy.data.objects.new("Activation", mesh)
    scene.collection.objects.link(thing)
    thing.parent = copy
    thing.shape_key_add(name="Basis")
    keys = mesh.shape_keys
    action = bpy.data.actions.new(f"{take.name} | activation")
    # Formats with blend shapes begin at Blender's first frame.
    frames = 1 + np.arange(len(take), dtype=np.float32)
    curves = activation_curves(take)
    for name in curves:
        key = thing.shape_key_add(name=name)
        key.data[0].co.z = 1e-5
    assign_action(keys, action)
    for name, values in curves.items():
        write_keys(ensure_fcurve(keys, action, f'key_blocks["{name}"].value'), frames, values)
    return thing
