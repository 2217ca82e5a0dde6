"""While a slider is dragged the frame on screen is that of the whole edit, and the whole is there before anything else looks."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import preview, session, verbs
from blender_addon.compat import fcurves_of, remove_fcurve
from blender_addon.muscles.heatmap import muscle_objects
from blender_addon.muscles.skin import glow_skin, glowing_skins, skin_shares
from blender_addon.rig.keys import ROTATIONS, channels_of, keyed_channels, rotation_name
from tests.blender_addon import control_rigs, rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender

# Pose matrices and colours: Blender keeps both in single precision.
TOLERANCE = 2e-6


@pytest.fixture(autouse=True)
def hand(monkeypatch):
    """Sliders move as a mouse moves them; Blender's timers do not run without a window."""
    monkeypatch.setattr(preview, "is_by_hand", lambda *modules: True)


@pytest.fixture(params=[make.__name__ for make in rigs.RIGS])
def any_rig(request):
    return _ready(getattr(rigs, request.param)(exercise("Squat", 2.0, seed=4)))


@pytest.fixture
def rig():
    return _ready(rigs.quaternion(exercise("Squat", 2.0, seed=4)))


def _ready(armature):
    verbs.build_muscles(armature, mannequin=False)
    verbs.predict_armature(armature)
    bpy.context.scene.frame_set(23)
    return armature


def _shown(armature):
    """Pose and colours of the current frame, as Blender evaluates them."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    pose = [np.array(bone.matrix) for bone in armature.evaluated_get(graph).pose.bones]
    muscles = [thing.evaluated_get(graph) for thing in muscle_objects(armature).values()]
    return np.array(pose), np.array([(one["activation"], one["activation_raw"], *one.color) for one in muscles])


def _same(a, b, tolerance=TOLERANCE):
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance)


def _keys(armature, action):
    return [np.array([point.co[:] for point in curve.keyframe_points]) for curve in fcurves_of(armature, action)]


def _whole(armature, frame, scale):
    """What a script gets that sets the same slider."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preview, "is_by_hand", lambda *modules: False)
        armature.agonist.sliders["quadriceps_l"].scale = scale
    bpy.context.scene.frame_set(frame)
    return _shown(armature)


def test_the_frame_on_screen_is_that_of_the_whole_edit(any_rig):
    slider = any_rig.agonist.sliders["quadriceps_l"]
    before = _shown(any_rig)
    for scale in (1.3, 0.4, 1.7):
        slider.scale = scale
        seen = _shown(any_rig)
        assert any_rig.agonist.is_preview and np.abs(seen[0] - before[0]).max() > 1e-3
        preview.finish_all()
        assert not any_rig.agonist.is_preview
        _same(seen, _shown(any_rig))
        before = seen


def test_a_move_has_blender_evaluate_the_scene_once(rig):
    """All that a move changes is tagged, and evaluated together."""
    times = []

    def evaluated(scene, graph):
        times.append([one.id.original for one in graph.updates])

    bpy.app.handlers.depsgraph_update_post.append(evaluated)
    try:
        for scale in (1.3, 0.4):
            times.clear()
            rig.agonist.sliders["quadriceps_l"].scale = scale
            assert rig.agonist.is_preview and not times
            bpy.context.view_layer.update()
            assert len(times) == 1 and {rig, muscle_objects(rig)["quadriceps_l"]} <= set(times[0])
            bpy.context.view_layer.update()
            assert len(times) == 1
    finally:
        bpy.app.handlers.depsgraph_update_post.remove(evaluated)


def test_a_preview_writes_no_key_and_plays_no_other_action(rig):
    source = rig.animation_data.action
    before = _keys(rig, source)
    rig.agonist.sliders["quadriceps_l"].scale = 1.7
    assert rig.agonist.is_preview and rig.animation_data.action == source and rig.agonist.recommended_action is None
    for one, other in zip(before, _keys(rig, source), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_whole_is_made_when_the_hand_has_rested(rig, monkeypatch):
    slider = rig.agonist.sliders["quadriceps_l"]
    slider.scale = 1.7
    assert preview._tick() > 0 and rig.agonist.is_preview
    monkeypatch.setattr(preview.time, "monotonic", lambda now=preview.time.monotonic: now() + 1)
    assert preview._tick() is None
    assert not rig.agonist.is_preview and rig.animation_data.action == rig.agonist.recommended_action
    assert slider.reached != 1.0


def test_a_slider_back_at_one_shows_the_source(rig):
    before = _shown(rig)
    for scale in (1.7, 1.0):
        rig.agonist.sliders["quadriceps_l"].scale = scale
    _same(_shown(rig), before)


def _another_frame(rig, folder):
    bpy.context.scene.frame_set(40)
    return 40


def _saved(rig, folder):
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(folder / "scene.blend"))
    return 23


def _rendered(rig, folder):
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.render.resolution_x, scene.render.resolution_y = "CYCLES", 1, 4, 4
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(scene.camera)
    bpy.ops.render.render()
    return 23


def _exported(rig, folder):
    assert bpy.ops.agonist.export(preset="BVH", filepath=str(folder / "out.bvh")) == {"FINISHED"}
    return 23


def _exported_by_blender(rig, folder):
    bpy.ops.export_anim.bvh(filepath=str(folder / "out.bvh"))
    return 23


def _recoloured(rig, folder):
    rig.agonist.colour_map = "PAPER"
    return 23


@pytest.mark.parametrize(
    "event", [_another_frame, _saved, _rendered, _exported, _exported_by_blender, _recoloured], ids=lambda event: event.__name__
)
def test_whatever_looks_further_finds_the_whole(rig, tmp_path, event):
    rig.agonist.sliders["quadriceps_l"].scale = 1.7
    assert rig.agonist.is_preview
    frame = event(rig, tmp_path)
    armature = bpy.data.objects["rig"]
    assert not armature.agonist.is_preview and armature.animation_data.action == armature.agonist.recommended_action
    seen = _shown(armature)
    _same(seen, _whole(armature, frame, 1.7))


def test_the_toggle_shows_what_it_says(rig):
    before = _shown(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.7
    edited = _shown(rig)
    rig.agonist.show = "ORIGINAL"
    assert not rig.agonist.is_preview and rig.agonist.show == "ORIGINAL"
    assert rig.animation_data.action == rig.agonist.source_action
    _same(_shown(rig), before)
    rig.agonist.show = "RECOMMENDED"
    _same(_shown(rig), edited)


def test_an_undo_step_with_a_preview_in_it_comes_back_whole(rig):
    bpy.ops.ed.undo_push(message="predict")
    before = _shown(rig)
    for scale in (1.7, 0.5):
        # As a mouse that is let go at once: Blender makes the step before the timer comes.
        bpy.data.objects["rig"].agonist.sliders["quadriceps_l"].scale = scale
        assert bpy.data.objects["rig"].agonist.is_preview
        bpy.ops.ed.undo_push(message="Scale")
    bpy.ops.ed.undo()
    armature = bpy.data.objects["rig"]
    assert not armature.agonist.is_preview and armature.agonist.recommended_action is not None
    seen = _shown(armature)
    bpy.ops.ed.undo()
    _same(_shown(bpy.data.objects["rig"]), before)
    assert bpy.data.objects["rig"].agonist.recommended_action is None
    bpy.ops.ed.redo()
    armature = bpy.data.objects["rig"]
    assert not armature.agonist.is_preview
    _same(_shown(armature), seen)
    _same(seen, _whole(armature, 23, 1.7))


def test_a_preview_of_an_armature_that_is_deleted_is_forgotten(rig):
    rig.agonist.sliders["quadriceps_l"].scale = 1.7
    bpy.data.objects.remove(rig)
    preview.finish_all()
    assert not [thing for thing in bpy.data.objects if thing.type == "ARMATURE"]


def test_a_whole_that_cannot_be_made_leaves_the_actions_as_they_play(rig):
    before = _shown(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.7
    rig.agonist.source_action = None
    preview.finish_all()
    assert not rig.agonist.is_preview and "Predict" in rig.agonist.message
    _same(_shown(rig), before)


@pytest.mark.parametrize("frame", [0, 62, 23.5])
def test_off_the_clip_and_between_frames_the_whole_is_made_at_once(rig, frame):
    bpy.context.scene.frame_set(int(frame), subframe=frame % 1)
    rig.agonist.sliders["quadriceps_l"].scale = 1.7
    assert not rig.agonist.is_preview and rig.animation_data.action == rig.agonist.recommended_action


def _without(rig, channels):
    source = rig.animation_data.action
    for curve in [one for one in fcurves_of(rig, source) if 'bones["elbow_l"]' in one.data_path][channels]:
        remove_fcurve(rig, source, curve)


def _muted(rig, channels):
    for curve in [one for one in fcurves_of(rig, rig.animation_data.action) if 'bones["elbow_l"]' in one.data_path][channels]:
        curve.mute = True


@pytest.mark.parametrize("change", [_without, _muted], ids=["removed", "muted"])
@pytest.mark.parametrize("channels", [slice(None), slice(1)], ids=["all", "one"])
def test_channels_that_nothing_keys_are_never_left_changed(rig, change, channels):
    """A bone that only stands somewhere: no key could take back what a preview does to it."""
    change(rig, channels)
    verbs.predict_armature(rig)
    bpy.context.scene.frame_set(23)
    elbow = rig.pose.bones["elbow_l"]
    before = np.array(elbow.rotation_quaternion)
    for scale in (1.7, 2.0):
        rig.agonist.sliders["biceps_l"].scale = scale
        seen = _shown(rig)
        assert rig.agonist.is_preview and np.abs(np.array(elbow.rotation_quaternion) - before).max() > 1e-3
        preview.finish_all()
        _same(seen, _shown(rig))
    rig.agonist.show = "ORIGINAL"
    np.testing.assert_array_equal(np.array(elbow.rotation_quaternion), before)


def test_channels_that_nothing_keys_come_back_where_the_whole_cannot_be_made(rig):
    _without(rig, slice(None))
    verbs.predict_armature(rig)
    before = np.array(rig.pose.bones["elbow_l"].rotation_quaternion)
    for scale in (1.7, 2.0):
        rig.agonist.sliders["biceps_l"].scale = scale
    rig.agonist.source_action = None
    preview.finish_all()
    assert "Predict" in rig.agonist.message
    np.testing.assert_array_equal(np.array(rig.pose.bones["elbow_l"].rotation_quaternion), before)


def test_channels_that_nothing_keys_come_back_with_an_undo_step(rig):
    _without(rig, slice(None))
    verbs.predict_armature(rig)
    bpy.ops.ed.undo_push(message="predict")
    before = np.array(rig.pose.bones["elbow_l"].rotation_quaternion)
    for scale in (1.7, 2.0):
        bpy.data.objects["rig"].agonist.sliders["biceps_l"].scale = scale
        bpy.ops.ed.undo_push(message="Scale")
    bpy.ops.ed.undo()
    armature = bpy.data.objects["rig"]
    assert not armature.agonist.is_preview and armature.animation_data.action == armature.agonist.recommended_action
    armature.agonist.show = "ORIGINAL"
    np.testing.assert_array_equal(np.array(armature.pose.bones["elbow_l"].rotation_quaternion), before)


@pytest.mark.parametrize("ik", [False, True])
def test_a_rig_of_controls_with_channels_that_nothing_keys(ik):
    """Rigify, with many controls that the animator never touched."""
    armature = control_rigs.posed_rigify(ik)
    source, before = armature.animation_data.action, rigs.evaluated(armature)
    verbs.predict_armature(armature)
    bpy.context.scene.frame_set(11)
    channels = {bone.name: [tuple(getattr(bone, name)) for name in (*ROTATIONS, "location")] for bone in armature.pose.bones}
    keyed = keyed_channels(armature)
    unkeyed = [one.bone for one in session.live_edit(armature).sample.controls
               if not channels_of(armature.pose.bones[one.bone], rotation_name(armature.pose.bones[one.bone])) & keyed]  # fmt: skip
    assert len(unkeyed) > 3
    for scale in (1.3, 1.7):
        armature.agonist.sliders["quadriceps_l"].scale = scale
        seen = _shown(armature)
        assert armature.agonist.is_preview
        preview.finish_all()
        _same(seen, _shown(armature), 1e-5)
    for scale in (1.5, 1.0):
        armature.agonist.sliders["quadriceps_l"].scale = scale
    assert armature.agonist.is_preview
    preview.finish_all()
    angle, place = rigs.difference(rigs.evaluated(armature), before)
    assert angle < 1e-4 and place < 1e-4
    armature.agonist.show = "ORIGINAL"
    assert armature.animation_data.action == source
    np.testing.assert_array_equal(rigs.evaluated(armature), before)
    bpy.context.scene.frame_set(11)
    assert channels == {bone.name: [tuple(getattr(bone, name)) for name in (*ROTATIONS, "location")] for bone in armature.pose.bones}


def test_a_skin_glows_along():
    armature = rigs.quaternion(exercise("Squat", 2.0, seed=4))
    skin = bpy.data.objects.new("skin", bpy.data.meshes.new("skin"))
    skin.data.from_pydata([(0, 0, 0.6), (0.1, 0, 0.6), (0, 0.1, 0.6)], [], [(0, 1, 2)])
    bpy.context.scene.collection.objects.link(skin)
    skin.modifiers.new("Armature", "ARMATURE").object = armature
    glow_skin(skin, armature)
    verbs.predict_armature(armature)
    bpy.context.scene.frame_set(23)

    def shown():
        bpy.context.view_layer.update()
        (seen,) = (one.evaluated_get(bpy.context.evaluated_depsgraph_get()) for one in glowing_skins(armature))
        return np.array([seen.data["raw_quadriceps_l"], skin_shares(seen)["quadriceps_l"]])

    before = shown()
    armature.agonist.sliders["quadriceps_l"].scale = 1.7
    seen = shown()
    assert armature.agonist.is_preview and np.abs(seen - before).max() > 1e-3
    preview.finish_all()
    np.testing.assert_allclose(shown(), seen, atol=TOLERANCE)
