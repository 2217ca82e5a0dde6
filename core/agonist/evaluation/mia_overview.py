"""Several protocols side by side, as in the paper's summary: every method and what all test windows of each protocol say of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agonist.evaluation.report import TITLES, marked, said_commits, said_data, table, with_interval

__all__ = ["overview"]


def overview(documents: Sequence[dict[str, Any]]) -> str:
    """Markdown of several reports of `report.mia_report`, one a protocol, all of one corpus and budget; lower is better."""
    first = documents[0]
    commits = sorted({commit for one in documents for commit in one["commits"]})
    lines = [
        f"# The protocols of Muscles in Action, budget `{first['budget']}`",
        "",
        f"{said_data(first)} Agonist {first['version']}{said_commits(commits)}.",
        f"Every network: {first['steps']} optimiser steps of {first['batch']} windows of 30 frames at 10 a second.",
        "RMSE of all test windows; intervals are 95 %. The table of each protocol says more.",
    ]
    columns = {one["protocol"]: one for one in documents if "temporal" not in one}
    for direction, title in TITLES.items():
        shown = {name: one[direction] for name, one in columns.items() if direction in one}
        if shown:
            lines += _direction(title, shown)
    for one in documents:
        if "temporal" in one:
            lines += _frames(one["temporal"])
    # Whole windows of the temporal protocol are trained on once, for another one.
    trained = {(one["method"], one["direction"], one["fold"]): one["minutes"] for document in documents for one in document["training"]}
    minutes = sum(trained.values())
    return "\n".join([*lines, "", f"{minutes:.0f} minutes of training in all, without learning rates that were not chosen."]) + "\n"


def _direction(title: str, shown: dict[str, dict[str, Any]]) -> list[str]:
    unit = next(iter(shown.values()))["unit"]
    methods = list(dict.fromkeys(method for one in shown.values() for method in one["methods"]))
    rows = _best_of_each({name: {m: one["pooled"][m]["rmse"]["value"] for m in one["methods"]} for name, one in shown.items()}, methods,
                         4 if unit == "metres" else 2)  # fmt: skip
    for pair in dict.fromkeys(pair for one in shown.values() for pair in one["lower_by"]):
        better, _, worse = pair.partition(" than ")
        cells = [f"{with_interval(one['lower_by'][pair], 1, 100)} %" if pair in one["lower_by"] else "–" for one in shown.values()]
        rows.append([f"{better} lower than {worse} by", *cells])
    return ["", f"## {title}: RMSE, {unit}", "", *table(["", *shown], rows)]


def _frames(temporal: dict[str, Any]) -> list[str]:
    rows = temporal["frames"]
    methods = list(dict.fromkeys(method for row in rows.values() for method in row))
    values = {frames: {method: one["rmse"]["value"] for method, one in row.items()} for frames, row in rows.items()}
    title = f"## Motion to muscle by the frames that are seen: RMSE, {temporal['unit']}"
    return ["", title, "", *table(["frames seen at once", *rows], _best_of_each(values, methods, 2))]


def _best_of_each(columns: dict[str, dict[str, float]], methods: Sequence[str], digits: int) -> list[list[str]]:
    """A row a method, and the lowest of each column bold."""
    cells = [marked([column.get(method, math.nan) for method in methods], digits) for column in columns.values()]
    return [[method, *(column[k] for column in cells)] for k, method in enumerate(methods)]
