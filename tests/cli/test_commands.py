"""Every command as people call it: one JSON object, quiet when asked, help that shows how, exit codes, nothing half-written."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from typer.main import get_command

from agonist import io
from agonist.capture import pose_weights
from agonist.cli.main import app
from agonist.io import bvh, csv_activation, npz
from agonist.io.atomic import atomic_path
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints
from tests.capture.conftest import cache, jumping_jacks, weights  # noqa: F401
from tests.training.conftest import corpus  # noqa: F401


@pytest.fixture
def ways(agonist, capsys):
    """Call a command as it is, with --json and with --quiet (only these where it is slow); return the JSON object."""

    def call(*arguments, slow=False):
        if not slow:
            plain = agonist(*arguments)
            assert plain.code == 0, plain.err
            assert plain.out and not plain.err
        machine = agonist(*arguments, "--json")
        assert machine.code == 0, machine.err
        document = json.loads(machine.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert isinstance(document, dict) and machine.out.count("\n") == 1
        # What a person would have read went the other way.
        assert machine.err
        assert "\r" not in machine.err, "a progress bar without a terminal"
        silent = agonist(*arguments, "--quiet")
        assert (silent.code, silent.out, silent.err) == (0, "", "")
        if not slow:
            both = agonist(*arguments, "--quiet", "--json")
            assert json.loads(both.out).keys() == document.keys() and both.err == ""
        return document

    return call


def test_predict(ways, clip, tmp_path):
    document = ways("predict", clip, "--out", tmp_path / "a.csv")
    activation = csv_activation.read(tmp_path / "a.csv")
    assert document["frames"] == len(activation) == 91 and document["out"] == str(tmp_path / "a.csv")
    assert document["peak"]["quadriceps_l"] == pytest.approx(activation.column("quadriceps_l").max(), abs=1e-5)
    ways("predict", clip, "--out", tmp_path / "a.npz")
    assert len(npz.read_activation(tmp_path / "a.npz")) == 91


def test_names_that_a_pipe_has_no_characters_for_are_escaped(clip, tmp_path):
    """As on Windows, where a pipe has the code page's characters only."""
    named = tmp_path / "スクワット.bvh"
    named.write_bytes(clip.read_bytes())
    call = [sys.executable, "-m", "agonist.cli.main", "predict", str(named), "--out", str(named.with_suffix(".csv"))]
    done = subprocess.run(call, env=os.environ | {"PYTHONIOENCODING": "cp1252"}, capture_output=True, check=False)
    assert done.returncode == 0 and "\\u30b9" in done.stdout.decode("cp1252"), done.stderr
    assert len(csv_activation.read(named.with_suffix(".csv"))) == 91


def test_edit_keeps_the_files_skeleton_channels_and_rate(ways, clip, tmp_path):
    result = ways("edit", clip, "--scale", "quadriceps=1.5", "--frames", "20:70", "--out", tmp_path / "e.bvh")
    assert result["muscles"]["quadriceps_l"]["asked"] == 1.5 and result["muscles"]["quadriceps_l"]["reached"] > 1
    before, after = bvh.read(clip), bvh.read(tmp_path / "e.bvh")
    assert after.layout == before.layout and len(after.motion) == len(before.motion) and after.motion.fps == before.motion.fps


def test_edit_of_one_part_only(ways, clip, tmp_path):
    ways("edit", clip, "--scale", "biceps=1.5", "--only", "arms", "--influence", "0.8", "--falloff", "0.2", "--out", tmp_path / "e.bvh")
    before, after = bvh.read(clip).motion, bvh.read(tmp_path / "e.bvh").motion
    moved = np.abs(after.rotations_parent_from_joint - before.rotations_parent_from_joint).max(axis=(0, 2)) > 1e-4
    names = {before.skeleton.names[joint] for joint in np.flatnonzero(moved)}
    assert names and all(name.startswith(("shoulder", "elbow")) for name in names)


def test_edit_by_a_changed_activation_file(agonist, clip, tmp_path):
    table = tmp_path / "a.csv"
    assert agonist("predict", clip, "--out", table).code == 0
    activation = csv_activation.read(table)
    csv_activation.write(table, replace(activation, values=np.clip(activation.values * [1.5, *[1.0] * 7], 0, 1)))
    edited = agonist("edit", clip, "--curves", table, "--out", tmp_path / "e.bvh", "--json")
    muscles = json.loads(edited.out)["muscles"]
    assert muscles["quadriceps_l"]["asked"] == pytest.approx(1.5, abs=0.1) and muscles["quadriceps_l"]["reached"] > 1.1
    assert {one["asked"] for name, one in muscles.items() if name != "quadriceps_l"} == {1.0}
    twice = agonist("edit", clip, "--curves", table, "--scale", "quadriceps=2", "--out", tmp_path / "f.bvh")
    assert twice.code == 2 and "quadriceps_l" in twice.err and not (tmp_path / "f.bvh").exists()


def test_an_edit_that_asks_nothing_gives_the_file_back(agonist, clip, tmp_path):
    assert agonist("edit", clip, "--out", tmp_path / "e.bvh").code == 0
    assert (tmp_path / "e.bvh").read_text().split() == clip.read_text().split()


def test_edit_of_keypoints_writes_a_skeleton(agonist, clip, tmp_path):
    from agonist.humanoid import body25_from_motion

    npz.write(tmp_path / "k.npz", body25_from_motion(bvh.read(clip).motion))
    assert agonist("edit", tmp_path / "k.npz", "--scale", "biceps=2", "--out", tmp_path / "e.npz").code == 0
    assert len(io.read(tmp_path / "e.npz")) == 91


def _openpose(folder, people: int = 2):
    """OpenPose's frames: strangers who lie, then somebody who squats, Y up."""
    from agonist.humanoid import body25_from_motion
    from tests.clips import exercise

    folder.mkdir()
    squat = body25_from_motion(exercise("Squat", 1.0)).positions
    for frame, points in enumerate(np.stack([squat[..., 0], squat[..., 2], -squat[..., 1]], axis=-1)):
        numbers = [[*np.column_stack([one, np.ones(25)]).ravel()] for one in (*[points[:, [1, 0, 2]]] * (people - 1), points)]
        text = json.dumps({"people": [{"pose_keypoints_3d": one} for one in numbers]})
        (folder / f"x_{frame:012d}_keypoints.json").write_text(text)
    return squat


def test_what_a_motion_file_does_not_say_is_told(agonist, tmp_path):
    squat = _openpose(tmp_path / "frames")
    npz.write(tmp_path / "k.npz", Keypoints(squat, BODY25, 60.0))
    told = ("--motion-fps", "60", "--up", "y", "--person", "2")
    assert agonist("predict", tmp_path / "k.npz", "--out", tmp_path / "a.csv").code == 0
    assert agonist("predict", tmp_path / "frames", *told, "--out", tmp_path / "b.csv").code == 0
    expected, found = (csv_activation.read(tmp_path / f"{name}.csv") for name in "ab")
    assert found.fps == 60
    np.testing.assert_allclose(found.values, expected.values, atol=1e-5)
    assert agonist("edit", tmp_path / "frames", *told, "--scale", "quadriceps=1.5", "--out", tmp_path / "e.npz").code == 0
    assert io.read(tmp_path / "e.npz").fps == 60
    # A camera's axes begin with a minus, as an option does.
    assert agonist("predict", tmp_path / "frames", "--up", "-y", "--person", "2", "--out", tmp_path / "c.csv").code == 0
    assert csv_activation.read(tmp_path / "c.csv").fps == 30


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--up", "x", "--up x: expected y, z, -y"),
        ("--person", "0", "--person 0: expected 1"),
        ("--motion-fps", "0", "--motion-fps 0: expected"),
    ],
)
@pytest.mark.parametrize("verb", [("predict",), ("edit", "--scale", "biceps=2"), ("simulate",), ("plot",)])
def test_what_cannot_be_told_of_a_motion_is_refused(agonist, clip, tmp_path, verb, option, value, message):
    out = tmp_path / {"edit": "e.bvh", "plot": "p.png"}.get(verb[0], "a.csv")
    done = agonist(*verb, clip, option, value, "--out", out)
    assert done.code == 2 and message in done.err and not out.exists()


def test_plot_of_a_csv_goes_by_what_is_in_it(agonist, clip, tmp_path):
    pytest.importorskip("matplotlib")
    from agonist.humanoid import body25_from_motion

    body = body25_from_motion(bvh.read(clip).motion)
    names = {"l": "left", "r": "right"}
    points = [name for name in BODY25.names if name[-2:] in ("_l", "_r") and "toe" not in name]
    header = [f"body_{names[name[-1]]}_{name[:-2]}_{axis}" for name in points for axis in "xyz"]
    rows = 1000 * body.positions[:, [BODY25.index(name) for name in points]].reshape(len(body), -1)
    free = tmp_path / "mediapipe_body_3d_xyz.csv"
    free.write_text("\n".join([",".join(header), *(",".join(map(str, row)) for row in rows)]) + "\n")
    done = agonist("plot", free, "--motion-fps", "25", "--out", tmp_path / "motion.png", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["frames"] == 91 and json.loads(done.out)["reference"].startswith("predicted by")
    assert agonist("predict", clip, "--out", tmp_path / "a.csv").code == 0
    # With its comments, and without.
    table = [line for line in (tmp_path / "a.csv").read_text().splitlines() if not line.startswith("#")]
    (tmp_path / "bare.csv").write_text("\n".join(table))
    for one in ("a.csv", "bare.csv"):
        done = agonist("plot", tmp_path / one, "--out", tmp_path / "activation.png", "--json")
        assert done.code == 0 and json.loads(done.out)["frames"] == 91, done.err
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    assert "odd.csv: columns a, b" in agonist("plot", tmp_path / "odd.csv", "--out", tmp_path / "x.png").err


def test_decode(ways, agonist, clip, tmp_path):
    assert agonist("predict", clip, "--out", tmp_path / "a.csv").code == 0
    document = ways("decode", tmp_path / "a.csv", "--out", tmp_path / "k.npz")
    body = npz.read(tmp_path / "k.npz")
    assert document["frames"] == len(body) == 91 and document["fps"] == body.fps and document["layout"] == body.layout.name == "body25"
    assert "no place in the room" in document["place"] and document["place"] == body.provenance["place"]
    ways("decode", tmp_path / "a.csv", "--out", tmp_path / "k.trc", "--model", "mia-paper")
    likeliest = ways("decode", tmp_path / "a.csv", "--out", tmp_path / "l.npz", "--likeliest", 1)
    assert document["answer"] == "mean" and likeliest["answer"].startswith("motion 1 of 8")
    assert len(io.read(tmp_path / "k.trc")) == 91
    # What comes out is a motion as any other.
    assert agonist("predict", tmp_path / "k.npz", "--out", tmp_path / "again.csv").code == 0
    assert agonist("edit", tmp_path / "k.npz", "--scale", "quadriceps=1.2", "--out", tmp_path / "e.bvh").code == 0


def test_plot(ways, clip, tmp_path):
    pytest.importorskip("matplotlib")
    document = ways("plot", clip, "--out", tmp_path / "curves.png")
    assert document["frames"] == 91 and (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_simulate(ways, agonist, tmp_path):
    pytest.importorskip("mujoco")
    from tests.clips import exercise

    short = tmp_path / "short.bvh"
    bvh.write(short, exercise("Squat", 0.5))
    document = ways("simulate", short, "--fps", "10", "--out", tmp_path / "s.csv", slow=True)
    assert csv_activation.read(tmp_path / "s.csv").reference == "simulated" and 0 < document["mean"]["quadriceps_l"] < 1
    # What was kept on the way is gone.
    assert not list(tmp_path.glob("*.part"))
    strange = agonist("simulate", short, "--fps", "10", "--cost-exponent", "3", "--cocontraction", "0.1", "--out", tmp_path / "strange.csv")
    assert strange.code == 0 and csv_activation.read(tmp_path / "strange.csv").values.min() >= 0.1 - 1e-6
    judged = ways("edit", short, "--scale", "quadriceps=1.5", "--physics", "--out", tmp_path / "e.bvh", slow=True)
    assert judged["physics"].keys() == judged["muscles"].keys()


def test_evaluate_edit(ways, tmp_path):
    from tests.clips import exercise

    bvh.write(tmp_path / "short.bvh", exercise("Squat", 0.5))
    document = ways("evaluate", "edit", tmp_path / "short.bvh", "--out", tmp_path / "report.json", slow=True)
    assert json.loads((tmp_path / "report.json").read_text()) == document
    assert document["clips"] == 1 and len(document["muscles"]) == 8


def test_evaluate_body(ways, data_dir, tmp_path):
    pytest.importorskip("mujoco")
    document = ways("evaluate", "body", "--data", data_dir, "--seconds", "3", "--out", tmp_path / "body.json", slow=True)
    assert json.loads((tmp_path / "body.json").read_text()).keys() == document.keys() != set()


def test_corpus_build_and_its_card(ways, tmp_path):
    pytest.importorskip("mujoco")
    document = ways("corpus", "build", "--budget", "tiny", "--out", tmp_path / "corpus", slow=True)
    assert document["takes"] == len(list((tmp_path / "corpus" / "takes").glob("*.npz"))) > 3
    described = ways("corpus", "card", tmp_path / "corpus", "--out", tmp_path / "card", slow=True)
    assert described["takes"] == document["takes"] and (tmp_path / "card" / "CARD.md").is_file()


def test_train(agonist, corpus, clip, tmp_path):  # noqa: F811
    pytest.importorskip("torch")
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(
        'name = "tiny"\nconfig = "mia-paper"\nparts = ["encoder"]\nseed = 5\n'
        "[encoder]\nsteps = 2\nminutes = 5.0\nbatch = 2\nlearning_rate = 1e-3\n"
    )
    machine = agonist("train", recipe, "--data", corpus, "--out", tmp_path / "model", "--json")
    assert json.loads(machine.out)["metrics"]["encoder"]["data"].startswith("simulated") and machine.err
    # A finished model is not trained over.
    again = agonist("train", recipe, "--data", corpus, "--out", tmp_path / "model")
    assert again.code == 2 and "holds a finished model" in again.err
    assert agonist("train", recipe, "--data", corpus, "--out", tmp_path / "silent", "--quiet").err == ""
    done = agonist("predict", clip, "--model", tmp_path / "model", "--out", tmp_path / "a.csv")
    assert done.code == 0 and "predicted by tiny" in done.out


@pytest.mark.network
def test_pose(ways, weights, cache, jumping_jacks, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("AGONIST_CACHE", str(cache))
    document = ways("pose", jumping_jacks, "--end", "0.2", "--height", "1.8", "--out", tmp_path / "p.bvh", slow=True)
    assert document["frames"] == len(bvh.read(tmp_path / "p.bvh").motion) == 7
    fetched = ways("models", "fetch", "pose", "--out", tmp_path / "fetched.json")
    assert fetched == json.loads((tmp_path / "fetched.json").read_text()) and fetched["licence"].startswith("Apache-2.0")


def test_models_list(ways, tmp_path):
    document = ways("models", "list", "--out", tmp_path / "models.json")
    assert [model["name"] for model in document["models"]] == ["agonist", "agonist-causal", "agonist-decoder", "mia-paper"]
    assert json.loads((tmp_path / "models.json").read_text()) == document


def test_doctor(ways, tmp_path, monkeypatch):
    monkeypatch.setenv("AGONIST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(pose_weights, "find", lambda: None)
    document = ways("doctor", "--out", tmp_path / "doctor.json")
    parts = {one["part"]: one for one in document["findings"]}
    assert document["ok"] and parts["model agonist"]["state"] == parts["core"]["state"] == "ok"
    assert parts["pose networks"]["state"] == "missing" and "agonist models fetch pose" in parts["pose networks"]["advice"]
    assert str(tmp_path / "cache") in parts["cache"]["found"] and "GB free" in parts["cache"]["found"]
    assert not (tmp_path / "cache").exists()


def test_the_doctor_finds_what_is_broken_or_missing(agonist, tmp_path, monkeypatch):
    import shutil

    from agonist import model
    from agonist.cli import doctor

    shutil.copytree(model.models_folder() / "agonist", tmp_path / "models" / "agonist")
    (tmp_path / "models" / "agonist" / "editor.onnx").write_bytes(b"damage")
    monkeypatch.setattr(model, "models_folder", lambda: tmp_path / "models")
    known = ["numpy>=1.26", "onnxruntime<1; extra == 'physics'", "no-such-package>=2; extra == 'capture'"]
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: known)
    done = agonist("doctor", "--json")
    assert done.code == 1
    document = json.loads(done.out)
    parts = {one["part"]: one for one in document["findings"]}
    assert not document["ok"]
    assert parts["model agonist"]["state"] == "broken" and "editor.onnx: sha256" in parts["model agonist"]["found"]
    assert parts["core"]["state"] == "ok" and parts["physics"]["state"] == parts["capture"]["state"] == "missing"
    assert "onnxruntime<1 (found 1." in parts["physics"]["found"] and "pip install '.[physics]'" in parts["physics"]["advice"]
    assert "lacks no-such-package>=2" in parts["capture"]["found"]


def _verbs():
    """Every command with the words that call it."""

    def walk(command, words):
        inner = getattr(command, "commands", None)
        yield words, command
        for name, one in (inner or {}).items():
            yield from walk(one, [*words, name])

    return dict((" ".join(words), command) for words, command in walk(get_command(app), []))


def test_no_command_is_forgotten_here():
    leaves = {words for words, command in _verbs().items() if not getattr(command, "commands", None)}
    assert leaves == {
        "pose", "predict", "live", "edit", "decode", "plot", "simulate", "train", "doctor", "corpus build", "corpus card", "corpus edited",
        "evaluate edit", "evaluate body", "evaluate mia", "evaluate emg", "models list", "models fetch", "models surrogate",
        "data mia inspect", "data mia import",
    }  # fmt: skip


@pytest.mark.parametrize("words", _verbs())
def test_help_says_what_for_and_shows_how(agonist, words):
    done = agonist(*words.split(), "--help")
    assert done.code == 0 and done.err == ""
    assert done.out.startswith(f"Usage: {' '.join(['agonist', *words.split()])} ")
    command = _verbs()[words]
    if not words.startswith("corpus "):
        assert f"\n    agonist {words}".rstrip() in done.out, "no example"
    if not getattr(command, "commands", None):
        options = {option for parameter in command.params for option in parameter.opts}
        assert {"--json", "--quiet", "--out"} <= options
        undescribed = [parameter.name for parameter in command.params if not getattr(parameter, "help", "")]
        assert undescribed in ([], ["seed"]), undescribed
    assert "\n\n\n" not in done.out and not any(len(line) > 120 for line in done.out.splitlines())


def test_the_version(agonist):
    from agonist import __version__

    assert agonist("--version").out == f"agonist {__version__}\n"


def test_a_bar_is_drawn_on_a_terminal_only(monkeypatch, capsys):
    from agonist.cli.console import Console

    Console().progress(0.5, "half")
    Console(quiet=True).progress(0.5)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    Console(quiet=True).progress(0.5)
    assert capsys.readouterr().err == ""
    Console().progress(0.5, "half")
    assert "[###############...............]  50 %" in capsys.readouterr().err


def test_numbers_that_json_has_not_become_null(capsys, tmp_path):
    from agonist.cli.console import Console

    Console(json=True).result({"a": float("nan"), "b": [float("inf"), 1.5]}, tmp_path / "r.json")
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "r.json").read_text()) == {"a": None, "b": [None, 1.5]}


def test_work_that_fails_half_way_leaves_the_older_file(agonist, clip, tmp_path, monkeypatch):
    out = tmp_path / "a.csv"
    out.write_text("older work")

    def full(path, activation):
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(csv_activation, "write", full)
    done = agonist("predict", clip, "--out", out)
    assert (done.code, done.err.count("\n")) == (1, 1) and "a.csv: No space left on device" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"] and out.read_text() == "older work"


@pytest.mark.parametrize(("error", "message"), [(KeyboardInterrupt(), "cancelled"), (MemoryError(), "not enough memory"),
                                                (RuntimeError("odd\nthing"), "RuntimeError: odd thing. This is a bug")])  # fmt: skip
def test_what_nobody_expected_is_one_line_and_exit_code_1(agonist, clip, tmp_path, monkeypatch, error, message):
    def fail(*_):
        raise error

    monkeypatch.setattr(csv_activation, "write", fail)
    done = agonist("predict", clip, "--out", tmp_path / "a.csv")
    assert done.code == 1 and message in done.err and done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_where_an_error_came_from_is_shown_on_demand(monkeypatch):
    from agonist.cli.main import main
    from agonist.errors import FileFormatError

    monkeypatch.setenv("AGONIST_DEBUG", "1")
    with pytest.raises(FileFormatError):
        main(["predict", "missing.bvh", "--out", "a.csv"])


def test_a_reader_that_goes_away_is_no_error():
    script = "import sys; sys.argv[1:] = ['--help']; from agonist.cli.main import main; main()"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(20) in (0, 1)


def test_as_a_process_of_its_own(clip, tmp_path):
    command = [sys.executable, "-m", "agonist.cli.main", "predict"]
    done = subprocess.run([*command, str(clip), "--out", str(tmp_path / "a.csv"), "--json"], capture_output=True, text=True)
    assert done.returncode == 0 and json.loads(done.stdout)["frames"] == 91
    done = subprocess.run([*command, "missing.bvh", "--out", str(tmp_path / "b.csv")], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "agonist: missing.bvh: no such file. Expected a motion file.\n"
