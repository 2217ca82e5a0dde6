"""Limbs that a tracker exchanged come back; limbs that really cross are left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist.body.sides import exchange_back
from agonist.corpus.exercises import EXERCISES
from agonist.keypoint_layouts import BODY25
from agonist.predict import standing_keypoints
from tests.clips import exercise
from tests.search import examples

LEGS = [[BODY25.index(f"{part}_{side}") for part in ("hip", "knee", "ankle", "big_toe", "small_toe", "heel")] for side in "lr"]


def exchanged(points, frames, limbs):
    damaged = points.copy()
    left, right = limbs
    damaged[np.ix_(frames, left)], damaged[np.ix_(frames, right)] = points[np.ix_(frames, right)], points[np.ix_(frames, left)]
    return damaged


@pytest.mark.parametrize("name", EXERCISES)
def test_real_movements_are_left_alone(name):
    clip = standing_keypoints(exercise(name, 4.0))
    for every in (1, 2):
        given = clip.positions[::every]
        points, counts = exchange_back(given, clip.fps / every)
        assert not any(counts.values()) and points is given


@settings(max_examples=examples(25))
@given(first=st.integers(1, 100), length=st.integers(1, 50))
def test_exchanged_legs_come_back(first, length):
    clip = standing_keypoints(exercise("SideLunges", 4.0, seed=2))
    frames = np.arange(first, min(first + length, len(clip)))
    points, counts = exchange_back(exchanged(clip.positions, frames, LEGS), clip.fps)
    np.testing.assert_array_equal(points, clip.positions)
    assert counts == {"legs": len(frames), "arms": 0}
