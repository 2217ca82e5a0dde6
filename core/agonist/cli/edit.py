"""`agonist edit`: muscle sliders to recommended motion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agonist.cli.console import Console, Json, Quiet
from agonist.cli.predict import ModelOption, MotionFile
from agonist.errors import FileFormatError, InputError

if TYPE_CHECKING:
    from agonist.edit import EditResult
    from agonist.motion import Motion

__all__ = ["edit", "outcome_rows", "parse_frames", "parse_scales"]


def parse_scales(texts: list[str]) -> dict[str, float]:
    """["hamstrings=1.5"] to {"hamstrings": 1.5}. Raises InputError."""
    scales = {}
    for text in texts:
        name, sign, value = text.partition("=")
        try:
            scales[name.strip()] = float(value)
        except ValueError:
            sign = ""
        if not sign or not name.strip():
            raise InputError(f"'{text}' is no edit. Expected MUSCLE=FACTOR, such as hamstrings=1.5.")
    return scales


def parse_frames(text: str | None) -> tuple[int, int] | None:
    """ "10:50" to (10, 50). Raises InputError."""
    if text is None:
        return None
    first, sign, last = text.partition(":")
    if not sign or not first.strip().isdigit() or not last.strip().isdigit():
        raise InputError(f"'{text}' is no frame range. Expected FIRST:LAST, such as 10:50; LAST itself is not touched.")
    return int(first), int(last)


def outcome_rows(result: EditResult) -> list[list[str]]:
    """One row a muscle: asked, reached, before, after, and what to know about it."""
    rows = []
    for one in result.outcomes:
        note = "out of reach" if one.out_of_reach else ("" if one.asked != 1 else "not asked")
        rows.append([one.muscle, f"{one.asked:.2f}", f"{one.reached:.2f}", f"{one.before:.3f}", f"{one.after:.3f}", note])
    return rows


def edit(
    motion: MotionFile,
    out: Annotated[Path, typer.Option("--out", help="Where to write the recommended motion: .bvh or .npz.")],
    scale: Annotated[list[str], typer.Option("--scale", metavar="MUSCLE=FACTOR", help="Such as hamstrings=1.5; may be given again.")] = [],  # noqa: B006
    frames: Annotated[str | None, typer.Option("--frames", metavar="A:B", help="Only these frames may change.")] = None,
    model: ModelOption = "agonist",
    physics: Annotated[
        bool, typer.Option("--physics", help="Let a simulation judge the result too (slow; needs agonist[physics]).")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Recommend a motion in which muscles work as much as asked."""
    from agonist import io
    from agonist.edit import prepare_edit
    from agonist.io import bvh
    from agonist.model import load_model
    from agonist.motion import Motion

    console = Console(json, quiet)
    scales, span = parse_scales(scale), parse_frames(frames)
    if out.suffix.lower() not in (".bvh", ".npz"):
        raise FileFormatError(out, f"a file ending in '{out.suffix}'", "a motion file ending in .bvh or .npz")
    layout = None
    if motion.suffix.lower() == ".bvh" and motion.is_file():
        file = bvh.read(motion)
        clip, layout = file.motion, file.layout
    else:
        read = io.read(motion)
        if not isinstance(read, Motion):
            from agonist.capture.fit import fit_motion

            read = fit_motion(read)
        clip = read
    result = prepare_edit(clip, model=load_model(model)).edit(scales, span)
    if out.suffix.lower() == ".bvh":
        bvh.write(out, result.motion, layout)
    else:
        io.npz.write(out, result.motion)
    console.table(["muscle", "asked", "reached", "before", "after", ""], outcome_rows(result))
    console.say(
        f"drift of the others {result.drift:.3f}, moved {100 * result.distance_mean_m:.1f} cm on average and "
        f"{100 * result.distance_max_m:.1f} cm at most, planted feet slid {1000 * result.foot_slide_m:.1f} mm: {out}"
    )
    document = {
        "out": str(out), "frames": list(result.frames), "drift": result.drift, "distance_mean_m": result.distance_mean_m,
        "distance_max_m": result.distance_max_m, "foot_slide_m": result.foot_slide_m,
        "muscles": {o.muscle: {"asked": o.asked, "reached": o.reached, "before": o.before, "after": o.after, "out_of_reach": o.out_of_reach}
                    for o in result.outcomes},
    }  # fmt: skip
    if physics:
        document["physics"] = _physics(console, clip, result)
    console.result(document)


def _physics(console: Console, clip: Motion, result: EditResult) -> dict[str, float]:
    from agonist.verify import verify_by_physics

    verdict = verify_by_physics(clip, result, progress=lambda share: console.progress(share, "simulating"))
    rows = [[name, f"{result.parameters['asked'][name]:.2f}", f"{ratio:.2f}"] for name, ratio in verdict.items()]
    console.say("Checked by physics (simulated: another person, another recruitment cost than any training data):")
    console.table(["muscle", "asked", "works"], rows)
    return verdict
