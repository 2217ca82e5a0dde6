"""Muscle shapes: paths of muscles on any humanoid skeleton in its rest pose, and the tubes to draw around them.

Needs neither MuJoCo nor Blender. The table is `muscle_paths.toml`; its numbers are our own.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist.humanoid import HumanoidMap, body_height_m, rest_basis
from agonist.skeleton import Skeleton

__all__ = ["MuscleMesh", "muscle_mesh", "segment_axes"]

Array = NDArray[np.float64]

# Segment -> (joint it moves with, joint at its upper end, joint at its lower end); {s} is the side.
_SEGMENTS = {
    "pelvis": ("pelvis", "hips", "shoulders"),
    "trunk": ("chest", "shoulders", "hips"),
    "upper_arm": ("shoulder_{s}", "shoulder_{s}", "elbow_{s}"),
    "forearm": ("elbow_{s}", "elbow_{s}", "wrist_{s}"),
    "thigh": ("hip_{s}", "hip_{s}", "knee_{s}"),
    "shank": ("knee_{s}", "knee_{s}", "ankle_{s}"),
}
_RINGS, _SIDES = 14, 12


@dataclass(frozen=True, eq=False)
class MuscleMesh:
    """A muscle's surface in the rest pose.

    Attributes:
        vertices: (V, 3) metres at rest.
        flexed: (V, 3) metres, thickened as when fully active.
        faces: (F, 4) vertex indices.
        weights: joint name -> (V,) how much each vertex follows the joint; sums to 1 over joints.
    """

    vertices: Array
    flexed: Array
    faces: NDArray[np.int64]
    weights: dict[str, Array]


@lru_cache(maxsize=1)
def _table() -> dict[str, list[dict[str, object]]]:
    path = Path(__file__).with_name("muscle_paths.toml")
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return {entry["group"]: entry["strands"] for entry in document["muscle"]}


def segment_axes(skeleton: Skeleton, hmap: HumanoidMap, segment: str, side: str) -> tuple[str, Array, Array, Array, Array]:
    """A segment at rest: the joint it moves with, its upper and lower end, and the unit vectors forward and outward."""
    joint, upper, lower = (name.format(s=side) for name in _SEGMENTS[segment])
    rest = skeleton.rest_positions

    def at(name: str) -> Array:
        if name in ("hips", "shoulders"):
            return np.mean([rest[skeleton.index(hmap[f"{name[:-1]}_{s}"])] for s in "lr"], axis=0)
        return rest[skeleton.index(hmap[name])]

    start, end = at(upper), at(lower)
    left, forward, _ = rest_basis(skeleton, hmap)
    axis = (end - start) / np.linalg.norm(end - start)
    ahead = forward - (forward @ axis) * axis
    ahead /= np.linalg.norm(ahead)
    out = np.cross(axis, ahead)
    out = out if out @ left * (1 if side == "l" else -1) > 0 or segment in ("upper_arm", "forearm") else -out
    if segment in ("upper_arm", "forearm"):
        # Beside a raised or hanging arm "outward" is the thumb's side with palms forward: away from the trunk and up.
        out = out if out @ np.array([0.0, 0.0, 1.0]) >= 0 else -out
    name = joint if joint in hmap else ("spine" if "spine" in hmap else "pelvis")
    return name, start, end, ahead, out


def _point(skeleton: Skeleton, hmap: HumanoidMap, height: float, side: str, spec: list[object]) -> tuple[str, Array]:
    segment, along, forward, outward = str(spec[0]), *(float(str(value)) for value in spec[1:])
    joint, start, end, ahead, out = segment_axes(skeleton, hmap, segment, side)
    return hmap[joint], start + along * (end - start) + height * (forward * ahead + outward * out)


def _spline(points: Array, count: int) -> tuple[Array, Array]:
    """Catmull-Rom through the points: (count, 3) places and the (count,) parameter in points."""
    t = np.linspace(0, len(points) - 1, count)
    i = np.minimum(t.astype(int), len(points) - 2)
    u = (t - i)[:, None]
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    p0, p1, p2, p3 = (padded[i + k] for k in range(4))
    return p1 + 0.5 * u * (p2 - p0 + u * (2 * p0 - 5 * p1 + 4 * p2 - p3 + u * (3 * (p1 - p2) + p3 - p0))), t


def _profile(kind: str, share: Array, peak: float) -> Array:
    """Thickness along a strand, 0.16 to 1: tendons at the ends, belly between."""
    x = np.where(share < peak, 0.5 * share / peak, 0.5 + 0.5 * (share - peak) / (1 - peak))
    power = {"fusiform": 1.3, "pennate": 0.9, "strap": 0.45}[kind]
    return 0.16 + 0.84 * np.sin(np.pi * x) ** power


def muscle_mesh(skeleton: Skeleton, hmap: HumanoidMap, muscle: str) -> MuscleMesh:
    """The surface of a muscle, such as "quadriceps_l", on a skeleton in its rest pose."""
    group, side = muscle[:-2], muscle[-1]
    height = body_height_m(skeleton, hmap)
    vertices, flexed, faces = [], [], []
    weights: dict[str, list[Array]] = {}
    total = 0
    for strand in _table()[group]:
        specs = strand["points"]
        assert isinstance(specs, list)
        placed = [_point(skeleton, hmap, height, side, spec) for spec in specs]
        center, t = _spline(np.array([place for _, place in placed]), _RINGS)
        radius = height * float(str(strand["radius"])) * _profile(str(strand["profile"]), np.linspace(0, 1, _RINGS), float(str(strand["peak"])))
        # A strap is a flat ribbon: wide along the body's surface, thin across it.
        flat = 0.42 if strand["profile"] == "strap" else 0.8
        axis = skeleton.rest_positions[skeleton.index(hmap["chest" if "chest" in hmap else "pelvis"])]
        rings, fat = _tube(center, radius, flat, axis, 1.0), _tube(center, radius, flat, axis, 1.28)
        vertices.append(rings)
        flexed.append(fat)
        faces.append(_tube_faces(_RINGS, _SIDES) + total)
        total += len(rings)
        _blend_weights(weights, [joint for joint, _ in placed], t, total - len(rings), len(rings))
    merged = {joint: _sum_to(parts, total) for joint, parts in weights.items()}
    return MuscleMesh(np.concatenate(vertices), np.concatenate(flexed), np.concatenate(faces), merged)


def _tube(center: Array, radius: Array, flat: float, inside: Array, swell: float) -> Array:
    tangent = np.gradient(center, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    # Thin across the surface: the short axis points away from the middle of the trunk.
    away = center - inside
    away -= np.sum(away * tangent, axis=1, keepdims=True) * tangent
    away /= np.linalg.norm(away, axis=1, keepdims=True) + 1e-9
    wide = np.cross(tangent, away)
    angle = 2 * np.pi * np.arange(_SIDES) / _SIDES
    belly = 1 + (swell - 1) * (radius / radius.max()) ** 2
    ring = np.cos(angle)[None, :, None] * wide[:, None] + flat * np.sin(angle)[None, :, None] * away[:, None]
    return (center[:, None] + (radius * belly)[:, None, None] * ring).reshape(-1, 3)


def _tube_faces(rings: int, sides: int) -> NDArray[np.int64]:
    faces = []
    for r in range(rings - 1):
        for s in range(sides):
            n = (s + 1) % sides
            faces.append([r * sides + s, r * sides + n, (r + 1) * sides + n, (r + 1) * sides + s])
    return np.array(faces)


def _blend_weights(weights: dict[str, list[Array]], joints: list[str], t: Array, first: int, count: int) -> None:
    i = np.minimum(t.astype(int), len(joints) - 2)
    u = t - i
    u = u * u * (3 - 2 * u)
    for k, joint in enumerate(joints):
        share = np.where(i == k, 1 - u, 0.0) + np.where(i + 1 == k, u, 0.0)
        row = np.zeros(first + count)
        row[first:] = np.repeat(share, _SIDES)
        weights.setdefault(joint, []).append(row)


def _sum_to(parts: list[Array], total: int) -> Array:
    result = np.zeros(total)
    for part in parts:
        result[: len(part)] += part
    return result
