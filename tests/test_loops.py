"""Clips for engines: travel, in place, and loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist import rotations
from agonist.loops import close_rotations, close_values, in_place, loop_weights, looped, travel_path
from tests.clips import exercise
from tests.search import examples


def _walking(speed_m_s):
    """A squat on a conveyor."""
    from dataclasses import replace

    motion = exercise("Squat", 3.0, seed=1)
    way = np.arange(len(motion))[:, None] / motion.fps * np.array([[0.0, -speed_m_s, 0.0]])
    return replace(motion, root_position=motion.root_position + way)


@given(speed=st.floats(-3, 3), fps=st.sampled_from([24.0, 30.0, 120.0]), count=st.integers(1, 200))
@settings(max_examples=examples(30))
def test_a_straight_way_is_travel_and_nothing_else(speed, fps, count):
    way = np.arange(count)[:, None, None] / fps * np.array([speed, 0.5 * speed, 0.0])
    points = np.array([[0.3, 0.1, 1.0], [-0.3, 0.0, 0.2]]) + way
    np.testing.assert_allclose(travel_path(points, fps), way[:, 0], atol=1e-9)


def test_in_place_takes_the_way_and_leaves_the_pose():
    still, walking = in_place(_walking(0.0)), in_place(_walking(1.3))
    np.testing.assert_allclose(walking.root_position, still.root_position, atol=1e-9)
    np.testing.assert_array_equal(walking.rotations_parent_from_joint, still.rotations_parent_from_joint)


def test_a_standing_exercise_hardly_travels():
    motion = exercise("Squat", 3.0, seed=1)
    assert np.abs(in_place(motion).root_position - motion.root_position).max() < 0.08
    np.testing.assert_array_equal(in_place(motion).root_position[:, 2], motion.root_position[:, 2])


def test_a_looped_clip_ends_in_its_first_pose_and_keeps_its_way():
    motion = _walking(1.0)
    loop = looped(motion)
    angle = rotations.angle_between(loop.rotations_parent_from_joint[-1], loop.rotations_parent_from_joint[0])
    assert angle.max() < 1e-7
    step = loop.root_position[-1] - loop.root_position[0]
    assert step[1] == pytest.approx(-motion.duration, abs=0.1) and abs(step[2]) < 1e-9
    untouched = loop_weights(len(motion), motion.fps) == 0
    assert untouched.sum() > len(motion) / 2
    np.testing.assert_allclose(loop.root_position[untouched], motion.root_position[untouched], atol=1e-12)


@given(count=st.integers(1, 90), seed=st.integers(0, 99))
@settings(max_examples=examples(30))
def test_what_is_closed_ends_where_it_began(count, seed):
    rng = np.random.default_rng(seed)
    weights = loop_weights(count, 30.0)
    values = rng.normal(size=(count, 4, 3))
    turns = rotations.normalize(rng.normal(size=(count, 4, 4)))
    assert weights[-1] == 1 and (np.diff(weights) >= 0).all()
    np.testing.assert_allclose(close_values(values, weights)[-1], values[0], atol=1e-12)
    closed = close_rotations(turns, weights)
    assert rotations.angle_between(closed[-1], turns[0]).max() < 1e-6
    np.testing.assert_allclose(np.linalg.norm(closed, axis=-1), 1.0)
