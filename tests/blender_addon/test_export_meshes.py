"""Meshes that go out with a motion: where they are seen, as large as the scene says they are, and with the materials that are theirs."""

import json
import math
import struct

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.io import bvh
from blender_addon import verbs
from blender_addon.exports.presets import preset
from blender_addon.exports.write import ExportOptions, export_motion
from blender_addon.muscles.skin import glowing_skins
from blender_addon.renders import character_of
from blender_addon.rig.hung import rigid_parts
from tests.blender_addon import rigs
from tests.blender_addon.test_exports import _census, _heads, _imported, _rig
from tests.clips import exercise

pytestmark = pytest.mark.blender


def _character(make, count=1.0):
    """A rig with a skin, active."""
    armature = make(exercise("Squat", count, seed=4))
    bpy.context.view_layer.objects.active = armature
    verbs.build_muscles(armature)
    return armature, next(child for child in armature.children if "agonist_mannequin" in child)


def _corners(thing, first):
    """(3, 2, 3) the box around a mesh as it is seen in the world, at three frames."""
    found = []
    for row in (0, 11, 23):
        bpy.context.scene.frame_set(first + row)
        shown = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
        points = np.array([shown.matrix_world @ vertex.co for vertex in shown.data.vertices])
        found.append([points.min(axis=0), points.max(axis=0)])
    return np.array(found)


def _mesh(name="Mannequin"):
    return next(thing for thing in bpy.context.scene.objects if thing.type == "MESH" and thing.name.startswith(name))


def _held(motion):
    """A rig that walks, and that Blender has to evaluate because of a constraint."""
    armature = rigs.travelling(motion)
    armature.pose.bones["head"].constraints.new("LIMIT_SCALE")
    return armature


@pytest.mark.parametrize("make", [rigs.travelling, rigs.carried, _held])
def test_a_mesh_stays_on_its_bones_at_whatever_frame_it_is_exported(make, tmp_path):
    armature, skin = _character(make)
    expected = _corners(skin, 1)
    assert np.abs(expected[2] - expected[0]).max() > 0.2 and bpy.context.scene.frame_current == 24
    export_motion(armature, tmp_path / "out.fbx", "UNREAL", ExportOptions(meshes=True))
    again = _imported(tmp_path / "out.fbx", "UNREAL", 30.0)
    np.testing.assert_allclose(_corners(_mesh(), round(again.animation_data.action.frame_range[0])), expected, atol=2e-3)


@pytest.mark.parametrize(("system", "metres"), [("METRIC", 0.01), ("NONE", 1.0)])
@pytest.mark.parametrize("name", ["BVH", "UNREAL", "GLB"])
def test_files_have_the_size_that_the_unit_scale_says(name, system, metres, tmp_path):
    armature, skin = _character(rigs.travelling)
    # 180 units tall, walking hundreds of units.
    bpy.ops.object.select_all(action="DESELECT")
    armature.scale = (100, 100, 100)
    units = bpy.context.scene.unit_settings
    units.system, units.scale_length = system, 0.01
    heads, corners = _heads(armature), _corners(skin, 1)
    assert 100 < corners[0, 1, 2] - corners[0, 0, 2] < 300
    export_motion(armature, tmp_path / f"out{preset(name).suffix}", name, ExportOptions(meshes=True))
    again = _imported(tmp_path / f"out{preset(name).suffix}", name, 30.0)
    for bone, found in _heads(again).items():
        np.testing.assert_allclose(found, metres * heads[bone], atol=2e-3 * metres * 100, err_msg=bone)
    if name != "BVH":
        found = _corners(_mesh(), round(again.animation_data.action.frame_range[0]))
        np.testing.assert_allclose(found, metres * corners, atol=3e-3 * metres * 100)
        length = again.data.bones["knee_l"].length * again.scale[0]
        assert length == pytest.approx(0.4 * metres * 100, rel=0.3) or name == "GLB"


def test_a_bvh_of_another_unit_scale_is_the_same_file_as_one_in_metres(tmp_path):
    armature = rigs.quaternion(exercise("Squat", 1.0, seed=4))
    export_motion(armature, tmp_path / "metres.bvh", "BVH")
    armature.scale, bpy.context.scene.unit_settings.scale_length = (100, 100, 100), 0.01
    export_motion(armature, tmp_path / "units.bvh", "BVH")
    one, other = (bvh.read(tmp_path / f"{name}.bvh").motion for name in ("metres", "units"))
    np.testing.assert_allclose(one.positions_world, other.positions_world, atol=1e-5)
    assert one.skeleton.end_sites.keys() == other.skeleton.end_sites.keys() and one.skeleton.end_sites
    for name, end in one.skeleton.end_sites.items():
        np.testing.assert_allclose(end, other.skeleton.end_sites[name], atol=1e-5)
    assert math.isclose(one.fps, other.fps)


def _glb(path):
    """The document of a GLB."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length])


@pytest.mark.parametrize("link", ["DATA", "OBJECT", "NONE"])
def test_a_glowing_character_goes_out_with_its_own_materials(link, tmp_path):
    armature, skin = _character(rigs.quaternion)
    del skin["agonist_mannequin"]
    skin.data.materials.clear()
    if link != "NONE":
        skin.data.materials.append(bpy.data.materials.new("hers"))
    if link == "OBJECT":
        skin.material_slots[0].link, skin.material_slots[0].material = "OBJECT", bpy.data.materials.new("his")
    verbs.predict_armature(armature)
    verbs.glow(armature, [skin])
    shown = [slot.material.name for slot in skin.material_slots]
    assert all("(muscles)" in name for name in shown) and glowing_skins(armature) == [skin]
    layers, census = sorted(one.name for one in skin.data.attributes), _census()
    export_motion(armature, tmp_path / "out.glb", "GLB", ExportOptions(meshes=True))
    document = _glb(tmp_path / "out.glb")
    expected = {"DATA": ["hers"], "OBJECT": ["his"], "NONE": []}[link]
    body = next(mesh for mesh in document["meshes"] if "Mannequin" in mesh["name"])
    assert [document["materials"][one["material"]]["name"] for one in body["primitives"] if "material" in one] == expected
    assert not [key for one in body["primitives"] for key in one["attributes"] if key.startswith("COLOR")]
    # In Blender it glows as before.
    assert [slot.material.name for slot in skin.material_slots] == shown and _census() == census
    assert sorted(one.name for one in skin.data.attributes) == layers
    assert skin.data.animation_data.action is not None


@pytest.mark.parametrize("name", ["UNREAL", "GLB"])
def test_what_hangs_on_a_bone_comes_along_and_the_view_layer_stays(name, tmp_path):
    armature = _rig(rigs.scaled, "HighKick")
    eye = bpy.data.objects.new("Eye", bpy.data.meshes.new("Eye"))
    eye.data.from_pydata([(0, 0, 0), (0.1, 0, 0), (0, 0.1, 0)], [], [(0, 1, 2)])
    bpy.context.scene.collection.objects.link(eye)
    eye.parent, eye.parent_type, eye.parent_bone = armature, "BONE", "wrist_l"
    layer = bpy.context.scene.view_layers.new("Foreground")
    bpy.context.window.view_layer = layer
    layer.objects.active = armature
    bpy.context.scene.frame_set(20)
    assert eye in character_of(armature)
    expected = _corners(eye, 1)
    export_motion(armature, tmp_path / f"out{preset(name).suffix}", name, ExportOptions(meshes=True))
    assert bpy.context.window.view_layer == layer and layer.objects.active == armature
    again = _imported(tmp_path / f"out{preset(name).suffix}", name)
    np.testing.assert_allclose(_corners(_mesh("Eye"), round(again.animation_data.action.frame_range[0])), expected, atol=2e-3)


def test_a_deformed_mesh_that_has_a_bone_as_its_parent_too_keeps_its_own_weights(tmp_path):
    armature = _rig(rigs.scaled, "HighKick")
    glove = bpy.data.objects.new("Glove", bpy.data.meshes.new("Glove"))
    glove.data.from_pydata([(0, 0, 0), (0.1, 0, 0), (0, 0.1, 0)], [], [(0, 1, 2)])
    bpy.context.scene.collection.objects.link(glove)
    glove.modifiers.new("Armature", "ARMATURE").object = armature
    glove.vertex_groups.new(name="wrist_l").add([0, 1, 2], 1.0, "REPLACE")
    glove.parent, glove.parent_type, glove.parent_bone = armature, "BONE", "wrist_r"
    assert glove in character_of(armature) and not rigid_parts(armature)
    export_motion(armature, tmp_path / "out.fbx", "UNREAL", ExportOptions(meshes=True))
    _imported(tmp_path / "out.fbx", "UNREAL")
    again = _mesh("Glove")
    weighed = {again.vertex_groups[one.group].name for corner in again.data.vertices for one in corner.groups if one.weight > 0}
    assert weighed == {"wrist_l"}


@pytest.mark.parametrize("name", ["UNREAL", "MIXAMO", "GLB", "USD"])
def test_meshes_come_along_and_move_as_they_did(name, tmp_path):
    armature = _rig(rigs.scaled, "HighKick")
    bpy.context.view_layer.objects.active = armature
    verbs.build_muscles(armature)
    census = _census()

    expected = _corners(next(child for child in armature.children if "agonist_mannequin" in child), 1)
    assert np.ptp(expected, axis=0).max() > 0.02
    export_motion(armature, tmp_path / f"out{preset(name).suffix}", name, ExportOptions(meshes=True))
    assert _census() == census
    again = _imported(tmp_path / f"out{preset(name).suffix}", name)
    np.testing.assert_allclose(_corners(_mesh(), round(again.animation_data.action.frame_range[0])), expected, atol=2e-3)
