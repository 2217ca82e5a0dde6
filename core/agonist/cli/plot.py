"""`agonist plot`: activation as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agonist.cli.checks import about, check_output
from agonist.cli.console import Console, Json, Quiet
from agonist.cli.motion_file import MotionFps, MotionPerson, MotionUp, unsaid
from agonist.cli.predict import ModelOption
from agonist.default_models import DEFAULT_MODEL

__all__ = ["plot"]


def plot(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="ACTIVATION|MOTION|FOLDER",
            help="Activation (.csv or .npz), a motion to predict it of, or a folder of 'simulate --details': gait cycles.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Where to draw: .png, .svg or .pdf.")],
    model: ModelOption = DEFAULT_MODEL,
    motion_fps: MotionFps = None,
    up: MotionUp = None,
    person: MotionPerson = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Draw activation as curves: a row a muscle, its left and its right side over each other (needs agonist[plot])."""
    from agonist import io
    from agonist.io import activation_plot, gait_plot
    from agonist.model import load_model
    from agonist.predict import predict as predict_activation

    console = Console(json, quiet)
    told = unsaid(motion_fps, up, person)
    check_output(out, activation_plot.SUFFIXES, [file])
    if (file / "ground_reaction.mot").is_file():
        with about(file):
            strides = gait_plot.write(out, gait_plot.read_details(file), file.name)
        console.say(f"{strides['l']} left and {strides['r']} right strides, simulated: {out}")
        console.result({"out": str(out), "strides": strides})
        return
    if io.is_activation(file):
        activation = io.read_activation(file)
    else:
        with about(file):
            activation = predict_activation(io.read(file, told), load_model(model))
    activation_plot.write(out, activation, file.name)
    console.say(f"{len(activation)} frames of {len(activation.muscles)} muscles, {activation.reference}: {out}")
    console.result({"out": str(out), "frames": len(activation), "muscles": activation.muscles.names, "reference": activation.reference})
