"""`build.py gui` passes, where there is a Blender that can open a window."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def run():
    spec = importlib.util.spec_from_file_location("agonist_gui_run", HERE / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_blender_only_prints_is_found_if_it_is_ours(run):
    theirs = 'Traceback (most recent call last):\n  File "scripts/bl_pkg/__init__.py", line 986, in register\nImportError: no cattrs\n'
    ours = 'Traceback (most recent call last):\n  File ".../user_default/agonist/ui/panel.py", line 3, in draw\n    x\nNameError: x\n'
    assert run.own_errors(f"Blender 5.2\n{theirs}Saved\n{ours}{theirs}") == ["NameError: x"]
    assert run.own_errors("Blender quit\n") == []


def test_the_extension_works_in_a_window(run):
    root = os.environ.get("AGONIST_BLENDER_ROOT")
    if run.command(Path(root) if root else None) is None or not (root or (shutil.which("xvfb-run") and shutil.which("import"))):
        pytest.skip("no Blender with a window (set AGONIST_BLENDER, or AGONIST_BLENDER_ROOT to what tests/gui/make_blender.sh made)")
    command = [sys.executable, str(HERE.parents[1] / "build.py"), "gui", *(["--root", root] if root else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
