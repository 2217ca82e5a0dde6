"""`agonist simulate`: a motion to muscle activation, by physics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agonist.cli.checks import about, check_folder, check_output, check_positive
from agonist.cli.console import Console, Json, Quiet
from agonist.cli.motion_file import MotionFile, MotionFps, MotionPerson, MotionUp, unsaid
from agonist.cli.predict import ACTIVATION_SUFFIXES, write_activation

__all__ = ["simulate"]


def simulate(
    motion: MotionFile,
    out: Annotated[Path, typer.Option("--out", help="Where to write: .csv or .npz.")],
    mass: Annotated[float, typer.Option("--mass", metavar="KG", help="Body mass in kilograms.")] = 75.0,
    height: Annotated[
        float | None, typer.Option("--height", metavar="M", help="Body height in metres; the motion's own size if not given.")
    ] = None,
    sex: Annotated[str, typer.Option("--sex", metavar="SEX", help="male or female.")] = "male",
    strength: Annotated[float, typer.Option("--strength", metavar="FACTOR", help="Factor on every muscle's maximal force.")] = 1.0,
    cost_exponent: Annotated[
        float,
        typer.Option("--cost-exponent", metavar="P", help="Muscles share their work so that the sum of volume x activation^P is least."),
    ] = 2.0,
    cocontraction: Annotated[
        float, typer.Option("--cocontraction", metavar="SHARE", help="Activation that every muscle keeps at least, 0 to 0.3.")
    ] = 0.01,
    muscles: Annotated[
        str, typer.Option("--muscles", metavar="SET", help="mia8, surface24, surface48, body (all), or names with commas: soleus_r,biceps.")
    ] = "mia8",
    grf: Annotated[
        Path | None,
        typer.Option("--grf", metavar="FILE", help="Measured ground reaction (.mot) instead of an estimate; same clock and axes."),
    ] = None,
    details: Annotated[
        Path | None,
        typer.Option("--details", metavar="DIR", help="Write angles, torques, ground reaction and muscle lengths for OpenSim here."),
    ] = None,
    emg: Annotated[bool, typer.Option("--emg", help="Write activation 50 ms earlier, when an EMG envelope would show it.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes; the result is the same for any number.")] = 1,
    fps: Annotated[float | None, typer.Option("--fps", metavar="HZ", help="Frame rate of the result; else the motion's own.")] = None,
    motion_fps: MotionFps = None,
    up: MotionUp = None,
    which: MotionPerson = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Simulate the muscles of a motion with a body and physics instead of a network (needs agonist[physics]).

    What is done is kept in OUT.part until all is: a run that was stopped goes on where it was.
    """
    from agonist.threads import one_thread_each

    # Before numpy is there, or it would be too late for this process.
    one_thread_each()
    from agonist import io
    from agonist.body import Person
    from agonist.body import simulate as simulate_motion
    from agonist.body.muscle_map import MUSCLE_CHOICES
    from agonist.body.parts import Parts
    from agonist.body.plates import force_plates
    from agonist.body.tables import simulated_keypoints, simulation_tables
    from agonist.humanoid import scaled_to_height
    from agonist.predict import standing_keypoints

    console = Console(json, quiet)
    told = unsaid(motion_fps, up, which)
    check_output(out, ACTIVATION_SUFFIXES, [motion])
    if details is not None:
        check_folder(details)
    check_positive("--fps", fps, 1000, "frames a second")
    check_positive("--height", height, 2.6, "metres")
    person = Person(mass_kg=mass, sex=sex, strength=strength, cost_exponent=cost_exponent, cocontraction=cocontraction)
    plates = None
    if grf is not None:
        with about(grf):
            plates = force_plates(io.mot_sto.read(grf))
    chosen = muscles if muscles in MUSCLE_CHOICES else [name.strip() for name in muscles.split(",")]
    parts = out.with_name(f"{out.name}.part")
    with about(motion):
        clip = io.read(motion, told)
        result = simulate_motion(
            clip if height is None else scaled_to_height(standing_keypoints(clip), height),
            person, muscles=chosen, output_fps=fps, plates=plates, jobs=jobs, parts=parts,
            progress=lambda share: console.progress(share, "simulating"),
        )  # fmt: skip
    write_activation(out, result.expected_emg if emg else result.activation)
    if details is not None:
        details.mkdir(parents=True, exist_ok=True)
        for name, table in simulation_tables(result).items():
            io.mot_sto.write(details / name, table)
        io.trc.write(details / "keypoints.trc", simulated_keypoints(result))
    Parts.remove(parts)
    names = result.activation.muscles.names
    columns = [result.activation.column(name) for name in names]
    rows = [[name, f"{column.mean():.3f}", f"{column.max():.3f}"] for name, column in zip(names, columns, strict=True)]
    console.table(["muscle", "mean", "peak"], rows)
    quality = {
        "keypoint_error_mm": 1000 * float(result.keypoint_error_m.mean()),
        "residual_body_weights": float(result.residual_share.mean()),
        "reserve_share": float(result.reserve_share.mean()),
    }
    console.say(
        f"simulated; fit {quality['keypoint_error_mm']:.0f} mm, unexplained force {quality['residual_body_weights']:.2f} body weights, "
        f"reserves {100 * quality['reserve_share']:.0f} % of the joint torques: {out}"
    )
    for flag in result.flags:
        console.say(f"Careful: {flag}.")
    means = {name: float(column.mean()) for name, column in zip(names, columns, strict=True)}
    console.result(
        {
            "out": str(out),
            **quality,
            "flags": list(result.flags),
            "mean": means,
            "ground_reaction": "estimated" if grf is None else "measured",
            "details": str(details) if details else None,
        }
    )
