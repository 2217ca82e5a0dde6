"""Every family of rigs: found by itself, the same pose at 1, and where the core wants it at 1.5."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import session, verbs
from blender_addon.compat import fcurves_of
from blender_addon.rig.bones import detect_bones
from tests.blender_addon import preset_rigs, rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender

ANGLE_RAD, PLACE_M = 1e-4, 5e-3


def keys(armature, action, bones):
    """Every key of those bones' curves."""
    return {
        (curve.data_path, curve.array_index): [tuple(point.co) for point in curve.keyframe_points]
        for curve in fcurves_of(armature, action)
        if any(f'"{bone}"' in curve.data_path for bone in bones)
    }


def joints_at(armature):
    """(T, J, 3) where the mapped joints are, from Blender itself, and where the core wants them."""
    live = session.live_edit(armature)
    scales = {slider.name: slider.scale for slider in armature.agonist.sliders}
    expected = live.session.edit(scales, refine=False).motion.positions_world
    index = [armature.pose.bones.find(name) for name in live.sample.names]
    return rigs.evaluated(armature)[..., :3, 3][:, index], expected


@pytest.fixture(params=list(preset_rigs.EXTRAS))
def rig(request):
    armature = preset_rigs.build(request.param, exercise("Squat", 2.0, seed=4))
    assert detect_bones(armature).name == request.param
    return armature


def test_a_rig_comes_back_at_one_and_arrives_where_the_core_wants_it(rig):
    before = rigs.evaluated(rig)
    source = rig.animation_data.action
    verbs.predict_armature(rig)
    mapped = {row.bone for row in rig.agonist.bones}
    others = [bone.name for bone in rig.pose.bones if bone.name not in mapped]
    own = keys(rig, source, others)
    assert own
    rig.agonist.sliders["quadriceps_l"].scale = 1.5
    rig.agonist.sliders["biceps_r"].scale = 1.5
    found, wanted = joints_at(rig)
    assert np.linalg.norm(found - wanted, axis=-1).max() < PLACE_M
    assert np.abs(rigs.evaluated(rig) - before).max() > 0.01
    assert keys(rig, rig.animation_data.action, others) == own
    rig.agonist.sliders["quadriceps_l"].scale = 1.0
    rig.agonist.sliders["biceps_r"].scale = 1.0
    angle, place = rigs.difference(rigs.evaluated(rig), before)
    assert angle < ANGLE_RAD and place < 1e-4
    assert keys(rig, rig.animation_data.action, others) == own
    rig.agonist.show = "ORIGINAL"
    angle, place = rigs.difference(rigs.evaluated(rig), before)
    assert angle == 0 and place == 0
