"""Errors cross the border of a process as they are."""

import pickle

import pytest

from agonist import errors
from agonist.errors import AgonistError, FileFormatError, MissingDependencyError, UnknownNameError

_MADE = [
    FileFormatError("walk.bvh", "no frames", "some", 3),
    UnknownNameError("muscle", "bizeps", ["biceps_l"]),
    MissingDependencyError("mujoco", "physics", "Simulating a body"),
    *(kind("what is wrong") for kind in vars(errors).values() if isinstance(kind, type) and "__init__" not in vars(kind)
      and issubclass(kind, AgonistError)),
]  # fmt: skip


@pytest.mark.parametrize("error", _MADE, ids=lambda error: type(error).__name__)
def test_an_error_that_another_process_met_says_the_same(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error)
