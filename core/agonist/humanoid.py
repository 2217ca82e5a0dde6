"""The standard humanoid: which joint of a skeleton is which, and the BODY_25 keypoints of a motion.

Body proportions are fractions of body height after Drillis & Contini (1966), as printed in Winter (2009),
"Biomechanics and Motor Control of Human Movement", figure 4.1; joint widths and the head are our own round numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.bone_map import NEEDED_JOINTS, detect_rig, names_without_shared_number
from agonist.errors import MotionError, SkeletonError
from agonist.joint_names import find_named_joints, means_pelvis
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints, Motion
from agonist.skeleton import Skeleton

__all__ = [
    "CANONICAL_JOINTS",
    "HUMANOID",
    "HumanoidMap",
    "body25_from_keypoints",
    "body25_from_motion",
    "body_height_m",
    "humanoid_skeleton",
    "leg_length",
    "map_humanoid",
    "rest_basis",
    "scaled_to_height",
]

Array = NDArray[np.float64]

_LIMBS = ("clavicle", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "toe")
_TRUNK = ("pelvis", "spine", "chest", "neck", "head")
CANONICAL_JOINTS: tuple[str, ...] = (*_TRUNK, *(f"{joint}_{side}" for side in "lr" for joint in _LIMBS))

# Heights above the sole and lengths as fractions of body height (Winter 2009, figure 4.1).
HIP_HEIGHT, KNEE_HEIGHT, ANKLE_HEIGHT = 0.530, 0.285, 0.039
SHOULDER_HEIGHT, UPPER_ARM, FOREARM, HAND = 0.818, 0.186, 0.146, 0.108
LEG = HIP_HEIGHT - ANKLE_HEIGHT


@dataclass(frozen=True)
class HumanoidMap:
    """Which joint of a skeleton plays each canonical joint.

    Attributes:
        joints: canonical name -> joint name. Always holds pelvis, shoulders, elbows, wrists, hips, knees and ankles.
    """

    joints: Mapping[str, str]

    def __contains__(self, canonical: str) -> bool:
        return canonical in self.joints

    def __getitem__(self, canonical: str) -> str:
        return self.joints[canonical]


def _ancestors(skeleton: Skeleton, joint: int) -> list[int]:
    chain = [joint]
    while skeleton.parents[chain[-1]] >= 0:
        chain.append(skeleton.parents[chain[-1]])
    return chain


def _common_ancestor(skeleton: Skeleton, a: int, b: int) -> int:
    above_b = set(_ancestors(skeleton, b))
    return next(joint for joint in _ancestors(skeleton, a) if joint in above_b)


def map_humanoid(skeleton: Skeleton, given: Mapping[str, str] | None = None) -> HumanoidMap:
    """Find the canonical joints: by the bone map that fits, else by what people usually call them and by hierarchy.

    Args:
        skeleton: any skeleton with two arms and two legs.
        given: canonical name -> joint name, taken as they are; the rest is detected.

    Raises:
        SkeletonError: a joint that every humanoid needs is missing; the message lists what was found.
        UnknownNameError: `given` names a joint that the skeleton has not.
    """
    joints: dict[str, str] = {}
    for canonical, name in (given or {}).items():
        skeleton.index(name)
        joints[canonical] = name
    parents = {name: skeleton.names[k] if k >= 0 else "" for name, k in zip(skeleton.names, skeleton.parents, strict=True)}
    if not joints:
        fit = detect_rig(parents)
        joints = dict(fit.joints) if fit else {}
    names = list(names_without_shared_number(parents).values())
    known = {joint: skeleton.index(name) for joint, name in joints.items()}
    joints = {joint: skeleton.names[k] for joint, k in find_named_joints(names, skeleton.parents, known).items()}
    missing = [name for name in NEEDED_JOINTS if name not in joints]
    if missing:
        found = ", ".join(skeleton.names[:40]) + (" ..." if len(skeleton) > 40 else "")
        raise SkeletonError(
            f"Not a humanoid: no joint found for {', '.join(missing)}. The skeleton's joints are: {found}. "
            "Expected the arms and legs of a person under usual names, such as LeftUpLeg, thigh_l or lfemur."
        )
    _map_trunk(skeleton, joints)
    return HumanoidMap({name: joints[name] for name in CANONICAL_JOINTS if name in joints})


def _map_trunk(skeleton: Skeleton, joints: dict[str, str]) -> None:
    hips = [skeleton.index(joints[f"hip_{side}"]) for side in "lr"]
    shoulders = [skeleton.index(joints[f"shoulder_{side}"]) for side in "lr"]
    chest = _common_ancestor(skeleton, *shoulders)
    if "neck" in joints and chest == skeleton.index(joints["neck"]) and skeleton.parents[chest] >= 0:
        # The collars of some rigs hang on the neck.
        chest = skeleton.parents[chest]
    path = _ancestors(skeleton, chest)
    pelvis = skeleton.index(joints["pelvis"]) if "pelvis" in joints else _pelvis(skeleton, _common_ancestor(skeleton, *hips), path)
    joints["pelvis"] = skeleton.names[pelvis]
    if pelvis in path and chest != pelvis:
        between = path[: path.index(pelvis)][::-1]
        joints.setdefault("spine", skeleton.names[between[0]])
        joints.setdefault("chest", skeleton.names[between[-1]])


def _pelvis(skeleton: Skeleton, root_of_legs: int, trunk: list[int]) -> int:
    """The bone that legs and trunk hang on and that is called so; the legs' own root where none is."""
    above = [joint for joint in _ancestors(skeleton, root_of_legs) if joint in trunk]
    return next((joint for joint in above if means_pelvis(skeleton.names[joint])), root_of_legs)


def humanoid_skeleton(height_m: float = 1.75) -> Skeleton:
    """A standard skeleton in T-pose, soles on z = 0, facing -Y, joints named as CANONICAL_JOINTS."""
    h = height_m
    position: dict[str, tuple[float, float, float]] = {
        "pelvis": (0, 0, HIP_HEIGHT),
        "spine": (0, 0, 0.59),
        "chest": (0, 0, 0.70),
        "neck": (0, 0, 0.825),
        "head": (0, 0, 0.87),
    }
    parents = {"pelvis": "", "spine": "pelvis", "chest": "spine", "neck": "chest", "head": "neck"}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        shoulder, hip = sign * 0.105, sign * 0.0495
        position |= {
            f"clavicle_{side}": (sign * 0.015, 0, 0.80),
            f"shoulder_{side}": (shoulder, 0, SHOULDER_HEIGHT),
            f"elbow_{side}": (shoulder + sign * UPPER_ARM, 0, SHOULDER_HEIGHT),
            f"wrist_{side}": (shoulder + sign * (UPPER_ARM + FOREARM), 0, SHOULDER_HEIGHT),
            f"hip_{side}": (hip, 0, HIP_HEIGHT),
            f"knee_{side}": (hip, 0, KNEE_HEIGHT),
            f"ankle_{side}": (hip, 0, ANKLE_HEIGHT),
            f"toe_{side}": (hip, -0.080, 0.012),
        }
        chain = ("chest", "clavicle", "shoulder", "elbow", "wrist"), ("pelvis", "hip", "knee", "ankle", "toe")
        for first, *rest in chain:
            above = first
            for part in rest:
                parents[f"{part}_{side}"] = above
                above = f"{part}_{side}"
    names = CANONICAL_JOINTS
    offsets = [np.subtract(position[name], position[parents[name]] if parents[name] else (0, 0, 0)) * h for name in names]
    ends = {"head": np.array([0, 0, 0.13 * h])}
    for side, sign in (("l", 1.0), ("r", -1.0)):
        ends |= {f"wrist_{side}": np.array([sign * HAND * h, 0, 0]), f"toe_{side}": np.array([0, -0.032 * h, 0])}
    return Skeleton(names, tuple(names.index(parents[n]) if parents[n] else -1 for n in names), np.array(offsets), ends)


HUMANOID = humanoid_skeleton()

# Points that hang on one joint, relative to it at rest, as fractions of body height: (to the left, forward, up).
# The side of a lateral offset is flipped for the right.
_ATTACHED: dict[str, tuple[str, tuple[float, float, float]]] = {
    "nose": ("head", (0.0, 0.065, 0.050)),
    "eye": ("head", (0.018, 0.055, 0.066)),
    "ear": ("head", (0.043, 0.010, 0.060)),
    "big_toe": ("ankle", (-0.012, 0.112, -ANKLE_HEIGHT)),
    "small_toe": ("ankle", (0.030, 0.090, -ANKLE_HEIGHT)),
    "heel": ("ankle", (0.0, -0.040, -ANKLE_HEIGHT)),
}


def rest_basis(skeleton: Skeleton, hmap: HumanoidMap) -> Array:
    """(3, 3) whose rows are the character's left, forward and up in the rest pose."""
    rest = {name: skeleton.rest_positions[skeleton.index(joint)] for name, joint in hmap.joints.items()}
    up = rest["shoulder_l"] + rest["shoulder_r"] - rest["hip_l"] - rest["hip_r"]
    left = rest["hip_l"] - rest["hip_r"]
    if np.linalg.norm(up) < 1e-9 or np.linalg.norm(np.cross(left, up)) < 1e-9:
        raise SkeletonError("The rest pose has no extent between hips and shoulders; the joint offsets may be all zero.")
    up = up / np.linalg.norm(up)
    forward = np.cross(left, up)
    forward /= np.linalg.norm(forward)
    return np.stack([np.cross(up, forward), forward, up])


def body_height_m(skeleton: Skeleton, hmap: HumanoidMap) -> float:
    """Height in metres that the length of the legs suggests (Winter 2009)."""
    length = 0.0
    for side in "lr":
        for child in ("knee", "ankle"):
            chain = _ancestors(skeleton, skeleton.index(hmap[f"{child}_{side}"]))
            stop = skeleton.index(hmap[f"{'hip' if child == 'knee' else 'knee'}_{side}"])
            rest = skeleton.rest_positions
            length += float(np.linalg.norm(rest[chain[0]] - rest[stop]))
    return length / 2 / LEG


def body25_from_motion(motion: Motion, hmap: HumanoidMap | None = None) -> Keypoints:
    """BODY_25 keypoints of a skeletal motion, at its own frame rate.

    Limb joints are the skeleton's own; nose, eyes, ears, heels and toes hang on the head and the ankles at standard
    places, so that every rig gives the same points whatever its feet and its face are made of.
    Raises SkeletonError if the skeleton is no humanoid.
    """
    skeleton = motion.skeleton
    hmap = hmap or map_humanoid(skeleton)
    basis = rest_basis(skeleton, hmap)
    height = body_height_m(skeleton, hmap)
    world, turned = motion.positions_world, motion.rotations_world_from_joint
    points = np.empty((len(motion), len(BODY25.names), 3))
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
        for side in "lr":
            name = f"{part}_{side}"
            points[:, BODY25.index(name)] = world[:, skeleton.index(hmap[name])]
    for middle, part in (("neck", "shoulder"), ("mid_hip", "hip")):
        sides = [points[:, BODY25.index(f"{part}_{side}")] for side in "lr"]
        points[:, BODY25.index(middle)] = (sides[0] + sides[1]) / 2
    head = next(name for name in ("head", "neck", "chest", "pelvis") if name in hmap)
    if head == "head":
        base = world[:, skeleton.index(hmap["head"])]
    else:
        up = rotations.rotate(turned[:, skeleton.index(hmap[head])], basis[2])
        base = points[:, BODY25.index("neck")] + 0.05 * height * up
    for part, (joint, offset) in _ATTACHED.items():
        for side in ("l", "r"):
            name = part if part == "nose" else f"{part}_{side}"
            left, forward, up_part = np.array(offset) * height
            offset_rest = np.array([left if side == "l" else -left, forward, up_part]) @ basis
            index = skeleton.index(hmap[head] if joint == "head" else hmap[f"{joint}_{side}"])
            origin = base if joint == "head" else world[:, index]
            points[:, BODY25.index(name)] = origin + rotations.rotate(turned[:, index], offset_rest)
    return Keypoints(points, BODY25, motion.fps, start=motion.start, provenance={"from": "motion"})


def body25_from_keypoints(keypoints: Keypoints) -> Keypoints:
    """The same clip in BODY_25 order. Points that the layout has not are NaN with confidence 0.

    Raises MotionError if the layout has no name in common with BODY_25 beyond guesses (a set of bare markers).
    """
    if keypoints.layout == BODY25:
        return keypoints
    source = keypoints.layout
    needed = [f"{part}_{side}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in "lr"]
    missing = [name for name in needed if name not in source.body25]
    if missing:
        raise MotionError(f"Layout '{source.name}' has nothing that stands for {', '.join(missing)}; these joints are needed.")
    assert keypoints.confidence is not None
    points = np.full((len(keypoints), len(BODY25.names), 3), np.nan)
    confidence = np.zeros(points.shape[:2])
    for target, parts in source.body25.items():
        columns = [source.index(part) for part in parts]
        points[:, BODY25.index(target)] = keypoints.positions[:, columns].mean(axis=1)
        confidence[:, BODY25.index(target)] = keypoints.confidence[:, columns].min(axis=1)
    return Keypoints(points, BODY25, keypoints.fps, confidence, keypoints.start, {**keypoints.provenance, "layout": source.name})


def leg_length(body25: Array) -> float:
    """Hip to ankle along the leg, mean of both sides, median over time, in the unit of the finite keypoints (T, 25, 3)."""
    bones = [body25[:, BODY25.index(f"{a}_{s}")] - body25[:, BODY25.index(f"{b}_{s}")]
             for a, b in (("hip", "knee"), ("knee", "ankle")) for s in "lr"]  # fmt: skip
    return float(sum(np.median(np.linalg.norm(bone, axis=-1)) for bone in bones) / 2)


def scaled_to_height(body25: Keypoints, height_m: float) -> Keypoints:
    """BODY_25 keypoints, whatever their unit, in metres for a person of that height; the legs' length is the measure.

    Raises MotionError if the legs have no length.
    """
    length = leg_length(body25.positions)
    if not length > 0:
        raise MotionError("The legs have no length, so the body has no size that could be scaled.")
    return replace(body25, positions=body25.positions * (height_m * LEG / length))
