"""Runs are where the flags are set, and nothing else."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist.signals.runs import runs
from tests.search import examples


@pytest.mark.parametrize(
    ("flags", "found"), [([], []), ([0, 0], []), ([1, 1], [(0, 2)]), ([1, 0, 1], [(0, 1), (2, 3)]), ([0, 1, 1, 0], [(1, 3)])]
)
def test_the_ends_of_runs(flags, found):
    assert runs(np.array(flags, dtype=bool)) == found


@given(st.lists(st.booleans(), max_size=40))
@settings(max_examples=examples(50))
def test_runs_make_the_flags_again_and_do_not_touch(flags):
    again, found = np.zeros(len(flags), dtype=bool), runs(np.array(flags, dtype=bool))
    for first, last in found:
        assert first < last
        again[first:last] = True
    assert again.tolist() == flags
    assert all(before[1] < after[0] for before, after in pairwise(found))
