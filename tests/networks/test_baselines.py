"""Baselines answer what they were given, and what is linear."""

import numpy as np

from agonist.networks.baselines import NearestWindow, Ridge, aligned_pose


def test_nearest_window_knows_its_own_clips():
    rng = np.random.default_rng(0)
    questions, answers = [rng.normal(size=(n, 5)) for n in (40, 16)], [rng.normal(size=(n, 3)) for n in (40, 16)]
    nearest = NearestWindow.fit(questions, answers, 16)
    for question, answer in zip(questions, answers, strict=True):
        np.testing.assert_allclose(nearest.predict(question), answer, atol=1e-6)


def test_ridge_finds_a_linear_law_on_unseen_frames():
    rng = np.random.default_rng(0)
    law = rng.normal(size=(4, 2))
    poses = [np.cumsum(rng.normal(size=(300, 4)), axis=0) * 0.1 for _ in range(3)]
    ridge = Ridge.fit(poses[:2], [pose @ law + 0.5 for pose in poses[:2]], 20.0, strength=1e-4)
    np.testing.assert_allclose(ridge.predict(poses[2]), poses[2] @ law + 0.5, atol=0.02)


def test_aligned_pose_does_not_change_when_the_clip_is_moved_and_turned(keypoints):
    turned = keypoints[0] * [-1.0, -1.0, 1.0] + [4.0, 5.0, 0.2]
    np.testing.assert_allclose(aligned_pose(turned), aligned_pose(keypoints[0]), atol=1e-9)
