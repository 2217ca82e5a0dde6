"""One network on one fold: all see the same windows, what is learned is used, and a kill changes nothing."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.networks.baselines import facing_windows, nearest
from agonist.networks.geometry import facing
from agonist.training import fold
from agonist.training.fold import FoldNetwork, FoldSet, train_fold
from tests.training.conftest import _formula, swaying

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def windows():
    from agonist.humanoid import body25_from_motion

    clips = [body25_from_motion(swaying(seed, 60)).positions[::2].astype(np.float32) for seed in range(24)]
    return FoldSet(
        np.stack(clips), np.stack([_formula(clip) for clip in clips]).astype(np.float32), np.arange(24) % 3
    )


def _part(windows, index):
    return FoldSet(windows.keypoints[index], windows.activation[index], windows.person[index])


def _train(windows, folder, network, frames=30, steps=4, **more):
    given = {"steps": steps, "batch": 4, "rate": 1e-3, "seed": 0, "mirror": True, "folder": folder, "key": "k", **more}
    return train_fold(network, frames, _part(windows, slice(0, 18)), _part(windows, slice(18, 24)), **given)


def test_ours_learns_the_formula(windows, tmp_path):
    train, test = _part(windows, slice(0, 18)), _part(windows, slice(18, 24))
    module, done = _train(windows, tmp_path, ("agonist", "encoder", 0), steps=80)
    mean = train.activation.mean(axis=(0, 1))
    error, floor = (np.sqrt(((guess - test.activation) ** 2).mean()) for guess in (module.predict(test), mean))
    assert error < 0.75 * floor and done.steps == 80
    assert not (tmp_path / "checkpoint.safetensors").exists() and (tmp_path / "log.csv").is_file()


@pytest.mark.parametrize("network", [("mia-paper", "encoder", 3), ("mia-paper", "decoder", 0), ("agonist", "encoder", 0),
                                     ("agonist", "decoder", 0)])  # fmt: skip
def test_all_draw_the_same_windows(windows, tmp_path, network, monkeypatch):
    drawn, cut = [], fold._cut
    monkeypatch.setattr(fold, "_cut", lambda *arguments: drawn.append(arguments[1].copy()) or cut(*arguments))
    _train(windows, tmp_path, network)
    # The generator's stream is a function of the seed only; the first call cuts the windows for stopping.
    rng = np.random.default_rng(0)
    for chosen in drawn[1:]:
        np.testing.assert_array_equal(chosen, rng.integers(18, size=4))
        rng.integers(1, size=4), rng.random(4)


@pytest.mark.parametrize("frames", [1, 7, 30])
@pytest.mark.parametrize("network", [("mia-paper", "encoder", 0), ("agonist", "encoder", 0)])
def test_a_short_network_covers_the_window_piece_by_piece(windows, frames, network):
    config, direction, people = network
    torch.manual_seed(0)
    module = FoldNetwork(config, direction, frames, people=people).eval()
    two = _part(windows, slice(0, 2))
    whole = module.predict(two)
    assert whole.shape == (2, 30, 8) and np.isfinite(whole).all() and (np.abs(whole).sum(axis=(1, 2)) > 0).all()
    piece = torch.tensor(two.keypoints[:, -frames:])
    last, _ = module.answer(piece, torch.tensor(two.activation[:, -frames:]), torch.tensor(two.person))
    left = 30 % frames or frames
    np.testing.assert_allclose(whole[:, -left:], last.detach().numpy()[:, -left:], atol=1e-5)


@pytest.mark.parametrize("direction", ["decoder", "decoder-2d"])
def test_a_decoder_answers_in_the_axes_of_the_truth(windows, direction):
    module = FoldNetwork("mia-paper", direction, 30)
    two = _part(windows, slice(0, 2))
    keypoints = torch.tensor(two.keypoints)
    wanted = module.target(keypoints, torch.tensor(two.activation))
    # What it should say, said by it, is the truth of the tables.
    module.answer = lambda k, a, c: (wanted, None)
    truth = facing_windows(two.keypoints)
    # A camera in front of the person sees no depth.
    np.testing.assert_allclose(module.predict(two), truth if direction == "decoder" else truth[..., [0, 2]], atol=1e-5)


def test_a_decoder_for_pictures_learns(windows, tmp_path):
    train, test = _part(windows, slice(0, 18)), _part(windows, slice(18, 24))
    module, _ = _train(windows, tmp_path, ("agonist", "decoder-2d", 0), steps=60)
    truth, mean = facing_windows(test.keypoints)[..., [0, 2]], facing_windows(train.keypoints)[..., [0, 2]].mean(axis=(0, 1))
    error, floor = (np.sqrt(((guess - truth) ** 2).mean()) for guess in (module.predict(test), mean))
    assert error < 0.97 * floor


def test_our_decoder_learns_and_stands_upright(windows, tmp_path):
    train, test = _part(windows, slice(0, 18)), _part(windows, slice(18, 24))
    module, _ = _train(windows, tmp_path, ("agonist", "decoder", 0), steps=60)
    truth, mean = facing_windows(test.keypoints), facing_windows(train.keypoints).mean(axis=(0, 1))
    error, floor = (np.sqrt(((guess - truth) ** 2).mean()) for guess in (module.predict(test), mean))
    assert error < 0.97 * floor


def test_the_person_changes_the_answer_only_where_it_is_told(windows):
    torch.manual_seed(0)
    for people in (3, 0):
        module = FoldNetwork("mia-paper", "encoder", 30, people=people).eval()
        one = _part(windows, slice(0, 1))
        other = FoldSet(one.keypoints, one.activation, one.person + 1)
        assert np.array_equal(module.predict(one), module.predict(other)) != bool(people)


def test_ours_learns_what_each_persons_sensors_read(windows, tmp_path):
    gains = np.array([0.3, 0.6, 1.0], dtype=np.float32)
    read = FoldSet(windows.keypoints, windows.activation * gains[windows.person][:, None, None], windows.person)
    test = _part(read, slice(18, 24))
    told, untold = (_train(read, tmp_path / str(people), ("agonist", "encoder", people), steps=80)[0] for people in (3, 0))
    errors = [np.sqrt(((one.predict(test) - test.activation) ** 2).mean()) for one in (told, untold)]
    assert errors[0] < 0.85 * errors[1]
    learned = told.log_gain.detach().numpy().mean(axis=1)
    np.testing.assert_allclose(learned - learned[2], np.log(gains / gains[2]), atol=0.2)


def test_somebody_new_has_the_mean_of_the_known_gains(windows, tmp_path):
    train = _part(windows, windows.person != 2)
    module, _ = train_fold(("agonist", "encoder", 3), 30, train, train, steps=3, batch=4, rate=1e-3, seed=0, mirror=False,
                           folder=tmp_path, key="k")  # fmt: skip
    gains = module.log_gains(torch.arange(3)).detach()
    torch.testing.assert_close(gains[2], gains[:2].mean(0))


def test_a_kill_changes_nothing(windows, tmp_path, monkeypatch):
    whole, _ = _train(windows, tmp_path / "a", ("agonist", "encoder", 0), steps=9)
    calls, cut = [], fold._cut

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return cut(*arguments)

    monkeypatch.setattr(fold, "_cut", killed)
    with pytest.raises(KeyboardInterrupt):
        _train(windows, tmp_path / "b", ("agonist", "encoder", 0), steps=9)
    monkeypatch.undo()
    resumed, _ = _train(windows, tmp_path / "b", ("agonist", "encoder", 0), steps=9)
    test = _part(windows, slice(18, 24))
    np.testing.assert_array_equal(whole.predict(test), resumed.predict(test))


def test_the_numpy_facing_is_torchs(windows):
    np.testing.assert_allclose(facing_windows(windows.keypoints), facing(torch.tensor(windows.keypoints)).numpy(), atol=1e-6)


def test_nearest_is_the_nearest():
    rng = np.random.default_rng(0)
    # Far from zero, where float32 squares would drown the differences.
    known, asked = (rng.normal(size=(n, 30, 8)).astype(np.float32) + 50 for n in (300, 5000))
    found = nearest(known, asked)
    some = rng.choice(5000, 60)
    exact = ((known.astype(float)[None] - asked[some].astype(float)[:, None]) ** 2).sum(axis=(2, 3)).argmin(axis=1)
    np.testing.assert_array_equal(found[some], exact)
    np.testing.assert_array_equal(nearest(known, known), np.arange(300))


def test_the_papers_network_takes_somebody_new_for_the_mean_of_those_it_knows(windows):
    module = FoldNetwork("mia-paper", "encoder", 30, people=5).eval()
    known = torch.tensor([0, 2, 2, 3])
    module.learn_scales(*(torch.tensor(one[:4]) for one in (windows.keypoints, windows.activation)), known)
    told = module._conditions(torch.tensor([0, 1, 2, 3, 4]))
    mean = (1.0 + 0.55 + 0.325) / 3
    np.testing.assert_allclose(told, [1.0, mean, 0.55, 0.325, mean], atol=1e-6)
