"""`python -m blender_addon`: the main job without a window. `python3 build.py demo` calls this."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from agonist.cli.edit import outcome_rows, parse_frames, parse_scales
from agonist.errors import AgonistError, InputError


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


def _main() -> None:
    parser = argparse.ArgumentParser(prog="agonist demo", description=__doc__)
    parser.add_argument("--motion", type=Path, required=True)
    parser.add_argument("--edit", action="append", default=[], metavar="MUSCLE=FACTOR")
    parser.add_argument("--frames", metavar="A:B", help="only these frames of the motion are used")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    from agonist import io
    from agonist.io import bvh
    from agonist.motion import Keypoints

    scales, span = parse_scales(arguments.edit), parse_frames(arguments.frames)
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
    if span:
        if not 0 <= span[0] < span[1] <= len(motion):
            raise InputError(f"Frames {span[0]}:{span[1]} do not lie in the motion. Expected first < last within 0:{len(motion)}.")
        motion = motion.slice(*span)

    import blender_addon
    from blender_addon.demo import make_demo

    started = time.monotonic()
    told = {"text": ""}

    def step(text: str, share: float) -> None:
        if text != told["text"]:
            told["text"] = text
            sys.stderr.write(f"[{time.monotonic() - started:5.1f} s] {text}\n")
            sys.stderr.flush()

    blender_addon.register()
    with _hushed():
        result = make_demo(motion, scales, arguments.out, layout=layout, step=step)
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
