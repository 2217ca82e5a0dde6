"""The data card: its numbers are those of the takes, its pictures are pictures, broken corpora say what is wrong."""

import json

import numpy as np
import pytest

from agonist.cli.main import main
from agonist.corpus.card import write_card
from agonist.corpus.exercises import perform
from agonist.corpus.mia_import import import_mia
from agonist.corpus.summary import LOADED, expectations, read_takes, speed_m_s
from agonist.errors import FileFormatError
from agonist.humanoid import body25_from_motion
from tests.corpus.mia_copies import small_copy

pytest.importorskip("matplotlib")


def _row(take_id, exercise, person, split, **more):
    quality = {"keypoint_error_m": 0.005, "residual_share": 0.03, "reserve_share": 0.05}
    return {"id": take_id, "exercise": exercise, "person": person, "split": split, "source": "parametric", "upper": "", "variation": 0.0,
            "usable": True, **quality, **more}  # fmt: skip


@pytest.fixture
def corpus(tmp_path):
    """A squat that loads the quadriceps, a row that loads nothing, standing, a mixture, and a clip that is not usable."""
    folder = tmp_path / "corpus"
    (folder / "takes").mkdir(parents=True)
    rows = [
        _row("a", "Squat", "Subject0", "train"), _row("b", "Row", "Subject1", "train"), _row("c", "Idle", "Subject8", "test"),
        _row("d", "Squat", "Subject0", "train", upper="HookPunch", variation=0.1),
        _row("e", "cmu02/02_01.amc", "Subject0", "train", source="mocap", usable=False, residual_share=0.4),
    ]  # fmt: skip
    level = {"a": [0.5, 0.2, 0.02, 0.02], "b": [0.1, 0.1, 0.03, 0.05], "c": [0.05, 0.01, 0.02, 0.02]}
    for row in rows:
        motion = perform("Squat" if row["source"] == "mocap" else row["exercise"], 2.0, 1.7, np.random.default_rng(3)).resample(20.0)
        keypoints = body25_from_motion(motion).positions.astype(np.float32)
        values = np.tile(level.get(row["id"], [0.9] * 4), (len(keypoints), 2)).astype(np.float32)
        np.savez(folder / "takes" / f"{row['id']}.npz", keypoints=keypoints, activation=values)
    (folder / "corpus.json").write_text(json.dumps({"budget": "test", "seed": 7, "fps": 20.0, "motions_crc32": 99, "takes": rows}))
    return folder


def test_a_card_counts_what_is_there_and_draws_each_exercise_once(corpus, tmp_path):
    numbers = write_card(corpus, tmp_path / "card")
    assert (numbers["takes"], numbers["usable"]) == (5, 4)
    assert numbers["minutes"] == pytest.approx(5 * 41 / 20 / 60)
    assert numbers["pictures"] == ["distributions.png", *(f"strips/{name}.png" for name in ("Squat", "Idle", "Row", "02_01"))]
    for name in numbers["pictures"]:
        picture = (tmp_path / "card" / name).read_bytes()
        assert picture.startswith(b"\x89PNG\r\n") and len(picture) > 10_000
    squat = next(row for row in numbers["exercises"] if row["exercise"] == "Squat")
    # The mixture's 0.9 is not the squat's.
    assert squat["takes"] == 1 and squat["peak"]["quadriceps"] == pytest.approx(0.5) and squat["mean"]["biceps"] == pytest.approx(0.02)
    text = (tmp_path / "card" / "CARD.md").read_text()
    assert "**All activation here is simulated.**" in text and "Not usable: 02_01 1." in text
    assert "Checksums: motions 99, physics none." in text
    assert "| Row | latissimus | 0.03 | 0.02 | hamstrings | **no** |" in text
    assert str(tmp_path) not in text


def test_the_command_says_what_falls_short_and_prints_one_object(corpus, tmp_path, capsys):
    for arguments in (["--json"], ["--quiet"], []):
        with pytest.raises(SystemExit) as stop:
            main(["corpus", "card", str(corpus), "--out", str(tmp_path / "card"), *arguments])
        said = capsys.readouterr()
        assert stop.value.code == 0
        if arguments == ["--json"]:
            assert json.loads(said.out)["takes"] == 5 and "Does not load the muscle it should: Row" in said.err
        else:
            assert ("Row" in said.out) == (not arguments) and said.err == ""
    with pytest.raises(SystemExit) as stop:
        main(["corpus", "card", str(tmp_path), "--out", str(tmp_path / "card2")])
    assert stop.value.code == 2 and "corpus.json" in capsys.readouterr().err and not (tmp_path / "card2").exists()


def test_expectations_are_measured_against_standing(corpus):
    takes = [take for take in read_takes(corpus)[1] if take.row["usable"] and not take.row["upper"]]
    rows = {row["exercise"]: row for row in expectations(takes)}
    assert rows.keys() == {"Squat", "Row"}
    assert rows["Squat"]["loaded"] and not rows["Row"]["loaded"]
    assert rows["Squat"]["peak"] - rows["Squat"]["standing"] == pytest.approx(0.45) and LOADED < 0.45
    # Without anybody standing the bar is at 0.
    alone = expectations([take for take in takes if take.name == "Row"])
    assert alone[0]["standing"] == 0.0 and not alone[0]["loaded"]


def test_speed_is_metres_a_second(corpus):
    take = read_takes(corpus)[1][0]
    moved = take.keypoints[:1] + np.arange(5)[:, None, None] * np.array([0.0, -0.1, 0.0])
    assert speed_m_s(type(take)(take.row, moved, take.activation[:5], 20.0)) == pytest.approx(2.0)
    assert speed_m_s(type(take)(take.row, moved[:1], take.activation[:1], 20.0)) == 0.0


@pytest.mark.parametrize("simulated", [False, True])
def test_an_import_of_mia_has_a_card_that_says_what_is_measured(tmp_path, simulated):
    small_copy(tmp_path / "MIADatasetOfficial")
    if simulated:
        (tmp_path / "MIADatasetOfficial" / "SIMULATED.txt").write_text("SIMULATED DATA")
    document = import_mia(tmp_path, tmp_path / "mia")
    numbers = write_card(tmp_path / "mia", tmp_path / "card")
    assert numbers["takes"] == len(document["takes"]) and numbers["pictures"] == ["distributions.png", "strips/Squat.png"]
    text = (tmp_path / "card" / "CARD.md").read_text()
    assert document["note"] in text and "## Quality of the simulation" not in text and "| Squat (MIA) |" in text
    # A person of MIA has the name of a virtual one, whose body nobody measured.
    assert ("sex" in text) == simulated and ("Does an exercise load its muscle?" in text) == simulated
    assert ("**Measured EMG: sensor counts over 515" in text) != simulated and ("imulated" in text) == simulated


def _edit(folder, change):
    document = json.loads((folder / "corpus.json").read_text())
    change(document)
    (folder / "corpus.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: (f / "corpus.json").unlink(), "corpus.json"),
        (lambda f: (f / "corpus.json").write_text("{"), "corpus.json"),
        (lambda f: (f / "takes" / "b.npz").unlink(), r"b\.npz"),
        (lambda f: (f / "takes" / "b.npz").write_bytes(b"PK\x03\x04 broken"), r"b\.npz"),
        (lambda f: np.savez(f / "takes" / "b.npz", keypoints=np.ones((3, 25, 3)), activation=np.ones((3, 7))), r"\(3, 7\)"),
        (lambda f: _edit(f, lambda d: d["takes"].clear()), "no takes"),
        (lambda f: _edit(f, lambda d: d["takes"][0].pop("usable")), "without usable"),
        (lambda f: _edit(f, lambda d: d.pop("fps")), "fps"),
    ],
)
def test_a_broken_corpus_gives_no_card(corpus, tmp_path, break_it, message):
    break_it(corpus)
    with pytest.raises(FileFormatError, match=message):
        write_card(corpus, tmp_path / "card")
    assert not (tmp_path / "card").exists()
