"""Video: the core's own process looks for the joints; its packages are not in the extension. Here it is found, run and ended."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agonist.errors import WorkError

from .steps import Steps
from .translate import rpt

__all__ = ["HOW_TO_INSTALL", "VIDEO_SUFFIXES", "capture_command", "captured"]

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv")

HOW_TO_INSTALL = (
    "Videos need Agonist's capture packages in a Python of your own: in a clone of Agonist pip install '.[capture]', then agonist "
    "models fetch pose, and name its agonist program in the preferences of this extension"
)
# How long a look for news may hold the window up.
_LOOK_S = 0.02


def capture_command(preferred: str = "") -> list[str] | None:
    """How to call `agonist`: by the program or the Python that is preferred, else by the one beside this Python or on the PATH."""
    if preferred:
        found = shutil.which(os.path.expanduser(preferred))
        # A Python is as good as the program that stands beside it.
        if found is not None and Path(found).stem.lower().startswith("python"):
            return [found, "-m", "agonist.cli.main"]
        return None if found is None else [found]
    beside = shutil.which("agonist", path=os.pathsep.join(str(Path(sys.executable).parent / folder) for folder in ("", "Scripts")))
    found = beside or shutil.which("agonist")
    return None if found is None else [found]


def captured(command: Sequence[str], video: Path, out: Path, *, height_m: float | None = None) -> Steps[None]:
    """Write the motion in `video` to `out`, a .bvh; yields the share done, often, also while nothing is new.

    Nothing is fetched: an extension without the network permission leaves that to the user. Closing the generator ends the
    process and what it has started. Raises WorkError with the last line that the process said.
    """
    options = ["--height", f"{height_m:g}"] if height_m else []
    arguments = [*command, "pose", str(video), "--out", str(out), "--progress", "--quiet", "--offline", *options]
    try:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            errors="replace", env={**os.environ, "PYTHONIOENCODING": "utf-8"}, **_group(),
        )  # fmt: skip
    except OSError as error:
        raise WorkError(
            rpt("{program} cannot be started ({why}). {how}.", program=command[0], why=error.strerror, how=rpt(HOW_TO_INSTALL))
        ) from error
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    # Reading would wait for the next line, and the window with it.
    threading.Thread(target=_read, args=(process.stderr, lines), daemon=True).start()
    share, said = 0.0, ""
    try:
        while True:
            try:
                line = lines.get(timeout=_LOOK_S)
            except queue.Empty:
                yield share
                continue
            if line is None:
                break
            word, _, rest = line.partition(" ")
            if word == "progress":
                share = _share(rest, share)
                yield share
            elif line.strip():
                said = line.strip()
        code = process.wait()
        if code or not out.is_file():
            nothing = rpt("{program} ended with code {code} and said nothing.", program=command[0], code=code)
            raise WorkError(said.removeprefix("agonist: ") or nothing)
    finally:
        _end(process)


def _read(stream: Any, lines: queue.SimpleQueue[str | None]) -> None:
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)


def _share(text: str, before: float) -> float:
    try:
        return min(1.0, max(0.0, float(text.split()[0])))
    except (ValueError, IndexError):
        return before


def _group() -> dict[str, Any]:
    """A group of its own, so that what the process starts (pip, the interpreter behind a launcher) can be ended with it."""
    return {"creationflags": subprocess.CREATE_NO_WINDOW} if sys.platform == "win32" else {"start_new_session": True}


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
    else:
        import signal

        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
