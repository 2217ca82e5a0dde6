"""`agonist`: the verbs, and what an error becomes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.main import get_command

from agonist.cli.console import example
from agonist.cli.corpus import app as corpus_app
from agonist.cli.data import app as data_app
from agonist.cli.decode import decode
from agonist.cli.doctor import doctor
from agonist.cli.edit import edit
from agonist.cli.evaluate import app as evaluate_app
from agonist.cli.live import live
from agonist.cli.models import app as models_app
from agonist.cli.plot import plot
from agonist.cli.pose import pose
from agonist.cli.predict import predict
from agonist.cli.simulate import simulate
from agonist.cli.train import train
from agonist.errors import AgonistError, InputError

__all__ = ["app", "main"]

# Errors of the system that say that a path given was wrong; all others say that the work failed.
_WRONG_PLACE = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
# What Click makes of Ctrl-C.
_INTERRUPTED = 130
# \b keeps the lines as they are.
_EPILOG = """\b
From a video to a recommended motion:
  agonist pose squat.mp4 --out squat.bvh --height 1.75
  agonist predict squat.bvh --out activation.csv
  agonist edit squat.bvh --scale quadriceps=1.5 --out harder.bvh

Every command takes --json, --quiet and --out. Exit code: 0, 1 (the work failed) or 2 (the input or the call was wrong)."""


app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, epilog=_EPILOG,
    help="Muscles for animators: which muscles a motion uses, and motion in which they work more or less.",
)  # fmt: skip
for verb, short, lines in (
    (pose, "A video to a motion.", ["agonist pose squat.mp4 --out squat.bvh --height 1.75 --start 2 --end 8"]),
    (predict, "A motion to muscle activation.", ["agonist predict walk.bvh --out activation.csv"]),
    (live, "Keypoints as they come in to muscle activation.", ["agonist live --layout blazepose33 --up y < frames.jsonl"]),
    (
        edit,
        "Muscle sliders to a recommended motion.",
        [
            "agonist edit walk.bvh --scale hamstrings=1.5 --scale biceps_l=0.5 --frames 10:80 --out edited.bvh",
            "agonist edit walk.bvh --scale quadriceps=0.7 --out edited.bvh --physics",
        ],
    ),
    (decode, "Muscle activation to the motion of a body.", ["agonist decode activation.csv --out motion.npz"]),
    (plot, "Activation as curves in a picture.", ["agonist plot activation.csv --out curves.png"]),
    (simulate, "A motion to muscle activation, by physics.", ["agonist simulate walk.bvh --out simulated.csv --mass 62 --sex female"]),
    (train, "A corpus to a model.", ["agonist train agonist --data corpus --out mymodel"]),
):
    app.command(short_help=short, epilog=example(*lines))(verb)
app.add_typer(corpus_app, name="corpus", epilog=example("agonist corpus build --out corpus --data recordings --jobs 2"))
app.add_typer(data_app, name="data", epilog=example("agonist data mia inspect MIADatasetOfficial"))
app.add_typer(evaluate_app, name="evaluate", epilog=example("agonist evaluate edit --out report.json"))
app.add_typer(models_app, name="models", epilog=example("agonist models list", "agonist models fetch pose"))
app.command(short_help="What is installed, and what to install.", epilog=example("agonist doctor"))(doctor)


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        from agonist import __version__

        sys.stdout.write(f"agonist {__version__}\n")
        raise typer.Exit


def _stop(text: str, code: int) -> None:
    # A progress bar may stand in this line.
    sys.stdout.flush()
    sys.stderr.write(("\r\033[K" if sys.stderr.isatty() else "") + f"agonist: {text}\n".replace("\n", " ", text.count("\n")))
    sys.exit(code)


def _usage(error: Any) -> str:
    """One line of what Click would say in several."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "agonist"
    said = " ".join(str(error.format_message()).split())
    return f"{said.rstrip('.')}. Try '{path} --help'."


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; always ends with SystemExit: 0, 1 (the work failed) or 2 (the input or the call was wrong).

    An error is one line on standard error. AGONIST_DEBUG=1 in the environment shows where it came from.
    """
    debug = bool(os.environ.get("AGONIST_DEBUG"))
    # A pipe on Windows has the code page's characters only, and people name files as they like.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = get_command(app).main(list(arguments) if arguments is not None else None, prog_name="agonist", standalone_mode=False)
        sys.stdout.flush()
        if code == _INTERRUPTED:
            _stop("cancelled", 1)
        sys.exit(code if isinstance(code, int) else 0)
    except (typer.Abort, KeyboardInterrupt):
        _stop("cancelled", 1)
    except BrokenPipeError:
        # Whoever read our output went away (`agonist ... | head`); Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except AgonistError as error:
        if debug:
            raise
        _stop(str(error), 2 if isinstance(error, InputError) else 1)
    except OSError as error:
        if debug:
            raise
        wrong = isinstance(error, _WRONG_PLACE)
        expected = "a path that can be read or written" if wrong else "a file system that works"
        _stop(f"{error.filename or 'the system'}: {error.strerror or error}. Expected {expected}.", 2 if wrong else 1)
    except MemoryError:
        _stop("not enough memory. Expected a shorter clip or a larger machine.", 1)
    except Exception as error:
        if debug:
            raise
        if hasattr(error, "format_message"):
            if type(error).__name__ == "NoArgsIsHelpError":
                sys.stderr.write(error.format_message() + "\n")
                sys.exit(2)
            _stop(_usage(error), 2)
        _stop(f"{type(error).__name__}: {error}. This is a bug in Agonist; AGONIST_DEBUG=1 shows where.", 1)


if __name__ == "__main__":
    main()
