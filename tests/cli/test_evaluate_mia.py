"""`agonist evaluate mia` as people call it."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import agonist as agonist_package
from agonist.errors import WorkError
from tests.corpus.mia_copies import listed_copy
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


def test_several_protocols_make_an_overview_and_train_nothing_twice(agonist, tmp_path, monkeypatch):
    fold = pytest.importorskip("agonist.training.fold")
    write_corpus(tmp_path / "corpus")
    train, trained = fold.train_fold, []
    monkeypatch.setattr(fold, "train_fold", lambda *given, **named: trained.append(given[:2]) or train(*given, **named))
    done = agonist("evaluate", "mia", "--data", tmp_path / "corpus", "--budget", "tiny", "--protocol", "all", "--models", "agonist",
                   "--out", tmp_path / "table.md", "--out", tmp_path / "table.json")  # fmt: skip
    assert done.code == 0, done.err
    text = (tmp_path / "table.md").read_text()
    assert text in done.out and "SIMULATED" in text and not (tmp_path / "table.json").exists()
    names = ("in", "exercise-out", "person-out", "time-blocked", "temporal")
    reports = {name: json.loads((tmp_path / f"table-{name}.json").read_text()) for name in names}
    assert all(f"Protocol `{name}`" in (tmp_path / f"table-{name}.md").read_text() for name in names)
    # Whole windows of the temporal protocol are those of the first one; of the others none are alike.
    encoders = [one for one in trained if one[0][1] == "encoder"]
    assert [frames for _, frames in encoders].count(1) == 1 and len(trained) == 2 * (1 + 2 + 2 + 1) + 1
    assert reports["temporal"]["temporal"]["frames"]["30"]["agonist"] == reports["in"]["encoder"]["pooled"]["agonist"]
    rows = {cells[0]: cells[1:] for cells in ([one.strip(" *") for one in line.split("|")[1:-1]] for line in text.splitlines()) if cells}
    wanted = [f"{reports[name]['decoder']['pooled']['mean']['rmse']['value']:.4f}" for name in names[:4]]
    assert f"| mean | {' | '.join(wanted)} |" in text.replace("*", "") and len(rows["agonist lower than retrieval by"]) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--protocol", "out"], "Unknown protocol 'out'. Available: in, exercise-out, person-out, time-blocked, temporal, all"),
        (["--protocol", ","], "--protocol ',': no name. Expected one or more"),
        (["--budget", "huge"], "Unknown budget 'huge'. Available: tiny, small, full"),
        (["--models", "k-mia-paper"], "'k-mia-paper': a clip calibrates sensor gains, which only some networks of ours learn. Exp"),
        (["--models", "k-agonist"], "'k-agonist': protocol 'in' has nobody new to calibrate; k-agonist is c-agonist there. Expected"),
        (["--models", "k-agonist", "--protocol", "person-out,in"], "protocol 'in' has nobody new to calibrate"),
        (["--models", "agonist,nobody"], "Unknown network 'nobody'. Available: mia-paper"),
        (["--out", "{tmp}/table.txt"], "Expected a file ending in .md or .csv or .json"),
        (["--data", "{tmp}/nothing"], "corpus.json: cannot be read"),
        (["--seed", "-1"], "--seed"),
        (["--directions", ""], "--directions '': no name. Expected one or more"),
        (["--models", " , "], "--models ' , ': no name. Expected one or more"),
    ],
)
def test_a_call_that_is_wrong(agonist, corpus, tmp_path, arguments, message):
    given = ["--data", corpus, "--budget", "tiny", *(one.format(tmp=tmp_path) for one in arguments), "--out", tmp_path / "table.md"]
    done = agonist("evaluate", "mia", *given)
    assert done.code == 2 and done.out == "" and done.err.count("\n") == 1 and message in done.err, done.err
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_somebody_new_is_calibrated_by_a_clip(agonist, tmp_path):
    pytest.importorskip("torch")
    write_corpus(tmp_path / "three")
    given = ["--data", tmp_path / "three", "--budget", "tiny", "--protocol", "person-out", "--gains", "hidden"]
    given += ["--models", "c-agonist,k-agonist"]
    done = agonist("evaluate", "mia", *given, "--out", tmp_path / "t.md", "--out", tmp_path / "t.json")
    assert done.code == 0, done.err
    text, document = (tmp_path / "t.md").read_text(), json.loads((tmp_path / "t.json").read_text())
    assert "## Calibration clips" in text and [one["seconds"] for one in document["calibration"]["people"]] == [12.0] * 3
    for direction in ("encoder", "decoder"):
        told, mean = (document[direction]["pooled"][name]["rmse"]["value"] for name in ("k-agonist", "c-agonist"))
        assert told != mean
    helped = agonist("evaluate", "mia", "--help")
    assert "k-agonist" in helped.out and "calibration clip" in " ".join(helped.out.split())


def test_names_that_are_given_twice_count_once(agonist, corpus, tmp_path):
    pytest.importorskip("torch")
    given = ["evaluate", "mia", "--data", corpus, "--budget", "tiny", "--directions"]
    once = agonist(*given, "encoder", "--models", "agonist", "--out", tmp_path / "once.json")
    twice = agonist(*given, "encoder,encoder", "--models", "agonist,agonist", "--out", tmp_path / "twice.json")
    assert (once.code, twice.code) == (0, 0), twice.err
    documents = [json.loads((tmp_path / f"{name}.json").read_text()) for name in ("once", "twice")]
    assert documents[0]["encoder"] == documents[1]["encoder"] and len(documents[1]["training"]) == 1


def test_a_picture_that_cannot_be_drawn_is_said_before_the_work(agonist, corpus, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = agonist("evaluate", "mia", "--data", corpus, "--budget", "tiny", "--out", tmp_path / "t.png", "--out", tmp_path / "t.md")
    assert done.code == 1 and "matplotlib" in done.err and done.err.count("\n") == 1, done.err
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_a_picture_that_fails_costs_no_table(agonist, corpus, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    from agonist.evaluation import mia_plot

    def fails(*_):
        raise WorkError("no ink")

    monkeypatch.setattr(mia_plot, "plot_report", fails)
    given = ["--data", corpus, "--budget", "tiny", "--directions", "encoder", "--models", "mia-paper"]
    done = agonist("evaluate", "mia", *given, "--out", tmp_path / "a.png", "--out", tmp_path / "t.md")
    assert done.code == 1 and "no ink" in done.err and "Motion to muscle" in (tmp_path / "t.md").read_text()
    # Whichever is written first, the kept parts are beside the file that was named first.
    assert (tmp_path / "a.folds").is_dir() and not (tmp_path / "a.png").exists()


@pytest.mark.parametrize("damage", [b"", b"rubbish", b"[]", b'{"takes": [{}]}', b'{"takes": 3}'])
def test_a_damaged_corpus_is_named(agonist, corpus, tmp_path, damage):
    (corpus / "corpus.json").write_bytes(damage)
    done = agonist("evaluate", "mia", "--data", corpus, "--budget", "tiny", "--out", tmp_path / "table.md")
    assert done.code == 2 and done.err.count("\n") == 1 and "corpus.json" in done.err and "bug" not in done.err, done.err


def test_a_damaged_take_is_named(agonist, corpus, tmp_path):
    (corpus / "takes" / "00-Subject0-Squat.npz").write_bytes(b"PK rubbish")
    done = agonist("evaluate", "mia", "--data", corpus, "--budget", "tiny", "--out", tmp_path / "table.md")
    assert done.code == 2 and "00-Subject0-Squat.npz" in done.err


@pytest.mark.parametrize("protocol", ["in", "exercise-out", "person-out", "time-blocked"])
def test_an_imported_copy_of_mia_is_judged_on_its_authors_windows(agonist, imported, tmp_path, protocol):
    pytest.importorskip("torch")
    outs = [tmp_path / f"table.{suffix}" for suffix in ("md", "csv", "json")]
    arguments = ["evaluate", "mia", "--data", imported, "--protocol", protocol, "--budget", "tiny", "--models", "agonist"]
    done = agonist(*arguments, *(one for out in outs for one in ("--out", out)))
    assert done.code == 0, done.err
    text, document = outs[0].read_text(), json.loads(outs[2].read_text())
    assert "**MEASURED data**" in text and "nothing here is EMG" not in text and document["published"] is None
    blocked = protocol == "time-blocked"
    assert ("the authors' own, as published" in text) != blocked == ("no window of the paper" in text)
    if not blocked:
        assert f"the authors' lists ({ {'in': 1}.get(protocol, 3)})" in text and "## Windows of each fold" in text
        judged = sum(part["test"] for part in document["parts"])
        # Every window of val/ is tested once: 4 of Subject0 and 2 of each other person, an exercise.
        assert judged == 3 * (4 + 2 + 2) and document["windows"] == 3 * (38 + 8 + 8)
    assert {row["method"] for row in csv.DictReader(outs[1].open())} == {*document["encoder"]["methods"]}


@pytest.fixture
def imported(agonist, tmp_path):
    listed_copy(tmp_path / "download" / "MIADatasetOfficial")
    # The lists are in the authors' code, which lies elsewhere.
    (tmp_path / "download" / "musclesinaction").rename(tmp_path / "code")
    done = agonist("data", "mia", "import", tmp_path / "download", "--lists", tmp_path / "code", "--out", tmp_path / "mia")
    assert done.code == 0, done.err
    assert "162 windows as published; folds by the authors' lists: exercise-out 3, in 1, person-out 3" in done.out
    return tmp_path / "mia"


_TWO_RATES = (
    "from dataclasses import replace\n"
    "from agonist.cli.main import main\n"
    "from agonist.evaluation.protocols import BUDGETS\n"
    "BUDGETS['tiny'] = replace(BUDGETS['tiny'], rates=(1e-4, 1e-3))\n"
    "main()\n"
)


def test_processes_of_torchrun_share_the_work(tmp_path):
    pytest.importorskip("torch")
    write_corpus(tmp_path / "three")

    def started(out, **environment):
        command = ["evaluate", "mia", "--data", tmp_path / "three", "--protocol", "person-out", "--budget", "tiny"]
        command += ["--models", "agonist", "--directions", "encoder", "--out", out]
        given = {**os.environ, "PYTHONPATH": str(Path(agonist_package.__file__).parents[1]), "OMP_NUM_THREADS": "1", **environment}
        return subprocess.Popen([sys.executable, "-c", _TWO_RATES, *command], env=given, stdout=subprocess.PIPE, text=True)

    both = [started(tmp_path / "both.json", RANK=str(rank), WORLD_SIZE="2") for rank in (0, 1)]
    said = [one.communicate(timeout=300)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0] and "Motion to muscle" in said[0] and said[1] == ""
    alone = started(tmp_path / "alone.json")
    assert alone.communicate(timeout=300)[0] and alone.returncode == 0
    first, second = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("both", "alone"))
    assert first["encoder"] == second["encoder"] and len(first["training"]) == 2
    made = [json.loads(path.read_text()) for path in (tmp_path / "both.folds").rglob("*.json")]
    # Two folds of six methods, the trials of two rates, and which was chosen.
    assert len(made) == 2 * 6 + 2 + 1 and all(one["code"] for one in made)
