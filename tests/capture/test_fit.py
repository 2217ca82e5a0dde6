"""Keypoints to a skeleton and back."""

import numpy as np
import pytest

from agonist.capture.fit import fit_motion
from agonist.errors import MotionError
from agonist.humanoid import body25_from_motion
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints
from tests.clips import exercise

LIMBS = [BODY25.index(f"{part}_{side}") for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in "lr"]


@pytest.mark.parametrize("name", ["Squat", "HighKick", "HookPunch", "Lunge"])
def test_limb_joints_come_back_within_a_centimetre(name):
    before = body25_from_motion(exercise(name, 4.0))
    after = body25_from_motion(fit_motion(before))
    distance = np.linalg.norm(after.positions - before.positions, axis=-1)
    assert distance[:, LIMBS].mean() < 0.01
    assert distance.mean() < 0.025


def test_gaps_are_bridged():
    before = body25_from_motion(exercise("Squat", 4.0))
    points = before.positions.copy()
    points[20:26, BODY25.index("wrist_l")] = np.nan
    after = body25_from_motion(fit_motion(Keypoints(points, BODY25, 30.0)))
    assert np.linalg.norm(after.positions - before.positions, axis=-1)[20:26, BODY25.index("wrist_l")].max() < 0.08


def test_a_limb_never_seen_is_named():
    points = body25_from_motion(exercise("Squat", 1.0)).positions.copy()
    points[:, BODY25.index("knee_l")] = np.nan
    with pytest.raises(MotionError, match="knee_l"):
        fit_motion(Keypoints(points, BODY25, 30.0))


def test_a_point_is_no_body():
    with pytest.raises(MotionError, match="on top of each other"):
        fit_motion(Keypoints(np.zeros((5, 25, 3)), BODY25, 30.0))
