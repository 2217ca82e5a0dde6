"""A result that somebody has worked on by hand is never written over, nor lost with the file."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import results, verbs
from blender_addon.compat import fcurves_of
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender


@pytest.fixture
def edited(character):
    """A character that plays a result."""
    character.agonist.sliders["quadriceps_r"].scale = 1.5
    return character


def _key_a_knee(armature):
    bone = armature.pose.bones["knee_l"]
    bone.rotation_mode, bone.rotation_quaternion = "QUATERNION", (0.7, 0.7, 0.0, 0.0)
    bone.keyframe_insert("rotation_quaternion", frame=10)


def _add_noise(armature):
    fcurves_of(armature, armature.animation_data.action)[0].modifiers.new("NOISE")


def _move_a_key(armature):
    curve = fcurves_of(armature, armature.animation_data.action)[0]
    curve.keyframe_points[5].co.y += 0.2


def _mute_a_curve(armature):
    fcurves_of(armature, armature.animation_data.action)[0].mute = True


@pytest.mark.parametrize("by_hand", [_key_a_knee, _add_noise, _move_a_key, _mute_a_curve])
def test_what_is_changed_by_hand_is_kept_and_the_slider_makes_another(edited, by_hand):
    result = edited.agonist.recommended_action
    name = result.name
    by_hand(edited)
    pose = rigs.evaluated(edited)
    edited.agonist.sliders["quadriceps_r"].scale = 1.6
    other = edited.agonist.recommended_action
    assert other != result and edited.animation_data.action == other and result.use_fake_user and result.name == name
    # The next move goes on with the new one, and the panel goes on to say where the other is: a hand rests many times in one drag.
    edited.agonist.sliders["quadriceps_r"].scale = 1.7
    assert edited.agonist.recommended_action == other and results.changed_by_hand(other) == result
    edited.animation_data.action = result
    np.testing.assert_array_equal(rigs.evaluated(edited), pose)


def test_a_result_that_nobody_has_touched_is_written_into_also_after_saving(edited, tmp_path):
    edited.agonist.show = "ORIGINAL"
    edited.agonist.show = "RECOMMENDED"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    edited = bpy.data.objects["rig"]
    result, count = edited.agonist.recommended_action, len(bpy.data.actions)
    edited.agonist.sliders["quadriceps_r"].scale = 1.6
    verbs.edit_armature(edited)
    assert edited.agonist.recommended_action == result and len(bpy.data.actions) == count and not result.use_fake_user


def test_undo_of_the_slider_brings_back_what_was_changed_by_hand(edited):
    bpy.ops.ed.undo_push(message="slider")
    _key_a_knee(edited)
    bpy.ops.ed.undo_push(message="key")
    pose = rigs.evaluated(edited)
    edited.agonist.sliders["quadriceps_r"].scale = 1.6
    bpy.ops.ed.undo_push(message="slider")
    bpy.ops.ed.undo()
    again = bpy.data.objects["rig"]
    np.testing.assert_array_equal(rigs.evaluated(again), pose)
    assert not again.agonist.recommended_action.use_fake_user and results.is_retouched(again.agonist.recommended_action, again)


def test_the_result_of_another_motion_outlives_a_saved_file(edited, tmp_path):
    """Predict shows another motion's sliders; what was made of the one before is work all the same."""
    name = edited.agonist.recommended_action.name
    edited.animation_data.action = rigs.quaternion(exercise("HighKick", 1.0)).animation_data.action
    verbs.predict_armature(edited)
    assert edited.agonist.recommended_action is None
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert name in bpy.data.actions


def test_predict_takes_what_was_changed_by_hand_as_a_motion_of_its_own(edited, tmp_path):
    source, result = edited.agonist.source_action, edited.agonist.recommended_action
    names = source.name, result.name
    _key_a_knee(edited)
    pose = rigs.evaluated(edited)
    assert bpy.ops.agonist.predict() == {"FINISHED"}
    props = edited.agonist
    assert props.source_action == edited.animation_data.action == result and props.recommended_action is None
    assert all(slider.scale == 1 for slider in props.sliders) and props.show == "ORIGINAL"
    np.testing.assert_array_equal(rigs.evaluated(edited), pose)
    # Sliders go on from there, and from there alone.
    props.sliders["biceps_l"].scale = 1.5
    assert props.recommended_action.name == f"{names[1]} (biceps_l x1.5)"[:63] and props.message == ""
    props.show = "ORIGINAL"
    np.testing.assert_array_equal(rigs.evaluated(edited), pose)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert set(names) <= set(bpy.data.actions.keys())
    edited = bpy.data.objects["rig"]
    verbs.predict_armature(edited)
    assert edited.agonist.source_action.name == names[1]
