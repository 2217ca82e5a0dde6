"""A button that cannot work is grey and says why; a verb that fails says why and leaves nothing half-made."""

import math
import re
import warnings

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.errors import MotionError
from blender_addon import ops, session, verbs
from blender_addon.compat import push_to_track
from blender_addon.exports.write import export_motion
from blender_addon.ghost import show_ghost
from blender_addon.rig.sample import sampled_armature
from blender_addon.steps import finished
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender


@pytest.fixture
def rig():
    return rigs.quaternion(exercise("Squat", 1.0))


def _census():
    kinds = ("objects", "meshes", "actions", "armatures", "materials")
    return {kind: sorted(one.name for one in getattr(bpy.data, kind)) for kind in kinds}


def _state(armature):
    props = armature.agonist
    return props.source_action, props.recommended_action, len(props.sliders), armature.animation_data.action, props.show


_OF_AN_ARMATURE = [
    "add_muscles", "predict", "edit", "reset", "keep_result", "ghost", "glow_skin", "bind_mesh", "export", "export_variants",
    "compare", "render",
    "reset_slider", "only_parts", "edit_curves", "clear_curves", "detect_bones", "load_bones", "save_bones",
]  # fmt: skip


@pytest.mark.parametrize("name", _OF_AN_ARMATURE)
def test_nothing_selected(name):
    operator = getattr(bpy.ops.agonist, name)
    assert not operator.poll()
    # Blender puts the poll message into the error.
    with pytest.raises(RuntimeError, match="Select an armature"):
        operator("EXEC_DEFAULT")


def _excluded(thing):
    """Move an object to a collection that the view layer leaves out."""
    out = bpy.data.collections.new("out")
    bpy.context.scene.collection.children.link(out)
    out.objects.link(thing)
    bpy.context.scene.collection.objects.unlink(thing)
    bpy.context.view_layer.layer_collection.children["out"].exclude = True


def test_an_armature_outside_the_view_layer(rig):
    """A muscle of it may still be there to be active."""
    verbs.build_muscles(rig)
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    verbs.open_curves(rig, ["quadriceps_l"])
    bpy.context.view_layer.objects.active = next(child for child in rig.children if "agonist_muscle" in child)
    _excluded(rig)
    census, state = _census(), _state(rig)
    for name in _OF_AN_ARMATURE:
        with pytest.raises(RuntimeError, match="in no collection of the view layer"):
            getattr(bpy.ops.agonist, name)("EXEC_DEFAULT")
    assert _census() == census and _state(rig) == state


def test_curves_outside_the_view_layer(rig):
    bpy.context.view_layer.objects.active = rig
    verbs.predict_armature(rig)
    _excluded(verbs.open_curves(rig, ["quadriceps_l"]))
    with pytest.raises(RuntimeError, match="in no collection of the view layer"):
        bpy.ops.agonist.edit_curves()
    # What is drawn counts all the same, and can be taken away.
    assert bpy.ops.agonist.clear_curves() == {"FINISHED"} and bpy.ops.agonist.edit_curves(muscle="biceps") == {"FINISHED"}


@pytest.mark.parametrize("name", ["predict", "export", "export_variants"])
def test_an_armature_without_an_action(name):
    bpy.ops.object.armature_add()
    with pytest.raises(RuntimeError, match="no action"):
        getattr(bpy.ops.agonist, name)("EXEC_DEFAULT")


@pytest.mark.parametrize("name", ["predict", "export"])
def test_a_take_that_constraints_bring_from_another_armature(rig, name):
    twin = rigs.quaternion(exercise("Squat", 1.0))
    twin.animation_data_clear()
    bpy.context.view_layer.objects.active = twin
    for bone in twin.pose.bones:
        # One of a rig's own mechanism moves nothing by itself.
        bone.constraints.new("COPY_ROTATION").target, bone.constraints[0].subtarget = twin, twin.pose.bones[0].name
    with pytest.raises(RuntimeError, match="no action; import"):
        getattr(bpy.ops.agonist, name)("EXEC_DEFAULT")
    for bone in twin.pose.bones:
        bone.constraints[0].target, bone.constraints[0].subtarget = rig, bone.name
    with pytest.raises(RuntimeError, match="Visual Keying"):
        getattr(bpy.ops.agonist, name)("EXEC_DEFAULT")
    with pytest.raises(MotionError, match="constraints to other objects move it"):
        verbs.predict_armature(twin)
    # As the message says.
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.select_all(action="SELECT")
    bpy.ops.nla.bake(frame_start=1, frame_end=31, visual_keying=True, clear_constraints=True, bake_types={"POSE"})
    bpy.ops.object.mode_set(mode="OBJECT")
    verbs.predict_armature(twin)
    assert twin.agonist.sliders


@pytest.mark.parametrize("name", ["edit", "reset", "reset_slider", "only_parts", "edit_curves", "export_variants", "render"])
def test_not_predicted_yet(rig, name):
    with pytest.raises(RuntimeError, match="Press Predict first"):
        getattr(bpy.ops.agonist, name)("EXEC_DEFAULT")


@pytest.mark.parametrize("name", ["add_muscles", "predict", "export"])
def test_edit_mode(rig, name):
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(RuntimeError, match="Object Mode"):
        getattr(bpy.ops.agonist, name)("EXEC_DEFAULT")
    with pytest.raises(RuntimeError, match="Object Mode"):
        bpy.ops.agonist.import_motion("EXEC_DEFAULT", filepath="/nowhere.bvh")
    with pytest.raises(RuntimeError, match="Object Mode"):
        bpy.ops.agonist.capture_video("EXEC_DEFAULT", filepath="/nowhere.mp4")
    bpy.ops.object.mode_set(mode="OBJECT")


def test_a_slider_in_edit_mode_says_so_and_nothing_is_sampled(rig):
    """The bones rest there, and a cached rest pose would be edited ever after."""
    verbs.predict_armature(rig)
    session.forget(rig.name)
    state = _state(rig)
    bpy.ops.object.mode_set(mode="EDIT")
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    assert "Edit Mode" in rig.agonist.message and _state(rig) == state
    bpy.ops.object.mode_set(mode="OBJECT")
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    assert rig.agonist.message == "" and np.ptp(session.live_edit(rig).sample.motion.positions_world, axis=0).max() > 0.1


def test_a_strip_that_is_tweaked(rig):
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    bpy.ops.agonist.keep_result(track=True)
    data = rig.animation_data
    data.action = None
    data.nla_tracks[0].strips[0].select, data.nla_tracks.active = True, data.nla_tracks[0]
    data.use_tweak_mode = True
    census, state = _census(), _state(rig)
    for name in ("predict", "edit", "compare", "reset", "ghost", "render", "keep_result"):
        with pytest.raises(RuntimeError, match="tweak mode"):
            getattr(bpy.ops.agonist, name)("EXEC_DEFAULT")
    rig.agonist.sliders["quadriceps_l"].scale = 1.3
    assert "tweak mode" in rig.agonist.message and _census() == census and _state(rig) == state
    for verb in (verbs.predict_armature, verbs.edit_armature, show_ghost, lambda one: verbs.show(one, "ORIGINAL")):
        with pytest.raises(MotionError, match="tweak mode"):
            verb(rig)
    assert _census() == census and _state(rig) == state


def test_a_motion_that_lies_on_strips_only(rig):
    """As after Push Down in the Action Editor."""
    action = rig.animation_data.action
    push_to_track(rig, action)
    rig.animation_data.action = None
    for name in ("predict", "export"):
        with pytest.raises(RuntimeError, match=r"NLA strips(.|\n)*Action Editor(.|\n)*Bake Action"):
            getattr(bpy.ops.agonist, name)("EXEC_DEFAULT")
    for verb in (verbs.predict_armature, lambda one: finished(sampled_armature(one))):
        with pytest.raises(MotionError, match=r"'rig'.*NLA strips.*Action Editor.*Bake Action"):
            verb(rig)
    # As the line says.
    rig.animation_data.action = action
    verbs.predict_armature(rig)
    assert rig.agonist.source_action == action


def test_a_track_that_is_solo_leaves_the_action_out(rig):
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    track = rig.animation_data.nla_tracks.new()
    track.name, track.is_solo = "hands", True
    # So Blender has it: the active action moves nothing now.
    assert np.ptp(rigs.evaluated(rig), axis=0).max() < 1e-6
    census, state = _census(), _state(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.3
    assert "'hands'" in rig.agonist.message and "solo" in rig.agonist.message and _state(rig) == state
    for verb in (verbs.predict_armature, verbs.edit_armature, lambda one: verbs.show(one, "ORIGINAL")):
        with pytest.raises(MotionError, match="NLA track 'hands' of 'rig' is solo"):
            verb(rig)
    assert _census() == census and _state(rig) == state
    # Without the NLA, or the star, the action plays again.
    rig.animation_data.use_nla = False
    rig.agonist.sliders["quadriceps_l"].scale = 1.4
    assert rig.agonist.message == ""
    rig.animation_data.use_nla, track.is_solo = True, False
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    assert rig.agonist.message == "" and np.ptp(rigs.evaluated(rig), axis=0).max() > 0.1


def _hear(*_):
    """A handler of another add-on; Blender evaluates the window's scene then."""


@pytest.mark.parametrize("heard", [False, True])
def test_a_rig_that_blender_does_not_pose(rig, heard):
    """Keys alone can be read of a hidden rig; constraints would stand still."""
    rig.hide_viewport = True
    verbs.predict_armature(rig)
    rig.pose.bones["head"].constraints.new("LIMIT_SCALE")
    state = _state(rig)
    if heard:
        bpy.app.handlers.frame_change_post.append(_hear)
    bpy.context.view_layer.update()
    scenes = len(bpy.data.scenes)
    with pytest.raises(MotionError, match="disabled in viewports"):
        verbs.predict_armature(rig)
    assert _state(rig) == state and len(bpy.data.scenes) == scenes
    rig.hide_viewport = False
    rig.hide_set(True)
    verbs.predict_armature(rig)
    assert np.ptp(session.live_edit(rig).sample.motion.positions_world, axis=0).max() > 0.1


def test_stretched_time(rig):
    bpy.context.scene.render.frame_map_new = 200
    state = _state(rig)
    for name in ("predict", "export"):
        with pytest.raises(RuntimeError, match="Time Stretching"):
            getattr(bpy.ops.agonist, name)("EXEC_DEFAULT", **({"filepath": "/nowhere.bvh"} if name == "export" else {}))
    assert _state(rig) == state


def test_every_operator_has_been_refused_above():
    others = {"import_motion", "capture_video", "help", "open_guide"}
    assert {cls.bl_idname.split(".")[1] for cls in ops._CLASSES} == {*_OF_AN_ARMATURE, *others}


def test_a_skeleton_that_is_no_humanoid():
    bpy.ops.object.armature_add()
    armature = bpy.context.active_object
    armature.keyframe_insert("location", frame=1)
    armature.keyframe_insert("location", frame=9)
    census, state = _census(), _state(armature)
    for name in ("add_muscles", "predict"):
        with pytest.raises(RuntimeError, match="Not a humanoid"):
            getattr(bpy.ops.agonist, name)()
    assert _census() == census and _state(armature) == state


def test_a_model_that_is_not_there(rig):
    bpy.ops.agonist.add_muscles()
    rig.agonist.model = "nonesuch"
    census, state = _census(), _state(rig)
    with pytest.raises(RuntimeError, match=r"nonesuch(.|\n)*agonist"):
        bpy.ops.agonist.predict()
    assert _census() == census and _state(rig) == state


def test_a_model_that_went_missing_is_told_in_the_panel(rig):
    verbs.predict_armature(rig)
    state = _state(rig)
    rig.agonist.model = "nonesuch"
    rig.agonist.sliders["biceps_l"].scale = 2.0
    assert "nonesuch" in rig.agonist.message and _state(rig) == state


def test_rest_position_and_uneven_scale(rig):
    state = _state(rig)
    rig.data.pose_position = "REST"
    with pytest.raises(RuntimeError, match="Rest Position"):
        bpy.ops.agonist.predict()
    rig.data.pose_position = "POSE"
    rig.scale = (1, 1, 2)
    with pytest.raises(RuntimeError, match=re.escape("Object > Apply > Scale")):
        bpy.ops.agonist.predict()
    rig.scale = (-1, 1, 1)
    with pytest.raises(RuntimeError, match="mirrored"):
        bpy.ops.agonist.predict()
    # Nor any talk of what is no number.
    rig.scale = (0, 0, 0)
    with warnings.catch_warnings(), pytest.raises(RuntimeError, match="scaled to nothing"):
        warnings.simplefilter("error")
        bpy.ops.agonist.predict()
    assert _state(rig) == state


@pytest.mark.parametrize("kind", ["bvh", "fbx"])
def test_an_export_that_cannot_be_written(rig, kind, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RuntimeError, match="cannot write"):
        bpy.ops.agonist.export(preset=kind.upper(), filepath=str(tmp_path / "file" / f"out.{kind}"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def _render_to(folder):
    bpy.context.scene.agonist_render.folder = folder
    return bpy.ops.agonist.render(job="SHEET")


@pytest.mark.filterwarnings("ignore:.*does not support blend relative")
@pytest.mark.parametrize(
    "write",
    [
        lambda: _render_to("//render"),
        lambda: bpy.ops.agonist.render(job="SHEET", directory="//render"),
        lambda: bpy.ops.agonist.export(preset="BVH", filepath="//out.bvh"),
        lambda: bpy.ops.agonist.export_variants(directory="//"),
        lambda: bpy.ops.agonist.export_variants(),
        lambda: bpy.ops.agonist.save_bones(filepath="//map.toml"),
        lambda: bpy.ops.agonist.load_bones(filepath="//map.toml"),
        lambda: bpy.ops.agonist.import_motion(filepath="//in.bvh"),
    ],
    ids=["render", "render directory", "export", "variants", "variants by default", "save bones", "load bones", "import"],
)
def test_beside_a_file_that_is_not_saved_yet(rig, write, tmp_path, monkeypatch):
    """Blender would take such a path from the folder that it was started in."""
    bpy.ops.agonist.add_muscles()
    verbs.predict_armature(rig)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match=r"'//.*' lies beside the .blend, which is not saved yet"):
        write()
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore:.*does not support blend relative")
def test_beside_a_saved_file(rig, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scenes").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scenes" / "rig.blend"))
    assert bpy.ops.agonist.export(preset="BVH", filepath="//out.bvh") == {"FINISHED"}
    bpy.ops.agonist.detect_bones()
    assert bpy.ops.agonist.save_bones(filepath="//map.toml") == {"FINISHED"}
    assert {path.name for path in (tmp_path / "scenes").iterdir()} == {"rig.blend", "out.bvh", "map.toml"}


def test_a_hidden_armature_says_so_and_leaves_no_file(rig, tmp_path):
    other = bpy.data.objects.new("other", None)
    bpy.context.scene.collection.objects.link(other)
    other.select_set(True)
    bpy.context.scene.collection.objects.unlink(rig)
    with pytest.raises(Exception, match="'rig' could not be exported"):
        export_motion(rig, tmp_path / "out.fbx", "FBX")
    assert not list(tmp_path.iterdir()) and other.select_get()


def test_a_file_that_is_not_there_or_broken(squat, tmp_path):
    bad = tmp_path / "bad.bvh"
    bad.write_text(squat.read_text()[:400])
    for path in (bad, tmp_path / "none.bvh", tmp_path / "what.xyz"):
        with pytest.raises(RuntimeError, match=path.name):
            bpy.ops.agonist.import_motion(filepath=str(path))
    assert not bpy.data.armatures and not bpy.data.actions


def test_a_slider_in_rest_position_says_so(rig):
    """What was predicted before would be edited, and nobody see it."""
    verbs.predict_armature(rig)
    state = _state(rig)
    rig.data.pose_position = "REST"
    rig.agonist.sliders["biceps_l"].scale = 1.6
    assert "Rest Position" in rig.agonist.message and _state(rig) == state
    rig.data.pose_position = "POSE"
    rig.agonist.sliders["biceps_l"].scale = 1.7
    assert rig.agonist.message == "" and rig.agonist.recommended_action is not None


def test_a_motion_that_was_deleted_after_it_was_predicted(rig):
    verbs.predict_armature(rig)
    rig.agonist.sliders["biceps_l"].scale = 1.6
    bpy.data.actions.remove(rig.agonist.source_action)
    rig.agonist.sliders["biceps_l"].scale = 1.7
    assert "is no longer in the file; press Predict" in rig.agonist.message
    # As it says: what is left is a motion like any other.
    verbs.predict_armature(rig)
    rig.agonist.sliders["biceps_l"].scale = 1.8
    assert rig.agonist.recommended_action not in (None, rig.agonist.source_action) and rig.agonist.message == ""


def test_what_is_out_of_reach_is_called_as_its_slider_is(rig, capfd):
    bpy.context.view_layer.objects.active = rig
    verbs.predict_armature(rig)
    rig.agonist.scope.lock(("arm_l", "arm_r", "trunk"))
    rig.agonist.sliders["biceps_l"].scale = 3.0
    assert bpy.ops.agonist.edit() == {"FINISHED"}
    assert "Out of reach: Biceps (left)" in capfd.readouterr().out


def test_bones_held_by_constraints_are_named(rig):
    target = bpy.data.objects.new("target", None)
    bpy.context.scene.collection.objects.link(target)
    target.location = (0.3, -0.2, 0.4)
    ik = rig.pose.bones["knee_l"].constraints.new("IK")
    ik.target, ik.chain_count = target, 2
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    assert "hip_l" in rig.agonist.message and "bake" in rig.agonist.message
    ik.mute = True
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    assert rig.agonist.message == ""


def test_a_character_with_a_skin_gets_no_mannequin(rig):
    skin = bpy.data.objects.new("skin", bpy.data.meshes.new("skin"))
    bpy.context.scene.collection.objects.link(skin)
    skin.modifiers.new("Armature", "ARMATURE").object = rig
    bpy.ops.agonist.add_muscles()
    assert not any(child.name.startswith("Mannequin") for child in rig.children)
    assert len(rig.children) == 8 and all(child.show_in_front for child in rig.children)


def test_an_exact_euler_angle_at_the_pole(rig):
    """Straight up in an Euler order, where two of the angles are one, is still the same pose."""
    for bone in rig.pose.bones:
        bone.rotation_mode = "XYZ"
    rig.pose.bones["hip_l"].rotation_euler = (0.3, math.pi / 2, 0.2)
    rig.pose.bones["hip_l"].keyframe_insert("rotation_euler", frame=1)
    before = rigs.evaluated(rig)
    verbs.predict_armature(rig)
    for scale in (1.8, 1.0):
        rig.agonist.sliders["quadriceps_l"].scale = scale
    angle, place = rigs.difference(rigs.evaluated(rig), before)
    assert angle < 1e-4 and place < 1e-4
