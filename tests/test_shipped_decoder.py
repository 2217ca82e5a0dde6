"""The shipped decoder: people out of the activation of motions that it never saw."""

import numpy as np
import pytest

from agonist.keypoint_layouts import BODY25
from agonist.model import load_model
from agonist.predict import model_keypoints, standing_keypoints
from tests.clips import exercise


@pytest.fixture(scope="module")
def decoded():
    squat = exercise("Squat", 5.0)
    model, decoder = load_model("agonist"), load_model("agonist-decoder")
    activation = model.encode(model_keypoints(standing_keypoints(squat), 20.0))[0]
    return activation, decoder


def test_hypotheses_are_ordered_and_their_mean_is_the_answer(decoded):
    activation, decoder = decoded
    motions, likely = decoder.decode_hypotheses(activation)
    assert motions.shape == (8, len(activation), 25, 3)
    assert (np.diff(likely) <= 0).all() and likely.sum() == pytest.approx(1, abs=1e-4)
    mean = decoder.decode(activation)
    assert np.abs(np.tensordot(likely, motions, axes=1) - mean).max() < 0.1
    assert np.abs(motions[0] - motions[1]).mean() > 1e-3


def test_a_squats_activation_gives_a_body_that_squats(decoded):
    activation, decoder = decoded
    body = decoder.decode(activation)
    heights = {name: body[:, BODY25.index(name), 2] for name in ("nose", "mid_hip", "knee_l", "ankle_l")}
    assert (heights["nose"] > heights["mid_hip"] + 0.3).all() and (heights["knee_l"] > heights["ankle_l"]).all()
    # Hips come nearer to the ankles where the quadriceps works.
    leg = heights["mid_hip"] - heights["ankle_l"]
    assert np.ptp(leg) > 0.15
    assert np.corrcoef(leg, activation[:, :1].mean(axis=1) + activation[:, 4])[0, 1] < -0.5
