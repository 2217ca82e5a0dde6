"""Rigs that Blender evaluates frame by frame: alone, with the same pose; with progress in a window, and Esc leaves all as it was."""

from types import SimpleNamespace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.errors import MotionError
from blender_addon import session, verbs
from blender_addon.compat import assign_action, ensure_fcurve, fcurves_of
from blender_addon.curve_keys import write_keys
from blender_addon.exports.presets import presets
from blender_addon.exports.write import export_motion
from blender_addon.ops.base import AnimatedArmatureOperator, PredictedOperator
from blender_addon.ops.edit import AGONIST_OT_edit, AGONIST_OT_predict, _Awaited
from blender_addon.ops.export import AGONIST_OT_export, AGONIST_OT_export_variants
from blender_addon.rig.alone import lone_scene
from blender_addon.rig.keyed import keyed_poses
from blender_addon.rig.keys import ROTATIONS
from blender_addon.rig.sample import posed
from blender_addon.steps import finished
from tests.blender_addon import control_rigs, rigs
from tests.blender_addon.pressed import Reporting, pressed_like
from tests.blender_addon.test_renders import _Window
from tests.clips import exercise

pytestmark = pytest.mark.blender


def _held_by_an_object():
    """IK to an object that moves, a driver on another bone's property, and the armature on a moving parent."""
    armature = rigs.carried(exercise("Squat", 1.0, seed=4))
    goal = bpy.data.objects.new("goal", None)
    bpy.context.scene.collection.objects.link(goal)
    assign_action(goal, bpy.data.actions.new("goal"))
    frames = np.arange(1, 32)
    write_keys(ensure_fcurve(goal, goal.animation_data.action, "location", 2), frames, 0.8 + 0.01 * frames)
    one = armature.pose.bones["elbow_l"].constraints.new("IK")
    one.target, one.chain_count = goal, 2
    driver = armature.pose.bones["neck"].driver_add("rotation_quaternion", 1).driver
    driver.expression, variable = "0.5 * var", driver.variables.new()
    variable.targets[0].id, variable.targets[0].data_path = goal, "location.z"
    return armature


def _plain(armature):
    """As Blender shows it in the scene with everything in it."""
    return rigs.evaluated(armature)


def _seen(armature):
    names = [bone.name for bone in armature.pose.bones]
    world, pose = finished(posed(armature, names, np.arange(1, 1 + round(armature.animation_data.action.frame_range[1]))))
    return world[:, None] @ pose


def _alone(armature):
    with lone_scene(armature) as alone:
        return alone.scene != bpy.context.scene


@pytest.mark.parametrize("make", [lambda: control_rigs.auto_rig_pro(1.0), _held_by_an_object], ids=["controls", "held"])
def test_an_armature_alone_has_the_same_pose(make):
    armature = make()
    verbs.build_muscles(armature)
    frame, scenes = bpy.context.scene.frame_current, list(bpy.data.scenes)
    place = [tuple(bone.location) for bone in armature.pose.bones]
    assert _alone(armature) and keyed_poses(armature, [bone.name for bone in armature.pose.bones], [1.0]) is None
    seen = _seen(armature)
    assert bpy.context.scene.frame_current == frame and list(bpy.data.scenes) == scenes
    assert [tuple(bone.location) for bone in armature.pose.bones] == place
    np.testing.assert_allclose(seen, _plain(armature), atol=1e-6)


def _driven_by_the_scene(armature):
    bpy.context.scene["lean"] = 0.3
    driver = armature.pose.bones["neck"].driver_add("rotation_quaternion", 1).driver
    driver.expression, variable = "var", driver.variables.new()
    variable.targets[0].id_type = "SCENE"
    variable.targets[0].id, variable.targets[0].data_path = bpy.context.scene, '["lean"]'


def _driven_by_python(armature):
    driver = armature.pose.bones["neck"].driver_add("rotation_quaternion", 1).driver
    driver.expression = "[0.3][0]"


def _held_by_something_simulated(armature):
    cloth = bpy.data.objects.new("cloth", bpy.data.meshes.new("cloth"))
    bpy.context.scene.collection.objects.link(cloth)
    cloth.modifiers.new("Cloth", "CLOTH")
    armature.pose.bones["neck"].constraints.new("COPY_LOCATION").target = cloth


def _listened_to(armature):
    bpy.app.handlers.frame_change_post.append(lambda *_: None)


@pytest.mark.parametrize(
    "change", [_driven_by_the_scene, _driven_by_python, _held_by_something_simulated, _listened_to], ids=lambda change: change.__name__
)
def test_where_the_scene_has_a_say_the_scene_is_evaluated(change):
    armature = _held_by_an_object()
    assert _alone(armature)
    change(armature)
    try:
        assert not _alone(armature)
        np.testing.assert_allclose(_seen(armature), _plain(armature), atol=1e-6)
    finally:
        handlers = bpy.app.handlers.frame_change_post
        handlers[:] = [one for one in handlers if "<lambda>" not in getattr(one, "__qualname__", "")]


def _curves(armature, action):
    if action is None:
        return None
    return {(one.data_path, one.array_index): [tuple(point.co) for point in one.keyframe_points] for one in fcurves_of(armature, action)}


def _state(armature):
    """All that Predict and Recommend Motion may change."""
    props = armature.agonist
    actions = {action.name: _curves(armature, action) for action in bpy.data.actions}
    channels = [tuple(getattr(bone, name)) for bone in armature.pose.bones for name in ("location", *ROTATIONS)]
    named = [action.name if action else "" for action in (props.source_action, props.recommended_action, armature.animation_data.action)]
    sliders = [(one.name, one.scale, one.reached) for one in props.sliders]
    scenes = [(scene.name, scene.frame_current) for scene in bpy.data.scenes]
    return actions, channels, named, sliders, props.show, props.message, scenes


@pytest.fixture
def controls():
    armature = control_rigs.auto_rig_pro(1.0)
    bpy.context.view_layer.objects.active = armature
    bpy.context.scene.frame_set(7)
    return armature


def _stopped(steps, after):
    shares = []
    for share in steps:
        shares.append(share)
        if share >= after:
            break
    steps.close()
    assert shares == sorted(shares) and after <= shares[-1] <= 1


@pytest.mark.parametrize("after", [0.1, 0.6, 1.0])
def test_a_prediction_that_is_stopped_changes_nothing(controls, after):
    before, pose = _state(controls), _plain(controls)
    _stopped(verbs.predicted(controls), after)
    bpy.context.scene.frame_set(7)
    assert _state(controls) == before
    np.testing.assert_array_equal(_plain(controls), pose)
    verbs.predict_armature(controls)
    assert controls.agonist.source_action == controls.animation_data.action


def test_a_second_prediction_that_is_stopped_leaves_the_first(controls):
    verbs.predict_armature(controls)
    live = session.live_edit(controls)
    _stopped(verbs.predicted(controls), 0.6)
    assert session.live_edit(controls) is live


@pytest.mark.parametrize("played", ["ORIGINAL", "RECOMMENDED", "NOTHING YET"])
@pytest.mark.parametrize("after", [0.5, 0.9])
def test_a_recommendation_that_is_stopped_changes_nothing(controls, played, after):
    for curve in [one for one in fcurves_of(controls, controls.animation_data.action) if "c_hand_ik.l" in one.data_path]:
        curve.mute = True
    verbs.predict_armature(controls)
    if played != "NOTHING YET":
        controls.agonist.sliders["hamstrings_r"].scale = 1.5
        controls.agonist.show = played
    controls.agonist.live = False
    controls.agonist.sliders["biceps_l"].scale = 1.7
    strip = None
    if controls.agonist.recommended_action is not None:
        track = controls.animation_data.nla_tracks.new()
        strip, track.mute = track.strips.new("kept", 1, controls.agonist.recommended_action), True
    bpy.context.scene.frame_set(7)
    before, pose = _state(controls), _plain(controls)
    _stopped(verbs.edited(controls), after)
    bpy.context.scene.frame_set(7)
    assert _state(controls) == before
    assert strip is None or strip.action == controls.agonist.recommended_action
    np.testing.assert_allclose(_plain(controls), pose, atol=1e-6)
    verbs.edit_armature(controls)
    assert controls.agonist.show == "RECOMMENDED" and np.abs(_plain(controls) - pose).max() > 1e-3


def test_a_recommendation_that_fails_changes_nothing(controls, monkeypatch):
    verbs.predict_armature(controls)
    controls.agonist.sliders["hamstrings_r"].scale = 1.5
    before = _state(controls)

    def fail(*_):
        raise MotionError("no")
        yield

    monkeypatch.setattr("blender_addon.rig.apply.look", fail)
    with pytest.raises(MotionError):
        verbs.edit_armature(controls)
    assert _state(controls) == before


class _Pressed(Reporting, _Awaited):
    """A button as a window runs it, without one."""


class _Predict(_Pressed, AnimatedArmatureOperator):
    doing, steps = AGONIST_OT_predict.doing, AGONIST_OT_predict.steps


class _Recommend(_Pressed, PredictedOperator):
    doing, steps = AGONIST_OT_edit.doing, AGONIST_OT_edit.steps


@pytest.fixture
def context(monkeypatch):
    for module in ("modal", "replace"):
        monkeypatch.setattr(f"blender_addon.ops.{module}.bpy", SimpleNamespace(app=SimpleNamespace(background=False)))
    window = _Window(bpy.context.scene)
    window.space_data, window.mode = None, "OBJECT"
    return window


def _event(kind):
    return type("Event", (), {"type": kind})


@pytest.mark.parametrize("button", [_Predict, _Recommend])
@pytest.mark.parametrize("stop", [True, False])
def test_a_button_shows_progress_and_can_be_stopped(controls, context, button, stop):
    if button is _Recommend:
        verbs.predict_armature(controls)
        controls.agonist.live = False
        controls.agonist.sliders["biceps_l"].scale = 1.7
    context.active_object, before, pressed = controls, _state(controls), button()
    pressed.go_s = 1e-4
    assert pressed.invoke(context, None) == {"RUNNING_MODAL"}
    assert pressed.modal(context, _event("TIMER")) == {"RUNNING_MODAL"}
    assert any(call[0] == "progress_update" and 0 < call[1] < 1 for call in context.calls)
    if stop:
        assert pressed.modal(context, _event("ESC")) == {"CANCELLED"}
        assert _state(controls) == before and pressed.said == [({"WARNING"}, "Stopped; nothing has changed")]
    else:
        while (result := pressed.modal(context, _event("TIMER"))) == {"RUNNING_MODAL"}:
            pass
        assert result == {"FINISHED"} and _state(controls) != before
        assert controls.agonist.source_action is not None
    assert context.calls[-1] == ("status_text_set", None) and ("progress_end",) in context.calls


_Export = pressed_like(AGONIST_OT_export, AnimatedArmatureOperator)
_Variants = pressed_like(AGONIST_OT_export_variants, PredictedOperator)


@pytest.mark.parametrize("stop", [True, False])
@pytest.mark.parametrize("preset", ["BVH", "UNREAL"])
@pytest.mark.parametrize("button", [_Export, _Variants])
def test_an_export_shows_progress_and_can_be_stopped(controls, context, button, preset, stop, tmp_path):
    """And what is stopped leaves no file, no action and no other motion playing."""
    verbs.predict_armature(controls)
    settings = bpy.context.scene.agonist_export
    settings.preset, settings.variants, settings.activation = preset, "biceps 0.5, 2", True
    context.active_object, pressed = controls, button()
    pressed.preset, pressed.filepath, pressed.directory = "SCENE", str(tmp_path / f"out{presets()[preset].suffix}"), str(tmp_path)
    # A step at a time, however fast the machine.
    pressed.go_s = 0.0
    session.live_edit(controls)
    before = _state(controls)
    assert pressed.execute(context) == {"RUNNING_MODAL"}
    # Evaluating, a frame a step; a variant does so many times.
    for _ in range(12):
        assert pressed.modal(context, _event("TIMER")) == {"RUNNING_MODAL"}
    shares = [call[1] for call in context.calls if call[0] == "progress_update"]
    assert len(set(shares)) > 10 and shares == sorted(shares) and 0 < shares[-1] < 1
    if stop:
        assert pressed.modal(context, _event("ESC")) == {"CANCELLED"}
        assert not list(tmp_path.iterdir())
        said = "Stopped after 0 files" if button is _Variants else "Stopped; nothing was written"
        assert pressed.said == [({"WARNING"}, said)]
    else:
        while (result := pressed.modal(context, _event("TIMER"))) == {"RUNNING_MODAL"}:
            pass
        assert result == {"FINISHED"} and len(list(tmp_path.iterdir())) == (2 if button is _Variants else 1)
    bpy.context.scene.frame_set(7)
    assert _state(controls) == before and context.calls[-1] == ("status_text_set", None)


def test_an_export_evaluates_a_rig_once(controls, monkeypatch, tmp_path):
    seen = []

    def counted(armature, names, frames):
        seen.append(len(frames))
        return (yield from posed(armature, names, frames))

    for module in ("blender_addon.exports.take", "blender_addon.rig.sample"):
        monkeypatch.setattr(f"{module}.posed", counted)
    export_motion(controls, tmp_path / "out.fbx", "UNREAL")
    assert seen == [round(controls.animation_data.action.frame_range[1])]


def test_a_file_that_is_opened_meanwhile_stops_the_work(controls, context):
    context.active_object, before, pressed = controls, _state(controls), _Predict()
    pressed.go_s = 1e-4
    # As a file dialogue that is closed before anything began.
    pressed.cancel(context)
    pressed.invoke(context, None)
    pressed.cancel(context)
    assert _state(controls) == before and context.calls[-1] == ("status_text_set", None)


@pytest.mark.parametrize("event", ["TIMER", "ESC"])
@pytest.mark.parametrize("button", [_Predict, _Recommend, _Export, _Variants])
def test_an_armature_that_is_deleted_meanwhile_stops_the_work(controls, context, button, event, tmp_path):
    """As a script or a timer of another add-on may do; no mouse gets at it then."""
    verbs.predict_armature(controls)
    controls.agonist.live = False
    controls.agonist.sliders["biceps_l"].scale = 1.7
    bpy.context.scene.agonist_export.variants = "biceps 0.5"
    context.active_object, pressed = controls, button()
    pressed.preset, pressed.filepath, pressed.directory = "BVH", str(tmp_path / "out.bvh"), str(tmp_path)
    pressed.go_s = 1e-4
    assert (pressed.execute if button in (_Export, _Variants) else lambda one: pressed.invoke(one, None))(context) == {"RUNNING_MODAL"}
    for _ in range(12):
        assert pressed.modal(context, _event("TIMER")) == {"RUNNING_MODAL"}
    bpy.data.objects.remove(controls)
    assert pressed.modal(context, _event(event)) == {"CANCELLED"} and pressed.said == [({"WARNING"}, "The armature is gone")]
    assert len(bpy.data.scenes) == 1 and not list(tmp_path.iterdir()) and context.calls[-1] == ("status_text_set", None)


def test_what_keys_alone_decide_is_done_at_once(rig, context):
    context.active_object, pressed = rig, _Predict()
    assert pressed.invoke(context, None) == {"FINISHED"}
    assert context.calls == [] and rig.agonist.source_action == rig.animation_data.action


def test_a_script_gets_the_result(controls):
    assert bpy.ops.agonist.predict() == {"FINISHED"}
    controls.agonist.live = False
    controls.agonist.sliders["biceps_l"].scale = 1.7
    assert bpy.ops.agonist.edit() == {"FINISHED"}
    assert controls.animation_data.action == controls.agonist.recommended_action
