"""The command line called as people call it: through its entry point, with what it said and how it ended."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from agonist.cli.main import main
from agonist.io import bvh
from tests.clips import exercise


@dataclass(frozen=True)
class Done:
    """How a call ended: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def agonist(capsys):
    """Call `agonist ARGUMENTS` inside this process; starting Python for each would take seconds."""

    def call(*arguments) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Done(stop.value.code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    """Three seconds of squats, 91 frames."""
    path = tmp_path_factory.mktemp("clip") / "squat.bvh"
    bvh.write(path, exercise("Squat", 3.0))
    return path
