"""Activation drawn in the Graph Editor: it makes the motion, survives undo and reload, and leaves the source alone."""

from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import curves, redraw, session, verbs
from blender_addon.compat import fcurves_of
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender

FIRST, MIDDLE, LAST = 1, 60, 120


@pytest.fixture
def rig():
    armature = rigs.quaternion(exercise("Squat", 4.0, seed=11))
    verbs.predict_armature(armature)
    return armature


def _curve(armature, name, suffix=""):
    helper = curves.curves_object(armature)
    path = f'["{armature.agonist.sliders[name].label}{suffix}"]'
    return next((one for one in fcurves_of(helper, helper.animation_data.action) if one.data_path == path), None)


def _draw(armature, name, first, second):
    """As in the Graph Editor: keys of the first half times one factor, those of the second times another."""
    curve = _curve(armature, name)
    for point in curve.keyframe_points:
        point.co.y = min(1.0, point.co.y * (first if point.co.x < MIDDLE else second))
    curve.update()


def _activation(armature, name, which):
    live = session.live_edit(armature)
    if which == "before":
        return live.session.original.column(name)
    armature.agonist.show = "RECOMMENDED"
    frames = range(FIRST, FIRST + len(live.session.original))
    return np.array([_curve(armature, name, " reached").evaluate(frame) for frame in frames])


def test_the_predicted_activation_becomes_a_few_keys_to_grab(rig):
    stamp = session.live_edit(rig).stamp
    assert bpy.ops.agonist.edit_curves(muscle="quadriceps") == {"FINISHED"}
    assert curves.drawn_muscles(rig) == ["quadriceps_l", "quadriceps_r"]
    helper = curves.curves_object(rig)
    assert bpy.context.active_object == helper and helper.select_get() and helper.parent == rig
    curve, values = _curve(rig, "quadriceps_l"), _activation(rig, "quadriceps_l", "before")
    assert 3 < len(curve.keyframe_points) < len(values) / 3
    drawn = [curve.evaluate(frame) for frame in range(FIRST, FIRST + len(values))]
    assert np.abs(drawn - values).max() < 0.15 * values.max()
    assert _curve(rig, "quadriceps_l", " before").lock and not curve.lock
    bpy.context.scene.frame_set(MIDDLE)
    assert helper["Quadriceps (left)"] == pytest.approx(curve.evaluate(MIDDLE), abs=1e-6)
    assert session.live_edit(rig).stamp == stamp


def test_curves_left_alone_ask_nothing(rig):
    before = rigs.evaluated(rig)
    bpy.ops.agonist.edit_curves(muscle="quadriceps")
    bpy.ops.agonist.edit()
    assert rig.animation_data.action == rig.agonist.recommended_action
    np.testing.assert_array_equal(rigs.evaluated(rig), before)


def test_the_motion_follows_a_curve_that_was_drawn_anew(rig):
    """More in the first half, less in the second."""
    source = session.live_edit(rig).stamp
    bpy.ops.agonist.edit_curves(muscle="quadriceps_l")
    _draw(rig, "quadriceps_l", 1.6, 0.5)
    assert bpy.ops.agonist.edit() == {"FINISHED"}
    before, after = (_activation(rig, "quadriceps_l", which) for which in ("before", "after"))
    half = MIDDLE - FIRST
    assert after[:half].mean() > 1.1 * before[:half].mean()
    assert after[half:].mean() < 0.9 * before[half:].mean()
    assert rig.agonist.recommended_action.name.endswith("(quadriceps_l drawn)")
    assert session.live_edit(rig).stamp == source


def test_a_slider_multiplies_the_drawn_curve_and_a_muted_curve_is_left_out(rig):
    bpy.ops.agonist.edit_curves(muscle="quadriceps_l")
    _draw(rig, "quadriceps_l", 1.3, 1.3)
    bpy.ops.agonist.edit()
    asked = rig.agonist.sliders["quadriceps_l"].reached
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    assert rig.agonist.sliders["quadriceps_l"].reached > asked
    _curve(rig, "quadriceps_l").mute = True
    original = session.live_edit(rig).session.original
    assert curves.drawn_scales(rig, original, FIRST) == {}


def test_clear_goes_back(rig):
    before, objects, actions = rigs.evaluated(rig), len(bpy.data.objects), len(bpy.data.actions)
    bpy.ops.agonist.edit_curves(muscle="quadriceps")
    _draw(rig, "quadriceps_l", 1.6, 0.5)
    bpy.ops.agonist.edit()
    assert np.abs(rigs.evaluated(rig) - before).max() > 0.01
    assert bpy.ops.agonist.clear_curves(muscle="quadriceps_l") == {"FINISHED"}
    assert curves.drawn_muscles(rig) == ["quadriceps_r"]
    np.testing.assert_array_equal(rigs.evaluated(rig), before)
    assert bpy.ops.agonist.clear_curves() == {"FINISHED"}
    assert curves.curves_object(rig) is None and len(bpy.data.objects) == objects
    # Only the recommended motion is new; the curves left nothing behind.
    assert len(bpy.data.actions) == actions + 1 and bpy.context.active_object == rig
    with pytest.raises(RuntimeError, match="press Edit Curves"):
        bpy.ops.agonist.clear_curves()


def test_pressing_edit_curves_again_keeps_what_was_drawn(rig):
    bpy.ops.agonist.edit_curves(muscle="quadriceps_l")
    _draw(rig, "quadriceps_l", 1.6, 0.5)
    drawn = [point.co[:] for point in _curve(rig, "quadriceps_l").keyframe_points]
    bpy.ops.agonist.edit_curves(muscle="quadriceps")
    assert [point.co[:] for point in _curve(rig, "quadriceps_l").keyframe_points] == drawn
    assert curves.drawn_muscles(rig) == ["quadriceps_l", "quadriceps_r"]


def test_the_chosen_muscle_is_the_one_of_the_panel(rig):
    rig.agonist.active_muscle = "biceps_r"
    bpy.ops.agonist.edit_curves()
    assert curves.drawn_muscles(rig) == ["biceps_r"]
    with pytest.raises(RuntimeError, match="Unknown slider 'tail'"):
        bpy.ops.agonist.edit_curves(muscle="tail")


def test_undo_and_redo_and_a_reload_keep_the_curves(rig, tmp_path):
    bpy.ops.agonist.edit_curves(muscle="quadriceps_l")
    bpy.ops.ed.undo_push(message="curves")
    _draw(rig, "quadriceps_l", 1.6, 0.5)
    bpy.ops.ed.undo_push(message="drawn")
    bpy.ops.agonist.edit()
    bpy.ops.ed.undo_push(message="regenerated")
    after = rigs.evaluated(rig)
    bpy.ops.ed.undo()
    again = bpy.data.objects["rig"]
    assert again.agonist.recommended_action is None
    bpy.ops.ed.undo()
    again = bpy.data.objects["rig"]
    assert curves.drawn_scales(again, session.live_edit(again).session.original, FIRST) == {}
    bpy.ops.ed.redo()
    bpy.ops.ed.redo()
    np.testing.assert_array_equal(rigs.evaluated(bpy.data.objects["rig"]), after)
    path = str(tmp_path / "scene.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    again = bpy.data.objects["rig"]
    assert curves.drawn_muscles(again) == ["quadriceps_l"]
    np.testing.assert_array_equal(rigs.evaluated(again), after)
    verbs.edit_armature(again)
    np.testing.assert_array_equal(rigs.evaluated(again), after)


def test_each_motion_and_each_character_has_its_own_curves(rig):
    first = rig.agonist.source_action
    other = rigs.build_armature(exercise("HighKick", 2.0), "other", set_scene=False)
    verbs.predict_armature(other)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.agonist.edit_curves(muscle="quadriceps_l")
    assert curves.drawn_muscles(other) == []
    rig.animation_data.action = other.agonist.source_action
    verbs.predict_armature(rig)
    assert curves.drawn_muscles(rig) == []
    rig.animation_data.action = first
    verbs.predict_armature(rig)
    assert curves.drawn_muscles(rig) == ["quadriceps_l"]


def test_a_helper_that_was_deleted_or_robbed_of_its_action(rig):
    bpy.ops.agonist.edit_curves(muscle="quadriceps_l")
    curves.curves_object(rig).animation_data_clear()
    assert curves.drawn_muscles(rig) == []
    bpy.ops.agonist.edit()
    bpy.ops.agonist.edit_curves(muscle="quadriceps_l")
    assert curves.drawn_muscles(rig) == ["quadriceps_l"]
    bpy.data.objects.remove(curves.curves_object(rig))
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    assert rig.agonist.sliders["quadriceps_l"].reached > 1


def _rested():
    """Blender evaluates the scene, and the hand rests long enough."""
    bpy.context.view_layer.update()
    waiting = list(redraw._due)
    redraw.make_due()
    return waiting


def test_a_drawn_curve_makes_the_motion_by_itself_while_live_is_on(rig):
    source = session.live_edit(rig).stamp
    bpy.ops.agonist.edit_curves(muscle="quadriceps_l")
    assert _rested() == []
    before = rigs.evaluated(rig)
    _draw(rig, "quadriceps_l", 1.6, 0.5)
    assert _rested() == ["rig"]
    made = rigs.evaluated(rig)
    assert np.abs(made - before).max() > 0.01 and rig.agonist.show == "RECOMMENDED"
    # What it wrote itself, reached curves and colours, asks for nothing.
    for _ in range(3):
        assert _rested() == []
    bpy.ops.agonist.edit_curves(muscle="hamstrings")
    assert _rested() == []
    # The same as the button makes while something moves.
    verbs.edit_armature(rig, refine=False)
    np.testing.assert_array_equal(rigs.evaluated(rig), made)
    assert session.live_edit(rig).stamp == source and _rested() == []
    rig.agonist.live = False
    _draw(rig, "quadriceps_l", 0.5, 0.5)
    assert _rested() == []
    np.testing.assert_array_equal(rigs.evaluated(rig), made)


@pytest.mark.parametrize(
    ("running", "waits"),
    [
        ([], False), (["TRANSFORM_OT_translate"], True), (["GRAPH_OT_duplicate_move"], True), (["agonist.predict"], True),
        # As one that shows the pressed keys, for as long as Blender is open.
        (["VIEW3D_OT_screencast_keys"], False), (["wm.screencast_keys"], False),
        (["VIEW3D_OT_screencast_keys", "TRANSFORM_OT_translate"], True),
    ],
)  # fmt: skip
def test_it_waits_for_what_moves_keys_and_for_no_other_operator_that_runs(rig, running, waits, monkeypatch):
    bpy.ops.agonist.edit_curves(muscle="quadriceps_l")
    bpy.context.view_layer.update()
    _draw(rig, "quadriceps_l", 1.6, 0.5)
    bpy.context.view_layer.update()
    monkeypatch.setitem(redraw._due, "rig", 0.0)
    window = SimpleNamespace(modal_operators=[SimpleNamespace(bl_idname=name) for name in running])
    context = SimpleNamespace(window_manager=SimpleNamespace(windows=[window]))
    monkeypatch.setattr(redraw, "bpy", SimpleNamespace(context=context, data=bpy.data, ops=bpy.ops))
    assert (redraw._tick() is not None) == waits
    assert ("rig" in redraw._due) == waits and (rig.agonist.recommended_action is None) == waits


def test_a_motion_made_by_drawing_is_one_undo_step_and_is_not_made_again_by_going_back(rig):
    bpy.ops.agonist.edit_curves(muscle="quadriceps_l")
    bpy.ops.ed.undo_push(message="curves")
    _draw(rig, "quadriceps_l", 1.6, 0.5)
    bpy.ops.ed.undo_push(message="Transform")
    assert _rested() == ["rig"]
    made, keys = rigs.evaluated(rig), _keys("quadriceps_l")

    def back(step):
        assert step() == {"FINISHED"}
        again = bpy.data.objects["rig"]
        assert _rested() == []
        return again

    again = back(bpy.ops.ed.undo)
    assert again.agonist.recommended_action is None and _keys("quadriceps_l") == keys
    again = back(bpy.ops.ed.undo)
    assert _keys("quadriceps_l") != keys
    back(bpy.ops.ed.redo)
    again = back(bpy.ops.ed.redo)
    assert _keys("quadriceps_l") == keys
    np.testing.assert_array_equal(rigs.evaluated(again), made)
    # And it goes on working from there.
    _draw(again, "quadriceps_l", 0.8, 1.2)
    assert _rested() == ["rig"]
    assert np.abs(rigs.evaluated(bpy.data.objects["rig"]) - made).max() > 1e-3


def test_an_edit_that_fails_after_a_drawn_curve_is_told_in_the_panel(rig):
    bpy.ops.agonist.edit_curves(muscle="quadriceps_l")
    rig.agonist.model = "nonesuch"
    _draw(rig, "quadriceps_l", 1.6, 0.5)
    assert _rested() == ["rig"] and "nonesuch" in rig.agonist.message and _rested() == []


def _keys(name):
    return [tuple(point.co) for point in _curve(bpy.data.objects["rig"], name).keyframe_points]
