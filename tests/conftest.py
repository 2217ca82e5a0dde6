"""Shared fixtures."""

import os
import sys
from pathlib import Path

import pytest

import tests.search  # noqa: F401  (before any property test)

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real recordings; tests that need one skip where it is absent."""
    folder = Path(os.environ.get("AGONIST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder} (set AGONIST_DATA)")
    return folder


_EXIT = pytest.StashKey[int]()


def pytest_sessionfinish(session, exitstatus):
    session.config.stash[_EXIT] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """bpy's own clean-up at interpreter exit can hang for ever after a render (bpy 4.5.15); everything is told by now."""
    if "bpy" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash.get(_EXIT, 1))
