"""Damage to files: what a bad disk, a cut transfer or a text editor does, and what a reader may do then."""

import re
import warnings

from hypothesis import strategies as st

from agonist.errors import AgonistError

__all__ = ["HARMS", "PLACES", "harmed", "reads_or_refuses"]

_NASTY = [
    b"nan", b"inf", b"-1", b"0", b"1e308", b"1e999", b"-1e-320", b"99999999999999999999", b"65536", b"", b"{", b"}", b"[]", b"null",
    b"true", b'"a"', b"\n", b"\t", b"\x00", b"\xff\xfe", "²".encode(), b"End Site", b"JOINT", b"#", b"Frames:", b"\r",
]  # fmt: skip
PLACES = st.integers(0, 10**7)
HARMS = st.one_of(
    st.tuples(st.just("set"), PLACES, st.integers(0, 255)),
    st.tuples(st.just("cut"), PLACES, st.just(0)),
    st.tuples(st.just("delete"), PLACES, st.integers(1, 80)),
    st.tuples(st.just("repeat"), PLACES, st.integers(1, 80)),
    st.tuples(st.just("word"), PLACES, st.sampled_from(_NASTY)),
    st.tuples(st.just("word"), PLACES, st.sampled_from(_NASTY)),
    st.tuples(st.just("line"), PLACES, PLACES),
)


def harmed(raw: bytes, harms) -> bytes:
    """A file's bytes after some HARMS, one after the other."""
    for kind, place, what in harms:
        at = place % max(1, len(raw))
        if kind == "set":
            raw = raw[:at] + bytes([what]) + raw[at + 1 :]
        elif kind == "cut":
            raw = raw[:at]
        elif kind == "delete":
            raw = raw[:at] + raw[at + what :]
        elif kind == "repeat":
            raw = raw[: at + what] + raw[at:]
        elif kind == "word":
            words = list(re.finditer(rb"[^\s,\[\]{}:]+", raw))
            if words:
                word = words[place % len(words)]
                raw = raw[: word.start()] + what + raw[word.end() :]
        else:
            lines = raw.split(b"\n")
            first, second = place % len(lines), what % len(lines)
            lines[first], lines[second] = lines[second], lines[first]
            raw = b"\n".join(lines)
    return raw


def reads_or_refuses(folder, name: str, raw: bytes, read) -> bool:
    """Whether the file was read; else it was refused in one line that names it. Anything beside these two fails the test."""
    path = folder / name
    path.write_bytes(raw)
    with warnings.catch_warnings():
        # A warning would be a line on standard error that nobody asked for.
        warnings.simplefilter("error")
        try:
            read(path)
        except AgonistError as error:
            assert str(folder) in str(error) and "\n" not in str(error)
            assert len(str(error)) < 1500
            return False
    return True
