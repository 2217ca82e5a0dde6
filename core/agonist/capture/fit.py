"""Fit: keypoints become a Motion on the standard humanoid, with constant bone lengths.

Joint frames are built from the keypoints directly (no optimiser): the trunk from hips and shoulders, limbs as two-bone
chains with a hinge in the middle, feet from heel and toes, the head from nose and ears. numpy only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.errors import MotionError
from agonist.humanoid import LEG, humanoid_skeleton
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints, Motion
from agonist.predict import standing_keypoints
from agonist.signals.smooth import raised_cosine
from agonist.skeleton import Skeleton

__all__ = ["fit_motion", "fitted_skeleton"]

Array = NDArray[np.float64]

_SMOOTH_S = 0.08


def _basis(left: Array, up: Array) -> Array:
    """(T, 4) world rotation of a body whose left and up (kept as far as left allows) are given."""
    x = left / (np.linalg.norm(left, axis=-1, keepdims=True) + 1e-9)
    z = up - np.sum(up * x, axis=-1, keepdims=True) * x
    z = z / (np.linalg.norm(z, axis=-1, keepdims=True) + 1e-9)
    return rotations.from_matrix(np.stack([x, np.cross(z, x), z], axis=-1))


def _smooth(values: Array, fps: float) -> Array:
    half = round(_SMOOTH_S * fps)
    if len(values) < 2 * half + 1:
        return values
    return raised_cosine(values, half)


def fitted_skeleton(points: dict[str, Array]) -> Skeleton:
    """The standard humanoid with a person's own bone lengths: medians over time, both sides alike."""

    def length(a: str, b: str) -> float:
        return float(np.mean([np.median(np.linalg.norm(points[f"{a}_{s}"] - points[f"{b}_{s}"], axis=-1)) for s in "lr"]))

    thigh, shank, upper, fore = (length(*pair) for pair in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist")))
    trunk = float(np.median(np.linalg.norm(points["neck"] - points["mid_hip"], axis=-1)))
    hips = float(np.median(np.linalg.norm(points["hip_l"] - points["hip_r"], axis=-1)))
    shoulders = float(np.median(np.linalg.norm(points["shoulder_l"] - points["shoulder_r"], axis=-1)))
    if min(thigh, shank, upper, fore, trunk, hips, shoulders) < 1e-3:
        raise MotionError("The keypoints lie on top of each other; a body with arms, legs and a trunk is needed, in metres.")
    standard = humanoid_skeleton((thigh + shank) / LEG)
    offsets = np.array(standard.offsets)
    at = standard.rest_positions
    rise = trunk / (at[standard.index("shoulder_l"), 2] - at[standard.index("hip_l"), 2])
    for name in ("spine", "chest", "neck", *(f"{part}_{s}" for part in ("clavicle", "shoulder") for s in "lr")):
        offsets[standard.index(name), 2] *= rise
    for side, sign in (("l", 1.0), ("r", -1.0)):
        offsets[standard.index(f"hip_{side}"), 0] = sign * hips / 2
        offsets[standard.index(f"shoulder_{side}"), 0] = sign * shoulders / 2 - offsets[standard.index(f"clavicle_{side}"), 0]
        offsets[standard.index(f"knee_{side}")] = (0, 0, -thigh)
        offsets[standard.index(f"ankle_{side}")] = (0, 0, -shank)
        offsets[standard.index(f"elbow_{side}")] = (sign * upper, 0, 0)
        offsets[standard.index(f"wrist_{side}")] = (sign * fore, 0, 0)
    return Skeleton(standard.names, standard.parents, offsets, standard.end_sites)


def fit_motion(keypoints: Keypoints) -> Motion:
    """A Motion whose joints follow the keypoints.

    Raises MotionError for keypoints that are no body (bare markers, a limb never seen).
    """
    clip = standing_keypoints(keypoints)
    assert keypoints.confidence is not None
    smooth = _smooth(clip.positions, clip.fps)
    points = {name: smooth[:, BODY25.index(name)] for name in BODY25.names}
    skeleton = fitted_skeleton(points)
    count = len(clip)
    local = rotations.identity(count, len(skeleton))
    trunk = points["neck"] - points["mid_hip"]
    pelvis = _basis(points["hip_l"] - points["hip_r"], trunk)
    chest = _basis(points["shoulder_l"] - points["shoulder_r"], trunk)
    spine = rotations.slerp(pelvis, chest, np.full(count, 0.5))
    world = {"pelvis": pelvis, "spine": spine, "chest": chest}
    face = points["nose"] - (points["ear_l"] + points["ear_r"]) / 2
    ears = points["ear_l"] - points["ear_r"]
    seen = float(np.linalg.norm(ears, axis=-1).min()) > 0.02 and float(np.linalg.norm(face, axis=-1).min()) > 0.02
    head = _basis(ears, np.cross(face, ears)) if seen else chest
    world["neck"] = world["head"] = rotations.slerp(chest, head, np.full(count, 0.8))
    for side, sign in (("l", 1.0), ("r", -1.0)):
        world[f"clavicle_{side}"] = chest
        arm = _limb(
            points, f"shoulder_{side}", f"elbow_{side}", f"wrist_{side}", np.array([sign, 0.0, 0.0]), np.array([0.0, 0.0, -sign]), chest
        )
        world[f"shoulder_{side}"], world[f"elbow_{side}"] = arm
        world[f"wrist_{side}"] = arm[1]
        leg = _limb(points, f"hip_{side}", f"knee_{side}", f"ankle_{side}", np.array([0.0, 0.0, -1.0]), np.array([1.0, 0.0, 0.0]), pelvis)
        world[f"hip_{side}"], world[f"knee_{side}"] = leg
        toes = (points[f"big_toe_{side}"] + points[f"small_toe_{side}"]) / 2
        ahead = toes - points[f"heel_{side}"]
        shin = points[f"knee_{side}"] - points[f"ankle_{side}"]
        left = np.cross(shin, ahead)
        world[f"ankle_{side}"] = _basis(left, np.cross(ahead, left))
        world[f"toe_{side}"] = world[f"ankle_{side}"]
    for joint, name in enumerate(skeleton.names):
        parent = skeleton.parents[joint]
        own = world[name]
        local[:, joint] = own if parent < 0 else rotations.multiply(rotations.conjugate(world[skeleton.names[parent]]), own)
    provenance = {**keypoints.provenance, "fitted_from": keypoints.layout.name}
    return Motion(skeleton, local, points["mid_hip"], clip.fps, clip.start, provenance=provenance)


def _limb(points: dict[str, Array], a: str, b: str, c: str, bone: Array, hinge_at_rest: Array, above: Array) -> tuple[Array, Array]:
    """World rotations of the upper and the lower bone of a limb.

    The hinge is what both bones are perpendicular to. A straight limb shows none; there it is taken from the frames
    around, and failing that from the body above.
    """
    upper, lower = points[b] - points[a], points[c] - points[b]
    upper = upper / (np.linalg.norm(upper, axis=-1, keepdims=True) + 1e-9)
    lower = lower / (np.linalg.norm(lower, axis=-1, keepdims=True) + 1e-9)
    default = rotations.rotate(above, np.broadcast_to(hinge_at_rest, upper.shape))
    # The cross product fades as the limb straightens, and with it its say against the default.
    hinge = np.cross(upper, lower) + 0.06 * default
    rest = _columns(bone[None], hinge_at_rest[None])[0].T
    return rotations.from_matrix(_columns(upper, hinge) @ rest), rotations.from_matrix(_columns(lower, hinge) @ rest)


def _columns(first: Array, second: Array) -> Array:
    """(T, 3, 3) with the unit vectors first, second made perpendicular to it, and their product as columns."""
    b = second - np.sum(second * first, axis=-1, keepdims=True) * first
    b = b / (np.linalg.norm(b, axis=-1, keepdims=True) + 1e-9)
    return np.stack([first, b, np.cross(first, b)], axis=-1)
