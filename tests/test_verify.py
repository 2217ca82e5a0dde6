"""Physics as the judge of an edit: every range of frames can be judged."""

import numpy as np
import pytest

pytest.importorskip("mujoco")
pytest.importorskip("myo_sim")

from agonist.edit import edit
from agonist.verify import verify_by_physics
from tests.clips import exercise


def test_a_range_at_the_very_end_is_judged():
    # 59 frames at 30 a second are 39 at 20, of which the last comes before frame 58.
    clip = exercise("Squat", 4.0).slice(0, 59)
    judged = verify_by_physics(clip, edit(clip, {"quadriceps": 1.5}, frames=(58, 59)))
    assert len(judged) == 8 and np.isfinite(list(judged.values())).all()
