"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agonist.errors import InputError

__all__ = ["atomic_path"]


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes the place of `path`, on error it is removed.

    The temporary file keeps the suffix, which some writers (numpy, ffmpeg) choose the format by.
    Raises InputError if `path` is a folder, its own folder cannot be written, or, on Windows, another program has the file open.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError(f"{target}: a folder. Expected a file to write.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=target.suffix, prefix=f".{target.stem}-", dir=target.parent)
    except OSError as error:
        raise InputError(f"{target}: cannot write there ({error.strerror}). Expected a folder that can be written.") from error
    os.close(handle)
    # mkstemp makes private files; the result should have the permissions that an ordinary open() would give.
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(name, 0o666 & ~mask)
    temporary = Path(name)
    try:
        yield temporary
        _replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _replace(temporary: Path, target: Path) -> None:
    try:
        os.replace(temporary, target)
    except PermissionError as error:
        # Windows refuses while somebody reads the file; a table stands open in Excel more often than not.
        raise InputError(f"{target}: cannot be replaced ({error.strerror}). Expected a file that no other program has open.") from error
