"""What engines make of the exports: Godot (its own importer) and three.js (with Khronos' glTF validator). Run by `build.py engines`.

    python tests/game_engines/run.py FOLDER WORK [--root DEBIAN]

FOLDER holds what make.py wrote, WORK what npm fetches. Godot is `godot` on the path, or the one inside a Debian system (`apt-get install
godot` in one that tests/gui/make_blender.sh made of sid). Prints a table; exit code 1 where an engine found something else than Blender
shows, or where none of them is here.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
LIMIT_S = 600
HEADS_M, BODY_M, ACTIVATION, LENGTH_S = 1e-3, 5e-3, 0.02, 1e-3
# Unless told otherwise Godot samples at its own rate and leaves out keys that lie close to a line between others.
THINNED_M = 0.02

Told = dict[str, dict[str, Any]]


def three(folder: Path, work: Path) -> list[tuple[str, float, Told]] | str:
    """Name with version, how far off a bone may be, and what three.js says of each file; or why it was not asked."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "three.js: not asked, no node and npm here"
    for name in ("package.json", "read_three.mjs"):
        shutil.copy(HERE / name, work)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=work, check=True, timeout=LIMIT_S)
    answer = work / "told_three.json"
    subprocess.run(["node", "read_three.mjs", folder / "truth.json", answer], cwd=work, check=True, timeout=LIMIT_S)
    version = json.loads((work / "node_modules/three/package.json").read_text())["version"]
    return [(f"three.js {version}", HEADS_M, json.loads(answer.read_text(encoding="utf-8")))]


def godot(folder: Path, work: Path, root: Path | None, truth: Told) -> list[tuple[str, float, Told]] | str:
    """The same of Godot, twice: as it imports by itself, 30 frames a second and some keys left out, and at the file's rate, all keys."""
    if not (root / "usr/bin/godot" if root else Path(shutil.which("godot") or "nowhere")).exists():
        return "Godot: not asked, no godot here"
    with tempfile.TemporaryDirectory(dir=root / "tmp" if root else None) as temporary:
        inside = Path("/tmp", Path(temporary).name) if root else Path(temporary)
        start = [*(["chroot", str(root)] if root else []), "env", f"HOME={inside}", "godot", "--headless"]
        version = subprocess.run([*start, "--version"], capture_output=True, text=True, check=True).stdout.split(".")
        for path in (*folder.iterdir(), HERE / "read_godot.gd"):
            shutil.copy(path, temporary)
        Path(temporary, "project.godot").write_text("config_version=5\n", encoding="utf-8")

        def told() -> Told:
            answer = Path(temporary, "told.json")
            answer.unlink(missing_ok=True)
            with (work / "godot.log").open("a", encoding="utf-8") as log:
                for arguments in (["--import"], ["-s", "read_godot.gd"]):
                    command = [*start, "--path", str(inside), *arguments]
                    subprocess.run(command, check=False, timeout=LIMIT_S, stdout=log, stderr=subprocess.STDOUT)
            return json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else {}

        name, thinned = f"Godot {'.'.join(version[:3])}", told()
        every_key = json.dumps({"nodes": {"PATH:AnimationPlayer": {"optimizer/enabled": False}}})
        for file, one in truth.items():
            settings = Path(temporary, f"{file}.import")
            text = settings.read_text(encoding="utf-8").replace("_subresources={}", f"_subresources={every_key}")
            settings.write_text(text.replace("animation/fps=30", f"animation/fps={round(one['fps'])}"), encoding="utf-8")
        return [(name, THINNED_M, thinned), (f"{name}, every key", HEADS_M, told())]


def plain(name: str) -> str:
    """A bone's name without what engines replace or leave out, each its own way."""
    return re.sub(r"[^A-Za-z0-9]", "", name)


def z_up(places: Any, unit_m: float) -> np.ndarray:
    """Metres and Z up, of what has Y up."""
    x, y, z = np.moveaxis(np.array(places, dtype=float) * unit_m, -1, 0)
    return np.stack([x, -z, y], axis=-1)


def row(truth: dict[str, Any], told: dict[str, Any], most_m: float) -> tuple[list[str], list[str]]:
    """Cells of the table, and what is not as it is in Blender."""
    if "failed" in told:
        return ["-"] * 5, [told["failed"]]
    wrong = list(told.get("errors", []))
    found = {plain(name): z_up(places, told["unit_m"]) for name, places in told["heads"].items()}
    bones = {plain(name) for name in truth["bones"]}
    if set(found) != bones:
        wrong.append(f"bones {sorted(set(found) ^ bones)[:4]} are on one side only")
    if {plain(k): plain(v) for k, v in told["parents"].items()} != {plain(k): plain(v) for k, v in truth["parents"].items()}:
        wrong.append("another hierarchy")
    if told["animations"] != 1 or abs(told["length"] - (truth["frames"] - 1) / truth["fps"]) > LENGTH_S:
        wrong.append(f"{told['animations']} animations, {told['length']:.4f} s")
    heads = max(float(np.abs(found[plain(name)] - places).max()) for name, places in truth["heads"].items() if plain(name) in found)
    if not heads <= most_m:
        wrong.append(f"a bone is {1000 * heads:.1f} mm off")
    cells = [str(len(found)), f"{told['length']:.3f} s", f"{1000 * heads:.2f} mm"]
    body = "-"
    if truth["body"]:
        ends = np.sort(z_up(told["body"], told["unit_m"]), axis=1) if told["body"] else np.full((1, 2, 3), np.inf)
        off = float(np.abs(ends - truth["body"]).max())
        body = f"{1000 * off:.2f} mm"
        if not off <= BODY_M + most_m:
            wrong.append(f"the body is {1000 * off:.1f} mm off")
    curves = "-"
    if truth["activation"]:
        curves = "not read"
        if told["activation"]:
            pairs = [(told["activation"][f"activation_{muscle}"], values) for muscle, values in truth["activation"].items()]
            off = max(float(np.abs(np.subtract(*pair)).max()) for pair in pairs)
            curves = f"{off:.4f}"
            if not off <= ACTIVATION:
                wrong.append(f"activation is {off:.3f} off")
    return [*cells, body, curves], wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=lambda given: Path(given).resolve())
    parser.add_argument("work", type=lambda given: Path(given).resolve())
    parser.add_argument("--root", type=Path)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    truth = json.loads((arguments.folder / "truth.json").read_text(encoding="utf-8"))
    readers = [three(arguments.folder, arguments.work), godot(arguments.folder, arguments.work, arguments.root, truth)]
    print("| read by | file | bones | length | a bone off by at most | the body | activation | wrong |\n|" + " --- |" * 8)
    lines, problems = [], 0
    for reader in readers:
        if isinstance(reader, str):
            lines.append(reader)
            continue
        for name, most_m, told in reader:
            for file, expected in truth.items():
                cells, wrong = row(expected, told.get(file, {"failed": "nothing was said of it"}), most_m)
                problems += bool(wrong)
                print(f"| {name} | {file} | {' | '.join(cells)} | {'; '.join(wrong)} |")
    print("\n".join(lines))
    if problems or all(isinstance(reader, str) for reader in readers):
        sys.exit(1)


if __name__ == "__main__":
    main()
