"""What a table was made by: the commit of Agonist, the files that a kept result hangs on, and the corpus that a model learned from."""

from __future__ import annotations

import ast
import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from agonist.model import Model

__all__ = ["code_digest", "imported_files", "model_origin", "source_commit"]

_PACKAGE = Path(__file__).parent


@cache
def imported_files(file: str, without: tuple[str, ...] = (), package: Path = _PACKAGE) -> tuple[str, ...]:
    """One of the package's files, such as "training/fold.py", and every other that it imports, they import, and so on.

    Imports inside functions count; those for the type checker alone do not. `without` are files and folders ("io") that are neither
    named nor followed.
    """
    left_out = tuple(f"{one}/" for one in without)
    found: set[str] = set()
    waiting = {file}
    while waiting:
        one = waiting.pop()
        if one not in without and not one.startswith(left_out):
            found.add(one)
            waiting |= _imports(one, package) - found
    return tuple(sorted(found))


@cache
def _imports(file: str, package: Path) -> frozenset[str]:
    """The package's files that a file names in its imports. Folders on the way count only where something is taken from them."""
    named: set[str] = set()
    for node in _executed(ast.parse((package / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    places = ["/".join(name.split(".")[1:]) for name in named if name.startswith("agonist.")]
    files = (file for place in places for file in (f"{place}.py", f"{place}/__init__.py"))
    return frozenset(file for file in files if (package / file).is_file())


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """All below a node but what is under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield child
            yield from _executed(child)


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
