"""Long work in steps: a generator yields the share that is done and returns the result; who closes it has nothing changed."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

__all__ = ["Steps", "finished", "part"]

Result = TypeVar("Result")
Steps = Generator[float, None, Result]


def finished(steps: Steps[Result]) -> Result:
    """Run all of it now."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def part(steps: Steps[Result], first: float, last: float) -> Steps[Result]:
    """The same work as a part of a longer one, which it brings from one share to another."""
    try:
        while True:
            try:
                share = next(steps)
            except StopIteration as end:
                return end.value
            yield first + share * (last - first)
    finally:
        steps.close()
