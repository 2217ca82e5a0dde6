"""A character is as tall as the scene's units say, on its way in and out."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.io import bvh
from blender_addon import verbs
from blender_addon.exports.write import export_motion
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_a_motion_comes_in_and_goes_out_as_large_as_it_is(scale, tmp_path):
    motion = exercise("HighKick", 1.0)
    names = motion.skeleton.names
    bvh.write(tmp_path / "in.bvh", motion, bvh.default_layout(motion))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.unit_settings.scale_length = scale
    armature = verbs.import_motion(tmp_path / "in.bvh")
    np.testing.assert_allclose(scale * _heads(armature, names), motion.positions_world, atol=1e-4)
    verbs.predict_armature(armature)
    armature.agonist.sliders["hamstrings_l"].scale = 1.5
    shown = scale * _heads(armature, names)
    # What an edit does hangs on the person's size, which Blender's units do not say.
    assert 0.02 < np.abs(shown - motion.positions_world).max() < 0.5
    export_motion(armature, tmp_path / "out.bvh", "BVH")
    again = bvh.read(tmp_path / "out.bvh").motion
    assert set(again.skeleton.names) == set(names)
    order = [again.skeleton.names.index(name) for name in names]
    np.testing.assert_allclose(again.positions_world[:, order], shown, atol=1e-3)


def _heads(armature, names):
    """(T, J, 3) of the bones of those names, in Blender's units."""
    return rigs.evaluated(armature)[..., :3, 3][:, [armature.pose.bones.find(name) for name in names]]
