"""Attach: muscle bellies and a mannequin on an armature, following its bones through an Armature modifier."""

from __future__ import annotations

import bpy
import numpy as np
from agonist.body.geometry import muscle_mesh
from agonist.humanoid import HumanoidMap, body_height_m, map_humanoid, rest_basis
from agonist.muscles import MuscleSet, muscle_set
from agonist.skeleton import Skeleton

from ..rig.frames import bone_names
from .heatmap import muscle_material

__all__ = ["add_mannequin", "add_muscles", "muscle_objects", "rest_skeleton"]

# Mannequin segments: joint it moves with, from, to, radius at both ends and in the middle, as fractions of body height.
_MANNEQUIN = (
    ("shoulder_{s}", "shoulder_{s}", "elbow_{s}", 0.026, 0.022, 0.025),
    ("elbow_{s}", "elbow_{s}", "wrist_{s}", 0.022, 0.014, 0.020),
    ("hip_{s}", "hip_{s}", "knee_{s}", 0.043, 0.028, 0.040),
    ("knee_{s}", "knee_{s}", "ankle_{s}", 0.029, 0.018, 0.029),
)


def rest_skeleton(armature: bpy.types.Object) -> Skeleton:
    """The armature's bones at rest in its own space. Raises SkeletonError."""
    names = bone_names(armature)
    bones = armature.data.bones
    index = {name: k for k, name in enumerate(names)}
    heads = np.array([np.array(bones[name].head_local) for name in names])
    parents = tuple(index[bones[name].parent.name] if bones[name].parent else -1 for name in names)
    offsets = heads - np.where(np.array(parents)[:, None] >= 0, heads[list(parents)], 0.0)
    return Skeleton(tuple(names), parents, offsets)


def muscle_objects(armature: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """The muscle objects on an armature by muscle name."""
    return {child["agonist_muscle"]: child for child in armature.children if "agonist_muscle" in child}


def add_muscles(armature: bpy.types.Object, muscles: MuscleSet | None = None) -> list[bpy.types.Object]:
    """Build the bellies of every muscle of a set; those already there are replaced. Raises SkeletonError for no humanoid."""
    muscles = muscles or muscle_set("mia8")
    skeleton = rest_skeleton(armature)
    hmap = map_humanoid(skeleton)
    for old in muscle_objects(armature).values():
        mesh = old.data
        bpy.data.objects.remove(old)
        bpy.data.meshes.remove(mesh)
    material = muscle_material()
    objects = []
    for muscle in muscles.muscles:
        shape = muscle_mesh(skeleton, hmap, muscle.name)
        thing = _mesh_object(muscle.label, shape.vertices, shape.faces.tolist(), armature)
        thing["agonist_muscle"] = muscle.name
        thing["activation"] = 0.0
        thing.id_properties_ui("activation").update(min=0.0, max=1.0, description="Share of the colour range, 0 yellow, 1 red")
        thing["activation_raw"] = 0.0
        for joint, weights in shape.weights.items():
            _weight(thing, joint, weights)
        thing.shape_key_add(name="Relaxed")
        flexed = thing.shape_key_add(name="Flexed")
        flexed.data.foreach_set("co", shape.flexed.astype(np.float32).ravel())
        driver = flexed.driver_add("value").driver
        driver.type = "AVERAGE"
        variable = driver.variables.new()
        variable.targets[0].id, variable.targets[0].data_path = thing, '["activation"]'
        thing.data.materials.append(material)
        objects.append(thing)
    return objects


def _mesh_object(name: str, vertices: np.ndarray, faces: list[list[int]], armature: bpy.types.Object) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices.tolist(), [], faces)
    mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    mesh.update()
    thing = bpy.data.objects.new(name, mesh)
    for collection in armature.users_collection or [bpy.context.scene.collection]:
        collection.objects.link(thing)
    thing.parent = armature
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    return thing


def _weight(thing: bpy.types.Object, joint: str, weights: np.ndarray) -> None:
    group = thing.vertex_groups.get(joint) or thing.vertex_groups.new(name=joint)
    for vertex in np.flatnonzero(weights > 1e-4):
        group.add([int(vertex)], float(weights[vertex]), "REPLACE")


def add_mannequin(armature: bpy.types.Object) -> bpy.types.Object:
    """A plain grey body, so that a picture of the muscles reads as a person. One object, rigidly weighted."""
    for child in armature.children:
        if "agonist_mannequin" in child:
            mesh = child.data
            bpy.data.objects.remove(child)
            bpy.data.meshes.remove(mesh)
    skeleton = rest_skeleton(armature)
    hmap = map_humanoid(skeleton)
    parts = _parts(skeleton, hmap)
    vertices, faces, owners = [], [], []
    for joint, points, quads in parts:
        faces += [[index + len(owners) for index in quad] for quad in quads]
        vertices.append(points)
        owners += [joint] * len(points)
    thing = _mesh_object("Mannequin", np.concatenate(vertices), faces, armature)
    thing["agonist_mannequin"] = True
    for joint in set(owners):
        _weight(thing, joint, np.array([float(owner == joint) for owner in owners]))
    thing.data.materials.append(_mannequin_material())
    thing.color = (0.55, 0.57, 0.60, 1.0)
    return thing


def _parts(skeleton: Skeleton, hmap: HumanoidMap) -> list[tuple[str, np.ndarray, list[list[int]]]]:
    rest, h = skeleton.rest_positions, body_height_m(skeleton, hmap)
    at = {name: rest[skeleton.index(joint)] for name, joint in hmap.joints.items()}
    left, forward, up = rest_basis(skeleton, hmap)
    hips, neck = (at["hip_l"] + at["hip_r"]) / 2, (at["shoulder_l"] + at["shoulder_r"]) / 2
    chest = hmap["chest"] if "chest" in hmap else hmap["pelvis"]
    spine = hmap["spine"] if "spine" in hmap else chest
    head = next(hmap[name] for name in ("head", "neck", "chest", "pelvis") if name in hmap)
    trunk = neck - hips
    parts = [
        (hmap["pelvis"], *_blob(hips + 0.06 * trunk, left, forward, up, (0.083, 0.060, 0.062), h)),
        (spine, *_blob(hips + 0.38 * trunk, left, forward, up, (0.070, 0.048, 0.085), h)),
        (chest, *_blob(hips + 0.74 * trunk, left, forward, up, (0.088, 0.058, 0.105), h)),
        (head, *_blob(neck + h * (0.085 * up + 0.012 * forward), left, forward, up, (0.030, 0.032, 0.060), h)),
        (head, *_blob(neck + h * (0.135 * up + 0.018 * forward), left, forward, up, (0.043, 0.054, 0.064), h)),
    ]
    for side, sign in (("l", 1.0), ("r", -1.0)):
        for joint, start, end, first, last, middle in _MANNEQUIN:
            names = (joint.format(s=side), start.format(s=side), end.format(s=side))
            parts.append((hmap[names[0]], *_limb(at[names[1]], at[names[2]], h * first, h * last, h * middle)))
        parts.append((hmap[f"shoulder_{side}"], *_blob(at[f"shoulder_{side}"], left, forward, up, (0.034, 0.032, 0.034), h)))
        bone = at[f"wrist_{side}"] - at[f"elbow_{side}"]
        bone /= np.linalg.norm(bone)
        across = np.cross(bone, forward)
        parts.append((hmap[f"wrist_{side}"], *_blob(at[f"wrist_{side}"] + 0.045 * h * bone, bone, forward, across, (0.050, 0.022, 0.012), h)))
        sole = at[f"ankle_{side}"] + h * (0.038 * forward - 0.022 * up)
        parts.append((hmap[f"ankle_{side}"], *_blob(sole, forward, sign * left, up, (0.077, 0.025, 0.020), h)))
    return parts


def _blob(center: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray, size: tuple[float, float, float], h: float):
    """An ellipsoid with half axes `size` times body height."""
    rings, sides = 12, 18
    theta = np.pi * (np.arange(rings) + 0.5) / rings
    phi = 2 * np.pi * np.arange(sides) / sides
    unit = np.stack([
        np.outer(np.sin(theta), np.cos(phi)), np.outer(np.sin(theta), np.sin(phi)), np.repeat(np.cos(theta)[:, None], sides, 1),
    ], axis=-1).reshape(-1, 3)  # fmt: skip
    axes = np.stack([axis * half * h for axis, half in zip((x, y, z), size, strict=True)])
    return center + unit @ axes, _grid_faces(rings, sides)


def _limb(start: np.ndarray, end: np.ndarray, first: float, last: float, middle: float):
    """A capsule from `start` to `end` whose radius swells in between."""
    rings, sides = 16, 18
    axis = end - start
    length = np.linalg.norm(axis)
    axis = axis / length
    side = np.cross(axis, [0.0, 1.0, 0.0] if abs(axis[1]) < 0.9 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    along = np.linspace(-first, length + last, rings)
    share = np.clip(along / length, 0, 1)
    radius = (1 - share) * first + share * last + 4 * share * (1 - share) * (middle - (first + last) / 2)
    cap = np.minimum(1, np.sqrt(np.maximum(1 - (np.where(along < 0, along / first, np.where(along > length, (along - length) / last, 0))) ** 2, 0.02)))
    phi = 2 * np.pi * np.arange(sides) / sides
    ring = np.cos(phi)[:, None] * side + np.sin(phi)[:, None] * other
    points = start + along[:, None, None] * axis + (radius * cap)[:, None, None] * ring[None]
    return points.reshape(-1, 3), _grid_faces(rings, sides)


def _grid_faces(rings: int, sides: int) -> list[list[int]]:
    faces = [
        [r * sides + s, (r + 1) * sides + s, (r + 1) * sides + (s + 1) % sides, r * sides + (s + 1) % sides]
        for r in range(rings - 1) for s in range(sides)
    ]  # fmt: skip
    return [*faces, list(range(sides)), [(rings - 1) * sides + s for s in reversed(range(sides))]]


def _mannequin_material() -> bpy.types.Material:
    name = "Agonist Mannequin"
    material = bpy.data.materials.get(name)
    if material is None:
        material = bpy.data.materials.new(name)
        material.use_nodes = True
        shader = material.node_tree.nodes["Principled BSDF"]
        shader.inputs["Base Color"].default_value = (0.32, 0.34, 0.38, 1)
        shader.inputs["Roughness"].default_value = 0.6
        material.diffuse_color = (0.55, 0.57, 0.60, 1.0)
    return material
