"""A copy of an armature with no bones but those that decide where some are: Blender poses these as in the whole rig."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

bpy = pytest.importorskip("bpy")
from mathutils import Vector

from blender_addon import verbs
from blender_addon.compat import STAND_INS, assign_action, ensure_fcurve, fcurves_of, push_to_track
from blender_addon.curve_keys import write_keys
from blender_addon.rig.alone import fewer_bones, lone_scene
from blender_addon.rig.bones import rig_of
from blender_addon.rig.controls import sampled_rig
from blender_addon.rig.sample import posed
from blender_addon.rig.spaces import parent_spaces
from blender_addon.steps import finished
from tests.blender_addon import assets, control_rigs, rigs
from tests.search import examples

pytestmark = [pytest.mark.blender, pytest.mark.skipif(not STAND_INS, reason="Blender 4.2 evaluates all bones")]

COPIES = ("COPY_LOCATION", "COPY_ROTATION", "COPY_TRANSFORMS", "COPY_SCALE", "DAMPED_TRACK", "STRETCH_TO", "CHILD_OF", "LIMIT_DISTANCE")
INHERIT = ("FULL", "NONE", "FIX_SHEAR", "ALIGNED", "AVERAGE", "NONE_LEGACY")
KINDS = ("objects", "armatures", "scenes", "actions", "collections")


def _new(groups, rng):
    """Groups of bones, each a tree that may hang on an earlier one, anywhere."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    data = bpy.data.armatures.new("rig")
    armature = bpy.data.objects.new("rig", data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for group in range(groups):
        for k in range(4):
            bone = data.edit_bones.new(f'a "bone" {group} {k}')
            earlier = [one for one in data.edit_bones if one != bone and (_group(one) == group) == bool(k)]
            if earlier and rng.random() < (0.9 if k else 0.4):
                bone.parent = earlier[int(rng.integers(len(earlier)))]
            bone.head = Vector(rng.normal(size=3))
            bone.tail, bone.roll = bone.head + Vector(rng.normal(size=3)), float(rng.uniform(-3, 3))
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def _group(bone):
    return int(bone.name.split()[2])


def _mechanism(rng):
    """Bones that hold, solve and drive bones of later groups, so that there are no circles."""
    armature = _new(7, rng)
    assign_action(armature, bpy.data.actions.new("any"))
    action, frames, pose = armature.animation_data.action, np.arange(1, 8), armature.pose.bones
    for bone in pose:
        bone.rotation_mode, bone.bone.inherit_scale = "XYZ", str(rng.choice(INHERIT))
        bone["share"] = 0.5
        stem = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"]'
        for name, spread in (("location", 0.2), ("rotation_euler", 0.7)):
            if rng.random() < 0.6:
                axis = int(rng.integers(3))
                write_keys(ensure_fcurve(armature, action, f"{stem}.{name}", axis), frames, spread * rng.normal(size=len(frames)))
        write_keys(ensure_fcurve(armature, action, f'{stem}["share"]', 0), frames, rng.random(len(frames)))
    solved = set()
    for bone in pose:
        free = [one.name for one in pose if _group(one) < _group(bone)]
        if free and rng.random() < 0.4:
            one = bone.constraints.new(str(rng.choice([*COPIES, "ARMATURE"])))
            holder = one.targets.new() if one.type == "ARMATURE" else one
            holder.target, holder.subtarget, one.influence = armature, str(rng.choice(free)), float(rng.uniform(0.3, 1))
        # Two chains that share bones pose them otherwise from one time to the next.
        if free and _group(bone) not in solved and rng.random() < 0.4:
            solved.add(_group(bone))
            one = bone.constraints.new("IK")
            one.target, one.subtarget = armature, str(rng.choice(free))
            one.chain_count = 1 + [_group(link) for link in bone.parent_recursive].count(_group(bone))
        if free and rng.random() < 0.2:
            driver = bone.driver_add("scale", 0).driver
            driver.expression, variable = "0.7 + 0.5 * var", driver.variables.new()
            name = bpy.utils.escape_identifier(str(rng.choice(free)))
            variable.targets[0].id, variable.targets[0].data_path = armature, f'pose.bones["{name}"]["share"]'
    return armature


def _places(armature, names):
    index = {bone.name: k for k, bone in enumerate(armature.pose.bones)}
    return [index[name] for name in names]


def _check(armature, names, atol=1e-6):
    """Poses of some bones as Blender makes them of the whole rig; and how many bones that took."""
    wanted = rigs.evaluated(armature)[:, _places(armature, names)]
    first, last = (round(value) for value in armature.animation_data.action.frame_range)
    world, pose = finished(posed(armature, names, np.arange(first, last + 1)))
    np.testing.assert_allclose(world[:, None] @ pose, wanted, atol=atol * max(1.0, float(np.abs(wanted).max())))
    with fewer_bones(armature, names) as data:
        return None if data is None else len(data.bones)


@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**31))
def test_any_mechanism_poses_the_bones_that_are_asked_for_as_before(seed):
    rng = np.random.default_rng(seed)
    armature = _mechanism(rng)
    names = [bone.name for bone in armature.pose.bones]
    # Bones that were in Edit Mode may differ by a rounding.
    _check(armature, [str(name) for name in rng.choice(names, 2, replace=False)], atol=1e-5)


def test_some_mechanisms_leave_most_bones_out():
    """Else the test above would say nothing."""
    counts = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        armature = _mechanism(rng)
        with fewer_bones(armature, [str(rng.choice([bone.name for bone in armature.pose.bones]))]) as data:
            counts.append(28 if data is None else len(data.bones))
    assert sum(count < 14 for count in counts) >= 4, counts


@pytest.mark.parametrize("ik", [True, False])
def test_rigify_is_sampled_with_a_fifth_of_its_bones(ik):
    armature = control_rigs.posed_rigify(ik)
    rig = rig_of(armature)
    # Switched on the way, and pulled further than the leg is long.
    action, frames = armature.animation_data.action, np.arange(1, 26, 4)
    path = 'pose.bones["thigh_parent.L"]["IK_FK"]'
    write_keys(ensure_fcurve(armature, action, path, 0), frames, np.linspace(0, 1, len(frames)))
    write_keys(ensure_fcurve(armature, action, 'pose.bones["foot_ik.R"].location', 1), frames, np.linspace(0, -0.8, len(frames)))
    assert _check(armature, list(rig.joints.values())) < len(armature.pose.bones) / 5
    sample = finished(sampled_rig(armature))
    wanted = rigs.evaluated(armature)[:, _places(armature, sample.names)]
    np.testing.assert_allclose(sample.motion.positions_world, wanted[..., :3, 3], atol=1e-5)


def test_controls_are_found_as_with_all_bones(monkeypatch):
    armature = control_rigs.posed_rigify(True)
    fewer = finished(sampled_rig(armature))
    monkeypatch.setattr("blender_addon.rig.alone._WORTH", 0.0)
    whole = finished(sampled_rig(armature))
    assert [(one.bone, one.joint, one.kind) for one in fewer.controls] == [(one.bone, one.joint, one.kind) for one in whole.controls]
    for one, other in zip(fewer.controls, whole.controls, strict=True):
        for name in ("space", "reach", "basis"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-5)
        assert one.carriers == pytest.approx(other.carriers, abs=1e-4)


def test_parent_spaces_are_blenders_own():
    """A bone that nothing moves stands in its parent space; whatever it inherits, below bones with and without scale."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        armature = _new(4, rng)
        pose = armature.pose.bones
        for k, bone in enumerate(pose):
            bone.bone.inherit_scale, bone.bone.use_inherit_rotation = str(rng.choice(INHERIT)), bool(rng.random() < 0.7)
            bone.bone.use_local_location = bool(rng.random() < 0.6)
            bone.rotation_quaternion = rng.normal(size=4)
            if k % 2:
                bone.scale = rng.uniform(0.6, 1.5, 3)
        children = [bone.name for bone in pose if not bone.children]
        for name in children:
            pose[name].matrix_basis.identity()
            pose[name].location, pose[name].rotation_quaternion, pose[name].scale = (0, 0, 0), (1, 0, 0, 0), (1, 1, 1)
        bpy.context.view_layer.update()
        poses = {bone.name: np.array(bone.matrix)[None] for bone in pose}
        spaces, reach = parent_spaces(armature, children, poses, [True] * len(children))
        still = np.array([np.array(pose[name].matrix) for name in children])
        np.testing.assert_allclose(spaces[0], still, atol=1e-5)
        for axis in range(3):
            for name in children:
                pose[name].location = np.eye(3)[axis]
            bpy.context.view_layer.update()
            moved = np.array([np.array(pose[name].matrix) for name in children])[:, :3, 3]
            np.testing.assert_allclose(reach[0, :, :, axis], moved - still[:, :3, 3], atol=1e-5)


def _everything(armature):
    """All that taking bones away from a copy could leave behind, or change."""
    flags = [(curve.data_path, curve.is_valid, curve.mute) for curve in fcurves_of(armature, armature.animation_data.action)]
    held = [(one.name, one.target.name if getattr(one, "target", None) else "") for bone in armature.pose.bones for one in bone.constraints]
    counts = {kind: sorted(one.name for one in getattr(bpy.data, kind)) for kind in KINDS}
    users = armature.data.users, armature.animation_data.action.users
    active = bpy.context.view_layer.objects.active
    return flags, held, counts, users, active, active.mode, len(armature.data.bones), bpy.context.scene.frame_current


@pytest.mark.parametrize("mode", ["OBJECT", "POSE", "EDIT A MESH"])
def test_nothing_is_left_of_it_in_any_mode(mode):
    armature = control_rigs.posed_rigify(True)
    if mode == "EDIT A MESH":
        bpy.ops.mesh.primitive_cube_add()
        bpy.ops.object.mode_set(mode="EDIT")
    else:
        bpy.context.view_layer.objects.active = armature
        bpy.ops.object.mode_set(mode=mode)
    before = _everything(armature)
    with fewer_bones(armature, list(rig_of(armature).joints.values())) as data, lone_scene(armature, data) as alone:
        assert alone.armature != armature and len(alone.armature.pose.bones) < 200
        assert not alone.armature.agonist.sliders and alone.armature.agonist.source_action is None
    finished(sampled_rig(armature))
    assert _everything(armature) == before


def test_work_that_is_stopped_leaves_nothing_of_it():
    armature = control_rigs.posed_rigify(True)
    before = _everything(armature)
    steps = verbs.predicted(armature)
    for _ in range(5):
        next(steps)
    assert len(bpy.data.objects) > len(before[2]["objects"])
    steps.close()
    assert _everything(armature) == before


def test_strips_and_layers_have_their_say():
    armature = control_rigs.posed_rigify(True)
    track = push_to_track(armature, armature.animation_data.action)
    control_rigs.animate(armature, {"torso": (0.3, 0, 0)}, {"foot_ik.L": (0, 0.1, 0.1)})
    armature.animation_data.action_blend_type = "ADD"
    assert track is None or not getattr(track, "mute", False)
    assert _check(armature, list(rig_of(armature).joints.values())) < 200


def test_a_character_that_is_overridden_in_a_shot(tmp_path):
    armature = assets.overridden(control_rigs.posed_rigify(True), tmp_path)
    before = {kind: sorted(one.name_full for one in getattr(bpy.data, kind)) for kind in KINDS}
    kept = _check(armature, list(rig_of(armature).joints.values()))
    assert kept is not None and kept < 200
    assert {kind: sorted(one.name_full for one in getattr(bpy.data, kind)) for kind in KINDS} == before


def _driven_settings(armature):
    armature.data.driver_add('bones["ORG-shin.L"].use_inherit_rotation')


def _solved_by_itasc(armature):
    armature.pose.ik_solver = "ITASC"


def _held_by_what_hangs_on_it(armature):
    """A handle that is parented to a bone of the same armature."""
    handle = bpy.data.objects.new("handle", None)
    bpy.context.scene.collection.objects.link(handle)
    handle.parent, handle.parent_type, handle.parent_bone = armature, "BONE", "torso"
    armature.pose.bones["head"].constraints.new("DAMPED_TRACK").target = handle


def _held_by_a_bendy_bone(armature):
    armature.data.bones["torso"].bbone_segments = 8
    one = armature.pose.bones["head"].constraints.new("COPY_LOCATION")
    one.target, one.subtarget, one.head_tail, one.use_bbone_shape = armature, "torso", 0.5, True


@pytest.mark.parametrize(
    "change", [_driven_settings, _solved_by_itasc, _held_by_what_hangs_on_it, _held_by_a_bendy_bone], ids=lambda change: change.__name__
)
def test_where_that_cannot_be_told_all_bones_stay(change):
    armature = control_rigs.posed_rigify(True)
    names = list(rig_of(armature).joints.values())
    assert _check(armature, names) is not None
    change(armature)
    assert _check(armature, names) is None
