"""The loop learns, keeps its best, and survives being killed."""

import csv

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.errors import DivergedError, FileFormatError
from agonist.training.loop import Schedule, fit, learning_rate

pytestmark = pytest.mark.training

SCHEDULE = Schedule(steps=120, minutes=10.0, learning_rate=1e-2, validate_every=20)


class Killed(Exception):
    """Stands for the process being ended."""


def _run(folder, *, kill_at=None, schedule=SCHEDULE, key="regression", score=None):
    """Fit y = 3 x with dropout, so that both generators matter. Returns the fit and the weights."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    module = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Dropout(0.2), torch.nn.Linear(16, 1))
    fixed = torch.linspace(-1, 1, 40).reshape(10, 4)

    def loss(step):
        if step == kill_at:
            raise Killed
        x = torch.tensor(rng.normal(size=(8, 4)), dtype=torch.float32)
        return (module(x) - 3 * x[:, :1]).square().mean()

    def validate():
        return score if score is not None else float((module(fixed) - 3 * fixed[:, :1]).square().mean().detach())

    before = validate()
    result = fit(
        list(module.parameters()), module, loss, validate, schedule, folder / "log.csv",
        rng=rng, checkpoint=folder / "c.safetensors", key=key,
    )  # fmt: skip
    return result, {name: value.clone() for name, value in module.state_dict().items()}, before, validate()


def test_the_rate_warms_up_and_falls_to_two_per_cent():
    assert [learning_rate(0.5, step, 0.0, warm_up=50) for step in (0, 24, 49, 99)] == pytest.approx([0.01, 0.25, 0.5, 0.5])
    assert [learning_rate(0.5, 1000, share) for share in (0.5, 1.0)] == pytest.approx([0.255, 0.01])


def test_it_learns_and_returns_the_best_weights(tmp_path):
    result, _, before, after = _run(tmp_path)
    assert after < 0.6 * before
    assert after == pytest.approx(result.score, rel=1e-5)
    assert (result.steps, result.stopped) == (120, "steps")


@pytest.mark.parametrize("kill_at", [1, 45, 100, 119])
def test_killed_and_called_again_it_ends_with_the_same_weights(tmp_path, kill_at):
    undisturbed = _run(tmp_path / "a")[1]
    with pytest.raises(Killed):
        _run(tmp_path / "b", kill_at=kill_at)
    resumed = _run(tmp_path / "b")[1]
    for name, value in undisturbed.items():
        assert torch.equal(resumed[name], value), name
    logs = [[(row[0], *row[2:]) for row in csv.reader((tmp_path / run / "log.csv").open())] for run in "ab"]
    assert logs[0] == logs[1]


def test_a_finished_training_is_not_done_again(tmp_path):
    first = _run(tmp_path)
    second = _run(tmp_path, kill_at=0)
    assert second[0].steps == first[0].steps
    for name, value in first[1].items():
        assert torch.equal(second[1][name], value)


def test_a_checkpoint_of_something_else_is_not_continued(tmp_path):
    _run(tmp_path, key="one")
    with pytest.raises(Killed):
        _run(tmp_path, kill_at=0, key="another")


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "c.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(FileFormatError, match=r"c\.safetensors.*start anew"):
        _run(tmp_path)


def test_it_stops_when_validation_no_longer_improves(tmp_path):
    schedule = Schedule(steps=10_000, minutes=10.0, learning_rate=1e-2, validate_every=10, patience=3)
    result = _run(tmp_path, schedule=schedule)[0]
    assert result.stopped == "patience" and result.steps < 10_000


def test_it_stops_in_time(tmp_path):
    schedule = Schedule(steps=10**9, minutes=0.3 / 60, learning_rate=1e-2, validate_every=50, patience=10**9)
    result = _run(tmp_path, schedule=schedule)[0]
    assert result.stopped == "time" and result.minutes < 5 / 60


def test_a_training_that_runs_away_is_no_result(tmp_path):
    schedule = Schedule(steps=30, minutes=10.0, learning_rate=1e30, validate_every=20)
    with pytest.raises(DivergedError, match=r"log: loss nan at step 20, learning rate at most 1e\+30. Expected finite numbers"):
        _run(tmp_path, schedule=schedule)
    # The log says so, and nothing is kept that could go on.
    assert [row[0] for row in csv.reader((tmp_path / "log.csv").open())] == ["step", "20"]
    assert not (tmp_path / "c.safetensors").exists()


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_training_that_was_never_judged_is_no_result(tmp_path, score):
    with pytest.raises(DivergedError, match=rf"log: validation {score}, as at each before, at step 120"):
        _run(tmp_path, score=score)
