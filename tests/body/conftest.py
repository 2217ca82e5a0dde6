"""A body of average size, scaled once for all tests."""

import pytest


@pytest.fixture(scope="session")
def body():
    pytest.importorskip("mujoco")
    from agonist.body.model import scaled_body, segment_scales
    from agonist.body.person import Person
    from agonist.predict import standing_keypoints
    from tests.clips import exercise

    return scaled_body(segment_scales(standing_keypoints(exercise("Idle", 1.0)).positions), Person())
