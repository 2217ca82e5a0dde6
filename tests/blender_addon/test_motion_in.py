"""Motion in: every format that is read, by the operator and down to a prediction; FBX, GLB and USD by Blender's own importers."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist import io
from agonist.humanoid import body25_from_motion
from agonist.io import bvh, keypoints_json, mot_sto, npz, trc
from blender_addon import verbs
from blender_addon.compat import strips_of
from tests.blender_addon import rigs
from tests.clips import exercise
from tests.io.asf_files import AMC, ASF
from tests.io.c3d_files import c3d_bytes
from tests.io.pose2sim_files import HALPE_26, trc_text
from tests.io.test_freemocap import LANDMARKS

pytestmark = pytest.mark.blender


def _predicted(path, **options):
    """Import a file by the operator and predict it: the armature, its muscles awake, its sliders at 1 playing the source."""
    assert bpy.ops.agonist.import_motion(filepath=str(path), **options) == {"FINISHED"}
    armature = bpy.context.active_object
    before = rigs.evaluated(armature)
    assert bpy.ops.agonist.predict() == {"FINISHED"}
    assert armature.agonist.sliders and armature.agonist.message == ""
    verbs.edit_armature(armature)
    angle, place = rigs.difference(rigs.evaluated(armature), before)
    assert angle < 1e-4 and place < 1e-4
    return armature


def _first(clip, frames):
    """The first frames of a recording at 30 a second; the whole of it would only take longer."""
    clip = clip.resample(30.0)
    local = clip.local_positions
    return replace(
        clip, rotations_parent_from_joint=clip.rotations_parent_from_joint[:frames], root_position=clip.root_position[:frames],
        local_positions=None if local is None else local[:frames],
    )  # fmt: skip


def test_a_trc_of_markers(data_dir):
    armature = _predicted(data_dir / "opensim_moco" / "markers_walk.trc")
    assert armature.name == "markers_walk"
    # A walk of 2.4 s over more than two metres.
    heads = rigs.evaluated(armature)[:, 0, :3, 3]
    assert np.linalg.norm(heads[-1] - heads[0]) > 2 and len(heads) == 238


def test_a_c3d_of_markers(data_dir, tmp_path):
    markers = trc.read(data_dir / "opensim_moco" / "markers_walk.trc")
    (tmp_path / "walk.c3d").write_bytes(c3d_bytes(markers.positions * 1000, list(markers.layout.names), fps=100.0))
    found = rigs.evaluated(_predicted(tmp_path / "walk.c3d"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.agonist.import_motion(filepath=str(data_dir / "opensim_moco" / "markers_walk.trc"))
    np.testing.assert_allclose(found, rigs.evaluated(bpy.context.active_object), atol=1e-4)


def test_a_c3d_that_is_no_body_is_refused(data_dir):
    with pytest.raises(RuntimeError, match="nothing that stands for shoulder_l"):
        bpy.ops.agonist.import_motion(filepath=str(data_dir / "pyomeca_shoulder" / "markers_analogs.c3d"))
    assert not bpy.data.armatures


def test_amc(data_dir, tmp_path):
    # The first two seconds, as the format lets one cut it.
    for path in sorted((data_dir / "cmu02").rglob("*.asf")):
        shutil.copy(path, tmp_path / "02.asf")
    source = next(path for path in sorted((data_dir / "cmu02").rglob("*.amc")))
    lines = source.read_text().splitlines()
    end = lines.index("241")
    (tmp_path / "02_01.amc").write_text("\n".join(lines[:end]) + "\n")
    assert len(rigs.evaluated(_predicted(tmp_path / "02_01.amc"))) == 240


def test_deepmimic(data_dir):
    _predicted(data_dir / "deepmimic" / min(path.name for path in (data_dir / "deepmimic").glob("*walk*.txt")))


def test_a_motion_of_another_skeleton_as_npz(data_dir, tmp_path):
    walk = next(path for path in sorted((data_dir / "mass_bvh").rglob("*.bvh")) if "walk" in path.name.lower())
    npz.write(tmp_path / "walk.npz", _first(io.read(walk), 60))
    _predicted(tmp_path / "walk.npz")


@pytest.mark.parametrize("suffix", ["npz", "json"])
def test_real_motion_as_npz_and_json(data_dir, tmp_path, suffix):
    source = next(path for path in sorted((data_dir / "cmu02").rglob("*.amc")))
    keypoints = body25_from_motion(_first(io.read(source), 60))
    (npz if suffix == "npz" else keypoints_json).write(tmp_path / f"walk.{suffix}", keypoints)
    assert len(rigs.evaluated(_predicted(tmp_path / f"walk.{suffix}"))) == 60


@pytest.mark.parametrize("suffix", ["mot", "sto"])
def test_joint_angles_of_opensim(data_dir, tmp_path, suffix):
    table = mot_sto.read(data_dir / "opensim_moco" / f"coordinates.{suffix}")
    step = max(1, round(table.fps / 50))
    short = mot_sto.OpenSimTable(table.name, table.times[::step][:60], table.columns, table.values[::step][:60], table.in_degrees)
    mot_sto.write(tmp_path / f"walk.{suffix}", short)
    _predicted(tmp_path / f"walk.{suffix}")


def test_a_trc_of_pose2sim(tmp_path):
    squat = body25_from_motion(exercise("Squat", 2.0, seed=4))
    (tmp_path / "squat_P1.trc").write_text(trc_text(squat, HALPE_26))
    armature = _predicted(tmp_path / "squat_P1.trc")
    rise = rigs.evaluated(armature)[:, 0, 2, 3]
    assert armature.name == "squat_P1" and np.ptp(rise) > 0.15
    assert max(slider.before for slider in armature.agonist.sliders) > 0.02


def test_one_frame_of_openpose_stands_for_its_folder_with_the_users_rate_axis_and_person(tmp_path):
    squat = body25_from_motion(exercise("Squat", 2.0, seed=4)).positions
    # Y up: x, z and -y of the house. The first person stands two metres aside and does not move.
    turned = np.stack([squat[..., 0], squat[..., 2], -squat[..., 1]], axis=-1)
    for frame, points in enumerate(turned):
        people = [np.concatenate([one, np.full((25, 1), 0.9)], axis=1).ravel().tolist() for one in (turned[0] + [2, 0, 0], points)]
        document = {"people": [{"pose_keypoints_3d": one} for one in people]}
        (tmp_path / f"gym_{frame:012d}_keypoints.json").write_text(json.dumps(document))
    armature = _predicted(tmp_path / "gym_000000000007_keypoints.json", fps=24.0, up="y", person=2)
    assert armature.name == "gym" and bpy.context.scene.render.fps == 24
    hips = rigs.evaluated(armature)[:, 0, :3, 3]
    assert len(hips) == len(squat) and np.ptp(hips[:, 2]) > 0.15 and np.abs(hips[:, 0]).max() < 0.5
    with pytest.raises(RuntimeError, match="nobody in any frame"):
        bpy.ops.agonist.import_motion(filepath=str(tmp_path / "gym_000000000007_keypoints.json"), person=3)


def _several(folder, *names, **options):
    return bpy.ops.agonist.import_motion(directory=f"{folder}/", files=[{"name": name} for name in names], **options)


def test_several_files_are_several_armatures_all_selected_and_one_undo_step(tmp_path):
    for name in ("one", "two"):
        bvh.write(tmp_path / f"{name}.bvh", exercise("Squat", 1.0))
    bpy.ops.ed.undo_push(message="before")
    assert _several(tmp_path, "one.bvh", "two.bvh") == {"FINISHED"}
    assert {one.name for one in bpy.context.selected_objects} == {"one", "two"}
    # As the window does after a button's work.
    bpy.ops.ed.undo_push(message="imported")
    bpy.ops.ed.undo()
    assert not bpy.data.armatures
    # What the file browser was told before does not come along with a path of a script's.
    assert bpy.ops.agonist.import_motion(filepath=str(tmp_path / "one.bvh")) == {"FINISHED"}
    assert [one.name for one in bpy.data.armatures] == ["one"]


def test_a_file_that_cannot_be_read_keeps_no_other_out(tmp_path, capfd):
    bvh.write(tmp_path / "good.bvh", exercise("Squat", 1.0))
    (tmp_path / "bad.bvh").write_text("no motion")
    (tmp_path / "clip.mp4").write_bytes(b"")
    assert _several(tmp_path, "bad.bvh", "good.bvh", "clip.mp4", "scene.fbx") == {"FINISHED"}
    assert [one.name for one in bpy.data.armatures] == ["good"]
    said = capfd.readouterr().out
    assert "bad.bvh" in said and "clip.mp4: import videos one at a time" in said and "File > Import" in said
    with pytest.raises(RuntimeError, match=r"(?s)bad\.bvh.*clip\.mp4"):
        _several(tmp_path, "bad.bvh", "clip.mp4")
    assert len(bpy.data.armatures) == 1


def test_several_frames_of_one_recording_are_one_armature(tmp_path):
    points = body25_from_motion(exercise("Squat", 0.5)).positions
    for frame, one in enumerate(points):
        person = np.concatenate([one, np.full((25, 1), 0.9)], axis=1).ravel().tolist()
        (tmp_path / f"gym_{frame:012d}_keypoints.json").write_text(json.dumps({"people": [{"pose_keypoints_3d": person}]}))
    bvh.write(tmp_path / "squat.bvh", exercise("Squat", 1.0))
    names = sorted(one.name for one in tmp_path.iterdir())
    assert _several(tmp_path, *names, up="z") == {"FINISHED"}
    assert sorted(one.name for one in bpy.data.armatures) == ["gym", "squat"]


def test_openpose_of_a_picture_is_refused(tmp_path):
    (tmp_path / "clip_1.json").write_text(json.dumps({"people": [{"pose_keypoints_2d": [1.0, 2.0, 0.9] * 25}]}))
    with pytest.raises(RuntimeError, match="only pixels"):
        bpy.ops.agonist.import_motion(filepath=str(tmp_path / "clip_1.json"))
    assert not bpy.data.armatures


def test_freemocap_as_fast_as_the_user_says(tmp_path):
    squat = body25_from_motion(exercise("Squat", 2.0, seed=4))
    limbs = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    ours = {f"{side}_{part}": f"{part}_{side[0]}" for side in ("left", "right") for part in limbs}
    names = {**ours, "left_foot_index": "big_toe_l", "right_foot_index": "big_toe_r", "left_heel": "heel_l", "right_heel": "heel_r"}
    points = np.full((len(squat), 33, 3), np.nan)
    for theirs, name in names.items():
        points[:, LANDMARKS.index(theirs)] = squat.positions[:, squat.layout.index(name)] * 1000
    np.save(tmp_path / "mediapipe_body_3d_xyz.npy", points)
    _predicted(tmp_path / "mediapipe_body_3d_xyz.npy", fps=60.0)
    assert bpy.context.scene.render.fps == 60


def _through(kind, path):
    """A squat, out and in again by Blender's own exporter and importer alone."""
    armature = rigs.quaternion(exercise("Squat", 1.0, seed=4))
    armature.select_set(True)
    if kind == "fbx":
        bpy.ops.export_scene.fbx(filepath=path, object_types={"ARMATURE"}, add_leaf_bones=False)
    elif kind == "glb":
        # Without a mesh on it glTF would forget which nodes are bones.
        skin = bpy.data.objects.new("skin", bpy.data.meshes.new("skin"))
        skin.data.from_pydata([(0, 0, 0), (0, 0, 1), (0, 1, 0)], [], [(0, 1, 2)])
        bpy.context.scene.collection.objects.link(skin)
        skin.parent, skin.modifiers.new("Armature", "ARMATURE").object = armature, armature
        skin.vertex_groups.new(name="pelvis").add([0, 1, 2], 1.0, "REPLACE")
        bpy.ops.export_scene.gltf(filepath=path)
    else:
        bpy.ops.wm.usd_export(filepath=path, export_animation=True, export_armatures=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    importer = {"fbx": bpy.ops.import_scene.fbx, "glb": bpy.ops.import_scene.gltf, "usdc": bpy.ops.wm.usd_import}[kind]
    importer(filepath=path)
    return next(thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE")


@pytest.mark.parametrize("kind", ["fbx", "glb", "usdc"])
def test_what_blenders_own_importers_bring_is_edited_and_returns(kind, tmp_path):
    armature = _through(kind, str(tmp_path / f"squat.{kind}"))
    bpy.context.view_layer.objects.active = armature
    before = rigs.evaluated(armature)
    assert np.abs(before - before[0]).max() > 0.1
    assert bpy.ops.agonist.predict() == {"FINISHED"}
    armature.agonist.sliders["quadriceps_l"].scale = 1.7
    assert np.abs(rigs.evaluated(armature) - before).max() > 0.01 and armature.agonist.message == ""
    armature.agonist.sliders["quadriceps_l"].scale = 1.0
    angle, place = rigs.difference(rigs.evaluated(armature), before)
    assert angle < 1e-4 and place < 1e-4


@pytest.mark.parametrize("suffix", ["fbx", "glb", "usdc"])
def test_the_importer_says_who_imports_the_rest(tmp_path, suffix):
    with pytest.raises(RuntimeError, match=f"a.{suffix}: Blender itself imports this file, by File > Import"):
        bpy.ops.agonist.import_motion(filepath=str(tmp_path / f"a.{suffix}"))
    assert "File > Import" in bpy.ops.agonist.import_motion.get_rna_type().description


def test_a_bvh_comes_in_as_before(tmp_path):
    bvh.write(tmp_path / "squat.bvh", exercise("Squat", 1.0, seed=4))
    _predicted(tmp_path / "squat.bvh")


def test_a_second_motion_leaves_the_first_its_speed(tmp_path, rig):
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    before, recommended, scene = rigs.evaluated(rig), rig.agonist.recommended_action, bpy.context.scene
    clip = exercise("HighKick", 2.0, seed=2)
    bvh.write(tmp_path / "fast.bvh", clip.resample(120.0))
    bvh.write(tmp_path / "same.bvh", clip)
    assert bpy.ops.agonist.import_motion(filepath=str(tmp_path / "fast.bvh")) == {"FINISHED"}
    fast = bpy.context.active_object
    assert "30 frames a second" in fast.agonist.message and "the file has 120" in fast.agonist.message
    assert (scene.render.fps / scene.render.fps_base, scene.frame_start, scene.frame_end) == (30.0, 1, 61)
    assert bpy.ops.agonist.import_motion(filepath=str(tmp_path / "same.bvh")) == {"FINISHED"}
    same = bpy.context.active_object
    assert same.agonist.message == ""
    np.testing.assert_allclose(rigs.evaluated(fast), rigs.evaluated(same), atol=1e-3)
    np.testing.assert_array_equal(rigs.evaluated(rig), before)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    assert rig.agonist.recommended_action == recommended


def test_a_motion_sets_the_rate_of_a_scene_where_nothing_moves(tmp_path):
    """A camera that stands still keeps no rate; one that moves does."""
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene = bpy.context.scene
    scene.collection.objects.link(camera)
    bvh.write(tmp_path / "kick.bvh", exercise("HighKick", 1.0, seed=2).resample(60.0))
    bpy.ops.agonist.import_motion(filepath=str(tmp_path / "kick.bvh"))
    assert scene.render.fps == 60 and scene.frame_end == 61
    bpy.data.objects.remove(bpy.context.active_object)
    scene.render.fps, scene.frame_end = 24, 250
    camera.data.keyframe_insert("lens", frame=1)
    bpy.ops.agonist.import_motion(filepath=str(tmp_path / "kick.bvh"))
    assert scene.render.fps == 24 and scene.frame_end == 250


@pytest.mark.parametrize("timed", ["marker", "strip"])
def test_a_scene_that_is_timed_keeps_its_rate_and_says_so(timed, tmp_path):
    scene = bpy.context.scene
    scene.render.fps = 24
    if timed == "marker":
        scene.timeline_markers.new("beat", frame=24)
    else:
        strips_of(scene).new_effect(name="title", type="TEXT", channel=1, frame_start=1, **_end_of_strip())
    bvh.write(tmp_path / "kick.bvh", exercise("HighKick", 1.0, seed=2).resample(60.0))
    bpy.ops.agonist.import_motion(filepath=str(tmp_path / "kick.bvh"))
    assert scene.render.fps == 24 and "24 frames a second" in bpy.context.active_object.agonist.message


def _end_of_strip():
    # Blender 5 asks for a length.
    return {"length": 48} if bpy.app.version >= (5, 0) else {"frame_end": 48}


@pytest.mark.parametrize(("told", "fps"), [({}, 120), ({"fps": 60.0}, 60)])
def test_an_amc_has_the_rate_of_its_kind_or_the_users(told, fps, tmp_path):
    (tmp_path / "walk.asf").write_text(ASF)
    (tmp_path / "walk.amc").write_text(AMC)
    assert bpy.ops.agonist.import_motion(filepath=str(tmp_path / "walk.amc"), **told) == {"FINISHED"}
    assert bpy.context.scene.render.fps == fps
