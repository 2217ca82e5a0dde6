"""Rigs and actions that are not as they should be: the right result, or one clear line and nothing changed."""

import time

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.errors import MotionError, SkeletonError
from blender_addon import session, verbs
from blender_addon.compat import assign_action, fcurves_of
from blender_addon.curve_keys import copy_keys, write_keys
from blender_addon.ghost import ghost_of
from blender_addon.muscles.heatmap import muscle_objects
from blender_addon.rig.bones import detect_bones
from tests.blender_addon import assets, preset_rigs, rigs
from tests.blender_addon.test_presets import joints_at
from tests.clips import exercise

pytestmark = pytest.mark.blender


@pytest.fixture
def rig():
    return preset_rigs.build("Mixamo", exercise("Squat", 1.0, seed=4))


def _without(armature, *names):
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for name in names:
        armature.data.edit_bones.remove(armature.data.edit_bones[name])
    bpy.ops.object.mode_set(mode="OBJECT")


def test_a_missing_head_or_toe_is_no_hindrance(rig):
    _without(rig, "mixamorig:Head", "mixamorig:LeftToeBase")
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    found, wanted = joints_at(rig)
    assert np.linalg.norm(found - wanted, axis=-1).max() < 1e-3


def test_a_missing_shin_is_named_with_the_map_that_comes_nearest(rig):
    _without(rig, "mixamorig:LeftLeg")
    with pytest.raises(RuntimeError, match=r"nearest to Mixamo(.|\n)*knee_l"):
        bpy.ops.agonist.predict()
    assert rig.agonist.source_action is None and not rig.agonist.bones


def test_the_table_can_name_what_no_map_finds(rig):
    rig.data.bones["mixamorig:LeftLeg"].name = "unterschenkel"
    with pytest.raises(SkeletonError, match="knee_l"):
        detect_bones(rig)
    rig.data.bones["unterschenkel"].name = "mixamorig:LeftLeg"
    bpy.ops.agonist.detect_bones()
    rig.data.bones["mixamorig:LeftLeg"].name = "unterschenkel"
    with pytest.raises(SkeletonError, match="Detect Bones"):
        verbs.predict_armature(rig)
    rig.agonist.bones["knee_l"].bone = "unterschenkel"
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    found, wanted = joints_at(rig)
    assert np.linalg.norm(found - wanted, axis=-1).max() < 1e-3
    rig.agonist.bones["knee_l"].bone = ""
    with pytest.raises(SkeletonError, match="knee_l"):
        verbs.predict_armature(rig)


def test_a_map_of_ones_own_is_saved_found_and_loaded(rig, tmp_path, monkeypatch):
    monkeypatch.setattr("blender_addon.rig.bones.user_map_folder", lambda create=False: tmp_path)
    bpy.ops.agonist.detect_bones()
    rig.data.bones["mixamorig:LeftLeg"].name = "unterschenkel"
    rig.agonist.bones["knee_l"].bone = "unterschenkel"
    path = tmp_path / "studio.toml"
    assert bpy.ops.agonist.save_bones(filepath=str(path)) == {"FINISHED"}
    table = {row.name: row.bone for row in rig.agonist.bones}
    rig.agonist.bones.clear()
    bpy.ops.agonist.detect_bones()
    assert rig.agonist.bone_map == "studio" and {row.name: row.bone for row in rig.agonist.bones} == table
    rig.agonist.bones.clear()
    assert bpy.ops.agonist.load_bones(filepath=str(path)) == {"FINISHED"}
    assert {row.name: row.bone for row in rig.agonist.bones} == table
    path.write_text("[joints]\nhip = 3")
    with pytest.raises(RuntimeError, match="hip = 3"):
        bpy.ops.agonist.load_bones(filepath=str(path))
    assert rig.agonist.bones["knee_l"].bone == "unterschenkel"


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_a_scaled_armature(scale):
    """Bones in centimetres under an object of 0.01, as an FBX arrives, and the other way round."""
    rig = preset_rigs.build("UE4 Mannequin", exercise("Squat", 1.0, seed=4))
    before = rigs.evaluated(rig)[..., :3, 3]
    rig.scale = (scale, scale, scale)
    bpy.context.view_layer.update()
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    found, wanted = joints_at(rig)
    assert np.linalg.norm(found - wanted, axis=-1).max() < 1e-3 * scale
    assert np.abs(rigs.evaluated(rig)[..., :3, 3] / scale - before).max() > 0.01


def test_an_action_without_keys_says_so(rig):
    empty = bpy.data.actions.new("empty")
    assign_action(rig, empty)
    with pytest.raises(MotionError, match="no keys"):
        verbs.predict_armature(rig)
    assert rig.agonist.source_action is None and rig.animation_data.action is empty


def test_an_action_of_one_frame_is_a_pose(rig):
    for curve in fcurves_of(rig, rig.animation_data.action):
        for point in list(curve.keyframe_points)[:0:-1]:
            curve.keyframe_points.remove(point)
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    live = session.live_edit(rig)
    assert len(live.sample.motion) <= 2
    found, wanted = joints_at(rig)
    assert np.linalg.norm(found[: len(wanted)] - wanted, axis=-1).max() < 1e-3


def test_frame_numbers_far_from_zero(rig):
    action = rig.animation_data.action
    for curve in fcurves_of(rig, action):
        for point in curve.keyframe_points:
            point.co.x += 900_000
        curve.update()
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    assert session.live_edit(rig).sample.first_frame == 900_001
    found, wanted = joints_at(rig)
    assert np.linalg.norm(found - wanted, axis=-1).max() < 1e-3


@pytest.mark.parametrize("shift", [-30.0, -12.5])
def test_frames_below_zero_and_between_whole_ones(rig, shift):
    action = rig.animation_data.action
    for curve in fcurves_of(rig, action):
        for point in curve.keyframe_points:
            point.co.x += shift
        curve.update()
    verbs.predict_armature(rig)
    assert session.live_edit(rig).sample.first_frame == round(action.frame_range[0]) < 0
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    found, wanted = joints_at(rig)
    assert np.linalg.norm(found - wanted, axis=-1).max() < 1e-3


def test_a_manual_frame_range_is_the_clip(rig):
    action = rig.animation_data.action
    first, last = (round(value) for value in action.frame_range)
    action.use_frame_range, action.frame_start, action.frame_end = True, first + 5, last - 5
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    sample = session.live_edit(rig).sample
    assert (sample.first_frame, len(sample.motion)) == (first + 5, last - first - 9)
    found, wanted = joints_at(rig)
    assert np.linalg.norm(found - wanted, axis=-1).max() < 1e-3


def _unchanged(curve):
    pass


def _sparse(curve):
    """Keys far apart with eased handles that lean on their neighbours; the middle ones lie in the clip."""
    frames = np.array([1.0, 8.0, 15.0, 22.0, 31.0])
    write_keys(curve, frames, np.array([curve.evaluate(frame) for frame in frames]))
    for point in curve.keyframe_points:
        point.interpolation, point.handle_left_type, point.handle_right_type = "BEZIER", "AUTO_CLAMPED", "AUTO_CLAMPED"
    curve.update()


def _noisy(curve):
    curve.modifiers.new("NOISE").strength = 0.2


def _muted(curve):
    curve.mute = "LeftUpLeg" in curve.data_path


@pytest.mark.parametrize("make", [_unchanged, _sparse, _noisy, _muted])
def test_what_a_manual_frame_range_leaves_out_plays_as_before(rig, make):
    action = rig.animation_data.action
    for curve in fcurves_of(rig, action):
        make(curve)
    # Noise goes on where no key is, and an edit's own keys end with the source's.
    frames = range(1, 32) if make == _noisy else range(-3, 40)
    before = rigs.at_frames(rig, frames)
    action.use_frame_range, action.frame_start, action.frame_end = True, 11, 20
    verbs.predict_armature(rig)
    for scale in (1.3, 1.6):
        rig.agonist.sliders["quadriceps_l"].scale = scale
    off = np.abs(rigs.at_frames(rig, frames) - before).max(axis=(1, 2, 3))
    inside = [11 <= frame <= 20 for frame in frames]
    assert off[np.logical_not(inside)].max() < 1e-5 and off[inside].max() > 0.01


def test_keys_outside_a_manual_frame_range_keep_their_kind_and_handles(rig):
    action = rig.animation_data.action
    for curve in fcurves_of(rig, action):
        _sparse(curve)
    action.use_frame_range, action.frame_start, action.frame_end = True, 11, 14
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    touched = 0
    for old, new in zip(fcurves_of(rig, action), fcurves_of(rig, rig.animation_data.action), strict=True):
        ends = [(tuple(key.co), key.interpolation, tuple(key.handle_left), tuple(key.handle_right)) for key in old.keyframe_points]
        keys = [(tuple(key.co), key.interpolation, tuple(key.handle_left), tuple(key.handle_right)) for key in new.keyframe_points]
        assert keys[0] == ends[0] and keys[-2:] == ends[-2:]
        touched += len(keys) > len(ends)
    assert touched > 4


def test_one_key_a_million_frames_away_is_refused_at_once(rig):
    curve = fcurves_of(rig, rig.animation_data.action)[0]
    curve.keyframe_points.insert(1_000_000, 0.0)
    started = time.monotonic()
    with pytest.raises(MotionError, match=r"1000000(.|\n)*Manual Frame Range"):
        verbs.predict_armature(rig)
    assert time.monotonic() - started < 30 and rig.agonist.source_action is None


def test_a_bone_that_the_source_does_not_key_is_still_again(rig):
    """What only the result keys must not stay in the pose when the original plays."""
    action = rig.animation_data.action
    still = "mixamorig:LeftUpLeg"
    for curve in list(fcurves_of(rig, action)):
        if f'"{still}"' in curve.data_path:
            _channels(rig, action).fcurves.remove(curve)
    rig.pose.bones[still].rotation_mode = "QUATERNION"
    rig.pose.bones[still].rotation_quaternion = (0.98, -0.2, 0, 0)
    before = rigs.evaluated(rig)
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    assert np.abs(rigs.evaluated(rig) - before).max() > 0.01
    rig.agonist.show = "ORIGINAL"
    angle, place = rigs.difference(rigs.evaluated(rig), before)
    assert angle < 1e-6 and place < 1e-6
    rig.agonist.show = "RECOMMENDED"
    found, wanted = joints_at(rig)
    assert np.linalg.norm(found - wanted, axis=-1).max() < 1e-3


def _channels(owner, action):
    from blender_addon import compat

    return compat._channels(owner, action, ensure=False)


def test_a_linked_rig_asks_for_an_override(rig, tmp_path):
    hero = assets.linked(rig, tmp_path)
    bpy.context.scene.collection.children.link(hero)
    bpy.context.view_layer.objects.active = hero.objects[0]
    with pytest.raises(RuntimeError, match="library override"):
        bpy.ops.agonist.predict()


def test_an_overridden_rig_is_edited_and_kept_over_saving(rig, tmp_path):
    armature = assets.overridden(rig, tmp_path)
    before = rigs.evaluated(armature)
    assert bpy.ops.agonist.predict() == {"FINISHED"}
    armature.agonist.sliders["quadriceps_l"].scale = 1.5
    found, wanted = joints_at(armature)
    assert np.linalg.norm(found - wanted, axis=-1).max() < 1e-3
    assert np.abs(rigs.evaluated(armature) - before).max() > 0.01
    after = rigs.evaluated(armature)
    name = armature.name
    bpy.ops.ed.undo_push(message="edit")
    path = str(tmp_path / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    armature = bpy.data.objects[name]
    np.testing.assert_allclose(rigs.evaluated(armature), after, atol=1e-5)
    assert armature.agonist.source_action is not None and len(armature.agonist.sliders) == 8
    assert armature.agonist.sliders["quadriceps_l"].scale == pytest.approx(1.5)


@pytest.mark.parametrize("is_also_local", [False, True])
def test_an_overridden_rig_gets_muscles_curves_and_a_ghost(rig, is_also_local, tmp_path):
    """Its own collection takes no object of this file; one of this file that it lies in as well does."""
    skin = bpy.data.objects.new("Skin", bpy.data.meshes.new("Skin"))
    skin.data.from_pydata([(0, 0, 1), (0, 0, 1.1), (0.1, 0, 1)], [], [(0, 1, 2)])
    skin.parent = rig
    skin.modifiers.new("Armature", "ARMATURE").object = rig
    bpy.context.scene.collection.objects.link(skin)
    armature = assets.overridden(rig, tmp_path)
    home = bpy.context.scene.collection
    if is_also_local:
        home = bpy.data.collections.new("Shot")
        bpy.context.scene.collection.children.link(home)
        home.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    before = set(bpy.data.objects)
    original = rigs.evaluated(armature)
    bpy.ops.agonist.predict()
    assert bpy.ops.agonist.add_muscles() == {"FINISHED"} and len(muscle_objects(armature)) == 8
    armature.agonist.sliders["quadriceps_l"].scale = 1.5
    assert bpy.ops.agonist.ghost() == {"FINISHED"}
    assert bpy.ops.agonist.edit_curves() == {"FINISHED"}
    made = set(bpy.data.objects) - before
    assert len(made) == 11 and all(thing.users_collection == (home,) for thing in made)
    np.testing.assert_allclose(rigs.evaluated(ghost_of(armature)), original, atol=1e-6)
    name, path = armature.name, str(tmp_path / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    armature = next(thing for thing in bpy.data.objects if thing.name == name and thing.override_library)
    ghost = ghost_of(armature)
    np.testing.assert_allclose(rigs.evaluated(ghost), original, atol=1e-6)
    (skin,) = [thing for thing in ghost.children if thing.type == "MESH"]
    assert skin.modifiers["Armature"].object == ghost and not ghost.agonist.sliders and len(muscle_objects(armature)) == 8
    bpy.context.view_layer.objects.active = armature
    assert bpy.ops.agonist.ghost() == {"FINISHED"} and ghost_of(armature) is None


def test_two_characters_in_one_scene_do_not_meet(rig):
    other = preset_rigs.build("UE5 Mannequin", exercise("HighKick", 1.0, seed=2))
    other.location.x = 2.0
    bpy.context.view_layer.update()
    for armature in (rig, other):
        verbs.build_muscles(armature)
        verbs.predict_armature(armature)
    kept = rigs.evaluated(rig)
    other.agonist.sliders["hamstrings_r"].scale = 1.6
    np.testing.assert_array_equal(rigs.evaluated(rig), kept)
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    for armature in (rig, other):
        found, wanted = joints_at(armature)
        assert np.linalg.norm(found - wanted, axis=-1).max() < 1e-3
    assert rig.agonist.recommended_action is not other.agonist.recommended_action


@pytest.mark.skipif(bpy.app.version < (4, 4, 0), reason="slots came with 4.4")
def test_two_rigs_in_one_action_have_their_own_clips_and_find_their_slots_again():
    """Whatever they are called and have played meanwhile."""
    first, second = (preset_rigs.build("Mixamo", exercise(name, seconds)) for name, seconds in (("Squat", 1.0), ("HighKick", 2.0)))
    action, other = first.animation_data.action, second.animation_data.action
    slot = action.slots.new("OBJECT", second.name)
    bag = action.layers[0].strips[0].channelbag(slot, ensure=True)
    for curve in fcurves_of(second, other):
        copy_keys(curve, bag.fcurves.new(curve.data_path, index=curve.array_index))
    second.animation_data.action, second.animation_data.action_slot = action, slot
    before = [rigs.at_frames(one, range(1, 62)) for one in (first, second)]
    for armature, last in ((first, 31), (second, 61)):
        verbs.predict_armature(armature)
        assert (armature.agonist.frame_first, armature.agonist.frame_last) == (1, last)
        armature.agonist.sliders["quadriceps_l"].scale = 1.5
    second.name = "Hero"
    assign_action(second, bpy.data.actions.new("other"))
    for armature, poses in zip((first, second), before, strict=True):
        armature.agonist.show = "ORIGINAL"
        np.testing.assert_array_equal(rigs.at_frames(armature, range(1, 62)), poses)


def test_another_file_with_the_same_rig_and_keys_is_looked_at_anew(rig, tmp_path):
    """Constraints are in no fingerprint of a motion."""
    limit = next(bone for bone in rig.pose.bones if bone.name.endswith("LeftLeg")).constraints.new("LIMIT_ROTATION")
    limit.use_limit_x = limit.use_limit_y = limit.use_limit_z = True
    limit.owner_space = "LOCAL"
    seen = []
    for influence in (0.0, 1.0):
        limit.influence = influence
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / f"{influence:g}.blend"))
    for name in ("0", "1"):
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / f"{name}.blend"))
        (armature,) = [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]
        seen.append(session.live_edit_of(armature, armature.animation_data.action).sample.motion.positions_world)
    assert np.abs(seen[0] - seen[1]).max() > 0.05
