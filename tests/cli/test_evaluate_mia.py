"""`agonist evaluate mia` as people call it."""

import csv
import json

import pytest

from tests.evaluation.formula_corpus import write_corpus


@pytest.fixture
def corpus(tmp_path):
    write_corpus(tmp_path / "corpus", people=2, takes=2, frames=121)
    return tmp_path / "corpus"


def test_it_writes_what_it_says(agonist, corpus, tmp_path):
    pytest.importorskip("torch")
    outs = [tmp_path / f"table.{suffix}" for suffix in ("md", "csv", "json")]
    arguments = ["evaluate", "mia", "--data", corpus, "--budget", "tiny", "--models", "agonist, c-mia-paper"]
    arguments += [one for out in outs for one in ("--out", out)]
    done = agonist(*arguments)
    assert done.code == 0, done.err
    text = outs[0].read_text()
    assert text in done.out and "SIMULATED" in text and "budget `tiny`" in text
    document = json.loads(outs[2].read_text())
    assert document["encoder"]["methods"][-2:] == ["agonist", "c-mia-paper"] and document["decoder"]["methods"][-1] == "c-mia-paper"
    rows = list(csv.DictReader(outs[1].open()))
    (one,) = [
        row for row in rows if (row["direction"], row["table"], row["method"], row["metric"]) == ("encoder", "pooled", "agonist", "r")
    ]
    assert float(one["value"]) == pytest.approx(document["encoder"]["pooled"]["agonist"]["r"]["value"])
    # Called again, it only reads what it has kept.
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "table.folds").rglob("*.json")}
    machine = agonist(*arguments, "--json")
    assert json.loads(machine.out) == document and "Motion to muscle" in machine.err
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "table.folds").rglob("*.json")} == kept != {}
    silent = agonist(*arguments, "--quiet")
    assert (silent.code, silent.out, silent.err) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--protocol", "out"], "Unknown protocol 'out'. Available: in, exercise-out, person-out, time-blocked, temporal"),
        (["--budget", "huge"], "Unknown budget 'huge'. Available: tiny, small, full"),
        (["--models", "agonist,nobody"], "Unknown network 'nobody'. Available: mia-paper"),
        (["--out", "{tmp}/table.txt"], "Expected a file ending in .md or .csv or .json"),
        (["--data", "{tmp}/nothing"], "corpus.json: cannot be read"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_a_call_that_is_wrong(agonist, corpus, tmp_path, arguments, message):
    given = ["--data", corpus, "--budget", "tiny", *(one.format(tmp=tmp_path) for one in arguments), "--out", tmp_path / "table.md"]
    done = agonist("evaluate", "mia", *given)
    assert done.code == 2 and done.out == "" and done.err.count("\n") == 1 and message in done.err, done.err
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


@pytest.mark.parametrize("damage", [b"", b"rubbish", b"[]", b'{"takes": [{}]}', b'{"takes": 3}'])
def test_a_damaged_corpus_is_named(agonist, corpus, tmp_path, damage):
    (corpus / "corpus.json").write_bytes(damage)
    done = agonist("evaluate", "mia", "--data", corpus, "--budget", "tiny", "--out", tmp_path / "table.md")
    assert done.code == 2 and done.err.count("\n") == 1 and "corpus.json" in done.err and "bug" not in done.err, done.err


def test_a_damaged_take_is_named(agonist, corpus, tmp_path):
    (corpus / "takes" / "00-Subject0-Squat.npz").write_bytes(b"PK rubbish")
    done = agonist("evaluate", "mia", "--data", corpus, "--budget", "tiny", "--out", tmp_path / "table.md")
    assert done.code == 2 and "00-Subject0-Squat.npz" in done.err
