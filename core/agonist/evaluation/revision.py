"""What a table was made by: the commit of Agonist, the files that a kept result hangs on, and the corpus that a model learned from."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from agonist.model import Model

__all__ = ["code_digest", "model_origin", "source_commit"]

_PACKAGE = Path(__file__).parents[1]


def code_digest(files: Iterable[str], package: Path = _PACKAGE) -> str:
    """16 hexadecimal digits of the texts of some of the package's files, such as "training/fold.py"; line ends do not count."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\n{(package / name).read_text(encoding='utf-8')}".encode())
    return digest.hexdigest()[:16]


def model_origin(model: Model) -> dict[str, Any]:
    """Version of a model, and seed and budget of the corpus that it learned from; None where its contract does not say."""
    corpus = model.contract.raw.get("training", {}).get("corpus", {})
    return {"version": model.contract.raw.get("version"), "corpus_seed": corpus.get("seed"), "corpus_budget": corpus.get("budget")}


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
