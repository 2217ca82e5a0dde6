"""Muscle shapes: the bellies of muscles on any humanoid skeleton in its rest pose, and how they hang on its joints.

Needs neither MuJoCo nor Blender. Where muscles run stands in `attachments.toml`. What comes out is a closed surface a
muscle, with what it takes to keep its volume while joints move: see `MuscleMesh`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.errors import UnknownNameError
from agonist.humanoid import HumanoidMap, rest_basis
from agonist.skeleton import Skeleton

__all__ = ["MuscleMesh", "Segment", "body_segment", "muscle_mesh", "signed_volume", "trunk_weights"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Weights = dict[str, float]

# Segment -> joints at its upper and its lower end; {s} is the side, "hips" and "shoulders" are the middles of both.
_SEGMENTS = {
    "pelvis": ("hips", "shoulders"),
    "trunk": ("shoulders", "hips"),
    "upper_arm": ("shoulder_{s}", "elbow_{s}"),
    "forearm": ("elbow_{s}", "wrist_{s}"),
    "thigh": ("hip_{s}", "knee_{s}"),
    "shank": ("knee_{s}", "ankle_{s}"),
}
_RINGS, _SIDES = 26, 16
_FAN_RINGS, _FAN_FIBRES = 24, 22
# Radius of a tendon as a share of its belly's [ours].
_TENDON = 0.20
_POWER = {"fusiform": 1.15, "pennate": 0.75, "strap": 0.30, "fan": 0.6}


@dataclass(frozen=True, eq=False)
class Segment:
    """A part of the body at rest.

    Attributes:
        start, end: (3,) metres, its upper and lower end.
        forward, outward: unit vectors across it, to the front of the body and away from its middle.
        weights: joint -> share, what a point on it follows; empty for the trunk, which bends (see `trunk_weights`).
    """

    start: Array
    end: Array
    forward: Array
    outward: Array
    weights: Weights

    @property
    def length(self) -> float:
        """Metres."""
        return float(np.linalg.norm(self.end - self.start))

    def place(self, along: float, forward: float, outward: float) -> Array:
        """(3,) metres of a point given in fractions of the segment's length."""
        return self.start + along * (self.end - self.start) + self.length * (forward * self.forward + outward * self.outward)


@dataclass(frozen=True, eq=False)
class MuscleMesh:
    """A muscle's closed surface in the rest pose.

    To keep its volume when it is stretched to another length, scale each vertex about the middle between it and its
    partner by (rest length / length) ** exponent, the length being that of the vertex's own fibre: the sum of the distances
    between its vertices and the next ones along it. That takes only what a vertex can look up, so that Blender's geometry
    nodes can do it, and few of their steps, which cost more than the vertices do.

    Attributes:
        vertices: (V, 3) metres.
        faces: vertex indices, counter-clockwise seen from outside.
        weights: joint name -> (V,) how much each vertex follows the joint; sums to 1 over joints.
        partner: (V,) vertex on the other side of the belly.
        following: (V,) vertex next along the fibre; itself at the end.
        fibre: (V,) number of the fibre a vertex lies on: a belly is one, all lines along its surface; a sheet has many.
        exponent: (V,) 0.5 for a belly that thickens both ways, 1 for a sheet that keeps its width.
        tendon: (V,) in [0, 1], 1 where it is tendon.
    """

    vertices: Array
    faces: list[list[int]]
    weights: dict[str, Array]
    partner: Ints
    following: Ints
    fibre: Ints
    exponent: Array
    tendon: Array

    @property
    def rest_length(self) -> Array:
        """(V,) metres, length at rest of the fibre that a vertex lies on, summed over all lines of it."""
        steps = np.linalg.norm(self.vertices[self.following] - self.vertices, axis=1)
        return np.asarray(np.bincount(self.fibre, steps)[self.fibre], dtype=float)


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    document = tomllib.loads(Path(__file__).with_name("attachments.toml").read_text(encoding="utf-8"))
    entries = {entry["group"]: entry for entry in document["muscle"]}
    for entry in entries.values():
        if "strands_of" in entry:
            # A muscle that is a part of another one runs as it does there.
            entry["strand"] = [strand for strand in entries[entry["strands_of"]]["strand"] if strand["name"] in entry["names"]]
    return entries


def body_segment(skeleton: Skeleton, hmap: HumanoidMap, name: str, side: str) -> Segment:
    """A segment of the body at rest, by its name in `attachments.toml`."""
    rest = skeleton.rest_positions

    def at(joint: str) -> Array:
        if joint in ("hips", "shoulders"):
            return np.asarray((at(f"{joint[:-1]}_l") + at(f"{joint[:-1]}_r")) / 2)
        return rest[skeleton.index(hmap[joint])]

    upper, lower = (joint.format(s=side) for joint in _SEGMENTS[name])
    start, end = at(upper), at(lower)
    left, front, up = rest_basis(skeleton, hmap)
    axis = (end - start) / max(float(np.linalg.norm(end - start)), 1e-9)
    across = front - (front @ axis) * axis
    # A limb that points straight ahead at rest has no side that faces the front: its upper side stands for it.
    forward = across if np.linalg.norm(across) > 0.2 else up - (up @ axis) * axis
    forward = forward / np.linalg.norm(forward)
    outward = np.cross(axis, forward)
    # Away from the body's middle; beside an arm held out sideways that would be along the arm, and up is the thumb's side.
    sideways = left if side == "l" else -left
    flat = abs(axis @ left) > 0.7
    outward = outward * (1.0 if outward @ (up if flat else sideways) >= 0 else -1.0)
    weights = {} if name == "trunk" else {hmap["pelvis" if name == "pelvis" else upper]: 1.0}
    return Segment(start, end, forward, outward, weights)


def trunk_weights(skeleton: Skeleton, hmap: HumanoidMap, points: Array) -> dict[str, Array]:
    """Joint -> (N,) how much points (N, 3) on the trunk follow pelvis, spine and chest, by their height along it."""
    trunk = body_segment(skeleton, hmap, "pelvis", "l")
    axis = (trunk.end - trunk.start) / trunk.length
    height = (points - trunk.start) @ axis / trunk.length
    chain = [name for name in ("pelvis", "spine", "chest") if name in hmap]
    chain = [name for k, name in enumerate(chain) if hmap[name] not in [hmap[above] for above in chain[:k]]]
    # Where each joint's say begins; joints at one place, or upside down, still take turns.
    begins = [float((skeleton.rest_positions[skeleton.index(hmap[name])] - trunk.start) @ axis) / trunk.length for name in chain]
    for k in range(1, len(begins)):
        begins[k] = max(begins[k], begins[k - 1] + 0.05)
    shares = [np.ones(len(points))]
    for begin in begins[1:]:
        rise = np.clip((height - begin) / 0.24 + 0.5, 0, 1)
        shares.append(rise * rise * (3 - 2 * rise))
    return {hmap[name]: shares[k] * (1 - shares[k + 1] if k + 1 < len(chain) else 1.0) for k, name in enumerate(chain)}


@dataclass(frozen=True, eq=False)
class _Path:
    """Points with what each follows and the direction away from its segment's axis."""

    places: Array
    weights: list[Weights]
    away: Array


def _path(skeleton: Skeleton, hmap: HumanoidMap, side: str, points: Sequence[Sequence[Any]]) -> _Path:
    places, weights, away = [], [], []
    for name, along, forward, outward in points:
        segment = body_segment(skeleton, hmap, str(name), side)
        place = segment.place(float(along), float(forward), float(outward))
        owned = segment.weights or {joint: float(w[0]) for joint, w in trunk_weights(skeleton, hmap, place[None]).items()}
        places.append(place)
        weights.append(owned)
        away.append(forward * segment.forward + outward * segment.outward)
    return _Path(np.array(places), weights, _unit(np.array(away)))


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))


def _curve(points: Array, count: int) -> tuple[Array, Array]:
    """Centripetal-like spline: (count, D) values at even steps of arc length, and the (count,) parameter in points."""
    dense = np.linspace(0, len(points) - 1, 40 * (len(points) - 1) + 1)
    line = _catmull_rom(points, dense)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line[:, :3], axis=0), axis=1))])
    t = np.interp(np.linspace(0, length[-1], count), length, dense)
    return _catmull_rom(points, t), t


def _catmull_rom(points: Array, t: Array) -> Array:
    i = np.minimum(t.astype(int), len(points) - 2)
    u = (t - i)[:, None]
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    p0, p1, p2, p3 = (padded[i + k] for k in range(4))
    return np.asarray(p1 + 0.5 * u * (p2 - p0 + u * (2 * p0 - 5 * p1 + 4 * p2 - p3 + u * (3 * (p1 - p2) + p3 - p0))))


def _profile(strand: Mapping[str, Any], share: Array) -> tuple[Array, Array]:
    """Thickness, 0.2 to 1, and how much it is tendon, 0 to 1, at shares of the path."""
    begin, end = float(strand["tendon"][0]), 1 - float(strand["tendon"][1])
    x = np.clip((share - begin) / (end - begin), 0, 1)
    peak = (float(strand["peak"]) - begin) / (end - begin)
    warped = np.where(x < peak, 0.5 * x / peak, 0.5 + 0.5 * (x - peak) / (1 - peak))
    belly = np.sin(np.pi * warped) ** _POWER[str(strand["profile"])]
    return _TENDON + (1 - _TENDON) * belly, np.clip(1 - belly / 0.45, 0, 1)


def muscle_mesh(skeleton: Skeleton, hmap: HumanoidMap, muscle: str) -> MuscleMesh:
    """The surface of a muscle, such as "quadriceps_l", on a skeleton in its rest pose. Raises UnknownNameError."""
    group, side = muscle[:-2], muscle[-1]
    if group not in _table() or muscle[-2:] not in ("_l", "_r"):
        raise UnknownNameError("muscle", muscle, [f"{name}_{s}" for name in _table() for s in "lr"])
    entry = _table()[group]
    unit = body_segment(skeleton, hmap, entry["unit"], side).length
    parts = [
        (_fan if strand["profile"] == "fan" else _belly)(skeleton, hmap, side, strand, unit) for strand in entry["strand"]
    ]
    return _joined(parts)


def _belly(skeleton: Skeleton, hmap: HumanoidMap, side: str, strand: Mapping[str, Any], unit: float) -> MuscleMesh:
    """A tube along a path, wide along the limb's surface, its ends closed."""
    path = _path(skeleton, hmap, side, strand["points"])
    line, t = _curve(np.concatenate([path.places, path.away], axis=1), _RINGS)
    center, away = line[:, :3], line[:, 3:]
    share = np.linspace(0, 1, _RINGS)
    size, tendon = _profile(strand, share)
    tangent = _unit(np.gradient(center, axis=0))
    away = _unit(away - np.sum(away * tangent, axis=1, keepdims=True) * tangent)
    wide = np.cross(tangent, away)
    angle = 2 * np.pi * np.arange(_SIDES) / _SIDES
    # A tendon is round, a belly as flat as the table says.
    thick = unit * float(strand["thickness"]) / 2 * size
    broad = np.maximum(thick, unit * float(strand["width"]) / 2 * size**1.2)
    ring = np.cos(angle)[None, :, None] * (broad[:, None] * wide)[:, None] + np.sin(angle)[None, :, None] * (thick[:, None] * away)[:, None]
    vertices = (center[:, None] + ring).reshape(-1, 3)
    index = np.arange(_RINGS * _SIDES).reshape(_RINGS, _SIDES)
    faces = _grid_faces(index, wrap=True)
    faces += [index[0, ::-1].tolist(), index[-1].tolist()]
    following = np.vstack([index[1:], index[-1:]]).ravel()
    count = len(vertices)
    mesh = MuscleMesh(
        vertices, faces, _blended(path.weights, np.repeat(t, _SIDES)), np.roll(index, _SIDES // 2, axis=1).ravel(), following,
        np.zeros(count, dtype=np.int64), np.full(count, 0.5), np.repeat(tendon, _SIDES),
    )  # fmt: skip
    return _facing_outwards(mesh)


def _fan(skeleton: Skeleton, hmap: HumanoidMap, side: str, strand: Mapping[str, Any], unit: float) -> MuscleMesh:
    """A sheet of fibres with an outer and an inner face."""
    paths = [_path(skeleton, hmap, side, fibre) for fibre in strand["fibres"]]
    lines = [_curve(path.places, _FAN_RINGS) for path in paths]
    given = np.linspace(0, len(paths) - 1, _FAN_FIBRES)
    sheet = np.stack([_catmull_rom(np.array([line[ring] for line, _ in lines]), given) for ring in range(_FAN_RINGS)])  # (R, F, 3)
    size, tendon = _profile(strand, np.linspace(0, 1, _FAN_RINGS))
    # Thin at its upper and lower border too, so that it lies down on the ribs; thickest near the free lower border.
    across = np.linspace(0, 1, _FAN_FIBRES)
    border = np.clip(np.minimum(across / 0.10, (1 - across) / 0.06), 0.12, 1) * (0.7 + 0.3 * across)
    normal = _unit(np.cross(np.gradient(sheet, axis=0), np.gradient(sheet, axis=1)))
    trunk = body_segment(skeleton, hmap, "trunk", side)
    middle = (trunk.start + trunk.end) / 2
    normal = normal * (1.0 if np.sum(normal[: _FAN_RINGS // 2] * (sheet - middle)[: _FAN_RINGS // 2]) > 0 else -1.0)
    half = 0.5 * unit * float(strand["thickness"]) * size[:, None, None] * border[None, :, None] * normal
    vertices = np.concatenate([(sheet + half).reshape(-1, 3), (sheet - half).reshape(-1, 3)])
    count = _FAN_RINGS * _FAN_FIBRES
    outer = np.arange(count).reshape(_FAN_RINGS, _FAN_FIBRES)
    inner = outer + count
    faces = _grid_faces(outer, wrap=False) + [face[::-1] for face in _grid_faces(inner, wrap=False)]
    rim = np.concatenate([outer[0, :-1], outer[:-1, -1], outer[-1, :0:-1], outer[:0:-1, 0]])
    faces += [[int(a), int(a) + count, int(b) + count, int(b)] for a, b in zip(rim, np.roll(rim, -1), strict=True)]
    following = np.vstack([outer[1:], outer[-1:]]).ravel()
    fibre = np.tile(np.arange(_FAN_FIBRES), _FAN_RINGS)
    weights: dict[str, Array] = {}
    for k, path in enumerate(paths):
        # A fibre between two of the table's follows both, by nearness.
        near = np.clip(1 - np.abs(given - k), 0, 1)
        for joint, along in _blended(path.weights, lines[k][1]).items():
            weights[joint] = weights.get(joint, np.zeros(count)) + np.outer(along, near).ravel()
    twice = {joint: np.tile(values, 2) for joint, values in weights.items()}
    mesh = MuscleMesh(
        vertices, faces, twice, np.concatenate([inner.ravel(), outer.ravel()]), np.concatenate([following, following + count]),
        np.tile(fibre, 2), np.ones(2 * count), np.tile(np.repeat(tendon, _FAN_FIBRES), 2),
    )  # fmt: skip
    return _facing_outwards(mesh)


def _grid_faces(index: Ints, wrap: bool) -> list[list[int]]:
    right = np.roll(index, -1, axis=1) if wrap else index[:, 1:]
    here = index if wrap else index[:, :-1]
    quads = np.stack([here[:-1], right[:-1], right[1:], here[1:]], axis=-1).reshape(-1, 4)
    return [[int(corner) for corner in quad] for quad in quads]


def _blended(weights: list[Weights], t: Array) -> dict[str, Array]:
    """Weights given at the points 0, 1, 2 ... of a path, at parameters `t`, with no kink at the points."""
    i = np.minimum(t.astype(int), len(weights) - 2)
    u = t - i
    u = u * u * (3 - 2 * u)
    joints = dict.fromkeys(joint for point in weights for joint in point)
    rows = {joint: np.array([point.get(joint, 0.0) for point in weights]) for joint in joints}
    return {joint: (1 - u) * row[i] + u * row[i + 1] for joint, row in rows.items()}


def _facing_outwards(mesh: MuscleMesh) -> MuscleMesh:
    """The same mesh with its faces turned round if its volume came out negative (mirrored sides do)."""
    if signed_volume(mesh.vertices, mesh.faces) < 0:
        mesh.faces[:] = [face[::-1] for face in mesh.faces]
    return mesh


def signed_volume(vertices: Array, faces: Sequence[Sequence[int]]) -> float:
    """Cubic metres inside a closed surface, negative if its faces point inwards (divergence theorem, fans of triangles)."""
    triangles = np.array([(face[0], face[k], face[k + 1]) for face in faces for k in range(1, len(face) - 1)])
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    return float(np.sum(a * np.cross(b, c)) / 6)


def _joined(parts: list[MuscleMesh]) -> MuscleMesh:
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    fibres = np.cumsum([0, *(int(part.fibre.max()) + 1 for part in parts)])
    weights: dict[str, Array] = {}
    for part, start in zip(parts, starts, strict=False):
        for joint, values in part.weights.items():
            weights.setdefault(joint, np.zeros(starts[-1]))[start : start + len(values)] = values

    def stacked(name: str, shifts: Ints | None = None) -> Any:
        values = [getattr(part, name) for part in parts]
        return np.concatenate(values if shifts is None else [value + shift for value, shift in zip(values, shifts, strict=False)])

    faces = [[corner + int(start) for corner in face] for part, start in zip(parts, starts, strict=False) for face in part.faces]
    return MuscleMesh(
        stacked("vertices"), faces, weights, stacked("partner", starts), stacked("following", starts), stacked("fibre", fibres),
        stacked("exponent"), stacked("tendon"),
    )  # fmt: skip
