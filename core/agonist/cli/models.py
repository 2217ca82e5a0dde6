"""`agonist models`: what is shipped, and what is fetched."""

from __future__ import annotations

from typing import Annotated

import typer

from agonist.cli.checks import check_output
from agonist.cli.console import Console, Json, Quiet, Report, example
from agonist.errors import UnknownNameError

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
