"""Apply: an edited Motion becomes a new action on the armature it was sampled from. The source action is never touched."""

from __future__ import annotations

import bpy
import numpy as np

from agonist import rotations
from agonist.motion import Motion
from agonist.skeleton import Skeleton

from ..compat import assign_action
from .build import key_motion
from .frames import object_rotation
from .sample import Sample

__all__ = ["apply_motion", "changed_joints"]


def changed_joints(before: Motion, after: Motion) -> set[int]:
    """Joints whose rotation or place differs anywhere."""
    turned = np.abs(after.rotations_parent_from_joint - before.rotations_parent_from_joint).max(axis=(0, 2)) > 1e-9
    joints = set(np.flatnonzero(turned).tolist())
    if np.abs(after.root_position - before.root_position).max() > 1e-9:
        joints.add(0)
    if after.local_positions is not None and before.local_positions is not None:
        joints |= set(np.flatnonzero(np.abs(after.local_positions - before.local_positions).max(axis=(0, 2)) > 1e-9).tolist())
    return joints


def apply_motion(armature: bpy.types.Object, sample: Sample, motion: Motion, source: bpy.types.Action, name: str) -> bpy.types.Action:
    """A copy of `source` named `name` with the joints that changed keyed anew, made the armature's active action.

    Curves of other bones, of fingers and of custom properties are kept as they are. An action of that name that an
    earlier edit made is written over, so that moving a slider does not fill the file with actions.
    """
    action = bpy.data.actions.get(name)
    if action is None or not action.get("agonist_source"):
        action = source.copy()
        action.name = name
        action["agonist_source"] = source.name
    assign_action(armature, action)
    joints = changed_joints(sample.motion, motion) | set(action.get("agonist_joints", []))
    action["agonist_joints"] = sorted(joints)
    key_motion(armature, action, _in_armature_space(armature, motion), list(sample.names), sample.first_frame, only=joints)
    return action


def _in_armature_space(armature: bpy.types.Object, motion: Motion) -> Motion:
    """World axes and metres to the armature object's own, so that a turned or scaled object keeps its transform."""
    turn = rotations.conjugate(object_rotation(armature))
    inverse = np.array(armature.matrix_world.inverted())
    scale = float(np.mean(np.linalg.norm(inverse[:3, :3], axis=0)))
    old = motion.skeleton
    offsets = rotations.rotate(turn, np.array(old.offsets)) * scale
    offsets[0] += inverse[:3, 3]
    local = rotations.multiply(rotations.multiply(turn, motion.rotations_parent_from_joint), rotations.conjugate(turn))
    root = rotations.rotate(turn, motion.root_position) * scale + inverse[:3, 3]
    places = None if motion.local_positions is None else rotations.rotate(turn, motion.local_positions) * scale
    return Motion(Skeleton(old.names, old.parents, offsets), local, root, motion.fps, motion.start, places)
