"""The protocols' tables as a picture: RMSE of every method with its interval, or over the frames that are seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agonist.evaluation.mia_results import NETWORKS
from agonist.evaluation.report import TITLES
from agonist.io.figure import INK, SIDE_COLOURS, check_suffix, empty_figure, save_figure, tidy

__all__ = ["plot_report"]

_OURS, _PAPER, _BASELINE = SIDE_COLOURS["r"], SIDE_COLOURS["l"], "#999999"
_LINES = ("-", "--", ":", "-.")


def plot_report(document: dict[str, Any], path: Path) -> None:
    """Draw a report of `report.mia_report`.

    Args:
        document: the report.
        path: .png, .svg or .pdf.

    Raises:
        FileFormatError: another suffix. MissingDependencyError: no matplotlib.
    """
    check_suffix(path)
    kind = "simulated" if document["simulated"] else "measured"
    title = f"Protocol '{document['protocol']}', budget '{document['budget']}', {kind} data; 95 % intervals"
    if "temporal" in document:
        figure = empty_figure(7.0, 4.2)
        _over_frames(figure.subplots(), document["temporal"])
    else:
        shown = [name for name in TITLES if name in document]
        figure = empty_figure(1.0 + 4.2 * len(shown), 3.6)
        for axis, name in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
            _bars(axis, TITLES[name], document[name])
    save_figure(figure, path, title)


def _colour(method: str) -> str:
    if method not in NETWORKS:
        return _BASELINE
    return _OURS if method.removeprefix("c-").startswith("agonist") else _PAPER


def _bars(axis: Any, title: str, one: dict[str, Any]) -> None:
    """One bar a method, the best on top."""
    methods = sorted(one["methods"], key=lambda method: -one["pooled"][method]["rmse"]["value"])
    for row, method in enumerate(methods):
        rmse = one["pooled"][method]["rmse"]
        low, high = rmse["interval"]
        axis.barh(row, rmse["value"], height=0.7, color=_colour(method))
        axis.plot([low, high], [row, row], color=INK, linewidth=1.2)
    axis.set_yticks(range(len(methods)), methods, fontsize=8, color=INK)
    axis.set_title(title, fontsize=10, loc="left", color=INK)
    axis.set_xlabel(f"RMSE, {one['unit']}", fontsize=8, color=INK)
    tidy(axis)


def _over_frames(axis: Any, temporal: dict[str, Any]) -> None:
    rows = temporal["frames"]
    methods = list(dict.fromkeys(method for row in rows.values() for method in row))
    drawn: dict[str, int] = {}
    for method in methods:
        points = [(int(frames), row[method]["rmse"]) for frames, row in rows.items() if method in row]
        colour = _colour(method)
        style = _LINES[drawn.setdefault(colour, 0) % len(_LINES)]
        drawn[colour] += 1
        frames = [count for count, _ in points]
        axis.plot(frames, [one["value"] for _, one in points], color=colour, linestyle=style, marker=".", label=method)
        axis.fill_between(frames, *zip(*(one["interval"] for _, one in points), strict=True), color=colour, alpha=0.08, linewidth=0)
    axis.set_xlabel("frames seen at once, 10 a second", fontsize=8, color=INK)
    axis.set_ylabel(f"RMSE, {temporal['unit']}", fontsize=8, color=INK)
    axis.set_ylim(bottom=0)
    axis.legend(fontsize=7, frameon=False, ncols=3)
    tidy(axis)
