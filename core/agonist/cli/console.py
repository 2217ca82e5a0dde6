"""What every command does the same way: one JSON object on standard output, the rest on standard error, exit codes."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["Console", "Json", "Quiet", "Report", "example"]

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object on standard output, all else on standard error.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors (and the JSON object).")]
Report = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the result to this .json file too.")]


def example(*lines: str) -> str:
    """What stands below a command's options; \\b keeps Click from wrapping it."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


@dataclass
class Console:
    """Where a command says things.

    Attributes:
        json: print the result as one JSON object.
        quiet: say nothing but errors.
    """

    json: bool = False
    quiet: bool = False
    _started: float = field(default_factory=time.monotonic)
    _drawn: float = 0.0

    def say(self, text: str) -> None:
        """A line for a person; standard error where standard output belongs to the JSON object."""
        if not self.quiet:
            (sys.stderr if self.json else sys.stdout).write(text + "\n")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table, columns padded: the first to the left, the others to the right."""
        widths = [max(len(row[k]) for row in [header, *rows]) for k in range(len(header))]
        for row in [header, ["-" * width for width in widths], *rows]:
            cells = [cell.rjust(width) if k else cell.ljust(width) for k, (cell, width) in enumerate(zip(row, widths, strict=True))]
            self.say("  ".join(cells).rstrip())

    def result(self, document: dict[str, Any], report: Path | None = None) -> None:
        """The JSON object: on standard output if that was asked for, and in the file `report`, whole or not at all.

        Numbers that JSON does not have (NaN, infinity) become null.
        """
        text = json.dumps(_plain(document), allow_nan=False)
        if report is not None:
            # Only here, so that the command line starts without numpy.
            from agonist.io.atomic import atomic_path

            with atomic_path(report) as temporary:
                temporary.write_text(text + "\n", encoding="utf-8")
        if self.json:
            sys.stdout.write(text + "\n")

    def progress(self, share: float, text: str = "") -> None:
        """A bar with the time left, on a terminal only, at most ten times a second."""
        now = time.monotonic()
        if self.quiet or not sys.stderr.isatty() or (now - self._drawn < 0.1 and share < 1):
            return
        self._drawn = now
        left = (now - self._started) * (1 - share) / share if share > 0.01 else float("nan")
        remaining = "" if left != left else f" {int(left) // 60}:{int(left) % 60:02d} left"
        filled = round(30 * share)
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {100 * share:3.0f} %{remaining} {text[:70]}\033[K")
        if share >= 1:
            sys.stderr.write("\n")
        sys.stderr.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
