"""Motion and Keypoints: what was recorded stays through resampling, and what cannot be is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist.errors import MotionError
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints
from tests.clips import exercise
from tests.search import examples


def points(frames=10):
    return np.random.default_rng(0).uniform(-1, 1, (frames, 25, 3))


@pytest.mark.parametrize("fps", [10.0, 5.0, 20.0, 30.0])
def test_a_recorded_frame_stays_beside_an_unseen_one(fps):
    positions = points()
    positions[5, 3] = np.nan
    clip = Keypoints(positions, BODY25, 10.0, np.where(np.isnan(positions[..., 0]), 0.0, 0.7)).resample(fps)
    times = np.arange(len(clip)) * 10 / fps
    seen = np.abs(times - 5) > 1 - 1e-9
    np.testing.assert_array_equal(np.isfinite(clip.positions[:, 3, 0]), seen)
    np.testing.assert_allclose(clip.confidence[:, 3], 0.7 * seen, rtol=1e-12)
    recorded = np.abs(times - np.rint(times)) < 1e-9
    np.testing.assert_allclose(clip.positions[recorded], positions[np.rint(times[recorded]).astype(int)], rtol=1e-9)


@settings(max_examples=examples(60))
@given(fps=st.sampled_from([7.3, 10.0, 24.0, 29.97, 59.94, 120.0]), times=st.integers(1, 9), unseen=st.integers(0, 59))
def test_every_recorded_frame_is_in_a_clip_of_many_times_the_rate(fps, times, unseen):
    positions = points(60)
    positions[unseen] = np.nan
    clip = Keypoints(positions, BODY25, fps).resample(fps * times)
    np.testing.assert_allclose(clip.positions[::times], positions, rtol=1e-9)


def test_numpys_numbers_become_pythons():
    clips = (exercise("Squat", 0.2), Keypoints(points(), BODY25, 10.0))
    for clip in (replace(one, fps=np.float32(30.0), start=np.float64(2.0)) for one in clips):
        assert (type(clip.fps), type(clip.start), clip.fps, clip.start) == (float, float, 30.0, 2.0)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_point_that_is_not_finite_is_unseen_as_a_whole(wrong):
    positions = points()
    positions[3, 4, 1] = wrong
    clip = Keypoints(positions, BODY25, 10.0, np.full((10, 25), 0.8))
    assert np.isnan(clip.positions[3, 4]).all() and np.isnan(clip.positions).sum() == 3
    assert clip.confidence[3, 4] == 0 and clip.confidence.min(axis=0)[5] == 0.8


@pytest.mark.parametrize(("confidence", "found"), [(100.0, "1 to 100"), (-1.0, "-1 to 1"), (np.nan, "NaN")])
def test_confidence_outside_its_range_is_refused(confidence, found):
    given = np.ones((10, 25))
    given[2, 7] = confidence
    with pytest.raises(MotionError, match=found):
        Keypoints(points(), BODY25, 10.0, given)


def test_confidence_of_a_point_that_was_not_seen_does_not_matter():
    positions, given = points(), np.ones((10, 25))
    positions[2, 7], given[2, 7] = np.nan, -1.0
    assert Keypoints(positions, BODY25, 10.0, given).confidence[2, 7] == 0
