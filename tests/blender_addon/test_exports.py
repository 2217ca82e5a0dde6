"""Exported files come back through Blender's own importers where they were: place, direction, frame rate, length."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import verbs
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender


def _heads(armature):
    """Bone name -> (T, 3) world place of its head."""
    poses = rigs.evaluated(armature)
    return {bone.name: poses[:, k, :3, 3] for k, bone in enumerate(armature.pose.bones)}


def _imported(path, kind):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if kind == "bvh":
        bpy.ops.import_anim.bvh(filepath=str(path), global_scale=0.01, update_scene_fps=True)
    else:
        bpy.ops.import_scene.fbx(filepath=str(path))
    return next(thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE")


@pytest.mark.parametrize("which", ["ORIGINAL", "RECOMMENDED"])
@pytest.mark.parametrize("kind", ["bvh", "fbx"])
@pytest.mark.parametrize("make", rigs.RIGS)
def test_what_is_shown_comes_back(make, kind, which, tmp_path):
    armature = make(exercise("Squat", 1.0, seed=4))
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 24, 1.001
    verbs.predict_armature(armature)
    armature.agonist.sliders["hamstrings_l"].scale = 1.6
    armature.agonist.show = which
    expected, path = _heads(armature), tmp_path / f"out.{kind}"
    getattr(verbs, f"export_{kind}")(armature, path)
    again = _imported(path, kind)
    found = _heads(again)
    assert set(found) == set(expected)
    for bone, heads in expected.items():
        np.testing.assert_allclose(found[bone], heads, atol=1e-3, err_msg=bone)
    assert bpy.context.scene.render.fps / bpy.context.scene.render.fps_base == pytest.approx(24 / 1.001, rel=1e-4)
