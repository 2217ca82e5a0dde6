"""`agonist pose`: a video to a motion."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from agonist.cli.checks import about, check_output
from agonist.cli.console import Console, Json, Quiet
from agonist.errors import WorkError

__all__ = ["pose"]


def pose(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="One whole person, seen by a camera that stands still.")],
    out: Annotated[Path, typer.Option("--out", help="Where to write: .bvh (a skeleton) or .npz (keypoints).")],
    height: Annotated[float | None, typer.Option("--height", metavar="M", help="The person's height in metres.")] = None,
    fov: Annotated[float, typer.Option("--fov", metavar="DEG", help="The camera's angle of view along the longer side.")] = 65.0,
    start: Annotated[float | None, typer.Option("--start", metavar="S", help="Seconds from the first frame.")] = None,
    end: Annotated[float | None, typer.Option("--end", metavar="S", help="Seconds from the first frame.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Fetch nothing; fail if the pose networks are not there yet.")] = False,
    progress: Annotated[
        bool, typer.Option("--progress", help="Tell a program how far it is: lines 'progress 0.25 TEXT' on standard error.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Estimate a person's motion in a video, at the video's own frame rate."""
    console = Console(json, quiet)
    check_output(out, (".bvh", ".npz"), [video])
    from agonist.capture.pose import capture_video, check_capture
    from agonist.capture.pose_weights import fetch, find
    from agonist.io import bvh, npz

    # Before anything is fetched for it.
    check_capture(video, height_m=height, fov_deg=fov, start=start, end=end)
    if find() is None:
        if offline:
            raise WorkError("The pose networks are not there yet. Fetch them once (36 MB) with: agonist models fetch pose")
        console.say("Fetching the pose networks (36 MB, once).")
    lines = _lines() if progress else None
    weights = fetch(progress=lines or console.progress)
    tell = lines or Console(json, quiet).progress
    with about(video):
        result = capture_video(
            video, height_m=height, fov_deg=fov, start=start, end=end, weights=weights,
            progress=lambda share: tell(share, "looking for joints"),
        )  # fmt: skip
    if out.suffix.lower() == ".bvh":
        bvh.write(out, result.motion)
    else:
        npz.write(out, result.keypoints)
    quality, motion = result.quality, result.motion
    console.say(
        f"{len(motion)} frames at {motion.fps:g} frames a second; the person is seen in {quality['frames_with_person']} of "
        f"{quality['frames']}. Places in the world are an estimate from one camera: {out}"
    )
    console.result({"out": str(out), "frames": len(motion), "fps": motion.fps, "start": motion.start, "quality": quality})


def _lines() -> Callable[[float, str], None]:
    """What writes a line for the program that called, at most ten a second."""
    written = float("-inf")

    def tell(share: float, text: str) -> None:
        nonlocal written
        now = time.monotonic()
        if now - written >= 0.1 or share >= 1:
            written = now
            sys.stderr.write(f"progress {share:.3f} {text}\n")
            sys.stderr.flush()

    return tell
