"""`agonist live`: a line in, a line out, at once; a bad line is named."""

import io
import json

import numpy as np
import pytest

from agonist.keypoint_layouts import BODY25
from agonist.live import LivePrediction
from agonist.model import load_model
from agonist.predict import standing_keypoints
from tests.clips import exercise

MODEL = "agonist"


@pytest.fixture
def piped(agonist, monkeypatch):
    """Call `agonist live` with lines on standard input."""

    def call(lines, *arguments):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(line + "\n" for line in lines)))
        return agonist("live", "--model", MODEL, *arguments)

    return call


def _lines(count=12):
    clip = standing_keypoints(exercise("Squat", 1.0))
    return clip, [json.dumps({"time": k / 30, "positions": clip.positions[k].tolist()}) for k in range(count)]


def test_a_line_in_is_a_line_out(piped):
    clip, lines = _lines()
    done = piped(lines)
    assert done.code == 0, done.err
    answers = [json.loads(line) for line in done.out.splitlines()]
    live = LivePrediction(load_model(MODEL))
    wanted = [live.push(k / 30, clip.positions[k]) for k in range(12)]
    for k, (answer, one) in enumerate(zip(answers, wanted, strict=True)):
        assert answer["time"] == pytest.approx(k / 30)
        assert list(answer["activation"]) == list(one.muscles.names) == list(answer["std"])
        np.testing.assert_allclose(list(answer["activation"].values()), one.values[0], atol=6e-5)
    assert "12 frames" in done.err


def test_unseen_points_are_null_and_so_is_what_nobody_knows_yet(piped):
    clip, lines = _lines(2)
    frame = clip.positions[0].tolist()
    frame[BODY25.index("wrist_l")] = None
    first = json.dumps({"time": -0.1, "positions": frame, "confidence": [1.0] * 25})
    answers = [json.loads(line) for line in piped([first, "", *lines]).out.splitlines()]
    assert [answer["activation"] is None for answer in answers] == [True, False, False]


def test_another_up_axis_says_the_same(piped):
    clip, lines = _lines(3)
    turned = [json.dumps({"time": k / 30, "positions": clip.positions[k][:, [0, 2, 1]].tolist()}) for k in range(3)]
    for line in turned:
        assert line not in lines
    # x right, y up and z towards: house y is away.
    turned = [json.dumps({"time": k / 30, "positions": (clip.positions[k][:, [0, 2, 1]] * [1, 1, -1]).tolist()}) for k in range(3)]
    assert piped(turned, "--up", "y").out == piped(lines).out


def test_a_file_instead_and_one_object(piped, tmp_path):
    _, lines = _lines(3)
    printed = piped(lines).out
    done = piped(lines, "--out", tmp_path / "live.jsonl", "--json")
    assert json.loads(done.out) == {"frames": 3, "model": MODEL, "out": str(tmp_path / "live.jsonl")}
    assert (tmp_path / "live.jsonl").read_text() == printed
    assert piped(lines, "--quiet").err == ""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 3: JSONDecodeError"),
        ("[]", "line 3: TypeError"),
        ('{"time": 9}', "line 3: KeyError 'positions'"),
        ('{"time": 9, "positions": [[1, 2, 3]]}', r"line 3: Keypoints in layout 'body25' must be (T, 25, 3)"),
        ('{"time": 9, "positions": [[1, 2], [3]]}', "line 3: ValueError"),
        ('{"time": null, "positions": []}', "line 3: "),
    ],
)
def test_a_bad_line_is_named(piped, line, said, tmp_path):
    _, lines = _lines(2)
    done = piped([*lines, line], "--out", tmp_path / "live.jsonl")
    assert done.code == 2 and said in done.err and done.err.count("\n") == 1
    assert not (tmp_path / "live.jsonl").exists()


@pytest.mark.parametrize(("given", "said"), [(["--up", "x"], "z"), (["--layout", "wings"], "body25"), (["--out", "a.csv"], ".jsonl")])
def test_a_wrong_call(piped, given, said):
    done = piped([], *given)
    assert done.code == 2 and said in done.err
