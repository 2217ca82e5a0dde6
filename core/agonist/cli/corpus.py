"""`agonist corpus`: build the data sets that models learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agonist.cli.checks import check_folder
from agonist.cli.console import Console, Json, Quiet, example
from agonist.cli.predict import ModelOption
from agonist.default_models import DEFAULT_MODEL
from agonist.errors import InputError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Data sets of simulated motion.")


@app.callback()
def _group() -> None:
    """Data sets of simulated motion."""


@app.command(epilog=example("agonist corpus build --out corpus --data recordings --jobs 2 --layout both"))
def build(
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of real mocap with cmu02/, mass_bvh/, deepmimic/; exercises only without.")
    ] = None,
    budget: Annotated[str, typer.Option("--budget", help="tiny, small (80 minutes of motion) or full (13 hours).")] = "small",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of everything random.")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes: a local Dask cluster, if Dask is installed.")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="A Dask cluster that does it; its workers see the same folders."),
    ] = None,
    layout: Annotated[
        str, typer.Option("--layout", help="agonist, mia (folders as in Muscles in Action, EMG simulated) or both.")
    ] = "agonist",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Simulate exercises and mocap into a corpus; continues where it was stopped."""
    from agonist.corpus.build import LAYOUTS, build_corpus

    if budget not in ("tiny", "small", "full"):
        raise InputError(f"Budget '{budget}'. Expected tiny, small or full.")
    if layout not in LAYOUTS:
        raise InputError(f"Layout '{layout}'. Expected {', '.join(LAYOUTS)}.")
    if data is not None and not data.is_dir():
        raise InputError(f"{data}: no such folder. Expected one with cmu02/, mass_bvh/ or deepmimic/.")
    console = Console(json, quiet)
    document = build_corpus(
        out,
        budget=budget,
        seed=seed,
        data=data,
        jobs=jobs,
        scheduler=scheduler,
        layout=layout,
        progress=lambda done, count: console.progress(done / count, f"take {done} of {count}"),
    )
    _say(console, document, out, layout=layout)


def _say(console: Console, document: dict[str, object], out: Path, **more: str) -> None:
    takes = document["takes"]
    assert isinstance(takes, list)
    minutes = sum(take["frames"] for take in takes) / float(str(document["fps"])) / 60
    usable = sum(bool(take["usable"]) for take in takes)
    console.say(f"{len(takes)} takes, {minutes:.1f} minutes, {usable} usable: {out}")
    console.result({"out": str(out), "takes": len(takes), "minutes": minutes, "usable": usable, **more})


@app.command(
    short_help="Simulate edited takes of a corpus, to learn from too.",
    epilog=example(
        "agonist corpus edited corpus --out edits --data recordings --jobs 2",
        "agonist train agonist --data corpus --edited edits --out mine",
    ),
)
def edited(
    corpus: Annotated[Path, typer.Argument(help="A corpus of 'corpus build'.", metavar="DIR")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    model: ModelOption = DEFAULT_MODEL,
    edits: Annotated[int, typer.Option("--edits", min=1, help="How many edits.")] = 2000,
    data: Annotated[Path | None, typer.Option("--data", help="The folder of real mocap that the corpus was built with.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of everything random.")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes: a local Dask cluster, if Dask is installed.")] = 1,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let a model edit takes of a corpus's training and validation, and simulate what comes of it; continues where it was stopped.

    No recording shows what an editor makes of it, and there an encoder errs that learned from recordings alone.
    """
    from agonist.corpus.edited import build_edited
    from agonist.model import load_model

    if data is not None and not data.is_dir():
        raise InputError(f"{data}: no such folder. Expected the one that the corpus was built with.")
    check_folder(out)
    console = Console(json, quiet)
    document = build_edited(
        out, corpus, load_model(model), edits=edits, seed=seed, data=data, jobs=jobs,
        progress=lambda done, count: console.progress(done / count, f"edit {done} of {count}"),
    )  # fmt: skip
    _say(console, document, out)


@app.command(short_help="Describe a corpus, with pictures.", epilog=example("agonist corpus card corpus --out card"))
def card(
    folder: Annotated[Path, typer.Argument(help="A corpus: of 'corpus build', or of 'data mia import'.", metavar="DIR")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write: CARD.md and pictures.")],
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Describe a corpus: people, quality, what each exercise loads, and pictures of every exercise."""
    from agonist.corpus.card import write_card

    console = Console(json, quiet)
    numbers = write_card(folder, out, lambda done, count: console.progress(done / count, f"picture {done} of {count}"))
    missed = [row["exercise"] for row in numbers["expectations"] if not row["loaded"]]
    console.say(f"{numbers['takes']} takes, {numbers['minutes']:.1f} minutes, {len(numbers['pictures'])} pictures: {out / 'CARD.md'}")
    if missed:
        console.say(f"Does not load the muscle it should: {', '.join(missed)}")
    console.result({"out": str(out), **numbers})
