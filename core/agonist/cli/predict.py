"""`agonist predict`: a motion to muscle activation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agonist.cli.checks import about, check_output
from agonist.cli.console import Console, Json, Quiet
from agonist.cli.motion_file import MotionFile, MotionFps, MotionPerson, MotionUp, unsaid
from agonist.default_models import DEFAULT_MODEL

if TYPE_CHECKING:
    from agonist.activation import Activation

__all__ = ["ACTIVATION_SUFFIXES", "predict", "write_activation"]

ModelOption = Annotated[str, typer.Option("--model", help="A shipped model's name or a model folder.")]


ACTIVATION_SUFFIXES = (".csv", ".npz")


def write_activation(path: Path, activation: Activation) -> None:
    """Write an Activation; one of ACTIVATION_SUFFIXES says how."""
    from agonist.io import csv_activation, npz

    {".csv": csv_activation.write, ".npz": npz.write_activation}[path.suffix.lower()](path, activation)


def predict(
    motion: MotionFile,
    out: Annotated[Path, typer.Option("--out", help="Where to write: .csv or .npz.")],
    model: ModelOption = DEFAULT_MODEL,
    motion_fps: MotionFps = None,
    up: MotionUp = None,
    person: MotionPerson = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Predict the muscle activation of a motion, at its own frame rate."""
    from agonist import io
    from agonist.model import load_model
    from agonist.predict import predict as predict_activation

    console = Console(json, quiet)
    told = unsaid(motion_fps, up, person)
    check_output(out, ACTIVATION_SUFFIXES, [motion])
    with about(motion):
        activation = predict_activation(io.read(motion, told), load_model(model))
    write_activation(out, activation)
    names = activation.muscles.names
    rows = [[name, f"{activation.column(name).mean():.3f}", f"{activation.column(name).max():.3f}"] for name in names]
    console.table(["muscle", "mean", "peak"], rows)
    console.say(f"{len(activation)} frames at {activation.fps:g} frames a second, {activation.reference}: {out}")
    console.result(
        {
            "out": str(out), "frames": len(activation), "fps": activation.fps, "reference": activation.reference,
            "mean": {name: float(activation.column(name).mean()) for name in names},
            "peak": {name: float(activation.column(name).max()) for name in names},
        }
    )  # fmt: skip
