"""Metrics agree with what they are by definition."""

import numpy as np
import pytest

from agonist.io.mot_sto import OpenSimTable
from agonist.metrics import emg_r, pearson_r, rmse


def test_rmse_of_a_constant_offset_is_the_offset():
    assert rmse(np.full((5, 3), 0.7), np.full((5, 3), 0.5)) == pytest.approx(0.2)


def test_rmse_pools_over_everything():
    assert rmse(np.array([[0.0, 0.0], [0.0, 2.0]]), np.zeros((2, 2))) == pytest.approx(1.0)


def test_pearson_r_is_numpys_column_by_column():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 50, 3)), rng.normal(size=(4, 50, 3))
    expected = [np.corrcoef(a[..., m].ravel(), b[..., m].ravel())[0, 1] for m in range(3)]
    np.testing.assert_allclose(pearson_r(a, b), expected)


def test_pearson_r_does_not_change_with_gain_and_offset():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(40, 2)), rng.normal(size=(40, 2))
    np.testing.assert_allclose(pearson_r(3 * a + 1, b), pearson_r(a, b))


def test_pearson_r_of_a_constant_column_is_not_a_number():
    assert np.isnan(pearson_r(np.ones((10, 1)), np.arange(10.0)[:, None])).all()


def test_emg_is_compared_with_the_muscles_behind_it_and_may_come_earlier():
    times, rng = np.arange(200) / 100, np.random.default_rng(0)
    activation = rng.random((200, 3))
    # Twice as strong counts twice as much; the third muscle is behind no electrode.
    behind = (activation[:, 0] + 2 * activation[:, 1]) / 3
    table = OpenSimTable("emg", times - 0.05, ("vasti",), behind[:, None])
    inside = times > 0.1

    def found(delay_s):
        return emg_r(table, {"vasti": ("a", "b")}, times, inside, ("a", "b", "c"), activation, np.array([100.0, 200.0, 900.0]), delay_s)

    assert found(0.05)["vasti"] == pytest.approx(1) and abs(found(0.0)["vasti"]) < 0.5
