"""`agonist pose`: a video to a motion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agonist.cli.checks import about, check_output
from agonist.cli.console import Console, Json, Quiet

__all__ = ["pose"]


def pose(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="One whole person, seen by a camera that stands still.")],
    out: Annotated[Path, typer.Option("--out", help="Where to write: .bvh (a skeleton) or .npz (keypoints).")],
    height: Annotated[float | None, typer.Option("--height", metavar="M", help="The person's height in metres.")] = None,
    fov: Annotated[float, typer.Option("--fov", metavar="DEG", help="The camera's angle of view along the longer side.")] = 65.0,
    start: Annotated[float | None, typer.Option("--start", metavar="S", help="Seconds from the first frame.")] = None,
    end: Annotated[float | None, typer.Option("--end", metavar="S", help="Seconds from the first frame.")] = None,
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
        console.say("Fetching the pose networks (36 MB, once).")
    weights = fetch(progress=console.progress)
    tracking = Console(json, quiet)
    with about(video):
        result = capture_video(
            video, height_m=height, fov_deg=fov, start=start, end=end, weights=weights,
            progress=lambda share: tracking.progress(share, "looking for joints"),
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
