"""On an import of MIA the protocols judge on its authors' windows and lists, and nothing that is reported was looked at before."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from agonist.corpus.mia_import import import_mia
from agonist.errors import InputError
from agonist.evaluation.mia_csv import csv_text
from agonist.evaluation.mia_folds import frame_places, make_folds, share_frames
from agonist.evaluation.mia_overview import overview
from agonist.evaluation.mia_windows import WINDOW, read_windows
from agonist.evaluation.protocols import evaluate_mia
from agonist.evaluation.report import markdown, mia_report
from tests.corpus.mia_copies import LISTED_EXERCISES, LISTED_PEOPLE, listed_copy, small_copy

PROTOCOLS = ("in", "exercise-out", "person-out", "temporal")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("mia")
    listed_copy(root / "MIADatasetOfficial")
    import_mia(root, root / "mia")
    return root / "mia"


@pytest.fixture(scope="module")
def windows(folder):
    return read_windows(folder)


def _frames(windows, part):
    return {(windows.session[k], frame) for k in part for frame in range(windows.first[k], windows.first[k] + WINDOW)}


def test_every_published_window_is_there_with_its_overlaps(windows):
    # 38 of Subject0, 8 of each other person, an exercise.
    assert windows.published and not windows.simulated and len(windows) == 3 * (38 + 8 + 8)
    assert set(windows.counts_at_1) == {515.0}
    assert windows.lists["in"]["in"].test.tolist() == np.flatnonzero(windows.split == "test").tolist()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("groups", [None, 2])
def test_folds_are_the_lists_and_early_stopping_is_apart_from_every_test(windows, protocol, groups):
    folds = make_folds(windows, protocol, groups=groups, lengths=(1, 30))
    tested = set().union(*(_frames(windows, fold.test) for fold in folds))
    names = {"exercise-out": LISTED_EXERCISES, "person-out": LISTED_PEOPLE}.get(protocol)
    if names:
        wanted = [[name] for name in names] if groups is None else [[names[0], names[2]], [names[1]]]
        assert [fold.name for fold in folds] == ["+".join(one) for one in wanted]
    for fold in folds:
        lists = windows.lists["in" if protocol == "temporal" else protocol]
        own = [lists[name] for name in (fold.name.split("+") if names else ["in"])]
        listed = set.intersection(*(set(one.train.tolist()) for one in own))
        assert set(fold.test.tolist()) == set().union(*(one.test.tolist() for one in own)) and fold.listed == len(listed)
        assert set(fold.train.tolist()) < listed and set(fold.val.tolist()) < listed and len(fold.val) >= 2
        assert not _frames(windows, fold.val) & (tested | _frames(windows, fold.train))
        # Little is lost to early stopping, however windows overlap.
        assert len(fold.train) >= 0.7 * len(listed)
        if names:
            column = windows.exercise if protocol == "exercise-out" else windows.person
            assert not set(fold.name.split("+")) & set(column[np.concatenate([fold.train, fold.val])])
            assert set(column[fold.test]) == set(fold.name.split("+"))


def test_sharing_of_frames_is_what_it_says(windows):
    (fold,) = make_folds(windows, "in")
    shared = share_frames(frame_places(windows), fold.test, fold.train)
    known = _frames(windows, fold.train)
    assert shared.tolist() == [bool(_frames(windows, [k]) & known) for k in fold.test]
    # The leak of the authors' split: Subject0's windows, and nobody else's.
    assert shared.any() and set(windows.person[fold.test[shared]]) == {"Subject0"}


def test_without_lists_folders_and_names_give_the_same_folds(windows):
    bare = replace(windows, lists={})
    for protocol in PROTOCOLS:
        for a, b in zip(make_folds(windows, protocol), make_folds(bare, protocol), strict=True):
            assert a.name == b.name
            for one, two in ((a.train, b.train), (a.val, b.val), (a.test, b.test)):
                np.testing.assert_array_equal(one, two)


def test_a_mixture_is_of_both_its_exercises(windows):
    mixed = replace(windows, lists={}, upper=np.where(windows.first == 0, "Squat", ""))
    fold = next(fold for fold in make_folds(mixed, "exercise-out") if fold.name == "Squat")
    assert "Squat" not in set(mixed.upper[np.concatenate([fold.train, fold.val])])


def test_time_blocked_cuts_the_stitched_takes(folder):
    cut = read_windows(folder, "time-blocked")
    assert not cut.published
    (fold,) = make_folds(cut, "time-blocked")
    frames = [_frames(cut, part) for part in (fold.train, fold.val, fold.test)]
    assert not (frames[0] & frames[1] or frames[0] & frames[2] or frames[1] & frames[2])
    assert "no window of the paper" in mia_report(cut, "time-blocked", "tiny", 0, [])["origin"]


def test_a_copy_too_small_is_said(tmp_path):
    small_copy(tmp_path / "MIADatasetOfficial")
    import_mia(tmp_path, tmp_path / "mia")
    own = read_windows(tmp_path / "mia")
    (fold,) = make_folds(own, "in")
    assert (len(own), fold.listed, len(fold.test)) == (18, 16, 2)
    with pytest.raises(InputError, match="only Squat to leave out"):
        make_folds(own, "exercise-out")


def test_lists_count_for_what_is_kept(windows):
    known = windows.lists["in"]["in"]
    other = replace(windows, lists={**windows.lists, "in": {"in": replace(known, train=known.train[1:])}})
    assert other.checksum() != windows.checksum() == replace(windows).checksum()


@pytest.fixture(scope="module")
def results(windows, tmp_path_factory):
    pytest.importorskip("torch")
    work = tmp_path_factory.mktemp("work")
    return {protocol: evaluate_mia(windows, protocol, "tiny", work / protocol, networks=()) for protocol in PROTOCOLS}


def test_tables_say_which_windows_and_lists(windows, results):
    report = json.loads(json.dumps(mia_report(windows, "in", "tiny", 0, results["in"])))
    text = markdown(report)
    assert "the authors' own, as published, overlapping as they do. Folds: the authors' lists (1)" in text
    (part,) = report["parts"]
    (fold,) = make_folds(windows, "in")
    shared = int(share_frames(frame_places(windows), fold.test, fold.train).sum())
    assert part["test_sharing_frames_with_train"] == shared > 0 and part["listed"] == fold.listed
    assert f"| in | {fold.listed} | {len(fold.train)} | {len(fold.val)} | {len(fold.test)} | {shared} | 0 |" in text
    bare = replace(windows, lists={})
    assert "no lists were imported" in markdown(mia_report(bare, "exercise-out", "tiny", 0, results["exercise-out"]))
    assert "No method is given a person's sensor gain" in text


@pytest.mark.parametrize(
    ("protocol", "column", "row", "value"),
    [
        ("in", "published: C-Ours", ("encoder", "mean", "exercises"), 11.69),
        ("in", "published: Retr.", ("decoder", "mean", "exercises"), 0.0657),
        ("exercise-out", "published: Ours", ("decoder", "mean", "exercises"), 0.0869),
        ("person-out", "published: best follow-up, 2026 (third party)", ("encoder", "mean", "exercises"), 17.07),
        ("temporal", "published: C-Ours", ("encoder", "frames", "1"), 13.3),
    ],
)
def test_published_figures_are_columns_beside_the_official_windows_only(windows, results, protocol, column, row, value):
    """Figures of Chiquier & Vondrick 2023, tables 1 to 3, and of third parties."""
    official = replace(windows, corpus={**windows.corpus, "official": True})
    report = json.loads(json.dumps(mia_report(official, protocol, "tiny", 0, results[protocol])))
    header = next(line for line in markdown(report).splitlines() if column in line)
    assert header.startswith(("| exercise |", "| frames |")) and "faces the camera" in markdown(report)
    rows = list(csv.DictReader(io.StringIO(csv_text(report))))
    (one,) = [line for line in rows if (line["direction"], line["table"], line["row"], line["method"]) == (*row, column)]
    assert float(one["value"]) == value and one["metric"] == "rmse"
    shown = f"{value:.4f}" if value < 1 else f"{value:.2f}"
    assert any(shown in line for line in overview([report]).splitlines() if line.startswith(f"| {column} "))
    simulated = {**windows.corpus, "official": True, "data": "simulated, in MIA's layout"}
    for other in (windows, replace(official, published=False), replace(official, corpus=simulated)):
        plain = mia_report(other, protocol, "tiny", 0, results[protocol])
        assert not plain["gains_given"] and plain["published"] is None
        assert "ublished:" not in markdown(plain) + csv_text(plain) + overview([plain])
