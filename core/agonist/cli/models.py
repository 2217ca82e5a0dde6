"""`agonist models`: what is shipped, and what is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agonist.cli.checks import check_output, check_positive
from agonist.cli.console import Console, Json, Quiet, Report, example
from agonist.errors import MissingDependencyError, UnknownNameError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Trained models.")


@app.callback()
def _group() -> None:
    """Trained models."""


@app.command(name="list", epilog=example("agonist models list --json"))
def list_models(out: Report = None, json: Json = False, quiet: Quiet = False) -> None:
    """The shipped models and what they were trained on."""
    from agonist.model import available_models, load_model

    console = Console(json, quiet)
    if out is not None:
        check_output(out, (".json",))
    contracts = [load_model(name).contract for name in available_models()]
    rows = [[c.name, ", ".join(c.files), c.muscles.name, f"{c.fps:g}", str(c.window), c.raw["training"]["data"]] for c in contracts]
    console.table(["model", "parts", "muscles", "fps", "window", "trained on"], rows)
    console.result({"models": [{"name": c.name, "parts": list(c.files), "fps": c.fps, "window": c.window} for c in contracts]}, out)


@app.command(name="fetch", short_help="Fetch networks that are not shipped.", epilog=example("agonist models fetch pose"))
def fetch_models(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="pose: the networks that find a person's joints in a video.")],
    out: Report = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fetch networks by others, which are not shipped, into the user's cache (AGONIST_CACHE)."""
    if what != "pose":
        raise UnknownNameError("set of networks", what, ["pose"])
    if out is not None:
        check_output(out, (".json",))
    from agonist.capture.pose_weights import LICENCE, fetch

    console = Console(json, quiet)
    weights = fetch(progress=console.progress)
    console.say(f"{weights.detector}\n{weights.landmarks}\n{LICENCE}")
    console.result({"detector": str(weights.detector), "landmarks": str(weights.landmarks), "licence": LICENCE}, out)


@app.command(
    short_help="Fit muscle lengths and moment arms as a network.",
    epilog=example("agonist models surrogate --out mia8.safetensors --height 1.7"),
)
def surrogate(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write: .safetensors.")],
    muscles: Annotated[str, typer.Option("--muscles", metavar="NAMES", help="mia8, or the body's own names with commas.")] = "mia8",
    height: Annotated[float, typer.Option("--height", metavar="M", help="Body height in metres, average proportions.")] = 1.75,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Optimiser steps.")] = 12_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of postures and weights.")] = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit a differentiable surrogate of the body's geometry to MuJoCo (needs agonist[physics,train])."""
    console = Console(json, quiet)
    check_output(out, (".safetensors",))
    check_positive("--height", height, 2.6, "metres")
    try:
        from agonist.training.surrogate import MIA8_PARTS, average_body, fit_surrogate
    except ImportError as error:
        raise MissingDependencyError(error.name or "torch", "train", "Fitting a surrogate") from error
    names = MIA8_PARTS if muscles == "mia8" else tuple(name.strip() for name in muscles.split(","))
    fitted = fit_surrogate(average_body(height), names, steps=steps, seed=seed, progress=console.progress)
    fitted.save(out)
    rows = [[name, f"{error['length']:.2f}", f"{error['moment_arm']:.2f}"] for name, error in fitted.errors.items()]
    console.table(["muscle", "length, RMSE mm", "worst moment arm, RMSE mm"], rows)
    console.say(f"On postures that it never saw, uniform over the range of every joint: {out}")
    console.result({"out": str(out), "errors_mm": fitted.errors})
