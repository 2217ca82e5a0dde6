"""Exported files come back through Blender's importers and other readers where they were: place, axes, rate, length, curves."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.errors import InputError, UnknownNameError
from agonist.io import csv_activation
from agonist.muscles import muscle_set
from agonist.predict import predict
from blender_addon import verbs
from blender_addon.compat import ensure_fcurve, fcurves_of
from blender_addon.curve_keys import write_keys
from blender_addon.exports.presets import preset, presets
from blender_addon.exports.take import ROOT_BONE, activation_shown
from blender_addon.exports.variants import export_variants, parse_variants
from blender_addon.exports.write import ExportOptions, export_motion
from blender_addon.rig.sample import sampled_armature
from blender_addon.steps import finished
from tests.blender_addon import control_rigs, preset_rigs, rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender

FPS = 24 / 1.001


def _heads(armature):
    """Bone name -> (T, 3) world place of its head."""
    poses = rigs.evaluated(armature)
    return {bone.name: poses[:, k, :3, 3] for k, bone in enumerate(armature.pose.bones)}


def _turns(armature):
    """Bone name -> (T, 3, 3) its rotation in the world since the first frame, whatever its axes are."""
    poses = rigs.evaluated(armature)[..., :3, :3]
    pure = poses / np.linalg.norm(poses, axis=-2, keepdims=True)
    return {bone.name: pure[:, k] @ np.swapaxes(pure[:1, k], -1, -2) for k, bone in enumerate(armature.pose.bones)}


def _imported(path, name, fps=FPS):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene, chosen = bpy.context.scene, preset(name)
    scene.render.fps, scene.render.fps_base = round(fps), round(fps) / fps
    if chosen.format == "bvh":
        axes = {"axis_up": chosen.up, "axis_forward": "-Z" if chosen.up == "Y" else "Y"}
        bpy.ops.import_anim.bvh(filepath=str(path), global_scale=chosen.unit_m, update_scene_fps=True, **axes)
    elif chosen.format == "fbx":
        bpy.ops.import_scene.fbx(filepath=str(path))
    elif chosen.format == "glb":
        bpy.ops.import_scene.gltf(filepath=str(path))
    else:
        # Blender 5 calls the option by another name.
        known = bpy.ops.wm.usd_import.get_rna_type().properties
        option = "attr_import_mode" if "attr_import_mode" in known else "property_import_mode"
        bpy.ops.wm.usd_import(filepath=str(path), **{option: "ALL"})
    return next(thing for thing in scene.objects if thing.type == "ARMATURE")


def _rig(make=rigs.quaternion, clip="Squat"):
    armature = make(exercise(clip, 1.0, seed=4))
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 24, 1.001
    verbs.predict_armature(armature)
    return armature


def _census():
    kinds = ("objects", "meshes", "armatures", "actions", "scenes", "shape_keys", "materials")
    return {kind: sorted(one.name for one in getattr(bpy.data, kind)) for kind in kinds}


@pytest.mark.parametrize("name", [one for one in presets() if one != "MIXAMO"])
@pytest.mark.parametrize("make", rigs.RIGS)
def test_what_is_shown_comes_back(make, name, tmp_path):
    armature = _rig(make)
    armature.agonist.sliders["hamstrings_l"].scale = 1.6
    expected, census, path = _heads(armature), _census(), tmp_path / f"out{preset(name).suffix}"
    export_motion(armature, path, name)
    assert _census() == census
    again = _imported(path, name)
    found = _heads(again)
    assert set(found) == set(expected)
    for bone, heads in expected.items():
        np.testing.assert_allclose(found[bone], heads, atol=1e-3, err_msg=bone)
    assert bpy.context.scene.render.fps / bpy.context.scene.render.fps_base == pytest.approx(FPS, rel=1e-4)


def test_a_bvh_comes_back_in_an_independent_reader(tmp_path):
    bvhio = pytest.importorskip("bvhio")
    armature = _rig(rigs.travelling)
    expected, path = _heads(armature), tmp_path / "out.bvh"
    export_motion(armature, path, "BVH")
    root = bvhio.readAsHierarchy(str(path))
    for joint, _, _ in root.layout():
        frames = []
        for frame in range(len(expected[joint.Name])):
            root.loadPose(frame)
            # The file says centimetres and Y up; house axes are metres and Z up.
            x, y, z = joint.PositionWorld
            frames.append([0.01 * x, -0.01 * z, 0.01 * y])
        np.testing.assert_allclose(frames, expected[joint.Name], atol=1e-3, err_msg=joint.Name)


def _fbx(path):
    """Bone name -> properties and curves, and the global settings, by Blender's plain parser."""
    from io_scene_fbx import parse_fbx

    root, _ = parse_fbx.parse(str(path))
    parts = {elem.id: elem.elems for elem in root.elems}
    settings = {p.props[0]: p.props[4] for p in parts[b"GlobalSettings"][1].elems}
    models = {e.props[0]: (e.props[1].split(b"\0")[0].decode(), e.props[2].decode(), e) for e in parts[b"Objects"] if e.id == b"Model"}
    return settings, models, parts


def _property(model, name):
    properties = next(elem for elem in model.elems if elem.id == b"Properties70")
    return next((p.props for p in properties.elems if p.props[0] == name), None)


def test_an_fbx_for_unreal_has_right_axes_no_leaf_bones_and_no_scale(tmp_path):
    armature = _rig(rigs.scaled)
    helper = armature.data.bones["head"]
    export_motion(armature, tmp_path / "out.fbx", "UNREAL", ExportOptions(meshes=True))
    settings, models, _ = _fbx(tmp_path / "out.fbx")
    assert (settings[b"UpAxis"], settings[b"UpAxisSign"]) == (2, 1)
    assert settings[b"UnitScaleFactor"] == pytest.approx(1.0)
    names = {name for name, kind, _ in models.values() if kind == "LimbNode"}
    assert names == {bone.name for bone in armature.data.bones} and helper.name in names
    (null,) = [model for name, kind, model in models.values() if kind == "Null"]
    assert null.props[1].startswith(b"Armature\0")
    np.testing.assert_allclose(_property(null, b"Lcl Rotation")[4:], 0, atol=1e-4)
    for _, _, model in models.values():
        np.testing.assert_allclose(_property(model, b"Lcl Scaling")[4:], 1, atol=1e-5)


def test_bones_that_deform_nothing_stay_out_of_game_files(tmp_path):
    armature = _rig()
    armature.data.bones["toe_l"].use_deform = False
    for name, kept in (("UNREAL", False), ("FBX", True)):
        export_motion(armature, tmp_path / f"{name}.fbx", name)
        _, models, _ = _fbx(tmp_path / f"{name}.fbx")
        assert ("toe_l" in {bone for bone, _, _ in models.values()}) is kept


@pytest.mark.parametrize(("ik", "root"), [(False, "BONE"), (True, "KEEP")])
def test_a_rig_of_controls_leaves_its_controls_at_home(ik, root, tmp_path):
    """Rigify: the deforming bones alone, one skeleton, and every one where it was."""
    armature = control_rigs.posed_rigify(ik)
    deforming = {bone.name for bone in armature.data.bones if bone.use_deform}
    expected, turns, census = _heads(armature), _turns(armature), _census()
    export_motion(armature, tmp_path / "out.fbx", "UNREAL", ExportOptions(root=root))
    assert _census() == census
    again = _imported(tmp_path / "out.fbx", "UNREAL", 24.0)
    found, bones = _heads(again), again.data.bones
    assert set(found) == deforming | ({ROOT_BONE} if root == "BONE" else set())
    (top,) = [bone.name for bone in bones if bone.parent is None]
    assert top == (ROOT_BONE if root == "BONE" else "DEF-spine")
    # What Rigify hangs on its mechanism hangs on the bone that follows the same.
    hung = {"DEF-thigh.L": "DEF-spine", "DEF-upper_arm.R": "DEF-shoulder.R", "DEF-shoulder.L": "DEF-spine.003", "DEF-jaw": "DEF-spine.006",
            "DEF-f_index.01.L": "DEF-palm.01.L", "DEF-palm.01.L": "DEF-hand.L", "DEF-shin.R": "DEF-thigh.R.001"}  # fmt: skip
    assert {name: bones[name].parent.name for name in hung} == hung
    # Blender's importer connects bones whose ends meet, and a connected bone does not follow its own location.
    bpy.context.view_layer.objects.active = again
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in again.data.edit_bones:
        bone.use_connect = False
    bpy.ops.object.mode_set(mode="OBJECT")
    found, turned = _heads(again), _turns(again)
    for bone in deforming:
        np.testing.assert_allclose(found[bone], expected[bone], atol=1e-3, err_msg=bone)
        np.testing.assert_allclose(turned[bone], turns[bone], atol=1e-4, err_msg=bone)


def test_a_root_that_deforms_nothing_stays_in_a_game_rig(tmp_path):
    armature = preset_rigs.build("UE4 Mannequin", exercise("Squat", 1.0, seed=4))
    armature.data.bones["root"].use_deform = False
    expected = _heads(armature)
    export_motion(armature, tmp_path / "out.fbx", "UNREAL")
    again = _imported(tmp_path / "out.fbx", "UNREAL", 24.0)
    assert [bone.name for bone in again.data.bones if bone.parent is None] == ["root"] and set(_heads(again)) == set(expected)


def test_fbx_curves_are_exact(tmp_path):
    """A key a frame, none left out, and the place of every bone at each frame to rounding."""
    armature = rigs.quaternion(exercise("HighKick", 1.0))
    expected = _heads(armature)
    export_motion(armature, tmp_path / "out.fbx", "UNREAL")
    again = _imported(tmp_path / "out.fbx", "UNREAL", 30.0)
    assert {len(curve.keyframe_points) for curve in _curves(again)} == {len(expected["pelvis"])}
    for bone, heads in _heads(again).items():
        np.testing.assert_allclose(heads, expected[bone], atol=2e-5, err_msg=bone)


def _curves(armature):
    from blender_addon.compat import fcurves_of

    return fcurves_of(armature, armature.animation_data.action)


def test_activation_becomes_animated_properties_of_the_topmost_bone(tmp_path):
    armature = _rig()
    expected = predict(finished(sampled_armature(armature)).motion)
    export_motion(armature, tmp_path / "out.fbx", "UNREAL", ExportOptions(activation=True))
    _, models, parts = _fbx(tmp_path / "out.fbx")
    bone, node_of = next(number for number, (name, _, _) in models.items() if name == "pelvis"), {}
    links = [elem.props for elem in parts[b"Connections"]]
    objects = {elem.props[0]: elem for elem in parts[b"Objects"]}
    for muscle in expected.muscles.names:
        name = f"activation_{muscle}".encode()
        flags = _property(models[bone][2], name)[3]
        assert flags == b"A+U"
        node_of[muscle] = next(link[1] for link in links if link[0] == b"OP" and link[2:] == [bone, name])
        (curve,) = [objects[link[1]] for link in links if link[0] == b"OP" and link[2] == node_of[muscle]]
        data = {elem.id: elem.props[0] for elem in curve.elems}
        np.testing.assert_allclose(data[b"KeyValueFloat"], expected.column(muscle), atol=1e-5)
        np.testing.assert_allclose(np.array(data[b"KeyTime"]) / 46186158000, np.arange(len(expected)) / FPS, atol=1e-6)
    # Those of the bones begin with them, and nothing stands still before.
    times = [elem.props[0] for curve in objects.values() if curve.id == b"AnimationCurve" for elem in curve.elems if elem.id == b"KeyTime"]
    ends = np.array([(one[0], one[-1]) for one in times]) / 46186158000
    np.testing.assert_allclose(ends, np.broadcast_to([0, (len(expected) - 1) / FPS], ends.shape), atol=1e-6)
    layer = next(number for number, elem in objects.items() if elem.id == b"AnimationLayer")
    assert {node_of[muscle] for muscle in node_of} <= {link[1] for link in links if link[0] == b"OO" and link[2] == layer}
    # And the file is still one that Blender reads, with all bones.
    assert len(_imported(tmp_path / "out.fbx", "UNREAL").data.bones) == len(models) - 1


def test_a_glb_brings_the_activation_back_as_curves(tmp_path):
    armature = _rig()
    expected, heads = predict(finished(sampled_armature(armature)).motion), _heads(armature)
    export_motion(armature, tmp_path / "out.glb", "GLB", ExportOptions(activation=True))
    again = _imported(tmp_path / "out.glb", "GLB")
    for bone, place in _heads(again).items():
        np.testing.assert_allclose(place, heads[bone], atol=1e-3, err_msg=bone)
    keys = next(thing for thing in bpy.data.objects if thing.name == "Activation").data.shape_keys
    first = round(again.animation_data.action.frame_range[0])
    for row in (0, 9, 23):
        bpy.context.scene.frame_set(first + row)
        shown = keys.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for muscle in expected.muscles.names:
            assert shown.key_blocks[f"activation_{muscle}"].value == pytest.approx(expected.column(muscle)[row], abs=1e-4)


def test_a_usd_carries_the_activation_of_every_frame(tmp_path):
    # Blender 4.2 and 4.3 bring no USD for Python; the import that is tested above reads it all the same.
    getattr(bpy.utils, "expose_bundled_modules", lambda: None)()
    Usd = pytest.importorskip("pxr.Usd")
    armature = _rig()
    expected = predict(finished(sampled_armature(armature)).motion)
    export_motion(armature, tmp_path / "out.usdc", "USD", ExportOptions(activation=True))
    stage = Usd.Stage.Open(str(tmp_path / "out.usdc"))
    (animation,) = [prim for prim in stage.Traverse() if prim.GetAttribute("blendShapes").HasValue()]
    names, weights = (animation.GetAttribute(name) for name in ("blendShapes", "blendShapeWeights"))
    values = np.array([weights.Get(time) for time in weights.GetTimeSamples()])
    for column, name in enumerate(names.Get()):
        np.testing.assert_allclose(values[:, column], expected.column(name.removeprefix("activation_")), atol=1e-4)
    assert values.shape == expected.values.shape


def test_the_table_beside_it_says_what_was_predicted_of_either_motion(tmp_path):
    armature = _rig()
    bpy.context.view_layer.objects.active = armature
    verbs.build_muscles(armature, mannequin=False)
    armature.agonist.sliders["hamstrings_l"].scale = 1.6
    for which in ("RECOMMENDED", "ORIGINAL"):
        armature.agonist.show = which
        assert finished(activation_shown(armature)).reference == "as the muscles show it"
        written = export_motion(armature, tmp_path / f"{which}.bvh", "BVH", ExportOptions(csv=True))
        assert [path.suffix for path in written] == [".bvh", ".csv"]
        expected = predict(finished(sampled_armature(armature)).motion)
        # While a slider moves, the turned keypoints stand for those of the skeleton.
        np.testing.assert_allclose(csv_activation.read(written[1]).values, expected.values, atol=0.02)


def test_keys_changed_since_predict_are_what_the_table_says(tmp_path):
    other, armature = rigs.quaternion(exercise("HighKick", 1.0)), _rig()
    bpy.context.view_layer.objects.active = armature
    verbs.build_muscles(armature, mannequin=False)
    source = armature.animation_data.action
    before = finished(activation_shown(armature))
    np.testing.assert_allclose(before.values, predict(finished(sampled_armature(armature)).motion).values, atol=1e-4)
    for curve in fcurves_of(other, other.animation_data.action):
        keys = np.array([point.co[:] for point in curve.keyframe_points])
        write_keys(ensure_fcurve(armature, source, curve.data_path, curve.array_index), *keys.T)
    expected = predict(finished(sampled_armature(armature)).motion).values
    written = export_motion(armature, tmp_path / "changed.bvh", "BVH", ExportOptions(csv=True))
    np.testing.assert_allclose(csv_activation.read(written[1]).values, expected, atol=1e-4)
    assert len(expected) == len(before) and np.abs(expected - before.values).max() > 0.05


@pytest.mark.parametrize("name", ["BVH", "UNREAL", "GLB"])
def test_another_frame_rate_keeps_the_time(name, tmp_path):
    armature = rigs.quaternion(exercise("Squat", 2.0, seed=4))
    expected = _heads(armature)
    export_motion(armature, tmp_path / f"out{preset(name).suffix}", name, ExportOptions(fps=60.0))
    found = _heads(_imported(tmp_path / f"out{preset(name).suffix}", name, 60.0))
    for bone, heads in expected.items():
        assert len(found[bone]) == 121
        np.testing.assert_allclose(found[bone][::2], heads, atol=1e-3, err_msg=bone)


def _travelling_rig():
    armature = rigs.travelling(exercise("Squat", 2.0, seed=4))
    bpy.context.view_layer.objects.active = armature
    return armature


@pytest.mark.parametrize("name", ["BVH", "UNREAL", "GLB"])
def test_in_place_and_loop(name, tmp_path):
    export_motion(_travelling_rig(), tmp_path / f"out{preset(name).suffix}", name, ExportOptions(root="IN_PLACE", loop=True))
    found = _heads(_imported(tmp_path / f"out{preset(name).suffix}", name, 30.0))
    pelvis = found["pelvis"]
    assert np.ptp(pelvis[:, :2], axis=0).max() < 0.35
    for bone, heads in found.items():
        np.testing.assert_allclose(heads[-1], heads[0], atol=1e-3, err_msg=bone)


def test_root_motion_lies_on_one_bone_on_the_ground(tmp_path):
    armature = _travelling_rig()
    expected = _heads(armature)
    export_motion(armature, tmp_path / "out.fbx", "UNREAL", ExportOptions(root="BONE"))
    again = _imported(tmp_path / "out.fbx", "UNREAL", 30.0)
    found = _heads(again)
    root = found.pop(ROOT_BONE)
    assert again.data.bones[ROOT_BONE].parent is None and again.data.bones["pelvis"].parent.name == ROOT_BONE
    np.testing.assert_allclose(root[:, 2], 0, atol=1e-4)
    assert root[-1, 1] - root[0, 1] == pytest.approx(expected["pelvis"][-1, 1] - expected["pelvis"][0, 1], abs=0.1)
    for bone, heads in expected.items():
        np.testing.assert_allclose(found[bone], heads, atol=1e-3, err_msg=bone)


def test_mixamo_names(tmp_path):
    armature = _rig()
    expected = _heads(armature)
    export_motion(armature, tmp_path / "out.fbx", "MIXAMO")
    found = _heads(_imported(tmp_path / "out.fbx", "MIXAMO"))
    known = {"pelvis": "Hips", "hip_l": "LeftUpLeg", "wrist_r": "RightHand", "chest": "Spine2", "toe_l": "LeftToeBase"}
    for own, theirs in known.items():
        np.testing.assert_allclose(found[f"mixamorig:{theirs}"], expected[own], atol=1e-3)


def _renamed(family):
    """Own bone -> Mixamo's name, as somebody who knows both would say, and bones that keep theirs."""
    fingers = {("Index1", "Index2"): ("index_01_{s}", "index_02_{s}"), ("Thumb1",): ("thumb_01_{s}",)}
    if family == "MetaHuman":
        fingers = {("Index1",): ("index_01_{s}",), ("Thumb1",): ("thumb_01_{s}",)}
    named = {own.format(s=s): f"mixamorig:{side}Hand{name}" for s, side in (("l", "Left"), ("r", "Right"))
             for names, owns in fingers.items() for name, own in zip(names, owns, strict=True)}  # fmt: skip
    return named | ({"spine_02": "mixamorig:Spine1"} if family == "UE4 Mannequin" else {})


@pytest.mark.parametrize("family", ["UE4 Mannequin", "MetaHuman"])
def test_mixamo_names_of_fingers_and_the_middle_of_the_spine(family, tmp_path):
    armature = preset_rigs.build(family, exercise("Squat", 1.0, seed=4))
    own = {bone.name for bone in armature.data.bones}
    turns, heads = _turns(armature), _heads(armature)
    export_motion(armature, tmp_path / "out.fbx", "MIXAMO")
    again = _imported(tmp_path / "out.fbx", "MIXAMO", 24.0)
    found, turned = _heads(again), _turns(again)
    named = _renamed(family)
    assert set(named) <= own and not set(named) & set(found)
    for bone, name in named.items():
        np.testing.assert_allclose(found[name], heads[bone], atol=1e-3, err_msg=bone)
        np.testing.assert_allclose(turned[name], turns[bone], atol=1e-4, err_msg=bone)
    # What Mixamo has no bone for.
    assert {"root", "upperarm_twist_01_l"} <= set(found) and len(found) == len(own)


@pytest.mark.parametrize("name", ["UNREAL", "UNITY", "GLB"])
@pytest.mark.parametrize("family", ["UE4 Mannequin", "Mixamo", "MetaHuman"])
def test_game_rigs_come_back_with_every_bone_turned_as_it_was(family, name, tmp_path):
    armature = preset_rigs.build(family, exercise("Squat", 1.0, seed=4))
    verbs.predict_armature(armature)
    armature.agonist.sliders["quadriceps_l"].scale = 1.5
    heads, turns = _heads(armature), _turns(armature)
    export_motion(armature, tmp_path / f"out{preset(name).suffix}", name)
    again = _imported(tmp_path / f"out{preset(name).suffix}", name, 24.0)
    found, turned = _heads(again), _turns(again)
    assert set(found) == set(heads) and max(np.abs(one - np.eye(3)).max() for one in turns.values()) > 0.5
    for bone in heads:
        np.testing.assert_allclose(found[bone], heads[bone], atol=1e-3, err_msg=bone)
        np.testing.assert_allclose(turned[bone], turns[bone], atol=1e-3, err_msg=bone)


def test_root_motion_lies_on_the_root_bone_that_the_rig_has(tmp_path):
    armature = preset_rigs.build("UE4 Mannequin", exercise("Squat", 2.0, seed=4))
    frames = np.arange(1, 62)
    write_keys(ensure_fcurve(armature, armature.animation_data.action, "location", 1), frames, -0.02 * frames)
    heads, turns = _heads(armature), _turns(armature)
    export_motion(armature, tmp_path / "out.fbx", "UNREAL", ExportOptions(root="BONE"))
    again = _imported(tmp_path / "out.fbx", "UNREAL", 24.0)
    found, turned = _heads(again), _turns(again)
    # No second root: the rig's own carries all of the way, and nothing but that.
    assert set(found) == set(heads) and [bone.name for bone in again.data.bones if bone.parent is None] == ["root"]
    root = found.pop("root")
    np.testing.assert_allclose(root[:, 2], root[0, 2], atol=1e-4)
    assert root[-1, 1] - root[0, 1] == pytest.approx(-1.2, abs=0.1)
    np.testing.assert_allclose(turned.pop("root"), np.eye(3)[None].repeat(61, 0), atol=1e-4)
    for bone in found:
        np.testing.assert_allclose(found[bone], heads[bone], atol=1e-3, err_msg=bone)
        np.testing.assert_allclose(turned[bone], turns[bone], atol=1e-4, err_msg=bone)


def test_variants_go_out_in_one_go_and_leave_nothing_behind(tmp_path):
    armature = _rig()
    bpy.context.scene.agonist_export.variants = "quadriceps 0.5, 1, 1.5; biceps_l 2"
    bpy.context.scene.agonist_export.preset = "BVH"
    bpy.context.scene.agonist_export.csv = True
    bpy.context.view_layer.objects.active = armature
    before, census, action = _heads(armature), _census(), armature.animation_data.action
    assert bpy.ops.agonist.export_variants(directory=str(tmp_path)) == {"FINISHED"}
    assert _census() == census and armature.animation_data.action == action
    names = [f"rig_{one}" for one in ("quadriceps_0_5", "quadriceps_1", "quadriceps_1_5", "biceps_l_2")]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.{kind}" for name in names for kind in ("bvh", "csv"))
    means = [csv_activation.read(tmp_path / f"{name}.csv").column("quadriceps_l").mean() for name in names[:3]]
    assert means[0] < means[1] < means[2]
    same = _heads(_imported(tmp_path / f"{names[1]}.bvh", "BVH"))
    for bone, heads in before.items():
        np.testing.assert_allclose(same[bone], heads, atol=1e-4, err_msg=bone)


def test_variants_that_cannot_be():
    muscles = muscle_set("mia8")
    assert [one.label for one in parse_variants("left hamstrings .5 2", muscles)] == ["left_hamstrings x0.5", "left_hamstrings x2"]
    for text in ("", "hamstrings", "0.5 1", "hamstrings 5", "hamstrings 1 biceps 2", "hamstrings nan"):
        with pytest.raises(InputError):
            parse_variants(text, muscles)
    with pytest.raises(UnknownNameError):
        parse_variants("deltoid 1.5", muscles)


def test_what_cannot_be_exported_says_so(tmp_path):
    armature = _rig()
    with pytest.raises(InputError, match="As It Is"):
        export_motion(armature, tmp_path / "out.bvh", "BVH", ExportOptions(root="BONE"))
    with pytest.raises(InputError, match="1 to 1000"):
        export_motion(armature, tmp_path / "out.bvh", "BVH", ExportOptions(fps=0.0))
    with pytest.raises(UnknownNameError, match="UNREAL"):
        export_motion(armature, tmp_path / "out.bvh", "UNREAL5")
    with pytest.raises(UnknownNameError):
        list(export_variants(armature, "tail 2", tmp_path, "BVH", ExportOptions()))
    assert not list(tmp_path.iterdir())


def test_an_export_from_pose_mode_comes_back_to_it(tmp_path):
    armature = _rig()
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="POSE")
    scene = bpy.context.scene
    export_motion(armature, tmp_path / "out.glb", "GLB")
    assert bpy.context.mode == "POSE" and bpy.context.scene == scene
