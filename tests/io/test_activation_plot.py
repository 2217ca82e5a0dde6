"""Pictures of activation: what is drawn, and what cannot be."""

import sys

import numpy as np
import pytest

from agonist.activation import Activation
from agonist.errors import FileFormatError, MissingDependencyError
from agonist.io import activation_plot
from agonist.muscles import Muscle, MuscleSet, muscle_set


def _activation(frames=40, peak=0.4):
    values = np.tile(np.linspace(0, peak, frames)[:, None], (1, 8))
    return Activation(values, muscle_set("mia8"), 20.0, start=3.0, reference="simulated", uncertainty=values / 10)


@pytest.mark.parametrize("suffix", activation_plot.SUFFIXES)
def test_every_kind_of_picture_is_written(tmp_path, suffix):
    pytest.importorskip("matplotlib")
    # Dollars in a name are no formula, and a letter that no font has is no error.
    activation_plot.write(tmp_path / f"curves{suffix}", _activation(), "a$b_{$ \U00013000.csv")
    begins = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix]
    assert (tmp_path / f"curves{suffix}").read_bytes().startswith(begins)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("frames", "peak"), [(1, 0.0), (2, 1.0), (5000, 0.09)])
def test_any_length_and_strength(tmp_path, frames, peak):
    pytest.importorskip("matplotlib")
    activation_plot.write(tmp_path / "c.png", _activation(frames, peak))
    assert (tmp_path / "c.png").stat().st_size > 10_000


def test_every_muscle_has_its_row_and_both_its_sides(tmp_path):
    pytest.importorskip("matplotlib")
    activation_plot.write(tmp_path / "c.svg", _activation(), "squat.bvh")
    drawn = (tmp_path / "c.svg").read_text()
    for word in ("Quadriceps", "Hamstrings", "Latissimus", "Biceps", "left", "right", "squat.bvh", "band: one standard deviation"):
        assert f"<!-- {word}" in drawn or word in drawn, word
    assert drawn.count("#0072b2") >= 4 and drawn.count("#d55e00") >= 4


def test_of_a_whole_body_the_strongest_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    muscles = MuscleSet("body", tuple(Muscle(f"m{k // 2}_{'lr'[k % 2]}", "", f"m{k // 2}", "") for k in range(416)))
    values = np.full((30, 416), 0.01)
    values[:, 100:148] = 0.3
    activation_plot.write(tmp_path / "c.svg", Activation(values, muscles, 20.0), "walk")
    drawn = (tmp_path / "c.svg").read_text()
    assert "the 24 strongest of 208 muscles" in drawn
    assert all(f"<!-- m{k} -->" in drawn for k in range(50, 74)) and "<!-- m49 -->" not in drawn


def test_what_cannot_be_drawn_is_said(tmp_path, monkeypatch):
    with pytest.raises(FileFormatError, match=r"one of \.png, \.svg, \.pdf"):
        activation_plot.write(tmp_path / "c.gif", _activation())
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependencyError, match=r"pip install '\.\[plot\]'"):
        activation_plot.write(tmp_path / "c.png", _activation())
    assert not list(tmp_path.iterdir())
