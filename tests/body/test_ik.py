"""Inverse kinematics: the posture that the keypoints leave open is the one that a person would take."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

from agonist.body.ik import solve_ik
from agonist.body.model import HINGES, scaled_body, segment_scales
from agonist.body.person import Person
from agonist.corpus.exercises import perform
from agonist.predict import standing_keypoints


@pytest.mark.parametrize("exercise", ["FrontPunch", "ElbowPunch", "HighKick", "Squat"])
def test_nobody_stands_with_a_hollow_back(exercise):
    # Hips, shoulders and head leave the tilt of the pelvis open: some clips began with 35 degrees of it, and kept them.
    clip = standing_keypoints(perform(exercise, 1.0, 1.72, np.random.default_rng(2)))
    body = scaled_body(segment_scales(clip.positions), Person())
    hinges = [
        solve_ik(body, clip.positions + shift, np.ones(clip.positions.shape[:2]))[1]
        for shift in (0.0, 0.006 * np.random.default_rng(3).standard_normal((25, 3)))
    ]
    stance = np.degrees(hinges[0][0, HINGES.index("hip_flexion_r")])
    assert stance < 25
    # Keypoints that lie a few millimetres beside these tell of the same back.
    lumbar = np.degrees([one[:, HINGES.index("flex_extension")] for one in hinges])
    assert np.abs(lumbar[0] - lumbar[1]).max() < 8
