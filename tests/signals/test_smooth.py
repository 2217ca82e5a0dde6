"""A moving average: what stays, what is linear, and where it looks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist.signals.smooth import raised_cosine
from tests.search import examples


@given(seed=st.integers(0, 10**6), half=st.integers(0, 9), frames=st.integers(1, 12))
@settings(max_examples=examples(40))
def test_a_mean_of_the_samples_around_with_the_ends_held(seed, half, frames):
    values = np.random.default_rng(seed).normal(size=(frames, 2, 3))
    weight = 1 + np.cos(np.pi * np.arange(-half, half + 1) / (half + 1))
    around = np.clip(np.arange(frames)[:, None] + np.arange(-half, half + 1), 0, frames - 1)
    expected = np.einsum("tkab,k->tab", values[around], weight / weight.sum())
    np.testing.assert_allclose(raised_cosine(values, half), expected, atol=1e-12)


@pytest.mark.parametrize("half", [-1, 0])
def test_nothing_to_average_over_changes_nothing(half):
    values = np.arange(5.0)
    assert raised_cosine(values, half) is values


def test_a_constant_stays():
    np.testing.assert_allclose(raised_cosine(np.full((4, 2), 3.0), 6), 3.0, rtol=1e-12)
