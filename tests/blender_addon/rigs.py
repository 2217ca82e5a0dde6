"""Rigs as animators bring them, each with an action, and poses as Blender evaluates them."""

import math

import bpy
import numpy as np

from blender_addon.compat import assign_action, ensure_fcurve
from blender_addon.curve_keys import write_keys
from blender_addon.rig.build import build_armature


def evaluated(armature):
    """(T, J, 4, 4) world matrix of each bone at every frame of the action, from Blender itself."""
    first, last = (round(value) for value in armature.animation_data.action.frame_range)
    return at_frames(armature, range(first, last + 1))


def at_frames(armature, frames):
    """(T, J, 4, 4) world matrix of each bone at frames of the scene, from Blender itself."""
    poses = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        shown = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        poses.append([np.array(shown.matrix_world @ bone.matrix) for bone in shown.pose.bones])
    return np.array(poses)


def difference(a, b):
    """The largest angle in radians between bones, and the largest distance in metres between their heads."""
    pure = [one[..., :3, :3] / np.linalg.norm(one[..., :3, :3], axis=-2, keepdims=True) for one in (a, b)]
    # The chord of the rotation, which keeps its digits where the arc cosine loses them.
    chord = np.linalg.norm(pure[0] - pure[1], axis=(-2, -1)).max()
    return 2 * math.asin(min(1.0, chord / math.sqrt(8))), np.linalg.norm(a[..., :3, 3] - b[..., :3, 3], axis=-1).max()


def imported_bvh(path):
    """What Blender's own importer makes of a BVH file: Euler bones."""
    bpy.ops.import_anim.bvh(filepath=str(path), global_scale=0.01, update_scene_fps=True, rotate_mode="NATIVE")
    armature = bpy.context.active_object
    assert {bone.rotation_mode for bone in armature.pose.bones} <= {"XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"}
    return armature


def quaternion(motion):
    return build_armature(motion, "rig")


def scaled(motion):
    """In centimetres and turned, as an FBX of a game rig arrives."""
    armature = build_armature(motion, "rig")
    armature.rotation_euler, armature.location, armature.scale = (0, 0, math.radians(70)), (1, 2, 0), (0.8, 0.8, 0.8)
    return armature


def travelling(motion):
    """The armature object itself walks and turns, in the same action as its bones."""
    armature = build_armature(motion, "rig")
    frames = np.arange(1, len(motion) + 1)
    action = armature.animation_data.action
    write_keys(ensure_fcurve(armature, action, "location", 1), frames, -0.02 * frames)
    write_keys(ensure_fcurve(armature, action, "rotation_euler", 2), frames, 0.01 * frames)
    return armature


def carried(motion):
    """The armature hangs on an object that moves."""
    armature = build_armature(motion, "rig")
    carrier = bpy.data.objects.new("carrier", None)
    bpy.context.scene.collection.objects.link(carrier)
    action = bpy.data.actions.new("carrier")
    assign_action(carrier, action)
    frames = np.arange(1, len(motion) + 1)
    write_keys(ensure_fcurve(carrier, action, "location", 0), frames, 0.01 * frames)
    write_keys(ensure_fcurve(carrier, action, "rotation_euler", 2), frames, -0.02 * frames)
    armature.parent = carrier
    return armature


def free_head(motion):
    """A head and feet that keep their direction, whatever their parents do."""
    armature = build_armature(motion, "rig")
    for name in ("head", "neck", "ankle_l", "ankle_r"):
        if name in armature.data.bones:
            armature.data.bones[name].use_inherit_rotation = False
    return armature


def global_root(motion):
    """A root whose location is in the armature's axes."""
    armature = build_armature(motion, "rig")
    root = next(bone for bone in armature.data.bones if bone.parent is None)
    root.use_local_location = False
    return armature


RIGS = (quaternion, scaled, travelling, carried, free_head, global_root)
