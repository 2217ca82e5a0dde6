"""Calibration clips: what nobody tests, chosen by those whom training knows; and results of every other method as without them."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from agonist.errors import InputError
from agonist.evaluation.mia_baselines import BASELINES
from agonist.evaluation.mia_calibration import check_calibrated, choose_clips
from agonist.evaluation.mia_csv import csv_text
from agonist.evaluation.mia_folds import frame_places, make_folds, share_frames
from agonist.evaluation.mia_results import code_files, file_name
from agonist.evaluation.mia_windows import read_windows
from agonist.evaluation.protocols import BUDGETS, evaluate_mia
from agonist.evaluation.report import markdown, mia_report
from tests.evaluation.formula_corpus import EXERCISES, write_corpus


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "corpus"
    write_corpus(folder)
    return read_windows(folder)


def _overlapping(windows):
    """As after an import of overlapping windows: each again, 10 frames later."""
    names = ("keypoints", "activation", "person", "exercise", "upper", "split", "session", "counts_at_1")
    doubled = {name: np.concatenate([getattr(windows, name)] * 2) for name in names}
    return replace(windows, **doubled, first=np.concatenate([windows.first, windows.first + 10]))


@pytest.mark.parametrize("groups", [None, 2])
@pytest.mark.parametrize("overlap", [False, True])
def test_no_frame_of_a_clip_is_tested_or_learned_from(windows, overlap, groups):
    given = _overlapping(windows) if overlap else windows
    # Of windows that overlap few are apart from all that is tested.
    given = replace(given, session=np.char.add(given.session, np.where(np.arange(len(given)) % 2, "b", "")))
    places = frame_places(given)
    for fold in make_folds(given, "person-out", groups=groups):
        clips = choose_clips(given, fold)
        assert [clip.person for clip in clips] == sorted(set(given.person[fold.test].tolist()))
        for clip in clips:
            assert set(given.person[clip.windows]) == {clip.person} and set(given.exercise[clip.windows]) == set(clip.exercises)
            assert len(set(clip.windows.tolist())) == 4 and len(clip.exercises) == 2 and clip.seconds == 12.0
            for part in (fold.train, fold.val, fold.test):
                assert not share_frames(places, clip.windows, part).any()
            for k, index in enumerate(clip.windows):
                assert not share_frames(places, np.array([index]), np.delete(clip.windows, k)).any()


def test_a_clip_works_all_muscles_of_the_people_in_training(windows):
    fold = make_folds(windows, "person-out")[0]
    strong = {"Squat": (0, 1, 2, 3), "LegBack": (0, 1, 2, 3), "FrontKick": (4, 5, 6, 7)}
    activation = np.full_like(windows.activation, 0.01)
    for exercise, muscles in strong.items():
        activation[np.ix_(windows.exercise == exercise, range(30), muscles)] = 0.4 if exercise == "Squat" else 0.3
    made = replace(windows, activation=activation)
    assert {clip.exercises for clip in choose_clips(made, fold)} == {("FrontKick", "Squat")}
    # What the new person's sensors read, and what is held back of the others, chooses nothing.
    other = activation.copy()
    rest = np.setdiff1d(np.arange(len(windows)), fold.train)
    other[rest] = np.random.default_rng(0).random(other[rest].shape)
    for one, two in zip(choose_clips(made, fold), choose_clips(replace(made, activation=other), fold), strict=True):
        assert one.exercises == two.exercises
        np.testing.assert_array_equal(one.windows, two.windows)


def test_plain_windows_come_before_those_with_the_arms_of_another_exercise(windows):
    fold = make_folds(windows, "person-out")[0]
    plain = {(clip.person, index) for clip in choose_clips(windows, fold) for index in clip.windows.tolist()}
    mixed = replace(windows, upper=np.where(np.isin(np.arange(len(windows)), [index for _, index in plain]), "FrontPunch", ""))
    for clip in choose_clips(mixed, fold):
        for exercise in clip.exercises:
            mine = [index for index in clip.windows if windows.exercise[index] == exercise]
            spare = (windows.person == clip.person) & (windows.exercise == exercise) & (mixed.upper == "")
            spare[fold.test] = False
            assert (mixed.upper[mine] == "").sum() == min(2, spare.sum())


def test_somebody_with_too_few_windows_is_named(windows):
    fold = make_folds(windows, "person-out")[0]
    out = np.flatnonzero(windows.person == fold.name)
    spare = np.setdiff1d(out, fold.test)
    with pytest.raises(InputError, match=f"{fold.name}: 0 exercises have 2 windows of 3 s to calibrate by that are not tested"):
        choose_clips(windows, replace(fold, test=np.concatenate([fold.test, spare])))


@pytest.mark.parametrize("name", ["k-mia-paper", "k-mia-release", "k-agonist-causal", "k-"])
def test_only_ours_is_calibrated(windows, tmp_path, name):
    with pytest.raises(InputError, match=f"'{name}': a clip calibrates sensor gains.*Expected k-agonist"):
        evaluate_mia(windows, "person-out", "tiny", tmp_path, networks=("agonist", name))


@pytest.mark.parametrize("protocol", ["in", "exercise-out", "time-blocked", "temporal"])
def test_where_nobody_is_new_nobody_is_calibrated(windows, tmp_path, protocol):
    with pytest.raises(InputError, match=f"protocol '{protocol}' has nobody new to calibrate; k-agonist is c-agonist there"):
        evaluate_mia(windows, protocol, "tiny", tmp_path, networks=("k-agonist",))
    check_calibrated(("c-agonist", "mia-paper", "agonist"), protocol)


def _kept(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.json")}


def test_results_of_others_are_those_of_a_run_without_and_nothing_is_trained_twice(windows, tmp_path, monkeypatch):
    fold = pytest.importorskip("agonist.training.fold")
    train, trained = fold.train_fold, []
    monkeypatch.setattr(fold, "train_fold", lambda *given, **named: trained.append(given[0]) or train(*given, **named))
    given, own = (windows, "person-out", "tiny"), {"directions": ("encoder", "decoder")}
    plain = evaluate_mia(*given, tmp_path / "a", networks=("agonist", "c-agonist"), **own)
    before = _kept(tmp_path / "a")
    folds = make_folds(windows, "person-out", groups=BUDGETS["tiny"].groups)
    assert len(trained) == 2 * 2 * len(folds)
    # In the same folder: what was finished stays as it is.
    more = evaluate_mia(*given, tmp_path / "a", networks=("agonist", "c-agonist", "k-agonist"), **own)
    after = _kept(tmp_path / "a")
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {f"{file_name('k-agonist', way, one.name)}.json" for way in own["directions"] for one in folds}
    # From the start: once a fold for both, and the same cells.
    trained.clear()
    fresh = evaluate_mia(*given, tmp_path / "b", networks=("c-agonist", "k-agonist"), **own)
    assert len(trained) == 2 * len(folds)
    for results in (more, fresh):
        cells = {(one.method, one.direction, one.fold): one.cells.sums for one in results}
        for one in plain:
            if (one.method, one.direction, one.fold) in cells:
                np.testing.assert_array_equal(one.cells.sums, cells[one.method, one.direction, one.fold])
        np.testing.assert_allclose(cells["k-agonist", "encoder", "Subject1"], _calibrated_cells(more), rtol=1e-6)
    # Every method is judged on the same windows, and on none of a clip.
    for one in fresh:
        assert one.cells.sums[:, 0, 0].sum() == 30 * sum(len(fold.test) for fold in folds if fold.name == one.fold)


def _calibrated_cells(results):
    return next(one.cells.sums for one in results if (one.method, one.direction, one.fold) == ("k-agonist", "encoder", "Subject1"))


def test_keys_of_kept_results_are_what_they_were(windows, tmp_path):
    pytest.importorskip("torch")
    from agonist.networks.motion_muscle import network_config

    evaluate_mia(windows, "person-out", "tiny", tmp_path, networks=("c-agonist", "k-agonist"), directions=("encoder",))
    folds, spent = make_folds(windows, "person-out", groups=2), BUDGETS["tiny"]
    run = f"2 {spent.steps} {spent.batch} {spent.rates} 0 {windows.checksum()} {folds[0].checksum()}"
    for fold in folds:
        for method, shape in ((BASELINES[0], ""), ("c-agonist", f" {network_config('agonist')}")):
            document = json.loads((tmp_path / f"{file_name(method, 'encoder', fold.name)}.json").read_text())
            said = f"{run} {method} encoder {fold.name} {fold.checksum()}{shape}"
            assert document["key"] == hashlib.sha256(said.encode()).hexdigest()
    assert "training/calibration.py" in code_files("k-agonist")
    assert not any("calibration" in file for method in ("c-agonist", "agonist", "mia-paper", "mean") for file in code_files(method))


def test_the_report_says_what_was_calibrated_by(windows, tmp_path):
    pytest.importorskip("torch")
    results = evaluate_mia(windows, "person-out", "tiny", tmp_path, networks=("c-agonist", "k-agonist"), directions=("encoder",))
    report = json.loads(json.dumps(mia_report(windows, "person-out", "tiny", 0, results)))
    text, table = markdown(report), csv_text(report)
    assert "no method is tested on windows of a clip" in text and "## Calibration clips" in text
    people = report["calibration"]["people"]
    assert [one["person"] for one in people] == ["Subject0", "Subject2", "Subject1"] and {one["seconds"] for one in people} == {12.0}
    for one in people:
        assert f"| {one['person']} | {' and '.join(one['exercises'])} | 12 |" in text and len(one["windows"]) == 4
        assert f"calibration clip,{one['person']},,\"{'+'.join(one['exercises'])}, not tested\",12.0,,,seconds" in table
    # The exercises that a person did not do in the clip, alone.
    elsewhere = report["calibration"]["exercises_not_in_clips"]["encoder"]
    tested = [one for one in results if one.method == "k-agonist"]
    shown = {one["person"]: one["exercises"] for one in people}
    kept = [cells.only(person=p, exercise=e) for cells in (one.cells for one in tested) for p, e in cells.names if e not in shown[p]]
    error, count = (sum((one.sums[:, k] * one.gains[:, None] ** (2 * k)).sum() for one in kept) for k in (1, 0))
    assert elsewhere["k-agonist"] == pytest.approx(np.sqrt(error / count)) and len(EXERCISES) == 3
    # It is compared with itself without the clip.
    said = report["encoder"]["lower_by"]["k-agonist than c-agonist"]
    told, mean = (report["encoder"]["pooled"][name]["rmse"]["value"] for name in ("k-agonist", "c-agonist"))
    assert said["value"] == pytest.approx(1 - told / mean) and "| k-agonist than c-agonist |" in text
    # Both stand for one training.
    minutes = sum(one.training["minutes"] for one in results if one.method == "c-agonist")
    assert report["training_minutes"] == pytest.approx(minutes)
    plain = mia_report(windows, "person-out", "tiny", 0, [one for one in results if one.method != "k-agonist"])
    assert "calibration" not in plain and "clip" not in markdown(plain) and "clip" not in csv_text(plain)
