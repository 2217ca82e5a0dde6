"""Parts of a long simulation on disk: whoever is interrupted goes on where they were."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from agonist.io.atomic import atomic_path

__all__ = ["Parts", "physics_checksum"]

Array = NDArray[np.float64]


# What only draws muscles, or keeps what was computed, is no physics.
_NO_PHYSICS = ("attachments.toml", "geometry.py", "parts.py")
# What it came to while that was counted too, and before surface48: all takes so far have this number, and the same physics has them to
# the last bit.
_SAME_PHYSICS = {2277269691: 2704824136}


def physics_checksum() -> int:
    """CRC-32 of the sources and tables of `agonist.body` that compute, and of the versions of the packages that they compute with."""
    crc = 0
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".toml") and path.name not in _NO_PHYSICS:
            crc = zlib.crc32(path.read_bytes(), zlib.crc32(path.name.encode(), crc))
    with suppress(PackageNotFoundError):  # simulate() says how to install them
        for package in ("mujoco", "myo-sim"):
            crc = zlib.crc32(version(package).encode(), crc)
    return _SAME_PHYSICS.get(crc, crc)


class Parts:
    """Arrays by name in a folder; without a folder nothing is kept.

    A part that was made from something else, by other code, or not to its end, counts as none.

    Args:
        folder: where they are; made with the first part.
        made_from: arrays, and whatever else tells everything in its `repr`.
    """

    def __init__(self, folder: Path | None, *made_from: object) -> None:
        self.folder = folder
        digest = hashlib.blake2b(digest_size=16)
        if folder is not None:
            for one in (physics_checksum(), *made_from):
                digest.update(one.tobytes() if isinstance(one, np.ndarray) else repr(one).encode())
        self._key = digest.hexdigest()

    def load(self, name: str) -> dict[str, Array] | None:
        """The arrays of a part that is done, None if it is not."""
        if self.folder is None:
            return None
        try:
            with np.load(self.folder / f"part-{name}.npz", allow_pickle=False) as data:
                arrays = {key: data[key] for key in data.files}
        except (OSError, ValueError, EOFError, BadZipFile):
            return None
        return arrays if str(arrays.pop("key", "")) == self._key else None

    def save(self, name: str, arrays: Mapping[str, Array]) -> None:
        """Keep the arrays of a part. Raises InputError if the folder cannot be written."""
        if self.folder is not None:
            with atomic_path(self.folder / f"part-{name}.npz") as temporary:
                np.savez(temporary, key=np.array(self._key), **arrays)

    @staticmethod
    def remove(folder: Path) -> None:
        """Remove all parts in a folder, and the folder if nothing else is in it."""
        # A process that was killed leaves a temporary file behind.
        for path in (*folder.glob("part-*.npz"), *folder.glob(".part-*.npz")):
            path.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()
