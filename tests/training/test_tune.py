"""One person's motion and EMG: training goes on from the shipped network, and other muscles are left alone."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.activation import Activation
from agonist.errors import FileFormatError, InputError
from agonist.humanoid import body25_from_motion
from agonist.io import csv_activation, mot_sto, npz
from agonist.model import load_model
from agonist.muscles import muscle_set
from agonist.training.person import read_person
from agonist.training.tune import PersonClip, TuneSettings, encode_clip, shipped_encoder, tune, tune_encoder

from .conftest import swaying

pytestmark = pytest.mark.training

MODEL = load_model("agonist")
SHORT = TuneSettings(steps=50, batch=4, learning_rate=3e-3)


@pytest.fixture(scope="module")
def clip():
    """18 s of swaying; two muscles carry sensors and follow the feet's heights, in another unit than the simulation's."""
    keypoints = body25_from_motion(swaying(3, 360)).positions
    activation = np.full((360, 8), np.nan)
    height = keypoints[:, 11, 2] - keypoints[:, 11, 2].min()
    activation[:, 4], activation[:, 5] = np.clip(2 * height, 0, 1), np.clip(0.6 - 2 * height, 0, 1)
    return PersonClip(keypoints, activation)


def test_the_shipped_network_comes_back_from_its_file(clip):
    encoder = shipped_encoder(MODEL)
    np.testing.assert_allclose(encode_clip(encoder, clip.keypoints), MODEL.encode(clip.keypoints)[0], atol=1e-5)


def test_sensors_are_learned_and_other_muscles_stay(clip, tmp_path):
    encoder = shipped_encoder(MODEL)
    before = encode_clip(encoder, clip.keypoints)
    tune_encoder(encoder, clip, SHORT, tmp_path / "log.csv")
    after = encode_clip(encoder, clip.keypoints)
    sensors, others = [4, 5], [0, 1, 2, 3, 6, 7]

    def error(values):
        return np.abs(values - clip.activation)[:, sensors].mean()

    assert error(after) < 0.8 * error(before)
    assert np.abs(after - before)[:, others].mean() < 0.3 * np.abs(after - before)[:, sensors].mean()


def test_a_model_folder_that_says_where_it_comes_from(clip, tmp_path):
    figures = tune(MODEL, clip, tmp_path / "me", "sway.npz and emg.sto", SHORT)
    assert figures.keys() == {"quadriceps_r", "hamstrings_r"}
    model = load_model(tmp_path / "me")
    assert model.encode(clip.keypoints)[0].shape == (360, 8) and not model.has("editor")
    training = json.loads((tmp_path / "me" / "model.json").read_text())["training"]
    assert training["from"] == "agonist" and "measured EMG of one person" in training["data"]
    card = (tmp_path / "me" / "CARD.md").read_text()
    assert "then measured EMG of one person" in card and "| hamstrings_r |" in card and "agonist train person" in card


def test_a_short_clip_is_refused(clip, tmp_path):
    short = PersonClip(clip.keypoints[:300], clip.activation[:300])
    with pytest.raises(InputError, match="Expected 320 or more"):
        tune_encoder(shipped_encoder(MODEL), short, SHORT, tmp_path / "log.csv")


def _files(folder, values=None, columns=("quadriceps_r", "EMG_7"), start=0.0):
    npz.write(folder / "sway.npz", swaying(3, 360))
    times = start + np.arange(0, 18, 0.01)
    values = np.stack([0.5 + 0.4 * np.sin(times)] * len(columns), axis=1) if values is None else values
    mot_sto.write(folder / "emg.sto", mot_sto.OpenSimTable("emg", times, columns, values))
    return folder / "sway.npz", folder / "emg.sto"


def test_a_table_of_some_muscles_is_read_at_the_motions_times(tmp_path):
    clip = read_person(*_files(tmp_path, start=2.0), MODEL)
    measured = np.isfinite(clip.activation).all(axis=0)
    assert measured.tolist() == [name == "quadriceps_r" for name in MODEL.contract.muscles.names]
    # The EMG begins two seconds into the motion of 18 s.
    assert len(clip.keypoints) == 320
    np.testing.assert_allclose(clip.activation[:, 4], 0.5 + 0.4 * np.sin(2 + np.arange(320) / 20), atol=1e-3)


def test_our_csv_is_read(tmp_path):
    motion, _ = _files(tmp_path)
    values = np.full((360, 8), 0.25)
    csv_activation.write(tmp_path / "emg.csv", Activation(values, muscle_set("mia8"), 20.0))
    np.testing.assert_allclose(read_person(motion, tmp_path / "emg.csv", MODEL).activation, 0.25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": ("EMG_7", "EMG_8")}, "Expected some of quadriceps_l"),
        ({"start": 100.0}, "Expected some of the motion's"),
        ({"values": np.full((1800, 2), 3.0)}, "share of a maximum"),
    ],
)
def test_a_table_that_does_not_fit_is_named(tmp_path, change, message):
    with pytest.raises(FileFormatError, match=f"emg.sto.*{message}"):
        read_person(*_files(tmp_path, **change), MODEL)
