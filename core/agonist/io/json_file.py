"""JSON files: loaded, or a line that says why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agonist.errors import FileFormatError

__all__ = ["load_json"]


def load_json(path: Path, expected: str) -> Any:
    """The content of a JSON file; `expected` says what should have been in it. Raises FileFormatError."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FileFormatError(path, f"cannot be read ({error.strerror})", expected) from error
    except (ValueError, RecursionError) as error:
        raise FileFormatError(path, f"not JSON ({str(error)[:80]})", expected) from error
