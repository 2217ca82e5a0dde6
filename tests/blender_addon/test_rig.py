"""Motion to armature to Motion, and edits as new actions."""

import math

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist import rotations
from agonist.edit import prepare_edit
from agonist.io import bvh
from blender_addon.rig.apply import apply_motion, copy_action
from blender_addon.rig.build import build_armature
from blender_addon.rig.controls import sampled_rig
from blender_addon.rig.sample import sampled_armature
from blender_addon.steps import finished
from tests.clips import exercise

pytestmark = pytest.mark.blender


def _aligned(sample, motion):
    order = [sample.motion.skeleton.index(name) for name in motion.skeleton.names]
    return sample.motion.positions_world[:, order], sample.motion.rotations_world_from_joint[:, order]


def test_a_built_armature_stands_where_the_motion_does():
    motion = exercise("HighKick", 2.0)
    armature = build_armature(motion, "kick")
    positions, turned = _aligned(finished(sampled_armature(armature)), motion)
    np.testing.assert_allclose(positions, motion.positions_world, atol=1e-5)
    assert rotations.angle_between(turned, motion.rotations_world_from_joint).max() < 1e-3
    assert bpy.context.scene.render.fps / bpy.context.scene.render.fps_base == pytest.approx(30.0)


@pytest.mark.parametrize("clip", ["kick", "walk"])
def test_a_real_recording_stands_where_the_file_says(data_dir, clip):
    motion = bvh.read(data_dir / "mass_bvh" / f"{clip}.bvh").motion
    positions, _ = _aligned(finished(sampled_armature(build_armature(motion, clip))), motion)
    np.testing.assert_allclose(positions, motion.positions_world, atol=1e-5)


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "ZXY", "AXIS_ANGLE"])
def test_an_unchanged_motion_gives_the_same_pose_in_any_rotation_mode(mode):
    armature = build_armature(exercise("Squat", 1.0), "rig")
    before = finished(sampled_rig(armature))
    for bone in armature.pose.bones:
        bone.rotation_mode = mode
    source = armature.animation_data.action
    motion = before.motion
    # Every bone counts as turned before: the whole pose is written in the new mode.
    action = copy_action(source, "again", "")
    action["agonist_turned"] = list(before.names)
    apply_motion(armature, before, motion, action)
    after = finished(sampled_rig(armature)).motion
    assert rotations.angle_between(after.rotations_parent_from_joint, motion.rotations_parent_from_joint).max() < 1e-3
    np.testing.assert_allclose(after.positions_world, motion.positions_world, atol=1e-4)


def test_a_turned_moved_and_scaled_armature_is_sampled_and_edited_in_the_world():
    armature = build_armature(exercise("Squat", 2.0), "rig")
    armature.rotation_euler, armature.location, armature.scale = (0, 0, math.radians(70)), (1, 2, 0), (0.9, 0.9, 0.9)
    bpy.context.view_layer.update()
    sample = finished(sampled_rig(armature))
    edited = prepare_edit(sample.motion).edit({"quadriceps": 1.5}).motion
    apply_motion(armature, sample, edited, copy_action(armature.animation_data.action, "edited", ""))
    np.testing.assert_allclose(finished(sampled_rig(armature)).motion.positions_world, edited.positions_world, atol=1e-4)


def test_an_edit_is_a_new_action_and_the_source_is_untouched():
    armature = build_armature(exercise("Squat", 2.0), "rig")
    source = armature.animation_data.action
    sample = finished(sampled_rig(armature))
    edited = prepare_edit(sample.motion).edit({"biceps_l": 2.0}).motion
    action = copy_action(source, "edited", "")
    apply_motion(armature, sample, edited, action)
    assert action is not source and armature.animation_data.action is action
    np.testing.assert_allclose(finished(sampled_rig(armature)).motion.positions_world, edited.positions_world, atol=1e-5)
    from blender_addon.compat import assign_action

    assign_action(armature, source)
    np.testing.assert_array_equal(finished(sampled_rig(armature)).motion.positions_world, sample.motion.positions_world)
