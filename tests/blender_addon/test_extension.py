"""The zip that a user installs: made, validated and run by Blender's own code, without anything of this environment."""

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest

bpy = pytest.importorskip("bpy")

pytestmark = [pytest.mark.blender, pytest.mark.network]

REPOSITORY = Path(__file__).resolve().parents[2]

# What every Blender has in its own Python, and 5.2 needs for its extensions.
BROUGHT = ("bpy", "numpy", "requests", "urllib3", "certifi", "idna", "charset_normalizer", "cattrs", "attr", "attrs", "typing_extensions")
# What a user does, in a Blender that has these and nothing else of ours.
SESSION = """
import importlib, json, sys
packages, package, motion = sys.argv[1:]
sys.path.append(packages)
import bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.preferences.addon_enable(module="bl_pkg")
bpy.ops.extensions.package_install_files(filepath=package, repo="user_default", enable_on_install=True)
bpy.ops.agonist.import_motion(filepath=motion)
bpy.ops.agonist.add_muscles()
bpy.ops.agonist.predict()
rig = bpy.context.active_object
rig.agonist.sliders["quadriceps_l"].scale = 1.5
import agonist.io, onnxruntime
for name in (*(f"agonist.io.{one}" for one in agonist.io.FORMATS), "agonist.capture.fit"):
    importlib.import_module(name)
module = next(addon.module for addon in bpy.context.preferences.addons if addon.module.endswith(".agonist"))
import webbrowser
opened = []
webbrowser.open = lambda uri: opened.append(uri) or True
bpy.ops.agonist.open_guide(guide="tour")
found = {
    "guide": opened[0],
    "homes": [agonist.__file__, onnxruntime.__file__, sys.modules[module].__file__],
    "reached": rig.agonist.sliders["quadriceps_l"].reached,
    "message": rig.agonist.message,
}
bpy.ops.preferences.addon_disable(module=module)
found["left"] = [name for name in ("predict", "edit") if name in dir(bpy.ops.agonist)] + [hasattr(rig, "agonist")]
print("RESULT" + json.dumps(found), flush=True)
# The bpy module prints leaks of its own at exit.
import os
os._exit(0)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """This machine's zip, made by build.py's own functions."""
    if sys.platform != "linux":
        pytest.skip("made and run on Linux")
    spec = importlib.util.spec_from_file_location("agonist_build", REPOSITORY / "build.py")
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    build.PYTHON = Path(sys.executable)
    folder = tmp_path_factory.mktemp("extension")
    tool = next(Path(bpy.utils.system_resource("SCRIPTS")).rglob("bl_pkg/cli/blender_ext.py"))
    # One Python is enough here, and half the download.
    pythons = (f"{sys.version_info.major}.{sys.version_info.minor}",)
    target = folder / "agonist-linux-x64.zip"
    build.package_extension("linux-x64", pythons, build.core_wheel(folder), tool, target)
    return target


def test_the_zip_holds_the_add_on_its_model_and_nothing_of_the_demo(package):
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        wheel = next(name for name in names if name.startswith("wheels/agonist-"))
        archive.extract(wheel, package.parent)
    assert {"blender_manifest.toml", "__init__.py", "verbs/__init__.py"} <= set(names)
    assert not {"demo.py", "picture.py", "__main__.py"} & set(names)
    assert {f"docs/{page.stem}.html" for page in (REPOSITORY / "docs").glob("*.md")} | {"docs/tour_3_slider.png"} <= set(names)
    assert any("models/agonist/model.json" in name for name in zipfile.ZipFile(package.parent / wheel).namelist())


def test_the_installed_zip_registers_works_and_goes_again(package, squat, tmp_path):
    # site-packages/bpy/4.5/scripts
    site, packages = Path(bpy.utils.system_resource("SCRIPTS")).parents[2], tmp_path / "packages"
    packages.mkdir()
    # bpy and what Blender brings alone: the core must come out of the zip, not out of this environment.
    for path in site.iterdir():
        if path.name.split(".")[0] in BROUGHT:
            (packages / path.name).symlink_to(path)
    script = tmp_path / "session.py"
    script.write_text(SESSION)
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path / "user")}
    command = [sys.executable, "-S", "-I", str(script), str(packages), str(package), str(squat)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    line = next((line for line in done.stdout.splitlines() if line.startswith("RESULT")), None)
    assert line, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(line.removeprefix("RESULT"))
    assert all(home.startswith(str(tmp_path / "user")) for home in found["homes"])
    assert found["reached"] > 1.1 and found["message"] == ""
    page = Path(url2pathname(urlparse(found["guide"]).path))
    assert "<h1" in page.read_text(encoding="utf-8") and (page.parent / "tour_3_slider.png").is_file()
    assert found["left"] == [False]
