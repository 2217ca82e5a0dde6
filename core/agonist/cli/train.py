"""`agonist train`: a corpus to a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agonist.cli.checks import check_folder, check_positive
from agonist.cli.console import Console, Json, Quiet
from agonist.errors import FileFormatError, MissingDependencyError

__all__ = ["train"]


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="agonist, mia-paper, or a TOML file.")],
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="A corpus folder.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The model folder to write.")],
    minutes: Annotated[float | None, typer.Option("--minutes", metavar="MIN", help="Wall-clock limit for each part.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model from a recipe (needs agonist[train]). Called again after a kill, it goes on where it was."""
    check_positive("--minutes", minutes, 1e6, "minutes")
    check_folder(out)
    if not (data / "corpus.json").is_file():
        raise FileFormatError(data, "no corpus.json in it" if data.is_dir() else "no such folder", "a folder of 'agonist corpus build'")
    try:
        from agonist.training.recipe import train as run
    except ImportError as error:
        raise MissingDependencyError(error.name or "torch", "train", "Training") from error
    console = Console(json, quiet)
    metrics = run(recipe, data, out, minutes=minutes, progress=console.progress)
    measured = [part["data"] for part in metrics.values() if part["data"].startswith("measured")]
    console.say(f"Trained on {measured[0] if measured else 'simulated activation'}: {out}. See {out / 'CARD.md'}.")
    console.result({"out": str(out), "metrics": metrics})
