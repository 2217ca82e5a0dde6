"""Several protocols side by side, as in the paper's summary: every method and what all test windows of each protocol say of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agonist.evaluation.markdown_tables import marked, plain, table, with_interval
from agonist.evaluation.report import PUBLISHED_NOTE, TITLES, published_name, said_commits, said_data

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
    if any(one["published"] for one in documents):
        lines += ["", *PUBLISHED_NOTE, "What is published is the mean of exercises."]
    columns = {one["protocol"]: one for one in documents if "temporal" not in one}
    for direction, title in TITLES.items():
        shown = {name: one[direction] for name, one in columns.items() if direction in one}
        if shown:
            lines += _direction(title, shown, {name: (columns[name]["published"] or {}).get(direction) or {} for name in shown})
    for one in documents:
        if "temporal" in one:
            lines += _frames(one["temporal"], one["published"] or {})
    # Whole windows of the temporal protocol are trained on once, for another one.
    trained = {(one["method"], one["direction"], one["fold"]): one["minutes"] for document in documents for one in document["training"]}
    minutes = sum(trained.values())
    return "\n".join([*lines, "", f"{minutes:.0f} minutes of training in all, without learning rates that were not chosen."]) + "\n"


def _direction(title: str, shown: dict[str, dict[str, Any]], published: dict[str, dict[str, float]]) -> list[str]:
    unit = next(iter(shown.values()))["unit"]
    methods = list(dict.fromkeys(method for one in shown.values() for method in one["methods"]))
    digits = 4 if unit == "metres" else 2
    values = {name: {method: one["pooled"][method]["rmse"]["value"] for method in one["methods"]} for name, one in shown.items()}
    rows = _best_of_each(values, methods, digits)
    rows += _published(published, digits)
    for pair in dict.fromkeys(pair for one in shown.values() for pair in one["lower_by"]):
        better, _, worse = pair.partition(" than ")
        cells = [f"{with_interval(one['lower_by'][pair], 1, 100)} %" if pair in one["lower_by"] else "–" for one in shown.values()]
        rows.append([f"{better} lower than {worse} by", *cells])
    return ["", f"## {title}: RMSE, {unit}", "", *table(["", *shown], rows)]


def _published(columns: dict[str, dict[str, float]], digits: int) -> list[list[str]]:
    """A row a published method, a dash where it was not tried."""
    names = dict.fromkeys(name for column in columns.values() for name in column)
    return [[published_name(name), *(plain(column.get(name, math.nan), digits) for column in columns.values())] for name in names]


def _frames(temporal: dict[str, Any], published: dict[str, dict[str, float]]) -> list[str]:
    rows = temporal["frames"]
    methods = list(dict.fromkeys(method for row in rows.values() for method in row))
    values = {frames: {method: one["rmse"]["value"] for method, one in row.items()} for frames, row in rows.items()}
    title = f"## Motion to muscle by the frames that are seen: RMSE, {temporal['unit']}"
    others = _published({frames: {name: row[frames] for name, row in published.items() if frames in row} for frames in rows}, 2)
    return ["", title, "", *table(["frames seen at once", *rows], [*_best_of_each(values, methods, 2), *others])]


def _best_of_each(columns: dict[str, dict[str, float]], methods: Sequence[str], digits: int) -> list[list[str]]:
    """A row a method, and the lowest of each column bold."""
    cells = [marked([column.get(method, math.nan) for method in methods], digits) for column in columns.values()]
    return [[method, *(column[k] for column in cells)] for k, method in enumerate(methods)]
