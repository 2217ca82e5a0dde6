"""What lies beside an exported motion agrees with it: the table's times and rows, variants within what may change, plain refusals."""

import addon_utils
import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.errors import ModelNotFoundError, WorkError
from agonist.io import bvh, csv_activation
from blender_addon.compat import fcurves_of
from blender_addon.exports import take, write
from blender_addon.exports.presets import preset
from blender_addon.exports.take import activation_shown
from blender_addon.exports.variants import export_variants
from blender_addon.exports.write import ExportOptions, export_motion
from blender_addon.steps import finished
from tests.blender_addon.test_exports import _rig

pytestmark = pytest.mark.blender


def _turns(path):
    """Joint -> (T, 4) local rotations of a BVH, and the root's path as `root`."""
    motion = bvh.read(path).motion
    return {name: motion.rotations_parent_from_joint[:, k] for k, name in enumerate(motion.skeleton.names)} | {"root": motion.root_position}


_ARMS = ("shoulder_l", "shoulder_r", "elbow_l", "elbow_r")


def _change(before, after):
    """Joint -> (T,) how far it turned or moved otherwise."""
    return {name: np.abs(after[name] - before[name]).max(axis=-1) for name in before}


def test_variants_change_what_may_change_and_nothing_else(tmp_path):
    armature = _rig()
    props, text = armature.agonist, "biceps 2; quadriceps 2"
    list(export_variants(armature, "quadriceps 1", tmp_path, "BVH", ExportOptions()))
    before = _turns(tmp_path / "rig_quadriceps_1.bvh")

    def changes():
        list(export_variants(armature, text, tmp_path, "BVH", ExportOptions()))
        return [_change(before, _turns(tmp_path / f"rig_{name}_2.bvh")) for name in ("biceps", "quadriceps")]

    free = changes()
    assert free[1]["knee_l"].max() > 0.02 and max(free[0][name].max() for name in _ARMS) > 0.02
    props.scope.only(["arms"])
    for change in changes():
        assert max(change[name].max() for name in change if name not in _ARMS and "clavicle" not in name) < 1e-4
    props.scope.only([])
    props.use_frame_range, props.frame_first, props.frame_last = True, 10, 20
    for change in changes():
        assert max(rows[:9].max() for rows in change.values()) < 1e-4 and max(rows[20:].max() for rows in change.values()) < 1e-4
    props.use_frame_range, props.scope.influence = False, 0.0
    for change in changes():
        assert max(rows.max() for rows in change.values()) < 1e-4


@pytest.mark.parametrize("fps", [None, 60.0])
def test_the_table_of_a_loop_closes_as_its_motion_does(fps, tmp_path):
    armature = _rig()
    shown = finished(activation_shown(armature)).values
    assert np.abs(shown[-1] - shown[0]).max() > 0.01
    tables = []
    for name in ("BVH", "UNREAL"):
        options = ExportOptions(loop=True, csv=True, fps=fps)
        _, table = export_motion(armature, tmp_path / f"{name}{preset(name).suffix}", name, options)
        tables.append(csv_activation.read(table))
        np.testing.assert_allclose(tables[-1].values[0], shown[0], atol=1e-5)
    np.testing.assert_allclose(tables[0].values, tables[1].values, atol=5e-3)
    closed = bvh.read(tmp_path / "BVH.bvh").motion
    assert len(closed) == len(tables[0])
    if fps is None:
        # The last frame of another rate may lie before the last of the clip.
        for one in tables:
            np.testing.assert_allclose(one.values[-1], one.values[0], atol=1e-5)


@pytest.mark.parametrize("fps", [None, 60.0])
@pytest.mark.parametrize("name", ["BVH", "UNREAL"])
def test_a_table_says_how_unsure_it_is_looped_or_not(name, fps, tmp_path):
    """No muscle shows anything here, so that what the table holds is predicted."""
    armature = _rig()
    expected = finished(activation_shown(armature)).uncertainty
    assert expected is not None and np.abs(expected[-1] - expected[0]).max() > 1e-4
    found = []
    for loop in (False, True):
        path = tmp_path / f"{name}{loop}{preset(name).suffix}"
        found.append(csv_activation.read(export_motion(armature, path, name, ExportOptions(loop=loop, csv=True, fps=fps))[1]).uncertainty)
    plain, closed = found
    assert closed.shape == plain.shape and closed.min() >= 0
    half = len(plain) // 2
    np.testing.assert_allclose(closed[:half], plain[:half], atol=1e-5)
    if fps is None:
        np.testing.assert_allclose(plain, expected, atol=1e-3)
        # At the seam as at the first frame, and between the two on the way there.
        np.testing.assert_allclose(closed[-1], closed[0], atol=1e-5)
        assert (closed <= np.maximum(plain, plain[:1]) + 1e-5).all() and (closed >= np.minimum(plain, plain[:1]) - 1e-5).all()


@pytest.mark.parametrize("name", ["BVH", "UNREAL"])
def test_a_table_begins_at_zero_seconds_wherever_the_action_begins(name, tmp_path):
    armature = _rig()
    expected = finished(activation_shown(armature))
    for curve in fcurves_of(armature, armature.animation_data.action):
        for point in curve.keyframe_points:
            point.co_ui.x += 100
    bpy.context.view_layer.objects.active = armature
    assert bpy.ops.agonist.predict() == {"FINISHED"}
    assert finished(activation_shown(armature)).start > 4
    _, table = export_motion(armature, tmp_path / f"out{preset(name).suffix}", name, ExportOptions(csv=True))
    found = csv_activation.read(table)
    assert found.start == 0 and len(found) == len(expected)
    np.testing.assert_allclose(found.values, expected.values, atol=1e-3)


@pytest.mark.parametrize("name", ["BVH", "UNREAL"])
def test_no_file_stays_behind_where_the_activation_cannot_be_worked_out(name, tmp_path, monkeypatch):
    def refused(armature):
        raise ModelNotFoundError("no model")

    armature = _rig()
    for module in (take, write):
        monkeypatch.setattr(module, "activation_shown", refused)
    with pytest.raises(ModelNotFoundError):
        export_motion(armature, tmp_path / f"out{preset(name).suffix}", name, ExportOptions(csv=True))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "module", "told"), [("UNREAL", "io_scene_fbx", "FBX format"), ("GLB", "io_scene_gltf2", "glTF 2.0 format")]
)
def test_an_exporter_that_is_switched_off_is_named(name, module, told, tmp_path):
    armature = _rig()
    bpy.context.view_layer.objects.active = armature
    addon_utils.disable(module)
    try:
        with pytest.raises(WorkError, match=f"'{told}' is switched off. Enable it in Edit > Preferences") as caught:
            export_motion(armature, tmp_path / f"out{preset(name).suffix}", name)
        assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())
        with pytest.raises(RuntimeError, match=told):
            bpy.ops.agonist.export(filepath=str(tmp_path / "out"), preset=name)
    finally:
        addon_utils.enable(module)
    export_motion(armature, tmp_path / f"out{preset(name).suffix}", name)
    assert (tmp_path / f"out{preset(name).suffix}").stat().st_size > 0
