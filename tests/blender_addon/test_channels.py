"""All controls at a time get the channels that each gets by itself, and a frame those that it has in its clip."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist import rotations
from blender_addon import session, verbs
from blender_addon.rig.channels import ControlStack, Moves, channels, moves_of
from blender_addon.rig.controls import Control
from tests.blender_addon import control_rigs, rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender

MAKES = {
    "a control each": lambda: rigs.carried(exercise("Squat", 2.0, seed=4)),
    "swings": lambda: control_rigs.posed_rigify(True),
    "poles": lambda: control_rigs.auto_rig_pro(1.0),
}


@pytest.fixture(params=MAKES)
def live(request):
    armature = MAKES[request.param]()
    verbs.predict_armature(armature)
    return session.live_edit(armature)


def _same(one, other):
    for a, b in zip(one, other, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)


def test_controls_together_and_apart_and_a_frame_and_its_clip(live):
    sample, scales, row = live.sample, {"quadriceps_l": 1.7, "biceps_r": 0.4}, 11
    edited = live.session.edit(scales, refine=False).motion
    moves = moves_of(sample, sample.motion, edited)
    together = channels(sample.stack, moves)
    one_frame = sample.row(row)
    frame = channels(one_frame.stack, moves_of(one_frame, one_frame.motion, edited.slice(row, row + 1)))
    kinds = set()
    for k, control in enumerate(sample.controls):
        (apart,) = channels(ControlStack([control], sample.stack.joints), moves)
        _same(together[k], apart)
        _same(frame[k], [None if values is None else values[row : row + 1] for values in together[k]])
        rotation, location = together[k]
        assert (rotation is None) == (control.kind == "POLE") and (location is None) == (control.kind not in ("RIDE", "POLE"))
        if rotation is None or np.abs(rotation - control.basis_turn).max() > 1e-3:
            kinds.add(control.kind)
    # Something of every kind moved, so that the comparison says something.
    assert kinds == {control.kind for control in sample.controls}


def test_a_motion_that_stays_leaves_every_channel_to_the_last_digit(live):
    sample = live.sample
    for control, (rotation, location) in zip(
        sample.controls, channels(sample.stack, moves_of(sample, sample.motion, sample.motion)), strict=True
    ):
        if rotation is not None:
            np.testing.assert_array_equal(rotation, control.basis_turn)
        if location is not None:
            np.testing.assert_allclose(location, control.basis[:, :3, 3], rtol=0, atol=1e-12)


JOINTS = ("pelvis", "spine", "chest", "shoulder_l", "elbow_l", "wrist_l", "hip_l", "knee_l", "ankle_l")
# Every kind, in a space that stays, follows a joint or follows shares of several.
CARRIED = (
    ("spine", "TURN", {"pelvis": 1.0}), ("pelvis", "RIDE", {}), ("wrist_l", "RIDE", {"chest": 0.3, "pelvis": 0.5}),
    ("ankle_l", "POLE", {"pelvis": 1.0}), ("elbow_l", "TURN", {"spine": 0.4, "chest": 0.4}), ("wrist_l", "SWING", {"chest": 1.0}),
    ("ankle_l", "RIDE", {"hip_l": 1.0}), ("ankle_l", "SWING", {}), ("wrist_l", "POLE", {"spine": 0.5, "chest": 0.5}),
)  # fmt: skip


def _rigid(random, count):
    matrices = np.tile(np.eye(4), (count, 1, 1))
    matrices[:, :3, :3] = rotations.to_matrix(rotations.from_rotvec(random.normal(size=(count, 3))))
    matrices[:, :3, 3] = random.normal(size=(count, 3))
    return matrices


@pytest.fixture
def made_up():
    """Controls that no rig would have together, over five frames in which everything moves."""
    random = np.random.default_rng(3)
    controls = [
        Control(f"{joint} {kind}", joint, kind, _rigid(random, 5), 2 * _rigid(random, 5)[:, :3, :3], _rigid(random, 5), carriers)
        for joint, kind, carriers in CARRIED
    ]
    turn = rotations.from_rotvec(random.normal(0, 0.4, (5, len(JOINTS), 3)))
    before = random.normal(size=(5, len(JOINTS), 3))
    return ControlStack(controls, JOINTS), Moves(turn, before, before + random.normal(0, 0.1, before.shape))


def test_made_up_controls_together_and_apart(made_up):
    stack, moves = made_up
    for control, seen in zip(stack.controls, channels(stack, moves), strict=True):
        _same(seen, channels(ControlStack([control], JOINTS), moves)[0])


def test_channels_take_a_control_where_its_joint_goes(made_up):
    """In the space that its carriers made of its own, it has turned as its joint did, and lies where the joint took it."""
    stack, moves = made_up
    for control, (rotation, location) in zip(stack.controls, channels(stack, moves), strict=True):
        parts = [(JOINTS.index(joint), share) for joint, share in control.carriers.items()]
        carry = rotations.from_rotvec(sum((share * rotations.to_rotvec(moves.turn[:, k]) for k, share in parts), np.zeros((5, 3))))
        joint = JOINTS.index(control.joint)
        if control.kind in ("TURN", "RIDE"):
            turned = rotations.multiply(rotations.multiply(carry, control.space_turn), rotation)
            wanted = rotations.multiply(moves.turn[:, joint], rotations.multiply(control.space_turn, control.basis_turn))
            assert rotations.angle_between(turned, wanted).max() < 1e-7
        if location is None:
            continue
        origin = control.space[:, :3, 3]
        begin = origin + sum((share * (moves.carried([k], origin[:, None])[:, 0] - origin) for k, share in parts), np.zeros((5, 3)))
        place = begin + rotations.rotate(carry, np.einsum("tij,tj->ti", control.reach, location))
        if control.kind == "RIDE":
            np.testing.assert_allclose(place, moves.carried([joint], control.place[:, None])[:, 0], rtol=0, atol=1e-9)
        else:
            # A pole turns about the root of its limb.
            root = JOINTS.index("shoulder_l" if control.joint == "wrist_l" else "hip_l")
            far, far_before = (np.linalg.norm(at, axis=1) for at in (place - moves.after[:, root], control.place - moves.before[:, root]))
            np.testing.assert_allclose(far, far_before, rtol=0, atol=1e-9)
