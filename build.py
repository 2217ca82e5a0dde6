#!/usr/bin/env python3
"""Agonist's one command, standard library only: `python3 build.py --help` lists its verbs. Everything stays inside the clone."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
NEEDED_GB = {"demo": 3.0, "test": 6.0, "matrix": 6.0, "extension": 3.0, "gui": 3.0, "tour": 3.0, "engines": 3.0, "bench": 3.0}
# bpy wheel: the Python that it is made for, and the numpy that this Blender brings (whichever fits the wheel if none is named).
BLENDERS = {
    "4.2.0": ("3.11", "1.24.3"),
    "4.2.23": ("3.11", "1.24.3"),
    "4.5.15": ("3.11", "1.26.4"),
    "5.0.1": ("3.11", "1.26.4"),
    "5.2.3": ("3.13", ""),
}
# Blender's own Python, and the wheels that fit it, by platform of Blender's extension index.
BLENDER_PYTHONS = ("3.11", "3.13")
PLATFORMS = {
    "linux-x64": ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
    "windows-x64": ["win_amd64"],
    "macos-arm64": ["macosx_14_0_arm64", "macosx_13_0_arm64", "macosx_11_0_arm64", "macosx_10_9_universal2"],
    "macos-x64": ["macosx_14_0_x86_64", "macosx_13_0_x86_64", "macosx_11_0_x86_64", "macosx_10_9_universal2"],
}
# onnxruntime 1.32 would make a zip larger than it may be. Intel Macs have 1.23 at most.
EXTENSION_WHEELS = ("onnxruntime>=1.20,<1.32", "flatbuffers==25.12.19", "packaging==26.3", "protobuf==7.36.2")
LARGEST_ZIP_MB = 60


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def stop(text: str, code: int = 2) -> None:
    print(f"build.py: {text}", file=sys.stderr)
    raise SystemExit(code)


def check_machine(verb: str) -> None:
    # The matrix looks for the Python of each Blender itself.
    if sys.version_info[:2] != (3, 11) and verb != "matrix":
        found = f"Python {sys.version_info.major}.{sys.version_info.minor}"
        stop(f"{found} found. Expected 3.11, the Python of Blender 4.5 LTS: python3.11 build.py {verb}")
    free = shutil.disk_usage(ROOT).free / 1e9
    if not VENV.exists() and free < NEEDED_GB[verb]:
        stop(f"{free:.1f} GB free on the disk of {ROOT}. Expected at least {NEEDED_GB[verb]:.0f} GB.", 1)


def run(command: list[str], what: str, **options: object) -> None:
    result = subprocess.run([str(part) for part in command], cwd=ROOT, **options)  # type: ignore[call-overload]
    if result.returncode:
        stop(f"{what} failed with exit code {result.returncode}.", result.returncode if result.returncode in (1, 2) else 1)


def environment(extras: str) -> None:
    """Make .venv and install the package with these extras, unless exactly that was done before."""
    stamp = VENV / f"installed-{extras.replace(',', '-')}"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        say("making .venv")
        run([sys.executable, "-m", "venv", str(VENV)], "making .venv")
    say(f"installing agonist[{extras}] into .venv (first time: some minutes)")
    run([str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", f".[{extras}]"], "pip install")
    stamp.write_text(wanted)


def inside() -> dict[str, str]:
    """The environment, with everything that programs like to keep in the user's folders kept in the clone."""
    kept = {"AGONIST_CACHE": "cache", "BLENDER_USER_RESOURCES": "blender", "MPLCONFIGDIR": "matplotlib", "XDG_CACHE_HOME": "caches"}
    return {**os.environ, **{name: str(VENV / folder) for name, folder in kept.items()}, "ORT_DISABLE_TELEMETRY": "1"}


def testing() -> dict[str, str]:
    """The same for tests. Their networks are small: a second thread would only wait for the first, and burn its core while it does."""
    return {**inside(), "OMP_NUM_THREADS": "1"}


def demo(arguments: argparse.Namespace) -> None:
    environment("demo")
    command = [str(PYTHON), "-m", "blender_addon", "--out", str(Path(arguments.out).absolute())]
    for name in ("motion", "video"):
        if getattr(arguments, name):
            command += [f"--{name}", str(Path(getattr(arguments, name)).absolute())]
    own = arguments.motion or arguments.video
    for edit in arguments.edit or ([] if own else ["quadriceps=1.5", "biceps_l=0.5"]):
        command += ["--edit", edit]
    for name in ("frames", "start", "end", "height"):
        if getattr(arguments, name) is not None:
            command += [f"--{name}", str(getattr(arguments, name))]
    run(command, "the demo", env=inside())


def test(arguments: argparse.Namespace) -> None:
    environment("test")
    say("ruff")
    run([str(PYTHON), "-m", "ruff", "check", "."], "ruff")
    say("mypy")
    run([str(PYTHON), "-m", "mypy"], "mypy")
    say("pytest")
    run([str(PYTHON), "-m", "pytest", "-q", *arguments.rest], "pytest", env=testing())


def matrix(arguments: argparse.Namespace) -> None:
    """The add-on's tests in several Blenders, each in an environment of its own; a table at the end."""
    told = [test_in_blender(version, arguments.rest) for version in arguments.bpy or BLENDERS]
    columns = ("bpy", "Python", "numpy", "passed", "failed", "skipped", "minutes", "remarks")
    print(f"\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for row in told:
        print(f"| {' | '.join(str(row.get(column, '')) for column in columns)} |")
    if not all(row.get("failed") == 0 and "remarks" not in row for row in told):
        stop("not every Blender was there and passed all tests.", 1)


def test_in_blender(version: str, rest: list[str]) -> dict[str, object]:
    """Run tests under one bpy wheel; the row of the table that says how it went."""
    wanted, numpy = BLENDERS[version]
    row: dict[str, object] = {"bpy": version, "Python": wanted}
    own = "{}.{}".format(*sys.version_info) == wanted
    found = sys.executable if own else shutil.which(f"python{wanted}")
    # A version manager's stand-in may be there without the Python that it stands for.
    if found is None or subprocess.run([found, "--version"], capture_output=True).returncode:
        return {**row, "remarks": f"not run: no python{wanted} here"}
    python = blender_environment(version, numpy, found)
    say(f"bpy {version}")
    row["numpy"] = subprocess.check_output([str(python), "-c", "import numpy; print(numpy.__version__)"], text=True).strip()
    # A process for each file: where Blender itself crashes, the other files still have their say.
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "blender_addon").glob("test_*.py"))
    crashed, counts, minutes = [], dict.fromkeys(("passed", "failed", "skipped"), 0), 0.0
    for part in [rest] if rest else [[file] for file in files]:
        report = python.parent.parent / "report.xml"
        report.unlink(missing_ok=True)
        command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *part]
        subprocess.run(command, cwd=ROOT, env=testing(), check=False)
        if not report.is_file():
            crashed.append(Path(part[0]).name)
            continue
        found_counts = next(ElementTree.parse(report).getroot().iter("testsuite")).attrib
        failed, skipped = int(found_counts["failures"]) + int(found_counts["errors"]), int(found_counts["skipped"])
        counts["passed"] += int(found_counts["tests"]) - failed - skipped
        counts["failed"] += failed
        counts["skipped"] += skipped
        minutes += float(found_counts["time"]) / 60
    remarks = {"remarks": f"Blender crashed in {', '.join(crashed)}"} if crashed else {}
    return {**row, **counts, "minutes": f"{minutes:.1f}", **remarks}


def blender_environment(version: str, numpy: str, creator: str) -> Path:
    """The Python of an environment with this bpy wheel, made by the Python `creator` unless exactly that was done before."""
    folder = VENV / "matrix" / version
    python = folder / PYTHON.relative_to(VENV)
    stamp = folder / "installed"
    asked = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + numpy.encode()).hexdigest()
    if not (stamp.is_file() and stamp.read_text() == asked):
        say(f"installing bpy {version} into {folder.relative_to(ROOT)}")
        run([creator, "-m", "venv", str(folder)], f"making {folder.name}")
        # Blender 5.2 has cattrs of its own for its extensions; the wheel does not ask for it.
        pins = [f"bpy=={version}", *([f"numpy=={numpy}"] if numpy else []), *(["cattrs"] if version >= "5.2" else [])]
        run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", ".[addon-test]", *pins], "pip install")
        stamp.write_text(asked)
    return python


def bench(arguments: argparse.Namespace) -> None:
    environment("demo")
    for script in sorted((ROOT / "tests" / "benchmarks").glob("bench_*.py")):
        say(script.name)
        run([str(PYTHON), str(script)], script.name)


def core_wheel(folder: Path) -> Path:
    """The core as a wheel with the default model inside, built from a copy so that the clone stays clean."""
    with tempfile.TemporaryDirectory() as staging:
        copy = Path(staging)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, copy / name)
        shutil.copytree(ROOT / "core", copy / "core", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        shutil.copytree(ROOT / "models" / "agonist", copy / "core" / "agonist" / "models" / "agonist")
        run(
            [str(PYTHON), "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "-w", str(folder), staging],
            "building the core wheel",
        )
    return next(folder.glob("agonist-*.whl"))


def download_wheels(platform: str, pythons: tuple[str, ...], folder: Path) -> list[str]:
    """Fetch the wheels that onnxruntime needs on a platform; those of the Python versions that it has none for."""
    missing = []
    tags = [part for tag in PLATFORMS[platform] for part in ("--platform", tag)]
    pip = [str(PYTHON), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    for version in pythons:
        # Wheels of a version are kept only if all are there: half of them would not import.
        with tempfile.TemporaryDirectory() as fetched:
            command = [*pip, *tags, "--python-version", version, "--dest", fetched, *EXTENSION_WHEELS]
            result = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if result.returncode == 0:
                for wheel in Path(fetched).glob("*.whl"):
                    shutil.copy(wheel, folder)
            elif "No matching distribution" in result.stderr and "onnection" not in result.stderr:
                missing.append(version)
            else:
                stop(f"pip download failed: {result.stderr.strip().splitlines()[-1]}", 1)
    return missing


def list_wheels(manifest: Path, platform: str, wheels: Path) -> None:
    """Write the platform and the wheels into a manifest, as Blender wants them."""
    names = ",\n".join(f'  "./wheels/{wheel.name}"' for wheel in sorted(wheels.glob("*.whl")))
    text = manifest.read_text(encoding="utf-8")
    entries = f'\nplatforms = ["{platform}"]\nwheels = [\n{names},\n]\n\n[permissions]'
    manifest.write_text(text.replace("\n[permissions]", entries), encoding="utf-8")


def extension(arguments: argparse.Namespace) -> list[Path]:
    environment("demo")
    out = ROOT / "dist"
    out.mkdir(exist_ok=True)
    pythons = tuple(arguments.python or BLENDER_PYTHONS)
    mark = f"-python{'-'.join(arguments.python)}" if arguments.python else ""
    # The code behind `blender --command extension`, as the bpy wheel carries it.
    tool = next(VENV.rglob("bl_pkg/cli/blender_ext.py"))
    with tempfile.TemporaryDirectory(dir=out) as shared:
        core = core_wheel(Path(shared))
        targets = {platform: out / f"agonist-{platform}{mark}.zip" for platform in arguments.platform or PLATFORMS}
        for platform, target in targets.items():
            package_extension(platform, pythons, core, tool, target)
    return list(targets.values())


def package_extension(platform: str, pythons: tuple[str, ...], core: Path, tool: Path, target: Path) -> None:
    """One platform's zip, built and validated by Blender's own code; one line instead where its wheels do not exist."""
    target.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        package = Path(folder) / "agonist"
        # The demo and its pictures are for `build.py demo`; nothing in the extension imports them.
        leave_out = shutil.ignore_patterns("__pycache__", "__main__.py", "demo.py", "picture.py")
        shutil.copytree(ROOT / "blender_addon", package, ignore=leave_out)
        # What Help opens.
        run([str(PYTHON), str(ROOT / "build_pages.py"), str(package / "docs")], "Making the pages of the documentation")
        wheels = package / "wheels"
        wheels.mkdir()
        shutil.copy(core, wheels)
        missing = download_wheels(platform, pythons, wheels)
        if missing == list(pythons):
            say(f"{target.name}: not built, onnxruntime has no wheel for it")
            return
        list_wheels(package / "blender_manifest.toml", platform, wheels)
        build = [str(PYTHON), str(tool), "build", "--source-dir", str(package), "--output-filepath", str(target)]
        run(build, "Blender's extension builder", stdout=subprocess.DEVNULL)
    run([str(PYTHON), str(tool), "validate", str(target)], "Blender's validator", stdout=subprocess.DEVNULL)
    megabytes = target.stat().st_size / 1e6
    without = f"; without Python {' and '.join(missing)}, for which onnxruntime has no wheel" if missing else ""
    say(f"{target.parent.name}/{target.name}: {megabytes:.0f} MB, valid{without}")
    if megabytes > LARGEST_ZIP_MB:
        stop(f"{target.name} is larger than the {LARGEST_ZIP_MB} MB that it may have.", 1)


def gui(arguments: argparse.Namespace) -> None:
    """The extension's zip in a real Blender window."""
    window(arguments, ROOT / "out" / "gui", "drive.py", "Squat")


def tour(arguments: argparse.Namespace) -> None:
    """The pictures of docs/tour.md, from a real Blender window."""
    out = ROOT / "out" / "tour"
    window(arguments, out, "tour.py", "HighKick")
    for picture in sorted(out.glob("tour_*.png")):
        shutil.copy(picture, ROOT / "docs" / picture.name)
        say(f"docs/{picture.name}: {picture.stat().st_size / 1000:.0f} kB")


def engines(arguments: argparse.Namespace) -> None:
    """Exports as game engines read them; a table of what they find."""
    environment("demo")
    made = ROOT / "out" / "engines"
    made.mkdir(parents=True, exist_ok=True)
    folder = ROOT / "tests" / "game_engines"
    say("exporting")
    run([str(PYTHON), str(folder / "make.py"), str(made)], "exporting", env=inside(), stdout=subprocess.DEVNULL)
    command = [str(PYTHON), str(folder / "run.py"), str(made), str(VENV / "engines")]
    run([*command, *(["--root", arguments.root] if arguments.root else [])], "reading by engines", env=inside())


def window(arguments: argparse.Namespace, out: Path, script: str, exercise: str) -> None:
    """Work a Blender window by a script of tests/gui; what it leaves goes to `out`."""
    environment("demo")
    # pip and Blender call this machine linux-x64; windows with Xvfb exist nowhere else.
    [package] = extension(argparse.Namespace(platform=["linux-x64"], python=arguments.python))
    out.mkdir(parents=True, exist_ok=True)
    motion = out / f"{exercise.lower()}.bvh"
    made = (
        "from agonist.corpus.exercises import perform; from agonist.io import bvh; import numpy, sys; "
        "bvh.write(sys.argv[1], perform(sys.argv[2], 2.0, 1.75, numpy.random.default_rng(4)))"
    )
    run([str(PYTHON), "-c", made, str(motion), exercise], "making a motion")
    command = [sys.executable, str(ROOT / "tests" / "gui" / "run.py"), str(package), str(motion), str(out), "--script", script]
    run([*command, *(["--root", arguments.root] if arguments.root else [])], "the work in the window")


def main() -> None:
    # What pip fetches is installed in the clone; a second copy in the user's cache would stay behind.
    os.environ.setdefault("PIP_NO_CACHE_DIR", "1")
    parser = argparse.ArgumentParser(description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    distribution = "of a Blender that a Linux distribution built for its own Python, such as 3.14; may be given again"
    one = verbs.add_parser("demo", help="the main job on a real motion: heatmap, recommended motion, BVH, FBX")
    one.add_argument("--motion", help="a .bvh, .amc, .npz, .trc, .c3d or .json file; a sample video if neither is given")
    one.add_argument("--video", help="a video of one person, taken by a camera that stands still")
    one.add_argument("--edit", action="append", metavar="MUSCLE=FACTOR", help="such as hamstrings=1.5; may be given again")
    one.add_argument("--frames", metavar="A:B", help="only these frames may change")
    one.add_argument("--start", metavar="S", help="use the recording from this second")
    one.add_argument("--end", metavar="S", help="and up to this one")
    one.add_argument("--height", metavar="M", help="the person's height in metres, for a video")
    one.add_argument("--out", default=str(ROOT / "out" / "demo"))
    verbs.add_parser("test", help="everything is tested").add_argument("rest", nargs="*", help="for pytest")
    five = verbs.add_parser("matrix", help="the add-on's tests in several Blenders, from 4.2 LTS to 5.2 LTS")
    five.add_argument("--bpy", action="append", choices=list(BLENDERS), help="this version only; may be given again")
    five.add_argument("rest", nargs="*", help="for pytest, instead of tests/blender_addon")
    two = verbs.add_parser("extension", help="the installable Blender extension")
    two.add_argument("--platform", action="append", choices=list(PLATFORMS))
    two.add_argument("--python", action="append", metavar="X.Y", help=distribution)
    three = verbs.add_parser("gui", help="the extension in a real Blender window; skipped where there is none")
    three.add_argument("--root", help="a Debian system with a Blender in it, made by tests/gui/make_blender.sh")
    four = verbs.add_parser("tour", help="the pictures of docs/tour.md from a real Blender window")
    four.add_argument("--root", help="as for gui")
    for windowed in (three, four):
        windowed.add_argument("--python", action="append", metavar="X.Y", help=distribution)
    six = verbs.add_parser("engines", help="exports as Godot and three.js read them, those that are here (node, npm; godot)")
    six.add_argument("--root", help="a Debian system with Godot in it")
    verbs.add_parser("bench", help="benchmarks, printed as tables")
    arguments = parser.parse_args()
    check_machine(arguments.verb)
    verbs_by_name = {verb.__name__: verb for verb in (demo, test, matrix, extension, gui, tour, engines, bench)}
    verbs_by_name[arguments.verb](arguments)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        stop("cancelled", 1)
    except OSError as error:
        stop(f"{error.strerror}: {error.filename}", 1)
