"""Windows cover every frame and leave no seam."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agonist.windows import blend_windows, split_windows, window_starts


@given(st.integers(1, 400), st.integers(1, 64))
def test_splitting_and_blending_gives_the_clip_back(frames, window):
    values = np.random.default_rng(frames).normal(size=(frames, 2))
    np.testing.assert_allclose(blend_windows(split_windows(values, window), frames), values, atol=1e-12)


@given(st.integers(1, 400), st.integers(1, 64))
def test_windows_lie_in_the_clip_and_overlap(frames, window):
    starts = window_starts(frames, window)
    assert starts[0] == 0
    assert starts[-1] == max(0, frames - window)
    assert (np.diff(starts) <= max(1, (window + 1) // 2)).all()
