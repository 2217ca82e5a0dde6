"""Build: a Motion becomes an armature with an action."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector

from agonist import rotations
from agonist.motion import Motion
from agonist.skeleton import Skeleton

from ..compat import assign_action, strips_of
from .frames import rest_rotations
from .keys import key_location, key_rotation
from .rate import is_rate, scene_rate, set_scene_rate
from .units import metres_a_unit, resized

__all__ = ["build_armature", "key_motion"]

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
    """A new armature object named `name` with an action of the same name, keyed at every frame from 1, as large as the scene's units say.

    With `set_scene` the scene takes the motion's frame rate and range; where something is timed already that would play at another
    speed then, the scene keeps its rate, and the motion is keyed at the scene's frames.
    """
    scene = bpy.context.scene
    is_first = not _is_timed(scene)
    if set_scene and is_first:
        set_scene_rate(scene, motion.fps)
    elif set_scene and not is_rate(scene, motion.fps):
        motion = motion.resample(scene_rate(scene))
    skeleton = motion.skeleton
    data = bpy.data.armatures.new(name)
    # Octahedra would poke out of the body that Add Muscles puts on it.
    data.display_type = "STICK"
    armature = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    _switch(armature, "EDIT")
    rest = skeleton.rest_positions - skeleton.offsets[0]
    units = 1 / metres_a_unit(scene)
    bones = []
    for joint, joint_name in enumerate(skeleton.names):
        bone = data.edit_bones.new(joint_name)
        bone.head = Vector(units * rest[joint])
        bone.tail = Vector(units * (_tail(skeleton, joint) - skeleton.offsets[0]))
        if skeleton.parents[joint] >= 0:
            bone.parent = bones[skeleton.parents[joint]]
        bones.append(bone)
    names = [bone.name for bone in bones]
    _switch(armature, "OBJECT")
    action = bpy.data.actions.new(name)
    assign_action(armature, action)
    if set_scene and is_first:
        scene.frame_start, scene.frame_end = 1, len(motion)
    elif set_scene:
        scene.frame_end = max(scene.frame_end, len(motion))
    key_motion(armature, action, resized(motion, units), names, 1, rest_offset=units * skeleton.offsets[0])
    return armature


def _switch(armature: bpy.types.Object, mode: str) -> None:
    """Go into or out of a mode of the active armature, whether there is a window or not."""
    with bpy.context.temp_override(active_object=armature, object=armature):
        bpy.ops.object.mode_set(mode=mode)


def _is_timed(scene: bpy.types.Scene) -> bool:
    """Whether a scene has actions or NLA tracks, markers or strips, which would come at other times at another rate."""
    if len(scene.timeline_markers) or (scene.sequence_editor is not None and len(strips_of(scene))):
        return True
    owners = [scene, *scene.objects, *(thing.data for thing in scene.objects if thing.data is not None)]
    owners += [keys for keys in (getattr(owner, "shape_keys", None) for owner in owners) if keys is not None]
    found = [data for data in (owner.animation_data for owner in owners) if data is not None]
    return any(data.action is not None or len(data.nla_tracks) for data in found)


def key_motion(
    armature: bpy.types.Object,
    action: bpy.types.Action,
    motion: Motion,
    names: list[str],
    first_frame: int,
    *,
    rest_offset: np.ndarray | None = None,
) -> None:
    """Write a Motion on bones `names` (the skeleton's joints in order) into an action.

    Args:
        armature: whose bones they are.
        action: is written to; its other curves are left alone.
        motion: in the armature's space.
        names: bone of each joint.
        first_frame: scene frame of the Motion's first frame.
        rest_offset: where joint 0 rests in the Motion, when the armature has it at its origin.
    """
    frames = np.arange(first_frame, first_frame + len(motion), dtype=np.float32)
    rest = rest_rotations(armature, names)
    inverse = rotations.conjugate(rest)
    for joint, name in enumerate(names):
        pose = armature.pose.bones[name]
        local = motion.rotations_parent_from_joint[:, joint]
        key_rotation(armature, action, pose, frames, rotations.multiply(rotations.multiply(inverse[joint], local), rest[joint]))
        delta = _location(motion, joint, rest_offset)
        if delta is not None:
            key_location(armature, action, pose, frames, rotations.rotate(inverse[joint], delta))


def _location(motion: Motion, joint: int, rest_offset: np.ndarray | None) -> np.ndarray | None:
    """(T, 3) how far a joint is from its place at rest, in its parent's axes; None if it stays there."""
    if joint == 0:
        # A bone at the armature's origin moves by the whole path.
        return motion.root_position - (motion.skeleton.offsets[0] - (rest_offset if rest_offset is not None else 0))
    if motion.local_positions is None:
        return None
    delta = motion.local_positions[:, joint] - motion.skeleton.offsets[joint]
    return delta if np.abs(delta).max() > 1e-7 else None
