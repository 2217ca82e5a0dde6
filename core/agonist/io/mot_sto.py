"""MOT and STO: the tables of OpenSim, a header, a line of column names that begins with time, and rows of numbers.

Coordinates, forces, torques and EMG all come this way. What the columns mean is the model's (.osim) affair, so this is a
table and no Motion.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist.errors import FileFormatError, InputError, UnknownNameError
from agonist.io.atomic import atomic_path

__all__ = ["OpenSimTable", "read", "write"]

Array = NDArray[np.float64]

_EXPECTED = "an OpenSim table: a header up to 'endheader', then time and the names of the columns, then numbers"


@dataclass(frozen=True, eq=False)
class OpenSimTable:
    """A table over time.

    Attributes:
        name: the first line of the file; often empty.
        times: (T,) seconds, rising.
        columns: names of the N columns beside time.
        values: (T, N) in the file's own units; NaN where the file says so.
        in_degrees: whether angles are degrees, as the header says, None where it does not; columns that are no angles are not
            touched by it.
        header: the header's other entries.
    """

    name: str
    times: Array
    columns: tuple[str, ...]
    values: Array
    in_degrees: bool | None = None
    header: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.times), len(self.columns)) or len(self.times) == 0:
            raise InputError(
                f"A table of {len(self.columns)} columns must be (T, {len(self.columns)}) over T > 0 times, "
                f"found {self.values.shape} over {len(self.times)}."
            )

    def __len__(self) -> int:
        return len(self.times)

    @property
    def fps(self) -> float:
        """Rows a second, from the first to the last time; 0 for a single row."""
        return float((len(self) - 1) / (self.times[-1] - self.times[0])) if len(self) > 1 else 0.0

    def column(self, name: str) -> Array:
        """(T,) of one column. Raises UnknownNameError."""
        if name not in self.columns:
            raise UnknownNameError("column", name, self.columns)
        return self.values[:, self.columns.index(name)]


def read(path: str | PathLike[str]) -> OpenSimTable:
    """Read a table. Raises FileFormatError."""
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror})", _EXPECTED) from error
    end = next((k for k, line in enumerate(lines) if line.strip().lower() == "endheader"), None)
    if end is None:
        raise FileFormatError(path, "no endheader" if any(map(str.strip, lines)) else "an empty file", _EXPECTED)
    header = {key.strip(): value.strip() for key, sign, value in (line.partition("=") for line in lines[:end]) if sign}
    name = lines[0].strip() if end and "=" not in lines[0] else ""
    written = [(number, line) for number, line in enumerate(lines[end + 1 :], end + 2) if line.strip()]
    # A name may have blanks in it where tabs part the columns.
    tabs = bool(written) and "\t" in written[0][1].strip()
    body = [(number, [cell.strip() for cell in line.strip().split("\t")] if tabs else line.split()) for number, line in written]
    if not body or body[0][1][0].lower() != "time":
        raise FileFormatError(path, "no column 'time' after endheader", _EXPECTED)
    columns = tuple(body[0][1][1:])
    times, values = _numbers(path, body[1:], len(columns))
    _check_rows(path, header, len(times))
    other = {key: value for key, value in header.items() if key.lower() not in ("indegrees", "nrows", "ncolumns")}
    return OpenSimTable(name, times, columns, values, _in_degrees(lines[:end]), other)


def _in_degrees(header: list[str]) -> bool | None:
    """As an entry says, or a sentence of files that SIMM and older versions of OpenSim wrote."""
    for line in header:
        key, _, value = line.lower().partition("=")
        if key.strip() == "indegrees":
            return value.strip() in ("yes", "y", "true", "1")
        if " ".join(line.lower().rstrip(" .").split()) in ("angles are in degrees", "angles are in radians"):
            return "degrees" in line.lower()
    return None


def _numbers(path: Path, rows: list[tuple[int, list[str]]], count: int) -> tuple[Array, Array]:
    if not rows:
        raise FileFormatError(path, "zero rows", "at least one row of numbers")
    for number, words in rows:
        if len(words) != count + 1:
            raise FileFormatError(path, f"{len(words)} numbers", f"{count + 1}, one for time and one a column", number)
    try:
        table = np.array([words for _, words in rows], dtype=float)
    except ValueError as error:
        raise FileFormatError(path, f"a word that is no number ({str(error)[:60]})", "numbers only") from error
    times = table[:, 0]
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        wrong = ~np.isfinite(times) | np.concatenate([[False], ~(np.diff(times) > 0)])
        raise FileFormatError(path, f"time {times[wrong][0]}", "finite times that rise", rows[int(np.argmax(wrong))][0])
    return times, np.where(np.isfinite(table[:, 1:]), table[:, 1:], np.nan)


def _check_rows(path: Path, header: dict[str, str], rows: int) -> None:
    """A header that counts rows tells when a file was cut short. Its count of columns is wrong in some of OpenSim's own files."""
    for key, value in header.items():
        if key.lower() in ("nrows", "datarows") and value != str(rows):
            raise FileFormatError(path, f"{rows} rows where the header says {key}={value[:20]}", "equal counts; the file may be cut short")


def write(path: str | PathLike[str], table: OpenSimTable) -> None:
    """Write a table, whole or not at all."""
    lines = [table.name, *(f"{key}={value}" for key, value in table.header.items())]
    lines += [f"nRows={len(table)}", f"nColumns={len(table.columns) + 1}"]
    lines += [] if table.in_degrees is None else [f"inDegrees={'yes' if table.in_degrees else 'no'}"]
    lines += ["endheader", "\t".join(["time", *table.columns])]
    lines += ["\t".join(f"{value:.10g}" for value in (time, *row)) for time, row in zip(table.times, table.values, strict=True)]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
