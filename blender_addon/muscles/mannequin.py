"""Mannequin: a plain grey body on any humanoid armature, so that a picture of muscles reads as a person.

Balls and tapered limbs are melted into one skin by Blender's voxel remesher; each vertex follows the bone it lies on and,
near a joint, the next one. Radii are fractions of body height, ours, placed by eye under the muscles of
`agonist/body/attachments.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from agonist.body.geometry import trunk_weights
from agonist.humanoid import HumanoidMap, body_height_m, rest_basis
from agonist.skeleton import Skeleton

from ..nodes import node_of
from ..rig.bones import humanoid_of, rig_of, rig_skeleton
from .shapes import mesh_object, remove_object

__all__ = ["add_mannequin", "mannequin_of"]

_KEY = "agonist_mannequin"
# The torso: share of the way from hips to shoulders, half width, half depth, how far forward.
_TORSO = (
    (-0.14, 0.058, 0.044, 0.000), (0.00, 0.078, 0.052, 0.000), (0.14, 0.076, 0.050, 0.003), (0.34, 0.068, 0.046, 0.006),
    (0.55, 0.075, 0.050, 0.004), (0.74, 0.085, 0.057, 0.000), (0.88, 0.082, 0.054, -0.002), (1.00, 0.062, 0.042, -0.004),
)  # fmt: skip
# Side of a voxel and how often the skin is smoothed [ours].
_VOXEL, _SMOOTHINGS = 0.0065, 6
# How far from a joint, in radii of the limb, two bones share a vertex [ours].
_BLEND = 0.9


@dataclass(frozen=True, eq=False)
class _Lump:
    """An ellipsoid: middle, three perpendicular half axes (3, 3), and the bone it belongs to."""

    bone: str
    middle: np.ndarray
    axes: np.ndarray


@dataclass(frozen=True, eq=False)
class _Bone:
    """A bone's line with the radius at both ends, for lumps and for weights; `above` is the bone before it in the limb."""

    bone: str
    start: np.ndarray
    end: np.ndarray
    first: float
    last: float
    above: str


def mannequin_of(armature: bpy.types.Object) -> bpy.types.Object | None:
    """The armature's mannequin, if it has one."""
    return next((child for child in armature.children if _KEY in child), None)


def add_mannequin(armature: bpy.types.Object) -> bpy.types.Object:
    """Build the body; one already there is replaced. Raises SkeletonError for no humanoid."""
    rig = rig_of(armature)
    body = _Body(rig_skeleton(armature, rig, skin=True), humanoid_of(rig, skin=True))
    before = mannequin_of(armature)
    if before is not None:
        remove_object(before)
    vertices, faces, weights = [], [], []
    total = 0
    for lumps, region in body.regions():
        points, quads = _melted(lumps, _VOXEL * body.height)
        vertices.append(points)
        faces += [[corner + total for corner in quad] for quad in quads]
        weights.append(body.weights(points, region))
        total += len(points)
    names = dict.fromkeys(name for part in weights for name in part)
    merged = {
        name: np.concatenate([part.get(name, np.zeros(len(points))) for part, points in zip(weights, vertices, strict=True)])
        for name in names
    }
    thing = mesh_object("Mannequin", np.concatenate(vertices), faces, merged, armature)
    thing[_KEY] = True
    thing.data.materials.append(_material())
    thing.color = (0.52, 0.54, 0.58, 1.0)
    return thing


class _Body:
    """Where the parts of a body lie on a skeleton at rest."""

    def __init__(self, skeleton: Skeleton, hmap: HumanoidMap) -> None:
        self.skeleton, self.hmap = skeleton, hmap
        self.height = body_height_m(skeleton, hmap)
        self.left, self.forward, self.up = rest_basis(skeleton, hmap)
        rest = skeleton.rest_positions
        self.at = {name: rest[skeleton.index(joint)] for name, joint in hmap.joints.items()}
        self.hips = (self.at["hip_l"] + self.at["hip_r"]) / 2
        self.shoulders = (self.at["shoulder_l"] + self.at["shoulder_r"]) / 2
        self.head = next(hmap[name] for name in ("head", "neck", "chest", "pelvis") if name in hmap)
        self.chest = hmap["chest"] if "chest" in hmap else hmap["pelvis"]
        self.pelvis = hmap["pelvis"]

    def regions(self) -> list[tuple[list[_Lump], str]]:
        """Lumps that melt into one skin: arms apart, for they may hang against the trunk at rest."""
        core = [*self._trunk(), *self._head(), *self._leg("l"), *self._leg("r")]
        return [(core, "core"), (self._arm("l"), "arm_l"), (self._arm("r"), "arm_r")]

    def _ball(self, bone: str, middle: np.ndarray, size: tuple[float, float, float], frame: np.ndarray | None = None) -> _Lump:
        """`size` half axes in body heights, along left, forward and up or the rows of `frame`."""
        frame = np.stack([self.left, self.forward, self.up]) if frame is None else frame
        return _Lump(bone, middle, frame * (np.array(size) * self.height)[:, None])

    def _rod(self, bone: str, start: np.ndarray, end: np.ndarray, radii: tuple[float, ...], aside: np.ndarray | None = None) -> list[_Lump]:
        """A row of balls from start to end whose radii follow `radii`, moved `aside` (metres) in the middle."""
        shares = np.linspace(0, 1, 14)
        radius = np.interp(shares, np.linspace(0, 1, len(radii)), radii)
        shift = np.zeros(3) if aside is None else aside
        return [
            self._ball(bone, start + s * (end - start) + 4 * s * (1 - s) * shift, (r, r, r)) for s, r in zip(shares, radius, strict=True)
        ]

    def _trunk(self) -> list[_Lump]:
        h, rise = self.height, self.shoulders - self.hips
        shares = np.linspace(_TORSO[0][0], _TORSO[-1][0], 26)
        wide, deep, ahead = (np.interp(shares, [row[0] for row in _TORSO], [row[k] for row in _TORSO]) for k in (1, 2, 3))

        def on(share: float, left: float = 0.0, forward: float = 0.0) -> np.ndarray:
            return self.hips + share * rise + h * (left * self.left + forward * self.forward)

        lumps = [
            self._ball(self.pelvis, on(share, 0.0, shift), (half, depth, 0.030))
            for share, half, depth, shift in zip(shares, wide, deep, ahead, strict=True)
        ]
        for side, sign in (("l", 1.0), ("r", -1.0)):
            shoulder = self.at[f"shoulder_{side}"]
            lumps += [
                self._ball(self.pelvis, on(-0.10, 0.038 * sign, -0.032), (0.038, 0.036, 0.046)),  # gluteus
                self._ball(self.chest, on(0.82, 0.038 * sign, 0.036), (0.044, 0.019, 0.027)),  # pectoralis
                self._ball(self.chest, on(0.82, 0.042 * sign, -0.034), (0.030, 0.020, 0.044)),  # shoulder blade
                self._ball(self.chest, shoulder - 0.012 * h * self.left * sign - 0.004 * h * self.up, (0.036, 0.034, 0.032)),
            ]
            # Trapezius, from the neck to the shoulder.
            lumps += self._rod(self.chest, on(1.14, 0.010 * sign, -0.014), shoulder + 0.010 * h * self.up, (0.026, 0.024, 0.024, 0.025))
        return lumps

    def _head(self) -> list[_Lump]:
        h, neck = self.height, self.shoulders
        middle = neck + h * (0.122 * self.up + 0.010 * self.forward)
        return [
            *self._rod(self.head, neck + 0.01 * h * self.up, neck + h * (0.085 * self.up + 0.006 * self.forward), (0.038, 0.031, 0.031)),
            self._ball(self.head, middle + h * 0.014 * self.up, (0.043, 0.053, 0.046)),
            self._ball(self.head, middle + h * (0.014 * self.forward - 0.022 * self.up), (0.036, 0.038, 0.036)),
            self._ball(self.head, middle + h * (0.034 * self.forward - 0.046 * self.up), (0.021, 0.018, 0.013)),  # chin
            self._ball(self.head, middle + h * (0.053 * self.forward - 0.012 * self.up), (0.008, 0.010, 0.013)),  # nose
        ]

    def _leg(self, side: str) -> list[_Lump]:
        h, joint = self.height, self.hmap
        hip, knee, ankle = (self.at[f"{part}_{side}"] for part in ("hip", "knee", "ankle"))
        toward = self.forward - self._along(knee, ankle) * (self.forward @ self._along(knee, ankle))
        outward = self.left if side == "l" else -self.left
        calf = knee + 0.27 * (ankle - knee) - 0.018 * h * toward
        foot = joint[f"ankle_{side}"]
        sole = ankle - 0.020 * h * self.up
        frame = np.stack([outward, self.forward, self.up])
        return [
            *self._rod(joint[f"hip_{side}"], hip, knee, (0.042, 0.047, 0.044, 0.037, 0.030)),
            *self._rod(joint[f"knee_{side}"], knee, ankle, (0.029, 0.031, 0.027, 0.020, 0.018)),
            self._ball(joint[f"hip_{side}"], knee + 0.010 * h * toward, (0.025, 0.026, 0.026)),
            self._ball(joint[f"knee_{side}"], calf, (0.033, 0.027, 0.056)),
            self._ball(foot, sole - 0.018 * h * self.forward, (0.020, 0.024, 0.018), frame),
            self._ball(foot, sole + 0.022 * h * self.forward + 0.002 * h * self.up, (0.022, 0.044, 0.017), frame),
            self._ball(foot, sole + h * (0.062 * self.forward - 0.006 * self.up), (0.027, 0.038, 0.012), frame),
            self._ball(foot, sole + h * (0.090 * self.forward - 0.008 * self.up), (0.025, 0.022, 0.009), frame),
        ]

    def _arm(self, side: str) -> list[_Lump]:
        h, joint = self.height, self.hmap
        shoulder, elbow, wrist = (self.at[f"{part}_{side}"] for part in ("shoulder", "elbow", "wrist"))
        axis = self._along(elbow, wrist)
        across = self.forward - (self.forward @ axis) * axis
        across = across / np.linalg.norm(across) if np.linalg.norm(across) > 0.2 else self.up
        flat = np.cross(axis, across)
        frame = np.stack([across, axis, flat])
        upper = self._along(shoulder, elbow)
        upper_frame = np.stack([np.cross(upper, flat), upper, flat])
        hand, arm = joint[f"wrist_{side}"], joint[f"shoulder_{side}"]
        return [
            *self._rod(arm, shoulder, elbow, (0.033, 0.029, 0.024, 0.023, 0.021)),
            self._ball(arm, shoulder + 0.20 * (elbow - shoulder), (0.033, 0.058, 0.035), upper_frame),
            *self._rod(joint[f"elbow_{side}"], elbow, wrist, (0.021, 0.025, 0.022, 0.017, 0.014)),
            self._ball(hand, wrist + 0.034 * h * axis, (0.023, 0.030, 0.012), frame),
            self._ball(hand, wrist + 0.075 * h * axis, (0.021, 0.030, 0.009), frame),
            self._ball(hand, wrist + h * (0.040 * axis + 0.026 * across), (0.009, 0.024, 0.009), frame),
        ]

    @staticmethod
    def _along(start: np.ndarray, end: np.ndarray) -> np.ndarray:
        return (end - start) / max(float(np.linalg.norm(end - start)), 1e-9)

    def _bones(self, region: str) -> list[_Bone]:
        h, joint, at = self.height, self.hmap, self.at
        if region != "core":
            side = region[-1]
            hand = at[f"wrist_{side}"] + 0.1 * h * self._along(at[f"elbow_{side}"], at[f"wrist_{side}"])
            chain = [
                ("shoulder", at[f"shoulder_{side}"], 0.030),
                ("elbow", at[f"elbow_{side}"], 0.021),
                ("wrist", at[f"wrist_{side}"], 0.014),
            ]
            return self._chain(chain, hand, side, joint[f"shoulder_{side}"])
        crown = self.shoulders + 0.17 * h * self.up
        bones = [
            _Bone("", self.hips - 0.04 * h * self.up, self.shoulders, 0.070 * h, 0.070 * h, ""),
            _Bone(self.head, self.shoulders + 0.035 * h * self.up, crown, 0.032 * h, 0.045 * h, ""),
        ]
        for side in "lr":
            toes = at[f"ankle_{side}"] + h * (0.10 * self.forward - 0.03 * self.up)
            chain = [("hip", at[f"hip_{side}"], 0.047), ("knee", at[f"knee_{side}"], 0.029), ("ankle", at[f"ankle_{side}"], 0.017)]
            bones += self._chain(chain, toes, side, "")
        return [bone for bone in bones if bone.bone in joint.joints.values() or not bone.bone]

    def _chain(self, chain: list[tuple[str, np.ndarray, float]], tip: np.ndarray, side: str, above: str) -> list[_Bone]:
        bones = []
        for k, (part, start, radius) in enumerate(chain):
            end, last = (chain[k + 1][1], chain[k + 1][2]) if k + 1 < len(chain) else (tip, 0.014)
            bone = self.hmap[f"{part}_{side}"]
            bones.append(_Bone(bone, start, end, radius * self.height, last * self.height, above))
            above = bone
        return bones

    def weights(self, points: np.ndarray, region: str) -> dict[str, np.ndarray]:
        """Bone -> (N,): each point follows the bone nearest to it and, near its ends, the bones above and below."""
        bones = self._bones(region)
        gaps = np.stack([_gap(points, bone) for bone in bones], axis=1)
        nearest = gaps.argmin(axis=1)
        raw = np.zeros_like(gaps)
        for k, bone in enumerate(bones):
            reach = _BLEND * max(bone.first, 0.02 * self.height)
            for other, neighbour in enumerate(bones):
                related = other == k or neighbour.above == bone.bone or bone.above == neighbour.bone
                if related:
                    here = nearest == k
                    raw[here, other] = np.clip(1 - (gaps[here, other] - gaps[here, k]) / reach, 0, 1) ** 2
        raw /= raw.sum(axis=1, keepdims=True)
        result: dict[str, np.ndarray] = {}
        for k, bone in enumerate(bones):
            # The trunk's share is handed to pelvis, spine and chest by height.
            parts = {bone.bone: np.ones(len(points))} if bone.bone else trunk_weights(self.skeleton, self.hmap, points)
            for name, share in parts.items():
                result[name] = result.get(name, np.zeros(len(points))) + raw[:, k] * share
        return result


def _gap(points: np.ndarray, bone: _Bone) -> np.ndarray:
    """(N,) metres from the surface of a tapered capsule."""
    axis = bone.end - bone.start
    share = np.clip((points - bone.start) @ axis / max(float(axis @ axis), 1e-12), 0, 1)
    return np.linalg.norm(points - bone.start - share[:, None] * axis, axis=1) - ((1 - share) * bone.first + share * bone.last)


def _melted(lumps: list[_Lump], voxel: float) -> tuple[np.ndarray, list[list[int]]]:
    """One skin around all lumps."""
    ball, quads = _unit_ball()
    vertices = np.concatenate([lump.middle + ball @ lump.axes for lump in lumps])
    faces = [[corner + k * len(ball) for corner in quad] for k in range(len(lumps)) for quad in quads]
    mesh = bpy.data.meshes.new("Agonist Skin")
    mesh.from_pydata(vertices.tolist(), [], faces)
    thing = bpy.data.objects.new("Agonist Skin", mesh)
    bpy.context.scene.collection.objects.link(thing)
    try:
        remesh = thing.modifiers.new("Remesh", "REMESH")
        remesh.mode, remesh.voxel_size = "VOXEL", voxel
        smooth = thing.modifiers.new("Smooth", "SMOOTH")
        smooth.factor, smooth.iterations = 0.5, _SMOOTHINGS
        graph = bpy.context.evaluated_depsgraph_get()
        skin = thing.evaluated_get(graph).to_mesh()
        points = np.empty(3 * len(skin.vertices), dtype=np.float32)
        skin.vertices.foreach_get("co", points)
        polygons = [list(polygon.vertices) for polygon in skin.polygons]
        thing.evaluated_get(graph).to_mesh_clear()
    finally:
        remove_object(thing)
    return points.reshape(-1, 3).astype(float), polygons


def _unit_ball() -> tuple[np.ndarray, list[list[int]]]:
    rings, sides = 9, 14
    theta = np.pi * (np.arange(rings) + 0.5) / rings
    phi = 2 * np.pi * np.arange(sides) / sides
    points = np.stack(
        [np.outer(np.sin(theta), np.cos(phi)), np.outer(np.sin(theta), np.sin(phi)), np.repeat(np.cos(theta)[:, None], sides, 1)], axis=-1
    ).reshape(-1, 3)
    index = np.arange(rings * sides).reshape(rings, sides)
    right = np.roll(index, -1, axis=1)
    quads = np.stack([index[:-1], index[1:], right[1:], right[:-1]], axis=-1).reshape(-1, 4).tolist()
    return points, [*quads, index[0].tolist(), index[-1, ::-1].tolist()]


def _material() -> bpy.types.Material:
    name = "Agonist Mannequin"
    material = bpy.data.materials.get(name)
    if material is None:
        material = bpy.data.materials.new(name)
        material.use_nodes = True
        shader = node_of(material.node_tree, "ShaderNodeBsdfPrincipled")
        shader.inputs["Base Color"].default_value = (0.26, 0.28, 0.32, 1)
        shader.inputs["Roughness"].default_value = 0.55
        material.diffuse_color = (0.52, 0.54, 0.58, 1.0)
    return material
