"""Named tensors and a header of texts on disk, as one safetensors file: written whole or not at all, read or refused."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from agonist.errors import FileFormatError
from agonist.io.atomic import atomic_path

__all__ = ["reading_tensors", "write_tensors"]


def write_tensors(path: str | os.PathLike[str], tensors: Mapping[str, Tensor], header: Mapping[str, str] | None = None) -> None:
    """Write tensors and a header, whole or not at all; folders are made. Raises InputError if `path` cannot be written."""
    # Cloned: safetensors refuses tensors that share memory.
    apart = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
    with atomic_path(path) as temporary:
        save_file(apart, str(temporary), dict(header) if header else None)


@contextmanager
def reading_tensors(path: str | os.PathLike[str], expected: str) -> Iterator[tuple[dict[str, Tensor], dict[str, str]]]:
    """Tensors by name, on the CPU, and the header of a file that `write_tensors` wrote; for a `with` that makes sense of them.

    Args:
        path: the file.
        expected: what it should have been, for the message.

    Raises:
        FileFormatError: it cannot be read, or the `with` found something missing, of another type or of another shape
            (KeyError, TypeError, ValueError, RuntimeError).
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            header = file.metadata() or {}
            # Cloned: they would be views of the file, and Windows puts no other file in the place of one that is mapped.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 - not a dict
        yield tensors, header
    except KeyError as error:
        raise FileFormatError(path, f"has no {error}", expected) from error
    except (OSError, SafetensorError, TypeError, ValueError, RuntimeError) as error:
        # load_state_dict tells of every weight, a line each.
        raise FileFormatError(path, f"{type(error).__name__} {' '.join(str(error).split())[:160]}", expected) from error
