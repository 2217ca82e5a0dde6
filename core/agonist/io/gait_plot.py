"""Pictures of gait as laboratories draw them: mean and band over the gait cycle, left and right over each other (extra `plot`)."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.errors import FileFormatError
from agonist.gait import foot_strikes, over_strides
from agonist.io import mot_sto
from agonist.io.figure import INK, SIDE_COLOURS, SUFFIXES, check_suffix, empty_figure, save_figure, tidy
from agonist.io.mot_sto import OpenSimTable

__all__ = ["SUFFIXES", "read_details", "write"]

Array = NDArray[np.float64]

_FILES = ("ground_reaction.mot", "angles.mot", "torques.sto", "activation.sto")
_JOINTS = {"hip_flexion": "hip flexion", "knee_angle": "knee flexion", "ankle_angle": "ankle dorsiflexion"}
# Rows of activation: title and the body's muscles, the strongest head for each.
_MUSCLES = {
    "gluteus maximus": "glmax1", "rectus femoris": "recfem", "vastus lateralis": "vaslat", "biceps femoris": "bflh",
    "tibialis anterior": "tibant", "gastrocnemius medialis": "gasmed", "soleus": "soleus",
}  # fmt: skip


def read_details(folder: Path) -> dict[str, OpenSimTable]:
    """The tables that `agonist simulate --details FOLDER` wrote. Raises FileFormatError."""
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise FileFormatError(folder, f"no {', '.join(missing)}", "a folder of 'agonist simulate --details'")
    return {name: mot_sto.read(folder / name) for name in _FILES}


def write(path: str | PathLike[str], tables: Mapping[str, OpenSimTable], title: str = "") -> dict[str, int]:
    """Draw angles, net torques, vertical ground reaction and activation over the gait cycle; whole or not at all.

    Each side's cycle begins where its own foot takes load. Lines are means over strides, bands one standard deviation.

    Returns:
        strides by side. Raises MissingDependencyError, FileFormatError for a suffix, MotionError if nobody walks.
    """
    path = Path(path)
    check_suffix(path)
    panels = _panels(tables)
    columns = 3
    rows = -(-len(panels) // columns)
    figure = empty_figure(3.6 * columns, 0.8 + 1.9 * rows)
    axes = figure.subplots(rows, columns, sharex=True, squeeze=False).reshape(-1)
    strides: dict[str, int] = {}
    for side in "lr":
        force = tables["ground_reaction.mot"]
        strikes = foot_strikes(force.column(f"ground_force_{side}_vy"), force.times)
        for axis, (_, _, table, name) in zip(axes, panels, strict=False):
            curves = over_strides(table.column(name.format(s=side))[:, None], table.times, strikes)[..., 0]
            strides[side] = len(curves)
            _draw(axis, curves, side)
    for axis, (label, unit, *_) in zip(axes, panels, strict=False):
        axis.set_title(label, loc="left", fontsize=9, color=INK, pad=3)
        if unit == "share":
            axis.set_ylim(bottom=0)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    axes[0].legend(frameon=False, fontsize=8, loc="best")
    counts = ", ".join(f"{count} {'left' if side == 'l' else 'right'}" for side, count in strides.items())
    figure.supxlabel(f"% of the gait cycle ({counts} strides; line: mean, band: one standard deviation; simulated)", fontsize=9, color=INK)
    save_figure(figure, path, title)
    return strides


def _panels(tables: Mapping[str, OpenSimTable]) -> list[tuple[str, str, OpenSimTable, str]]:
    """Title, unit, table and column (with {s} for the side) of every panel."""
    angles, torques, force, activation = (tables[name] for name in ("angles.mot", "torques.sto", "ground_reaction.mot", "activation.sto"))
    panels = [(f"{label}, degrees", "", angles, f"{name}_{{s}}") for name, label in _JOINTS.items()]
    panels += [(f"{label}, net torque, N m", "", torques, f"{name}_{{s}}_moment") for name, label in _JOINTS.items()]
    panels += [("vertical ground reaction, N", "", force, "ground_force_{s}_vy")]
    return panels + [(f"{label}, activation", "share", activation, f"{name}_{{s}}") for label, name in _MUSCLES.items()]


def _draw(axis: Any, curves: Array, side: str) -> None:
    percent = np.linspace(0, 100, curves.shape[1])
    mean, spread = curves.mean(axis=0), curves.std(axis=0)
    axis.plot(percent, mean, color=SIDE_COLOURS[side], linewidth=1.6, label={"l": "left", "r": "right"}[side])
    axis.fill_between(percent, mean - spread, mean + spread, color=SIDE_COLOURS[side], alpha=0.15, linewidth=0)
    axis.set_xlim(0, 100)
    tidy(axis)
