"""Edits of a corpus's takes: which are drawn, and what physics says of them as takes of their own."""

import json
from collections import Counter
from dataclasses import asdict

import numpy as np
import pytest

from agonist.corpus.build import Take
from agonist.corpus.edited import SECONDS, build_edited, plan_edited
from agonist.edit import edit
from agonist.errors import ContractError, FileFormatError, InputError, WorkError
from agonist.model import load_model
from agonist.muscles import muscle_set

_NAMES = muscle_set("mia8").names


def _row(name, split="train", usable=True, frames=241):
    return {**asdict(Take(name, "Squat", "Subject0", "parametric", split, 12.0)), "usable": usable, "frames": frames}


def test_takes_of_the_test_are_never_edited_nor_unusable_or_short_ones():
    rows = [_row("a"), _row("b", "val"), _row("c", "test"), _row("d", usable=False), _row("e", frames=60), _row("f", frames=100)]
    planned = plan_edited(rows, _NAMES, 300, 0)
    assert {one.take.id for one in planned} == {"a", "b", "f"}
    assert len({one.id for one in planned}) == 300
    assert all(0 <= one.first_second <= 12.05 - SECONDS for one in planned)
    # Of a take that is shorter than an edited piece all is edited.
    assert {one.first_second for one in planned if one.take.id == "f"} == {0.0}
    with pytest.raises(InputError, match="No take to edit"):
        plan_edited(rows[2:5], _NAMES, 1, 0)


def test_every_muscle_is_asked_for_up_and_down_and_mostly_alone():
    asked = [one.asked for one in plan_edited([_row("a")], _NAMES, 2000, 1)]
    for name in _NAMES:
        factors = [one[name] for one in asked if name in one]
        assert min(factors) < 0.5 and max(factors) > 2 and min(factors) >= 0.35 and max(factors) <= 2.83
        assert 0.3 < np.mean(np.array(factors) > 1) < 0.7
    counts = Counter(len(one) for one in asked)
    assert counts[1] > 0.3 * len(asked) and max(counts) <= 6
    assert asked != [one.asked for one in plan_edited([_row("a")], _NAMES, 2000, 2)]


def _corpus(folder, **more):
    folder.mkdir()
    document = {"seed": 0, "budget": "tiny", "fps": 20.0, "data": "simulated", "motions_crc32": 7, "takes": [_row("00-Subject0-Squat")]}
    (folder / "corpus.json").write_text(json.dumps({**document, **more}))
    return folder


@pytest.mark.physics
def test_an_edit_is_a_take_of_its_own_and_the_same_for_any_number_of_jobs(tmp_path):
    pytest.importorskip("mujoco")
    corpus, model = _corpus(tmp_path / "corpus"), load_model()
    document = build_edited(tmp_path / "one", corpus, model, edits=2)
    assert build_edited(tmp_path / "two", corpus, model, edits=2, jobs=2) == document
    assert json.loads((tmp_path / "one" / "corpus.json").read_text()) == document
    assert document["edited"]["motions_crc32"] == 7 and document["by"]["editor_sha256"] == model.contract.files["editor"][1]
    for row in document["takes"]:
        with np.load(tmp_path / "one" / "takes" / f"{row['id']}.npz") as a, np.load(tmp_path / "two" / "takes" / f"{row['id']}.npz") as b:
            assert a["keypoints"].shape == (121, 25, 3) and a["activation"].shape == (121, 8)
            for key in a.files:
                np.testing.assert_array_equal(a[key], b[key])
        assert (row["source"], row["split"], row["person"], row["usable"]) == ("edited", "train", "Subject0", True)
    # Once more there is nothing to do; of other edits the folder knows nothing.
    written = [path.stat().st_mtime_ns for path in sorted((tmp_path / "one" / "takes").iterdir())]
    build_edited(tmp_path / "one", corpus, model, edits=2)
    assert [path.stat().st_mtime_ns for path in sorted((tmp_path / "one" / "takes").iterdir())] == written
    with pytest.raises(WorkError, match="holds another corpus"):
        build_edited(tmp_path / "one", corpus, model, edits=1)


@pytest.mark.physics
def test_what_is_simulated_is_the_edit_of_the_take(tmp_path, monkeypatch):
    pytest.importorskip("mujoco")
    made = []
    monkeypatch.setattr("agonist.corpus.edited.edit", lambda *given, **more: made.append(given) or edit(*given, **more))
    document = build_edited(tmp_path / "edits", _corpus(tmp_path / "corpus"), load_model(), edits=1)
    ((piece, asked),) = made
    assert asked == document["takes"][0]["asked"] and piece.duration == pytest.approx(SECONDS)


def test_what_cannot_be_edited_is_said_before_any_work(tmp_path):
    paper = load_model("mia-paper")
    with pytest.raises(ContractError, match=r"mia-paper: has no editor"):
        build_edited(tmp_path / "out", _corpus(tmp_path / "corpus"), paper)
    mocap = [{**_row("a"), "source": "mocap"}]
    with pytest.raises(InputError, match=r"holds motion capture\. Expected the folder of recordings"):
        build_edited(tmp_path / "out", _corpus(tmp_path / "captured", takes=mocap), load_model())
    imported = _corpus(tmp_path / "imported")
    document = json.loads((imported / "corpus.json").read_text())
    del document["motions_crc32"]
    (imported / "corpus.json").write_text(json.dumps(document))
    with pytest.raises(FileFormatError, match="agonist corpus build"):
        build_edited(tmp_path / "out", imported, load_model())
    assert not (tmp_path / "out").exists()
