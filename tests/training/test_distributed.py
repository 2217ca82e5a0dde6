"""Two processes that torchrun starts train one model: equal weights, one folder, and a kill changes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .conftest import ENCODER_RECIPE

pytestmark = pytest.mark.training

# Validates, and so keeps a checkpoint, every second step; ends itself at the step that is asked for; says its weights' sum.
_PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path

from agonist.training import distributed, loop, recipe

folder, corpus, kill_at = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
fit, step = recipe.fit, loop._step
recipe.measure_folder = lambda *_, **__: {}


def stepped(optimizer, parameters, loss, number, *rest):
    if number == kill_at:
        raise SystemExit(9)
    return step(optimizer, parameters, loss, number, *rest)


def fitted(parameters, module, *arguments, schedule, **named):
    done = fit(parameters, module, *arguments, schedule=replace(schedule, validate_every=2), **named)
    (folder / f"weights{distributed.rank()}").write_text(repr([float(one.double().sum()) for one in parameters]))
    return done


loop._step, recipe.fit = stepped, fitted
recipe.train(folder / "tiny.toml", corpus, folder / "model")
"""


def _run(folder: Path, corpus: Path, kill_at: int = -1) -> int:
    folder.mkdir(exist_ok=True)
    (folder / "tiny.toml").write_text(ENCODER_RECIPE.format(steps=6))
    (folder / "program.py").write_text(_PROGRAM)
    core = str(Path(__file__).resolve().parents[2] / "core")
    environment = {**os.environ, "PYTHONPATH": core, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += [str(folder / "program.py"), str(folder), str(corpus), str(kill_at)]
    return subprocess.run(command, env=environment, capture_output=True, timeout=600, check=False).returncode


def test_two_processes_train_one_model_and_a_kill_changes_nothing(corpus, tmp_path):
    assert _run(tmp_path / "a", corpus) == 0
    first, second = ((tmp_path / "a" / f"weights{rank}").read_text() for rank in (0, 1))
    assert first == second
    assert sorted(path.name for path in (tmp_path / "a" / "model").iterdir()) == [
        "encoder.csv", "encoder.onnx", "encoder.safetensors", "model.json",
    ]  # fmt: skip
    assert _run(tmp_path / "b", corpus, kill_at=3) != 0
    assert (tmp_path / "b" / "model" / "encoder.checkpoint.safetensors").is_file()
    assert _run(tmp_path / "b", corpus) == 0
    files = [json.loads((tmp_path / run / "model" / "model.json").read_text())["files"] for run in "ab"]
    assert files[0] == files[1]
