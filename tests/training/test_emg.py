"""The network of joint angles and EMG learns what there is to learn, tells people apart, and takes up a new one."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.networks.emg import EmgConfig, EmgNetwork
from agonist.training.emg import (
    EmgSchedule,
    Recording,
    calibrate,
    emg_features,
    motion_features,
    predict_recording,
    train_recordings,
)

pytestmark = pytest.mark.training

FPS = 25.0
SHORT = EmgSchedule(steps=150, frames=48, calibration_steps=80, calibration_rate=3e-3)


def person(seed: int, sign: float, frames: int = 300) -> Recording:
    """A swinging knee; the muscle works where the knee bends, or where it extends, as is the person's own."""
    rng = np.random.default_rng(seed)
    phase = np.cumsum(rng.uniform(0.8, 1.2, frames)) * 2 * np.pi * 0.8 / FPS
    angles = (30 + 25 * np.sin(phase))[:, None]
    return Recording(motion_features(angles, FPS, np.array([30.0])), np.clip(sign * np.cos(phase), 0, None)[:, None])


def _r(network, recording, index):
    guess = predict_recording(network, recording.features, index)
    return np.corrcoef(guess[:, 0], recording.targets[:, 0])[0, 1]


@pytest.fixture(scope="module")
def network():
    return train_recordings([person(0, 1.0), person(1, -1.0), person(2, 1.0), person(3, -1.0)], SHORT, seed=0)


def test_it_tells_people_apart(network):
    assert _r(network, person(10, 1.0), 0) > 0.9 and _r(network, person(10, -1.0), 1) > 0.9
    assert _r(network, person(10, -1.0), 0) < 0.2


@pytest.mark.parametrize("person_only", [True, False])
def test_a_new_person_is_learned_from_a_short_clip(network, person_only):
    clip, later = person(20, -1.0, 150), person(21, -1.0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    tuned = calibrate(network, clip, SHORT, seed=0, person_only=person_only)
    assert _r(tuned, later, 0) > max(0.85, _r(network, later, None) + 0.1)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), "the network it began from must not change"
    changed = {name for name, value in tuned.state_dict().items() if not torch.equal(value, before[name])}
    assert (changed == {"person.weight"}) == person_only


def test_the_same_seed_gives_the_same_network():
    short = EmgSchedule(steps=3, frames=32)
    a, b, c = (train_recordings([person(0, 1.0), person(1, -1.0)], short, seed) for seed in (5, 5, 6))
    asked = person(9, 1.0)
    np.testing.assert_array_equal(*(predict_recording(one, asked.features, 0) for one in (a, b)))
    assert not np.array_equal(predict_recording(a, asked.features, 0), predict_recording(c, asked.features, 0))


def test_it_sees_as_far_as_it_says_and_no_further():
    torch.manual_seed(0)
    network = EmgNetwork(EmgConfig(), 3, 2, 1).eval()
    x = torch.randn(1, 90, 3)
    changed = x.clone()
    changed[:, 45] += 1
    with torch.no_grad():
        moved = (network(x, torch.tensor([0])) - network(changed, torch.tensor([0]))).abs().sum(-1)[0] > 0
    where = torch.nonzero(moved).flatten()
    assert (where.min(), where.max()) == (45 - network.sight, 45 + network.sight)


def test_features_hold_velocity_in_degrees_a_second():
    angles = np.arange(50)[:, None] * 2.0
    features = motion_features(angles, FPS, np.array([0.0]))
    np.testing.assert_allclose(features[:, 2], 2 * FPS / 150)
    assert emg_features(np.ones((50, 4)), FPS).shape == (50, 12)
