"""Gradient descent through the shipped encoder: it is that encoder, and the muscle does what was asked."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.edit_joints import apply_to_keypoints
from agonist.errors import MotionError
from agonist.humanoid import body25_from_motion
from agonist.model import load_model
from agonist.networks.editor import Editor
from agonist.networks.motion_muscle import CONFIGS
from agonist.training.descent import _Turns, descend
from agonist.training.weights import encoder_twin
from tests.clips import exercise

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def encoder():
    return encoder_twin(load_model())


@pytest.fixture(scope="module")
def squat():
    return body25_from_motion(exercise("Squat", 4.0).resample(20.0)).positions


def test_the_module_is_the_shipped_network(encoder, squat):
    level, _ = encoder(torch.tensor(squat[None, :64], dtype=torch.float32))
    np.testing.assert_allclose(level[0].numpy(), load_model().encode(squat[:64])[0], atol=1e-5)


def test_it_goes_where_it_was_asked_and_nothing_is_nothing(encoder, squat):
    asked = np.zeros((3, 8))
    asked[0, 0], asked[1, 3] = 1.0, 0.585
    rotvec, root = descend(encoder, squat, asked, steps=15)
    assert rotvec.shape == (3, len(squat), 13, 3) and not rotvec[2].any() and not root[2].any()
    model = load_model()
    before = model.encode(squat)[0].mean(axis=0)
    for row, muscle in ((0, 0), (1, 3)):
        after = model.encode(apply_to_keypoints(squat, rotvec[row], root[row]))[0].mean(axis=0)
        assert after[muscle] > 1.1 * before[muscle]


def test_its_turns_are_as_smooth_as_the_editors(encoder):
    """Equal to the bit: the same average, however its ends are held."""
    editor = Editor(CONFIGS["agonist"], encoder)
    turns = _Turns(encoder, 2, 70, np.array([0, 6]), 64)
    values = torch.randn(2, 70, 13, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(turns._smoothed(values), editor._smoothed(values.flatten(2)).reshape(values.shape))


def test_a_clip_shorter_than_a_window_is_refused(encoder, squat):
    with pytest.raises(MotionError, match="at least the encoder's 64"):
        descend(encoder, squat[:40], np.ones((1, 8)))
