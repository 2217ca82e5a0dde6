"""`agonist`: the verbs, and what an error becomes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agonist.cli.corpus import app as corpus_app
from agonist.cli.edit import edit
from agonist.cli.evaluate import app as evaluate_app
from agonist.cli.models import app as models_app
from agonist.cli.pose import pose
from agonist.cli.predict import predict
from agonist.cli.simulate import simulate
from agonist.cli.train import train
from agonist.errors import AgonistError, InputError

__all__ = ["app", "main"]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Muscles for animators.")
app.command()(pose)
app.command()(predict)
app.command()(edit)
app.command()(simulate)
app.command()(train)
app.add_typer(corpus_app, name="corpus")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(models_app, name="models")


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False) -> None:
    if version:
        from agonist import __version__

        sys.stdout.write(f"agonist {__version__}\n")
        raise typer.Exit


def main() -> None:
    """Entry point. Exit code 0, 1 (the work failed) or 2 (the input or the call was wrong)."""
    try:
        app()
    except InputError as error:
        sys.stderr.write(f"{Path(sys.argv[0]).name}: {error}\n")
        sys.exit(2)
    except AgonistError as error:
        sys.stderr.write(f"{Path(sys.argv[0]).name}: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("cancelled\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
