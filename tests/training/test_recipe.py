"""From a corpus to a model folder that the rest of Agonist can use."""

import json
import re
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file

from agonist.activation import Activation
from agonist.decode import decode
from agonist.errors import ContractError, DivergedError, FileFormatError, InputError, UnknownNameError
from agonist.humanoid import body25_from_motion
from agonist.model import load_model
from agonist.networks.decoder import AgonistDecoder
from agonist.networks.geometry import facing
from agonist.networks.motion_muscle import CONFIGS, AgonistEncoder
from agonist.predict import predict
from agonist.revision import source_commit
from agonist.training import measure, parts, recipe
from agonist.training.data import read_corpus
from agonist.training.uncertainty import widen_uncertainty
from agonist.training.weights import encoder_twin
from agonist.windows import blend_windows, split_windows

from .conftest import swaying

pytestmark = pytest.mark.training

_RECIPE = """
name = "tiny"
config = "{config}"
parts = {parts}
seed = 5
[encoder]
steps = 3
minutes = 5.0
batch = 2
learning_rate = 1e-3
[editor]
steps = 2
minutes = 5.0
batch = 2
learning_rate = 1e-3
[decoder]
steps = 2
minutes = 5.0
batch = 2
learning_rate = 1e-3
"""
_FINE = _RECIPE.format(config="agonist", parts='["encoder"]')


@pytest.fixture(autouse=True)
def _one_short_clip(monkeypatch):
    monkeypatch.setattr(measure, "held_out_clips", lambda: {"sway": swaying(40, 30)})


@pytest.fixture(autouse=True)
def _no_physics(monkeypatch):
    monkeypatch.setattr(measure, "find_spec", lambda _: None)


def _write(folder, config="agonist", parts='["encoder", "editor"]'):
    path = folder / "tiny.toml"
    path.write_text(_RECIPE.format(config=config, parts=parts))
    return path


def test_our_model_is_trained_measured_and_usable(corpus, tmp_path):
    out, seen = tmp_path / "tiny", []
    metrics = recipe.train(_write(tmp_path), corpus, out, progress=lambda share, text: seen.append(share))
    assert sorted(path.name for path in out.iterdir()) == [
        "CARD.md", "editor.csv", "editor.onnx", "editor.safetensors", "encoder.csv", "encoder.onnx", "encoder.safetensors", "model.json",
    ]  # fmt: skip
    model = load_model(out)
    assert (model.contract.fps, model.contract.window) == (20.0, 64)
    clip = swaying(50, 90)
    activation = predict(clip, model)
    assert activation.values.shape == (90, 8) and activation.uncertainty is not None
    keypoints = measure.read_corpus(corpus, "test")[0][0].keypoints.astype(float)
    rotvec, root = model.edit(keypoints, np.zeros((len(keypoints), 8)))
    assert not rotvec.any() and not root.any()
    assert metrics["encoder"]["takes"] == 2 and metrics["encoder"]["frames"] == 160
    assert set(metrics["encoder"]["rmse_baselines"]) == {"training mean", "nearest training window", "ridge on lags"}
    assert seen and min(seen) >= 0 and max(seen) <= 1
    document = json.loads((out / "model.json").read_text())
    assert document["metrics"] == metrics
    assert document["training"]["fits"]["editor"]["steps"] == 2
    assert document["parameters"]["encoder"] == 529_040
    card = (out / "CARD.md").read_text()
    assert "Trained on simulated activation" in card
    assert "3 steps" in card and "training mean" in card and "go the way that was asked" in card
    assert "No physics was asked" in card and "Its own uncertainty" in card


def test_the_weights_beside_the_onnx_file_are_the_same_and_nothing_needs_them(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "measure_folder", lambda *_, **__: {})
    out = tmp_path / "tiny"
    recipe.train(_write(tmp_path, parts='["encoder", "decoder"]'), corpus, out)
    beside = encoder_twin(load_model(out)).state_dict()
    decoder = AgonistDecoder(CONFIGS["agonist"]).eval()
    decoder.load_state_dict(load_file(out / "decoder.safetensors"))
    # By steps, and in closed form.
    assert load_model(out).contract.raw["parameters"]["decoder"] == 1_005_104 + 1716 * 75
    assert decoder.kernel.weights.abs().max() > 0
    activation = np.full((64, 8), 0.2)
    with torch.no_grad():
        expected = decoder(torch.tensor(activation[None], dtype=torch.float32))[0][0].numpy()
    for path in out.glob("*.safetensors"):
        path.unlink()
    for name, value in encoder_twin(load_model(out)).state_dict().items():
        np.testing.assert_allclose(value, beside[name], atol=1e-6)
    assert predict(swaying(50, 90), load_model(out)).values.shape == (90, 8)
    np.testing.assert_allclose(load_model(out).decode(activation), expected, atol=1e-5)


def test_a_decoders_motion_capture_is_measured_alone(corpus, tmp_path):
    figures = recipe.train(_write(tmp_path, parts='["decoder"]'), corpus, tmp_path / "tiny")["decoder"]
    model = load_model(tmp_path / "tiny")
    clip = next(one for one in read_corpus(corpus, "test")[0] if one.source == "mocap")
    truth = blend_windows(facing(torch.tensor(split_windows(clip.keypoints.astype(float), 64))).numpy(), len(clip.keypoints))
    assert figures["rmse_mocap_m"] == pytest.approx(np.sqrt(((model.decode(clip.activation.astype(float)) - truth) ** 2).mean()))
    assert figures["rmse_mocap_baselines_m"].keys() == {"training mean", "nearest training window"}
    card = (tmp_path / "tiny" / "CARD.md").read_text()
    assert f"On its motion capture alone: {figures['rmse_mocap_m']:.4f} m (training mean" in card
    # A contract of before has no such figures, and a corpus may have no motion capture.
    document = json.loads((corpus / "corpus.json").read_text())
    for take in document["takes"]:
        take["source"] = "parametric"
    (corpus / "corpus.json").write_text(json.dumps(document))
    assert measure.measure(model, corpus)["decoder"]["rmse_mocap_m"] is None
    measure.measure_folder(tmp_path / "tiny", corpus)
    assert "motion capture alone" not in (tmp_path / "tiny" / "CARD.md").read_text()


def test_a_run_that_the_clock_cut_says_that_its_edits_were_not_measured(corpus, tmp_path):
    metrics = recipe.train(_write(tmp_path), corpus, tmp_path / "tiny", minutes=1e-6)
    assert "editor" not in metrics
    card = (tmp_path / "tiny" / "CARD.md").read_text()
    assert "The editor was not measured" in card and "stopped by the time limit" in card


@pytest.mark.parametrize("harm", ["torn", "missing", "no split"])
def test_a_test_split_that_is_not_whole_is_named_before_the_first_step(corpus, tmp_path, monkeypatch, harm):
    take = corpus / "takes" / "05.npz"
    if harm == "torn":
        take.write_bytes(take.read_bytes()[:100])
    elif harm == "missing":
        take.unlink()
    else:
        document = json.loads((corpus / "corpus.json").read_text())
        document["takes"] = [row for row in document["takes"] if row["split"] != "test"]
        (corpus / "corpus.json").write_text(json.dumps(document))
    monkeypatch.setattr(recipe, "fit", lambda *_, **__: pytest.fail("a step was made"))
    with pytest.raises(FileFormatError, match="no usable take in the split 'test'" if harm == "no split" else r"05\.npz"):
        recipe.train(_write(tmp_path), corpus, tmp_path / "tiny")


def test_a_part_that_ran_away_is_named_and_makes_no_model(corpus, tmp_path):
    path = _write(tmp_path)
    path.write_text(path.read_text().replace("1e-3", "1e30", 1).replace("steps = 3", "steps = 30"))
    with pytest.raises(DivergedError, match=r"tiny/encoder: .* at step 30, learning rate at most 1e\+30"):
        recipe.train(path, corpus, tmp_path / "tiny")
    assert not list((tmp_path / "tiny").glob("*.onnx")) and not (tmp_path / "tiny" / "model.json").exists()


def test_the_papers_pair_is_trained(corpus, tmp_path):
    metrics = recipe.train(_write(tmp_path, "mia-paper", '["encoder", "decoder"]'), corpus, tmp_path / "tiny")
    model = load_model(tmp_path / "tiny")
    assert (model.contract.fps, model.contract.window) == (10.0, 30)
    assert model.decode(np.full((50, 8), 0.1)).shape == (50, 25, 3)
    one, certain = model.decode_hypotheses(np.full((50, 8), 0.1))
    assert one.shape == (1, 50, 25, 3) and certain.tolist() == [1.0]
    assert metrics["decoder"]["rmse_m"] > 0 and metrics["encoder"]["frames"] == 80


def test_our_decoder_is_trained_and_answers_with_several_motions(corpus, tmp_path):
    metrics = recipe.train(_write(tmp_path, "agonist", '["decoder"]'), corpus, tmp_path / "tiny")
    model = load_model(tmp_path / "tiny")
    activation = np.full((90, 8), 0.1) + 0.05 * np.sin(np.arange(90)[:, None] / 5)
    hypotheses, probabilities = model.decode_hypotheses(activation)
    assert hypotheses.shape == (8, 90, 25, 3) and probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert (np.diff(probabilities) <= 0).all()
    assert model.decode(activation).shape == (90, 25, 3)
    assert metrics["decoder"]["rmse_best_m"] <= metrics["decoder"]["rmse_likeliest_m"]
    assert "answers with 8 motions" in (tmp_path / "tiny" / "CARD.md").read_text()


def test_uncertainty_is_widened_to_the_errors_of_what_was_not_learned():
    torch.manual_seed(0)
    encoder = AgonistEncoder(CONFIGS["agonist"]).eval()
    keypoints = torch.tensor(np.stack([body25_from_motion(swaying(seed, 64)).positions for seed in range(4)]), dtype=torch.float32)
    encoder.learn_scales(encoder.features(keypoints).flatten(0, 1))

    def ratio():
        with torch.no_grad():
            level, log_std = encoder(keypoints)
        return level, float((0.5 / torch.exp(log_std)).square().mean().sqrt())

    level, before = ratio()
    widen_uncertainty(encoder, keypoints, level + 0.5)
    same, after = ratio()
    # Clamped at a standard deviation of 1, which is far above any error of activation.
    assert before > 3 and after == pytest.approx(1, rel=0.02) and torch.equal(level, same)


def test_the_same_seed_gives_the_same_files(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "measure_folder", lambda *_, **__: {})
    path = _write(tmp_path)
    for name in ("a", "b"):
        recipe.train(path, corpus, tmp_path / name)
    files = [json.loads((tmp_path / name / "model.json").read_text())["files"] for name in ("a", "b")]
    assert files[0] == files[1]


def _edits_of(corpus, folder, motions_crc32=7):
    """The corpus again, as if its takes had been edited, one of them for training and one for validation."""
    shutil.copytree(corpus, folder)
    document = json.loads((folder / "corpus.json").read_text())
    (corpus / "corpus.json").write_text(json.dumps({**document, "motions_crc32": 7}))
    rows = [row for row in document["takes"] if row["id"] in ("00", "04")]
    by = {"model": "former", "encoder_sha256": "ab", "editor_sha256": "cd"}
    more = {"budget": "2 edits", "edited": {"motions_crc32": motions_crc32}, "by": by, "takes": rows}
    (folder / "corpus.json").write_text(json.dumps({**document, **more}))


def test_edits_are_learned_from_and_chosen_by_too(corpus, tmp_path, monkeypatch):
    _edits_of(corpus, tmp_path / "edits")
    recipe.train(_write(tmp_path, parts='["encoder"]'), corpus, tmp_path / "without")
    seen = []
    sampler = recipe.WindowSampler
    monkeypatch.setattr(recipe, "WindowSampler", lambda clips, *rest, **more: seen.append(len(clips)) or sampler(clips, *rest, **more))
    recipe.train(tmp_path / "tiny.toml", corpus, tmp_path / "with", edited=[tmp_path / "edits"] * 2)
    assert seen == [3 + 2, 1 + 2]
    without, with_edits = (json.loads((tmp_path / name / "model.json").read_text())["training"] for name in ("without", "with"))
    assert [one["budget"] for one in with_edits["edited"]] == ["2 edits"] * 2 and "takes" not in with_edits["edited"][0]
    assert without["edited"] == []
    assert with_edits["commit"] == without["commit"] == source_commit()


def test_edits_of_another_corpus_are_refused(corpus, tmp_path):
    _edits_of(corpus, tmp_path / "edits", motions_crc32=8)
    with pytest.raises(FileFormatError, match=r"corpus\.json: edits of the corpus of motions_crc32 8\. Expected what .* made of 7"):
        recipe.train(_write(tmp_path), corpus, tmp_path / "model", edited=[tmp_path / "edits"])
    with pytest.raises(FileFormatError, match="no edits"):
        recipe.train(_write(tmp_path), corpus, tmp_path / "model", edited=[corpus])


def test_a_training_killed_in_its_second_part_goes_on_there(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "measure_folder", lambda *_, **__: {})
    path = _write(tmp_path)
    recipe.train(path, corpus, tmp_path / "a")
    with monkeypatch.context() as patch:
        patch.setattr(parts, "edit_loss", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            recipe.train(path, corpus, tmp_path / "b")
    assert (tmp_path / "b" / "encoder.checkpoint.safetensors").is_file() and not (tmp_path / "b" / "model.json").exists()
    recipe.train(path, corpus, tmp_path / "b")
    files = [json.loads((tmp_path / name / "model.json").read_text())["files"] for name in ("a", "b")]
    assert files[0] == files[1]


def test_an_unfinished_training_of_something_else_is_not_lost(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "measure_folder", lambda *_, **__: {})
    path, checkpoint = _write(tmp_path), tmp_path / "out" / "encoder.checkpoint.safetensors"
    with monkeypatch.context() as patch:
        patch.setattr(parts, "edit_loss", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            recipe.train(path, corpus, tmp_path / "out")
    before = checkpoint.read_bytes()
    with pytest.raises(InputError, match=r"encoder\.checkpoint\.safetensors: of a training with another .* Expected the same call again"):
        recipe.train(path, corpus, tmp_path / "out", minutes=300)
    assert checkpoint.read_bytes() == before
    recipe.train(path, corpus, tmp_path / "out")
    assert not checkpoint.exists()
    # And a finished one neither.
    finished = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    with pytest.raises(InputError, match=r"out: holds a finished model\. Expected another folder"):
        recipe.train(path, corpus, tmp_path / "out")
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == finished


@pytest.mark.parametrize("name", recipe.RECIPES)
def test_shipped_recipes_can_be_read(name):
    settings, config = recipe.read_recipe(recipe.RECIPES[name])
    assert settings["name"] == name and config == CONFIGS[settings["config"]]


def test_the_released_network_is_trained_by_its_own_recipe(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "measure_folder", lambda *_, **__: {})
    text = recipe.RECIPES["mia-release"].read_text().replace("steps = 30000", "steps = 1").replace("batch = 64", "batch = 2")
    (tmp_path / "tiny.toml").write_text(text)
    recipe.train(tmp_path / "tiny.toml", corpus, tmp_path / "tiny")
    model = load_model(tmp_path / "tiny")
    assert model.contract.raw["parameters"] == {"encoder": 4_830_400, "decoder": 4_763_065}
    assert model.decode(np.full((50, 8), 0.1)).shape == (50, 25, 3)


@pytest.mark.parametrize(
    ("config", "fps", "window"),
    [("agonist", 20.0, 100), ("agonist-causal", 20.0, 31), ("mia-paper", 10.0, 31), ("mia-paper", 10.0, 1)],
)
def test_a_recipe_may_ask_for_another_window(corpus, tmp_path, config, fps, window):
    path = _write(tmp_path, config, '["encoder"]')
    path.write_text(f"window = {window}\n" + path.read_text())
    metrics = recipe.train(path, corpus, tmp_path / "tiny")
    model = load_model(tmp_path / "tiny")
    assert (model.contract.fps, model.contract.window) == (fps, window)
    assert f"windows of {window} frames" in (tmp_path / "tiny" / "CARD.md").read_text()
    # The corpus's takes are shorter than the longest of these windows, and longer than the others.
    assert metrics["encoder"]["rmse"] < 1
    clip = swaying(50, 250)
    assert predict(clip, model).values.shape == (250, 8)
    if config != "mia-paper":
        assert encoder_twin(model).config.window == window


@pytest.mark.parametrize("config", ["agonist", "agonist-causal"])
def test_gaps_of_a_causal_encoder_are_not_filled_from_the_future(corpus, tmp_path, monkeypatch, config):
    asked, damage_windows = set(), parts.damage_windows

    def watched(keypoints, rng, *, causal=False):
        asked.add(causal)
        return damage_windows(keypoints, rng, causal=causal)

    monkeypatch.setattr(parts, "damage_windows", watched)
    monkeypatch.setattr(recipe, "measure_folder", lambda *_, **__: {})
    recipe.train(_write(tmp_path, config, '["encoder"]'), corpus, tmp_path / "tiny")
    assert asked == {config == "agonist-causal"}


@pytest.mark.parametrize("config", ["agonist", "mia-paper"])
def test_a_decoder_of_two_dimensions_says_so(corpus, tmp_path, config):
    path = _write(tmp_path, config, '["decoder"]')
    path.write_text("dimensions = 2\n" + path.read_text())
    figures = recipe.train(path, corpus, tmp_path / "tiny")["decoder"]
    model = load_model(tmp_path / "tiny")
    assert model.contract.dimensions == figures["dimensions"] == 2
    assert "x and z alone, as a camera far in front" in model.contract.raw["units"]["keypoints"]
    assert "In two dimensions, x and z" in (tmp_path / "tiny" / "CARD.md").read_text()
    activation = np.full((50, 8), 0.1)
    hypotheses, _ = model.decode_hypotheses(activation)
    assert model.decode(activation).shape == (50, 25, 2) == hypotheses.shape[1:]
    clips = read_corpus(corpus, "test")[0]
    every, window = round(20 / model.contract.fps), model.contract.window
    misses = []
    for clip in clips:
        keypoints, activation = clip.keypoints[::every].astype(float), clip.activation[::every].astype(float)
        truth = blend_windows(facing(torch.tensor(split_windows(keypoints, window))).numpy(), len(keypoints))[..., [0, 2]]
        misses.append(((model.decode(activation) - truth) ** 2).ravel())
    assert figures["rmse_m"] == pytest.approx(np.sqrt(np.concatenate(misses).mean()))
    # And it was trained towards that: its score is the squared error on the windows that choose the weights.
    val = read_corpus(corpus, "val")[0][0]
    keypoints, asked = (one[::every][:window].astype(float) for one in (val.keypoints, val.activation))
    truth = facing(torch.tensor(keypoints[None])).numpy()[0, ..., [0, 2]].transpose(1, 2, 0)
    score = model.contract.raw["training"]["fits"]["decoder"]["score"]
    assert score == pytest.approx(((model.decode(asked) - truth) ** 2).mean(), rel=1e-4)
    with pytest.raises(ContractError, match="its decoder answers in 2 dimensions"):
        decode(Activation(activation, model.contract.muscles, 20.0), model)
    # Whoever takes it for one of three is told.
    document = json.loads((tmp_path / "tiny" / "model.json").read_text())
    del document["dimensions"]
    (tmp_path / "tiny" / "model.json").write_text(json.dumps(document))
    with pytest.raises(ContractError, match=r"decoder\.onnx.*'keypoints'.*25, 2.*Expected .*25, 3"):
        load_model(tmp_path / "tiny").decode(activation)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "a recipe with name"),
        ('name = "x"\nconfig = "gpt"', "mia-paper"),
        ("windows = 31" + _FINE, "'windows'. Expected a recipe of name, config, parts, seed, window, dimensions, encoder"),
        ("conditioned = true" + _FINE, "'conditioned'"),
        ("window = 1" + _FINE, "window 1. Expected 2 to 1024 frames"),
        ("dimensions = 2" + _FINE, "dimensions 2 of parts encoder. Expected 3, or 2 for a decoder"),
        ("dimensions = 4" + _FINE.replace('["encoder"]', '["decoder"]'), "dimensions 4 of parts decoder. Expected 3"),
        ('window = "long"' + _FINE, "window long"),
        (_FINE.replace("batch = 2", "", 1), "no encoder.batch. Expected a table of steps, minutes, batch"),
        (_FINE.replace("[encoder]", "[encoder.inner]", 1), "no encoder.steps"),
        (_FINE.partition("[encoder]")[0], "no encoder. Expected a table"),
        (_FINE.replace('["encoder"]', '["encoder", "eyes"]'), "'eyes'"),
        (_FINE.replace('["encoder"]', '["editor"]'), "parts editor of 'agonist'. Expected an encoder of ours before the editor"),
        (_FINE.replace('"agonist"', '"mia-paper"').replace('["encoder"]', '["encoder", "editor"]'), "an encoder of ours before"),
        (_FINE.replace('["encoder"]', "[]"), "no parts"),
        (_FINE.replace("steps = 3", "steps = 0"), "encoder.steps 0. Expected a whole number above 0"),
        (_FINE.replace("steps = 3", 'steps = "x"'), "encoder.steps x. Expected a whole number above 0"),
        (_FINE.replace("steps = 3", "steps = 2.5"), "encoder.steps 2.5. Expected a whole number above 0"),
        (_FINE.replace("steps = 3", "steps = true"), "encoder.steps True. Expected a whole number above 0"),
        (_FINE.replace("batch = 2", "batch = 0", 1), "encoder.batch 0. Expected a whole number above 0"),
        (_FINE.replace("minutes = 5.0", "minutes = nan", 1), "encoder.minutes nan. Expected a number above 0"),
        (_FINE.replace("learning_rate = 1e-3", 'learning_rate = "a"', 1), "encoder.learning_rate a. Expected a number above 0"),
        (_FINE.replace("learning_rate = 1e-3", "learning_rate = -1e-3", 1), "encoder.learning_rate -0.001. Expected a number above 0"),
        (_FINE.replace("seed = 5", "seed = -5"), "seed -5. Expected a whole number from 0"),
        (_FINE.replace("seed = 5", 'seed = "x"'), "seed x. Expected a whole number from 0"),
        (_FINE.replace('name = "tiny"', "name = 5"), "name 5. Expected a text"),
    ],
)
def test_a_bad_recipe_says_what_a_recipe_is(corpus, tmp_path, text, message):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises((FileFormatError, UnknownNameError), match=re.escape(message)):
        recipe.train(path, corpus, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_recipe_lists_those_there_are(corpus, tmp_path):
    with pytest.raises(UnknownNameError, match="agonist, mia-paper"):
        recipe.train("nothing", corpus, tmp_path / "out")


@pytest.mark.parametrize(("data", "expected"), [("simulated", True), ("measured EMG: sensor counts over 1000", False)])
def test_what_sensors_said_is_not_mirrored(corpus, tmp_path, monkeypatch, data, expected):
    index = corpus / "corpus.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"data": data}))
    (tmp_path / "tiny.toml").write_text(_FINE)
    asked = []

    def looking(*arguments, mirrored):
        asked.append(mirrored)
        raise DivergedError("seen enough")

    monkeypatch.setattr(recipe, "WindowSampler", looking)
    with pytest.raises(DivergedError, match="seen enough"):
        recipe.train(tmp_path / "tiny.toml", corpus, tmp_path / "out")
    assert asked == [expected]
