"""Gait cycles: strikes where load begins, curves that line up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist.errors import MotionError
from agonist.gait import foot_strikes, over_strides
from tests.search import examples

TIMES = np.arange(0, 10, 0.01)


def walking(period, phase):
    """N on a foot that stands for 60 % of its cycle."""
    cycle = ((TIMES - phase) / period) % 1
    return np.where(cycle < 0.6, 800 * np.sin(np.pi * np.clip(cycle / 0.6, 0, 1)) ** 0.5, 0.0)


@settings(max_examples=examples(40))
@given(period=st.floats(0.6, 2.0), phase=st.floats(0.1, 0.5))
def test_strikes_are_where_load_begins(period, phase):
    strikes = foot_strikes(walking(period, phase), TIMES)
    expected = phase + period * np.arange(len(strikes))
    assert len(strikes) >= 3
    np.testing.assert_allclose(strikes[-3:] - strikes[-3], expected[-3:] - expected[-3], atol=0.011)


@settings(max_examples=examples(40))
@given(period=st.floats(0.6, 2.0))
def test_a_curve_of_the_cycle_comes_back_for_every_stride(period):
    strikes = np.arange(0.3, 9.5, period)
    values = np.stack([np.cos(2 * np.pi * (TIMES - 0.3) / period), np.ones(len(TIMES))], axis=1)
    curves = over_strides(values, TIMES, strikes)
    assert curves.shape == (len(strikes) - 1, 101, 2)
    np.testing.assert_allclose(curves[:, :, 0], np.tile(np.cos(np.linspace(0, 2 * np.pi, 101)), (len(curves), 1)), atol=2e-3)


def test_standing_has_no_strides():
    assert len(foot_strikes(np.full(100, 400.0), TIMES[:100])) == 0
    with pytest.raises(MotionError, match="0 contacts of the foot bound no stride"):
        over_strides(np.zeros((100, 1)), TIMES[:100], np.array([]))
