"""The motion that a command reads, and what its file may not say: one set of arguments for every command that reads one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agonist.cli.checks import check_positive
from agonist.errors import InputError

if TYPE_CHECKING:
    from agonist.io import Unsaid

__all__ = ["MotionFile", "MotionFps", "MotionPerson", "MotionUp", "unsaid"]

MotionFile = Annotated[
    Path,
    typer.Argument(
        metavar="MOTION",
        help="A .bvh, .amc, .npz, .trc, .c3d, .json, .csv, .npy, .txt, .mot or .sto file, or OpenPose's folder of .json files.",
    ),
]
# Not --fps, which is the rate of the result where a command has it.
MotionFps = Annotated[
    float | None,
    typer.Option("--motion-fps", metavar="HZ", help="Frame rate of a motion without a clock, such as OpenPose's; else 30, and 120 of AMC."),
]
MotionUp = Annotated[
    str | None,
    typer.Option(
        "--up", metavar="AXIS",
        help="Up axis of a motion that does not say it (OpenPose, FreeMoCap, AMASS, TRC, C3D): y, z, or -y as in a camera.",
    ),
]
MotionPerson = Annotated[int | None, typer.Option("--person", metavar="N", help="Which person of OpenPose's frames, from 1.")]

_UPS = ("y", "z", "-y")


def unsaid(fps: float | None, up: str | None, person: int | None) -> Unsaid:
    """What `agonist.io.read` wants of these options; its own defaults where one was not given. Raises InputError."""
    check_positive("--motion-fps", fps, 100_000, "frames a second")
    if up is not None and up not in _UPS:
        raise InputError(f"--up {up}: expected {', '.join(_UPS)}.")
    if person is not None and person < 1:
        raise InputError(f"--person {person}: expected 1 for the first, 2 for the second ...")
    from agonist.io import Unsaid

    default = Unsaid()
    return Unsaid(fps, up, default.person if person is None else person - 1)
