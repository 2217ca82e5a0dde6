"""A real Blender window, worked by drive.py (`python3 build.py gui`) or tour.py (`build.py tour`) under Xvfb. Standard library only.

    python tests/gui/run.py ZIP MOTION OUT [--root FOLDER] [--script tour.py]

The Blender is `$AGONIST_BLENDER`, or `blender` on the path; with --root the one inside a Debian system in FOLDER, which
make_blender.sh makes. Exit code 0: all checks passed, or no Blender is here (one line says so); 1: a check failed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCREENS = {"drive.py": (1400, 900), "tour.py": (1400, 1560)}
LIMIT_S = 900


def command(root: Path | None) -> list[str] | None:
    """What starts Blender, or None if there is none."""
    if root is not None:
        found = (root / "usr/bin/blender").exists()
        return ["chroot", str(root), "blender"] if found else None
    blender = os.environ.get("AGONIST_BLENDER") or shutil.which("blender")
    return [blender] if blender and shutil.which(blender) else None


def drive(start: list[str], root: Path | None, package: Path, motion: Path, out: Path, script: str = "drive.py") -> dict[str, object]:
    """Work a Blender window; screenshots and result.json come back to `out`. Raises OSError, subprocess.TimeoutExpired."""
    size = SCREENS[script]
    with tempfile.TemporaryDirectory(dir=root / "tmp" if root else None) as folder:
        inside = Path("/tmp", Path(folder).name) if root else Path(folder)
        for path in (package, motion, HERE / script, HERE / "window.py", HERE / "drop.py"):
            shutil.copy(path, folder)
        blender = [
            *(["chroot", str(root)] if root else []), "xvfb-run", "-a", "-s", f"-screen 0 {size[0]}x{size[1]}x24 +extension GLX",
            start[-1], "--window-geometry", "0", "0", *map(str, size), "--enable-event-simulate", "--python-exit-code", "1",
            "--python", str(inside / script), "--", *(str(inside / path.name) for path in (package, motion)), str(inside),
        ]  # fmt: skip
        variables = {
            **os.environ, "LIBGL_ALWAYS_SOFTWARE": "1", "GALLIUM_DRIVER": "llvmpipe", "BLENDER_USER_RESOURCES": str(inside / "user"),
            "HOME": str(inside), "TMPDIR": "/tmp",
        }  # fmt: skip
        with (out / "blender.log").open("w") as log:
            subprocess.run(blender, env=variables, stdout=log, stderr=subprocess.STDOUT, timeout=LIMIT_S, check=False)
        for path in Path(folder).glob("*.png"):
            shutil.copy(path, out)
        result = Path(folder, "result.json")
        if not result.exists():
            tail = (out / "blender.log").read_text(errors="replace").splitlines()[-5:]
            return {"checks": {}, "error": "Blender ended without a result:\n" + "\n".join(tail)}
        shutil.copy(result, out)
        told = json.loads(result.read_text(encoding="utf-8"))
        ours = own_errors((out / "blender.log").read_text(errors="replace"))
        # What a panel or a handler raises is only printed.
        told["checks"]["nothing of the extension failed unseen"] = {"passed": not ours, "detail": " / ".join(ours)}
        return told


def own_errors(log: str) -> list[str]:
    """The last line of each traceback in Blender's output that goes through the extension."""
    found, inside = [], False
    for line in log.splitlines():
        if line.startswith("Traceback (most recent call last)"):
            inside, ours = True, False
        elif inside and line.startswith(" "):
            ours = ours or "agonist" in line
        elif inside:
            inside = False
            found += [line] if ours else []
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("package", "motion", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--script", choices=list(SCREENS), default="drive.py")
    arguments = parser.parse_args()
    start = command(arguments.root)
    if start is None or (arguments.root is None and not (shutil.which("xvfb-run") and shutil.which("import"))):
        sys.stdout.write(
            "skipped: no Blender with a window here. Set AGONIST_BLENDER to one and install xvfb and imagemagick, or, as root on "
            "Debian, make one with tests/gui/make_blender.sh FOLDER and give --root FOLDER.\n"
        )
        return 0
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        result = drive(start, arguments.root, arguments.package, arguments.motion, arguments.out, arguments.script)
    except subprocess.TimeoutExpired:
        sys.stdout.write(f"Blender did not finish within {LIMIT_S} s; see {arguments.out / 'blender.log'}\n")
        return 1
    for name, outcome in result["checks"].items():
        sys.stdout.write(f"{'ok  ' if outcome['passed'] else 'FAIL'}  {name}{'' if outcome['passed'] else ': ' + outcome['detail']}\n")
    if result.get("drag_ms"):
        text = "while dragging, a mouse move took {median} ms (median), {longest} ms (longest); a redraw alone {drawing} ms\n"
        sys.stdout.write(text.format(**result["drag_ms"]))
    sys.stdout.write(f"Blender {result.get('blender')}; screenshots in {arguments.out}\n{result['error']}\n")
    return int(bool(result["error"]) or not all(outcome["passed"] for outcome in result["checks"].values()))


if __name__ == "__main__":
    raise SystemExit(main())
