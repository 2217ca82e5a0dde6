"""A new person's sensor gains from a clip: found where muscles work, the known mean where they do not, and nobody else is touched."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.errors import InputError
from agonist.training.calibration import Prior, calibrated, fitted_log_factor, gain_prior, worked_log_factor
from agonist.training.fold import FoldNetwork, FoldSet, train_fold
from tests.training.conftest import _formula, swaying

pytestmark = pytest.mark.training

_FACTORS = np.array([2.0, 0.5, 1.0, 2.0, 0.5, 1.0, 1.5, 0.7], dtype=np.float32)


@pytest.fixture(scope="module")
def windows():
    from agonist.humanoid import body25_from_motion

    clips = [body25_from_motion(swaying(seed, 60)).positions[::2].astype(np.float32) for seed in range(24)]
    activation = np.stack([_formula(clip) for clip in clips]).astype(np.float32)
    # Two people in four are known.
    return FoldSet(np.stack(clips), activation, np.arange(24) % 2)


def _of(windows, person, index, factors=1.0):
    count = len(range(24)[index])
    return FoldSet(windows.keypoints[index], windows.activation[index] * np.float32(factors), np.full(count, person))


def _network(windows, direction="encoder", spread=0.8):
    """Untrained; the known people's gains differ by so much, each muscle's by itself."""
    torch.manual_seed(0)
    module = FoldNetwork("agonist", direction, 30, people=4)
    module.learn_scales(*(torch.tensor(one) for one in (windows.keypoints, windows.activation, windows.person)))
    module.log_gain.data[:2] = spread * torch.tensor([[1.0, -1.0] * 4, [-1.0, 1.0] * 4])
    return module.eval()


def _as_predicted(module, windows):
    return FoldSet(windows.keypoints, module.predict(windows), windows.person)


def _wide(common, single):
    return Prior(torch.zeros(8), common**2 + single**2 * torch.eye(8))


def test_an_encoder_is_told_gains_from_a_half_to_twice(windows):
    module = _network(windows)
    clip = _of(windows, 3, slice(0, 4))
    read = module.predict(clip) * _FACTORS
    told = calibrated(module, FoldSet(clip.keypoints, read, clip.person), _as_predicted(module, windows))
    np.testing.assert_allclose(told.log_gains(torch.tensor([3])).detach()[0, 0], np.log(_FACTORS), atol=0.12)
    # On windows that were not in the clip, too.
    other = _of(windows, 3, slice(4, 8))
    np.testing.assert_allclose(told.predict(other), module.predict(other) * _FACTORS, rtol=0.12)


def test_a_muscle_that_did_not_work_in_the_clip_keeps_the_mean(windows):
    predicted = torch.rand(4, 30, 8, generator=torch.Generator().manual_seed(0))
    power = predicted.square().mean(dim=(0, 1))
    predicted[..., 2] = 0.003
    read = 2 * predicted
    read[..., 2] = 0.01 + 0.01 * torch.rand(4, 30, generator=torch.Generator().manual_seed(1))
    alone = worked_log_factor(predicted, read, power, _wide(0.0, 0.5))
    assert abs(alone[2]) < 0.02 and torch.allclose(alone[[0, 1, 3, 7]], torch.log(torch.tensor(2.0)), atol=0.1)
    # Where gains of a person's muscles go together, the others tell of it.
    together = worked_log_factor(predicted, read, power, _wide(0.5, 0.01))
    assert together[2] == pytest.approx(float(np.log(2)), abs=0.1)


def test_a_clip_that_says_nothing_leaves_the_mean(windows):
    nothing = torch.zeros(4, 30, 8)
    told = worked_log_factor(nothing, nothing, torch.ones(8), _wide(0.3, 0.2))
    assert torch.isfinite(told).all() and told.abs().max() < 1e-4
    assert worked_log_factor(nothing, nothing, torch.zeros(8), _wide(0.3, 0.2)).abs().max() < 1e-4


def test_known_people_who_are_alike_draw_the_new_one_to_them(windows):
    clip = _of(windows, 3, slice(0, 4))
    found = []
    for spread in (0.8, 0.05):
        module = _network(windows, spread=spread)
        read = module.predict(clip) * _FACTORS
        told = calibrated(module, FoldSet(clip.keypoints, read, clip.person), _as_predicted(module, windows))
        found.append(float(told.log_gains(torch.tensor([3])).detach().square().mean()))
    assert found[1] < 0.3 * found[0]


def test_what_muscles_have_in_common_is_told_from_what_each_has_for_itself(windows):
    module = _network(windows)
    person, own = 0.3 * torch.randn(4, 1), 0.1 * torch.randn(4, 8)
    module.log_gain.data, module.known = person + own, torch.ones(4, dtype=torch.bool)
    prior = gain_prior(module)
    torch.testing.assert_close(prior.mean, (person + own).mean(dim=0))
    off = prior.covariance - torch.diag(prior.covariance.diagonal())
    # One number for any pair, and the average is that of the people.
    real = torch.cov((person + own).T)
    assert prior.covariance.sum() == pytest.approx(float(real.sum()), rel=1e-4) and off[0, 1] == off[5, 3] > 0
    assert prior.covariance.trace() == pytest.approx(float(real.trace()), rel=1e-4)


@pytest.mark.parametrize("direction", ["encoder", "decoder"])
def test_nobody_else_is_told_anything(windows, direction):
    module = _network(windows, direction)
    before = module.log_gains(torch.arange(4)).detach().clone()
    told = calibrated(module, _of(windows, 3, slice(0, 4), 2.0), windows)
    after = told.log_gains(torch.arange(4)).detach()
    # The other new person still has the mean of those whose gains were learned.
    torch.testing.assert_close(after[:2], before[:2])
    assert told.known.tolist() == [True, True, False, True] and module.known.tolist() == [True, True, False, False]
    torch.testing.assert_close(module.log_gains(torch.arange(4)).detach(), before)
    both = calibrated(module, _two(_of(windows, 2, slice(8, 12)), _of(windows, 3, slice(0, 4), 2.0)), windows)
    torch.testing.assert_close(both.log_gains(torch.tensor([3])).detach(), after[3:], atol=1e-5, rtol=1e-5)


def _two(a, b):
    return FoldSet(*(np.concatenate([getattr(one, name) for one in (a, b)]) for name in ("keypoints", "activation", "person")))


@pytest.fixture(scope="module")
def decoder(windows, tmp_path_factory):
    module, _ = train_fold(("agonist", "decoder", 4), 30, windows, windows, steps=60, batch=4, rate=1e-3, seed=0, mirror=False,
                           folder=tmp_path_factory.mktemp("decoder"), key="k")  # fmt: skip
    return module.eval()


@pytest.mark.parametrize(
    ("factors", "worst", "left"),
    # Gains that lie as far apart as no known people's would take more steps; most of the way is made.
    [((0.5,) * 8, 0.03, 0.01), ((1.5, 0.7, 1.0, 1.5, 0.7, 1.0, 1.3, 0.8), 0.08, 0.01), (tuple(_FACTORS), 0.4, 0.25)],
)
def test_a_decoder_is_told_gains_that_explain_its_answer(windows, decoder, monkeypatch, factors, worst, left):
    keypoints, activation = (torch.tensor(one[:6]) for one in (windows.keypoints, windows.activation))
    person, factor = torch.full((6,), 3), torch.tensor(factors, dtype=torch.float32)
    truth = decoder.answer(keypoints, activation, person)[0].detach()
    monkeypatch.setattr(decoder, "target", lambda *_: truth)
    found = fitted_log_factor(decoder, keypoints, activation * factor, person, _wide(0.0, 2.0))
    assert (found - torch.log(factor)).abs().max() < worst
    errors = [
        (decoder.answer(keypoints, activation * factor * torch.exp(-one), person)[0] - truth).detach().square().mean()
        for one in (found, torch.zeros(8))
    ]
    assert errors[0] < left * errors[1]


def test_a_calibrated_decoder_errs_less_on_what_was_not_in_the_clip(windows, decoder):
    truth = windows.keypoints[6:12]
    told = calibrated(decoder, _of(windows, 3, slice(0, 6), 0.5), windows)
    errors = []
    for module in (decoder, told):
        other = _of(windows, 3, slice(6, 12), 0.5)
        wanted = module.target(torch.tensor(truth), torch.tensor(other.activation))
        given = (torch.tensor(one) for one in (other.keypoints, other.activation, other.person))
        errors.append(float((module.answer(*given)[0] - wanted).detach().square().mean()))
    assert errors[1] < errors[0] and (told.log_gains(torch.tensor([3])) < decoder.log_gains(torch.tensor([3]))).float().mean() > 0.5


@pytest.mark.parametrize(("config", "people"), [("agonist", 0), ("mia-paper", 4)])
def test_a_network_without_gains_is_refused(windows, config, people):
    with pytest.raises(InputError, match="learned no sensor gains"):
        calibrated(FoldNetwork(config, "encoder", 30, people=people), _of(windows, 3, slice(0, 4)), windows)
