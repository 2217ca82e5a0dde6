"""`build.py gui` passes, where there is a Blender that can open a window."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def test_the_extension_works_in_a_window():
    spec = importlib.util.spec_from_file_location("agonist_gui_run", HERE / "run.py")
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    root = os.environ.get("AGONIST_BLENDER_ROOT")
    if run.command(Path(root) if root else None) is None or not (root or (shutil.which("xvfb-run") and shutil.which("import"))):
        pytest.skip("no Blender with a window (set AGONIST_BLENDER, or AGONIST_BLENDER_ROOT to what tests/gui/make_blender.sh made)")
    command = [sys.executable, str(HERE.parents[1] / "build.py"), "gui", *(["--root", root] if root else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
