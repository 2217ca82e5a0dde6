"""Files that lie inside packages of PyPI: fetched with pip as plain archives, nothing is installed.

The cache folder is the user's own (AGONIST_CACHE overrides it), so that nothing of third parties lands in the tree.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from agonist.errors import WorkError
from agonist.io.atomic import atomic_path

__all__ = ["cache_folder", "sha256_of", "take_from_package"]


def cache_folder() -> Path:
    """Where fetched files are kept: AGONIST_CACHE, else the system's folder for caches."""
    if given := os.environ.get("AGONIST_CACHE"):
        return Path(given).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "agonist" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "agonist"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "agonist"


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def take_from_package(requirement: str, members: Mapping[str, tuple[Path, str]], pip_options: Sequence[str] = ()) -> None:
    """Take files out of a wheel.

    Args:
        requirement: such as "sports2d==0.8.34".
        members: path inside the wheel -> (where to put the file, its SHA-256).
        pip_options: platform tags, for a wheel that does not fit this machine.

    Raises:
        WorkError: pip cannot fetch the package, or a file is not what it should be.
    """
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        done = subprocess.run([*pip, *pip_options, "--dest", folder, requirement], capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            said = (done.stderr or done.stdout).strip().splitlines()
            reason = next((line for line in reversed(said) if "ERROR" in line), said[-1] if said else "no reason given")
            raise WorkError(f"pip could not fetch the package {requirement} ({reason}). Check the network and try again.")
        with zipfile.ZipFile(wheels[0]) as archive:
            for member, (target, digest) in members.items():
                _extract(archive, member, target, digest, requirement)


def _extract(archive: zipfile.ZipFile, member: str, target: Path, digest: str, requirement: str) -> None:
    try:
        info = archive.getinfo(member)
    except KeyError:
        raise WorkError(f"The package {requirement} holds no file {member}.") from None
    with atomic_path(target) as temporary:
        with archive.open(info) as stream, temporary.open("wb") as out:
            shutil.copyfileobj(stream, out)
        if (found := sha256_of(temporary)) != digest:
            raise WorkError(f"{member} of {requirement} has SHA-256 {found}. Expected {digest}; it is not used.")
