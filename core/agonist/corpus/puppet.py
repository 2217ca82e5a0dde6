"""A puppet: a handful of curves (pelvis, trunk, hands, feet) to a Motion on the standard humanoid.

Hands and feet are targets of two-bone chains, so planted feet stay where they are put and bone lengths cannot change.
Directions are the character's own: x to its left, y forward, z up; angles in radians, lengths in body heights, hands in
arm lengths from the shoulder.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.humanoid import ANKLE_HEIGHT, HIP_HEIGHT, humanoid_skeleton
from agonist.motion import Motion
from agonist.skeleton import Skeleton

__all__ = ["CURVES", "pose_puppet"]

Array = NDArray[np.float64]

# Curve -> value when standing at ease, the weight over the middle of the feet. Mirrored curves end in _l and _r: x counts
# outwards, away from the middle.
CURVES: dict[str, float] = {
    "pelvis_x": 0.0, "pelvis_y": 0.03, "pelvis_z": -0.003, "pelvis_yaw": 0.0, "pelvis_pitch": 0.02, "pelvis_roll": 0.0,
    "trunk_pitch": 0.03, "trunk_roll": 0.0, "trunk_yaw": 0.0, "lift": 0.0,
    **{f"{name}_{side}": value for side in "lr" for name, value in {
        "foot_x": 0.0, "foot_y": 0.0, "foot_z": 0.0, "foot_yaw": 0.12, "foot_pitch": 0.0,
        "hand_x": 0.14, "hand_y": 0.15, "hand_z": -0.965, "elbow_out": 0.15,
    }.items()},
}  # fmt: skip

STANCE_HALF_WIDTH = 0.055
# Where the soles of BODY_25 end, before and behind the ankle (see `humanoid`), in body heights.
TOE_LENGTH, HEEL_LENGTH = 0.112, 0.040
# A foot this high no longer cares about the floor [ours].
FREE_HEIGHT = 0.12


def _frame(first: Array, second: Array) -> Array:
    """(..., 3, 3) whose columns are the unit vectors first, the part of second across it, and their product."""
    a = first / np.linalg.norm(first, axis=-1, keepdims=True)
    b = second - np.sum(second * a, axis=-1, keepdims=True) * a
    b = b / (np.linalg.norm(b, axis=-1, keepdims=True) + 1e-12)
    return np.stack([a, b, np.cross(a, b)], axis=-1)


def _chain(start: Array, target: Array, pole: Array, lengths: tuple[float, float]) -> tuple[Array, Array]:
    """Directions (T, 3) of the two bones from `start` towards `target`, bending towards `pole`."""
    l1, l2 = lengths
    gap = target - start
    distance = np.linalg.norm(gap, axis=-1, keepdims=True)
    reach = np.clip(distance, abs(l1 - l2) + 0.05 * l1, 0.997 * (l1 + l2))
    along = gap / np.maximum(distance, 1e-9)
    side = pole - np.sum(pole * along, axis=-1, keepdims=True) * along
    side = side / (np.linalg.norm(side, axis=-1, keepdims=True) + 1e-9)
    cosine = np.clip((l1**2 + reach**2 - l2**2) / (2 * l1 * reach), -1, 1)
    upper = cosine * along + np.sqrt(1 - cosine**2) * side
    lower = along * reach - upper * l1
    return upper, lower / l2


def pose_puppet(curves: Mapping[str, Array], fps: float, height_m: float, heading: float = 0.0) -> Motion:
    """Turn curves into a Motion.

    Args:
        curves: some of CURVES -> (T,); what is missing stands at ease.
        fps: frames a second of the curves.
        height_m: body height.
        heading: where the character looks, radians about z from -Y.
    """
    count = len(next(iter(curves.values())))
    c = {name: np.broadcast_to(np.asarray(curves.get(name, value), dtype=float), (count,)) for name, value in CURVES.items()}
    skeleton = humanoid_skeleton(height_m)
    h = height_m

    def body(x: Array, y: Array, z: Array) -> Array:
        # The character's forward is -Y before the heading is applied.
        return np.stack([x, -y, z], axis=-1)

    def turn(pitch: Array, roll: Array, yaw: Array) -> Array:
        # Pitching forward turns +Z towards -Y: a positive turn about +X.
        return rotations.multiply(
            rotations.from_axis_angle("z", yaw),
            rotations.multiply(rotations.from_axis_angle("x", pitch), rotations.from_axis_angle("y", roll)),
        )

    root = body(c["pelvis_x"] * h, c["pelvis_y"] * h, (HIP_HEIGHT + c["pelvis_z"] + c["lift"]) * h)
    pelvis = turn(c["pelvis_pitch"], c["pelvis_roll"], c["pelvis_yaw"])
    trunk = turn(c["trunk_pitch"] / 2, c["trunk_roll"] / 2, c["trunk_yaw"] / 2)
    local = rotations.identity(count, len(skeleton))
    world: dict[str, Array] = {"pelvis": pelvis, "spine": rotations.multiply(pelvis, trunk)}
    world["chest"] = rotations.multiply(world["spine"], trunk)
    local[:, skeleton.index("spine")] = local[:, skeleton.index("chest")] = trunk
    # The head stays level: it gives back most of what the trunk leans.
    local[:, skeleton.index("neck")] = rotations.from_rotvec(-0.6 * rotations.to_rotvec(world["chest"]))
    for side, out in (("l", 1.0), ("r", -1.0)):
        _leg(skeleton, c, side, out, h, root, pelvis, local)
        _arm(skeleton, c, side, out, root, world, local)
    facing = rotations.from_axis_angle("z", np.array(heading))
    local[:, 0] = rotations.multiply(facing, pelvis)
    return Motion(skeleton, local, rotations.rotate(facing, root), fps)


def _pivot(pitch: Array, height: Array) -> tuple[Array, Array]:
    """How far, in body heights, the ankle rises and moves forward when a foot at `height` pitches.

    A standing foot turns about the tip of its toes or about the end of its heel, not about its ankle, which would drive
    them into the floor. The higher the foot, the less this holds.
    """
    sine, cosine = np.sin(pitch), np.cos(pitch)
    along = np.where(pitch > 0, TOE_LENGTH, -HEEL_LENGTH)
    rise = along * sine + ANKLE_HEIGHT * (cosine - 1)
    shift = along * (1 - cosine) + ANKLE_HEIGHT * sine
    u = np.clip(height / FREE_HEIGHT, 0, 1)
    near = 1 - u * u * (3 - 2 * u)
    return near * rise, near * shift


def _leg(skeleton: Skeleton, c: Mapping[str, Array], side: str, out: float, h: float, root: Array, pelvis: Array, local: Array) -> None:

    offset = {part: skeleton.offsets[skeleton.index(f"{part}_{side}")] for part in ("hip", "knee", "ankle")}
    hip = root + rotations.rotate(pelvis, offset["hip"])
    yaw = out * c[f"foot_yaw_{side}"]
    rise, shift = _pivot(c[f"foot_pitch_{side}"], c[f"foot_z_{side}"])
    ankle = np.stack([
        out * (STANCE_HALF_WIDTH + c[f"foot_x_{side}"]) * h + shift * h * np.sin(yaw),
        -c[f"foot_y_{side}"] * h - shift * h * np.cos(yaw),
        (ANKLE_HEIGHT + c[f"foot_z_{side}"] + c["lift"] + rise) * h,
    ], axis=-1)  # fmt: skip
    knee_to = np.stack([np.sin(yaw), -np.cos(yaw), np.zeros_like(yaw)], axis=-1)
    knee_to = 0.5 * knee_to + 0.5 * rotations.rotate(pelvis, np.array([0.0, -1.0, 0.0]))
    # Knees bend forward and, for a leg raised to the front, upward.
    upper, lower = _chain(hip, ankle, knee_to + np.array([0, 0, 0.3]), (-offset["knee"][2], -offset["ankle"][2]))
    hinge = np.cross(upper, lower)
    straight = np.linalg.norm(hinge, axis=-1, keepdims=True) < 1e-4
    hinge = np.where(straight, np.cross(upper, knee_to) * -1, hinge)
    rest = _frame(np.array([0.0, 0.0, -1.0]), np.array([1.0, 0.0, 0.0])).T
    thigh = rotations.from_matrix(_frame(upper, hinge) @ rest)
    shank = rotations.from_matrix(_frame(lower, hinge) @ rest)
    foot = rotations.multiply(rotations.from_axis_angle("z", yaw), rotations.from_axis_angle("x", c[f"foot_pitch_{side}"]))
    for part, parent, own in (("hip", pelvis, thigh), ("knee", thigh, shank), ("ankle", shank, foot)):
        local[:, skeleton.index(f"{part}_{side}")] = rotations.multiply(rotations.conjugate(parent), own)


def _arm(skeleton: Skeleton, c: Mapping[str, Array], side: str, out: float, root: Array, world: Mapping[str, Array], local: Array) -> None:

    at = root
    for part, frame in (("spine", "pelvis"), ("chest", "spine"), (f"clavicle_{side}", "chest"), (f"shoulder_{side}", "chest")):
        at = at + rotations.rotate(world[frame], skeleton.offsets[skeleton.index(part)])
    lengths = tuple(float(np.linalg.norm(skeleton.offsets[skeleton.index(f"{part}_{side}")])) for part in ("elbow", "wrist"))
    hand = np.stack([out * c[f"hand_x_{side}"], -c[f"hand_y_{side}"], c[f"hand_z_{side}"]], axis=-1) * sum(lengths)
    target = at + rotations.rotate(world["chest"], hand)
    away = np.clip(c[f"elbow_out_{side}"], 0, 1)
    # An elbow points back when the hand hangs, down when it is in front, up when it is behind: a quarter turn from the hand.
    along = hand / np.linalg.norm(hand, axis=-1, keepdims=True)
    quarter = (1 - 0.75 * away)[:, None] * np.stack([np.zeros_like(away), -along[:, 2], along[:, 1]], axis=-1)
    pole = quarter + np.stack([out * (0.3 + 0.7 * away), 0.1 * np.ones_like(away), -0.3 * (1 - away) - 0.05], axis=-1)
    upper, lower = _chain(at, target, rotations.rotate(world["chest"], pole), (lengths[0], lengths[1]))
    hinge = np.cross(upper, lower)
    bone, axis = np.array([out, 0.0, 0.0]), np.array([0.0, 0.0, -out])
    rest = _frame(bone, axis).T
    arm = rotations.from_matrix(_frame(upper, hinge) @ rest)
    forearm = rotations.from_matrix(_frame(lower, hinge) @ rest)
    local[:, skeleton.index(f"shoulder_{side}")] = rotations.multiply(rotations.conjugate(world["chest"]), arm)
    local[:, skeleton.index(f"elbow_{side}")] = rotations.multiply(rotations.conjugate(arm), forearm)
