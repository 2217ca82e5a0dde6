"""Video in: a process of its own is run, followed, ended and believed; by small stand-ins for it."""

import stat
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")

from agonist.errors import WorkError
from agonist.io import bvh
from blender_addon import capture_process
from blender_addon.capture_process import capture_command, captured
from blender_addon.ops import video as video_operator
from blender_addon.ops.modal import StepsOperator
from blender_addon.ops.video import AGONIST_OT_capture_video
from tests.blender_addon import rigs

pytestmark = pytest.mark.blender

# What a process does that is told where to write (argv[4]) and where its neighbour is.
_WRITES = "import shutil; shutil.copy({squat!r}, sys.argv[4])"
_TELLS = "[print(f'progress {{k / 4:.3f}} looking for joints', file=sys.stderr, flush=True) for k in range(5)]"
_SLEEPS = (
    "import subprocess; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "open({pids!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
    "print('progress 0.250 looking for joints', file=sys.stderr, flush=True); child.wait()"
)
_FAILS = "print('progress 0.5 x\\nWarning: old\\nagonist: dance.mp4: nobody is in it.', file=sys.stderr); sys.exit(2)"


@pytest.fixture
def stub(tmp_path, squat, monkeypatch):
    """Make a program that stands for `agonist`, named in the preferences."""

    def make(*actions):
        path = tmp_path / "agonist-stand-in"
        lines = "\n".join(actions).format(squat=str(squat), pids=str(tmp_path / "pids"))
        saved = f"open({str(tmp_path / 'arguments')!r}, 'w').write('\\n'.join(sys.argv[1:]))"
        path.write_text(f"#!{sys.executable}\nimport os, sys\n{saved}\n{lines}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(video_operator, "preferences", lambda: SimpleNamespace(capture_command=str(path)))
        return [str(path)]

    return make


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "dance.mp4"
    path.write_bytes(b"a film")
    return path


def _alive(pid):
    try:
        # One that has ended and that nobody has asked about yet is a zombie.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _wait(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_what_the_process_writes_is_imported(stub, film, tmp_path):
    stub(_TELLS, _WRITES)
    assert bpy.ops.agonist.capture_video(filepath=str(film), height=1.8) == {"FINISHED"}
    armature = bpy.context.active_object
    assert armature.name == "dance" and len(rigs.evaluated(armature)) == 61
    assert bpy.ops.agonist.predict() == {"FINISHED"}
    arguments = (tmp_path / "arguments").read_text().split("\n")
    assert arguments[:3] == ["pose", str(film), "--out"] and arguments[3].endswith("dance.bvh")
    # The extension has no permission for the network, and its process takes none.
    assert {"--progress", "--quiet", "--offline"} <= set(arguments) and arguments[arguments.index("--height") + 1] == "1.8"
    assert not Path(arguments[3]).parent.exists()


@pytest.mark.parametrize("suffix", [".mp4", ".MOV", ".avi", ".mkv"])
def test_the_importer_and_dropping_take_videos(stub, film, suffix):
    stub(_WRITES)
    path = film.rename(film.with_suffix(suffix))
    assert bpy.ops.agonist.import_motion("INVOKE_DEFAULT", filepath=str(path)) == {"FINISHED"}
    assert [one.name for one in bpy.data.armatures] == ["dance"]


def test_progress_comes_as_it_is_told(stub, film, tmp_path):
    shares = list(captured(stub(_TELLS, _WRITES), film, tmp_path / "out.bvh"))
    assert shares == sorted(shares) and {0.0, 0.25, 0.5, 0.75, 1.0} == set(shares)
    assert len(bvh.read(tmp_path / "out.bvh").motion) == 61


@pytest.mark.parametrize("operator", ["capture_video", "import_motion"])
def test_the_last_line_of_a_failure_is_shown(stub, film, operator):
    stub(_FAILS)
    with pytest.raises(RuntimeError, match=r"^Error: dance\.mp4: nobody is in it\.$"):
        getattr(bpy.ops.agonist, operator)(filepath=str(film))
    assert not bpy.data.armatures and not bpy.data.actions


@pytest.mark.parametrize(
    ("action", "said"),
    [("sys.exit(3)", "ended with code 3 and said nothing"), ("pass", "code 0"), ("raise ValueError('odd')", "ValueError: odd")],
)
def test_a_process_that_ends_without_a_file_has_failed(stub, film, tmp_path, action, said):
    with pytest.raises(WorkError, match=said):
        list(captured(stub(action), film, tmp_path / "out.bvh"))


def test_what_it_says_arrives_whatever_the_systems_encoding_is(stub, film, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    with pytest.raises(WorkError, match="Kür: nobody is in it"):
        list(captured(stub("print('agonist: Kür: nobody is in it.', file=sys.stderr); sys.exit(2)"), film, tmp_path / "out.bvh"))


def test_a_program_that_cannot_be_started(film, tmp_path):
    with pytest.raises(WorkError, match=r"cannot be started .*pip install '\.\[capture\]'"):
        list(captured([str(tmp_path / "none")], film, tmp_path / "out.bvh"))


class _Video(StepsOperator):
    """The operator as a window would run it, without one."""

    doing = AGONIST_OT_capture_video.doing
    told, stopped, _imported = (getattr(AGONIST_OT_capture_video, name) for name in ("told", "stopped", "_imported"))

    def __init__(self, path):
        self.filepath, self.height, self.said = str(path), 0.0, []

    def report(self, kind, text):
        self.said.append((kind, text))


class _Window:
    """A context with a window, as far as the mix-in asks for one."""

    def __init__(self):
        self.window, self.window_manager, self.workspace, self.scene, self.calls = self, self, self, bpy.context.scene, []

    def __getattr__(self, name):
        return lambda *values, **_: self.calls.append((name, *values)) or "timer"


@pytest.fixture
def window(monkeypatch):
    app = SimpleNamespace(background=False)
    monkeypatch.setattr("blender_addon.ops.modal.bpy", SimpleNamespace(app=app))
    return _Window()


_TIMER, _ESC = SimpleNamespace(type="TIMER"), SimpleNamespace(type="ESC")


@pytest.mark.parametrize("how", ["esc", "another file"])
def test_stopping_ends_the_process_and_what_it_started(stub, film, tmp_path, window, how):
    stub(_SLEEPS)
    work = _Video(film)
    assert work.run_steps(window, None, work._imported()) == {"RUNNING_MODAL"}

    def told():
        assert work.modal(window, _TIMER) == {"RUNNING_MODAL"}
        return ("status_text_set", "Looking for joints: 25%   Esc stops") in window.calls

    assert _wait(told)
    pids = (tmp_path / "pids").read_text().split()
    assert len(pids) == 2 and all(map(_alive, pids))
    if how == "esc":
        assert work.modal(window, _ESC) == {"CANCELLED"}
        assert work.said == [({"WARNING"}, "Stopped; nothing was imported")]
    else:
        work.cancel(window)
    assert _wait(lambda: not any(map(_alive, pids)))
    assert not bpy.data.armatures and not Path((tmp_path / "arguments").read_text().split("\n")[3]).parent.exists()


def test_in_a_window_the_motion_comes_in_when_the_process_is_done(stub, film, window):
    stub(_TELLS, _WRITES)
    work = _Video(film)
    result = work.run_steps(window, None, work._imported())
    while result == {"RUNNING_MODAL"}:
        result = work.modal(window, _TIMER)
    assert result == {"FINISHED"} and [kind for kind, _ in work.said] == [{"INFO"}] and "dance.mp4" in work.said[0][1]
    assert [one.name for one in bpy.data.armatures] == ["dance"]


def test_leaving_the_file_browser_is_no_error():
    StepsOperator.cancel(_Video(Path("none.mp4")), None)


def test_without_a_program_the_button_is_grey_and_says_how_to_get_one(film, monkeypatch):
    monkeypatch.setattr(capture_process, "capture_command", lambda preferred="": None)
    monkeypatch.setattr(video_operator, "capture_command", lambda preferred="": None)
    assert not bpy.ops.agonist.capture_video.poll()
    for operator in ("capture_video", "import_motion"):
        with pytest.raises(RuntimeError, match=r"pip install '\.\[capture\]'.*preferences"):
            getattr(bpy.ops.agonist, operator)(filepath=str(film))
    monkeypatch.setattr(video_operator, "preferences", lambda: SimpleNamespace(capture_command="/opt/none/agonist"))
    with pytest.raises(RuntimeError, match="name a capture program that is not there: /opt/none/agonist"):
        bpy.ops.agonist.capture_video(filepath=str(film))


def test_the_program_is_looked_for_in_the_preferences_beside_python_and_on_the_path(tmp_path, monkeypatch):
    def program(*parts):
        path = tmp_path.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return str(path)

    python = program("own", "bin", "python3.11")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "blender" / "bin" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert capture_command() is None
    on_path = program("path", "agonist")
    assert capture_command() == [on_path]
    beside = program("blender", "bin", "agonist")
    assert capture_command() == [beside]
    assert capture_command(python) == [python, "-m", "agonist.cli.main"]
    assert capture_command("agonist") == [on_path] and capture_command(str(tmp_path / "none")) is None
