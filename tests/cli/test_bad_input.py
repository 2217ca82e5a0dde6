"""What cannot be used: one line that names it and says what would do, exit code 2, nothing written."""

import hashlib
import json
import os
import shutil

import pytest

from agonist.model import models_folder
from agonist.muscles import muscle_set
from tests.cli.bad_files import BAD_MOTIONS

# Commands that take a motion: what comes before it, what comes after, and the suffix of their output.
READERS = {
    "predict": (["predict"], [], ".csv"),
    "edit": (["edit"], ["--scale", "quadriceps=1.5"], ".bvh"),
    "simulate": (["simulate"], [], ".csv"),
    "evaluate": (["evaluate", "edit"], [], ".json"),
    "plot": (["plot"], [], ".png"),
}
_ACTIVATION = "\n".join([f"time_s,{','.join(muscle_set('mia8').names)}", *(f"{0.05 * k:.2f}" + 8 * ",0.1" for k in range(5)), ""])


def _line(done, code=2) -> str:
    """What was said, once it is clear that it was one line on standard error and nothing else."""
    assert done.code == code, done.err
    assert done.out == ""
    assert done.err.startswith("agonist: ") and done.err.endswith("\n") and done.err.count("\n") == 1, done.err
    assert "Traceback" not in done.err and "bug in Agonist" not in done.err
    return done.err


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("name", BAD_MOTIONS)
def test_a_motion_that_cannot_be_used(agonist, tmp_path, command, name):
    if (command, name) == ("plot", "activation.npz"):
        return
    before, after, suffix = READERS[command]
    make, message = BAD_MOTIONS[name]
    path, out = tmp_path / name, tmp_path / f"out{suffix}"
    make(path)
    out.write_text("older work")
    listed = sorted(tmp_path.iterdir())
    line = _line(agonist(*before, path, *after, "--out", out))
    assert name in line
    if not (command == "evaluate" and name.endswith(".npz")):
        # Keypoints are refused there before anybody looks at them closely.
        assert message in line
    assert sorted(tmp_path.iterdir()) == listed and out.read_text() == "older work"


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("out.xyz", "Expected a file ending in"),
        ("out", "without an ending"),
        ("folder{suffix}", "a folder. Expected a file"),
        ("squat.bvh/out{suffix}", "cannot be written"),
        ("/proc/nowhere/out{suffix}", "cannot be written"),
        ("x" * 300 + "{suffix}", "cannot be written"),
    ],
)
def test_an_output_that_cannot_be_written(agonist, clip, tmp_path, command, target, message):
    before, after, suffix = READERS[command]
    path = shutil.copy(clip, tmp_path)
    (tmp_path / f"folder{suffix}").mkdir()
    listed = sorted(tmp_path.rglob("*"))
    out = tmp_path / target.format(suffix=suffix)
    line = _line(agonist(*before, path, *after, "--out", out))
    assert message in line and str(out) in line
    assert sorted(tmp_path.rglob("*")) == listed


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("command", READERS)
def test_a_place_that_is_read_only(agonist, clip, tmp_path, command):
    before, after, suffix = READERS[command]
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "cannot be written" in _line(agonist(*before, clip, *after, "--out", tmp_path / "closed" / f"out{suffix}"))


def test_the_input_is_never_written_over(agonist, clip, tmp_path):
    path = shutil.copy(clip, tmp_path)
    same = tmp_path / "same.bvh"
    same.symlink_to(path)
    content = clip.read_bytes()
    for out in (path, f"{tmp_path}/./squat.bvh", same):
        assert "the output is the input" in _line(agonist("edit", path, "--scale", "quadriceps=1.5", "--out", out))
    assert (tmp_path / "squat.bvh").read_bytes() == content


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scale", "gluteus=2"], "Unknown muscle 'gluteus'. Available: quadriceps"),
        (["--scale", "hamstrings"], "Expected MUSCLE=FACTOR"),
        (["--scale", "=2"], "Expected MUSCLE=FACTOR"),
        (["--scale", "hamstrings=much"], "Expected MUSCLE=FACTOR"),
        (["--scale", "hamstrings=nan"], "Expected MUSCLE=FACTOR"),
        (["--scale", "hamstrings=-0.5"], "a factor of -0.5. Expected 0 to 4"),
        (["--scale", "hamstrings=1000"], "a factor of 1000. Expected 0 to 4"),
        (["--scale", "hamstrings=inf"], "a factor of inf. Expected 0 to 4"),
        (["--scale", "biceps=2", "--scale", "biceps=3"], "given before"),
        (["--scale", "biceps_l=2", "--scale", "biceps_left=0.5"], "biceps_l and biceps_left: biceps_l was given before"),
        (["--scale", "left-biceps=2", "--scale", "biceps=0.5"], "left-biceps and biceps: biceps_l was given before"),
        (["--frames", "5"], "Expected FIRST:LAST"),
        (["--frames", "a:b"], "Expected FIRST:LAST"),
        (["--frames", "²:9"], "Expected FIRST:LAST"),
        (["--frames=-5:9"], "Expected FIRST:LAST"),
        (["--frames", "50:20"], "Expected FIRST below LAST"),
        (["--frames", "20:20"], "Expected FIRST below LAST"),
        (["--frames", "50:500"], "squat.bvh: Frames 50:500 do not lie in the clip. Expected first < last within 0:91"),
        (["--frames", "1" * 5000 + ":9"], "Expected FIRST:LAST"),
        (["--model", "nobody"], "Expected a folder with a model.json, or one of: agonist, agonist-causal, agonist-decoder, mia-paper"),
        (["--model", "mia-paper"], "has no editor"),
        (["--lock", "tail"], "Unknown part of the body 'tail'. Available: root"),
        (["--only", "tail"], "Unknown part of the body 'tail'. Available: root"),
        (["--influence", "1.5"], "The influence is 1.5. Expected 0 to 1"),
        (["--falloff", "nan"], "The falloff is nan s. Expected 0 or more"),
        (["--curves", "nothing.csv"], "nothing.csv: cannot be read"),
        (["--curves", "nothing.bvh"], "Expected activation in a file ending in .csv or .npz"),
        (["--nonsense"], "No such option"),
    ],
)
def test_an_edit_that_cannot_be(agonist, clip, tmp_path, arguments, message):
    # The numbers come last: Click takes the last of two.
    given = [] if "--scale" in arguments else ["--scale", "quadriceps=1.5"]
    assert message in _line(agonist("edit", clip, *given, *arguments, "--out", tmp_path / "e.bvh"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("time_s,quadriceps_l\n0,0.1\n0.1,0.2\n", ["--out", "k.npz"], "a.csv: "),
        ("walk without a table", ["--out", "k.npz"], "a.csv: "),
        (None, ["--out", "k.npz"], "a.csv: cannot be read"),
        (_ACTIVATION, ["--out", "k.bvh"], "Expected a file ending in .npz or .trc"),
        (_ACTIVATION, ["--out", "k.npz", "--model", "agonist"], "has no decoder"),
        (_ACTIVATION, ["--out", "k.npz", "--model", "nobody"], "No model 'nobody'"),
    ],
)
def test_activation_that_cannot_be_decoded(agonist, tmp_path, monkeypatch, content, arguments, message):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "a.csv").write_text(content)
    listed = list(tmp_path.iterdir())
    assert message in _line(agonist("decode", "a.csv", *arguments))
    assert list(tmp_path.iterdir()) == listed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mass", "-3"], "Expected 10 to 400 kg"),
        (["--mass", "0"], "Body mass is 0.0 kg. Expected 10 to 400 kg"),
        (["--cost-exponent", "1"], "Expected 1.5 to 6"),
        (["--cocontraction", "0.5"], "Expected 0 to 0.3"),
        (["--jobs", "0"], "Invalid value for '--jobs'"),
        (["--mass", "nan"], "Expected 10 to 400 kg"),
        (["--mass", "heavy"], "Invalid value for '--mass'"),
        (["--sex", "other"], "Expected male or female"),
        (["--strength", "0"], "Expected 0.1 to 10"),
        (["--fps", "0"], "--fps 0: expected frames a second above 0"),
        (["--fps", "nan"], "--fps nan: expected frames a second above 0"),
        (["--fps", "1e9"], "1000 at most"),
    ],
)
def test_a_simulation_that_cannot_be(agonist, clip, tmp_path, arguments, message):
    assert message in _line(agonist("simulate", clip, *arguments, "--out", tmp_path / "a.csv"))
    assert not list(tmp_path.iterdir())


def test_a_clip_too_short_for_physics_leaves_nothing_behind(agonist, tmp_path):
    pytest.importorskip("mujoco")
    from agonist.io import bvh
    from tests.clips import exercise

    for frames in (1, 2):
        bvh.write(tmp_path / "short.bvh", exercise("Squat", 3.0).slice(0, frames))
        for command in (["simulate"], ["edit", "--physics", "--scale", "quadriceps=1.5"]):
            out = tmp_path / ("a.csv" if command == ["simulate"] else "e.bvh")
            line = _line(agonist(command[0], tmp_path / "short.bvh", *command[1:], "--out", out))
            assert "short.bvh" in line and "at least 4" in line
            assert [path.name for path in tmp_path.iterdir()] == ["short.bvh"]


def _without(folder, part):
    (folder / part).unlink()


def _change(folder, **fields):
    document = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**document, **fields}))


def _rubbish(folder):
    (folder / "encoder.onnx").write_bytes(b"rubbish" * 99)
    document = json.loads((folder / "model.json").read_text())
    document["files"]["encoder"]["sha256"] = hashlib.sha256(b"rubbish" * 99).hexdigest()
    (folder / "model.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: _without(folder, "encoder.onnx"), "encoder.onnx: cannot be read"),
        (lambda folder: _without(folder, "model.json"), "Expected a folder with a model.json"),
        (lambda folder: (folder / "model.json").write_text("{"), "model.json: not JSON"),
        (lambda folder: (folder / "model.json").write_bytes(b"\xff\xfe\x00"), "model.json: not JSON"),
        (lambda folder: (folder / "model.json").write_text("[]"), "model.json"),
        (lambda folder: _change(folder, window=30), ".onnx: input 'keypoints' is ('batch', 64, 25, 3). Expected (batch, 30, 25, 3)"),
        (lambda folder: _change(folder, window="many"), "model.json"),
        (lambda folder: _change(folder, muscles="surface99"), "model.json: Unknown muscle set 'surface99'. Available: mia8"),
        (lambda folder: _change(folder, layout="coco17"), "Expected 'body25'"),
        (lambda folder: (folder / "encoder.onnx").write_bytes(b"rubbish"), "encoder.onnx: sha256"),
        (_rubbish, "encoder.onnx: onnxruntime cannot open it"),
        (lambda folder: shutil.copy(folder / "editor.onnx", folder / "encoder.onnx"), "encoder.onnx: sha256"),
    ],
)
@pytest.mark.parametrize("command", ["predict", "edit", "evaluate"])
def test_a_model_that_does_not_fit_its_contract(agonist, clip, tmp_path, command, harm, message):
    folder = shutil.copytree(models_folder() / "agonist", tmp_path / "mine")
    harm(folder)
    before, after, suffix = READERS[command]
    out = tmp_path / f"out{suffix}"
    line = _line(agonist(*before, clip, *after, "--model", folder, "--out", out))
    assert message in line and str(folder) in line and not out.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.mp4", None, "there is no such file"),
        ("empty.mp4", b"", "the file is empty (0 bytes)"),
        ("words.mp4", b"not a video, only words\n" * 50, "not a video that can be read"),
        ("folder.mp4", "folder", "a folder"),
        ("picture.mp4", b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "Expected a video file"),
    ],
)
def test_a_video_that_is_none(agonist, tmp_path, monkeypatch, name, content, message):
    pytest.importorskip("av")
    # Nothing is fetched for a video that cannot be read.
    monkeypatch.setenv("AGONIST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    path = tmp_path / name
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    line = _line(agonist("pose", path, "--out", tmp_path / "out.bvh"))
    assert name in line and message in line
    assert not (tmp_path / "out.bvh").exists() and not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--height", "180"], "Expected metres, 0.4 to 2.6"),
        (["--height", "nan"], "Expected metres"),
        (["--fov", "0"], "Expected 10 to 150"),
        (["--start", "9"], "Expected 0 <= start < end within its 0.73 s"),
        (["--start", "-1"], "Expected 0 <= start < end"),
        (["--start", "0.5", "--end", "0.2"], "from 0.5 s to 0.2 s"),
        (["--end", "nan"], "Expected 0 <= start < end"),
    ],
)
def test_a_part_of_a_video_that_is_none(agonist, tmp_path, monkeypatch, arguments, message):
    pytest.importorskip("av")
    import numpy as np

    from tests.capture.conftest import write_video

    monkeypatch.setenv("AGONIST_CACHE", str(tmp_path / "cache"))
    video = write_video(tmp_path / "grey.mp4", [np.full((48, 64, 3), 9, np.uint8)] * 8, np.arange(8) / 10)
    line = _line(agonist("pose", video, *arguments, "--out", tmp_path / "out.bvh"))
    assert message in line and sorted(path.name for path in tmp_path.iterdir()) == ["grey.mp4"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "agonist", "--data", "{tmp}/nothing", "--out", "{tmp}/m"], "nothing: no such folder. Expected a folder of"),
        (["train", "agonist", "--data", "{tmp}", "--out", "{tmp}/m"], "no corpus.json in it"),
        (["train", "agonist", "--data", "{tmp}", "--out", "{clip}"], "squat.bvh: a file. Expected a folder"),
        (["train", "agonist", "--data", "{tmp}", "--out", "{tmp}/m", "--minutes", "0"], "--minutes 0: expected minutes above 0"),
        (["train", "agonist", "--data", "{tmp}"], "Missing option '--out'"),
        (["models", "fetch", "all"], "Unknown set of networks 'all'. Available: pose"),
        (["models", "list", "--out", "{tmp}/list.txt"], "Expected a file ending in .json"),
        (["corpus", "build", "--out", "{clip}", "--budget", "tiny"], "squat.bvh"),
        (["corpus", "build", "--out", "{clip}/c", "--budget", "tiny"], "squat.bvh"),
        (["corpus", "card", "{tmp}", "--out", "{tmp}/card"], "corpus.json"),
        (["corpus", "build", "--out", "{tmp}/c", "--budget", "huge"], "Expected tiny, small or full"),
        (["corpus", "build", "--out", "{tmp}/c", "--data", "{tmp}/nothing"], "nothing: no such folder"),
        (["corpus", "build", "--out", "{tmp}/c", "--data", "{tmp}"], "no recording that is known in it. Expected cmu02/02_01.amc"),
        (["evaluate", "body", "--data", "{tmp}/nothing"], "nothing"),
        (["evaluate", "body", "--data", "{tmp}", "--seconds", "1"], "--seconds 1: expected 3 to 3600"),
        (["corpus", "card", "{tmp}/nothing", "--out", "{tmp}/card"], "nothing"),
        (["predict"], "Missing argument 'MOTION'"),
        (["predict", "{clip}"], "Missing option '--out'"),
        (["predict", "{clip}", "more", "--out", "{tmp}/a.csv"], "unexpected extra argument"),
        (["nonsense"], "No such command 'nonsense'"),
    ],
)
def test_a_call_that_is_wrong(agonist, clip, tmp_path, arguments, message):
    line = _line(agonist(*(argument.format(clip=clip, tmp=tmp_path) for argument in arguments)))
    assert message.lower() in line.lower()
    assert not list(tmp_path.iterdir())
