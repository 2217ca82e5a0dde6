"""`agonist edit`: muscle sliders to recommended motion."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agonist.cli.checks import about, check_output
from agonist.cli.console import Console, Json, Quiet
from agonist.cli.motion_file import MotionFile, MotionFps, MotionPerson, MotionUp, unsaid
from agonist.cli.predict import ModelOption
from agonist.default_models import DEFAULT_MODEL
from agonist.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from agonist.edit import EditResult, EditSession
    from agonist.motion import Motion

__all__ = ["edit", "outcome_rows", "parse_frames", "parse_scales"]


def parse_scales(texts: list[str]) -> dict[str, float]:
    """["hamstrings=1.5"] to {"hamstrings": 1.5}. Raises InputError."""
    # Only here, so that the command line starts without numpy.
    from agonist.edit_goal import LARGEST_SCALE

    scales = {}
    for text in texts:
        name, _, value = (part.strip() for part in text.partition("="))
        try:
            factor = float(value)
        except ValueError:
            factor = math.nan
        if not name or math.isnan(factor):
            raise InputError(f"'{text}' is no edit. Expected MUSCLE=FACTOR, such as hamstrings=1.5.")
        if not 0 <= factor <= LARGEST_SCALE:
            raise InputError(f"'{text}': a factor of {factor:g}. Expected 0 to {LARGEST_SCALE:g}, 1 for no change.")
        if name in scales:
            raise InputError(f"'{text}': {name} was given before. Expected each muscle once.")
        scales[name] = factor
    return scales


def parse_frames(text: str | None) -> tuple[int, int] | None:
    """ "10:50" to (10, 50). Raises InputError."""
    if text is None:
        return None
    first, _, last = (part.strip() for part in text.partition(":"))
    # Nine digits are more frames than any memory holds.
    if not all(part.isascii() and part.isdecimal() and len(part) <= 9 for part in (first, last)):
        raise InputError(f"'{text}' is no frame range. Expected FIRST:LAST, such as 10:50; LAST itself is not touched.")
    if int(first) >= int(last):
        raise InputError(f"'{text}': no frame lies in it. Expected FIRST below LAST, such as 10:50.")
    return int(first), int(last)


def outcome_rows(result: EditResult) -> list[list[str]]:
    """One row a muscle: asked, reached, before, after, and what to know about it."""
    rows = []
    for one in result.outcomes:
        note = "out of reach" if one.out_of_reach else ("" if one.is_asked else "not asked")
        rows.append([one.muscle, f"{one.asked:.2f}", f"{one.reached:.2f}", f"{one.before:.3f}", f"{one.after:.3f}", note])
    return rows


def edit(
    motion: MotionFile,
    out: Annotated[Path, typer.Option("--out", help="Where to write the recommended motion: .bvh or .npz.")],
    scale: Annotated[list[str], typer.Option("--scale", metavar="MUSCLE=FACTOR", help="Such as hamstrings=1.5; may be given again.")] = [],  # noqa: B006
    frames: Annotated[str | None, typer.Option("--frames", metavar="A:B", help="Only these frames may change.")] = None,
    falloff: Annotated[float, typer.Option("--falloff", help="Seconds over which the edit fades in and out inside the frames.")] = 0.3,
    lock: Annotated[list[str], typer.Option("--lock", metavar="PART", help="What must not move: root, trunk, head, arms, arm_l, legs, leg_r, ...; may be given again.")] = [],  # noqa: B006, E501
    only: Annotated[list[str], typer.Option("--only", metavar="PART", help="Lock everything but this: arms, legs, ...; may be given again.")] = [],  # noqa: B006, E501
    influence: Annotated[float, typer.Option("--influence", help="Share of the change that is taken, 0 to 1.")] = 1.0,
    curves: Annotated[
        Path | None, typer.Option("--curves", help="Activation as it shall be: a CSV or NPZ of 'agonist predict' that you changed.")
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    physics: Annotated[
        bool, typer.Option("--physics", help="Let a simulation judge the result too (slow; needs agonist[physics]).")
    ] = False,
    motion_fps: MotionFps = None,
    up: MotionUp = None,
    person: MotionPerson = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Recommend a motion in which muscles work as much as asked."""
    from agonist.edit import prepare_edit
    from agonist.edit_scope import all_but
    from agonist.io import bvh, npz, read_with_layout
    from agonist.model import load_model
    from agonist.motion import Keypoints

    console = Console(json, quiet)
    scales, span, told = parse_scales(scale), parse_frames(frames), unsaid(motion_fps, up, person)
    locked = {*lock, *(all_but(only) if only else ())}
    check_output(out, (".bvh", ".npz"), [motion])
    with about(motion):
        clip, layout = read_with_layout(motion, told)
        if isinstance(clip, Keypoints):
            from agonist.capture.fit import fit_motion

            clip = fit_motion(clip)
        session = prepare_edit(clip, model=load_model(model))
        drawn = _drawn(session, curves, scales) if curves else {}
        result = session.edit({**drawn, **scales}, span, locked=locked, falloff_s=falloff, influence=influence)
        # Before anything is written: physics may refuse the clip.
        verdict = _judge(console, clip, result) if physics else None
    if out.suffix.lower() == ".bvh":
        bvh.write(out, result.motion, layout)
    else:
        npz.write(out, result.motion)
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
    if verdict is not None:
        document["physics"] = verdict
        console.say("Checked by physics (simulated: another person, another recruitment cost than any training data):")
        rows = [[name, f"{result.parameters['asked'][name]:.2f}", f"{ratio:.2f}"] for name, ratio in verdict.items()]
        console.table(["muscle", "asked", "works"], rows)
    console.result(document)


def _drawn(session: EditSession, curves: Path, scales: Mapping[str, ArrayLike]) -> dict[str, ArrayLike]:
    """Factors of a changed activation file; a muscle that --scale names too is refused."""
    from agonist.edit_goal import scales_of_curves
    from agonist.io import read_activation
    from agonist.muscles import resolve_muscles

    with about(curves):
        drawn = scales_of_curves(session.original, read_activation(curves))
    twice = set(drawn) & set(resolve_muscles(scales, session.model.contract.muscles))
    if twice:
        raise InputError(f"{curves}: {', '.join(sorted(twice))} changed here and in --scale. Expected one of the two.")
    return dict(drawn)


def _judge(console: Console, clip: Motion, result: EditResult) -> dict[str, float]:
    from agonist.verify import verify_by_physics

    return verify_by_physics(clip, result, progress=lambda share: console.progress(share, "simulating"))
