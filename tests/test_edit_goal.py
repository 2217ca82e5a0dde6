"""What is asked of muscles: read from names and factors, and how well a prediction meets it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agonist.activation import Activation
from agonist.edit_goal import DRIFT_WEIGHT, LARGEST_SCALE, REST, edit_goal, reached_log2, scales_by_muscle, scales_of_curves
from agonist.errors import InputError, UnknownNameError
from agonist.muscles import muscle_set

MUSCLES = muscle_set("mia8")
BICEPS_L, HAMSTRINGS_L, HAMSTRINGS_R = (MUSCLES.index(name) for name in ("biceps_l", "hamstrings_l", "hamstrings_r"))
WHOLE = (0, 40)


def _activation(level: float = 0.2) -> Activation:
    return Activation(np.full((40, 8), level) * np.linspace(0.5, 1.5, 40)[:, None], MUSCLES, 20.0)


def _times(factors: dict[int, float]) -> Activation:
    """`_activation` with some muscles that many times as active."""
    values = _activation().values.copy()
    for column, factor in factors.items():
        values[:, column] *= factor
    return replace(_activation(), values=values)


def test_a_group_means_both_sides_and_what_is_not_named_is_not_asked():
    goal = edit_goal({"hamstrings": 1.5, "biceps_l": np.linspace(1, 2, 40)}, MUSCLES, 40)
    assert goal.scales.shape == (40, 8) and (goal.scales[:, [HAMSTRINGS_L, HAMSTRINGS_R]] == 1.5).all()
    np.testing.assert_array_equal(goal.scales[:, BICEPS_L], np.linspace(1, 2, 40))
    assert (np.delete(goal.scales, [HAMSTRINGS_L, HAMSTRINGS_R, BICEPS_L], axis=1) == 1).all()
    assert [name for name, one in zip(goal.names, goal.constant, strict=True) if not one] == ["biceps_l"]


@pytest.mark.parametrize(
    ("scales", "error", "said"),
    [
        ({"hamstring": 1.5}, UnknownNameError, "hamstring"),
        ({"biceps": 1.5, "biceps_l": 2.0}, InputError, "biceps and biceps_l: biceps_l was given before"),
        ({"biceps_l": -0.1}, InputError, r"biceps_l is -0\.1"),
        ({"biceps_l": np.nan}, InputError, "biceps_l is nan"),
        ({"biceps_l": np.inf}, InputError, "biceps_l is inf"),
        ({"biceps_l": np.r_[np.ones(39), -2.0]}, InputError, r"biceps_l is -2\.0"),
        ({"biceps_l": np.r_[np.ones(39), np.nan]}, InputError, "biceps_l is nan"),
        ({"biceps_l": np.ones(39)}, InputError, r"shape \(39,\)\. Expected one number, or one a frame: \(40,\)"),
    ],
)
def test_what_cannot_be_asked_is_said_with_its_name(scales, error, said):
    with pytest.raises(error, match=said):
        edit_goal(scales, MUSCLES, 40)


def test_nothing_is_asked_where_every_factor_is_one():
    curve = np.ones(40)
    curve[10:20] = 1.4
    goal = edit_goal({"biceps_l": curve}, MUSCLES, 40)
    assert goal.asks_nothing((20, 40)) and goal.asks_nothing((0, 10)) and not goal.asks_nothing((19, 25))
    assert goal.asked(_activation(), (20, 40)) == dict.fromkeys(MUSCLES.names, 1.0)
    # A factor of its own frames, each counted by how much the muscle works there.
    values = _activation().values[:, BICEPS_L]
    assert goal.asked(_activation(), WHOLE)["biceps_l"] == pytest.approx((curve * values).sum() / values.sum())


@given(st.floats(0.0, 8.0))
def test_a_constant_factor_is_said_back_to_the_bit_and_goes_as_far_as_the_network(scale):
    goal = edit_goal({"biceps_l": scale}, MUSCLES, 40)
    assert goal.asked(_activation(), WHOLE)["biceps_l"] == scale
    assert goal.log2[0, BICEPS_L] == pytest.approx(np.log2(np.clip(scale, 0.25, LARGEST_SCALE)))


def test_a_score_adds_miss_wrong_way_and_drift():
    def score(factors: dict[int, float], frames: tuple[int, int] = WHOLE) -> float:
        return edit_goal({"biceps_l": 2.0}, MUSCLES, 40).score(_activation(), _times(factors), frames)

    assert score({BICEPS_L: 2.0}) == pytest.approx(0)
    assert score({BICEPS_L: 2.0**0.5}) == pytest.approx(0.5) == pytest.approx(score({BICEPS_L: 2.0**1.5}))
    # Half is a doubling away from what is, and another from what is wanted; and it is the wrong way.
    assert score({BICEPS_L: 0.5}) == pytest.approx(2 + 4)
    assert score({BICEPS_L: 2.0, HAMSTRINGS_L: 2.0}) == pytest.approx(DRIFT_WEIGHT / 7)
    assert score({BICEPS_L: 2.0, HAMSTRINGS_L: 0.5}, (5, 9)) == pytest.approx(DRIFT_WEIGHT / 7)


def test_a_curve_is_met_frame_by_frame():
    curve = np.r_[np.full(20, 2.0), np.full(20, 1.0)]
    goal = edit_goal({"biceps_l": curve}, MUSCLES, 40)
    values = _activation().values.copy()
    values[:, BICEPS_L] = (values[:, BICEPS_L] + REST) * curve - REST
    assert goal.score(_activation(), replace(_activation(), values=values), WHOLE) == pytest.approx(0)
    # The same mean, at other frames, is missed by a doubling everywhere.
    values[:, BICEPS_L] = (_activation().values[:, BICEPS_L] + REST) * curve[::-1] - REST
    assert goal.score(_activation(), replace(_activation(), values=values), WHOLE) == pytest.approx(1)


def test_what_is_nearly_silent_has_no_ratio():
    silent = np.zeros((5, 2))
    assert reached_log2(silent, silent + 5e-4).tolist() == [0, 0]
    assert reached_log2(silent + 0.1, silent + [0.2, 0.05]) == pytest.approx([1, -1])


def test_a_curve_drawn_anew_is_asked_and_what_is_as_it_was_is_not():
    before = _activation(0.1)
    values = before.values + 4e-4
    values[:, BICEPS_L] = before.values[:, BICEPS_L] * 1.5
    values[:, HAMSTRINGS_R] = 1.0
    scales = scales_of_curves(before, replace(before, values=values))
    assert set(scales) == {"biceps_l", "hamstrings_r"} and (scales["hamstrings_r"] == LARGEST_SCALE).all()
    expected = (values[:, BICEPS_L] + REST) / (before.values[:, BICEPS_L] + REST)
    np.testing.assert_allclose(scales["biceps_l"], expected)
    with pytest.raises(InputError, match=r"has 39 frames\. Expected 40"):
        scales_of_curves(before, replace(before, values=values[:-1]))


def test_names_of_single_muscles_keep_their_factors():
    assert scales_by_muscle({"hamstrings": 1.5, "biceps_r": "x"}, MUSCLES) == {"hamstrings_l": 1.5, "hamstrings_r": 1.5, "biceps_r": "x"}
