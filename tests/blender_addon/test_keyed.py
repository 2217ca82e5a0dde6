"""Poses read from keys are Blender's own, and are not read where anything else has a say."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

bpy = pytest.importorskip("bpy")
from mathutils import Vector

from blender_addon.compat import assign_action, ensure_fcurve, push_to_track
from blender_addon.curve_keys import write_keys
from blender_addon.rig.build import build_armature
from blender_addon.rig.controls import sampled_rig
from blender_addon.rig.keyed import keyed_poses
from blender_addon.steps import finished
from tests.blender_addon import rigs
from tests.clips import exercise
from tests.search import examples

pytestmark = pytest.mark.blender

MODES = ("QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX")
INHERIT = ("FULL", "NONE", "FIX_SHEAR", "ALIGNED", "AVERAGE", "NONE_LEGACY")
INTERPOLATIONS = ("BEZIER", "LINEAR", "CONSTANT", "BOUNCE")
ROTATIONS = {"QUATERNION": ("rotation_quaternion", 4), "AXIS_ANGLE": ("rotation_axis_angle", 4)}
# Before, inside and after the keys, on frames and between them.
FRAMES = (-2.0, 0.0, 1.0, 2.0, 3.25, 5.0, 7.5, 11.0, 14.0, 20.0, 23.0)


def _keys(armature, rng, prefix, owner, with_scale):
    """Curves of any kind for some of the channels of a bone or the object."""
    name, count = ROTATIONS.get(owner.rotation_mode, ("rotation_euler", 3))
    for channel, size, spread, centre in (("location", 3, 0.3, 0.0), (name, count, 0.8, 0.3), ("scale", 3, 0.2 * with_scale, 1.0)):
        for index in np.flatnonzero(rng.random(size) < 0.6):
            frames = np.arange(1, 21) if rng.random() < 0.5 else np.unique(rng.integers(1, 21, size=5))
            curve = ensure_fcurve(armature, armature.animation_data.action, prefix + channel, int(index))
            write_keys(curve, frames, centre + spread * rng.normal(size=len(frames)))
            for point in curve.keyframe_points:
                point.interpolation = str(rng.choice(INTERPOLATIONS))
            if spread and rng.random() < 0.1:
                curve.modifiers.new(str(rng.choice(["NOISE", "CYCLES"])))
            curve.mute = bool(rng.random() < 0.1)
            curve.update()


def _any_rig(rng, with_scale):
    """Bones anywhere, in any mode, that inherit what they like; with scales, all inherit everything, as the rule wants it."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    data = bpy.data.armatures.new("rig")
    armature = bpy.data.objects.new("rig", data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for k in range(9):
        bone = data.edit_bones.new(f'a "bone" {k}')
        if k and rng.random() < 0.9:
            bone.parent = data.edit_bones[int(rng.integers(k))]
        bone.head = Vector(rng.normal(size=3))
        bone.tail, bone.roll = bone.head + Vector(rng.normal(size=3)), float(rng.uniform(-3, 3))
        bone.use_connect = bool(bone.parent and rng.random() < 0.4)
    bpy.ops.object.mode_set(mode="OBJECT")
    assign_action(armature, bpy.data.actions.new("any"))
    for pose in armature.pose.bones:
        pose.bone.use_local_location = bool(rng.random() < 0.7)
        if not with_scale:
            pose.bone.use_inherit_rotation, pose.bone.inherit_scale = bool(rng.random() < 0.7), str(rng.choice(INHERIT))
        pose.rotation_mode, pose.location = str(rng.choice(MODES)), 0.1 * rng.normal(size=3)
        _keys(armature, rng, f'pose.bones["{bpy.utils.escape_identifier(pose.name)}"].', pose, with_scale)
    armature.rotation_mode, armature.location = str(rng.choice(MODES)), rng.normal(size=3)
    if rng.random() < 0.6:
        _keys(armature, rng, "", armature, with_scale)
    if rng.random() < 0.4:
        armature.parent = bpy.data.objects.new("carrier", None)
        bpy.context.scene.collection.objects.link(armature.parent)
        armature.parent.location, armature.parent.rotation_euler = (1, 2, 3), (0.3, 0.2, 0.1)
    return armature


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**31), with_scale=st.booleans())
def test_keyed_poses_are_blenders_own(seed, with_scale):
    armature = _any_rig(np.random.default_rng(seed), with_scale)
    found = keyed_poses(armature, [bone.name for bone in armature.pose.bones], FRAMES)
    assert found is not None
    for row, frame in enumerate(FRAMES):
        bpy.context.scene.frame_set(math.floor(frame), subframe=frame % 1)
        shown = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        wanted = np.array([np.array(shown.pose.bones[name].matrix) for name in found.names])
        # Blender reckons in single precision, and scales multiply from bone to bone.
        np.testing.assert_allclose(found.pose[row], wanted, atol=1e-5 * max(1.0, float(np.abs(wanted).max())))
        np.testing.assert_allclose(found.object_world[row], np.array(shown.matrix_world), atol=1e-5)


@pytest.fixture
def plain():
    return build_armature(exercise("Squat", 1.0, seed=4), "rig")


def _read(armature):
    names = [bone.name for bone in armature.pose.bones]
    return keyed_poses(armature, names, [3.0])


def test_only_the_bones_asked_for_and_those_above_are_read(plain):
    found = keyed_poses(plain, ["ankle_l"], [1.0])
    bone, chain = plain.data.bones["ankle_l"], []
    while bone is not None:
        chain.insert(0, bone.name)
        bone = bone.parent
    assert list(found.names) == chain


def _constraint(armature):
    armature.pose.bones["knee_l"].constraints.new("LIMIT_ROTATION")


def _ik_below(armature):
    armature.pose.bones["ankle_l"].constraints.new("IK")


def _driver(armature):
    armature.pose.bones["knee_l"].driver_add("location", 0)


def _strip(armature):
    push_to_track(armature, armature.animation_data.action)


def _influence(armature):
    armature.animation_data.action_influence = 0.5


def _bone_properties(armature):
    armature.data.keyframe_insert("show_names")


def _moving_parent(armature):
    armature.parent = rigs.carried(exercise("Squat", 1.0)).parent


def _bone_parent(armature):
    other = build_armature(exercise("Squat", 1.0), "other")
    armature.parent, armature.parent_type, armature.parent_bone = other, "BONE", other.data.bones[0].name


def _carrier(armature, data=None):
    """A new object that the armature hangs on."""
    carrier = bpy.data.objects.new("carrier", data)
    bpy.context.scene.collection.objects.link(carrier)
    armature.parent = carrier
    return carrier


def _path_above(armature):
    path = _carrier(armature, bpy.data.curves.new("path", "CURVE")).data
    path.use_path = True
    path.keyframe_insert("eval_time")


def _vertex_above(armature):
    carrier = _carrier(armature)
    carrier.parent = bpy.data.objects.new("mesh", bpy.data.meshes.new("mesh"))
    carrier.parent_type = "VERTEX"


def _own_constraint(armature):
    armature.constraints.new("LIMIT_LOCATION")


def _time_map(armature):
    bpy.context.scene.render.frame_map_new = 200


def _scale_that_is_not_inherited(armature):
    action = armature.animation_data.action
    write_keys(ensure_fcurve(armature, action, 'pose.bones["knee_l"].scale', 0), np.array([1.0, 9.0]), np.array([1.0, 2.0]))
    armature.data.bones["ankle_l"].inherit_scale = "NONE"


def _keyed_mode(armature):
    armature.pose.bones["knee_l"].keyframe_insert("rotation_mode")


@pytest.mark.parametrize(
    "other",
    [
        _constraint, _ik_below, _driver, _strip, _influence, _bone_properties, _moving_parent, _bone_parent, _path_above,
        _vertex_above, _own_constraint, _time_map, _scale_that_is_not_inherited, _keyed_mode,
    ],
)  # fmt: skip
def test_where_anything_else_has_a_say_blender_evaluates(plain, other):
    assert _read(plain) is not None
    other(plain)
    assert _read(plain) is None


def test_another_add_on_that_poses_at_a_frames_change_is_heard(plain):
    def pose(scene, depsgraph=None):
        plain.pose.bones["knee_l"].location.x = scene.frame_current

    bpy.app.handlers.frame_change_pre.append(pose)
    try:
        assert _read(plain) is None
    finally:
        bpy.app.handlers.frame_change_pre.remove(pose)


@pytest.mark.parametrize("make", rigs.RIGS, ids=lambda make: make.__name__)
def test_a_sample_is_the_same_whether_keys_are_read_or_blender_evaluates(make):
    armature = make(exercise("Squat", 1.0, seed=4))
    read = finished(sampled_rig(armature))
    # A constraint of no influence on a bone of no joint leaves the pose as it is, and the scene to Blender.
    for bone in armature.pose.bones:
        bone.constraints.new("LIMIT_SCALE").influence = 0.0
    evaluated = finished(sampled_rig(armature))
    np.testing.assert_allclose(read.motion.positions_world, evaluated.motion.positions_world, atol=1e-5)
    assert [(one.bone, one.kind) for one in read.controls] == [(one.bone, one.kind) for one in evaluated.controls]
    for one, other in zip(read.controls, evaluated.controls, strict=True):
        for part in ("space", "basis", *(["reach"] if one.kind in ("RIDE", "POLE") else [])):
            np.testing.assert_allclose(getattr(one, part), getattr(other, part), atol=1e-5)
        assert one.carriers.keys() == other.carriers.keys()
