"""`agonist evaluate edit --peers` and `--scopes` as people call them."""

import json
from functools import partial

import pytest

from agonist.evaluation.edit_peers import METHODS, compare_edits
from agonist.evaluation.edit_scopes import WAYS
from agonist.io import bvh
from agonist.model import load_model
from tests.clips import exercise


def test_three_ways_in_one_table(agonist, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setattr("agonist.evaluation.edit_peers.compare_edits", partial(compare_edits, steps=2))
    bvh.write(tmp_path / "squat.bvh", exercise("Squat", 3.5))
    done = agonist("evaluate", "edit", tmp_path / "squat.bvh", "--peers", "--json", "--out", tmp_path / "report.json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert tuple(document["peers"]["methods"]) == METHODS and json.loads((tmp_path / "report.json").read_text()) == document
    corpus = load_model("mia-paper").contract.raw["training"]["corpus"]
    of = f"mia-paper: corpus budget {corpus['budget']}, seed"
    for said in (*METHODS, "24 edits of 1 clips three ways", "nothing is measured", "skate cm/s", of):
        assert said in done.err, said


def test_a_clip_too_short_to_compare_is_named(agonist, clip):
    pytest.importorskip("torch")
    done = agonist("evaluate", "edit", clip, "--peers", "--quiet")
    assert done.code == 2 and "squat.bvh: 3.0 s. Expected at least 3.2 s" in done.err and done.err.count("\n") == 1


def test_the_other_ways_to_ask_in_one_table(agonist, tmp_path):
    bvh.write(tmp_path / "squat.bvh", exercise("Squat", 1.0))
    done = agonist("evaluate", "edit", tmp_path / "squat.bvh", "--scopes", "--json", "--out", tmp_path / "report.json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert tuple(document["scopes"]) == tuple(WAYS) and json.loads((tmp_path / "report.json").read_text()) == document
    for said in (*WAYS, "mia-paper", "out of reach %", "changed elsewhere"):
        assert said in done.err, said
