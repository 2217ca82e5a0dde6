"""Sensors in another order are noticed, also where both sides are wrong alike; a dead one spoils nothing."""

import numpy as np
import pytest

from agonist.corpus.mia_channels import ChannelCheck, said_of_channels

# Mean counts over rest of quadriceps, hamstrings, latissimus, biceps.
_LOADS = {"Squat": (60, 15, 5, 5), "LegBack": (15, 40, 5, 5), "HookPunch": (8, 6, 20, 50)}


def _checked(order=range(8), dead=(), exercises=_LOADS):
    """Three people, whose sensors read alike up to a gain each."""
    check, rng = ChannelCheck(), np.random.default_rng(0)
    for person in range(3):
        gains = rng.uniform(0.3, 3, 8)
        for exercise in exercises:
            bursts = 10 + np.array(_LOADS[exercise]) * np.abs(np.sin(np.arange(200)[:, None] / rng.uniform(5, 9, 4)))
            counts = gains * np.concatenate([bursts, bursts + rng.uniform(0, 2, bursts.shape)], axis=1)
            counts[:, list(dead)] = 7
            check.add(f"Subject{person}", exercise, counts[:, list(order)])
    return check.document()


def test_the_right_order_passes():
    found = _checked()
    assert (found["partners_found"], found["partners"], found["doubts"]) == (12, 12, [])
    assert [(one["found"], one["of"]) for one in found["asked"]] == [(6, 6)] * 3
    assert said_of_channels(found)[-1] == "sensor order: nothing speaks against it"


@pytest.mark.parametrize("order", [[1, 0, 2, 3], [3, 1, 2, 0], [0, 3, 2, 1]])
def test_an_order_that_is_wrong_on_both_sides_alike_is_noticed(order):
    found = _checked([*order, *(4 + k for k in order)])
    assert found["partners_found"] == 12 and found["doubts"]
    assert said_of_channels(found)[-1].startswith("WARNING: the order of the sensors is doubtful (")


def test_a_dead_sensor_is_left_out_and_the_others_are_compared():
    found = _checked(dead=[5])
    assert (found["partners_found"], found["partners"], found["constant"], found["doubts"]) == (9, 9, 9, [])
    assert [one["of"] for one in found["asked"]] == [3, 6, 3]


def test_exercises_that_tell_nothing_give_no_verdict():
    found = _checked(exercises=["HookPunch"])
    assert not found["doubts"] and said_of_channels(found) == ["sensor order: not checked; no exercise here tells"]
