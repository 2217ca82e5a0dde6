"""Sliders at 1 give the source's pose, and an edit arrives where the core put it, on every kind of rig."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import session, verbs
from blender_addon.rig.sample import sampled_armature
from blender_addon.steps import finished
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender

ANGLE_RAD, PLACE_M = 1e-4, 1e-4


@pytest.fixture(params=["imported_bvh", *(make.__name__ for make in rigs.RIGS)])
def rig(request, squat):
    if request.param == "imported_bvh":
        return rigs.imported_bvh(squat)
    return getattr(rigs, request.param)(exercise("Squat", 2.0, seed=4))


def _within(a, b):
    angle, place = rigs.difference(a, b)
    assert angle < ANGLE_RAD and place < PLACE_M


def test_sliders_at_one_play_the_source(rig):
    before = rigs.evaluated(rig)
    source = rig.animation_data.action
    verbs.predict_armature(rig)
    verbs.edit_armature(rig)
    assert rig.animation_data.action is not source
    _within(rigs.evaluated(rig), before)


def test_sliders_back_at_one_play_the_source_again(rig):
    before = rigs.evaluated(rig)
    verbs.predict_armature(rig)
    for scale in (1.8, 1.0):
        rig.agonist.sliders["quadriceps_l"].scale = scale
    rig.agonist.sliders["biceps_r"].scale = 2.5
    assert np.abs(rigs.evaluated(rig) - before).max() > 0.01
    rig.agonist.sliders["biceps_r"].scale = 1.0
    _within(rigs.evaluated(rig), before)


def test_an_edit_arrives_where_the_core_put_it(rig):
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.7
    live = session.live_edit(rig)
    expected = live.session.edit({"quadriceps_l": rig.agonist.sliders["quadriceps_l"].scale}, refine=False).motion
    after = finished(sampled_armature(rig)).motion
    order = [after.skeleton.index(name) for name in expected.skeleton.names]
    np.testing.assert_allclose(after.positions_world[:, order], expected.positions_world, atol=PLACE_M)
    chord = np.abs(np.einsum("tji,tji->tj", after.rotations_world_from_joint[:, order], expected.rotations_world_from_joint))
    assert chord.min() > 1 - ANGLE_RAD**2 / 8


def test_the_source_is_never_touched(rig):
    before = rigs.evaluated(rig)
    verbs.predict_armature(rig)
    rig.agonist.sliders["hamstrings_l"].scale = 1.7
    rig.agonist.show = "ORIGINAL"
    angle, place = rigs.difference(rigs.evaluated(rig), before)
    assert angle == 0 and place == 0
