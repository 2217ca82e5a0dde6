"""Files that Agonist wrote since this .blend was opened: writing one anew takes nothing from anybody who has not touched it since."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["forget_written", "in_the_way", "note_written"]

# File -> its size and the time of its last change, in nanoseconds, right after it was written.
_written: dict[Path, tuple[int, int]] = {}


def note_written(paths: Iterable[Path]) -> None:
    """Remember files that were just written."""
    _written.update((path.absolute(), _mark(path)) for path in paths if path.is_file())


def in_the_way(paths: Iterable[Path]) -> list[Path]:
    """Those of the paths where something is that would be lost: it was not written since this .blend was opened, or was changed."""
    return [path for path in paths if path.exists() and _written.get(path.absolute()) != _mark(path)]


def forget_written() -> None:
    """Another .blend is open, whose results may have the same names."""
    _written.clear()


def _mark(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
