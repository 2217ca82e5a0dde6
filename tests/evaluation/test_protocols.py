"""The protocols of the paper: folds that cannot leak, equal windows and steps for all, results kept, tables that say what they are."""

import csv
import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agonist.errors import DivergedError, FileFormatError, InputError, UnknownNameError
from agonist.evaluation import protocols
from agonist.evaluation.mia_baselines import BASELINES, predict_baseline
from agonist.evaluation.mia_csv import csv_text
from agonist.evaluation.mia_folds import PROTOCOLS, make_folds
from agonist.evaluation.mia_plot import plot_report
from agonist.evaluation.mia_results import NETWORKS, code_files, code_of
from agonist.evaluation.mia_windows import WINDOW, hide_gains, read_windows
from agonist.evaluation.protocols import BUDGETS, evaluate_mia
from agonist.evaluation.report import markdown, mia_report
from agonist.networks.baselines import Ridge, aligned_pose, facing_windows
from agonist.revision import code_digest, imported_files, source_commit
from tests.evaluation.formula_corpus import EXERCISES, write_corpus


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "corpus"
    write_corpus(folder)
    return folder


@pytest.fixture(scope="module")
def windows(folder):
    return read_windows(folder)


def test_windows_are_the_takes_at_ten_frames_a_second(folder, windows):
    assert windows.keypoints.shape == (3 * 3 * 2 * 3, WINDOW, 25, 3) and windows.simulated
    with np.load(folder / "takes" / "00-Subject1-LegBack.npz") as take:
        mine = np.flatnonzero(windows.session == "00-Subject1-LegBack")
        np.testing.assert_array_equal(windows.first[mine], [0, 30, 60])
        np.testing.assert_array_equal(windows.keypoints[mine[1]], take["keypoints"][60:120:2])
        np.testing.assert_array_equal(windows.activation[mine[2]], take["activation"][120:180:2])
    # The counts of the virtual people.
    assert set(windows.counts_at_1[windows.person == "Subject0"]) == {300.0}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_parts_of_a_fold_are_apart_and_every_test_window_is_reported_once(windows, protocol):
    folds = make_folds(windows, protocol)
    for fold in folds:
        parts = [set(part.tolist()) for part in (fold.train, fold.val, fold.test)]
        assert all(parts) and sum(map(len, parts)) == len(set.union(*parts))
    reported = [index for fold in folds for index in fold.test.tolist()]
    assert len(reported) == len(set(reported))


def test_what_is_left_out_is_seen_nowhere(windows):
    mixed = replace(windows, upper=np.where(windows.first == 0, "FrontKick", ""))
    by_exercise = make_folds(mixed, "exercise-out")
    assert [fold.name for fold in by_exercise] == sorted(EXERCISES)
    for fold in by_exercise:
        seen = np.concatenate([fold.train, fold.val])
        assert set(mixed.exercise[fold.test]) == {fold.name}
        assert fold.name not in set(mixed.exercise[seen]) | set(mixed.upper[seen])
    by_person = make_folds(windows, "person-out")
    for fold in by_person:
        assert set(windows.person[fold.test]) == {fold.name} and fold.name not in windows.person[np.concatenate([fold.train, fold.val])]
    assert [fold.name for fold in make_folds(windows, "person-out", groups=2)] == ["Subject0+Subject2", "Subject1"]
    # The same windows are tested with and without the exercise in training.
    known = make_folds(mixed, "in")[0].test
    assert sorted(np.concatenate([fold.test for fold in by_exercise])) == known.tolist()


def test_time_blocks_share_no_frame_and_the_test_is_the_end(windows):
    # As after an import of overlapping windows: a second row of windows, 10 frames later, in the same recordings.
    def doubled(values):
        return np.concatenate([values, values])

    rows = replace(
        windows,
        **{name: doubled(getattr(windows, name)) for name in (
            "keypoints", "activation", "person", "exercise", "upper", "split", "session", "counts_at_1")},
        first=np.concatenate([windows.first, windows.first + 10]),
    )  # fmt: skip
    (fold,) = make_folds(rows, "time-blocked")
    frames = [
        {(rows.session[k], frame) for k in part for frame in range(rows.first[k], rows.first[k] + WINDOW)}
        for part in (fold.train, fold.val, fold.test)
    ]
    assert not (frames[0] & frames[1] or frames[0] & frames[2] or frames[1] & frames[2])
    for session in set(rows.session[fold.test]) & set(rows.session[fold.train]):
        in_test, in_train = (rows.first[part[rows.session[part] == session]] for part in (fold.test, fold.train))
        assert in_test.min() > in_train.max()


def test_time_blocks_take_recordings_as_they_were_numbered(windows):
    few = np.zeros(12, dtype=int)
    numbered = replace(
        windows,
        **{name: getattr(windows, name)[few] for name in ("keypoints", "activation", "person", "exercise", "upper", "split",
                                                          "counts_at_1", "first")},
        session=np.array([f"P/E/{number}" for number in range(12)]),
    )  # fmt: skip
    (fold,) = make_folds(numbered, "time-blocked")
    assert [part.tolist() for part in (fold.train, fold.val, fold.test)] == [list(range(9)), [9], [10, 11]]


def test_time_blocks_of_recordings_with_names_are_in_the_order_of_these(windows):
    # As a corpus of `agonist corpus build` has them; its folds are those of before.
    (fold,) = make_folds(windows, "time-blocked")
    for person, exercise in {*zip(windows.person.tolist(), windows.exercise.tolist(), strict=True)}:
        own = np.flatnonzero((windows.person == person) & (windows.exercise == exercise))
        own = own[np.lexsort((windows.first[own], windows.session[own]))]
        assert [set(own[:4]) <= set(fold.train), own[4] in fold.val, own[5] in fold.test] == [True, True, True]


def test_folds_hang_on_names_alone(windows):
    other = replace(windows, activation=windows.activation[::-1], keypoints=windows.keypoints * 2)
    for protocol in PROTOCOLS:
        for a, b in zip(make_folds(windows, protocol), make_folds(other, protocol), strict=True):
            for one, two in ((a.train, b.train), (a.val, b.val), (a.test, b.test)):
                np.testing.assert_array_equal(one, two)


def test_temporal_asks_for_each_length(windows):
    assert [fold.frames for fold in make_folds(windows, "temporal", lengths=(1, 30, 5))] == [30, 5, 1]


def test_what_is_too_small_or_unknown_is_said(tmp_path, windows):
    with pytest.raises(UnknownNameError, match="Unknown protocol 'out'"):
        make_folds(windows, "out")
    alone = replace(windows, person=np.full(len(windows), "Subject0"))
    with pytest.raises(InputError, match="only Subject0 to leave out"):
        make_folds(alone, "person-out")
    with pytest.raises(FileFormatError, match=r"corpus\.json"):
        read_windows(tmp_path)
    write_corpus(tmp_path / "short", people=1, takes=1, frames=50)
    with pytest.raises(InputError, match="no take of 3 s"):
        read_windows(tmp_path / "short")
    write_corpus(tmp_path / "small", people=1, takes=1, frames=61)
    with pytest.raises(InputError, match="use a larger corpus"):
        make_folds(read_windows(tmp_path / "small"), "in")


def test_baselines_do_what_they_are_named_for(windows, tmp_path):
    pytest.importorskip("torch")
    results = evaluate_mia(windows, "in", "tiny", tmp_path, networks=())
    found = {(one.method, one.direction): float(one.cells.rmse()) for one in results}
    assert {method for method, _ in found} == set(BASELINES)
    # People differ by a gain: who is told the person knows more.
    assert found["c-mean", "encoder"] < 0.6 * found["mean", "encoder"]
    assert found["c-retrieval", "encoder"] < found["retrieval", "encoder"]
    (fold,) = make_folds(windows, "in")
    mean = windows.activation[fold.train].mean(axis=(0, 1))
    error = (windows.activation[fold.test] - mean) * windows.counts_at_1[fold.test][:, None, None]
    assert found["mean", "encoder"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)


@pytest.fixture(scope="module")
def finished(windows, tmp_path_factory):
    pytest.importorskip("torch")
    work = tmp_path_factory.mktemp("work")
    networks = ("mia-paper", "c-mia-paper", "agonist")
    return work, networks, evaluate_mia(windows, "person-out", "tiny", work, networks=networks)


def test_every_network_is_spent_the_same_on(windows, finished):
    _, networks, results = finished
    trained = [one for one in results if one.training]
    assert {one.method for one in trained} == set(networks)
    assert {(one.training["steps"], one.training["batch"]) for one in trained} == {(BUDGETS["tiny"].steps, BUDGETS["tiny"].batch)}
    assert {one.method for one in trained if one.direction == "decoder"} == set(networks)
    # Whatever the method, the same windows are judged.
    for direction in ("encoder", "decoder"):
        mine = [one for one in results if one.direction == direction]
        for name in {one.fold for one in mine}:
            counted = {tuple(one.cells.sums[:, 0, 0]) for one in mine if one.fold == name}
            assert len(counted) == 1


def test_a_run_that_was_killed_goes_on_and_ends_the_same(windows, finished, monkeypatch):
    work, networks, results = finished
    trained = []
    monkeypatch.setattr("agonist.evaluation.protocols._Run._trained", lambda *arguments: trained.append(arguments) or 1 / 0)
    again = evaluate_mia(windows, "person-out", "tiny", work, networks=networks)
    assert not trained
    for a, b in zip(results, again, strict=True):
        assert (a.method, a.direction, a.fold, a.training) == (b.method, b.direction, b.fold, b.training)
        np.testing.assert_array_equal(a.cells.sums, b.cells.sums)
    # A torn file and another seed are work to do.
    with pytest.raises(ZeroDivisionError):
        evaluate_mia(windows, "person-out", "tiny", work, networks=networks, seed=1)
    monkeypatch.undo()
    torn = next(path for path in sorted(work.glob("encoder*mia-paper.json")))
    before = json.loads(torn.read_text())
    torn.write_text(torn.read_text()[:99])
    evaluate_mia(windows, "person-out", "tiny", work, networks=networks)
    assert json.loads(torn.read_text())["cells"] == before["cells"]


def test_tables_say_what_they_are(windows, finished):
    _, networks, results = finished
    report = json.loads(json.dumps(mia_report(windows, "person-out", "tiny", 0, results)))
    text = markdown(report)
    header = ["SIMULATED", "budget `tiny`", "seed 0", "4 optimiser steps", "Left out together: Subject0+Subject2; Subject1", "here is EMG",
              "given each person's sensor gain (counts at full activation), that of the person left out too", "cut from the takes"]
    tables = ["mean of exercises", "Subject1", "quadriceps_l", "sensor counts", "Muscle to motion", "agonist than retrieval"]
    for said in header + tables:
        assert said in text, said
    # The paper's figures are for the paper's data.
    assert "ublished:" not in text and report["published"] is None and "parts" not in report
    minutes = sum(one.training["minutes"] for one in results if one.training)
    assert report["training_minutes"] == pytest.approx(minutes) and f"{minutes:.0f} minutes of training in all (c" in text
    mine = report["encoder"]
    assert mine["mean_of_exercises"]["mean"] == pytest.approx(np.mean([row["mean"] for row in mine["exercises"].values()]))
    for method in (*BASELINES, *networks):
        pooled = mine["pooled"][method]["rmse"]
        assert pooled["interval"][0] <= pooled["value"] <= pooled["interval"][1]
    rows = list(csv.DictReader(io.StringIO(csv_text(report))))
    wanted = ("encoder", "person", "Subject1", "agonist")
    (one,) = [row for row in rows if (row["direction"], row["table"], row["row"], row["method"]) == wanted]
    assert float(one["value"]) == mine["people"]["Subject1"]["agonist"] and one["data"] == "simulated" and one["unit"] == "sensor counts"
    assert (one["seed"], one["corpus_seed"], one["commit"]) == ("0", "0", " ".join(report["commits"]))


def test_a_decoder_for_pictures_is_judged_in_pixels(windows, tmp_path):
    pytest.importorskip("torch")
    results = evaluate_mia(windows, "in", "tiny", tmp_path, networks=("mia-paper", "agonist"), directions=("decoder-2d",))
    report = mia_report(windows, "in", "tiny", 0, results)
    (fold,) = make_folds(windows, "in")
    seen, known = (facing_windows(windows.keypoints[part])[..., [0, 2]] for part in (fold.test, fold.train))
    mean = 600 * np.sqrt(((seen - known.mean(axis=(0, 1))) ** 2).mean())
    assert report["decoder-2d"]["pooled"]["mean"]["rmse"]["value"] == pytest.approx(mean, rel=1e-5)
    assert len(report["decoder-2d"]["columns"]) == 50 and "Muscle to motion in a picture: RMSE, pixels" in markdown(report)
    with pytest.raises(UnknownNameError, match="Unknown direction 'sideways'"):
        evaluate_mia(windows, "in", "tiny", tmp_path, directions=("sideways",))


def test_a_table_names_the_commits_that_made_it(windows, finished):
    _, _, results = finished
    two = [replace(one, commit=("aaaa", "bbbb")[one.direction == "decoder"]) for one in results]
    report = mia_report(windows, "person-out", "tiny", 0, two)
    assert report["commits"] == ["aaaa", "bbbb"] and "(commit aaaa, bbbb)" in markdown(report)
    assert "commit" not in markdown(mia_report(windows, "person-out", "tiny", 0, [replace(one, commit="") for one in two]))


def test_a_checkout_knows_its_commit(tmp_path):
    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        return subprocess.run(["git", *who, "-C", tmp_path, *arguments], capture_output=True, text=True, check=True).stdout.strip()

    file = tmp_path / "code.py"
    file.write_text("1")
    assert source_commit(file) == ""
    git("init", "-q")
    assert source_commit(file) == ""
    git("add", "code.py")
    git("commit", "-qm", "first")
    commit = git("rev-parse", "HEAD")
    assert source_commit(file) == commit[:10]
    file.write_text("2")
    assert source_commit(file) == commit[:10] + "-dirty"
    (tmp_path / "other.py").write_text("3")
    assert source_commit(tmp_path / "other.py") == ""


@pytest.mark.parametrize("protocol", ["in", "temporal"])
def test_a_report_is_drawn(windows, tmp_path, protocol):
    pytest.importorskip("matplotlib")
    results = evaluate_mia(windows, protocol, "tiny", tmp_path, networks=())
    plot_report(mia_report(windows, protocol, "tiny", 0, results), tmp_path / "plot.svg")
    drawn = (tmp_path / "plot.svg").read_text()
    assert "<svg" in drawn and drawn.count("<path") > 10
    with pytest.raises(FileFormatError, match=r"one of \.png"):
        plot_report({}, tmp_path / "plot.txt")


def test_temporal_gives_a_row_a_length(windows, tmp_path):
    pytest.importorskip("torch")
    results = evaluate_mia(windows, "temporal", "tiny", tmp_path, networks=("agonist",))
    report = mia_report(windows, "temporal", "tiny", 0, results)
    assert list(report["temporal"]["frames"]) == ["1", "30"] and "ridge on lags" not in report["temporal"]["frames"]["1"]
    assert "by the frames that are seen" in markdown(report)
    with pytest.raises(UnknownNameError, match="Unknown network 'nobody'"):
        evaluate_mia(windows, "in", "tiny", tmp_path, networks=("nobody",))
    assert set(NETWORKS) >= {"mia-paper", "mia-release", "agonist"}


def test_a_result_is_made_again_where_the_code_it_hangs_on_was_another(windows, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    evaluate_mia(windows, "in", "tiny", tmp_path, networks=("agonist",), directions=("encoder",))
    kept = {path.name: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    assert {document["code"] for document in kept.values()} == {code_of("agonist"), code_of("mean")}
    path = tmp_path / "encoder-in-agonist.json"
    path.write_text(json.dumps({**kept[path.name], "code": "0123456789abcdef"}))
    trained = []
    original = protocols._Run._trained
    monkeypatch.setattr(protocols._Run, "_trained", lambda *arguments: trained.append(arguments[1]) or original(*arguments))
    evaluate_mia(windows, "in", "tiny", tmp_path, networks=("agonist",), directions=("encoder",))
    again = json.loads(path.read_text())
    assert trained == ["agonist"] and again["code"] == code_of("agonist") and again["cells"] == kept[path.name]["cells"]


def test_a_result_is_made_again_where_other_windows_are_left_out(windows, tmp_path, monkeypatch):
    evaluate_mia(windows, "in", "tiny", tmp_path, networks=(), directions=("encoder",))
    before = {path.name: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    (fold,) = make_folds(windows, "in")
    swapped = replace(fold, train=np.r_[fold.train[1:], fold.val[:1]], val=np.r_[fold.val[1:], fold.train[:1]])
    monkeypatch.setattr(protocols, "make_folds", lambda *_, **__: [swapped])
    evaluate_mia(windows, "in", "tiny", tmp_path, networks=(), directions=("encoder",))
    after = {path.name: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    assert before.keys() == after.keys() and all(before[name]["key"] != after[name]["key"] for name in before)


@pytest.mark.parametrize(
    ("changed", "hit"),
    [
        ("networks/moments.py", {"agonist"}),
        ("networks/decoder.py", {"agonist"}),
        ("training/decoding.py", {"agonist"}),
        ("networks/geometry.py", {"agonist", "mia-release", "c-mia-paper"}),
        ("training/hardware.py", {"agonist", "mia-release", "c-mia-paper"}),
        ("training/fold.py", {"agonist", "mia-release", "c-mia-paper"}),
        ("networks/motion_muscle.py", {"agonist", "mia-release", "c-mia-paper"}),
        ("training/loop.py", {"agonist", "mia-release", "c-mia-paper"}),
        ("corpus/sources.py", {"agonist", "mia-release", "c-mia-paper"}),
        ("training/uncertainty.py", {"agonist"}),
        # The truth and the sums are made alike for all.
        ("networks/baselines.py", {"agonist", "mia-release", "c-mia-paper", "ridge on lags"}),
        ("evaluation/mia_baselines.py", {"agonist", "mia-release", "c-mia-paper", "ridge on lags"}),
        ("evaluation/cells.py", {"agonist", "mia-release", "c-mia-paper", "ridge on lags"}),
        ("training/editing.py", set()),
        ("evaluation/mia_windows.py", set()),
        ("evaluation/report.py", set()),
        ("io/bvh.py", set()),
    ],
)
def test_a_change_of_a_file_asks_only_for_what_hangs_on_it(tmp_path, changed, hit):
    package = Path(protocols.__file__).parents[1]
    methods = ("agonist", "mia-release", "c-mia-paper", "ridge on lags")
    for name in {changed, *(name for method in methods for name in code_files(method))}:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        # Line ends of another system are no change.
        (tmp_path / name).write_text((package / name).read_text(encoding="utf-8"), encoding="utf-8", newline="\r\n")
    assert {method: code_digest(code_files(method), tmp_path) for method in methods} == {method: code_of(method) for method in methods}
    with (tmp_path / changed).open("a", encoding="utf-8") as stream:
        stream.write("# changed\n")
    assert {method for method in methods if code_digest(code_files(method), tmp_path) != code_of(method)} == hit


def test_a_file_hangs_on_all_that_it_imports(tmp_path):
    texts = {
        "a.py": "import numpy\nfrom agonist.b import one\nif TYPE_CHECKING:\n    from agonist.typed import T\n",
        "b.py": "def one():\n    from agonist.deep import c\n    import agonist.deep.d\n",
        "deep/__init__.py": "from agonist.e import two\n",
        # A circle ends.
        "deep/c.py": "from agonist.a import three\nfrom agonist.io.bvh import read\n",
        **dict.fromkeys(("deep/d.py", "e.py", "typed.py", "io/bvh.py", "unused.py"), ""),
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    every = ("a.py", "b.py", "deep/__init__.py", "deep/c.py", "deep/d.py", "e.py", "io/bvh.py")
    assert imported_files("a.py", package=tmp_path) == every
    assert imported_files("a.py", ("io", "deep/__init__.py"), tmp_path) == ("a.py", "b.py", "deep/c.py", "deep/d.py")


@pytest.mark.parametrize("direction", ["encoder", "decoder"])
def test_ridge_has_the_strength_that_early_stopping_windows_choose(windows, direction):
    # Activation that has little to do with motion: a weak penalty learns it by heart.
    noise = np.random.default_rng(0).uniform(0, 1, windows.activation.shape).astype(np.float32)
    noisy = replace(windows, activation=(windows.activation * noise).astype(np.float32))
    (fold,) = make_folds(noisy, "in")
    found, chosen = predict_baseline("ridge on lags", direction, noisy, fold)
    motion = facing_windows(noisy.keypoints)
    pose = [aligned_pose(one.astype(float)) for one in noisy.keypoints]
    asked, answers = (pose, noisy.activation) if direction == "encoder" else (noisy.activation.astype(float), motion)
    flat = answers.reshape(len(answers), WINDOW, -1).astype(float)
    errors, tests = {}, {}
    for strength in (1.0, 10.0, 100.0, 1000.0, 10000.0):
        ridge = Ridge.fit([asked[k] for k in fold.train], [flat[k] for k in fold.train], 10.0, strength)
        held, tests[strength] = (np.stack([ridge.predict(asked[k]) for k in part]) for part in (fold.val, fold.test))
        errors[strength] = ((np.clip(held, 0, 1) if direction == "encoder" else held) - flat[fold.val]) ** 2
    assert chosen == {"strength": min(errors, key=lambda one: errors[one].mean())} != {"strength": 1.0}
    wanted = tests[chosen["strength"]].reshape(found.shape)
    np.testing.assert_allclose(found, np.clip(wanted, 0, 1) if direction == "encoder" else wanted, atol=1e-6)


def test_the_report_names_the_strength_of_ridge(windows, finished):
    _, _, results = finished
    report = mia_report(windows, "person-out", "tiny", 0, results)
    assert len(report["chosen"]) == 4 and {one["method"] for one in report["chosen"]} == {"ridge on lags"}
    one = report["chosen"][0]
    assert f"chosen by early-stopping windows, encoder: {one['strength']:g} ({one['fold']})" in markdown(report)


def test_rates_are_tried_in_full_on_the_first_fold_whose_result_is_that_of_the_best(windows, tmp_path, monkeypatch):
    fold = pytest.importorskip("agonist.training.fold")
    monkeypatch.setitem(BUDGETS, "tiny", replace(BUDGETS["tiny"], rates=(1e-6, 1e-3)))
    train, made = fold.train_fold, []

    def trained(*given, **named):
        module, fit = train(*given, **named)
        made.append((named["steps"], named["rate"], fit.score))
        return module, fit

    monkeypatch.setattr(fold, "train_fold", trained)
    given = (windows, "person-out", "tiny", tmp_path)
    first, second = (one for one in evaluate_mia(*given, networks=("mia-paper",), directions=("encoder",)) if one.training)
    best = min(made[:2], key=lambda one: one[2])
    assert [one[:2] for one in made] == [(4, 1e-3), (4, 1e-6), (4, best[1])]
    assert (first.training["learning_rate"], first.training["validation"]) == best[1:]
    assert (second.training["learning_rate"], second.training["validation"]) == made[2][1:]
    # A kill after the first rate costs what it had not finished.
    for one in tmp_path.glob("*.json"):
        if "0_001" not in one.name:
            one.unlink()
    evaluate_mia(*given, networks=("mia-paper",), directions=("encoder",))
    assert [one[:2] for one in made[3:]] == [(4, 1e-6), (4, best[1])]


@pytest.mark.parametrize(
    ("scores", "order"),
    [((9, 8, 7, 6, 5), [2, 3, 4]), ((5, 6, 7, 8, 9), [2, 3, 1, 0]), ((9, 8, 5, 6, 1), [2, 3, 1]), ((9, 8, 7, 6, 9), [2, 3, 4]),
     ((9, 8, 7, None, 1), [2, 3, 1]), ((9, 8, None, None, 1), [2, 3, 1, 0])],
)  # fmt: skip
def test_rates_are_climbed_from_the_middle_until_the_next_is_no_better(windows, tmp_path, monkeypatch, scores, order):
    fold = pytest.importorskip("agonist.training.fold")
    rates = (1e-4, 2e-4, 3e-4, 4e-4, 5e-4)
    monkeypatch.setitem(BUDGETS, "tiny", replace(BUDGETS["tiny"], steps=1, rates=rates))
    train, made = fold.train_fold, []

    def trained(*given, rate, **named):
        made.append(rates.index(rate))
        if scores[made[-1]] is None:
            raise DivergedError("ran away")
        module, fit = train(*given, rate=rate, **named)
        return module, replace(fit, score=float(scores[made[-1]]))

    monkeypatch.setattr(fold, "train_fold", trained)
    results = evaluate_mia(windows, "in", "tiny", tmp_path, networks=("mia-paper",), directions=("encoder",))
    chosen = next(one.training["learning_rate"] for one in results if one.training)
    assert made == order and rates.index(chosen) == min(order, key=lambda k: scores[k] or 99)


def test_a_learning_rate_that_diverges_is_not_chosen(windows, tmp_path, monkeypatch):
    fold = pytest.importorskip("agonist.training.fold")
    monkeypatch.setitem(BUDGETS, "tiny", replace(BUDGETS["tiny"], rates=(1e-3, 5e-4)))
    train = fold.train_fold

    def trained(*given, rate, **named):
        if rate == 1e-3:
            raise DivergedError("ran away")
        return train(*given, rate=rate, **named)

    monkeypatch.setattr(fold, "train_fold", trained)
    results = evaluate_mia(windows, "in", "tiny", tmp_path / "a", networks=("mia-paper",), directions=("encoder",))
    assert {one.training["learning_rate"] for one in results if one.training} == {5e-4}
    monkeypatch.setitem(BUDGETS, "tiny", replace(BUDGETS["tiny"], rates=(1e-3, 1e-3)))
    with pytest.raises(DivergedError):
        evaluate_mia(windows, "in", "tiny", tmp_path / "b", networks=("mia-paper",), directions=("encoder",))


def test_hidden_gains_leave_the_counts_as_they_are(windows, tmp_path):
    hidden = hide_gains(windows)
    assert windows.gains_given and not hidden.gains_given and hidden.activation.max() <= 1
    counts = (one.activation * one.counts_at_1[:, None, None] for one in (windows, hidden))
    np.testing.assert_allclose(*counts, rtol=1e-4)
    results = evaluate_mia(hidden, "in", "tiny", tmp_path, networks=("agonist", "c-agonist"), directions=("encoder",))
    text = markdown(mia_report(hidden, "in", "tiny", 0, results))
    assert "No method is given a person's sensor gain" in text and "c-agonist" in text
    told, untold = (next(one for one in results if one.method == name).cells.rmse() for name in ("c-agonist", "agonist"))
    # Four steps teach nothing but the gains, which are told from how much everybody's muscles read.
    assert told != untold
