"""`python -m blender_addon`: the main job without a window. `python3 build.py demo` calls this."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agonist.cli.edit import outcome_rows, parse_frames, parse_scales
from agonist.errors import AgonistError, InputError

if TYPE_CHECKING:
    from agonist.io.bvh import BvhLayout
    from agonist.motion import Motion


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Blender's C code prints every saved frame; that belongs to nobody here."""
    sys.stdout.flush()
    kept, null = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(null)


def _read(arguments: argparse.Namespace, say: Callable[[str], None]) -> tuple[Motion, BvhLayout | None]:
    """The motion that was asked for, and the layout of its BVH file if it came from one."""
    from agonist import io
    from agonist.io import bvh
    from agonist.motion import Keypoints

    if arguments.motion is None:
        from agonist.capture.pose import motion_from_video
        from agonist.capture.samples import SAMPLES, fetch_sample

        path, first, last = arguments.video, arguments.start, arguments.end
        if path is None:
            sample = SAMPLES["sports2d"]
            say(f"fetching a real video: {sample.requirement} ({sample.licence})")
            path, first, last = fetch_sample("sports2d"), first or sample.start, last or sample.end
        say("finding the person in the video")
        return motion_from_video(path, start=first, end=last, height_m=arguments.height), None
    layout = None
    if arguments.motion.suffix.lower() == ".bvh" and arguments.motion.is_file():
        file = bvh.read(arguments.motion)
        motion, layout = file.motion, file.layout
    else:
        clip = io.read(arguments.motion)
        if isinstance(clip, Keypoints):
            from agonist.capture.fit import fit_motion

            clip = fit_motion(clip)
        motion = clip
    first = round((arguments.start or 0.0) * motion.fps)
    last = len(motion) if arguments.end is None else round(arguments.end * motion.fps) + 1
    if not 0 <= first < min(last, len(motion)):
        raise InputError(f"{arguments.motion}: nothing from {arguments.start} s to {arguments.end} s; it lasts {motion.duration:.2f} s.")
    return motion.slice(first, last), layout


def _main() -> None:
    parser = argparse.ArgumentParser(prog="agonist demo", description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--motion", type=Path, help="a .bvh, .amc, .npz, .trc, .c3d or .json file")
    source.add_argument("--video", type=Path, help="a video of one person; the camera stands still")
    parser.add_argument("--edit", action="append", default=[], metavar="MUSCLE=FACTOR")
    parser.add_argument("--frames", metavar="A:B", help="only these frames may change")
    parser.add_argument("--start", type=float, metavar="S", help="use the recording from this second")
    parser.add_argument("--end", type=float, metavar="S", help="and up to this one")
    parser.add_argument("--height", type=float, metavar="M", help="the person's height in metres, for a video")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    started = time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - started:5.1f} s] {text}\n")
        sys.stderr.flush()

    scales, span = parse_scales(arguments.edit), parse_frames(arguments.frames)
    motion, layout = _read(arguments, say)

    import blender_addon
    from blender_addon.demo import make_demo

    told = {"text": ""}

    def step(text: str, share: float) -> None:
        if text != told["text"]:
            told["text"] = text
            say(text)

    blender_addon.register()
    with _hushed():
        result = make_demo(motion, scales, arguments.out, layout=layout, frames=span, step=step)
    sys.stdout.write(f"{'muscle':14}{'asked':>7}{'reached':>9}{'before':>8}{'after':>8}\n")
    for name, asked, reached, before, after, note in outcome_rows(result):
        sys.stdout.write(f"{name:14}{asked:>7}{reached:>9}{before:>8}{after:>8}  {note}\n")
    sys.stdout.write(
        f"{len(motion)} frames at {motion.fps:g} frames a second; drift of the others {result.drift:.3f}, moved "
        f"{100 * result.distance_mean_m:.1f} cm on average, planted feet slid {1000 * result.foot_slide_m:.1f} mm.\n"
        f"Activation is predicted by a model trained on simulated activation. Files in {arguments.out}\n"
    )


if __name__ == "__main__":
    try:
        _main()
        code = 0
    except AgonistError as error:
        sys.stderr.write(f"agonist demo: {error}\n")
        code = 2 if isinstance(error, InputError) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    # The bpy module's own clean-up at interpreter exit hangs after a Cycles render with persistent data (bpy 4.5.15).
    os._exit(code)
