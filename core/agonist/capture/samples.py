"""Sample videos that lie inside packages of PyPI, for the demo and the tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agonist.capture.packages import cache_folder, sha256_of, take_from_package
from agonist.errors import UnknownNameError

__all__ = ["SAMPLES", "Sample", "fetch_sample"]


@dataclass(frozen=True)
class Sample:
    """A file inside a package.

    Attributes:
        requirement: the package.
        member: path inside its wheel.
        digest: SHA-256 of the file.
        licence: of the file, with its author.
        start, end: the part in seconds that shows one whole person best.
    """

    requirement: str
    member: str
    digest: str
    licence: str
    start: float
    end: float


SAMPLES: dict[str, Sample] = {
    "sports2d": Sample(
        "sports2d==0.8.34",
        "Sports2D/Demo/demo.mp4",
        "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039",
        "BSD-3-Clause, David Pagnon (Sports2D)",
        0.0,
        3.3,
    ),
}


def fetch_sample(name: str, cache_dir: Path | None = None) -> Path:
    """A sample video, fetched once. Raises UnknownNameError, WorkError."""
    if name not in SAMPLES:
        raise UnknownNameError("sample video", name, SAMPLES)
    sample = SAMPLES[name]
    target = (cache_dir or cache_folder()) / "samples" / f"{name}{Path(sample.member).suffix}"
    if not (target.is_file() and sha256_of(target) == sample.digest):
        take_from_package(sample.requirement, {sample.member: (target, sample.digest)})
    return target
