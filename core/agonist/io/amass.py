"""AMASS: motions of SMPL's body family as NPZ (Mahmood et al. 2019), a rotation for each joint and the body's place.

The archives say how the joints turn, not how long the bones are: lengths come out of SMPL's licensed model by `betas`. Here the
bones are those of the standard humanoid, its limbs straight where SMPL's bend by a few degrees at rest, and its height is the one
at which the clip's feet stand on the ground. Fingers, face and soft tissue are left out.

At rest SMPL stands in a T-pose with x to its left, y up and z forward; joint names and their order are those of `smplx`
(Pavlakos et al. 2019), which are SMPL's for the body.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.errors import FileFormatError
from agonist.humanoid import humanoid_skeleton
from agonist.io.openpose import WORLD_FROM_FILE
from agonist.motion import Motion
from agonist.skeleton import Skeleton

__all__ = ["is_amass", "motion_from_arrays", "smpl_skeleton"]

Array = NDArray[np.float64]

# Joint, parent, and the standard humanoid's joint at its place.
_JOINTS: tuple[tuple[str, str, str], ...] = (
    ("pelvis", "", "pelvis"),
    ("left_hip", "pelvis", "hip_l"),
    ("right_hip", "pelvis", "hip_r"),
    ("spine1", "pelvis", "spine"),
    ("left_knee", "left_hip", "knee_l"),
    ("right_knee", "right_hip", "knee_r"),
    ("spine2", "spine1", ""),
    ("left_ankle", "left_knee", "ankle_l"),
    ("right_ankle", "right_knee", "ankle_r"),
    ("spine3", "spine2", "chest"),
    ("left_foot", "left_ankle", "toe_l"),
    ("right_foot", "right_ankle", "toe_r"),
    ("neck", "spine3", "neck"),
    ("left_collar", "spine3", "clavicle_l"),
    ("right_collar", "spine3", "clavicle_r"),
    ("head", "neck", "head"),
    ("left_shoulder", "left_collar", "shoulder_l"),
    ("right_shoulder", "right_collar", "shoulder_r"),
    ("left_elbow", "left_shoulder", "elbow_l"),
    ("right_elbow", "right_shoulder", "elbow_r"),
    ("left_wrist", "left_elbow", "wrist_l"),
    ("right_wrist", "right_elbow", "wrist_r"),
)  # fmt: skip
_RATES = ("mocap_framerate", "mocap_frame_rate", "fps")
_EXPECTED = "'trans' (T, 3) in metres and 'poses' (T, 66 or more), or 'root_orient' (T, 3) and 'pose_body' (T, 63), in radians"
# The height where the clip does not tell one; heights of adults that are believed; how far down the feet are, of the furthest, in
# frames that are looked at; and which of these, in percent from below, has a foot on the ground [ours].
_STANDARD_M, _HEIGHTS_M, _UPRIGHT, _STANDING = 1.75, (1.4, 2.1), 0.7, 25.0


def is_amass(data: Mapping[str, Any]) -> bool:
    """Whether an archive's arrays are named as AMASS names them."""
    return "trans" in data and ("poses" in data or {"root_orient", "pose_body"} <= set(data))


def smpl_skeleton(height_m: float) -> Skeleton:
    """SMPL's body joints in T-pose facing -Y, with the standard humanoid's proportions."""
    model = humanoid_skeleton(height_m)
    rest = {name: model.rest_positions[model.index(canonical)] for name, _, canonical in _JOINTS if canonical}
    rest["spine2"] = (rest["spine1"] + rest["spine3"]) / 2
    names = tuple(name for name, _, _ in _JOINTS)
    offsets = [rest[name] - (rest[parent] if parent else 0) for name, parent, _ in _JOINTS]
    called = {canonical: name for name, _, canonical in _JOINTS}
    ends = {called[canonical]: end for canonical, end in model.end_sites.items()}
    parents = tuple(names.index(parent) if parent else -1 for _, parent, _ in _JOINTS)
    return Skeleton(names, parents, np.array(offsets), ends)


def motion_from_arrays(path: Path, data: Mapping[str, Any], *, fps: float = 30.0, up: str = "z") -> Motion:
    """The motion of an archive; `path` is for messages.

    Args:
        data: its arrays.
        fps: frames a second where it does not say.
        up: the world's up axis, "z" as in AMASS, "y", or "-y" for a camera's axes.

    Raises:
        FileFormatError: arrays of other shapes, or another `up`.
        AgonistError: numbers that are no motion.
    """
    if up not in WORLD_FROM_FILE:
        raise FileFormatError(path, f"'{up}' up", f"one of {', '.join(WORLD_FROM_FILE)}")
    vectors, root = _arrays(path, data)
    # SMPL itself has y up.
    turn, world = (rotations.from_matrix(WORLD_FROM_FILE[axis]) for axis in ("y", up))
    local = rotations.from_rotvec(vectors)
    # The root turns SMPL's axes into the world's; every other joint's axes are SMPL's own at rest.
    local[:, 0] = rotations.multiply(world, local[:, 0])
    local[:, 1:] = rotations.multiply(turn, local[:, 1:])
    local = rotations.multiply(local, rotations.conjugate(turn))
    root = root @ WORLD_FROM_FILE[up].T
    told = next((float(data[name]) for name in _RATES if name in data), fps)
    motion = Motion(smpl_skeleton(_STANDARD_M), local, root, told)
    height = _height_m(motion)
    return replace(motion, skeleton=smpl_skeleton(height), provenance={"format": "amass", "up": up, "height_m": round(height, 3)})


def _arrays(path: Path, data: Mapping[str, Any]) -> tuple[Array, Array]:
    """Rotation vectors (T, J, 3) and the root's places (T, 3)."""
    names = ("trans", "poses") if "poses" in data else ("trans", "root_orient", "pose_body")
    root, *poses = (np.asarray(data[name], dtype=float) for name in names)
    for name, one in zip(names, (root, *poses), strict=True):
        if one.ndim != 2 or len(one) != len(root) or not len(one):
            raise FileFormatError(path, f"'{name}' of shape {one.shape}", _EXPECTED)
    vectors, count = np.concatenate(poses, axis=1), 3 * len(_JOINTS)
    if root.shape[1] != 3 or vectors.shape[1] < count:
        raise FileFormatError(path, f"{root.shape[1]} places and {vectors.shape[1]} angles a frame", _EXPECTED)
    if not (np.isfinite(root).all() and np.isfinite(vectors).all()):
        raise FileFormatError(path, "NaN or infinity", "finite numbers")
    return vectors[:, :count].reshape(len(root), -1, 3), root


def _height_m(motion: Motion) -> float:
    """The height at which the lower foot of a motion of standard height stands on z = 0 in most frames, if it is an adult's."""
    # How far the lowest joint of the feet lies below the pelvis grows with the body.
    below = motion.root_position[:, 2] - motion.positions_world[..., 2].min(axis=1)
    sole = motion.skeleton.rest_positions[motion.skeleton.index("left_foot"), 2]
    upright = below > _UPRIGHT * below.max()
    share = np.percentile(motion.root_position[upright, 2] / np.maximum(below[upright] + sole, 1e-6), _STANDING)
    height = float(_STANDARD_M * share)
    return height if _HEIGHTS_M[0] <= height <= _HEIGHTS_M[1] else _STANDARD_M
