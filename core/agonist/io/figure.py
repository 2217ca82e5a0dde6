"""Figures of curves that all look alike (extra `plot`)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agonist.errors import FileFormatError, MissingDependencyError
from agonist.io.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["INK", "SIDE_COLOURS", "SUFFIXES", "check_suffix", "empty_figure", "save_figure", "tidy"]

SUFFIXES: tuple[str, ...] = (".png", ".svg", ".pdf")
# Left and right keep apart also for people who do not see red and green (Okabe & Ito 2008).
SIDE_COLOURS: Mapping[str, str] = MappingProxyType({"l": "#0072B2", "r": "#D55E00"})
INK, _FAINT = "#333333", "#dddddd"


def check_suffix(path: Path) -> None:
    """Raises FileFormatError for a suffix that is not in SUFFIXES."""
    if path.suffix.lower() not in SUFFIXES:
        raise FileFormatError(path, f"a file ending in '{path.suffix}'", f"one of {', '.join(SUFFIXES)}")


def empty_figure(width: float, height: float, dpi: int = 150) -> Figure:
    """A white figure of a size in inches, drawn without a window. Raises MissingDependencyError."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingDependencyError(str(error.name), "plot", "Drawing curves") from error
    figure = Figure(figsize=(width, height), dpi=dpi, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def tidy(axis: Any) -> None:
    """Leave of the frame only what helps to read a curve."""
    axis.grid(color=_FAINT, linewidth=0.6)
    axis.tick_params(labelsize=8, colors=INK, length=0)
    for edge in ("top", "right", "left"):
        axis.spines[edge].set_visible(False)
    axis.spines["bottom"].set_color(_FAINT)


def save_figure(figure: Figure, path: Path, title: str = "") -> None:
    """Write the figure in the format of its suffix, whole or not at all."""
    if title:
        # Names of files are no formulas, whatever dollars they hold.
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK, parse_math=False)
    with atomic_path(path) as temporary, warnings.catch_warnings():
        # A letter that the font has not becomes a box; nobody needs to be told twice.
        warnings.simplefilter("ignore", UserWarning)
        # Without the program's name the same picture is the same file whatever made it.
        metadata = {"Software": None} if path.suffix.lower() == ".png" else None
        figure.savefig(temporary, format=path.suffix.lower()[1:], metadata=metadata)
