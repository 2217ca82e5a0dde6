"""What may change: locked parts, influence, falloff, group sliders; live, undone, saved, and each rig for itself."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.edit_scope import PARTS
from blender_addon import ui, verbs
from blender_addon.compat import fcurves_of
from blender_addon.scope import LOCKS
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender


@pytest.fixture
def rig():
    armature = rigs.quaternion(exercise("Squat", 2.0, seed=4))
    verbs.predict_armature(armature)
    return armature


def curves_holding(armature, action):
    if hasattr(action, "layers"):
        return action.layers[0].strips[0].channelbag(armature.animation_data.action_slot).fcurves
    return action.fcurves


def _keys(armature, action):
    """Every number of every curve of an action: {(path, index): (keys, handles)}."""
    found = {}
    for curve in fcurves_of(armature, action):
        numbers = [np.empty(2 * len(curve.keyframe_points), dtype=np.float32) for _ in range(3)]
        for name, values in zip(("co", "handle_left", "handle_right"), numbers, strict=True):
            curve.keyframe_points.foreach_get(name, values)
        found[curve.data_path, curve.array_index] = np.concatenate(numbers)
    return found


def _changed_bones(armature):
    """Bones whose keys in the recommended action are not those of the source, to the bit."""
    before, after = (_keys(armature, action) for action in (armature.agonist.source_action, armature.agonist.recommended_action))
    assert before.keys() == after.keys()
    return {path.split('"')[1] for (path, index), keys in after.items() if not np.array_equal(keys, before[path, index])}


@pytest.mark.parametrize("part", LOCKS)
def test_a_locked_part_keeps_its_keys_to_the_bit(rig, part):
    props = rig.agonist
    setattr(props.scope, f"lock_{part}", True)
    props.sliders["quadriceps_l"].scale, props.sliders["biceps_r"].scale = 1.6, 1.6
    held = {"root": {"pelvis"}, "trunk": {"spine"}, "head": {"neck"}}.get(part, set(PARTS[part]))
    assert _changed_bones(rig) and not held & _changed_bones(rig)


def test_locking_while_an_edit_plays_makes_it_again_at_once(rig):
    props = rig.agonist
    props.sliders["quadriceps_l"].scale = 1.6
    assert {"hip_l", "knee_l"} <= _changed_bones(rig)
    props.scope.lock_leg_l = True
    assert "hip_l" not in _changed_bones(rig) and "knee_l" not in _changed_bones(rig)
    props.scope.lock_leg_l = False
    assert {"hip_l", "knee_l"} <= _changed_bones(rig)


def test_only_arms_in_one_click_and_everything_free_again(rig):
    props = rig.agonist
    props.groups["biceps"].scale = 1.6
    assert bpy.ops.agonist.only_parts(parts="ARMS") == {"FINISHED"}
    assert set(props.scope.locked) == {"head", "trunk", "root", "leg_l", "leg_r"}
    assert _changed_bones(rig) <= set(PARTS["arms"]) and props.sliders["biceps_l"].reached > 1.1
    assert bpy.ops.agonist.only_parts(parts="LEGS") == {"FINISHED"}
    assert set(props.scope.locked) == {"head", "trunk", "arm_l", "arm_r"}
    assert bpy.ops.agonist.only_parts(parts="ALL") == {"FINISHED"}
    assert props.scope.locked == () and not _changed_bones(rig) <= set(PARTS["arms"])


def test_no_influence_is_the_source_to_the_bit(rig):
    before = rigs.evaluated(rig)
    props = rig.agonist
    props.sliders["quadriceps_l"].scale = 1.6
    angles = []
    for influence in (1.0, 0.5, 0.25):
        props.scope.influence = influence
        angles.append(rigs.difference(rigs.evaluated(rig), before)[0])
    assert angles[0] > angles[1] > angles[2] > 0.01
    props.scope.influence = 0
    assert rig.animation_data.action == props.recommended_action
    np.testing.assert_array_equal(rigs.evaluated(rig), before)
    assert not _changed_bones(rig)


def test_a_slider_back_at_one_is_the_source_to_the_bit(rig):
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    rig.agonist.sliders["quadriceps_l"].scale = 1.0
    assert not _changed_bones(rig)


def test_a_bone_that_the_source_does_not_key_goes_back_to_where_it_was(rig):
    source = rig.animation_data.action
    for curve in fcurves_of(rig, source):
        if curve.data_path.startswith('pose.bones["knee_l"]'):
            curves_holding(rig, source).remove(curve)
    rig.pose.bones["knee_l"].rotation_quaternion = (0.9, 0.3, 0.0, 0.1)
    verbs.predict_armature(rig)
    before = rigs.evaluated(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    rig.agonist.scope.lock_leg_l = True
    rig.agonist.scope.influence = 0.0
    angle, place = rigs.difference(rigs.evaluated(rig), before)
    assert angle < 1e-5 and place < 1e-5


def test_feet_may_be_let_go(rig):
    props, names = rig.agonist, [bone.name for bone in rig.pose.bones]
    before, slid = rigs.evaluated(rig), []
    props.sliders["quadriceps_l"].scale = 1.6
    for kept in (True, False):
        props.scope.feet_planted = kept
        away = np.linalg.norm(rigs.evaluated(rig)[..., :3, 3] - before[..., :3, 3], axis=-1)
        slid.append(away[:, [names.index(f"ankle_{side}") for side in "lr"]].max())
    assert slid[0] < 0.002 and slid[1] > 3 * slid[0]


def test_a_longer_falloff_changes_less_near_the_ends(rig):
    before, props = rigs.evaluated(rig), rig.agonist
    props.sliders["quadriceps_l"].scale = 1.6
    props.use_frame_range, props.frame_first, props.frame_last = True, 11, 50
    moved = []
    for falloff in (0.0, 0.6):
        props.scope.falloff_s = falloff
        moved.append(np.abs(rigs.evaluated(rig) - before).max(axis=(1, 2, 3)))
    assert moved[1][12] < 0.5 * moved[0][12]
    # Outside the frames only what single precision leaves of a key that was written anew.
    assert max(moved[1][:10].max(), moved[1][50:].max()) < 1e-6


def test_a_group_moves_both_sides_and_shows_what_both_reached(rig):
    group, sides = rig.agonist.groups["quadriceps"], rig.agonist.sides("quadriceps")
    group.scale = 1.5
    assert [slider.scale for slider in sides] == [1.5, 1.5] and group.scale == 1.5
    assert min(slider.reached for slider in sides) <= group.reached <= max(slider.reached for slider in sides)
    assert group.reached > 1.1
    sides[0].scale = 1.0
    assert sides[1].scale == 1.5 and group.scale == 1.25
    group.scale = 7
    assert [slider.scale for slider in sides] == [3, 3]


def test_linked_sides_follow_each_other(rig):
    rig.agonist.link_sides = True
    rig.agonist.sliders["quadriceps_r"].scale = 1.5
    assert rig.agonist.groups["quadriceps"].scale == rig.agonist.sliders["quadriceps_l"].scale == 1.5


def test_one_slider_is_reset_and_the_others_stay(rig):
    props = rig.agonist
    props.groups["quadriceps"].scale, props.groups["biceps"].scale = 1.5, 0.5
    bpy.ops.agonist.reset_slider(slider="biceps_l")
    assert [props.sliders[name].scale for name in ("biceps_l", "biceps_r", "quadriceps_l")] == [1.0, 0.5, 1.5]
    bpy.ops.agonist.reset_slider(slider="quadriceps")
    assert [slider.scale for slider in props.sides("quadriceps")] == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="tail"):
        bpy.ops.agonist.reset_slider(slider="tail")
    bpy.ops.agonist.reset()
    assert all(slider.scale == 1 for slider in props.sliders) and props.show == "ORIGINAL"


def test_without_live_nothing_moves_until_it_is_asked(rig):
    props = rig.agonist
    props.live = False
    props.groups["quadriceps"].scale, props.scope.lock_head, props.scope.influence = 1.5, True, 0.8
    bpy.ops.agonist.only_parts(parts="LEGS")
    assert props.recommended_action is None
    bpy.ops.agonist.edit()
    assert _changed_bones(rig) and not _changed_bones(rig) & set(PARTS["arms"])


def _settings(armature):
    scope = armature.agonist.scope
    return scope.locked, scope.influence, scope.falloff_s, [slider.scale for slider in armature.agonist.sliders]


def test_undo_and_reload_bring_the_scope_back(rig, tmp_path):
    rig.agonist.groups["quadriceps"].scale = 1.5
    bpy.ops.ed.undo_push(message="slider")
    before, pose = _settings(rig), rigs.evaluated(rig)
    bpy.ops.agonist.only_parts(parts="ARMS")
    rig.agonist.scope.influence = 0.5
    bpy.ops.ed.undo_push(message="scope")
    locked, held = _settings(rig), rigs.evaluated(rig)
    bpy.ops.ed.undo()
    again = bpy.data.objects["rig"]
    assert _settings(again) == before
    np.testing.assert_array_equal(rigs.evaluated(again), pose)
    bpy.ops.ed.redo()
    np.testing.assert_array_equal(rigs.evaluated(bpy.data.objects["rig"]), held)
    path = str(tmp_path / "scene.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    again = bpy.data.objects["rig"]
    assert _settings(again) == locked
    np.testing.assert_array_equal(rigs.evaluated(again), held)
    again.agonist.groups["biceps"].scale = 1.5
    assert _changed_bones(again) <= set(PARTS["arms"])


def test_two_characters_keep_their_own_settings(rig):
    other = rigs.build_armature(exercise("HighKick", 2.0), "other", set_scene=False)
    verbs.predict_armature(other)
    rig.agonist.scope.lock_arm_l = True
    rig.agonist.groups["biceps"].scale = 1.5
    mine, pose = _settings(rig), rigs.evaluated(rig)
    assert other.agonist.recommended_action is None and other.agonist.scope.locked == ()
    other.agonist.scope.influence = 0.3
    other.agonist.groups["quadriceps"].scale = 0.5
    assert _settings(rig) == mine
    np.testing.assert_array_equal(rigs.evaluated(rig), pose)
    assert "shoulder_l" not in _changed_bones(rig)


def test_whatever_the_panels_show_says_what_it_does(rig):
    for group in (rig.agonist, rig.agonist.scope, rig.agonist.sliders[0], rig.agonist.groups[0]):
        for name, prop in group.bl_rna.properties.items():
            if prop.type in ("BOOLEAN", "FLOAT", "INT", "ENUM") and not prop.is_hidden and name not in ("name", "out_of_reach"):
                assert prop.description, name
    operator = bpy.ops.agonist.only_parts.get_rna_type()
    assert all(item.description for item in operator.properties["parts"].enum_items)
    for panel in ui._CLASSES:
        assert panel.bl_label
