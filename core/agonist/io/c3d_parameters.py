"""Header and parameters of a C3D file, after the C3D file format user guide (Motion Lab Systems).

A header block of 512 bytes says where the parameters lie and where the data begin; the parameters are a chain of groups and
their members, each a small array of text or numbers. Three kinds of machine wrote such files: Intel's, DEC's and MIPS's.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.errors import FileFormatError

__all__ = ["BLOCK", "EXPECTED", "C3dHeader", "C3dParameters", "reals"]

BLOCK = 512
EXPECTED = "a whole C3D file"
_INTEL, _DEC, _MIPS = 84, 85, 86
# Bytes an element by type code: text, byte, integer, real.
_SIZES = {-1: 1, 1: 1, 2: 2, 4: 4}
_MAX_RANK = 7


def reals(raw: bytes, processor: int) -> NDArray[np.float32]:
    """Reals of 4 bytes each as that machine wrote them."""
    if processor == _DEC:
        # VAX F_floating: its two 16-bit words the other way round, and an exponent that is two higher.
        words = np.frombuffer(raw, dtype="<u2").reshape(-1, 2)[:, ::-1]
        with np.errstate(invalid="ignore"):
            return (np.ascontiguousarray(words).view("<f4")[:, 0] / np.float32(4)).astype(np.float32)
    return np.frombuffer(raw, dtype=">f4" if processor == _MIPS else "<f4").astype(np.float32)


@dataclass(frozen=True)
class C3dHeader:
    """The first block.

    Attributes:
        points: points a frame.
        analog: analog numbers a frame, of all channels.
        first, last: numbers of the first and the last frame, from 1; 65535 at most.
        scale: what integers are multiplied with; negative where reals are stored.
        data_at: where the first frame begins, bytes.
        processor: 84 Intel, 85 DEC, 86 MIPS.
    """

    points: int
    analog: int
    first: int
    last: int
    scale: float
    data_at: int
    processor: int

    @property
    def order(self) -> str:
        """Byte order of integers, "<" or ">"."""
        return ">" if self.processor == _MIPS else "<"


@dataclass(frozen=True)
class C3dParameters:
    """Header and parameters of one file."""

    path: Path
    header: C3dHeader
    members: dict[tuple[str, str], tuple[int, tuple[int, ...], bytes]]

    @staticmethod
    def parse(path: Path, raw: bytes) -> C3dParameters:
        """Walk the chain. Raises FileFormatError where it leaves the file."""
        # The second byte of every C3D file is 0x50.
        if len(raw) < 2 * BLOCK or raw[1] != 0x50:
            raise FileFormatError(path, "no C3D header" if raw else "an empty file", EXPECTED)
        start = (raw[0] - 1) * BLOCK
        if start < BLOCK or start + 4 > len(raw) or raw[start + 3] not in (_INTEL, _DEC, _MIPS):
            raise FileFormatError(path, "no parameters where the header says", EXPECTED)
        processor = raw[start + 3]
        order = ">" if processor == _MIPS else "<"
        points, analog, first, last = struct.unpack_from(order + "4H", raw, 2)
        (block,) = struct.unpack_from(order + "H", raw, 16)
        header = C3dHeader(points, analog, first, last, float(reals(raw[12:16], processor)[0]), (block - 1) * BLOCK, processor)
        try:
            return C3dParameters(path, header, _members(raw, start + 4, order))
        except (struct.error, IndexError, ValueError) as error:
            raise FileFormatError(path, f"broken parameters ({error})", EXPECTED) from error

    def numbers(self, group: str, name: str) -> list[float]:
        """Numbers of a parameter, integers unsigned; none if it is not there. Raises FileFormatError if it is text."""
        if (group, name) not in self.members:
            return []
        code, _, data = self.members[group, name]
        if code == -1:
            raise FileFormatError(self.path, f"text in {group}:{name}", "numbers")
        if code == 4:
            return [float(value) for value in reals(data, self.header.processor)]
        kind: Any = np.dtype("u1") if code == 1 else np.dtype(self.header.order + "u2")
        return [float(value) for value in np.frombuffer(data, dtype=kind)]

    def number(self, group: str, name: str, default: float | None = None) -> float:
        """The first number of a parameter. Raises FileFormatError if there is none and no default."""
        found = self.numbers(group, name)
        if found:
            return found[0]
        if default is None:
            raise FileFormatError(self.path, f"no number in {group}:{name}", "one")
        return default

    def texts(self, group: str, name: str) -> list[str]:
        """Strings of a parameter, without the blanks that pad them; none if it is not there. Raises FileFormatError if it is numbers."""
        if (group, name) not in self.members:
            return []
        code, dimensions, data = self.members[group, name]
        if code != -1:
            raise FileFormatError(self.path, f"numbers in {group}:{name}", "text")
        width = dimensions[0] if dimensions else 1
        return [data[at : at + width].decode("latin-1").strip(" \0") for at in range(0, len(data), width)] if width else []


def _members(raw: bytes, at: int, order: str) -> dict[tuple[str, str], tuple[int, tuple[int, ...], bytes]]:
    groups: dict[int, str] = {}
    found: list[tuple[int, str, tuple[int, tuple[int, ...], bytes]]] = []
    while True:
        # A negative length marks a locked entry, a negative number a group.
        length, identity = struct.unpack_from("bb", raw, at)
        if length == 0 or identity == 0:
            break
        name = raw[at + 2 : at + 2 + abs(length)].decode("latin-1").strip(" \0").upper()
        link = at + 2 + abs(length)
        (step,) = struct.unpack_from(order + "h", raw, link)
        if step and not link + 2 < link + step <= len(raw):
            raise ValueError(f"'{name[:20]}' points outside the file")
        if identity < 0:
            groups.setdefault(-identity, name)
        else:
            found.append((identity, name, _array(raw, link + 2, name)))
        if step == 0:
            break
        at = link + step
    return {(groups[identity], name): array for identity, name, array in found if identity in groups}


def _array(raw: bytes, at: int, name: str) -> tuple[int, tuple[int, ...], bytes]:
    """Type code, dimensions and bytes of a parameter."""
    code, rank = struct.unpack_from("bB", raw, at)
    dimensions = tuple(raw[at + 2 : at + 2 + rank])
    if code not in _SIZES or rank > _MAX_RANK or len(dimensions) != rank:
        raise ValueError(f"'{name[:20]}' of type {code} with {rank} dimensions")
    size = prod(dimensions) * _SIZES[code]
    data = raw[at + 2 + rank : at + 2 + rank + size]
    if len(data) != size:
        raise ValueError(f"'{name[:20]}' leaves the file")
    return code, dimensions, data
