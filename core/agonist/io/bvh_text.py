"""The text of a BVH file: hierarchy and table of numbers, in the file's own axes, units and order.

`agonist.io.bvh` gives these numbers a meaning; here is only what is written where, and which line is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist.errors import FileFormatError

__all__ = ["AXES", "BvhText", "Triple", "format_hierarchy", "parse", "preorder"]

Array = NDArray[np.float64]
Triple = tuple[float, float, float]

AXES = "XYZ"
_CHANNELS = frozenset(f"{axis}{kind}" for axis in AXES for kind in ("position", "rotation"))
# Far above any character; a file of a megabyte of braces must not keep the reader busy.
_MAX_JOINTS = 4000


@dataclass(frozen=True, eq=False)
class BvhText:
    """What a file says.

    Attributes:
        names: J joint names as written.
        parents: parent of each joint, -1 for the root.
        offsets: (J, 3) file units.
        channels: for each joint its channel names in order, "Xposition" ... "Zrotation".
        end_sites: (joint, offset in file units) in the file's order.
        frame_time: the text after "Frame Time:".
        values: (T, C) numbers of the motion block, C channels in the order of the hierarchy.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: Array
    channels: tuple[tuple[str, ...], ...]
    end_sites: tuple[tuple[int, Triple], ...]
    frame_time: str
    values: Array


class _Lines:
    """Non-empty lines with their numbers; a brace that ends a line counts as a line of its own."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines: list[tuple[int, str]] = []
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip()
            if line.endswith("{") and len(line) > 1:
                self.lines += [(number, line[:-1].rstrip()), (number, "{")]
            elif line:
                self.lines.append((number, line))
        self.at = 0

    def peek(self) -> str:
        """First word of the next line in upper case; empty at the end of the file."""
        return self.lines[self.at][1].split()[0].upper() if self.at < len(self.lines) else ""

    def next(self, expected: str) -> tuple[int, str]:
        if self.at >= len(self.lines):
            raise FileFormatError(self.path, "the file ends too early", expected)
        self.at += 1
        return self.lines[self.at - 1]

    def keyword(self, word: str, what: str) -> tuple[int, list[str]]:
        """The words after `word`, which the next line must begin with."""
        number, text = self.next(what)
        words = text.split()
        if words[0].upper() != word:
            raise FileFormatError(self.path, f"'{text[:40]}'", what, number)
        return number, words[1:]

    def triple(self, what: str) -> Triple:
        """The three numbers of an OFFSET line."""
        number, words = self.keyword("OFFSET", what)
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = []
        if len(values) != 3 or not np.isfinite(values).all():
            raise FileFormatError(self.path, f"'{' '.join(words)[:60]}'", "OFFSET with three finite numbers", number)
        return values[0], values[1], values[2]


def parse(path: Path) -> BvhText:
    """Read a file's text. Raises FileFormatError, with the line where there is one."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror})", "a BVH file") from error
    if not text.strip():
        raise FileFormatError(path, "an empty file", "a BVH file that begins with HIERARCHY")
    lines = _Lines(path, text)
    names, parents, offsets, channels, ends = _hierarchy(lines)
    values, frame_time = _motion_block(lines, sum(map(len, channels)))
    return BvhText(tuple(names), tuple(parents), np.array(offsets), tuple(channels), tuple(ends), frame_time, values)


_Hierarchy = tuple[list[str], list[int], list[Triple], list[tuple[str, ...]], list[tuple[int, Triple]]]


def _hierarchy(lines: _Lines) -> _Hierarchy:
    path = lines.path
    lines.keyword("HIERARCHY", "the word HIERARCHY")
    names: list[str] = []
    parents: list[int] = []
    offsets: list[Triple] = []
    channels: list[tuple[str, ...]] = []
    ends: list[tuple[int, Triple]] = []
    stack: list[int] = []
    while True:
        number, text = lines.next("ROOT, JOINT, End Site, } or MOTION")
        key = text.split()[0].upper()
        if key == "MOTION":
            if stack or not names:
                raise FileFormatError(path, "MOTION inside the hierarchy", "every { closed by a } and one ROOT before it", number)
            return names, parents, offsets, channels, ends
        if key == "}":
            if not stack:
                raise FileFormatError(path, "a } too many", "as many } as {", number)
            stack.pop()
        elif key in ("ROOT", "JOINT"):
            if (key == "ROOT") != (not names) or (key == "JOINT" and not stack):
                raise FileFormatError(path, f"'{text[:40]}'", "one ROOT first, then JOINTs inside it", number)
            if len(names) == _MAX_JOINTS:
                raise FileFormatError(path, f"more than {_MAX_JOINTS} joints", "a skeleton", number)
            name = text[len(key) :].strip() or f"joint{len(names)}"
            lines.keyword("{", f"{{ after {name}")
            names.append(name)
            parents.append(stack[-1] if stack else -1)
            offsets.append(lines.triple(f"OFFSET of {name}"))
            # Some exporters leave the line out for joints that never move.
            channels.append(_channels(lines) if lines.peek() == "CHANNELS" else ())
            stack.append(len(names) - 1)
        elif key == "END" and stack:
            lines.keyword("{", "{ of an End Site")
            ends.append((stack[-1], lines.triple("OFFSET of an End Site")))
            lines.keyword("}", "} of an End Site")
        else:
            raise FileFormatError(path, f"'{text[:40]}'", "ROOT, JOINT, End Site, } or MOTION", number)


def _channels(lines: _Lines) -> tuple[str, ...]:
    number, words = lines.keyword("CHANNELS", "CHANNELS")
    channels = tuple(word[:1].upper() + word[1:].lower() for word in words[1:])
    if not words or words[0] != str(len(channels)) or not set(channels) <= _CHANNELS or len(set(channels)) != len(channels):
        expected = "CHANNELS, their count, then each of Xposition ... Zrotation at most once"
        raise FileFormatError(lines.path, f"'{' '.join(words)[:60]}'", expected, number)
    return channels


def _motion_block(lines: _Lines, width: int) -> tuple[Array, str]:
    path = lines.path
    number, text = lines.next("Frames: N")
    key, _, count_text = text.partition(":")
    count_text = count_text.strip()
    # isdecimal lets no superscripts through; nine digits are more frames than any memory holds.
    if key.strip().lower() != "frames" or not (count_text.isdecimal() and len(count_text) <= 9):
        raise FileFormatError(path, f"'{text[:40]}'", "Frames: and a whole number", number)
    count = int(count_text)
    number, text = lines.next("Frame Time: seconds")
    key, _, time_text = text.partition(":")
    try:
        seconds = float(time_text)
    except ValueError:
        seconds = float("nan")
    # A million frames a second is beyond every camera; below, 1 / seconds would overflow.
    if " ".join(key.lower().split()) != "frame time" or not (np.isfinite(seconds) and seconds >= 1e-6):
        raise FileFormatError(path, f"'{text[:40]}'", "Frame Time: and a positive number of seconds", number)
    rows = lines.lines[lines.at :]
    if count == 0:
        raise FileFormatError(path, "zero frames", "at least one frame", number)
    if len(rows) != count and width:
        raise FileFormatError(path, f"{len(rows)} lines of motion", f"{count}, as 'Frames:' says; the file may be cut short")
    if width == 0:
        raise FileFormatError(path, "no channels", "CHANNELS of at least one joint")
    words: list[str] = []
    for line, row in rows:
        found = row.split()
        if len(found) != width:
            raise FileFormatError(path, f"{len(found)} numbers", f"{width} a frame, one for each channel", line)
        words += found
    try:
        values = np.array(words, dtype=float).reshape(count, width)
    except ValueError as error:
        raise FileFormatError(path, f"a word that is no number ({error})", "numbers only after 'Frame Time:'") from None
    if not np.isfinite(values).all():
        line = rows[int(np.argwhere(~np.isfinite(values))[0, 0])][0]
        raise FileFormatError(path, "NaN or infinity", "finite numbers", line)
    return values, time_text.strip()


def preorder(parents: Sequence[int]) -> list[tuple[int, int]]:
    """(joint, depth) in the order in which a hierarchy is written; a file that was read is in this order already."""
    children: list[list[int]] = [[] for _ in parents]
    for joint, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(joint)
    order: list[tuple[int, int]] = []
    stack = [(0, 0)]
    while stack:
        joint, depth = stack.pop()
        order.append((joint, depth))
        stack.extend((child, depth + 1) for child in reversed(children[joint]))
    return order


def format_hierarchy(
    names: Sequence[str],
    parents: Sequence[int],
    offsets: Array,
    channels: Sequence[Sequence[str]],
    end_sites: Sequence[tuple[int, Triple]],
) -> list[str]:
    """Lines from HIERARCHY to the last brace. A loop, not a recursion: a rope of a thousand joints is a fair skeleton."""
    ends: dict[int, list[Triple]] = {}
    for joint, end in end_sites:
        ends.setdefault(joint, []).append(end)

    def text(vector: Array | Triple) -> str:
        return " ".join(f"{value:.9g}" for value in vector)

    lines = ["HIERARCHY"]
    depth_now = 0
    for joint, depth in preorder(parents):
        lines += [f"{'  ' * up}}}" for up in range(depth_now - 1, depth - 1, -1)]
        tab = "  " * depth
        # A line break inside a name would end the line.
        name = " ".join(names[joint].split())
        lines += [f"{tab}{'JOINT' if depth else 'ROOT'} {name}", f"{tab}{{", f"{tab}  OFFSET {text(offsets[joint])}"]
        lines.append(f"{tab}  CHANNELS {len(channels[joint])} {' '.join(channels[joint])}".rstrip())
        for end in ends.get(joint, []):
            lines += [f"{tab}  End Site", f"{tab}  {{", f"{tab}    OFFSET {text(end)}", f"{tab}  }}"]
        depth_now = depth + 1
    lines += [f"{'  ' * up}}}" for up in range(depth_now - 1, -1, -1)]
    return lines
