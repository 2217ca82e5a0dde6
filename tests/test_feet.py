"""Planted feet are found, and stay."""

import numpy as np

from agonist import rotations
from agonist.edit_joints import EDIT_JOINTS, accumulated, apply_to_keypoints
from agonist.feet import plant_feet, planted
from agonist.humanoid import body25_from_motion
from agonist.keypoint_layouts import BODY25
from tests.clips import exercise


def test_both_feet_stand_in_a_squat_and_nobody_stands_at_the_top_of_a_jump():
    squat = body25_from_motion(exercise("Squat")).positions
    assert planted(squat, 30.0).min() > 0.9
    jump = body25_from_motion(exercise("Jump", 6.0)).positions
    soles = jump[:, [BODY25.index(f"{name}_{side}") for name in ("heel", "big_toe", "small_toe") for side in "lr"], 2]
    top = int(soles.min(axis=1).argmax())
    assert soles[top].min() > 0.03
    assert planted(jump, 30.0)[top].max() < 0.2


def test_feet_come_back_where_they_stood():
    before = body25_from_motion(exercise("Squat", 4.0)).positions
    count = len(before)
    swing = np.sin(np.pi * np.arange(count) / count)[:, None]
    rotvec = np.random.default_rng(0).normal(0, 0.15, (len(EDIT_JOINTS), 3)) * swing[..., None]
    root = swing * np.array([0.04, 0.0, 0.04])
    moved = apply_to_keypoints(before, rotvec, root)
    total = accumulated(rotvec)
    foot = np.stack([total[:, EDIT_JOINTS.index(f"ankle_{side}")] for side in "lr"], axis=1)
    weight = planted(before, 30.0)
    fixed = apply_to_keypoints(moved, *plant_feet(before, moved, foot, weight, 30.0))
    for name in ("ankle_l", "ankle_r", "heel_l", "big_toe_r"):
        k = BODY25.index(name)
        assert np.abs(moved[:, k] - before[:, k]).max() > 0.03
        assert np.abs(fixed[:, k] - before[:, k])[weight.min(axis=1) > 0.99].max() < 0.005


def test_an_unmoved_body_is_left_alone():
    before = body25_from_motion(exercise("Walk", 4.0)).positions
    rotvec, root = plant_feet(before, before, rotations.identity(len(before), 2), planted(before, 30.0), 30.0)
    np.testing.assert_array_equal(rotvec, 0)
    np.testing.assert_array_equal(root, 0)
