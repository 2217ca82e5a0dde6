"""A card says what the corpus is, and how to make the model again."""

import json
from dataclasses import asdict

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.corpus.build import plan_corpus
from agonist.corpus.sources import MOCAP_CLIPS, MOCAP_TEST
from agonist.humanoid import body25_from_motion
from agonist.model import load_model
from agonist.training import measure, recipe
from agonist.training.card import corpus_contents, write_card
from agonist.training.data import CorpusClip
from agonist.training.export import write_contract
from tests.clips import exercise

from .conftest import ENCODER_RECIPE

pytestmark = pytest.mark.training

_BUILT = {"seed": 3, "fps": 20.0, "muscles": "mia8", "data": "simulated", "motions_crc32": 5}


def _card(folder, corpus, rows, recipe="agonist.toml"):
    training = {"recipe": recipe, "corpus": corpus, "data": "simulated activation; no measured EMG", "contents": corpus_contents(rows)}
    return _written(folder, training)


def _written(folder, training, metrics=None):
    document = {"name": "mine", "version": "1", "fps": 20.0, "window": 64, "parameters": {"encoder": 5}, "metrics": metrics or {}}
    write_card(folder, {**document, "training": training})
    return (folder / "CARD.md").read_text()


def _rows(budget, *, mocap=False):
    rows = [{**asdict(take), "usable": True} for take in plan_corpus(budget, 0, None)]
    for person in ("Subject0", "Subject8"):
        for clip in MOCAP_CLIPS if mocap else ():
            split = "test" if clip in MOCAP_TEST or person == "Subject8" else "train"
            rows.append({"exercise": clip, "person": person, "source": "mocap", "split": split, "usable": True})
    return rows


def test_the_standard_corpus(tmp_path):
    text = _card(tmp_path, {**_BUILT, "budget": "full"}, _rows("full", mocap=True))
    assert "10 virtual people, 27 exercises, 27 clips of motion capture (CMU subject 02, DeepMimic, MASS)." in text
    assert "2 people and 7 clips of motion capture that training never saw, chosen by name" in text and "CMU and SFU" in text
    assert "`agonist corpus build --out CORPUS --data RECORDINGS --budget full --seed 3`" in text
    assert "`agonist train agonist --data CORPUS --out mine`" in text and "`motions_crc32` in its corpus.json is 5" in text


def test_edits_that_were_learned_from_too(tmp_path):
    edited = {"seed": 4, "budget": "30 edits", "by": {"model": "former", "encoder_sha256": "ab", "editor_sha256": "cd"}}
    training = {"recipe": "agonist.toml", "corpus": {**_BUILT, "budget": "full"}, "data": "simulated", "edited": [edited]}
    training["commit"] = "abc123"
    text = _written(tmp_path, training)
    assert "Beside it 30 edits of its training and validation takes" in text
    assert "`agonist corpus edited CORPUS --data RECORDINGS --model FORMER --edits 30 --seed 4 --out EDITS`" in text
    assert "model former whose editor.onnx has the SHA-256 cd" in text and "`agonist train agonist --data CORPUS --edited EDITS" in text
    assert "Trained by commit abc123 of Agonist." in text
    text = _written(tmp_path, {**training, "edited": [edited, {**edited, "seed": 5, "budget": "20 edits"}]})
    assert "Beside it 50 edits" in text and "--model FORMER2 --edits 20 --seed 5 --out EDITS2`, where" in text
    assert "--data CORPUS --edited EDITS1 --edited EDITS2 --out" in text


def test_a_small_corpus_without_motion_capture(tmp_path):
    text = _card(tmp_path, {**_BUILT, "budget": "tiny"}, _rows("tiny"), "own.toml")
    assert "2 virtual people, 3 exercises, no motion capture." in text and "27" not in text and "DeepMimic" not in text
    # Neither of its two people is one that is kept for testing.
    assert "Test: other takes of people whom training saw too." in text
    assert "`agonist corpus build --out CORPUS --budget tiny --seed 3`" in text and "`agonist train own.toml --data" in text


def test_takes_that_are_not_usable_count_for_nothing():
    rows = [{"exercise": "a/x", "person": person, "source": "mocap", "split": split, "usable": usable}
            for person, split, usable in (("A", "train", True), ("B", "train", False), ("B", "test", True))]  # fmt: skip
    found = corpus_contents(rows)
    assert (found["people"], found["test_people"], found["mocap_clips"], found["test_mocap_clips"]) == (2, 1, 1, 0)
    assert found["mocap_folders"] == ["a"]


def test_an_import_of_a_simulated_corpus(tmp_path):
    corpus = {"seed": None, "budget": "mia", "fps": 20.0, "data": "simulated, in MIA's layout", "dataset": "mia",
              "full_scale_counts": 600.0, "note": "Splits by folder."}  # fmt: skip
    rows = [{"exercise": "Squat", "person": "A", "source": "simulated mia", "split": split, "usable": True} for split in ("train", "test")]
    text = _card(tmp_path, corpus, rows)
    assert "Training data: simulated, in MIA's layout, 20 frames a second. Splits by folder." in text
    assert "1 virtual person, 1 exercise, no motion capture." in text and "corpus build" not in text and "None" not in text
    assert "`agonist data mia import COPY --out CORPUS --full-scale 600`" in text


def test_measuring_says_what_the_corpus_holds_that_taught_the_model(corpus, tmp_path):
    (tmp_path / "tiny.toml").write_text(ENCODER_RECIPE.format(steps=1))
    recipe.train(tmp_path / "tiny.toml", corpus, tmp_path / "model")
    card = tmp_path / "model" / "CARD.md"
    assert "6 virtual people, 1 exercise, 1 clip of motion capture." in card.read_text()
    assert "2 people and 1 clip of motion capture that training never saw." in card.read_text()
    assert "with the same corpus, `agonist train tiny.toml --data CORPUS --out tiny`" in card.read_text()
    # What another corpus holds is not what it learned from.
    path, model = corpus / "corpus.json", tmp_path / "model" / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "seed": 1}))
    document = json.loads(model.read_text())
    del document["training"]["contents"]
    model.write_text(json.dumps(document))
    measure.measure_folder(tmp_path / "model", corpus)
    assert "virtual people" not in card.read_text() and "contents" not in model.read_text()


@pytest.mark.parametrize(
    ("corpus", "unit"),
    [
        ({"data": "simulated"}, "fraction of maximal activation"),
        ({"data": "measured EMG", "full_scale_counts": 515.0}, "sensor counts over 515, which is no share of anybody's maximum"),
        ({"data": "simulated, in MIA's layout", "full_scale_counts": 600.0}, "counts of an imaginary sensor over 600, which is no share"),
    ],
)
def test_activation_is_in_the_unit_of_the_corpus(tmp_path, corpus, unit):
    training = {"recipe": "agonist.toml", "corpus": {"fps": 20.0, "seed": None, **corpus}, "data": corpus["data"]}
    assert f"left and right), as {unit}" in _written(tmp_path, training)
    write_contract(tmp_path, {"training": training}, {})
    assert json.loads((tmp_path / "model.json").read_text())["units"]["activation"].startswith(unit)


def test_what_holds_for_the_simulation_alone_is_not_said_of_measured_data(tmp_path):
    training = {"recipe": "agonist.toml", "corpus": {"fps": 20.0}, "data": "measured EMG: sensor counts over 515; poses from video"}
    text = _written(tmp_path, training)
    assert "No external loads" in text and "simulat" not in text


def test_a_muscle_that_is_constant_in_the_test_has_no_correlation(tmp_path, monkeypatch):
    model, rng = load_model(), np.random.default_rng(0)
    moves = body25_from_motion(exercise("Squat", 2.0)).positions[:60].astype(np.float32)
    level = {split: rng.random((60, 8)).astype(np.float32) for split in ("train", "test")}
    level["test"][:, 3] = 0.25
    clips = {split: [CorpusClip(split, "Squat", "A", "exercise", moves, values)] for split, values in level.items()}
    monkeypatch.setattr(measure, "read_corpus", lambda _, split: (clips[split], {"fps": model.contract.fps, "data": "simulated"}))
    metrics = measure.measure(model, tmp_path, edits=False)
    found, name = metrics["encoder"], model.contract.muscles.names[3]
    # JSON has no number for it.
    assert json.loads(json.dumps(metrics, allow_nan=False))["encoder"]["r_per_muscle"][name] is None
    assert sum(r is not None and abs(r) <= 1 for r in found["r_per_muscle"].values()) == 7 and abs(found["r_mean"]) <= 1
    text = _written(tmp_path, {"recipe": "agonist.toml", "corpus": {**_BUILT, "budget": "tiny"}, "data": "simulated"}, metrics)
    assert f"| {name} | {found['rmse_per_muscle'][name]:.4f} | – |" in text
