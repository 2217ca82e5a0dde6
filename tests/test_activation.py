"""Activation: what cannot be is refused when it is made, and not where it is used."""

import numpy as np
import pytest

from agonist.activation import Activation
from agonist.errors import MotionError
from agonist.io import csv_activation
from agonist.muscles import muscle_set

VALUES = np.random.default_rng(0).uniform(0, 1, (6, 8))


@pytest.mark.parametrize("fps", [0.0, -30.0, np.nan, np.inf, 1e-3])
def test_a_frame_rate_that_cannot_be_is_refused(fps):
    with pytest.raises(MotionError, match=r"The activation has .* frames a second; 0\.1 to 1000000 are needed"):
        Activation(VALUES, muscle_set("mia8"), fps)


def test_uncertainty_of_another_shape_or_not_finite_is_refused():
    with pytest.raises(MotionError, match=r"Uncertainty must be \(6, 8\) as the activation is, found \(3, 2\)"):
        Activation(VALUES, muscle_set("mia8"), 30.0, uncertainty=np.zeros((3, 2)))
    with pytest.raises(MotionError, match="The uncertainty holds NaN"):
        Activation(VALUES, muscle_set("mia8"), 30.0, uncertainty=np.full((6, 8), np.nan))


def test_uncertainty_is_kept_as_it_was():
    given = np.full((6, 8), 0.1)
    activation = Activation(VALUES, muscle_set("mia8"), 30.0, uncertainty=given)
    given[:] = 0.5
    assert activation.uncertainty.max() == 0.1 and not activation.uncertainty.flags.writeable


def test_numpys_numbers_become_pythons(tmp_path):
    activation = Activation(VALUES, muscle_set("mia8"), np.float64(29.97), np.float64(0.5))
    assert (type(activation.fps), type(activation.start)) == (float, float)
    csv_activation.write(tmp_path / "a.csv", activation)
    assert "# fps: 29.97\n" in (tmp_path / "a.csv").read_text()
