"""How property tests choose their examples.

The same ones at every run, so that a failure belongs to the change that made it. `AGONIST_SEARCH=N pytest tests/io` looks for
new ones instead, N times as many.
"""

import os

from hypothesis import settings

__all__ = ["examples"]

_SEARCH = int(os.environ.get("AGONIST_SEARCH", "0"))
# What runs elsewhere at the same time is no reason to fail, so nothing has a deadline.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile("search" if _SEARCH else "same")


def examples(count: int) -> int:
    """How many examples a property test tries."""
    return count * max(_SEARCH, 1)
