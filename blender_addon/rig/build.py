"""Build: a Motion becomes an armature with an action."""

from __future__ import annotations

from collections.abc import Collection

import bpy
import numpy as np
from mathutils import Vector

from agonist import rotations
from agonist.motion import Motion
from agonist.skeleton import Skeleton

from ..compat import assign_action, ensure_fcurve, write_keys
from .frames import rest_rotations

__all__ = ["build_armature", "key_motion", "set_scene_rate"]

_SHORTEST_M = 1e-3


def _tail(skeleton: Skeleton, joint: int) -> np.ndarray:
    """Where a bone should point: to the middle of its children, its end site, or on along its parent."""
    rest = skeleton.rest_positions
    children = [child for child in skeleton.children(joint) if np.linalg.norm(skeleton.offsets[child]) > _SHORTEST_M]
    if children:
        tail = rest[children].mean(axis=0)
    elif skeleton.names[joint] in skeleton.end_sites:
        tail = rest[joint] + skeleton.end_sites[skeleton.names[joint]]
    else:
        tail = rest[joint] + 0.4 * skeleton.offsets[joint]
    reach = np.linalg.norm(tail - rest[joint])
    # Blender deletes bones of no length, and a file's end sites may be nonsense.
    if not 0.01 < reach < 1.0:
        tail = rest[joint] + np.array([0.0, 0.0, 0.05])
    return tail


def build_armature(motion: Motion, name: str, *, set_scene: bool = True) -> bpy.types.Object:
    """A new armature object named `name` with an action of the same name, keyed at every frame from 1.

    With `set_scene` the scene takes the motion's frame rate and range.
    """
    skeleton = motion.skeleton
    data = bpy.data.armatures.new(name)
    armature = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    rest = skeleton.rest_positions - skeleton.offsets[0]
    bones = []
    for joint, joint_name in enumerate(skeleton.names):
        bone = data.edit_bones.new(joint_name)
        bone.head = Vector(rest[joint])
        bone.tail = Vector(_tail(skeleton, joint) - skeleton.offsets[0])
        if skeleton.parents[joint] >= 0:
            bone.parent = bones[skeleton.parents[joint]]
        bones.append(bone)
    names = [bone.name for bone in bones]
    bpy.ops.object.mode_set(mode="OBJECT")
    action = bpy.data.actions.new(name)
    assign_action(armature, action)
    scene = bpy.context.scene
    if set_scene:
        set_scene_rate(scene, motion.fps)
        scene.frame_start, scene.frame_end = 1, len(motion)
    key_motion(armature, action, motion, names, 1, rest_offset=skeleton.offsets[0])
    return armature


def set_scene_rate(scene: bpy.types.Scene, fps: float) -> None:
    """Give a scene a frame rate that need not be whole."""
    base = max(1, round(fps))
    scene.render.fps = base
    scene.render.fps_base = base / fps


def key_motion(
    armature: bpy.types.Object,
    action: bpy.types.Action,
    motion: Motion,
    names: list[str],
    first_frame: int,
    *,
    rest_offset: np.ndarray | None = None,
    turned: Collection[int] | None = None,
    moved: Collection[int] | None = None,
    free: Collection[int] = (),
) -> None:
    """Write a Motion on bones `names` (the skeleton's joints in order) into an action.

    Args:
        armature: whose bones they are.
        action: is written to; its other curves are left alone.
        motion: in the armature's space.
        names: bone of each joint.
        first_frame: scene frame of the Motion's first frame.
        rest_offset: where joint 0 rests in the Motion, when the armature has it at its origin.
        turned, moved: joints whose rotation, and whose location, is written; all if None.
        free: joints whose bones do not inherit their parent's rotation.
    """
    frames = np.arange(first_frame, first_frame + len(motion), dtype=np.float32)
    rest = rest_rotations(armature, names)
    inverse = rotations.conjugate(rest)
    for joint, name in enumerate(names):
        if turned is None or joint in turned:
            local = (motion.rotations_world_from_joint if joint in free else motion.rotations_parent_from_joint)[:, joint]
            basis = rotations.multiply(rotations.multiply(inverse[joint], local), rest[joint])
            _key_rotation(armature, action, armature.pose.bones[name], frames, basis)
        if moved is None or joint in moved:
            delta = _location(motion, joint, rest_offset)
            if delta is None and moved is None:
                continue
            location = delta if delta is not None else np.zeros((len(motion), 3))
            if armature.data.bones[name].use_local_location:
                location = rotations.rotate(inverse[joint], location)
            for axis in range(3):
                curve = ensure_fcurve(armature, action, f'pose.bones["{bpy.utils.escape_identifier(name)}"].location', axis, name)
                write_keys(curve, frames, location[:, axis])


def _location(motion: Motion, joint: int, rest_offset: np.ndarray | None) -> np.ndarray | None:
    """(T, 3) how far a joint is from its place at rest, in its parent's axes; None if it stays there."""
    if joint == 0:
        # A bone at the armature's origin moves by the whole path.
        return motion.root_position - (motion.skeleton.offsets[0] - (rest_offset if rest_offset is not None else 0))
    if motion.local_positions is None:
        return None
    delta = motion.local_positions[:, joint] - motion.skeleton.offsets[joint]
    return delta if np.abs(delta).max() > 1e-7 else None


def _key_rotation(
    armature: bpy.types.Object, action: bpy.types.Action, pose: bpy.types.PoseBone, frames: np.ndarray, basis: np.ndarray
) -> None:
    stem = f'pose.bones["{bpy.utils.escape_identifier(pose.name)}"].'
    if pose.rotation_mode == "QUATERNION":
        values, path = rotations.unroll(basis), stem + "rotation_quaternion"
    elif pose.rotation_mode == "AXIS_ANGLE":
        vector = rotations.to_rotvec(basis)
        angle = np.linalg.norm(vector, axis=-1, keepdims=True)
        values, path = (
            np.concatenate([angle, np.where(angle > 1e-9, vector / np.maximum(angle, 1e-9), [0, 1, 0])], axis=1),
            stem + "rotation_axis_angle",
        )
    else:
        # Blender's "XYZ" turns about X first: the matrix is Rz Ry Rx, the order of from_euler read backwards.
        order = pose.rotation_mode[::-1].lower()
        euler = _continuous(rotations.to_euler(basis, order))
        values, path = np.stack([euler[:, order.index(axis)] for axis in "xyz"], axis=1), stem + "rotation_euler"
    for index in range(values.shape[1]):
        write_keys(ensure_fcurve(armature, action, path, index, pose.name), frames, values[:, index])


def _continuous(euler: np.ndarray) -> np.ndarray:
    """(T, 3) Tait-Bryan angles without jumps: of the two ways to write each rotation, the one nearer to the frame before."""
    other = np.stack([euler[:, 0] + np.pi, np.pi - euler[:, 1], euler[:, 2] + np.pi], axis=1)

    def gap(after: np.ndarray, before: np.ndarray) -> np.ndarray:
        return np.abs((after - before + np.pi) % (2 * np.pi) - np.pi).sum(axis=1)

    # Both ways turn by as much, so only where the two swap counts.
    swaps = gap(other[1:], euler[:-1]) < gap(euler[1:], euler[:-1])
    swapped = np.concatenate([[False], np.cumsum(swaps) % 2 == 1])
    return np.unwrap(np.where(swapped[:, None], other, euler), axis=0)
