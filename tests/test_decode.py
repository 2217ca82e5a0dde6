"""Activation of any rate, length and column order becomes a body's motion about its hips."""

from dataclasses import replace

import numpy as np
import pytest

from agonist.activation import Activation
from agonist.decode import PLACE, decode
from agonist.errors import ContractError, InputError, MotionError
from agonist.keypoint_layouts import BODY25
from agonist.model import load_model
from agonist.muscles import MuscleSet, muscle_set
from agonist.predict import predict
from tests.clips import exercise


@pytest.fixture(scope="module")
def activation() -> Activation:
    """Five seconds of a squat at 30 frames a second, predicted."""
    return replace(predict(exercise("Squat", 5.0)), start=1.5)


def test_it_has_the_activations_frames_and_no_place_in_the_room(activation):
    body = decode(activation)
    assert (len(body), body.fps, body.start, body.layout) == (len(activation), activation.fps, 1.5, BODY25)
    np.testing.assert_allclose(body.positions[:, BODY25.index("mid_hip")], 0, atol=0.02)
    # The character's left is +X where it faces -Y.
    left = body.positions[:, BODY25.index("hip_l")] - body.positions[:, BODY25.index("hip_r")]
    assert (left[:, 0] > 0.05).all() and abs(left[:, 1].mean()) < 0.05
    assert body.provenance["place"] == PLACE and body.provenance["model"] == "agonist-decoder"
    assert body.provenance["activation"] == "predicted by agonist"


def test_a_squats_activation_gives_a_body_that_squats(activation):
    body = decode(activation).positions
    leg = body[:, BODY25.index("mid_hip"), 2] - body[:, BODY25.index("ankle_l"), 2]
    assert np.ptp(leg) > 0.15
    effort = activation.column("quadriceps_l") + activation.column("quadriceps_r")
    assert np.corrcoef(leg, effort)[0, 1] < -0.5


def test_at_the_models_own_rate_it_is_what_the_model_says(activation):
    own = activation.resample(20.0)
    np.testing.assert_allclose(decode(own).positions, load_model("agonist-decoder").decode(own.values), atol=1e-12)


def test_each_of_the_motions_can_be_had_the_likeliest_first(activation):
    motions, probabilities = load_model("agonist-decoder").decode_hypotheses(activation.resample(20.0).values)
    own = [decode(activation.resample(20.0), likeliest=k + 1) for k in range(len(motions))]
    np.testing.assert_allclose([one.positions for one in own], motions, atol=1e-12)
    assert own[1].provenance["answer"] == f"motion 2 of {len(motions)}, probability {probabilities[1]:.2f}"
    assert decode(activation).provenance["answer"] == "mean"
    for wrong in (0, len(motions) + 1):
        with pytest.raises(InputError, match=f"Likeliest {wrong}: .* knows {len(motions)} motions .* Expected 1 to {len(motions)}"):
            decode(activation, likeliest=wrong)
    # A decoder of one answer gives that.
    paper = load_model("mia-paper")
    np.testing.assert_array_equal(decode(activation, paper, likeliest=1).positions, decode(activation, paper).positions)


@pytest.mark.parametrize("fps", [7.3, 100.0])
def test_the_rate_hardly_matters(activation, fps):
    slow, other = decode(activation.resample(20.0)), decode(activation.resample(fps))
    times = np.arange(len(other)) / fps
    inside = times <= slow.duration
    at = np.stack([np.interp(times[inside], np.arange(len(slow)) / 20.0, column) for column in slow.positions.reshape(len(slow), -1).T], 1)
    assert np.sqrt(np.mean((at - other.positions.reshape(len(other), -1)[inside]) ** 2)) < 0.03


@pytest.mark.parametrize("frames", [1, 2, 63])
def test_clips_shorter_than_a_window(activation, frames):
    short = replace(activation, values=activation.values[:frames], uncertainty=None)
    assert decode(short).positions.shape == (frames, 25, 3)


def test_columns_are_found_by_name(activation):
    muscles = muscle_set("mia8").muscles
    extra = replace(muscles[0], name="deltoid_l")
    other = MuscleSet("mine", (extra, *muscles[::-1]))
    turned = Activation(np.column_stack([np.ones(len(activation)), activation.values[:, ::-1]]), other, activation.fps)
    np.testing.assert_array_equal(decode(turned).positions, decode(activation).positions)


def test_the_papers_decoder_does_it_too(activation):
    body = decode(activation, load_model("mia-paper"))
    assert len(body) == len(activation) and body.provenance["model_fps"] == 10.0


def test_what_cannot_be_decoded_is_named(activation):
    few = Activation(activation.values[:, :1], MuscleSet("one", muscle_set("mia8").muscles[:1]), 30.0)
    with pytest.raises(MotionError, match=r"Activation of quadriceps_l: no hamstrings_l, .* Expected quadriceps_l, hamstrings_l"):
        decode(few)
    with pytest.raises(MotionError, match=r"0\.0 frames a second"):
        decode(replace(activation, fps=0.0))
    with pytest.raises(ContractError, match="has no decoder"):
        decode(activation, load_model("agonist"))
