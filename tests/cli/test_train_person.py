"""`agonist train person` as people call it."""

import json

import numpy as np
import pytest

from agonist.io import mot_sto, npz
from tests.training.conftest import swaying


@pytest.fixture
def recording(tmp_path):
    npz.write(tmp_path / "sway.npz", swaying(3, 480))
    times = np.arange(0, 24, 0.02)
    mot_sto.write(tmp_path / "emg.sto", mot_sto.OpenSimTable("emg", times, ("quadriceps_r",), 0.5 + 0.4 * np.sin(times)[:, None]))
    return ["--motion", tmp_path / "sway.npz", "--emg", tmp_path / "emg.sto"]


def test_it_writes_a_model(agonist, recording, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from agonist.training import tune

    monkeypatch.setattr(tune, "TuneSettings", lambda settings=tune.TuneSettings: settings(steps=2, batch=2))
    done = agonist("train", "person", *recording, "--out", tmp_path / "me", "--json")
    assert done.code == 0, done.err
    assert set(json.loads(done.out)["tuned"]) == {"quadriceps_r"} and "Tuned on measured EMG" in done.err
    assert agonist("predict", tmp_path / "sway.npz", "--model", tmp_path / "me", "--out", tmp_path / "a.csv").code == 0


def test_a_sensor_that_says_the_same_all_the_time_has_no_r(agonist, recording, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from agonist.training import tune

    monkeypatch.setattr(tune, "TuneSettings", lambda settings=tune.TuneSettings: settings(steps=2, batch=2))
    mot_sto.write(tmp_path / "emg.sto", mot_sto.OpenSimTable("emg", np.arange(0, 24, 0.02), ("quadriceps_r",), np.full((1200, 1), 0.25)))
    done = agonist("train", "person", *recording, "--out", tmp_path / "me")
    assert done.code == 0 and " – " in done.out + done.err, done.err
    done = agonist("train", "person", *recording, "--out", tmp_path / "me", "--json")
    assert json.loads(done.out)["tuned"]["quadriceps_r"]["after"]["r"] is None and "NaN" not in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["person"], "expected --motion and --emg"),
        (["agonist"], "no --data. Expected a folder of 'agonist corpus build' or 'agonist data mia import'"),
        (["agonist", "--data", "{tmp}"], "no corpus.json in it. Expected a folder of 'agonist corpus build' or 'agonist data mia import'"),
        (["agonist", "--data", "{tmp}", "--motion", "x.npz", "--model", "agonist"], "no use for --motion, --model. Expected --out and"),
        (["person", "--motion", "x.npz", "--data", "{tmp}"], "no use for --data. Expected --out and some of --motion, --emg, --model"),
        (["person", "--device", "cpu", "--no-compile", "--minutes", "5"], "no use for --minutes, --device, --compile"),
        (["person", "--motion", "{tmp}/sway.npz", "--emg", "{tmp}/emg.sto", "--model", "nobody"], "No model 'nobody'"),
        (["person", "--motion", "{tmp}/sway.npz", "--emg", "{tmp}/emg.sto", "--up", "x"], "--up x: expected y, z, -y"),
        (["agonist", "--data", "{tmp}", "--person", "2"], "no use for --person"),
    ],
)
def test_a_call_that_is_wrong(agonist, recording, tmp_path, arguments, message):
    done = agonist("train", *(one.format(tmp=tmp_path) for one in arguments), "--out", tmp_path / "me")
    assert done.code == 2 and message in done.err and not (tmp_path / "me").exists()
