"""Apply: an edited Motion becomes a new action on the armature it was sampled from. The source action is never touched."""

from __future__ import annotations

import bpy
import numpy as np

from agonist import rotations
from agonist.motion import Motion
from agonist.skeleton import Skeleton

from ..compat import assign_action
from .build import key_motion
from .sample import Sample

__all__ = ["apply_motion", "copy_action"]


def copy_action(source: bpy.types.Action, name: str, stamp: str) -> bpy.types.Action:
    """A copy of `source` named `name` that remembers what it was made from: `stamp_of(armature, source)`."""
    action = source.copy()
    action.name = name
    action["agonist_source"], action["agonist_stamp"] = source.name, stamp
    return action


def apply_motion(armature: bpy.types.Object, sample: Sample, motion: Motion, action: bpy.types.Action) -> None:
    """Key the joints of `motion` that differ from the sampled one into `action`, a copy of the sampled action, and play it.

    Curves of other bones, of fingers and of custom properties are kept as they are; joints that an earlier edit of the
    same action touched go back to the sampled motion.
    """
    assign_action(armature, action)
    free = _free_joints(armature, sample.names)
    turned, moved = _changed(sample.motion, motion, free)
    turned |= set(action.get("agonist_turned", []))
    moved |= set(action.get("agonist_moved", []))
    action["agonist_turned"], action["agonist_moved"] = sorted(turned), sorted(moved)
    local = _in_armature_space(sample, motion)
    key_motion(armature, action, local, list(sample.names), sample.first_frame, turned=turned, moved=moved, free=free)


def _changed(before: Motion, after: Motion, free: set[int]) -> tuple[set[int], set[int]]:
    """Joints whose rotation, and whose place, differs anywhere. A bone that does not turn with its parent counts by its world rotation."""

    def differing(a: np.ndarray, b: np.ndarray) -> set[int]:
        return set(np.flatnonzero(np.abs(a - b).max(axis=(0, 2)) > 1e-9).tolist())

    turned = differing(after.rotations_parent_from_joint, before.rotations_parent_from_joint)
    if free and turned:
        turned |= free & differing(after.rotations_world_from_joint, before.rotations_world_from_joint)
    moved = {0} if np.abs(after.root_position - before.root_position).max() > 1e-9 else set()
    if after.local_positions is not None and before.local_positions is not None:
        # The root's place is the root path; it was compared above.
        moved |= differing(after.local_positions, before.local_positions) - {0}
    return turned, moved


def _free_joints(armature: bpy.types.Object, names: tuple[str, ...]) -> set[int]:
    """Joints whose bones do not inherit their parent's rotation."""
    bones = armature.data.bones
    return {joint for joint, name in enumerate(names) if bones[name].parent and not bones[name].use_inherit_rotation}


def _in_armature_space(sample: Sample, motion: Motion) -> Motion:
    """World axes and metres to the armature object's own, frame by frame: the object's transform and its keys stay as they are."""
    world = sample.object_world
    scale = np.linalg.norm(world[0, :3, :3], axis=0).mean()
    turn = rotations.from_matrix(world[:, :3, :3] / np.linalg.norm(world[:, :3, :3], axis=1, keepdims=True))
    # The Motion's rest pose is the armature's, turned as the object is at the first frame.
    first, back = turn[0], rotations.conjugate(turn[0])
    old = motion.skeleton
    inverse = np.linalg.inv(world)
    offsets = rotations.rotate(back, np.array(old.offsets)) / scale
    offsets[0] = inverse[0, :3, :3] @ old.offsets[0] + inverse[0, :3, 3]
    local = rotations.multiply(rotations.multiply(back, motion.rotations_parent_from_joint), first)
    local[:, 0] = rotations.multiply(rotations.multiply(rotations.conjugate(turn), motion.rotations_parent_from_joint[:, 0]), first)
    root = np.einsum("tij,tj->ti", inverse[:, :3, :3], motion.root_position) + inverse[:, :3, 3]
    places = None if motion.local_positions is None else rotations.rotate(back, motion.local_positions) / scale
    return Motion(Skeleton(old.names, old.parents, offsets), local, root, motion.fps, motion.start, places)
