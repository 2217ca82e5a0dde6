"""Real EMG: cut before filtered, nothing of a left-out person is seen, and the tables say what was measured."""

from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

from agonist.errors import FileFormatError, UnknownNameError
from agonist.evaluation import emg
from agonist.evaluation.emg import evaluate_emg
from agonist.evaluation.emg_report import emg_markdown, emg_report
from agonist.evaluation.emg_trials import read_treadmill, read_uci
from agonist.evaluation.scores import ANGLE_TO_EMG, DIRECTIONS, Score
from agonist.model import load_model
from agonist.training import emg as training
from agonist.training.emg import EmgSchedule

pytestmark = pytest.mark.training

SHORT = EmgSchedule(steps=4, batch=2, calibration_steps=2)


def write_recordings(folder, change=None):
    """Three people at two tasks with noise for EMG whose loudness follows the knee, and a treadmill. 1000 Hz as UCI's."""
    (folder / "uci_lower_limb").mkdir(parents=True)
    tables = {}
    for k, name in enumerate(["1N_gait", "2N_gait", "3A_gait", "1N_sitting", "2N_sitting", "3A_sitting"]):
        rng, times = np.random.default_rng(k), np.arange(6000) / 1000
        phase = 2 * np.pi * (0.7 + 0.1 * k) * times
        loud = np.stack([np.clip(np.sin(phase + shift), 0.05, None) for shift in (0, 1, 2, 3)], axis=1)
        table = np.concatenate([300 * loud * rng.normal(size=loud.shape), 300 + 250 * np.sin(phase)[:, None]], axis=1)
        tables[name] = table.astype(np.int16)
    if change:
        change(tables)
    np.savez(folder / "uci_lower_limb" / "uci_lower_limb_1000Hz_i16.npz", **tables)
    for name, hz in (("walk36", 0.9), ("run81", 1.3)):
        place = folder / "ceinmsrt_gait" / name
        place.mkdir(parents=True)
        times = np.arange(0, 12, 0.01)
        wave = np.sin(2 * np.pi * hz * times)
        for file, columns, values in (
            ("ik.sto", ["hip_flexion_r", "knee_angle_r", "ankle_angle_r"], np.stack([20 * wave, 30 * wave, 10 * wave], axis=1)),
            ("emgFilt.sto", ["soleus_r", "tib_ant_r"], np.stack([np.clip(wave, 0, None), np.clip(-wave, 0, None)], axis=1)),
        ):
            rows = "\n".join("\t".join(f"{v:.6f}" for v in (t, *row)) for t, row in zip(times, values, strict=True))
            (place / file).write_text("x\ninDegrees=yes\nendheader\n" + "\t".join(["time", *columns]) + "\n" + rows + "\n")
    return folder


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    folder = write_recordings(tmp_path_factory.mktemp("recordings"))
    return evaluate_emg(folder, seeds=2, schedule=SHORT, protocols=("within", "person-out", "treadmill"))


def test_the_first_part_does_not_hang_on_the_last(tmp_path):
    def louder_end(tables):
        for table in tables.values():
            table[4200:] = 3 * table[4200:]

    plain, changed = read_uci(write_recordings(tmp_path / "a")), read_uci(write_recordings(tmp_path / "b", louder_end))
    for one, other in zip(plain, changed, strict=True):
        np.testing.assert_array_equal(one.first.emg, other.first.emg)
        np.testing.assert_array_equal(one.first.angles, other.first.angles)
        assert np.abs(other.last.emg).mean() > 2 * np.abs(one.last.emg).mean()
        np.testing.assert_allclose(np.percentile(one.first.emg, 95, axis=0), 1.0)


def test_every_protocol_and_direction_is_scored(scores):
    seen = {(one.protocol, one.direction, one.method) for one in scores}
    methods = {"mean of train", "nearest neighbour", "ridge on lags", "agonist"}
    for direction in DIRECTIONS:
        for protocol in ("within", "walking, then running", "running, then walking"):
            assert {method for p, d, method in seen if (p, d) == (protocol, direction)} == methods
        out = {method for p, d, method in seen if (p, d) == ("person out", direction)}
        assert out == methods | {"agonist, calibrated", "agonist, fine-tuned"}
    ours = [one for one in scores if (one.protocol, one.direction, one.method) == ("within", ANGLE_TO_EMG, "agonist")]
    assert len(ours) == 2 * 6 and {one.seed for one in ours} == {0, 1}


def test_finished_parts_are_not_done_again(tmp_path, monkeypatch):
    folder = write_recordings(tmp_path / "recordings")

    def run():
        return evaluate_emg(folder, seeds=1, schedule=SHORT, protocols=("treadmill",), work=tmp_path / "parts")

    monkeypatch.setattr(emg, "source_commit", lambda: "aaaa")
    first = run()
    # What was kept is of the commit that made it.
    assert {one.commit for one in first} == {"aaaa"}
    monkeypatch.setattr(emg, "source_commit", lambda: "bbbb")
    monkeypatch.setattr(emg, "_treadmill", lambda *_: pytest.fail("done again"))
    second = run()
    assert [repr(one) for one in second] == [repr(one) for one in first]
    with pytest.raises(UnknownNameError, match="within, person-out, treadmill, tuned"):
        evaluate_emg(folder, protocols=("without",))
    # Unless the code that they hang on has changed.
    made = []
    monkeypatch.setattr(emg, "_treadmill", lambda *_: made.append("again") or [])
    monkeypatch.setattr(emg, "code_digest", lambda files: "another" if "training/emg.py" in files else "")
    assert run() == [] and made == ["again", "again"]


def test_tuning_is_done_again_where_it_would_begin_from_another_encoder_or_by_other_code(tmp_path, monkeypatch):
    folder, made, model = write_recordings(tmp_path / "recordings"), [], load_model()
    monkeypatch.setattr(emg, "_tuned", lambda *_: made.append("again") or [])

    def run():
        evaluate_emg(folder, seeds=1, schedule=SHORT, protocols=("tuned", "treadmill"), work=tmp_path / "parts")
        return len(made)

    assert (run(), run()) == (1, 1)
    other = replace(model.contract, files={**model.contract.files, "encoder": ("encoder.onnx", "0" * 64)})
    monkeypatch.setattr(emg, "load_model", lambda: SimpleNamespace(contract=other))
    monkeypatch.setattr(emg, "_treadmill", lambda *_: pytest.fail("done again"))
    assert (run(), run()) == (2, 2)
    changed = ("networks/motion_muscle.py", "training/weights.py", "predict.py", "io/mot_sto.py", "training/loop.py")
    for count, file in enumerate(changed, 3):
        if file == "training/loop.py":
            # By which the other protocol's networks are trained too.
            monkeypatch.setattr(emg, "_treadmill", lambda *_: [])
        digest = emg.code_digest
        monkeypatch.setattr(emg, "code_digest", lambda files, file=file, digest=digest: digest(files) + file * (file in files))
        assert run() == count, file


def test_baselines_find_what_is_there(scores):
    (ridge,) = {one.r for one in scores if one.method == "ridge on lags" and one.trial == "1N_gait" and one.protocol == "within"
                and one.direction == ANGLE_TO_EMG}  # fmt: skip
    assert ridge > 0.7


def test_nothing_of_a_left_out_person_is_learned_from(tmp_path, monkeypatch):
    folder, shown = write_recordings(tmp_path), []

    def recorded(recordings, schedule, seed, config=None):
        shown.append([one.targets for one in recordings])
        return train(recordings, schedule, seed, config)

    train = training.train_recordings
    monkeypatch.setattr(training, "train_recordings", recorded)
    people = read_uci(folder)
    emg._person_out(emg._Task(ANGLE_TO_EMG), people, "2N", 1, {}, SHORT)
    (targets,) = shown
    assert len(targets) == 4
    own = [trial.first.emg for trial in people if trial.person == "2N"]
    assert not any(len(a) == len(b) and np.allclose(a, b) for a in targets for b in own)


def test_the_report_compares_with_ridge_over_people():
    def score(method, person, r, seed=0):
        return Score("within", ANGLE_TO_EMG, method, seed, f"{person}_gait", person, "normal", "gait", r, 0.3)

    found = [score("ridge on lags", "1N", 0.6), score("ridge on lags", "2N", 0.4)]
    found += [score("agonist", person, r, seed) for seed in (0, 1) for person, r in (("1N", 0.7 + 0.02 * seed), ("2N", 0.6))]
    found += [Score("within", "EMG to angle", one.method, one.seed, one.trial, one.person, one.group, one.task, one.r, one.rmse)
              for one in found]  # fmt: skip
    found = [replace(one, commit="aaaa") for one in found]
    report = emg_report(found, 2, asdict(SHORT))
    assert report["commits"] == ["aaaa"] and report["schedule"]["steps"] == 4 and report["simulated"] is None
    row = report["protocols"]["within"][ANGLE_TO_EMG]["methods"]["agonist"]
    assert row["more_r_than_ridge"]["value"] == pytest.approx((0.11 + 0.2) / 2)
    low, high = row["more_r_than_ridge"]["interval"]
    assert 0.109 < low < high < 0.201
    text = emg_markdown(report)
    assert "(commit aaaa)" in text and "4 steps of 2 pieces of 64 frames" in text and "simulation comes first" not in text
    origin = {"version": "1", "corpus_seed": 7, "corpus_budget": "huge"}
    assert "a corpus of budget `huge`, seed 7" in emg_markdown(emg_report(found, 2, asdict(SHORT), origin))
    assert "MEASURED" in text and "0.655 (0.650 to 0.660)" in text and "+0.155" in text


def test_a_missing_recording_is_named(tmp_path):
    with pytest.raises(FileFormatError, match="uci_lower_limb_1000Hz_i16"):
        evaluate_emg(tmp_path)


def test_the_real_recordings_are_read(data_dir):
    trials = read_uci(data_dir)
    assert len(trials) == 46 and len({trial.person for trial in trials}) == 16
    assert {trial.name for trial in trials}.isdisjoint({"2N_sitting", "2N_standing"})
    for trial in trials:
        assert trial.first.emg.shape[1] == 4 and len(trial.last) > 30
        assert trial.first.angles.min() > -20 and trial.first.angles.max() < 140
    walk, run = read_treadmill(data_dir)
    assert (walk.task, run.task) == ("walking", "running") and len(walk.muscles) == 9
