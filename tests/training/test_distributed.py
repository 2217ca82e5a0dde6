"""Two processes that torchrun starts train one model: equal weights, one folder, and a kill changes nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .conftest import ENCODER_RECIPE

pytestmark = pytest.mark.training

_PARTS_RECIPE = """
name = "tiny"
config = "agonist"
parts = ["decoder", "encoder", "editor"]
seed = 5
""" + "".join(f"[{part}]\nsteps = 4\nminutes = 30.0\nbatch = 2\nlearning_rate = 1e-3\n" for part in ("decoder", "encoder", "editor"))

# Validates, and so keeps a checkpoint, every second step; ends itself at the step of the last part that is asked for; says of each
# part its weights' sums and what it measures with them.
_PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path

from agonist.training import distributed, loop, recipe

folder, corpus, kill_at = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
fit, step, said = recipe.fit, loop.take_step, []
recipe.measure_folder = lambda *_, **__: {}
last = (folder / "tiny.toml").read_text().count("steps") - 1


def stepped(optimizer, parameters, loss, number, *rest):
    if number == kill_at and len(said) == last:
        raise SystemExit(9)
    return step(optimizer, parameters, loss, number, *rest)


def fitted(parameters, module, loss, validate, *, schedule, **named):
    done = fit(parameters, module, loss, validate, schedule=replace(schedule, validate_every=2), **named)
    said.append(([float(one.double().sum()) for one in module.state_dict().values()], validate()))
    (folder / f"weights{distributed.rank()}").write_text(repr(said))
    return done


loop.take_step, recipe.fit = stepped, fitted
recipe.train(folder / "tiny.toml", corpus, folder / "model")
"""

# Weights of its own, and a score of its own: process 0 sees no progress after its first validation, the other always does.
_PATIENCE = """
import sys
from itertools import count
from pathlib import Path

import torch

from agonist.training import distributed
from agonist.training.loop import Schedule, fit

distributed.join()
folder, rank = Path(sys.argv[1]), distributed.rank()
torch.manual_seed(rank)
module, scores = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.BatchNorm1d(1)), count(0, -rank)
schedule = Schedule(steps=20, minutes=30.0, learning_rate=1e-2, validate_every=2, patience=3)
done = fit(list(module.parameters()), module, lambda _: module(torch.rand(4, 3)).square().mean() + module[0].weight.sum(),
           lambda: float(next(scores)), schedule, folder / "log.csv")
said = [float(one.sum()) for name, one in module.state_dict().items() if "running" not in name]
(folder / f"done{rank}").write_text(repr((done.steps, done.stopped, done.score, said)))
distributed.leave()
"""


# Each machine has a disk of its own; called a second time only process 0 finds a checkpoint.
_TWO_DISKS = """
import sys
from pathlib import Path

import torch

from agonist.errors import InputError
from agonist.training import distributed
from agonist.training.loop import Schedule, fit

distributed.join()
folder, rank = Path(sys.argv[1]), distributed.rank()
module = torch.nn.Linear(3, 1)
schedule = Schedule(steps=4, minutes=30.0, learning_rate=1e-2, validate_every=2)
for _ in range(2):
    try:
        fit(list(module.parameters()), module, lambda _: module(torch.rand(4, 3)).square().mean(), lambda: 0.0, schedule,
            folder / f"disk{rank}" / "log.csv", checkpoint=folder / f"disk{rank}" / "checkpoint.safetensors")
    except InputError as error:
        (folder / f"said{rank}").write_text(str(error))
distributed.leave()
"""


def _launch(program: str, folder: Path, *arguments: str, limit_s: float = 600) -> int:
    folder.mkdir(exist_ok=True)
    (folder / "program.py").write_text(program)
    core = str(Path(__file__).resolve().parents[2] / "core")
    environment = {**os.environ, "PYTHONPATH": core, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += [str(folder / "program.py"), str(folder), *arguments]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        # It ends its children then.
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        raise
    return process.returncode


def _run(folder: Path, corpus: Path, kill_at: int = -1, recipe: str = ENCODER_RECIPE.format(steps=6)) -> int:
    folder.mkdir(exist_ok=True)
    (folder / "tiny.toml").write_text(recipe)
    return _launch(_PROGRAM, folder, str(corpus), str(kill_at))


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


def test_every_part_of_a_recipe_is_one_network_and_a_kill_changes_nothing(corpus, tmp_path):
    assert _run(tmp_path / "a", corpus, recipe=_PARTS_RECIPE) == 0
    first, second = ((tmp_path / "a" / f"weights{rank}").read_text() for rank in (0, 1))
    assert first == second
    assert _run(tmp_path / "b", corpus, kill_at=3, recipe=_PARTS_RECIPE) != 0
    assert (tmp_path / "b" / "model" / "editor.checkpoint.safetensors").is_file()
    assert _run(tmp_path / "b", corpus, recipe=_PARTS_RECIPE) == 0
    assert (tmp_path / "b" / "weights1").read_text() == first
    files = [json.loads((tmp_path / run / "model" / "model.json").read_text())["files"] for run in "ab"]
    assert files[0] == files[1]


def test_processes_begin_with_the_same_weights_and_stop_at_the_same_step(tmp_path):
    assert _launch(_PATIENCE, tmp_path / "a", limit_s=120) == 0
    first, second = ((tmp_path / "a" / f"done{rank}").read_text() for rank in (0, 1))
    assert first == second and first.startswith("(8, 'patience', 0.0")


def test_processes_that_do_not_see_one_checkpoint_say_so(tmp_path):
    assert _launch(_TWO_DISKS, tmp_path / "a", limit_s=120) == 0
    for rank in (0, 1):
        said = (tmp_path / "a" / f"said{rank}").read_text()
        assert "process 0 step 4, process 1 no checkpoint. Expected one step for all; the folder must lie on a disk that all" in said
