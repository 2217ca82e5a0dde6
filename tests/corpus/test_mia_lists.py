"""The authors' lists: found where their release has them, told apart, refused where a test window would be learned from."""

import numpy as np
import pytest

from agonist.corpus.mia_import import import_mia
from agonist.corpus.mia_inspect import inspect_mia
from agonist.corpus.mia_lists import find_lists, read_lists, sort_lists
from agonist.corpus.mia_published import read_published
from agonist.errors import FileFormatError
from tests.corpus.mia_copies import LISTED_EXERCISES, LISTED_PEOPLE, listed_copy, small_copy


@pytest.fixture
def copy(tmp_path):
    listed_copy(tmp_path / "MIADatasetOfficial")
    return tmp_path / "MIADatasetOfficial"


def test_folds_are_told_apart_by_the_names_of_the_release(copy):
    folds = sort_lists(find_lists(copy, copy))
    assert [(fold.protocol, fold.name) for fold in folds] == [
        *(("exercise-out", name) for name in LISTED_EXERCISES), ("in", "in"), *(("person-out", name) for name in LISTED_PEOPLE),
    ]  # fmt: skip
    whole = next(fold for fold in folds if fold.protocol == "in")
    on_disk = {f: {p.parent.relative_to(copy).as_posix() for p in (copy / f).rglob("emgvalues.npy")} for f in ("train", "val")}
    assert set(whole.train) == on_disk["train"] and set(whole.test) == on_disk["val"]
    assert {line.split("/")[2] for line in folds[0].test} == {"FrontKick"} and len(folds[0].train) == len(whole.train) * 2 // 3
    # The same from the folder above; elsewhere they have to be pointed at.
    assert sort_lists(find_lists(copy.parent, copy)) == folds
    away = copy.parent / "away"
    (copy.parent / "musclesinaction").rename(away)
    assert find_lists(copy, copy) == [] and sort_lists(find_lists(copy, copy, away)) == folds


def test_inspect_counts_the_folds(copy):
    found = inspect_mia(copy)
    assert found["folds"] == {"exercise-out": 3, "in": 1, "person-out": 3}
    assert found["lists"]["train_Squat"]["missing"] == 0 and len(found["lists"]) == 17


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("generalizationexercises/train_Squat", "train/Subject1/Squat/0", r"train_Squat\.txt: 1 windows .* Expected no window of Squat"),
        ("generalizationexercises/val_Squat", "val/Subject1/LegBack/0", r"val_Squat\.txt: 1 windows .* Expected windows of Squat only"),
        ("generalizationpeople/train_Subject2", "train/Subject2/Squat/0", r"train_Subject2\.txt: .* no window of Subject2"),
        ("generalization_ID_nocond_exercises/train", "val/Subject0/FrontKick/0", "1 windows that train.txt names too"),
    ],
)
def test_a_list_that_leaks_is_refused(copy, tmp_path, name, line, message):
    path = copy.parent / "musclesinaction" / "ablation" / f"{name}.txt"
    path.write_text(path.read_text() + f"MIADatasetOfficial/{line}\n")
    with pytest.raises(FileFormatError, match=message):
        import_mia(copy, tmp_path / "mia")
    assert not (tmp_path / "mia").exists()


def test_an_import_keeps_windows_and_lists_as_they_were(copy, tmp_path):
    document = import_mia(copy, tmp_path / "mia")
    own = read_published(tmp_path / "mia", document)
    on_disk = sorted(path.parent for path in copy.rglob("emgvalues.npy"))
    assert sorted(own.names) == [path.relative_to(copy).as_posix() for path in on_disk]
    for k in (0, 50, len(own.names) - 1):
        counts, joints = (np.load(copy / own.names[k] / f"{name}.npy") for name in ("emgvalues", "joints3d"))
        np.testing.assert_allclose(own.activation[k] * 515, counts, atol=1e-4)
        # Camera axes to Z up, and nothing else: no average with other windows, no frames between.
        np.testing.assert_allclose(own.keypoints[k], joints[:, :25][..., [0, 2, 1]] * [1, 1, -1], atol=1e-6)
    # Subject0's squats are one recording, whose windows begin five frames apart.
    mine = np.char.find(own.names, "Subject0/Squat") >= 0
    assert len(set(own.session[mine])) == 1 and sorted(own.first[mine]) == list(range(0, 186, 5))
    kept = {(row["protocol"], row["name"]): read_lists(tmp_path / "mia", row["protocol"], row["name"]) for row in document["lists"]}
    assert list(kept.values()) == sort_lists(find_lists(copy, copy))


def test_official_means_exactly_the_published_windows(tmp_path, monkeypatch):
    small_copy(tmp_path / "MIADatasetOfficial")
    published = {"train": 16, "val": 2}
    for module in ("mia_import", "mia_inspect"):
        monkeypatch.setattr(f"agonist.corpus.{module}.PUBLISHED_WINDOWS", published)
    assert import_mia(tmp_path, tmp_path / "mia")["official"] and inspect_mia(tmp_path)["official"]
    # A list may leave windows out; then it is what counts.
    lists = tmp_path / "MIADatasetOfficial" / "splits"
    lists.mkdir()
    (lists / "train.txt").write_text("MIADatasetOfficial/train/Subject1/Squat/0\n")
    (lists / "test.txt").write_text("".join(f"MIADatasetOfficial/val/{person}/Squat/0\n" for person in ("Subject0", "Subject1")))
    assert not import_mia(tmp_path, tmp_path / "mia")["official"] and not inspect_mia(tmp_path)["official"]
    for path in lists.iterdir():
        path.unlink()
    published["train"] = 15
    assert not import_mia(tmp_path, tmp_path / "mia")["official"] and not inspect_mia(tmp_path)["official"]
    published["train"] = 16
    (tmp_path / "MIADatasetOfficial" / "SIMULATED.txt").write_text("SIMULATED DATA")
    assert not import_mia(tmp_path, tmp_path / "mia")["official"]


def test_an_older_import_is_asked_for_again(copy, tmp_path):
    document = import_mia(copy, tmp_path / "mia")
    with pytest.raises(FileFormatError, match="import again"):
        read_published(tmp_path / "mia", {"fps": 20.0})
    (tmp_path / "mia" / document["published_windows"][0]["file"]).write_bytes(b"PK rubbish")
    with pytest.raises(FileFormatError, match=r"Subject0-FrontKick\.npz.*import again"):
        read_published(tmp_path / "mia", document)
