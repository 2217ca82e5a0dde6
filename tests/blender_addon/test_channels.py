"""All controls at a time get the channels that each gets by itself, and a frame those that it has in its clip."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import session, verbs
from blender_addon.rig.channels import ControlStack, channels, moves_of
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
