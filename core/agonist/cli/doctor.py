"""`agonist doctor`: what is here, what is not, and what to do about it."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import typer

from agonist.cli.checks import check_output
from agonist.cli.console import Console, Json, Quiet, Report
from agonist.default_models import DEFAULT_MODEL
from agonist.errors import AgonistError

__all__ = ["Finding", "doctor", "examine"]

# What each extra is for; those that only developers need are not asked for.
_EXTRAS = {
    "physics": "simulate, edit --physics, corpus build",
    "capture": "pose",
    "plot": "plot",
    "train": "train",
    "blender": "build.py demo (Blender brings its own)",
}
_MIN_FREE_GB = 1.0
_HOW = "Install it, in Agonist's clone, with: pip install '.[{}]'"
_AGAIN = "Install Agonist again, in its clone: pip install --force-reinstall ."


@dataclass(frozen=True)
class Finding:
    """One line of the examination.

    Attributes:
        part: what was looked at.
        state: "ok", "missing" (optional) or "broken".
        found: what is there.
        advice: what to do, empty if nothing.
    """

    part: str
    state: str
    found: str
    advice: str = ""


def doctor(out: Report = None, json: Json = False, quiet: Quiet = False) -> None:
    """Say what is installed, whether the models are whole, and what to install for the rest. Exit code 1 if something is broken."""
    console = Console(json, quiet)
    if out is not None:
        check_output(out, (".json",))
    findings = list(examine())
    width = max(len(one.part) for one in findings)
    for one in findings:
        console.say(f"{one.state:<8} {one.part:<{width}}  {one.found}{'. ' + one.advice if one.advice else ''}")
    broken = [one.part for one in findings if one.state == "broken"]
    console.result({"ok": not broken, "findings": [asdict(one) for one in findings]}, out)
    if broken:
        raise typer.Exit(1)


def examine() -> Iterator[Finding]:
    """Look at everything, in the order in which it is needed."""
    from agonist import __version__

    yield Finding("agonist", "ok", f"{__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    requirements = _requirements()
    if not requirements:
        unknown = "run without being installed, so what it requires is not known"
        yield Finding("packages", "missing", unknown, "In its clone pip install . tells")
    else:
        yield from _packages("core", requirements.get("", []), "everything", essential=True)
        for extra, purpose in _EXTRAS.items():
            yield from _packages(extra, requirements.get(extra, []), purpose)
    yield _video()
    yield from _models()
    yield _pose_networks()
    yield _cache()


def _requirements() -> dict[str, list[str]]:
    """Extra ("" for none) -> requirements such as "av>=14,<19", as the installed package tells them."""
    try:
        lines = metadata.requires("agonist") or []
    except metadata.PackageNotFoundError:
        return {}
    found: dict[str, list[str]] = {}
    for line in lines:
        requirement, _, marker = line.partition(";")
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", marker)
        if "[" not in requirement:
            found.setdefault(extra.group(1) if extra else "", []).append(requirement.strip())
    return found


def _packages(extra: str, requirements: list[str], purpose: str, *, essential: bool = False) -> Iterator[Finding]:
    if not requirements:
        yield Finding(extra, "missing", "not known to the package that is installed", f"{_AGAIN} (it is older than its source)")
        return
    have: list[str] = []
    lack: list[str] = []
    for requirement in requirements:
        name = (re.match(r"[A-Za-z0-9._-]+", requirement) or [""])[0]
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            lack.append(requirement)
            continue
        if _fits(requirement, version):
            have.append(f"{name} {version}")
        else:
            lack.append(f"{requirement} (found {version})")
    if not lack:
        yield Finding(extra, "ok", ", ".join(have))
        return
    install = _AGAIN if essential else _HOW.format(extra)
    found = f"for {purpose}: lacks {', '.join(lack)}"
    yield Finding(extra, "broken" if essential else "missing", found, install)


def _fits(requirement: str, version: str) -> bool:
    try:
        from packaging.requirements import Requirement
    except ImportError:
        # It comes with onnxruntime; without it the version is shown, not judged.
        return True
    return Requirement(requirement).specifier.contains(version, prereleases=True)


def _video() -> Finding:
    try:
        import av
    except ImportError:
        return Finding("video", "missing", "PyAV, which brings FFmpeg, is not there", _HOW.format("capture"))
    versions = {name: ".".join(map(str, number)) for name, number in av.library_versions.items()}
    libraries = ", ".join(f"{name} {versions[name]}" for name in ("libavcodec", "libavformat") if name in versions)
    return Finding("video", "ok", f"PyAV {av.__version__} with FFmpeg's {libraries}")


def _models() -> Iterator[Finding]:
    from agonist.model import available_models, load_model, models_folder

    names = available_models()
    if DEFAULT_MODEL not in names:
        yield Finding(f"model {DEFAULT_MODEL}", "broken", f"not in {models_folder()}", _AGAIN)
    for name in names:
        try:
            model = load_model(name)
            model.check()
        except AgonistError as error:
            yield Finding(f"model {name}", "broken", str(error).rstrip("."), _AGAIN)
        else:
            contract = model.contract
            parts = ", ".join(contract.files)
            yield Finding(
                f"model {name}", "ok", f"{parts}; {contract.muscles.name}, {contract.fps:g} frames a second; as its contract says"
            )


def _pose_networks() -> Finding:
    from agonist.capture.pose_weights import find

    weights = find()
    if weights is None:
        return Finding("pose networks", "missing", "not in the cache", "Fetch them with: agonist models fetch pose (36 MB)")
    return Finding("pose networks", "ok", f"{weights.detector.parent}")


def _cache() -> Finding:
    from agonist.capture.packages import cache_folder

    folder = cache_folder()
    there = Path(os.path.abspath(folder))
    while not there.is_dir() and there != there.parent:
        there = there.parent
    try:
        free = shutil.disk_usage(there).free / 1e9
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6 if folder.is_dir() else 0.0
    except OSError as error:
        return Finding("cache", "broken", f"{folder}: {error.strerror}", "Set AGONIST_CACHE to a folder that can be written")
    found = f"{folder}: {size:.0f} MB, {free:.1f} GB free"
    if not os.access(there, os.W_OK):
        return Finding("cache", "broken", f"{found}, cannot be written", "Set AGONIST_CACHE to a folder that can be written")
    if free < _MIN_FREE_GB:
        return Finding("cache", "broken", found, f"Free {_MIN_FREE_GB:.0f} GB, or set AGONIST_CACHE to another disk")
    return Finding("cache", "ok", found)
