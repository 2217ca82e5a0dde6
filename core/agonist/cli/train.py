"""`agonist train`: a corpus to a model, or a person's own EMG to a model that knows them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agonist.cli.checks import check_folder, check_positive
from agonist.cli.console import Console, Json, Quiet
from agonist.cli.motion_file import MotionFps, MotionPerson, MotionUp, unsaid
from agonist.default_models import DEFAULT_MODEL
from agonist.errors import FileFormatError, InputError, MissingDependencyError

if TYPE_CHECKING:
    from agonist.io import Unsaid

__all__ = ["train"]

_PERSON = "person"
_CORPUS = "a folder of 'agonist corpus build' or 'agonist data mia import'"


def train(
    recipe: Annotated[
        str,
        typer.Argument(metavar="RECIPE", help="agonist, agonist-causal, agonist-decoder, mia-paper, mia-release, a TOML file, or person."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The model folder to write.")],
    data: Annotated[Path | None, typer.Option("--data", metavar="FOLDER", help="A corpus folder.")] = None,
    edited: Annotated[
        list[Path] | None,
        typer.Option("--edited", metavar="FOLDER", help="Edits of 'agonist corpus edited', to learn from too; may be given again."),
    ] = None,
    minutes: Annotated[float | None, typer.Option("--minutes", metavar="MIN", help="Wall-clock limit for each part.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="auto (a GPU where there is one; the default), cpu or cuda.")] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", help="auto (bfloat16 on a GPU that has it; the default), float32 or bfloat16.")
    ] = None,
    compiled: Annotated[bool | None, typer.Option("--compile/--no-compile", help="torch.compile; on a GPU by default.")] = None,
    motion: Annotated[Path | None, typer.Option("--motion", metavar="FILE", help="person: the motion.")] = None,
    emg: Annotated[Path | None, typer.Option("--emg", metavar="FILE", help="person: EMG envelopes on its clock: .csv, .sto.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help=f"person: the model to begin from, {DEFAULT_MODEL} by default.")
    ] = None,
    motion_fps: MotionFps = None,
    up: MotionUp = None,
    person: MotionPerson = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model from a recipe (needs agonist[train]). Called again after a kill, it goes on where it was.

    'person' tunes a model with somebody's own motion and EMG, in a minute; its encoder is all that the new model has.
    """
    check_positive("--minutes", minutes, 1e6, "minutes")
    of_corpus = {
        "--data": data, "--edited": edited, "--minutes": minutes, "--device": device, "--precision": precision, "--compile": compiled
    }  # fmt: skip
    of_person = {"--motion": motion, "--emg": emg, "--model": model, "--motion-fps": motion_fps, "--up": up, "--person": person}
    own, other = (of_person, of_corpus) if recipe == _PERSON else (of_corpus, of_person)
    # What has no effect is better refused: whoever wrote it meant something.
    idle = [name for name, value in other.items() if value is not None]
    if idle:
        raise InputError(f"train {recipe}: no use for {', '.join(idle)}. Expected --out and some of {', '.join(own)}.")
    check_folder(out)
    console = Console(json, quiet)
    if recipe == _PERSON:
        _tune(motion, emg, model or DEFAULT_MODEL, out, console, unsaid(motion_fps, up, person))
        return
    if data is None:
        raise InputError(f"train {recipe}: no --data. Expected {_CORPUS}.")
    if not (data / "corpus.json").is_file():
        raise FileFormatError(data, "no corpus.json in it" if data.is_dir() else "no such folder", _CORPUS)
    try:
        from agonist.training.hardware import choose_hardware
        from agonist.training.recipe import train as run
    except ImportError as error:
        raise MissingDependencyError(error.name or "torch", "train", "Training") from error
    hardware = choose_hardware(device or "auto", precision or "auto", compiled)
    metrics = run(recipe, data, out, edited=edited or (), minutes=minutes, hardware=hardware, progress=console.progress)
    if not metrics:
        # One of several processes that torchrun started, and not the one that writes.
        return
    measured = [part["data"] for part in metrics.values() if part["data"].startswith("measured")]
    console.say(f"Trained on {measured[0] if measured else 'simulated activation'}: {out}. See {out / 'CARD.md'}.")
    console.result({"out": str(out), "metrics": metrics})


def _tune(motion: Path | None, emg: Path | None, name: str, out: Path, console: Console, told: Unsaid) -> None:
    if motion is None or emg is None:
        raise InputError("train person: expected --motion and --emg, two files of one recording.")
    from agonist.model import load_model

    model = load_model(name)
    if out.resolve() == model.folder.resolve():
        raise InputError(f"{out}: the model to begin from. Expected another folder.")
    try:
        from agonist.training.card import known_or_dash
        from agonist.training.person import read_person
        from agonist.training.tune import tune
    except ImportError as error:
        raise MissingDependencyError(error.name or "torch", "train", "Training") from error
    figures = tune(model, read_person(motion, emg, model, told), out, f"{motion.name} and {emg.name}", progress=console.progress)
    console.table(
        ["on the clip's last 15 %", "r before", "after", "RMSE before", "after"],
        [
            [muscle, *(known_or_dash(row[when][key], 2) for key in ("r", "rmse") for when in ("before", "after"))]
            for muscle, row in figures.items()
        ],
    )  # fmt: skip
    console.say(f"Tuned on measured EMG: {out}. See {out / 'CARD.md'}.")
    console.result({"out": str(out), "tuned": figures})
