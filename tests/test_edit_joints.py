"""Turns move keypoints and skeletons alike, keep bone lengths, and do nothing at zero."""

import numpy as np
import pytest

from agonist.edit_joints import EDIT_JOINTS, KEYPOINT_BONES, apply_to_keypoints, apply_to_motion
from agonist.humanoid import body25_from_motion, map_humanoid
from agonist.keypoint_layouts import BODY25
from tests.clips import exercise


@pytest.fixture
def turns():
    rng = np.random.default_rng(1)
    return rng.normal(0, 0.3, (91, len(EDIT_JOINTS), 3)), rng.normal(0, 0.1, (91, 3))


def test_zero_turns_change_nothing_to_the_last_bit():
    motion = exercise()
    same = apply_to_motion(motion, map_humanoid(motion.skeleton), np.zeros((91, 13, 3)), np.zeros((91, 3)))
    np.testing.assert_array_equal(same.rotations_parent_from_joint, motion.rotations_parent_from_joint)
    np.testing.assert_array_equal(same.root_position, motion.root_position)


def test_legs_and_arms_move_as_the_keypoints_say(turns):
    motion = exercise()
    rotvec, root = turns
    # The rig's spine and neck turn a little above where the keypoints do.
    rotvec[:, [EDIT_JOINTS.index("spine"), EDIT_JOINTS.index("neck")]] = 0
    before = body25_from_motion(motion).positions
    moved = body25_from_motion(apply_to_motion(motion, map_humanoid(motion.skeleton), rotvec, root)).positions
    np.testing.assert_allclose(moved, apply_to_keypoints(before, rotvec, root), atol=1e-12)


def test_bone_lengths_are_kept(turns):
    before = body25_from_motion(exercise()).positions
    moved = apply_to_keypoints(before, *turns)
    for child, parent, _ in KEYPOINT_BONES:
        lengths = [np.linalg.norm(points[:, child] - points[:, parent], axis=-1) for points in (before, moved)]
        np.testing.assert_allclose(*lengths, atol=1e-12)


def test_mid_hip_moves_by_the_root_displacement(turns):
    before = body25_from_motion(exercise()).positions
    moved = apply_to_keypoints(before, *turns)
    hip = BODY25.index("mid_hip")
    np.testing.assert_allclose(moved[:, hip] - before[:, hip], turns[1], atol=1e-15)
