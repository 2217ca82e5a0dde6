"""Intervals are as wide as what is drawn anew makes them."""

import numpy as np
import pytest

from agonist.evaluation.bootstrap import crossed_weights, intervals, resampling_weights
from agonist.evaluation.cells import Cells


def test_bootstrap_is_seeded_and_covers_what_it_should():
    rng = np.random.default_rng(0)
    truth, people, exercises = rng.uniform(0, 1, (12, 30, 8)), np.array(["A", "B"] * 6), np.array(["Squat"] * 6 + ["Row"] * 6)
    cells = Cells.of(truth + 0.1 * rng.normal(size=truth.shape), truth, people, exercises, np.ones(12))
    weights = resampling_weights(4, 500, 7)
    np.testing.assert_array_equal(weights, resampling_weights(4, 500, 7))
    assert (weights.sum(axis=1) == 4).all() and weights.std() > 0
    low, high = intervals(cells.rmse(weights))
    assert low < cells.rmse() < high
    # A draw of every cell once is the estimate itself.
    np.testing.assert_allclose(cells.rmse(np.ones((1, 4))), [cells.rmse()])
    assert np.isnan(intervals(np.array([np.nan]))).all()


def test_people_and_exercises_are_drawn_by_themselves():
    names = [(person, exercise) for person in "ABCDE" for exercise in ("Squat", "Row", "Walk")]
    weights = crossed_weights(names, 4000, 3).reshape(-1, 5, 3)
    np.testing.assert_array_equal(weights, crossed_weights(names, 4000, 3).reshape(-1, 5, 3))
    # A table of products: every row is a multiple of every other.
    np.testing.assert_allclose(weights[:, 0, 0] * weights[:, 1, 1], weights[:, 0, 1] * weights[:, 1, 0])
    assert weights.sum(axis=(1, 2)) == pytest.approx(15) and weights.mean() == pytest.approx(1)


def test_an_error_that_an_exercise_has_in_common_widens_the_interval():
    rng = np.random.default_rng(5)
    people, exercises = (np.repeat(list("ABCDEFGHIJ"), 6), np.tile(list("uvwxyz"), 10))
    truth = rng.normal(size=(60, 30, 2))
    off = {one: size for one, size in zip("uvwxyz", (0.2, 0.4, 0.6, 0.8, 1.0, 1.2), strict=True)}
    predicted = truth + np.array([off[one] for one in exercises])[:, None, None]
    cells = Cells.of(predicted, truth, people, exercises, np.ones(60))
    crossed, alone = intervals(cells.rmse(crossed_weights(cells.names, 2000, 1))), intervals(cells.rmse(resampling_weights(60, 2000, 1)))
    # There are six sizes of error and not sixty.
    assert crossed[1] - crossed[0] > 2 * (alone[1] - alone[0])
    assert crossed[0] < cells.rmse() < crossed[1]
