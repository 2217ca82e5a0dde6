"""`agonist train` as a process of its own, ended by the system without a word, and called again."""

import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("torch")

from .conftest import ENCODER_RECIPE

pytestmark = pytest.mark.training


def _start(folder: Path, corpus: Path) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    # A checkpoint is kept every hundred steps.
    (folder / "tiny.toml").write_text(ENCODER_RECIPE.format(steps=250))
    core = str(Path(__file__).resolve().parents[2] / "core")
    environment = {**os.environ, "PYTHONPATH": core, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "agonist.cli.main", "train", str(folder / "tiny.toml"), "--data", str(corpus)]
    command += ["--out", str(folder / "model"), "--quiet"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def _finish(folder: Path, corpus: Path) -> None:
    process = _start(folder, corpus)
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said.decode()


def _log(folder: Path) -> list[list[str]]:
    with (folder / "model" / "encoder.csv").open() as stream:
        return list(csv.reader(stream))


def test_a_killed_process_goes_on_to_the_weights_of_an_undisturbed_one(corpus, tmp_path):
    _finish(tmp_path / "a", corpus)
    process = _start(tmp_path / "b", corpus)
    checkpoint = tmp_path / "b" / "model" / "encoder.checkpoint.safetensors"
    give_up = time.monotonic() + 600
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < give_up:
        time.sleep(0.005)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode != 0 and checkpoint.is_file()
    assert not (tmp_path / "b" / "model" / "encoder.onnx").exists(), "it was done before it was killed"
    first = _log(tmp_path / "b")[1]
    _finish(tmp_path / "b", corpus)
    # The very row from before the kill, seconds and all: those steps were not made again.
    assert _log(tmp_path / "b")[1] == first and [row[0] for row in _log(tmp_path / "b")] == ["step", "100", "200", "250"]
    assert [[row[0], *row[2:]] for row in _log(tmp_path / "a")] == [[row[0], *row[2:]] for row in _log(tmp_path / "b")]
    for name in ("encoder.safetensors", "encoder.onnx"):
        assert (tmp_path / "a" / "model" / name).read_bytes() == (tmp_path / "b" / "model" / name).read_bytes()
    assert not checkpoint.exists()
