"""The envelope is what it says: of the band, without delay, in the signal's unit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("scipy")

from agonist.errors import InputError
from agonist.signals.envelope import EnvelopeSettings, emg_envelope, low_pass
from tests.search import examples

FPS = 1000.0


def _burst(centre_s: float = 2.0, width_s: float = 0.25, seconds: float = 4.0, hz: float = 110.0) -> tuple[np.ndarray, np.ndarray]:
    """A tone of 110 Hz whose loudness swells and fades, and that loudness."""
    times = np.arange(0, seconds, 1 / FPS)
    loudness = np.exp(-0.5 * ((times - centre_s) / width_s) ** 2)
    return (loudness * np.sin(2 * np.pi * hz * times))[:, None], loudness


def test_a_burst_gives_its_loudness_when_it_is_loud():
    raw, loudness = _burst()
    envelope = emg_envelope(raw, FPS)[:, 0]
    # A rectified sine's mean is 2 / pi of its height.
    np.testing.assert_allclose(envelope, 2 / np.pi * loudness, atol=0.02)
    assert abs(int(envelope.argmax()) - 2000) <= 5


def test_noise_gives_its_strength():
    # A muscle's signal is noise that is stronger when it works, not a tone.
    rate, rng = 2000.0, np.random.default_rng(0)
    times = np.arange(int(6 * rate)) / rate
    strength = 1.5 + np.sin(2 * np.pi * 0.5 * times)
    found = emg_envelope(0.3 + strength[:, None] * rng.normal(size=(len(times), 2)), rate)
    assert all(np.corrcoef(found[:, k], strength)[0, 1] > 0.95 for k in range(2))


def test_slow_movement_of_the_cable_and_an_offset_are_no_activity():
    raw, _ = _burst()
    times = np.arange(len(raw))[:, None] / FPS
    np.testing.assert_allclose(
        emg_envelope(raw + 3.0 + np.sin(2 * np.pi * 1.0 * times), FPS)[200:-200], emg_envelope(raw, FPS)[200:-200], atol=0.01
    )


@settings(max_examples=examples(20))
@given(st.integers(0, 2**31), st.floats(1e-6, 1e4))
def test_it_is_never_negative_and_follows_the_unit(seed, unit):
    raw = np.random.default_rng(seed).normal(size=(600, 2))
    envelope = emg_envelope(raw, FPS)
    assert envelope.shape == raw.shape and (envelope >= 0).all()
    np.testing.assert_allclose(emg_envelope(unit * raw, FPS), unit * envelope, rtol=1e-6, atol=1e-9 * unit)


def test_a_slow_sensor_is_told_and_one_that_is_too_slow_refused():
    raw = np.random.default_rng(0).normal(size=(600, 1))
    with pytest.warns(UserWarning, match="band ends at 225 Hz"):
        emg_envelope(raw, 500.0)
    with pytest.raises(InputError, match="cannot carry the band"):
        emg_envelope(raw, 40.0)


@pytest.mark.parametrize("raw", [np.zeros((10, 1)), np.zeros(600), np.full((600, 1), np.nan)])
def test_what_cannot_be_filtered_is_refused(raw):
    with pytest.raises(InputError, match="Expected"):
        emg_envelope(raw, FPS)


def test_the_low_pass_keeps_what_is_slow():
    times = np.arange(0, 4, 1 / FPS)[:, None]
    slow, fast = np.sin(2 * np.pi * times), np.sin(2 * np.pi * 40 * times)
    np.testing.assert_allclose(low_pass(slow + fast, FPS, EnvelopeSettings().low_pass_hz)[300:-300], slow[300:-300], atol=0.01)
