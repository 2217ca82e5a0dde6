"""What one method did on one fold, and the small JSON files in which that is kept.

A kept result is taken again if two things are as they were: `key`, of the windows, the fold, the budget and the seed, and `code`,
of the source files that this method depends on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from agonist.evaluation.cells import Cells
from agonist.io.atomic import atomic_path
from agonist.revision import code_digest, imported_files

__all__ = [
    "CALIBRATED", "DIRECTIONS", "NETWORKS", "FoldResult", "code_files", "code_of", "file_name", "read_document", "read_result",
    "write_document", "write_result",
]  # fmt: skip

# Motion to muscle; muscle to motion; muscle to the motion that a camera sees.
DIRECTIONS = ("encoder", "decoder", "decoder-2d")
# Configuration, whether it is told the person (C-, as the paper writes it), and the directions it has.
NETWORKS: dict[str, tuple[str, bool, tuple[str, ...]]] = {
    "mia-paper": ("mia-paper", False, DIRECTIONS),
    "mia-release": ("mia-release", False, DIRECTIONS),
    "agonist": ("agonist", False, DIRECTIONS),
    "agonist-causal": ("agonist-causal", False, ("encoder",)),
    "c-mia-paper": ("mia-paper", True, DIRECTIONS),
    "c-mia-release": ("mia-release", True, DIRECTIONS),
    "c-agonist": ("agonist", True, DIRECTIONS),
    "k-agonist": ("agonist", True, DIRECTIONS),
}
# Those that are calibrated to somebody new by a clip with EMG, and as which network they are trained.
CALIBRATED = {"k-agonist": "c-agonist"}
# A result hangs on the file that makes it and on all that this one imports, but for: what makes the windows and folds, whose checksums
# are in the key, or keeps results; files that only our networks run through; those that only networks do; what calibrates.
_MAKES = "evaluation/protocols.py"
_IN_KEY = (
    "evaluation/mia_calibration.py", "evaluation/mia_folds.py", "evaluation/mia_results.py", "evaluation/mia_windows.py", "revision.py",
    "io",
)  # fmt: skip
_OURS = ("networks/decoder.py", "networks/kernel_machine.py", "networks/moments.py", "training/decoding.py", "training/uncertainty.py")
_NETWORKS = ("networks/motion_muscle.py", "training")
_CALIBRATES = ("training/calibration.py",)


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What one method did on one fold.

    Attributes:
        method: a network or a baseline. direction: of DIRECTIONS. fold: its name. frames: seen at once.
        cells: errors on the test windows.
        training: steps, learning rate, parameters, validation score, minutes; empty for a baseline.
        commit: of the code that made it; "" where nobody knows.
        chosen: what a baseline chose by the early-stopping windows.
    """

    method: str
    direction: str
    fold: str
    frames: int
    cells: Cells
    training: dict[str, Any]
    commit: str = ""
    chosen: dict[str, Any] = field(default_factory=dict)


def code_files(method: str) -> tuple[str, ...]:
    """Files of the package, such as "training/fold.py", that a method's results hang on."""
    if method not in NETWORKS:
        return imported_files(_MAKES, (*_IN_KEY, *_NETWORKS))
    others = () if method in CALIBRATED else _CALIBRATES
    return imported_files(_MAKES, (*_IN_KEY, *others, *(() if NETWORKS[method][0].startswith("agonist") else _OURS)))


@cache
def code_of(method: str) -> str:
    """Digest of `code_files`, as they are now."""
    return code_digest(code_files(method))


def file_name(method: str, direction: str, fold: str) -> str:
    """Of a stored result, without its suffix."""
    plain = "".join(one if one.isalnum() or one in "-+" else "_" for one in f"{direction}-{fold}-{method}")
    # Long lists of names make longer names than file systems take.
    return plain if len(plain) < 120 else f"{plain[:100]}-{hashlib.sha256(plain.encode()).hexdigest()[:12]}"


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Store a document, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(document) + "\n", encoding="utf-8")


def read_document(path: Path, key: str, code: str) -> dict[str, Any] | None:
    """A stored document of that key and code; None where there is none, or another, or a torn one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return document if (document["key"], document["code"]) == (key, code) else None
    except (ValueError, KeyError, TypeError, OSError):
        return None


def write_result(path: Path, key: str, code: str, result: FoldResult) -> None:
    """As `write_document`."""
    fields = {name: getattr(result, name) for name in ("method", "direction", "fold", "frames", "commit", "training", "chosen")}
    write_document(path, {"key": key, "code": code, **fields, "cells": result.cells.document()})


def read_result(path: Path, key: str, code: str) -> FoldResult | None:
    """As `read_document`."""
    document = read_document(path, key, code)
    if document is None:
        return None
    try:
        cells = Cells.read(document["cells"])
        method, direction, fold, frames = (document[name] for name in ("method", "direction", "fold", "frames"))
        training, commit, chosen = document["training"], document.get("commit", ""), document.get("chosen", {})
        return FoldResult(method, direction, fold, frames, cells, training, commit, chosen)
    except (KeyError, ValueError, TypeError):
        return None
