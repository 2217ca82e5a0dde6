"""A group of F-curves that is muted: Blender 4.2 leaves its curves out, later ones ask each curve. A rig is read as Blender plays it,
and an edit of such curves is seen."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import session, verbs
from blender_addon.compat import ensure_fcurve, fcurves_of
from blender_addon.curve_keys import write_keys
from blender_addon.rig.keyed import keyed_poses
from tests.blender_addon import rigs

pytestmark = pytest.mark.blender


def _of(armature, bone, kind=""):
    return [one for one in fcurves_of(armature, armature.animation_data.action) if f'bones["{bone}"].{kind}' in one.data_path]


@pytest.fixture(params=["group", "group and curves"])
def muted(rig, request):
    """The left elbow's group is muted, by itself or as its speaker in an editor does it; it has a scale, too."""
    elbow, action = rig.pose.bones["elbow_l"], rig.animation_data.action
    scale = ensure_fcurve(rig, action, 'pose.bones["elbow_l"].scale', 0, "elbow_l")
    write_keys(scale, np.array([1.0, 31.0]), np.array([1.0, 1.3]))
    elbow.rotation_quaternion = (0.97, 0.2, 0.1, 0)
    curves = _of(rig, "elbow_l")
    assert all(one.group.name == "elbow_l" for one in curves)
    curves[0].group.mute = True
    for curve in curves if request.param != "group" else ():
        curve.mute = True
    bpy.context.scene.frame_set(7)
    return rig


def _scales(armature):
    return np.linalg.norm(rigs.evaluated(armature)[..., :3, :3], axis=-2)


def test_a_rig_is_read_as_blender_plays_it(muted):
    names = [bone.name for bone in muted.pose.bones]
    keyed = keyed_poses(muted, names, np.arange(1, 32))
    expected = rigs.evaluated(muted)
    np.testing.assert_allclose(keyed.object_world[:, None] @ keyed.pose[:, keyed.places(names)], expected, atol=1e-5)


def test_an_edit_is_seen_and_the_original_comes_back(muted):
    _of(muted, "elbow_l", "scale")[0].mute = True
    muted.pose.bones["elbow_l"].scale = (1, 1, 1)
    before = rigs.evaluated(muted)
    verbs.predict_armature(muted)
    muted.agonist.live = False
    muted.agonist.sliders["biceps_l"].scale = 1.8
    wanted, live = verbs.edit_armature(muted).motion.positions_world, session.live_edit(muted)
    assert np.linalg.norm(wanted - live.session.motion.positions_world, axis=-1).max() > 0.01
    names = [bone.name for bone in muted.pose.bones]
    found = rigs.evaluated(muted)[..., :3, 3][:, [names.index(name) for name in live.sample.names]]
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    muted.agonist.show = "ORIGINAL"
    np.testing.assert_allclose(rigs.evaluated(muted), before, atol=1e-6)
    assert all(one.group.mute for one in _of(muted, "elbow_l"))


def test_what_an_edit_leaves_alone_goes_on_as_it_was(muted):
    before, silent = _scales(muted), [one.mute for one in _of(muted, "elbow_l", "scale")]
    source = muted.animation_data.action
    verbs.predict_armature(muted)
    muted.agonist.sliders["biceps_l"].scale = 1.8
    assert muted.animation_data.action != source
    assert [one.mute for one in _of(muted, "elbow_l", "scale")] == silent
    assert all(one.group.mute for one in _of(muted, "elbow_l", "scale"))
    np.testing.assert_allclose(_scales(muted), before, atol=1e-5)


def test_a_locked_arm_plays_what_it_played(muted):
    before = rigs.evaluated(muted)
    verbs.predict_armature(muted)
    muted.agonist.sliders["biceps_l"].scale = 1.8
    muted.agonist.scope.lock(["arm_l"])
    names = [bone.name for bone in muted.pose.bones]
    elbow, shoulder = names.index("elbow_l"), names.index("shoulder_l")
    local = [np.linalg.inv(poses[:, shoulder]) @ poses[:, elbow] for poses in (before, rigs.evaluated(muted))]
    np.testing.assert_allclose(*local, atol=1e-5)
