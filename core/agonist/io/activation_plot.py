"""Pictures of activation: a row a muscle, its left and its right side over each other (extra `plot`)."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from agonist.activation import Activation
from agonist.io.figure import INK, SIDE_COLOURS, SUFFIXES, check_suffix, empty_figure, save_figure, tidy

__all__ = ["SUFFIXES", "write"]

_SIDES = {"l": "left", "r": "right"}
_MOST_ROWS = 24


def write(path: str | PathLike[str], activation: Activation, title: str = "") -> None:
    """Draw curves over seconds, with one standard deviation as a band where it is known; whole or not at all.

    Of more muscles than fit, the strongest are drawn.

    Raises MissingDependencyError, FileFormatError for a suffix that is not in SUFFIXES.
    """
    path = Path(path)
    check_suffix(path)
    groups = _strongest(activation)
    if len(groups) < len(activation.muscles.groups):
        title = f"{title}  (the {len(groups)} strongest of {len(activation.muscles.groups)} muscles)".strip()
    figure = empty_figure(8, 1.2 + (1.25 if len(groups) <= 12 else 0.8) * len(groups))
    rows = figure.subplots(len(groups), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    top = _top(float(activation.values.max()))
    times = activation.start + np.arange(len(activation)) / activation.fps
    for row, group in zip(rows, groups, strict=True):
        _draw(row, activation, group, times, top)
    rows[0].legend(loc="lower right", bbox_to_anchor=(1, 1.0), ncols=2, frameon=False, fontsize=9, borderaxespad=0.2)
    if len(times) > 1:
        rows[0].set_xlim(times[0], times[-1])
    band = "" if activation.uncertainty is None else "; band: one standard deviation"
    # Names of files and notes in them are no formulas, whatever dollars they hold.
    rows[-1].set_xlabel(f"seconds   ({activation.reference}{band})", fontsize=9, color=INK, parse_math=False)
    figure.supylabel(activation.unit, fontsize=9, color=INK, parse_math=False)
    save_figure(figure, path, title)


def _strongest(activation: Activation) -> tuple[str, ...]:
    """All groups of muscles, or of a whole body's two hundred those that work most, in their own order."""
    peaks: dict[str, float] = {}
    for muscle, peak in zip(activation.muscles.muscles, activation.values.max(axis=0), strict=True):
        peaks[muscle.group] = max(peaks.get(muscle.group, 0.0), float(peak))
    kept = set(sorted(peaks, key=lambda group: -peaks[group])[:_MOST_ROWS])
    return tuple(group for group in activation.muscles.groups if group in kept)


def _top(peak: float) -> float:
    """Full scale: the next of a few round numbers, so that pictures of weak and strong motions can be compared."""
    return next(top for top in (0.1, 0.25, 0.5, 1.0) if peak <= top)


def _draw(row: Any, activation: Activation, group: str, times: Any, top: float) -> None:
    label = group
    for side, word in _SIDES.items():
        colour = SIDE_COLOURS[side]
        muscle = next((one for one in activation.muscles.muscles if one.group == group and one.side == side), None)
        if muscle is None:
            continue
        label = muscle.label.partition(" (")[0]
        values = activation.column(muscle.name)
        # A single frame is a point; a line of one point would not be seen.
        row.plot(times, values, color=colour, linewidth=1.6, label=word, marker="o" if len(times) == 1 else None)
        if activation.uncertainty is not None:
            spread = activation.uncertainty[:, activation.muscles.index(muscle.name)]
            low, high = np.clip(values - spread, 0, 1), np.clip(values + spread, 0, 1)
            row.fill_between(times, low, high, color=colour, alpha=0.15, linewidth=0)
    row.set_ylim(0, top)
    row.set_yticks([0, top / 2, top])
    row.set_title(label, loc="left", fontsize=10, color=INK, pad=3)
    tidy(row)
