"""TRC: what is written is read again, gaps and all."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agonist.io import trc
from agonist.io.markers import marker_layout
from agonist.motion import Keypoints
from tests.search import examples

NAMES = ("L.ASIS", "R.ASIS", "S1")


@settings(max_examples=examples(30))
@given(
    positions=arrays(float, (4, 3, 3), elements=st.floats(-50, 50)),
    fps=st.sampled_from([10.0, 29.97, 100.0, 1000.0]),
    gap=st.integers(0, 11),
)
def test_markers_survive_the_file(tmp_path_factory, positions, fps, gap):
    positions[gap // 3, gap % 3] = np.nan
    path = tmp_path_factory.mktemp("trc") / "walk.trc"
    trc.write(path, Keypoints(positions, marker_layout(NAMES), fps))
    again = trc.read(path)
    assert again.layout.names == NAMES and again.fps == fps
    np.testing.assert_allclose(again.positions, positions, atol=1e-8)
