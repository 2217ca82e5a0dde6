"""A file that Blender 4.2 saved, where actions had no layers and no slots: it shows what it showed, and work on it goes on.

make_older_file.py says what is in it, and makes it anew.
"""

import json

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import session, verbs
from blender_addon.compat import fcurves_of, playing_action, strips_playing
from blender_addon.curves import curves_object, drawn_muscles
from blender_addon.ghost import ghost_of
from blender_addon.muscles.colour_actions import COLOURS, keyed_values
from blender_addon.muscles.heatmap import muscle_objects
from blender_addon.muscles.skin import glowing_skins, remove_glow, skin_shares
from blender_addon.results import is_kept
from tests.blender_addon import rigs
from tests.blender_addon.make_older_file import FILE, SEEN, seen

pytestmark = pytest.mark.blender


@pytest.fixture
def rig():
    bpy.ops.wm.open_mainfile(filepath=str(FILE))
    assert bpy.data.version[:2] == (4, 2)
    bpy.context.view_layer.objects.active = bpy.data.objects["rig"]
    return bpy.data.objects["rig"]


def _keys(armature, action):
    curves = fcurves_of(armature, action)
    return {(curve.data_path, curve.array_index): [tuple(point.co) for point in curve.keyframe_points] for curve in curves}


def _same(found, wanted):
    for which, told in wanted.items():
        np.testing.assert_allclose(found[which]["poses"], told["poses"], atol=2e-5)
        assert found[which]["colours"].keys() == told["colours"].keys()
        for muscle, values in told["colours"].items():
            np.testing.assert_allclose(found[which]["colours"][muscle], values, atol=2e-5)


def test_both_motions_their_colours_and_the_panel_are_what_they_were(rig):
    props = rig.agonist
    assert {one.name: one.scale for one in props.sliders if one.scale != 1} == {"hamstrings_l": 1.5, "hamstrings_r": 1.5}
    assert props.groups["hamstrings"].reached > 1.05 and props.show == "RECOMMENDED" and props.message == ""
    assert playing_action(rig) == props.recommended_action and len(props.bones) == 21
    wanted = json.loads(bpy.data.texts[SEEN].as_string())
    poses = [np.array(wanted[which]["poses"]) for which in COLOURS]
    assert np.abs(poses[0] - poses[1]).max() > 0.01
    _same(seen(rig), wanted)


def test_the_motion_that_it_was_made_from_is_known_again(rig):
    """Else each slider would begin a new result."""
    props = rig.agonist
    live = session.live_edit(rig)
    assert live.stamp == props.coloured_from == props.recommended_action["agonist_stamp"]
    assert not is_kept(props.recommended_action, rig)


@pytest.mark.parametrize("muscle", ["hamstrings_l", "quadriceps_r"])
def test_a_slider_goes_on_from_there_and_leaves_the_source_alone(rig, muscle):
    props = rig.agonist
    source, result, count = props.source_action, props.recommended_action, len(bpy.data.actions)
    before, former, poses = _keys(rig, source), _keys(rig, result), rigs.at_frames(rig, (11, 25))
    assert before and former
    props.sliders[muscle].scale = 1.9
    assert props.message == "" and props.recommended_action == playing_action(rig) == result and len(bpy.data.actions) == count
    assert _keys(rig, source) == before and _keys(rig, result) != former
    assert np.abs(rigs.at_frames(rig, (11, 25)) - poses).max() > 1e-3
    assert props.sliders[muscle].reached > 1.0


def test_the_heatmap_follows_the_slider_and_the_frame(rig):
    """On muscles, on a mesh of the user's own, and on a skin that glows."""
    rig.agonist.sliders["quadriceps_r"].scale = 1.9
    assert bpy.ops.agonist.edit() == {"FINISHED"}
    made = session.live_edit_of(rig, rig.agonist.recommended_action).session.original
    (skin,) = glowing_skins(rig)
    for frame in (5, 20):
        bpy.context.scene.frame_set(frame)
        for name, thing in muscle_objects(rig).items():
            assert thing["activation_raw"] == pytest.approx(made.column(name)[frame - 1], abs=1e-4)
            assert skin_shares(skin)[name] == pytest.approx(thing["activation"], abs=1e-5)
    ball = bpy.data.objects["ball"]
    before, after = (keyed_values(ball, ball[key], '["activation_raw"]')[1] for key in COLOURS.values())
    assert after.mean() > before.mean()


def test_original_and_reset_give_the_source_back(rig):
    source = rig.agonist.source_action
    rig.agonist.show = "ORIGINAL"
    assert playing_action(rig) == source
    original = rigs.at_frames(rig, (11, 25))
    rig.agonist.show = "RECOMMENDED"
    assert np.abs(rigs.at_frames(rig, (11, 25)) - original).max() > 1e-3
    assert bpy.ops.agonist.clear_curves() == {"FINISHED"} and bpy.ops.agonist.reset() == {"FINISHED"}
    assert {slider.scale for slider in rig.agonist.sliders} == {1.0}
    np.testing.assert_allclose(rigs.at_frames(rig, (11, 25)), original, atol=1e-5)


def test_undo_and_redo_of_a_slider(rig):
    bpy.ops.ed.undo_push(message="Opened")
    before = seen(rig)
    bpy.ops.ed.undo_push(message="Frame")
    bpy.data.objects["rig"].agonist.sliders["quadriceps_l"].scale = 0.5
    bpy.ops.ed.undo_push(message="Scale")
    after = seen(bpy.data.objects["rig"])
    bpy.ops.ed.undo()
    _same(seen(bpy.data.objects["rig"]), before)
    bpy.ops.ed.redo()
    assert bpy.data.objects["rig"].agonist.sliders["quadriceps_l"].scale == 0.5
    _same(seen(bpy.data.objects["rig"]), after)


def test_predict_and_muscles_again_leave_the_source_alone(rig):
    props = rig.agonist
    source, result, count = props.source_action, props.recommended_action, len(bpy.data.actions)
    before = _keys(rig, source)
    assert bpy.ops.agonist.predict() == {"FINISHED"} and bpy.ops.agonist.add_muscles(mannequin=False) == {"FINISHED"}
    assert (props.source_action, props.recommended_action, props.show) == (source, result, "ORIGINAL")
    assert _keys(rig, source) == before and len(bpy.data.actions) == count and len(muscle_objects(rig)) == 8


def test_what_was_kept_lies_on_its_track_and_the_next_is_kept_beside_it(rig):
    ((_, strip),) = strips_playing(rig)
    assert is_kept(strip.action, rig) and _keys(rig, strip.action)
    assert bpy.ops.agonist.keep_result(track=True) == {"FINISHED"}
    kept = rig.agonist.recommended_action
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    assert rig.agonist.recommended_action not in (kept, strip.action) and len(strips_playing(rig)) == 2
    rig.agonist.show = "ORIGINAL"
    assert all(track.mute for track in rig.animation_data.nla_tracks)


def test_a_drawn_curve_still_counts_and_can_be_drawn_on(rig):
    assert drawn_muscles(rig) == ["latissimus_l"]
    props, helper = rig.agonist, curves_object(rig)
    reached = props.sliders["latissimus_l"].reached
    assert reached < 0.9
    (curve,) = [one for one in fcurves_of(helper, playing_action(helper)) if one.data_path == f'["{props.sliders["latissimus_l"].label}"]']
    for point in curve.keyframe_points:
        point.co.y *= 2
    curve.update()
    verbs.edit_armature(rig)
    assert props.sliders["latissimus_l"].reached > reached


def test_the_ghost_shows_the_original(rig):
    assert bpy.ops.agonist.ghost() == {"FINISHED"}
    wanted = json.loads(bpy.data.texts[SEEN].as_string())["ORIGINAL"]["poses"]
    np.testing.assert_allclose(rigs.at_frames(ghost_of(rig), (1, 11, 25)), wanted, atol=1e-4)


def test_what_the_meshes_played_before_plays_again_and_no_colours_stay(rig):
    (skin,) = glowing_skins(rig)
    ball, count = bpy.data.objects["ball"], len(bpy.data.actions)
    remove_glow(skin)
    assert playing_action(skin.data).name == "rain" and len(bpy.data.actions) == count - 2
    verbs.bind(rig, skin, "quadriceps_r")
    assert playing_action(ball).name == "wind"
    for frame in (1, 31):
        bpy.context.scene.frame_set(frame)
        assert (ball["wind"], skin.data["rain"]) == pytest.approx(((frame - 1) / 5,) * 2)


def test_saved_again_it_is_as_it_was(rig, tmp_path):
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    before = seen(rig)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "again.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "again.blend"))
    rig = bpy.data.objects["rig"]
    assert bpy.data.version[:2] == bpy.app.version[:2] and rig.agonist.sliders["quadriceps_l"].scale == 1.5
    _same(seen(rig), before)


def test_a_character_that_is_appended_from_it_goes_on_as_well():
    with bpy.data.libraries.load(str(FILE), link=False) as (found, into):
        into.objects, into.texts = found.objects, [SEEN]
    for thing in bpy.data.objects:
        bpy.context.scene.collection.objects.link(thing)
    bpy.context.scene.render.fps = 30
    rig = bpy.data.objects["rig"]
    _same(seen(rig), json.loads(bpy.data.texts[SEEN].as_string()))
    source, result, count = rig.agonist.source_action, rig.agonist.recommended_action, len(bpy.data.actions)
    before = _keys(rig, source)
    rig.agonist.sliders["quadriceps_l"].scale = 1.9
    assert rig.agonist.message == "" and playing_action(rig) == rig.agonist.recommended_action == result
    assert _keys(rig, source) == before and rig.agonist.sliders["quadriceps_l"].reached > 1.0 and len(bpy.data.actions) == count
