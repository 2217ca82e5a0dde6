"""Tables in Markdown, and numbers as they stand in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["marked", "plain", "table", "with_interval"]


def marked(values: Sequence[float], digits: int) -> list[str]:
    """With so many digits, the lowest bold; a dash for what is not finite."""
    best = min(value for value in values if math.isfinite(value))
    return [f"**{value:.{digits}f}**" if value == best else plain(value, digits) for value in values]


def plain(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def with_interval(row: dict[str, Any], digits: int, factor: float = 1.0) -> str:
    """A value and its interval, both times `factor`."""
    value, (low, high) = row["value"] * factor, (one * factor for one in row["interval"])
    return f"{plain(value, digits)} [{plain(low, digits)}, {plain(high, digits)}]"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]
