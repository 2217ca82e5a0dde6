"""Few keys for a curve, and never further off than asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from agonist.errors import InputError
from agonist.keyframes import key_frames
from tests.search import examples


@given(hnp.arrays(float, st.integers(1, 80), elements=st.floats(0, 1)), st.floats(0.001, 0.5))
@settings(max_examples=examples(60))
def test_lines_between_the_keys_stay_within_the_tolerance(values, tolerance):
    keys = key_frames(values, tolerance)
    assert keys[0] == 0 and keys[-1] == len(values) - 1 and (np.diff(keys) > 0).all()
    assert np.abs(np.interp(np.arange(len(values)), keys, values[keys]) - values).max() <= tolerance


def test_a_line_needs_its_ends_and_a_peak_its_top():
    assert key_frames(np.linspace(0.2, 0.7, 50), 0.01).tolist() == [0, 49]
    assert key_frames(np.minimum(np.arange(50), 60 - 2 * np.arange(50).clip(20)) / 20.0, 0.01).tolist() == [0, 20, 49]


def test_a_smooth_curve_of_a_hundred_frames_takes_a_dozen():
    assert len(key_frames(0.5 + 0.4 * np.sin(np.linspace(0, 2 * np.pi, 100)), 0.02)) <= 13


@pytest.mark.parametrize(("values", "tolerance"), [([], 0.1), ([[0.0]], 0.1), ([0.0, np.nan], 0.1), ([0.0], 0.0), ([0.0], np.nan)])
def test_what_cannot_be_keyed(values, tolerance):
    with pytest.raises(InputError):
        key_frames(np.array(values), tolerance)
