"""Excitation from activation undoes what activation dynamics (De Groote et al. 2016) did, and stays between 0 and 1."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist.body.activation_dynamics import activation_rate, excitation
from tests.search import examples

FPS = 100.0


def activated(excitations, start):
    """Activation (T, M) that excitations (T, M) give, integrated in small steps."""
    steps = 50
    values = [start]
    for before, after in pairwise(excitations):
        activation = values[-1]
        for k in range(steps):
            activation = activation + activation_rate(before + (after - before) * k / steps, activation) / FPS / steps
        values.append(activation)
    return np.array(values)


@settings(max_examples=examples(20))
@given(level=st.floats(0.2, 0.8), swing=st.floats(0.0, 0.19), hz=st.floats(0.2, 3.0), phase=st.floats(0, 6.28))
def test_excitation_comes_back(level, swing, hz, phase):
    wave = level + swing * np.sin(2 * np.pi * hz * np.arange(200)[:, None] / FPS + phase)
    activation = activated(wave, wave[0])
    # A central difference over 20 ms is off by (w dt)^2 / 6 of the slope.
    np.testing.assert_allclose(excitation(activation, FPS)[20:-1], wave[20:-1], atol=0.02)


def test_the_rate_is_the_published_one():
    """Full excitation of a muscle at rest: f = tanh(0.1) / 2, ta = 15 ms, td = 60 ms."""
    f = 0.5 * np.tanh(0.1)
    assert activation_rate(np.array([1.0]), np.array([0.0])) == pytest.approx((f + 0.5) / (0.015 * 0.5) + 0.5 / 0.060 * (0.5 - f))


def test_rest_needs_what_it_holds():
    held = np.full((20, 3), [0.0, 0.3, 1.0])
    np.testing.assert_allclose(excitation(held, FPS), held, atol=1e-12)


@settings(max_examples=examples(25))
@given(seed=st.integers(0, 1000), frames=st.integers(1, 60), fps=st.floats(5, 1000))
def test_noise_stays_between_0_and_1(seed, frames, fps):
    noisy = np.random.default_rng(seed).uniform(-0.2, 1.2, (frames, 4))
    found = excitation(noisy, fps)
    assert found.shape == noisy.shape and np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1


def test_excitation_rises_before_activation():
    bump = np.exp(-(((np.arange(100) - 50) / 8.0) ** 2))[:, None] * 0.6
    found = excitation(bump, FPS)
    assert 1 <= 50 - int(found.argmax()) <= 6
