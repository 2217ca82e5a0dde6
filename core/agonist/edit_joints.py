"""The joints that an edit turns, and how a set of turns moves keypoints and skeletons.

A turn is a rotation vector w in world axes, one for each of EDIT_JOINTS and frame. Part j of the body ends up rotated by
G_j = G_parent(j) exp(w_j): exp(w_j) acts in the world as it was, then everything above has its say. A skeleton's local
rotation therefore becomes exp(R_parent^-1 w_j) local_j, where R_parent is the parent's world rotation before the edit:
bone lengths cannot change and w = 0 changes nothing, to the last bit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.humanoid import HumanoidMap
from agonist.keypoint_layouts import BODY25
from agonist.motion import Motion
from agonist.skeleton import levels

__all__ = ["EDIT_JOINTS", "EDIT_PARENTS", "KEYPOINT_BONES", "accumulated", "apply_to_keypoints", "apply_to_motion", "carried"]

Array = NDArray[np.float64]

EDIT_JOINTS: tuple[str, ...] = (
    "pelvis", "spine", "neck",
    "shoulder_l", "elbow_l", "shoulder_r", "elbow_r",
    "hip_l", "knee_l", "ankle_l", "hip_r", "knee_r", "ankle_r",
)  # fmt: skip

_PARENT_OF = {
    "spine": "pelvis", "neck": "spine", "shoulder": "spine", "elbow": "shoulder", "hip": "pelvis", "knee": "hip", "ankle": "knee",
}  # fmt: skip


def _parent(name: str) -> int:
    part, _, side = name.partition("_")
    if part == "pelvis":
        return -1
    above = _PARENT_OF[part]
    return EDIT_JOINTS.index(f"{above}_{side}" if f"{above}_{side}" in EDIT_JOINTS else above)


EDIT_PARENTS: tuple[int, ...] = tuple(_parent(name) for name in EDIT_JOINTS)
_EDIT_LEVELS = levels(EDIT_PARENTS)


def _bones() -> tuple[tuple[int, int, int], ...]:
    bones: list[tuple[str, str, str]] = [("neck", "mid_hip", "spine")]
    bones += [(name, "neck", "neck") for name in ("nose", "eye_l", "eye_r", "ear_l", "ear_r")]
    for s in "lr":
        bones += [
            (f"shoulder_{s}", "neck", "spine"),
            (f"elbow_{s}", f"shoulder_{s}", f"shoulder_{s}"),
            (f"wrist_{s}", f"elbow_{s}", f"elbow_{s}"),
            (f"hip_{s}", "mid_hip", "pelvis"),
            (f"knee_{s}", f"hip_{s}", f"hip_{s}"),
            (f"ankle_{s}", f"knee_{s}", f"knee_{s}"),
        ]
        bones += [(f"{tip}_{s}", f"ankle_{s}", f"ankle_{s}") for tip in ("big_toe", "small_toe", "heel")]
    return tuple((BODY25.index(child), BODY25.index(parent), EDIT_JOINTS.index(turn)) for child, parent, turn in bones)


# (child keypoint, parent keypoint, index in EDIT_JOINTS of the part that carries the bone between them), parents first.
KEYPOINT_BONES: tuple[tuple[int, int, int], ...] = _bones()


def _bone_levels() -> list[list[int]]:
    """Rows of KEYPOINT_BONES by how far they are from mid_hip; a level is moved at once."""
    depth = {BODY25.index("mid_hip"): 0}
    for child, parent, _ in KEYPOINT_BONES:
        depth[child] = depth[parent] + 1
    return [[k for k, (child, _, _) in enumerate(KEYPOINT_BONES) if depth[child] == level] for level in range(1, max(depth.values()) + 1)]


_BONE_LEVELS = _bone_levels()


def accumulated(rotvec_world: Array) -> Array:
    """(T, 13, 3) turns to (T, 13, 4): the whole rotation G_j of each part."""
    total = rotations.from_rotvec(rotvec_world)
    for joints, parents in _EDIT_LEVELS:
        total[:, joints] = rotations.multiply(total[:, parents], total[:, joints])
    return total


def apply_to_keypoints(keypoints: Array, rotvec_world: Array, root_delta_world: Array) -> Array:
    """Move BODY_25 keypoints.

    Args:
        keypoints: (T, 25, 3) metres.
        rotvec_world: (T, 13, 3) radians, in the order of EDIT_JOINTS.
        root_delta_world: (T, 3) metres, how far mid_hip moves.

    Returns:
        (T, 25, 3) metres; every distance between a keypoint and its parent is kept.
    """
    return carried(keypoints, accumulated(rotvec_world), root_delta_world)


def carried(keypoints: Array, total: Array, root_delta_world: Array) -> Array:
    """`apply_to_keypoints` of turns that are `accumulated` already, (T, 13, 4)."""
    moved = np.empty_like(keypoints)
    hip = BODY25.index("mid_hip")
    moved[:, hip] = keypoints[:, hip] + root_delta_world
    children, parents, turns = (list(column) for column in zip(*KEYPOINT_BONES, strict=True))
    bones = rotations.rotate(total[:, turns], keypoints[:, children] - keypoints[:, parents])
    for level in _BONE_LEVELS:
        moved[:, [children[k] for k in level]] = moved[:, [parents[k] for k in level]] + bones[:, level]
    return moved


def apply_to_motion(motion: Motion, hmap: HumanoidMap, rotvec_world: Array, root_delta_world: Array) -> Motion:
    """Turn the joints of a skeleton. Shapes as in `apply_to_keypoints`.

    The middle of the hips moves by `root_delta_world` and turns in place, as the keypoint mid_hip does, wherever the
    skeleton's own pelvis joint lies. A turn whose joint the skeleton lacks (no spine, no neck) is left out.
    """
    skeleton = motion.skeleton
    local = np.array(motion.rotations_parent_from_joint)
    world = motion.rotations_world_from_joint
    # Joint -> its turn; a joint that stands for two of EDIT_JOINTS turns once more in a batch of its own.
    batches: list[dict[int, int]] = [{}]
    for turn, name in enumerate(EDIT_JOINTS):
        joint_name = hmap.joints.get(name) or (hmap.joints.get("head") if name == "neck" else None)
        if joint_name is None or not rotvec_world[:, turn].any():
            continue
        joint = skeleton.index(joint_name)
        if joint in batches[-1]:
            batches.append({})
        batches[-1][joint] = turn
    for batch in filter(None, batches):
        joints, turns = list(batch), list(batch.values())
        parents = [skeleton.parents[joint] for joint in joints]
        above = rotations.conjugate(world[:, parents])
        # The root has no parent: its turn is in world axes already.
        above[:, [parent < 0 for parent in parents]] = rotations.identity()
        axes = rotations.rotate(above, rotvec_world[:, turns])
        local[:, joints] = rotations.multiply(rotations.from_rotvec(axes), local[:, joints])
    pelvis = skeleton.index(hmap["pelvis"])
    middle = sum(motion.positions_world[:, skeleton.index(hmap[f"hip_{side}"])] for side in "lr") / 2
    arm = motion.positions_world[:, pelvis] - middle
    turned_arm = rotations.rotate(rotations.from_rotvec(rotvec_world[:, EDIT_JOINTS.index("pelvis")]), arm)
    shift = root_delta_world + turned_arm - arm
    if pelvis == 0 or motion.local_positions is None:
        return replace(motion, rotations_parent_from_joint=local, root_position=motion.root_position + shift)
    # A rig whose hips slide inside an unmoving root (Blender, Unreal): the hips carry the shift, the root stays.
    positions = np.array(motion.local_positions)
    parent = skeleton.parents[pelvis]
    positions[:, pelvis] += rotations.rotate(rotations.conjugate(world[:, parent]), shift)
    return replace(motion, rotations_parent_from_joint=local, local_positions=positions)
