"""The sidebar's verbs, as operators: import, muscles, predict, sliders, toggle, export, undo, save and reload."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.predict import predict
from blender_addon import session
from blender_addon.muscles.attach import muscle_objects
from blender_addon.rig.sample import sampled_armature
from blender_addon.steps import finished
from blender_addon.ui.sliders import remarks

pytestmark = pytest.mark.blender


@pytest.fixture
def rig(squat):
    assert bpy.ops.agonist.import_motion(filepath=str(squat)) == {"FINISHED"}
    armature = bpy.context.active_object
    bpy.ops.agonist.add_muscles()
    bpy.ops.agonist.predict()
    return armature


def test_eight_muscles_hang_on_the_rig_and_follow_it(rig):
    muscles = muscle_objects(rig)
    assert len(muscles) == 8
    thigh = muscles["quadriceps_l"]
    places = []
    for frame in (1, 40):
        bpy.context.scene.frame_set(frame)
        evaluated = thigh.evaluated_get(bpy.context.evaluated_depsgraph_get())
        places.append(np.mean([np.array(evaluated.matrix_world @ v.co) for v in evaluated.data.vertices], axis=0))
        knee = np.array(rig.matrix_world @ rig.pose.bones["knee_l"].head)
        hip = np.array(rig.matrix_world @ rig.pose.bones["hip_l"].head)
        assert np.linalg.norm(places[-1] - (knee + hip) / 2) < 0.15
    assert np.linalg.norm(places[0] - places[1]) > 0.02


def test_prediction_is_keyed_on_the_muscles(rig):
    expected = predict(finished(sampled_armature(rig)).motion)
    for muscle, thing in muscle_objects(rig).items():
        for frame in (1, 30, 61):
            bpy.context.scene.frame_set(frame)
            assert thing["activation_raw"] == pytest.approx(expected.column(muscle)[frame - 1], abs=1e-4)
            assert 0 <= thing["activation"] <= 1


def test_a_slider_regenerates_the_motion(rig):
    source = rig.animation_data.action
    before = finished(sampled_armature(rig)).motion.positions_world
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    assert rig.animation_data.action is not source and rig.agonist.show == "RECOMMENDED"
    assert rig.agonist.sliders["quadriceps_l"].reached > 1.1
    assert np.abs(finished(sampled_armature(rig)).motion.positions_world - before).max() > 0.01
    rig.agonist.show = "ORIGINAL"
    assert rig.animation_data.action is source
    np.testing.assert_array_equal(finished(sampled_armature(rig)).motion.positions_world, before)


def test_a_slider_moves_the_pose_of_the_frame_that_is_shown(rig):
    bpy.context.scene.frame_set(30)
    shown = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    before = np.array(shown.pose.bones["knee_l"].matrix)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    bpy.context.view_layer.update()
    assert np.abs(np.array(shown.pose.bones["knee_l"].matrix) - before).max() > 1e-3
    assert bpy.context.scene.frame_current == 30


def test_linked_sides_move_together(rig):
    rig.agonist.link_sides = True
    rig.agonist.sliders["biceps_r"].scale = 0.5
    assert rig.agonist.sliders["biceps_l"].scale == pytest.approx(0.5)


def test_reset_shows_the_original(rig):
    rig.agonist.sliders["biceps_r"].scale = 0.5
    assert bpy.ops.agonist.reset() == {"FINISHED"}
    assert all(slider.scale == 1.0 for slider in rig.agonist.sliders)
    assert rig.animation_data.action is rig.agonist.source_action


@pytest.mark.parametrize("kind", ["bvh", "fbx"])
def test_exports_come_back_where_they_were(rig, tmp_path, kind):
    rig.agonist.sliders["hamstrings_l"].scale = 1.5
    names = [bone.name for bone in rig.pose.bones]
    expected = _world(rig, names)
    path = str(tmp_path / f"out.{kind}")
    assert bpy.ops.agonist.export(preset=kind.upper(), filepath=path) == {"FINISHED"}
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if kind == "bvh":
        bpy.ops.import_anim.bvh(filepath=path, global_scale=0.01, update_scene_fps=True)
    else:
        bpy.ops.import_scene.fbx(filepath=path)
    again = next(thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE")
    np.testing.assert_allclose(_world(again, names), expected, atol=1e-3)
    assert bpy.context.scene.render.fps / bpy.context.scene.render.fps_base == pytest.approx(30.0, abs=1e-3)
    first, last = again.animation_data.action.frame_range
    assert last - first == 60


def _world(armature, names):
    first, last = (round(value) for value in armature.animation_data.action.frame_range)
    rows = []
    for frame in range(first, last + 1):
        bpy.context.scene.frame_set(frame)
        rows.append([np.array(armature.matrix_world @ armature.pose.bones[name].head) for name in names])
    return np.array(rows)


def test_what_is_wrong_is_reported_and_nothing_changes(squat, tmp_path):
    bad = tmp_path / "bad.bvh"
    bad.write_text(squat.read_text()[:400])
    with pytest.raises(RuntimeError, match=r"bad\.bvh"):
        bpy.ops.agonist.import_motion(filepath=str(bad))
    assert not bpy.data.armatures
    bpy.ops.object.armature_add()
    with pytest.raises(RuntimeError, match="Not a humanoid"):
        bpy.ops.agonist.add_muscles()
    with pytest.raises(RuntimeError, match="no action"):
        bpy.ops.agonist.predict()
    assert not bpy.ops.agonist.edit.poll()


def _shown(armature, which):
    """(T, M) activation that the muscles show of a motion."""
    armature.agonist.show = which
    rows = []
    for frame in range(1, 62):
        bpy.context.scene.frame_set(frame)
        rows.append([thing["activation_raw"] for thing in muscle_objects(armature).values()])
    return np.array(rows)


def test_muscles_built_anew_show_the_motions_that_are_there_and_not_the_sliders(rig):
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    assert bpy.ops.agonist.edit() == {"FINISHED"}
    before = {which: _shown(rig, which) for which in ("ORIGINAL", "RECOMMENDED")}
    assert bpy.ops.agonist.reset() == {"FINISHED"} and bpy.ops.agonist.add_muscles() == {"FINISHED"}
    for which, values in before.items():
        np.testing.assert_allclose(_shown(rig, which), values, atol=1e-5, err_msg=which)
    assert np.abs(before["RECOMMENDED"] - before["ORIGINAL"]).max() > 0.05
    # The next slider goes on from the source.
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    assert bpy.ops.agonist.edit() == {"FINISHED"}
    np.testing.assert_allclose(_shown(rig, "RECOMMENDED"), before["RECOMMENDED"], atol=1e-5)


def test_in_rest_position_nothing_is_built_bound_or_lit(rig):
    rig.data.pose_position = "REST"
    session.forget(rig.name)
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.1)
    ball = bpy.context.active_object
    skin = next(child for child in rig.children if "agonist_mannequin" in child)
    rig.select_set(True)
    bpy.context.view_layer.objects.active = rig
    before = sorted(thing.name for thing in bpy.data.objects)
    for press in (bpy.ops.agonist.add_muscles, bpy.ops.agonist.glow_skin, bpy.ops.agonist.bind_mesh):
        with pytest.raises(RuntimeError, match="Rest Position"):
            press()
    assert sorted(thing.name for thing in bpy.data.objects) == before
    assert ball.parent is None and not ball.modifiers and "agonist_skin" not in skin.data


def test_a_slider_below_a_quarter_says_that_a_quarter_is_asked(rig):
    """The model has learned factors from a quarter to four, and the editor asks it for no others."""
    live, sliders = session.live_edit(rig), rig.agonist.sliders
    motions = [live.session.edit({"hamstrings": factor}).motion.positions_world for factor in (0.0, 0.25)]
    np.testing.assert_array_equal(*motions)
    rig.agonist.live = False
    sliders["hamstrings_l"].scale = 0.25
    assert remarks(sliders) == []
    sliders["hamstrings_l"].scale = 0.0
    assert remarks(sliders) == ["Below 0.25, 0.25 is asked: the model has learned no smaller factors"]
    sliders["hamstrings_l"].out_of_reach = True
    assert len(remarks(sliders)) == 2
    bpy.ops.agonist.reset()
    assert remarks(sliders) == []
