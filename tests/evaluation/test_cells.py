"""Sums of errors give the figures that the predictions themselves give."""

import json

import numpy as np
import pytest

from agonist.evaluation.cells import Cells
from agonist.metrics import pearson_r, rmse


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 1, (12, 30, 8))
    people, exercises = np.array(["A", "B"] * 6), np.array(["Squat"] * 6 + ["Row"] * 6)
    return truth + 0.1 * rng.normal(size=truth.shape), truth, people, exercises


def test_pooled_figures_are_those_of_all_samples(sample):
    predicted, truth, people, exercises = sample
    cells = Cells.of(predicted, truth, people, exercises, np.full(12, 1.0))
    assert cells.names == (("A", "Row"), ("A", "Squat"), ("B", "Row"), ("B", "Squat"))
    assert cells.rmse() == pytest.approx(rmse(predicted, truth))
    np.testing.assert_allclose(cells.rmse_columns(), [rmse(predicted[..., k], truth[..., k]) for k in range(8)])
    np.testing.assert_allclose(cells.r_columns(), pearson_r(predicted, truth), rtol=1e-9)
    assert cells.normalised_rmse() == pytest.approx(np.sqrt(((predicted - truth) ** 2).mean() / truth.reshape(-1, 8).var(axis=0).mean()))
    one = cells.only(person="A", exercise="Row")
    mine = (people == "A") & (exercises == "Row")
    assert one.rmse() == pytest.approx(rmse(predicted[mine], truth[mine]))


def test_gains_are_each_cells_own(sample):
    predicted, truth, people, exercises = sample
    gains = np.where(people == "A", 300.0, 200.0)
    cells = Cells.of(predicted, truth, people, exercises, gains)
    scale = gains[:, None, None]
    assert cells.rmse() == pytest.approx(rmse(scale * predicted, scale * truth))


def test_the_mean_has_normalised_rmse_one_and_no_r(sample):
    _, truth, people, exercises = sample
    mean = np.broadcast_to(truth.mean(axis=(0, 1)), truth.shape)
    cells = Cells.of(mean, truth, people, exercises, np.ones(12))
    assert cells.normalised_rmse() == pytest.approx(1.0) and np.isnan(cells.r_columns()).all() and np.isnan(cells.r())


def test_a_muscle_that_a_method_gave_up_counts_as_no_r_and_one_at_rest_does_not_count(sample):
    predicted, truth, people, exercises = sample
    dead = predicted.copy()
    dead[..., 0] = 0.5
    r = pearson_r(predicted, truth)
    assert Cells.of(dead, truth, people, exercises, np.ones(12)).r() == pytest.approx(r[1:].sum() / 8)
    still = truth.copy()
    still[..., 0] = 0.25
    assert Cells.of(predicted, still, people, exercises, np.ones(12)).r() == pytest.approx(r[1:].mean())


def test_cells_come_back_from_json_and_join(sample):
    predicted, truth, people, exercises = sample
    first, second = people == "A", people == "B"
    parts = [Cells.of(predicted[k], truth[k], people[k], exercises[k], np.ones(6)) for k in (first, second)]
    joined = Cells.joined([Cells.read(json.loads(json.dumps(part.document()))) for part in parts])
    assert joined.rmse() == pytest.approx(rmse(predicted, truth))
    with pytest.raises((KeyError, ValueError, TypeError)):
        Cells.read({"names": [["A", "Row"]], "gains": [1.0], "sums": [[1.0]]})


def test_keypoints_count_as_their_coordinates():
    rng = np.random.default_rng(0)
    truth, error = rng.normal(size=(4, 30, 25, 3)), np.zeros((4, 30, 25, 3))
    error[:, :, 7, 2] = 0.5
    cells = Cells.of(truth + error, truth, np.array(["A"] * 4), np.array(["Squat"] * 4), np.ones(4))
    assert cells.rmse() == pytest.approx(0.5 / np.sqrt(75)) and cells.rmse_columns()[7 * 3 + 2] == pytest.approx(0.5)
