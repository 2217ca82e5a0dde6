"""`agonist models`: what is shipped."""

from __future__ import annotations

import typer

from agonist.cli.console import Console, Json, Quiet

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Trained models.")


@app.callback()
def _group() -> None:
    """Trained models."""


@app.command(name="list")
def list_models(json: Json = False, quiet: Quiet = False) -> None:
    """The shipped models and what they were trained on."""
    from agonist.model import available_models, load_model

    console = Console(json, quiet)
    contracts = [load_model(name).contract for name in available_models()]
    rows = [[c.name, ", ".join(c.files), c.muscles.name, f"{c.fps:g}", str(c.window), c.raw["training"]["data"]] for c in contracts]
    console.table(["model", "parts", "muscles", "fps", "window", "trained on"], rows)
    console.result({"models": [{"name": c.name, "parts": list(c.files), "fps": c.fps, "window": c.window} for c in contracts]})
