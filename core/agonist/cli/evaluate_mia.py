"""`agonist evaluate mia`: the tables of "Muscles in Action"."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from agonist.cli.checks import check_output
from agonist.cli.console import Console, Json, Quiet, example
from agonist.errors import InputError, UnknownNameError

__all__ = ["EPILOG", "mia"]

EPILOG = example(
    "agonist evaluate mia --data corpus --protocol exercise-out --out table.md",
    "agonist evaluate mia --data corpus --protocol all --out table.md --out table.csv",
)

_MODELS = (
    "Of mia-paper, mia-release, agonist, agonist-causal; c-NAME: told the person; k-agonist (protocol person-out alone; else nobody "
    "is new): as c-agonist, and a new person by a calibration clip with EMG, 12 s that are not tested."
)


def mia(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="A corpus: of 'corpus build', or of 'data mia import'.")],
    out: Annotated[list[Path], typer.Option("--out", metavar="FILE", help="Report: .md, .csv, .json, .png; may be given again.")],
    protocol: Annotated[
        str, typer.Option("--protocol", metavar="NAMES", help="Of in, exercise-out, person-out, time-blocked, temporal; or all.")
    ] = "in",
    budget: Annotated[str, typer.Option("--budget", help="small (hours on two cores), full (a GPU) or tiny (a try).")] = "small",
    models: Annotated[
        str,
        typer.Option("--models", metavar="NAMES", help=_MODELS),
    ] = "mia-paper,mia-release,agonist",
    directions: Annotated[
        str, typer.Option("--directions", metavar="NAMES", help="Of encoder, decoder, decoder-2d (motion as a camera sees it).")
    ] = "encoder,decoder",
    gains: Annotated[
        str, typer.Option("--gains", help="Of a simulated corpus: each person's sensor gain is given, or hidden as of real sensors.")
    ] = "given",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of weights and batches.")] = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """The protocols of Muscles in Action: every network trained alike on one corpus, beside baselines (needs agonist[train]).

    Of several protocols the table is an overview, and each has files of its own beside it, with its name behind FILE's. Finished
    parts are kept in FILE.folds: a run that was stopped goes on where it was. Several processes that torchrun started share the work;
    where they are on several machines, FILE lies on a disk that all see. On an import of MIA the windows and, where they were imported,
    the lists are its authors' own ('time-blocked' alone cuts windows anew).
    """
    from agonist.evaluation.mia_calibration import check_calibrated
    from agonist.evaluation.mia_folds import PROTOCOLS
    from agonist.evaluation.mia_overview import overview
    from agonist.evaluation.mia_windows import hide_gains, read_windows
    from agonist.evaluation.protocols import BUDGETS, Share, evaluate_mia
    from agonist.evaluation.report import markdown, mia_report
    from agonist.io.figure import empty_figure

    console = Console(json, quiet)
    for path in out:
        check_output(path, (".md", ".csv", ".json", ".png"))
    # Pictures come last, so that one that fails costs no table; and what they need is asked for before hours of work.
    pictures_last = sorted(out, key=lambda path: path.suffix.lower() == ".png")
    if pictures_last[-1].suffix.lower() == ".png":
        empty_figure(1.0, 1.0)
    if budget not in BUDGETS:
        raise UnknownNameError("budget", budget, BUDGETS)
    if gains not in ("given", "hidden"):
        raise UnknownNameError("way with sensor gains", gains, ("given", "hidden"))
    protocols = PROTOCOLS if protocol == "all" else _names("--protocol", protocol)
    for one in protocols:
        if one not in PROTOCOLS:
            raise UnknownNameError("protocol", one, (*PROTOCOLS, "all"))
    names, ways = _names("--models", models), _names("--directions", directions)
    for one in protocols:
        check_calibrated(names, one)
    share = Share.of_torchrun()
    reports = {}
    for one in protocols:
        windows = read_windows(data, one)
        hidden = gains == "hidden" and windows.gains_given
        if hidden:
            windows = hide_gains(windows)
        work = out[0].with_suffix(".folds") / f"{budget}{'-hidden' if hidden else ''}"
        results = evaluate_mia(
            windows, one, budget, work, networks=names, directions=ways, seed=seed, share=share,
            progress=_of(one, console.progress) if len(protocols) > 1 else console.progress,
        )  # fmt: skip
        if share.rank:
            continue
        reports[one] = mia_report(windows, one, budget, seed, results)
        for path in pictures_last:
            _write(reports[one], path if len(protocols) == 1 else path.with_stem(f"{path.stem}-{one}"))
    if share.rank:
        return
    if len(protocols) == 1:
        console.say(markdown(reports[protocols[0]]))
        console.result(reports[protocols[0]])
        return
    text = overview(list(reports.values()))
    for path in out:
        if path.suffix.lower() == ".md":
            _write_text(path, text)
    console.say(text)
    console.result(reports)


def _of(protocol: str, progress: Callable[[float, str], None]) -> Callable[[float, str], None]:
    return lambda done, said: progress(done, f"{protocol}: {said}")


def _write(report: dict[str, Any], path: Path) -> None:
    """A protocol's report in the format of a suffix."""
    from agonist.evaluation.mia_csv import csv_text
    from agonist.evaluation.mia_plot import plot_report
    from agonist.evaluation.report import markdown

    suffix = path.suffix.lower()
    if suffix == ".json":
        Console(quiet=True).result(report, path)
    elif suffix == ".png":
        plot_report(report, path)
    else:
        _write_text(path, markdown(report) if suffix == ".md" else csv_text(report))


def _write_text(path: Path, text: str) -> None:
    from agonist.io.atomic import atomic_path

    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _names(option: str, given: str) -> tuple[str, ...]:
    """Names between commas, each once."""
    names = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    if not names:
        raise InputError(f"{option} '{given}': no name. Expected one or more, with commas between them.")
    return names
