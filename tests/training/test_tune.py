"""One person's motion and EMG: training goes on from the shipped network, and other muscles are left alone."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist import io
from agonist.activation import Activation
from agonist.errors import FileFormatError, InputError
from agonist.humanoid import body25_from_motion
from agonist.io import Unsaid, csv_activation, mot_sto, npz, trc
from agonist.keypoint_layouts import BODY25
from agonist.model import load_model
from agonist.muscles import muscle_set
from agonist.networks.motion_muscle import CONFIGS, AgonistEncoder
from agonist.predict import standing_keypoints
from agonist.training import tune as tune_module
from agonist.training.export import export_onnx, write_contract
from agonist.training.person import read_person
from agonist.training.tune import PersonClip, TuneSettings, encode_clip, shipped_encoder, tune, tune_encoder
from agonist.training.uncertainty import gaussian_surprise

from .conftest import swaying

pytestmark = pytest.mark.training

MODEL = load_model("agonist")
SHORT = TuneSettings(steps=50, batch=4, learning_rate=3e-3)


@pytest.fixture(scope="module")
def clip():
    """24 s of swaying; two muscles carry sensors and follow the feet's heights, in another unit than the simulation's."""
    keypoints = body25_from_motion(swaying(3, 480)).positions
    activation = np.full((480, 8), np.nan)
    height = keypoints[:, 11, 2] - keypoints[:, 11, 2].min()
    activation[:, 4], activation[:, 5] = np.clip(2 * height, 0, 1), np.clip(0.6 - 2 * height, 0, 1)
    return PersonClip(keypoints, activation)


def test_the_shipped_network_comes_back_from_its_file(clip):
    encoder = shipped_encoder(MODEL)
    np.testing.assert_allclose(encode_clip(encoder, clip.keypoints), MODEL.encode(clip.keypoints)[0], atol=1e-5)


def test_sensors_are_learned_and_other_muscles_stay(clip, tmp_path):
    encoder = shipped_encoder(MODEL)
    before = encode_clip(encoder, clip.keypoints)
    tune_encoder(encoder, *clip.cut(0.8), SHORT, tmp_path / "log.csv")
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
    assert model.encode(clip.keypoints)[0].shape == (480, 8) and not model.has("editor")
    training = json.loads((tmp_path / "me" / "model.json").read_text())["training"]
    assert training["from"] == "agonist" and "measured EMG of one person" in training["data"]
    card = (tmp_path / "me" / "CARD.md").read_text()
    assert "then measured EMG of one person" in card and "| hamstrings_r |" in card and "agonist train person" in card


def test_a_tuned_model_is_as_unsure_as_its_errors_on_what_it_did_not_learn(clip, tmp_path, monkeypatch):
    """Of measured muscles; the others say what they said."""
    noisy = PersonClip(clip.keypoints, np.array(clip.activation))
    # Nothing in the motion tells of this, so nobody can learn it.
    noisy.activation[336:, 4:6] = np.clip(noisy.activation[336:, 4:6] + 0.4 * np.sin(np.arange(144) / 3)[:, None], 0, 1)
    tune(MODEL, noisy, tmp_path / "me", "", SHORT)
    with monkeypatch.context() as patch:
        patch.setattr(tune_module, "widen_uncertainty", lambda *_: None)
        tune(MODEL, noisy, tmp_path / "sure", "", SHORT)
    held, sensors, others = slice(336, 408), [4, 5], [0, 1, 2, 3, 6, 7]
    (level, said), (same, sure) = (load_model(tmp_path / name).encode(clip.keypoints[held]) for name in ("me", "sure"))
    np.testing.assert_allclose(level, same, atol=1e-6)
    np.testing.assert_allclose(said[:, others], sure[:, others], rtol=1e-5)
    surprise = [np.sqrt((((level - noisy.activation[held]) / one)[:, sensors] ** 2).mean()) for one in (said, sure)]
    assert surprise[0] == pytest.approx(1, rel=0.15) and surprise[1] > 1.5


def test_a_figure_that_is_no_number_is_null_and_a_dash(clip, tmp_path):
    still = PersonClip(clip.keypoints, np.array(clip.activation))
    still.activation[400:, 5] = 0.25
    figures = tune(MODEL, still, tmp_path / "me", "", replace(SHORT, steps=2))

    def refuse(name):
        raise AssertionError(name)

    document = json.loads((tmp_path / "me" / "model.json").read_text(), parse_constant=refuse)
    assert document["metrics"]["tuned"] == figures
    assert figures["hamstrings_r"]["after"]["r"] is None and figures["hamstrings_r"]["after"]["rmse"] > 0
    assert "| hamstrings_r | – | – | 0." in (tmp_path / "me" / "CARD.md").read_text()


def test_a_sensor_that_fell_silent_is_judged_by_what_it_said(clip, tmp_path):
    gaps = PersonClip(clip.keypoints, np.array(clip.activation))
    gaps.activation[477:, 5] = np.nan
    gaps.activation[20:25, 5] = np.nan
    whole = tune(MODEL, clip, tmp_path / "whole", "", replace(SHORT, steps=2))
    figures = tune(MODEL, gaps, tmp_path / "gaps", "", replace(SHORT, steps=2))
    for figure in ("r", "rmse"):
        assert figures["hamstrings_r"]["before"][figure] == pytest.approx(whole["hamstrings_r"]["before"][figure], abs=0.05)
        assert figures["hamstrings_r"]["after"][figure] is not None


def test_a_short_clip_is_refused(clip, tmp_path):
    short = PersonClip(clip.keypoints[:420], clip.activation[:420])
    with pytest.raises(InputError, match=r"420 frames .* Expected 427 or more \(22 s\)"):
        tune(MODEL, short, tmp_path / "me", "", SHORT)
    with pytest.raises(InputError, match=r"357 frames .* 63 to choose .* Expected 64 or more of each"):
        tune_encoder(shipped_encoder(MODEL), *short.cut(0.85), SHORT, tmp_path / "log.csv")
    assert not list(tmp_path.iterdir())


def test_what_is_reported_neither_taught_nor_chose(clip, tmp_path):
    """The last 15 % may be anything: the weights are the same to the bit, and the figures are of it."""
    other = PersonClip(np.array(clip.keypoints), np.array(clip.activation))
    last = slice(round(0.85 * len(clip.keypoints)), None)
    other.activation[last, 4:6] = 1 - clip.activation[last, 4:6]
    settings = replace(SHORT, steps=6)
    figures = [tune(MODEL, one, tmp_path / name, "", settings) for name, one in (("a", clip), ("b", other))]
    weights = [(tmp_path / name / "encoder.safetensors").read_bytes() for name in "ab"]
    assert weights[0] == weights[1]
    for name in ("quadriceps_r", "hamstrings_r"):
        for when in ("before", "after"):
            assert figures[1][name][when]["r"] == pytest.approx(-figures[0][name][when]["r"], abs=1e-6)
    # The middle part does choose them.
    chooses = slice(round(0.7 * len(clip.keypoints)), last.start)
    other.activation[chooses, 4:6] = encode_clip(shipped_encoder(MODEL), clip.keypoints)[chooses, 4:6]
    tune(MODEL, other, tmp_path / "c", "", replace(settings, learning_rate=0.1))
    tune(MODEL, clip, tmp_path / "d", "", replace(settings, learning_rate=0.1))
    assert (tmp_path / "c" / "encoder.safetensors").read_bytes() != (tmp_path / "d" / "encoder.safetensors").read_bytes()


def test_killed_and_called_again_it_ends_with_the_same_weights(clip, tmp_path, monkeypatch):
    settings = replace(SHORT, steps=20)
    tune(MODEL, clip, tmp_path / "a", "", settings)
    steps = []

    def until_killed(*given):
        steps.append(None)
        if len(steps) == 14:
            raise KeyboardInterrupt
        return gaussian_surprise(*given)

    with monkeypatch.context() as patch:
        patch.setattr(tune_module, "gaussian_surprise", until_killed)
        with pytest.raises(KeyboardInterrupt):
            tune(MODEL, clip, tmp_path / "b", "", settings)
        assert [path.name for path in (tmp_path / "b").glob("*.safetensors")] == ["encoder.checkpoint.safetensors"]
        steps.clear()
        # It was killed at the fourteenth step, kept the twelfth, and so has eight left.
        patch.setattr(tune_module, "gaussian_surprise", lambda *given: steps.append(None) or gaussian_surprise(*given))
        tune(MODEL, clip, tmp_path / "b", "", settings)
    assert len(steps) == 8
    assert (tmp_path / "a" / "encoder.safetensors").read_bytes() == (tmp_path / "b" / "encoder.safetensors").read_bytes()
    assert not (tmp_path / "b" / "encoder.checkpoint.safetensors").exists()


def test_a_causal_model_stays_causal(clip, tmp_path):
    """What is said of a frame hangs on no later one, before tuning, after it, and after tuning once more."""
    torch.manual_seed(0)
    encoder = AgonistEncoder(CONFIGS["agonist-causal"]).eval()
    example = torch.tensor(clip.keypoints[None, :64], dtype=torch.float32)
    encoder.learn_scales(encoder.features(example).flatten(0, 1))
    with torch.no_grad():
        # Equal weights are one in an exported file; training leaves none equal.
        for weight in encoder.parameters():
            weight += 0.02 * torch.randn_like(weight)
    live = tmp_path / "live"
    live.mkdir()
    files = {"encoder": export_onnx(encoder, "encoder", (example, torch.ones(1, 64, 25)), live / "encoder.onnx")}
    training = {"settings": {"config": "agonist-causal"}}
    write_contract(live, {"name": "live", "fps": 20.0, "window": 64, "training": training}, files)
    np.testing.assert_allclose(
        encode_clip(shipped_encoder(load_model(live)), clip.keypoints), load_model(live).encode(clip.keypoints)[0], atol=1e-5
    )
    other = np.array(clip.keypoints[:64])
    other[40:] += 0.3 * np.random.default_rng(0).random((24, 25, 3))
    for before, after in (("live", "me"), ("me", "me again")):
        tune(load_model(tmp_path / before), clip, tmp_path / after, "", replace(SHORT, steps=3))
        tuned = load_model(tmp_path / after)
        whole, changed = tuned.encode(clip.keypoints[:64])[0], tuned.encode(other)[0]
        np.testing.assert_allclose(changed[:40], whole[:40], atol=1e-6)
        assert np.abs(changed[40:] - whole[40:]).max() > 1e-4


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


def test_what_a_tracker_lost_is_not_taken_for_seen(tmp_path):
    """As in predictions: a hand that was filled in teaches nothing that it would not say of one that is filled in later."""
    motion, emg = _files(tmp_path)
    whole = standing_keypoints(io.read(motion))
    positions, hand = np.array(whole.positions), BODY25.index("wrist_l")
    positions[200:500, hand] = np.nan
    npz.write(tmp_path / "lost.npz", replace(whole, positions=positions, confidence=np.isfinite(positions).all(axis=-1).astype(float)))
    clip = read_person(tmp_path / "lost.npz", emg, MODEL)
    assert clip.confidence.min() == 0 and (clip.confidence[:, hand] < 0.5).mean() > 0.1 and clip.confidence[:, 0].min() == 1
    encoder = shipped_encoder(MODEL)
    told = encode_clip(encoder, clip.keypoints, clip.confidence)
    np.testing.assert_allclose(told, MODEL.encode(clip.keypoints, clip.confidence)[0], atol=1e-5)
    assert np.abs(told - encode_clip(encoder, clip.keypoints)).max() > 1e-4
    first, last = clip.cut(0.5)
    np.testing.assert_array_equal(np.concatenate([first.seen, last.seen]), clip.confidence)


def test_what_a_low_pass_leaves_below_zero_is_nothing(tmp_path):
    wave = np.clip(0.5 * np.sin(np.arange(1800) / 50), -0.0099, 1)
    read = read_person(*_files(tmp_path, values=np.stack([wave, wave], axis=1)), MODEL).activation[:, 4]
    assert read.min() == 0 and read.max() == pytest.approx(0.5, abs=1e-3)
    with pytest.raises(FileFormatError, match=r"EMG from -0\.0101.* not below -2 % of the largest"):
        read_person(*_files(tmp_path, values=np.stack([wave * (1 + 0.03 * (wave < 0)), wave], axis=1)), MODEL)


def test_what_the_motions_file_does_not_say_is_told(tmp_path):
    motion, emg = _files(tmp_path)
    trc.write(tmp_path / "sway.trc", standing_keypoints(io.read(motion)))
    told = [read_person(tmp_path / "sway.trc", emg, MODEL, Unsaid(up=up)).keypoints for up in ("y", "z")]
    np.testing.assert_allclose(told[0], read_person(motion, emg, MODEL).keypoints, atol=1e-4)
    # Somebody who stands along Y lies where Z is up.
    assert np.ptp(told[0][0, :, 2]) > 1.2 > np.ptp(told[1][0, :, 2])


def test_our_csv_is_read(tmp_path):
    motion, _ = _files(tmp_path)
    values = np.full((360, 8), 0.25)
    csv_activation.write(tmp_path / "emg.csv", Activation(values, muscle_set("mia8"), 20.0))
    np.testing.assert_allclose(read_person(motion, tmp_path / "emg.csv", MODEL).activation, 0.25)


def test_a_csv_of_those_muscles_that_had_a_sensor_is_read(tmp_path):
    motion, _ = _files(tmp_path)
    rows = "".join(f"{k / 20},0.25,0.5\n" for k in range(360))
    (tmp_path / "emg.csv").write_text("time_s,quadriceps_l,hamstrings_l\n" + rows)
    found = read_person(motion, tmp_path / "emg.csv", MODEL).activation
    assert np.isfinite(found).any(axis=0).tolist() == [name in ("quadriceps_l", "hamstrings_l") for name in muscle_set("mia8").names]


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
