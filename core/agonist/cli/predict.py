"""`agonist predict`: a motion to muscle activation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agonist.cli.console import Console, Json, Quiet
from agonist.errors import FileFormatError

__all__ = ["predict", "write_activation"]

MotionFile = Annotated[Path, typer.Argument(metavar="MOTION", help="A .bvh, .amc, .npz, .trc, .c3d or .json file.")]
ModelOption = Annotated[str, typer.Option("--model", help="A shipped model's name or a model folder.")]


def write_activation(path: Path, activation: object) -> None:
    """Write an Activation as .csv or .npz. Raises FileFormatError for another suffix."""
    from agonist.activation import Activation
    from agonist.io import csv_activation, npz

    assert isinstance(activation, Activation)
    writers = {".csv": csv_activation.write, ".npz": npz.write_activation}
    if path.suffix.lower() not in writers:
        raise FileFormatError(path, f"a file ending in '{path.suffix}'", "an activation file ending in .csv or .npz")
    writers[path.suffix.lower()](path, activation)


def predict(
    motion: MotionFile,
    out: Annotated[Path, typer.Option("--out", help="Where to write: .csv or .npz.")],
    model: ModelOption = "agonist",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Predict the muscle activation of a motion, at its own frame rate."""
    from agonist import io
    from agonist.model import load_model
    from agonist.predict import predict as predict_activation

    console = Console(json, quiet)
    activation = predict_activation(io.read(motion), load_model(model))
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
