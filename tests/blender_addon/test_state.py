"""What a user may lose: undo, save and reload, a source that changes, a duplicated rig."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.errors import InputError
from blender_addon import session, verbs
from blender_addon.compat import assign_action, fcurves_of
from blender_addon.curve_keys import write_keys
from blender_addon.muscles.colour_actions import COLOURS, keyed_values
from blender_addon.muscles.heatmap import muscle_objects
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender


@pytest.fixture
def rig():
    armature = rigs.quaternion(exercise("Squat", 2.0, seed=4))
    verbs.build_muscles(armature)
    verbs.predict_armature(armature)
    return armature


def _seen(armature):
    """Everything a user sees of a rig: pose and colours at every frame, and the panel's numbers."""
    props = armature.agonist
    colours = []
    for frame in (1, 20, 61):
        bpy.context.scene.frame_set(frame)
        colours.append([(thing["activation"], thing["activation_raw"], *thing.color) for thing in muscle_objects(armature).values()])
    panel = [(slider.name, slider.scale, slider.reached, slider.out_of_reach) for slider in props.sliders]
    actions = [action and action.name for action in (props.source_action, props.recommended_action, armature.animation_data.action)]
    return rigs.evaluated(armature), np.array(colours), panel, actions, props.show


def _same(a, b):
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_array_equal(a[1], b[1])
    assert a[2:] == b[2:]


def test_each_move_of_a_slider_is_one_undo_step():
    rigs.quaternion(exercise("Squat", 2.0, seed=4))
    verbs.build_muscles(bpy.data.objects["rig"])
    verbs.predict_armature(bpy.data.objects["rig"])
    bpy.ops.ed.undo_push(message="predict")
    states = [_seen(bpy.data.objects["rig"])]
    for muscle, scale in (("quadriceps_l", 1.6), ("hamstrings_r", 0.4)):
        # What the interface does when the mouse is let go: one push for the property.
        bpy.data.objects["rig"].agonist.sliders[muscle].scale = scale
        bpy.ops.ed.undo_push(message="Scale")
        states.append(_seen(bpy.data.objects["rig"]))
    assert np.abs(states[2][0] - states[1][0]).max() > 0.01
    for state in states[-2::-1]:
        bpy.ops.ed.undo()
        _same(_seen(bpy.data.objects["rig"]), state)
    # And it goes on working from there.
    bpy.data.objects["rig"].agonist.sliders["quadriceps_l"].scale = 1.6
    np.testing.assert_array_equal(rigs.evaluated(bpy.data.objects["rig"]), states[1][0])


def test_a_saved_file_keeps_all_that_is_seen_and_goes_on_working(rig, tmp_path):
    rig.agonist.sliders["quadriceps_r"].scale = 1.4
    before = _seen(rig)
    count = len(bpy.data.actions)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    again = bpy.data.objects["rig"]
    _same(_seen(again), before)
    again.agonist.show = "ORIGINAL"
    assert again.animation_data.action == again.agonist.source_action
    again.agonist.show = "RECOMMENDED"
    _same(_seen(again), before)
    again.agonist.sliders["quadriceps_r"].scale = 0.6
    assert again.agonist.sliders["quadriceps_r"].reached < 1 and len(bpy.data.actions) == count


def test_moving_a_slider_does_not_fill_the_file_with_actions(rig):
    rig.agonist.sliders["quadriceps_r"].scale = 1.4
    count = len(bpy.data.actions)
    for scale in (1.5, 1.6, 0.7):
        rig.agonist.sliders["quadriceps_r"].scale = scale
    assert len(bpy.data.actions) == count


def _blocks():
    kinds = ("objects", "meshes", "actions", "materials", "node_groups")
    return {kind: sorted(one.name for one in getattr(bpy.data, kind)) for kind in kinds}


@pytest.mark.parametrize("is_edited", [False, True])
def test_building_muscles_again_and_again_leaves_the_same_names_and_nothing_else(rig, is_edited):
    if is_edited:
        rig.agonist.sliders["quadriceps_l"].scale = 1.6
        verbs.edit_armature(rig)
    before, seen = _blocks(), _seen(rig)
    for _ in range(4):
        verbs.build_muscles(rig)
        assert _blocks() == before
    verbs.build_muscles(rig, muscles="surface24")
    assert len(bpy.data.objects) == len(before["objects"]) + 16
    verbs.build_muscles(rig)
    verbs.predict_armature(rig)
    rig.agonist.show = "RECOMMENDED" if is_edited else "ORIGINAL"
    assert _blocks() == before
    again = _seen(rig)
    np.testing.assert_allclose(again[1], seen[1], atol=1e-5)
    assert again[2:] == seen[2:]


def test_a_muscle_that_somebody_has_named_keeps_its_name_and_its_colours(rig):
    muscle, count = muscle_objects(rig)["biceps_l"], len(bpy.data.actions)
    muscle.name = muscle.data.name = "Biceps of the hero"
    verbs.predict_armature(rig)
    verbs.build_muscles(rig)
    again = muscle_objects(rig)["biceps_l"]
    assert (again.name, again.data.name, len(bpy.data.actions)) == ("Biceps of the hero", "Biceps of the hero", count)


def test_muscles_that_are_built_again_stay_in_their_collections_and_hidden(rig):
    own = bpy.data.collections.new("Muscles of the hero")
    bpy.context.scene.collection.children.link(own)
    for muscle in muscle_objects(rig).values():
        for collection in muscle.users_collection:
            collection.objects.unlink(muscle)
        own.objects.link(muscle)
    muscle_objects(rig)["biceps_l"].hide_set(True)
    muscle_objects(rig)["biceps_r"].hide_render = True
    verbs.build_muscles(rig)
    again = muscle_objects(rig)
    assert all(muscle.users_collection == (own,) for muscle in again.values())
    assert [name for name, muscle in again.items() if muscle.hide_get()] == ["biceps_l"]
    assert [name for name, muscle in again.items() if muscle.hide_render] == ["biceps_r"]


def test_what_glows_and_what_is_bound_leaves_no_colours_behind(rig):
    skin = next(child for child in rig.children if "agonist_mannequin" in child)
    del skin["agonist_mannequin"]
    bpy.context.view_layer.objects.active = rig
    before = _blocks()
    for _ in range(3):
        assert bpy.ops.agonist.glow_skin() == {"FINISHED"} and len(bpy.data.actions) == len(before["actions"]) + 1
        assert bpy.ops.agonist.glow_skin() == {"FINISHED"} and _blocks() == before
    ball = bpy.data.objects.new("ball", bpy.data.meshes.new("ball"))
    ball.data.from_pydata([(0, 0, 1), (0.1, 0, 1), (0, 0.1, 1)], [], [(0, 1, 2)])
    bpy.context.scene.collection.objects.link(ball)
    verbs.bind(rig, ball, "biceps_l")
    assert _blocks()["actions"] == before["actions"]


def test_the_armature_is_active_where_a_muscle_was_that_is_built_anew(rig):
    bpy.context.view_layer.objects.active = muscle_objects(rig)["biceps_l"]
    assert bpy.ops.agonist.add_muscles() == {"FINISHED"}
    assert bpy.context.view_layer.objects.active == rig and rig.select_get()


def test_a_source_changed_by_hand_is_edited_as_it_is_now(rig):
    rig.agonist.sliders["biceps_r"].scale = 1.5
    former = rig.agonist.recommended_action
    source = rig.agonist.source_action
    curve = next(one for one in fcurves_of(rig, source) if one.data_path.endswith("location") and one.array_index == 0)
    places = np.array([point.co[:] for point in curve.keyframe_points])
    write_keys(curve, places[:, 0], places[:, 1] + 0.5)
    rig.agonist.sliders["biceps_r"].scale = 1.0
    edited = rigs.evaluated(rig)
    assert rig.agonist.recommended_action != former
    rig.agonist.show = "ORIGINAL"
    angle, place = rigs.difference(edited, rigs.evaluated(rig))
    assert angle < 1e-4 and place < 1e-4
    # And so are its colours.
    original = session.live_edit(rig).session.original
    for name, thing in muscle_objects(rig).items():
        _, keyed = keyed_values(thing, thing[COLOURS["ORIGINAL"]], '["activation_raw"]')
        np.testing.assert_allclose(keyed, original.column(name), atol=1e-5)


def test_another_action_that_plays_is_not_swapped_by_a_slider(rig):
    rig.agonist.sliders["hamstrings_l"].scale = 1.5
    result = rig.agonist.recommended_action
    kick = rigs.quaternion(exercise("HighKick", 1.0)).animation_data.action
    kick.name = "Kick"
    assign_action(rig, kick)
    rig.agonist.sliders["hamstrings_l"].scale = 1.6
    assert rig.animation_data.action == kick and "'Kick' plays" in rig.agonist.message
    # What the message says helps.
    rig.agonist.show = "ORIGINAL"
    rig.agonist.sliders["hamstrings_l"].scale = 1.7
    assert rig.animation_data.action == rig.agonist.recommended_action == result and rig.agonist.message == ""
    assign_action(rig, kick)
    rig.agonist.sliders["hamstrings_l"].scale = 1.8
    verbs.predict_armature(rig)
    assert rig.agonist.source_action == kick and rig.agonist.message == ""


def _interpolation(armature, curves):
    for point in curves[0].keyframe_points:
        point.interpolation = "CONSTANT"


def _handles(armature, curves):
    curves[1].keyframe_points[0].handle_right_type = "FREE"
    curves[1].keyframe_points[0].handle_right[1] += 0.3


def _extrapolation(armature, curves):
    curves[0].extrapolation = "LINEAR"


def _modifier(armature, curves):
    curves[0].modifiers.new("NOISE")


def _modifiers_strength(armature, curves):
    curves[2].modifiers[0].strength = 2.0


def _group(armature, curves):
    """As its speaker in an editor does it; what a group's own mark alone does hangs on the Blender (see test_muted_groups)."""
    group = curves[0].group
    group.mute = True
    for curve in group.channels:
        curve.mute = True


def _roll(armature, curves):
    bpy.ops.object.mode_set(mode="EDIT")
    armature.data.edit_bones["hip_l"].roll += 0.5
    bpy.ops.object.mode_set(mode="OBJECT")


def _mode(armature, curves):
    armature.pose.bones["hip_l"].rotation_mode = "XYZ"


def _scale(armature, curves):
    armature.scale = (0.5, 0.5, 0.5)


def _turn(armature, curves):
    armature.rotation_euler.x = 0.2


@pytest.mark.parametrize(
    "change", [_interpolation, _handles, _extrapolation, _modifier, _modifiers_strength, _group, _roll, _mode, _scale, _turn]
)
def test_whatever_changes_what_the_source_plays_is_seen(change):
    rig = rigs.quaternion(exercise("Squat", 1.0, seed=4))
    bpy.context.view_layer.objects.active = rig
    action = rig.animation_data.action
    curves = fcurves_of(rig, action)
    for point in curves[1].keyframe_points:
        point.interpolation = "BEZIER"
    curves[2].modifiers.new("NOISE")
    verbs.predict_armature(rig)
    rig.agonist.sliders["hamstrings_l"].scale = 1.5
    before, live = rig.agonist.recommended_action, session.live_edit(rig)
    assert session.live_edit(rig) is live
    change(rig, curves)
    assert session.live_edit(rig).stamp != live.stamp
    rig.agonist.sliders["hamstrings_l"].scale = 1.6
    assert rig.agonist.recommended_action != before


def test_a_name_a_place_and_what_plays_do_not_make_a_motion_stale():
    """An animated armature is turned otherwise at every frame; its keys alone count."""
    armature = rigs.travelling(exercise("Squat", 1.0, seed=4))
    verbs.predict_armature(armature)
    armature.agonist.sliders["hamstrings_l"].scale = 1.5
    result, count = armature.agonist.recommended_action, len(bpy.data.actions)
    armature.name, armature.location.x = "Héro", 2.0
    for frame in (7, 20):
        bpy.context.scene.frame_set(frame)
        armature.agonist.sliders["hamstrings_l"].scale = 1.5 + 0.01 * frame
    verbs.predict_armature(armature)
    assert armature.agonist.recommended_action == result and len(bpy.data.actions) == count
    assert armature.agonist.sliders["hamstrings_l"].scale == pytest.approx(1.7)


def test_another_action_is_another_motion(rig):
    rig.agonist.sliders["biceps_r"].scale = 1.5
    other = rigs.quaternion(exercise("HighKick", 2.0)).animation_data.action
    rig.animation_data.action = other
    verbs.predict_armature(rig)
    assert rig.agonist.source_action == other and rig.agonist.recommended_action is None
    assert all(slider.scale == 1 for slider in rig.agonist.sliders)
    rig.agonist.show = "RECOMMENDED"
    assert rig.agonist.show == "ORIGINAL" and "no such motion" in rig.agonist.message


def test_predicting_again_keeps_the_sliders_and_the_recommended_motion(rig):
    rig.agonist.sliders["biceps_r"].scale = 1.5
    recommended = rig.agonist.recommended_action
    verbs.predict_armature(rig)
    assert rig.agonist.recommended_action == recommended and rig.agonist.sliders["biceps_r"].scale == pytest.approx(1.5)
    assert rig.animation_data.action == rig.agonist.source_action


def test_a_duplicated_rig_does_not_write_into_the_first(rig):
    rig.agonist.sliders["biceps_r"].scale = 1.5
    before = _seen(rig)
    bpy.ops.object.select_all(action="DESELECT")
    for thing in (rig, *rig.children):
        thing.select_set(True)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.duplicate()
    twin = bpy.context.view_layer.objects.active
    assert twin != rig
    twin.agonist.sliders["biceps_r"].scale = 0.3
    assert np.abs(rigs.evaluated(twin) - before[0]).max() > 0.01
    _same(_seen(rig), before)


@pytest.mark.parametrize("linked", [False, True])
def test_another_colour_range_of_a_duplicate_is_its_own(rig, linked):
    before = _seen(rig)
    bpy.ops.object.select_all(action="DESELECT")
    for thing in (rig, *rig.children):
        thing.select_set(True)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.duplicate(linked=linked)
    twin = bpy.context.view_layer.objects.active
    twin.agonist.colour_range, twin.agonist.colour_map = "ABSOLUTE", "VIRIDIS"
    _same(_seen(rig), before)
    bpy.context.scene.frame_set(20)
    for thing in muscle_objects(twin).values():
        assert thing["activation"] == pytest.approx(thing["activation_raw"], abs=1e-6)


def test_a_muscle_without_its_material_gets_it_again(rig):
    thing = muscle_objects(rig)["biceps_l"]
    thing.data.materials.clear()
    rig.agonist.colour_map = "VIRIDIS"
    assert thing.material_slots[0].material == muscle_objects(rig)["biceps_r"].material_slots[0].material


def test_muscles_built_after_the_prediction_are_coloured():
    armature = rigs.quaternion(exercise("Squat", 1.0))
    verbs.predict_armature(armature)
    verbs.build_muscles(armature)
    bpy.context.scene.frame_set(20)
    assert max(thing["activation"] for thing in muscle_objects(armature).values()) > 0.1


def test_the_colour_range_recolours_both_motions_at_once(rig):
    rig.agonist.sliders["quadriceps_l"].scale = 1.5

    def shares():
        found = []
        for frame in range(1, 62):
            bpy.context.scene.frame_set(frame)
            found.append([(thing["activation"], thing["activation_raw"]) for thing in muscle_objects(rig).values()])
        return np.array(found).transpose(2, 0, 1)

    rig.agonist.colour_range = "ABSOLUTE"
    share, raw = shares()
    np.testing.assert_allclose(share, raw, atol=1e-6)
    rig.agonist.show = "ORIGINAL"
    rig.agonist.colour_range = "MUSCLE"
    share, raw = shares()
    np.testing.assert_allclose(share, raw / np.maximum(raw.max(axis=0), 0.02), atol=1e-5)
    rig.agonist.colour_range = "CLIP"
    share, raw = shares()
    np.testing.assert_allclose(share, raw / raw.max(), atol=1e-5)


def test_only_the_frame_range_changes_and_the_range_starts_as_the_clip(rig):
    props = rig.agonist
    assert (props.frame_first, props.frame_last) == (1, 61)
    before = rigs.evaluated(rig)
    props.sliders["quadriceps_l"].scale = 1.8
    props.use_frame_range = True
    props.frame_first, props.frame_last = 20, 45
    after = rigs.evaluated(rig)
    changed = np.abs(after - before).max(axis=(1, 2, 3)) > 1e-5
    assert changed[24:40].all() and not changed[:19].any() and not changed[45:].any()
    props.frame_last = 10
    assert "Frames 20 to 10" in props.message and "within 1 to 61" in props.message
    np.testing.assert_array_equal(rigs.evaluated(rig), after)


@pytest.mark.parametrize("asked", [(90, 150), (110, 162), (130, 120)])
def test_a_wrong_frame_range_is_told_in_frames_of_the_scene(rig, asked):
    for curve in fcurves_of(rig, rig.animation_data.action):
        for point in curve.keyframe_points:
            point.co.x += 100
        curve.update()
    verbs.predict_armature(rig)
    props = rig.agonist
    props.sliders["quadriceps_l"].scale = 1.8
    after = rigs.evaluated(rig)
    props.live = False
    props.use_frame_range, props.frame_first, props.frame_last = True, *asked
    with pytest.raises(InputError) as told:
        verbs.edit_armature(rig, refine=False)
    assert f"Frames {asked[0]} to {asked[1]} " in str(told.value) and "within 101 to 161" in str(told.value)
    np.testing.assert_array_equal(rigs.evaluated(rig), after)
