"""What is loaded when: importing Agonist must be light, in Blender above all."""

import subprocess
import sys

import pytest

_HEAVY = ("torch", "mujoco", "onnxruntime", "scipy", "bpy", "matplotlib", "av", "onnx", "tflite", "ezc3d")


def _loaded(statement: str, suspects: tuple[str, ...]) -> list[str]:
    script = f"import sys\n{statement}\nprint(*(name for name in {suspects!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_package_alone_loads_nothing():
    assert _loaded("import agonist", (*_HEAVY, "numpy", "typer")) == []


def test_what_an_add_on_imports_is_light():
    modules = "agonist.activation, agonist.edit, agonist.io, agonist.io.bvh, agonist.io.npz, agonist.io.c3d, agonist.model, agonist.motion"
    assert _loaded(f"import {modules}, agonist.predict, agonist.body, agonist.verify", (*_HEAVY, "typer")) == []


def test_the_command_line_starts_without_numpy():
    assert _loaded("import agonist.cli.main", (*_HEAVY, "numpy")) == []


def test_a_prediction_loads_only_what_it_needs(clip, tmp_path):
    pytest.importorskip("onnxruntime")
    call = f"from agonist.cli.main import main\ntry: main(['predict', {str(clip)!r}, '--out', {str(tmp_path / 'a.csv')!r}, '--quiet'])\n"
    assert _loaded(f"{call}except SystemExit: pass", _HEAVY) == ["onnxruntime"]
