"""`agonist data mia`: copies of the data set, whole and damaged, as people call it."""

import json

import numpy as np
import pytest

from agonist.training.data import read_corpus
from tests.corpus.mia_copies import small_copy


@pytest.fixture
def copy(tmp_path):
    small_copy(tmp_path / "MIADatasetOfficial")
    return tmp_path / "MIADatasetOfficial"


def test_inspect_prints_tables_or_one_json_object(agonist, copy, tmp_path):
    plain = agonist("data", "mia", "inspect", copy)
    assert plain.code == 0 and plain.err == ""
    for said in ("measured EMG", "19563", "Subject0", "biceps_r", "8 of 8 follow", "8 share 25", "stitched: 7 takes, the longest 10.0 s"):
        assert said in plain.out, said
    assert "sensor order: nothing speaks against it" in plain.out
    machine = agonist("data", "mia", "inspect", copy, "--json", "--out", tmp_path / "found.json")
    document = json.loads(machine.out)
    assert document["takes"] == 7 and json.loads((tmp_path / "found.json").read_text()) == document
    assert "stitched" in machine.err
    silent = agonist("data", "mia", "inspect", copy, "--quiet")
    assert (silent.code, silent.out, silent.err) == (0, "", "")


def test_import_writes_a_corpus(agonist, copy, tmp_path):
    done = agonist("data", "mia", "import", copy, "--out", tmp_path / "mia", "--json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert document["data"].startswith("measured EMG") and document["takes"] == sum(document["splits"].values())
    assert sum(len(read_corpus(tmp_path / "mia", split)[0]) for split in ("train", "val", "test")) == document["takes"]


def test_import_warns_of_another_order_of_sensors_and_says_what_the_test_has_too(agonist, copy, tmp_path):
    fine = agonist("data", "mia", "import", copy, "--out", tmp_path / "mia")
    assert fine.code == 0 and "WARNING" not in fine.out and "30 of 250 frames of train/ are in the test too" in fine.out
    for path in copy.rglob("emgvalues.npy"):
        np.save(path, np.load(path)[:, [0, 1, 2, 3, 5, 4, 7, 6]])
    warned = agonist("data", "mia", "import", copy, "--out", tmp_path / "mia")
    assert warned.code == 0 and "WARNING: the order of the sensors is doubtful (0 of 8 sensors" in warned.out


def test_a_simulated_corpus_in_mias_layout_goes_the_same_way(agonist, corpus_in_mia_layout, tmp_path):
    found = json.loads(agonist("data", "mia", "inspect", corpus_in_mia_layout, "--json").out)
    assert found["data"].startswith("simulated") and not found["official"]
    assert found["overlaps"] == {} and found["lists"]["train"]["missing"] == 0 and found["lists"]["train"]["windows"] > 0
    assert agonist("data", "mia", "import", corpus_in_mia_layout, "--out", tmp_path / "back").code == 0
    assert read_corpus(tmp_path / "back", "train")[1]["data"].startswith("simulated")


@pytest.fixture
def corpus_in_mia_layout(tmp_path):
    """What `agonist corpus build --layout both` leaves, of takes by formula."""
    from agonist.corpus.mia_layout import write_mia_layout
    from tests.evaluation.formula_corpus import write_corpus

    folder = tmp_path / "simulated"
    write_mia_layout(folder, write_corpus(folder), folder)
    return folder


def _broken(path, harm):
    harm(path / "train" / "Subject1" / "Squat" / "3")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: (folder / "emgvalues.npy").write_bytes(b"rubbish"), "emgvalues.npy: cannot be read"),
        (lambda folder: (folder / "joints3d.npy").unlink(), "joints3d.npy: no such file"),
        (lambda folder: np.save(folder / "emgvalues.npy", np.ones((30, 7))), "shape (30, 7)"),
        (lambda folder: np.save(folder / "emgvalues.npy", np.full((30, 8), -3.0)), "counts from -3"),
        (lambda folder: np.save(folder / "joints3d.npy", np.full((30, 25, 3), np.nan)), "NaN"),
        (lambda folder: np.save(folder / "joints3d.npy", np.array([{}], dtype=object), allow_pickle=True), "cannot be read"),
    ],
)
@pytest.mark.parametrize("command", ["inspect", "import"])
def test_a_damaged_window_is_one_line(agonist, copy, tmp_path, harm, message, command):
    _broken(copy, harm)
    out = ["--out", tmp_path / "mia"] if command == "import" else []
    done = agonist("data", "mia", command, copy, *out)
    assert done.code == 2 and done.out == ""
    assert done.err.startswith("agonist: ") and done.err.count("\n") == 1 and message in done.err and "Subject1/Squat/3" in done.err
    assert not (tmp_path / "mia" / "corpus.json").exists()
    listed = agonist("data", "mia", command, copy, *out, "--skip-damaged")
    assert listed.code == 0 and "Subject1/Squat/3" in listed.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["inspect", "{tmp}/nothing"], "nothing: no such folder. Expected a folder MIADatasetOfficial"),
        (["inspect", "{tmp}"], "no train/ and no val/"),
        (["inspect", "{tmp}", "--out", "{tmp}/a.txt"], "Expected a file ending in .json"),
        (["import", "{tmp}"], "Missing option '--out'"),
        (["import", "{tmp}", "--out", "{tmp}/m", "--full-scale", "0"], "--full-scale 0: expected sensor counts above 0"),
        (["import", "{tmp}", "--out", "{tmp}/m", "--full-scale", "nan"], "--full-scale nan"),
    ],
)
def test_a_call_that_is_wrong(agonist, tmp_path, arguments, message):
    done = agonist("data", "mia", *(one.format(tmp=tmp_path) for one in arguments))
    assert done.code == 2 and done.out == "" and done.err.count("\n") == 1 and message in done.err, done.err
    assert not list(tmp_path.iterdir())


def test_counts_over_full_scale_are_named(agonist, copy, tmp_path):
    done = agonist("data", "mia", "import", copy, "--out", tmp_path / "mia", "--full-scale", "100")
    assert done.code == 2 and "larger full scale" in done.err and "Subject0/Squat" in done.err


@pytest.mark.parametrize(("simulated", "said"), [(True, "Trained on simulated activation"), (False, "Trained on measured EMG")])
def test_a_model_of_imported_windows_says_what_it_learned_from(agonist, copy, tmp_path, simulated, said):
    pytest.importorskip("torch")
    if simulated:
        (copy / "SIMULATED.txt").write_text("SIMULATED DATA")
    assert agonist("data", "mia", "import", copy, "--out", tmp_path / "mia").code == 0
    recipe = tmp_path / "tiny.toml"
    # Windows of ours are longer than the takes; they are held at their ends.
    recipe.write_text(
        'name = "tiny"\nconfig = "agonist"\nparts = ["encoder"]\nseed = 5\n'
        "[encoder]\nsteps = 2\nminutes = 5.0\nbatch = 2\nlearning_rate = 1e-3\n"
    )
    done = agonist("train", recipe, "--data", tmp_path / "mia", "--out", tmp_path / "model")
    assert done.code == 0 and said in done.out, done.err
    card, contract = ((tmp_path / "model" / name).read_text() for name in ("CARD.md", "model.json"))
    assert said in card and ("no measured EMG" in contract) == simulated == ("No measured EMG" in card)
