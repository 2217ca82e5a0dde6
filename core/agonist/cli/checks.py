"""What every command checks before it works, so that a wrong call costs no time and writes nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agonist.errors import FileFormatError, InputError, MotionError, SkeletonError

__all__ = ["about", "check_folder", "check_output", "check_positive"]


def check_output(out: Path, suffixes: Sequence[str], inputs: Sequence[Path] = ()) -> None:
    """Raise InputError unless `out` can be written: a known suffix, no folder, a place that can be written, none of the inputs."""
    if out.suffix.lower() not in suffixes:
        found = f"a file ending in '{out.suffix}'" if out.suffix else "a file without an ending"
        raise FileFormatError(out, found, f"a file ending in {' or '.join(suffixes)}")
    try:
        if out.is_dir():
            raise FileFormatError(out, "a folder", f"a file ending in {' or '.join(suffixes)}")
        for path in inputs:
            if out.exists() and path.exists() and out.samefile(path):
                raise InputError(f"{out}: the output is the input. Expected another file; the input is never written over.")
    except OSError as error:
        raise _unwritable(out, error) from error
    if out.exists() and not os.access(out, os.W_OK):
        raise InputError(f"{out}: cannot be written (it is read-only). Expected a file that can be written.")
    _check_writable(out, out.parent)


def check_folder(out: Path) -> None:
    """Raise InputError unless `out` is a folder, or can become one, and can be written."""
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: a file. Expected a folder to write.")
    _check_writable(out, out)


def _check_writable(out: Path, folder: Path) -> None:
    try:
        folder = folder.absolute()
        while not folder.exists():
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> InputError:
    return InputError(f"{out}: cannot be written ({error.strerror}). Expected a place that can be written.")


def check_positive(option: str, value: float | None, largest: float, unit: str) -> None:
    """Raise InputError unless the option was not given or lies above 0, up to `largest`."""
    if value is not None and not 0 < value <= largest:
        raise InputError(f"{option} {value:g}: expected {unit} above 0, {largest:g} at most.")


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Errors about a motion name the file it came from."""
    try:
        yield
    except InputError as error:
        if (type(error) is InputError or isinstance(error, MotionError | SkeletonError)) and str(path) not in str(error):
            error.args = (f"{path}: {error}",)
        raise
