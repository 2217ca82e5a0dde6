"""CSV: activation as a table, one row a frame: time_s and one column a muscle. Comment lines carry unit and reference."""

from __future__ import annotations

import csv
from os import PathLike
from pathlib import Path

import numpy as np

from agonist.activation import Activation
from agonist.errors import AgonistError, FileFormatError
from agonist.io.atomic import atomic_path
from agonist.io.muscle_names import named_set
from agonist.muscles import MUSCLE_SETS

__all__ = ["read", "write"]


def write(path: str | PathLike[str], activation: Activation) -> None:
    """Write a table, whole or not at all. Uncertainty, where known, follows as columns named MUSCLE_std."""
    names = list(activation.muscles.names)
    columns = [activation.start + np.arange(len(activation)) / activation.fps, *activation.values.T]
    if activation.uncertainty is not None:
        names += [f"{name}_std" for name in activation.muscles.names]
        columns += list(activation.uncertainty.T)
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"# muscles: {activation.muscles.name}\n# fps: {activation.fps!r}\n# frames: {len(activation)}\n")
        # A line break inside a note would end the comment.
        unit, reference = (" ".join(text.split()) for text in (activation.unit, activation.reference))
        stream.write(f"# unit: {unit}\n# reference: {reference}\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["time_s", *names])
        for row in np.stack(columns, axis=1):
            writer.writerow([f"{row[0]:.6f}", *(f"{value:.6g}" for value in row[1:])])


def read(path: str | PathLike[str]) -> Activation:
    """Read a table written by `write`, also after a spreadsheet saved it: with semicolons or tabs, decimal commas, padded lines.

    Raises FileFormatError.
    """
    path = Path(path)
    expected = "a CSV with columns time_s and the muscles of one set"
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(path, f"cannot be read ({error})", expected) from error
    try:
        notes, table_lines, separator = _parts(lines)
        rows = [row for row in map(_cells, csv.reader(table_lines, delimiter=separator)) if row]
    except csv.Error as error:
        raise FileFormatError(path, str(error), expected) from error
    if len(rows) < 2:
        raise FileFormatError(path, "no rows", expected)
    names = tuple(name for name in rows[0][1:] if not name.endswith("_std"))
    if rows[0][0] != "time_s":
        raise FileFormatError(path, f"columns {', '.join(rows[0])[:120]}", f"time_s, then {', '.join(MUSCLE_SETS['mia8'].names)}")
    try:
        found = named_set(notes.get("muscles"), names)
        # Where semicolons part the cells the decimals may have commas.
        decimal = "," if separator != "," else "."
        table = np.array([[float(cell.replace(decimal, ".")) for cell in row] for row in rows[1:]])
        if "frames" in notes and notes["frames"] != str(len(table)):
            raise ValueError(f"{len(table)} rows where '# frames:' says {notes['frames'][:12]}; the file may be cut short")
        fps = float(notes["fps"].replace(decimal, ".")) if "fps" in notes else (len(table) - 1) / float(table[-1, 0] - table[0, 0])
        if not (np.isfinite(fps) and fps > 0 and np.isfinite(table).all()):
            raise ValueError("NaN, infinity or a frame rate that cannot be")
        if table.shape[1] != len(rows[0]):
            raise ValueError(f"{table.shape[1]} numbers a row under {len(rows[0])} names")
        # By name: who edits a table may have moved its columns.
        unsure = [f"{name}_std" for name in names]
        uncertainty = table[:, [rows[0].index(name) for name in unsure]] if set(unsure) <= set(rows[0]) else None
        return Activation(
            table[:, [rows[0].index(name) for name in names]], found, fps, float(table[0, 0]), notes.get("unit", "not stated"),
            notes.get("reference", "not stated"), uncertainty, {"format": "csv"},
        )  # fmt: skip
    except (ValueError, IndexError, ZeroDivisionError) as error:
        raise FileFormatError(path, f"{error}", "the same count of finite numbers in every row") from error
    except AgonistError as error:
        raise FileFormatError(path, str(error).rstrip("."), expected) from error


def _parts(lines: list[str]) -> tuple[dict[str, str], list[str], str]:
    """Notes of the comment lines, the lines of the table, and what parts its cells."""
    titles = next((line for line in lines if line.lstrip('"').startswith("time_s")), "")
    separator = next((one for one in ";\t" if one in titles), ",")
    notes: dict[str, str] = {}
    table = []
    for line in lines:
        # A spreadsheet pads every line to as many cells as the table has, and quotes a cell that holds a separator or a quote.
        text = line.rstrip(f"{separator} ")
        if text.startswith('"#'):
            text = separator.join(next(csv.reader([text], delimiter=separator)))
        if text.startswith("#"):
            key, colon, value = text[1:].partition(":")
            notes |= {key.strip(): value.strip()} if colon else {}
        elif text:
            table.append(line)
    return notes, table, separator


def _cells(row: list[str]) -> list[str]:
    """A row without the empty cells behind its last number."""
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells
