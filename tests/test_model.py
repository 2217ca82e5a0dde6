"""Contracts: what does not fit is refused with the file's name."""

import json
import shutil

import numpy as np
import pytest

from agonist.errors import ContractError, ModelNotFoundError
from agonist.model import available_models, load_model, models_folder


def test_shipped_models_are_found_and_small():
    assert {"agonist", "mia-paper"} <= set(available_models())
    assert sum(path.stat().st_size for path in models_folder().rglob("*") if path.is_file()) < 40e6


@pytest.mark.parametrize("name", ["agonist", "mia-paper"])
def test_encoders_keep_their_contract(name):
    model = load_model(name)
    values, _ = model.encode(np.random.default_rng(0).normal(size=(77, 25, 3)))
    assert values.shape == (77, 8)
    assert values.min() >= 0 and values.max() <= 1


def test_the_papers_decoder_answers_with_a_body():
    keypoints = load_model("mia-paper").decode(np.full((30, 8), 0.1))
    assert keypoints.shape == (30, 25, 3)
    assert 0.3 < keypoints[15, 1, 2] < 0.8  # neck over the middle of the hips, metres


def test_the_editor_is_exactly_zero_when_nothing_is_asked():
    rotvec, root = load_model().edit(np.random.default_rng(0).normal(size=(70, 25, 3)), np.zeros((70, 8)))
    assert not rotvec.any() and not root.any()


def test_no_such_model_lists_those_there_are():
    with pytest.raises(ModelNotFoundError, match="agonist, mia-paper"):
        load_model("nobody")


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(models_folder() / "agonist", tmp_path / "agonist")


def _change(folder, **fields):
    document = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**document, **fields}))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema": 2}, "schema 2"),
        ({"layout": "coco17"}, "coco17"),
        ({"fps": "fast"}, "model.json"),
        ({"files": {"brain": {"file": "x", "sha256": "y"}}}, "brain"),
    ],
)
def test_a_contract_that_does_not_fit_is_refused(copy, fields, message):
    _change(copy, **fields)
    with pytest.raises(ContractError, match=message):
        load_model(copy)


def test_a_changed_network_is_refused(copy):
    data = bytearray((copy / "encoder.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "encoder.onnx").write_bytes(bytes(data))
    with pytest.raises(ContractError, match=r"encoder\.onnx: sha256"):
        load_model(copy).encode(np.zeros((10, 25, 3)))


def test_another_network_in_its_place_is_refused(copy):
    document = json.loads((copy / "model.json").read_text())
    document["files"]["encoder"] = document["files"]["editor"]
    (copy / "model.json").write_text(json.dumps(document))
    with pytest.raises(ContractError, match="also wants log2_scale"):
        load_model(copy).encode(np.zeros((10, 25, 3)))


def test_no_network_at_all_is_refused(copy):
    import hashlib

    document = json.loads((copy / "model.json").read_text())
    (copy / "encoder.onnx").write_bytes(b"not a network")
    document["files"]["encoder"]["sha256"] = hashlib.sha256(b"not a network").hexdigest()
    (copy / "model.json").write_text(json.dumps(document))
    with pytest.raises(ContractError, match="onnxruntime cannot open it"):
        load_model(copy).encode(np.zeros((10, 25, 3)))
