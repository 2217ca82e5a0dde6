"""Shared fixtures."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real recordings; tests that need one skip where it is absent."""
    folder = Path(os.environ.get("AGONIST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder} (set AGONIST_DATA)")
    return folder
