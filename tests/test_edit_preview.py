"""One frame of an edit by itself is that frame of the whole edit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist.edit import prepare_edit
from agonist.errors import AgonistError
from tests.clips import exercise
from tests.search import examples

# What `EditSession.preview` promises: metres, quaternions' parts and activation.
TOLERANCE = 1e-6

SESSIONS = {
    name: prepare_edit(motion)
    for name, motion in {
        "short": exercise("Squat", 0.7, seed=1), "squat": exercise("Squat", 12.0, seed=2), "kicks": exercise("HighKick", 21.0, seed=3),
        "fast camera": exercise("Walk", 9.0, seed=4).resample(120.0), "slow camera": exercise("JumpingJack", 20.0, seed=5).resample(12.5),
    }.items()
}  # fmt: skip


def _assert_same(session, frame, scales, **scope):
    whole = session.edit(scales, refine=False, **scope)
    seen = session.preview(scales, frame, **scope)
    assert len(seen.motion) == 1
    np.testing.assert_allclose(
        seen.motion.rotations_parent_from_joint[0], whole.motion.rotations_parent_from_joint[frame], atol=TOLERANCE
    )
    np.testing.assert_allclose(seen.motion.positions_world[0], whole.motion.positions_world[frame], atol=TOLERANCE)
    np.testing.assert_allclose(seen.activation, whole.recommended.values[frame], atol=TOLERANCE)


@given(data=st.data())
@settings(max_examples=examples(60), deadline=None)
def test_a_preview_is_the_frame_of_the_whole_edit(data):
    session = SESSIONS[data.draw(st.sampled_from(sorted(SESSIONS)))]
    count = len(session.motion)
    frame = data.draw(st.integers(0, count - 1))
    muscles = session.model.contract.muscles.names
    scales = data.draw(st.dictionaries(st.sampled_from(muscles), st.sampled_from([0.3, 0.8, 1.0, 1.5, 2.4]), min_size=1, max_size=4))
    span = data.draw(st.none() | st.tuples(st.integers(0, count - 2), st.integers(1, count)).filter(lambda one: one[0] < one[1]))
    locked = data.draw(st.lists(st.sampled_from(["arms", "leg_l", "root", "trunk"]), unique=True, max_size=2))
    influence, planted = data.draw(st.sampled_from([0.0, 0.5, 1.0])), data.draw(st.booleans())
    _assert_same(session, frame, scales, frames=span, locked=locked, influence=influence, feet_planted=planted)


def test_a_preview_follows_a_curve_that_was_drawn():
    session = SESSIONS["squat"]
    factors = 1 + 0.8 * np.sin(np.arange(len(session.motion)) / 9)
    for frame in (0, 77, len(session.motion) - 1):
        _assert_same(session, frame, {"quadriceps": factors})


def test_a_preview_of_a_long_clip_looks_at_a_part_of_it():
    line = SESSIONS["kicks"]._timeline
    for frame in range(0, line.count, 17):
        for piece in line.around(frame):
            assert piece.frames[0] <= frame < piece.frames[1]
            assert piece.windows[1] - piece.windows[0] <= 7


def test_a_preview_refuses_what_an_edit_refuses():
    session = SESSIONS["squat"]
    for scales, scope in (({"nose": 2.0}, {}), ({"biceps": -1.0}, {}), ({"biceps": 2.0}, {"frames": (5, 4)})):
        with pytest.raises(AgonistError):
            session.preview(scales, 3, **scope)
