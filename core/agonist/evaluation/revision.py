"""Which commit of Agonist this is, so that a table can say what made it."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["source_commit"]


def source_commit(file: Path = Path(__file__)) -> str:
    """The commit of the checkout that holds `file`, with "-dirty" after it where files were changed; "" outside a checkout."""
    try:
        known = _git(file, "ls-files", "--error-unmatch", file.name)
        # An installed copy may lie inside somebody else's checkout.
        return _git(file, "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*") if known else ""
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(file: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(file.parent), *arguments], capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()
