"""Commands as people call them: exit codes, one JSON object, nothing half-written."""

import json
import subprocess
import sys

import pytest

from agonist.io import bvh, csv_activation
from tests.clips import exercise


def _run(*arguments):
    return subprocess.run([sys.executable, "-m", "agonist.cli.main", *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "squat.bvh"
    bvh.write(path, exercise("Squat", 3.0))
    return path


def test_predict_writes_a_table_and_one_json_object(clip, tmp_path):
    done = _run("predict", clip, "--out", tmp_path / "a.csv", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == 91
    assert len(csv_activation.read(tmp_path / "a.csv")) == 91


def test_edit_keeps_the_files_skeleton_channels_and_rate(clip, tmp_path):
    done = _run("edit", clip, "--scale", "quadriceps=1.5", "--frames", "20:70", "--out", tmp_path / "e.bvh", "--json", "--quiet")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["muscles"]["quadriceps_l"]["asked"] == 1.5 and result["muscles"]["quadriceps_l"]["reached"] > 1
    before, after = bvh.read(clip), bvh.read(tmp_path / "e.bvh")
    assert after.layout == before.layout and len(after.motion) == len(before.motion) and after.motion.fps == before.motion.fps


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict", "missing.bvh", "--out", "a.csv"], "no such file"),
        (["predict", "{clip}", "--out", "a.txt"], ".csv or .npz"),
        (["predict", "{clip}", "--out", "a.csv", "--model", "nobody"], "Expected a folder with a model.json"),
        (["edit", "{clip}", "--scale", "hamstrings", "--out", "e.bvh"], "hamstrings=1.5"),
        (["edit", "{clip}", "--scale", "gluteus=2", "--out", "e.bvh"], "Unknown muscle"),
        (["edit", "{clip}", "--frames", "5", "--out", "e.bvh"], "FIRST:LAST"),
        (["edit", "{clip}", "--frames", "50:500", "--out", "e.bvh"], "0:91"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_calls_exit_with_2_and_write_nothing(clip, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    done = _run(*(argument.format(clip=clip) for argument in arguments))
    assert done.returncode == 2
    assert message in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_importing_the_package_is_light():
    heavy = ("torch", "mujoco", "scipy", "typer", "onnxruntime")
    script = f"import sys, agonist, agonist.motion, agonist.edit; sys.exit(any(m in sys.modules for m in {heavy}))"
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
