"""Results are new actions with telling names, originals stay, and the ghost plays the original through undo and reload."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.errors import MotionError
from blender_addon import results, session, verbs
from blender_addon.compat import assign_action, ensure_fcurve, fcurves_of, remove_fcurve
from blender_addon.curve_keys import write_keys
from blender_addon.ghost import ghost_of, show_ghost
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender


@pytest.fixture
def rig(rig):
    verbs.predict_armature(rig)
    return rig


def test_an_edit_is_told_in_few_words():
    scales = {"quadriceps_l": 1.5, "biceps_l": 0.5, "latissimus_l": 1.0, "quadriceps_r": 1.5, "biceps_r": 1.0, "latissimus_r": 1.0}
    assert results.describe_edit(scales) == "quadriceps x1.5, biceps_l x0.5"
    assert results.describe_edit({"biceps_l": 1.0}) == "unchanged"


def test_a_result_is_named_after_its_source_and_its_edit(rig):
    rig.agonist.sliders["biceps_r"].scale = 1.5
    action = rig.animation_data.action
    assert action.name == "rig (biceps_r x1.5)"
    rig.agonist.sliders["biceps_l"].scale = 1.5
    assert rig.animation_data.action == action and action.name == "rig (biceps x1.5)"
    action.name = "take 7"
    rig.agonist.sliders["biceps_l"].scale = 2.0
    assert rig.animation_data.action.name == "take 7"


def test_a_result_that_is_made_twice_says_its_factor_all_the_same(rig):
    """Blender takes a ".5" at the end of a name for a number, which it counts up from."""
    slider = rig.agonist.sliders["biceps_r"]
    for scale in (1.5, 1.2, 1.5):
        slider.scale = scale
        results.keep_result(rig)
    names = sorted(action.name for action in bpy.data.actions if action.name.startswith("rig (") and "|" not in action.name)
    assert names == ["rig (biceps_r x1.2)", "rig (biceps_r x1.5)", "rig (biceps_r x1.5).001"]


def test_the_result_of_a_duplicated_character_is_named_after_its_own_edit(rig):
    rig.agonist.sliders["biceps_r"].scale = 1.5
    rig.select_set(True)
    bpy.ops.object.duplicate()
    twin = bpy.context.view_layer.objects.active
    assert twin != rig and twin.agonist.recommended_action != rig.agonist.recommended_action
    twin.agonist.sliders["biceps_r"].scale = 0.5
    assert "(biceps_r x0.5)" in twin.agonist.recommended_action.name
    assert rig.agonist.recommended_action.name == "rig (biceps_r x1.5)"


def test_a_name_too_long_for_blender_leaves_the_last_muscles_out(rig):
    asked = "quadriceps x1.5, hamstrings_l x0.5, hamstrings_r x1.25, biceps x2"
    name = results.name_of_result(rig.animation_data.action, asked)
    assert name == "rig (quadriceps x1.5, hamstrings_l x0.5, ...)"
    rig.animation_data.action.name = "ö" * 31
    name = results.name_of_result(rig.animation_data.action, "biceps x1.5")
    assert len(name.encode()) <= 63 and name.endswith("ö (biceps x1.5)")


def test_a_kept_result_is_left_alone_by_the_next_edit(rig):
    rig.agonist.sliders["hamstrings_l"].scale = 1.6
    kept, pose = rig.animation_data.action, rigs.evaluated(rig)
    assert bpy.ops.agonist.keep_result() == {"FINISHED"}
    rig.agonist.sliders["hamstrings_l"].scale = 0.5
    assert rig.animation_data.action != kept and kept.use_fake_user
    rig.animation_data.action = kept
    np.testing.assert_array_equal(rigs.evaluated(rig), pose)


def test_a_result_on_an_nla_track_plays_from_there(rig):
    source = rig.animation_data.action
    original = rigs.evaluated(rig)
    rig.agonist.sliders["hamstrings_l"].scale = 1.6
    edited, name = rigs.evaluated(rig), rig.animation_data.action.name
    assert bpy.ops.agonist.keep_result(track=True) == {"FINISHED"}
    track = rig.animation_data.nla_tracks[name]
    assert [strip.action.name for strip in track.strips] == [name]
    # The strip alone plays the edit; the source on top plays the original, untouched.
    first, last = (round(value) for value in source.frame_range)
    rig.animation_data.action = None
    poses = []
    for frame in range(first, last + 1):
        bpy.context.scene.frame_set(frame)
        shown = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        poses.append([np.array(shown.matrix_world @ bone.matrix) for bone in shown.pose.bones])
    np.testing.assert_allclose(poses, edited, atol=1e-6)
    rig.agonist.show = "ORIGINAL"
    np.testing.assert_allclose(rigs.evaluated(rig), original, atol=1e-6)


def _strip(armature):
    """A layer of the animator's own that adds to a channel the source keys and to one that it does not."""
    action, frames = bpy.data.actions.new("breath"), np.arange(1, 32)
    for path in ('pose.bones["head"].scale', 'pose.bones["wrist_l"].location'):
        write_keys(ensure_fcurve(armature, action, path, 1), frames, 0.05 * np.sin(0.3 * frames))
    track = armature.animation_data.nla_tracks.new()
    strip = track.strips.new("breath", 1, action)
    strip.blend_type, strip.influence = "ADD", 0.7
    return strip


def _strip_says(strip):
    names = ("name", "blend_type", "influence", "frame_start", "frame_end", "action_frame_start", "action_frame_end", "mute")
    curves = fcurves_of(strip.id_data, strip.action)
    keys = [(one.data_path, one.array_index, [tuple(key.co) for key in one.keyframe_points]) for one in curves]
    return [getattr(strip, name) for name in names], strip.action.name, keys


def test_an_animators_own_strip_that_adds_stays_and_goes_on_adding():
    rig = rigs.quaternion(exercise("Squat", 1.0, seed=4))
    plain = rigs.evaluated(rig)
    strip = _strip(rig)
    said, before = _strip_says(strip), rigs.evaluated(rig)
    head = rig.pose.bones.find("head")
    lengths = np.linalg.norm(before[:, head, :3, 1], axis=-1)
    assert np.abs(lengths - np.linalg.norm(plain[:, head, :3, 1], axis=-1)).max() > 0.02
    verbs.predict_armature(rig)
    for scale in (1.6, 1.0):
        rig.agonist.sliders["quadriceps_l"].scale = scale
        edited = rigs.evaluated(rig)
        assert _strip_says(strip) == said and len(rig.animation_data.nla_tracks) == 1
        np.testing.assert_allclose(np.linalg.norm(edited[:, head, :3, 1], axis=-1), lengths, atol=1e-5)
    angle, place = rigs.difference(edited, before)
    assert angle < 1e-4 and place < 1e-4
    rig.agonist.show = "ORIGINAL"
    np.testing.assert_array_equal(rigs.evaluated(rig), before)


@pytest.mark.parametrize("make", [rigs.quaternion, rigs.travelling, rigs.carried])
def test_the_ghost_plays_the_original_through_edit_undo_and_reload(make, tmp_path):
    armature = make(exercise("Squat", 1.0, seed=4))
    bpy.context.view_layer.objects.active = armature
    verbs.build_muscles(armature)
    verbs.predict_armature(armature)
    original, count = rigs.evaluated(armature), len(bpy.data.objects)
    assert bpy.ops.agonist.ghost() == {"FINISHED"}
    ghost = ghost_of(armature)
    assert ghost.hide_render and ghost.hide_select and len(bpy.data.objects) == count + 2
    armature.agonist.sliders["quadriceps_l"].scale = 1.8
    np.testing.assert_allclose(rigs.evaluated(ghost), original, atol=1e-6)
    assert np.abs(rigs.evaluated(armature) - original).max() > 0.01
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    armature = bpy.data.objects["rig"]
    np.testing.assert_allclose(rigs.evaluated(ghost_of(armature)), original, atol=1e-6)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.agonist.ghost() == {"FINISHED"}
    assert ghost_of(armature) is None and len(bpy.data.objects) == count
    bpy.ops.ed.undo_push(message="ghost")
    bpy.ops.ed.undo()
    np.testing.assert_allclose(rigs.evaluated(ghost_of(bpy.data.objects["rig"])), original, atol=1e-6)


def test_the_ghost_has_no_muscles_and_no_panel_of_its_own(rig):
    verbs.build_muscles(rig)
    ghost = show_ghost(rig)
    assert len(ghost.children) == 1 and not ghost.agonist.sliders and ghost.agonist.source_action is None
    assert len(rig.agonist.sliders) == 8


_FRAMES = range(1, 32)


@pytest.fixture
def sparse():
    """A rig whose source leaves most of the body unkeyed, predicted; and its motion."""
    armature = rigs.quaternion(exercise("Squat", 1.0, seed=4))
    bpy.context.view_layer.objects.active = armature
    action = armature.animation_data.action
    for curve in fcurves_of(armature, action):
        if any(joint in curve.data_path for joint in ("spine", "shoulder", "elbow", "knee")):
            remove_fcurve(armature, action, curve)
    armature.pose.bones["spine"].rotation_quaternion = (1, 0.1, 0, 0)
    original = rigs.at_frames(armature, _FRAMES)
    verbs.predict_armature(armature)
    return armature, original


def _seen(armature):
    return rigs.at_frames(armature, _FRAMES)


def test_the_original_stays_the_original_under_a_pushed_result(sparse):
    """The strip keys channels that the source leaves alone."""
    rig, original = sparse
    joints = session.live_edit(rig).sample.motion.positions_world
    rig.agonist.sliders["quadriceps_l"].scale = 2.0
    edited = _seen(rig)
    bpy.ops.agonist.keep_result(track=True)
    (track,) = rig.animation_data.nla_tracks
    rig.agonist.show = "ORIGINAL"
    np.testing.assert_array_equal(_seen(rig), original)
    assert track.mute
    verbs.predict_armature(rig)
    np.testing.assert_array_equal(session.live_edit(rig).sample.motion.positions_world, joints)
    rig.agonist.show = "RECOMMENDED"
    np.testing.assert_array_equal(_seen(rig), edited)
    assert not track.mute


def test_only_strips_of_results_are_muted_and_what_the_animator_muted_stays_mute(rig):
    rig.agonist.sliders["quadriceps_l"].scale = 2.0
    for _ in range(3):
        bpy.ops.agonist.keep_result(track=True)
    mixed, muted, plain = rig.animation_data.nla_tracks
    own = mixed.strips.new("own", 100, bpy.data.actions.new("own"))
    muted.mute = True
    rig.agonist.show = "ORIGINAL"
    assert (mixed.mute, mixed.strips[0].mute, own.mute, muted.mute, plain.mute) == (False, True, False, True, True)
    rig.agonist.show = "RECOMMENDED"
    assert (mixed.mute, mixed.strips[0].mute, own.mute, muted.mute, plain.mute) == (False, False, False, True, False)


def test_a_pushed_result_does_not_shine_through_the_next_one(sparse):
    rig, original = sparse
    rig.agonist.sliders["biceps_l"].scale = 2.0
    bpy.ops.agonist.keep_result(track=True)
    rig.agonist.sliders["biceps_l"].scale = 1.0
    np.testing.assert_allclose(_seen(rig), original, atol=1e-6)


def test_a_strip_of_blenders_own_push_down_is_left_alone(rig):
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    result, edited = rig.agonist.recommended_action, rigs.evaluated(rig)
    rig.animation_data.nla_tracks.new().strips.new("pushed", 1, result)
    rig.animation_data.action = None
    rig.agonist.sliders["quadriceps_l"].scale = 0.5
    assert rig.agonist.recommended_action != result
    rig.animation_data.action = None
    np.testing.assert_array_equal(_seen(rig), edited)


def test_a_result_with_a_fake_user_is_left_alone(rig):
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    result = rig.agonist.recommended_action
    assert not result.use_fake_user
    result.use_fake_user = True
    rig.agonist.sliders["quadriceps_l"].scale = 1.7
    assert rig.agonist.recommended_action not in (result, None) and not rig.agonist.recommended_action.use_fake_user


@pytest.mark.parametrize("use", ["plays", "recommended", "source"])
def test_a_result_that_another_character_uses_is_left_alone(rig, use):
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    result = rig.agonist.recommended_action
    other = rigs.quaternion(exercise("Squat", 1.0, seed=4))
    if use == "plays":
        assign_action(other, result)
    else:
        setattr(other.agonist, f"{use}_action", result)
    keys = [(one.data_path, [tuple(key.co) for key in one.keyframe_points]) for one in fcurves_of(rig, result)]
    rig.agonist.sliders["quadriceps_l"].scale = 0.5
    assert rig.agonist.recommended_action not in (result, None)
    assert [(one.data_path, [tuple(key.co) for key in one.keyframe_points]) for one in fcurves_of(rig, result)] == keys
    # What nobody else uses is still written into.
    count = len(bpy.data.actions)
    rig.agonist.sliders["quadriceps_l"].scale = 0.6
    assert len(bpy.data.actions) == count


def _undone_and_redone(armature, folder):
    bpy.ops.ed.undo_push(message="before")
    armature.agonist.sliders["quadriceps_l"].scale = 1.7
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    bpy.ops.ed.redo()


def _reloaded(armature, folder):
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(folder / "scene.blend"))


def _compared(armature, folder):
    armature.agonist.show = "ORIGINAL"


@pytest.mark.parametrize("change", [None, _compared, _undone_and_redone, _reloaded])
def test_whether_a_result_is_kept_is_known_without_a_look_at_every_object(rig, change, monkeypatch, tmp_path):
    """The panel asks at every redraw."""
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    for number in range(50):
        bpy.context.scene.collection.objects.link(bpy.data.objects.new(f"prop {number}", None))
    if change is not None:
        change(rig, tmp_path)
    rig = bpy.data.objects["rig"]
    asked = []
    monkeypatch.setattr(results, "strips_playing", lambda thing: asked.append(thing) or [])
    assert not results.is_kept(rig.agonist.recommended_action, rig) and not asked
    # Where somebody else uses it, everybody is asked.
    assign_action(bpy.data.objects["prop 49"], rig.agonist.recommended_action)
    assert results.is_kept(rig.agonist.recommended_action, rig) and asked


@pytest.mark.parametrize("is_old", [False, True])
def test_predict_on_a_kept_result_takes_what_that_was_made_from(rig, is_old):
    walk = rig.agonist.source_action
    walk.name = "Walk"
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    kept = results.keep_result(rig)
    if is_old:
        # Files of former versions know the name alone.
        del kept["agonist_made_of"]
    else:
        walk.name = "Walk, renamed"
    run = rigs.quaternion(exercise("HighKick", 1.0)).animation_data.action
    assign_action(rig, run)
    verbs.predict_armature(rig)
    assert rig.agonist.source_action == run
    assign_action(rig, kept)
    verbs.predict_armature(rig)
    assert rig.agonist.source_action == rig.animation_data.action == walk


def test_a_result_of_a_kept_result_is_not_kept_itself(rig):
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    kept = results.keep_result(rig)
    other = rigs.quaternion(exercise("Squat", 1.0, seed=4))
    assign_action(other, kept)
    verbs.predict_armature(other)
    verbs.predict_armature(other)
    assert other.agonist.source_action == kept
    count = len(bpy.data.actions)
    for scale in (1.1, 1.2, 1.3):
        other.agonist.sliders["biceps_l"].scale = scale
    assert len(bpy.data.actions) == count + 1
    assert other.agonist.recommended_action.name.startswith(kept.name[:20])


def _drive(armature):
    action = armature.animation_data.action
    for curve in fcurves_of(armature, action):
        if '"neck"' in curve.data_path:
            remove_fcurve(armature, action, curve)
    driver = armature.pose.bones["neck"].driver_add("rotation_quaternion", 1).driver
    driver.type, driver.expression = "SCRIPTED", "v"
    variable = driver.variables.new()
    variable.name, variable.targets[0].id = "v", armature
    variable.targets[0].data_path = 'pose.bones["hip_l"].rotation_quaternion[1]'


@pytest.mark.parametrize("add", [_strip, _drive])
def test_the_ghost_has_the_layers_and_drivers_of_the_original(add):
    armature = rigs.quaternion(exercise("Squat", 1.0, seed=4))
    add(armature)
    original = _seen(armature)
    verbs.predict_armature(armature)
    ghost = show_ghost(armature)
    np.testing.assert_allclose(_seen(ghost), original, atol=1e-6)
    armature.agonist.sliders["quadriceps_l"].scale = 1.8
    np.testing.assert_allclose(_seen(ghost), original, atol=1e-6)


def test_the_ghost_has_the_unkeyed_channels_of_the_original(sparse):
    rig, original = sparse
    for name in ("quadriceps_l", "biceps_l"):
        rig.agonist.sliders[name].scale = 1.8
    bpy.ops.agonist.keep_result(track=True)
    bpy.context.scene.frame_set(15)
    np.testing.assert_array_equal(_seen(show_ghost(rig)), original)


def test_the_source_assigned_by_hand_is_itself_again_with_predict(sparse):
    rig, original = sparse
    rig.agonist.sliders["biceps_l"].scale = 2.0
    bpy.context.scene.frame_set(15)
    rig.animation_data.action = rig.agonist.source_action
    verbs.predict_armature(rig)
    np.testing.assert_array_equal(_seen(rig), original)
    rig.agonist.sliders["biceps_l"].scale = 1.0
    np.testing.assert_allclose(_seen(rig), original, atol=1e-6)


def test_the_original_is_itself_after_its_result_was_deleted(sparse):
    rig, original = sparse
    rig.agonist.sliders["biceps_l"].scale = 2.0
    bpy.context.scene.frame_set(15)
    bpy.data.actions.remove(rig.agonist.recommended_action)
    rig.agonist.show = "ORIGINAL"
    np.testing.assert_array_equal(_seen(rig), original)


def test_a_pose_of_an_unkeyed_bone_made_while_the_original_plays_stays(sparse):
    rig, _ = sparse
    rig.agonist.sliders["biceps_l"].scale = 2.0
    rig.agonist.show = "ORIGINAL"
    rig.pose.bones["spine"].rotation_quaternion = (1, -0.2, 0, 0)
    posed = _seen(rig)
    for which in ("RECOMMENDED", "ORIGINAL"):
        rig.agonist.show = which
    np.testing.assert_array_equal(_seen(rig), posed)


def test_without_animation_data_every_button_still_works_or_is_grey(rig):
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    result = rig.agonist.recommended_action
    result.use_fake_user = True
    for work in (lambda: results.keep_result(rig, track=True), lambda: show_ghost(rig), lambda: verbs.edit_armature(rig)):
        rig.animation_data_clear()
        work()
    rig.animation_data_clear()
    with results.as_before_if_stopped(rig, False):
        pass
    with pytest.raises(MotionError, match="no action"):
        verbs.predict_armature(rig)


def test_a_result_pushed_while_the_original_plays_is_mute_until_it_does_not(rig):
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    rig.agonist.show = "ORIGINAL"
    before = rigs.evaluated(rig)
    results.keep_result(rig, track=True)
    (track,) = rig.animation_data.nla_tracks
    assert track.mute
    np.testing.assert_array_equal(rigs.evaluated(rig), before)
    rig.agonist.show = "RECOMMENDED"
    assert not track.mute
