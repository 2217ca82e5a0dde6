"""A model's encoder comes back into torch as what it is: causal or not, from safetensors or from its ONNX file."""

import json
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.errors import ContractError, FileFormatError
from agonist.humanoid import body25_from_motion
from agonist.model import load_model, models_folder
from agonist.networks.motion_muscle import CONFIGS, AgonistEncoder
from agonist.training.export import export_onnx, write_contract
from agonist.training.tensor_file import write_tensors
from agonist.training.weights import encoder_twin

from .conftest import swaying

pytestmark = pytest.mark.training


def _model(folder, config="agonist-causal"):
    """A model folder of an encoder with random weights."""
    torch.manual_seed(0)
    encoder = AgonistEncoder(CONFIGS[config]).eval()
    keypoints = torch.tensor(body25_from_motion(swaying(1, 64)).positions[None], dtype=torch.float32)
    with torch.no_grad():
        # Equal weights are one in an exported file; training leaves none equal.
        for weight in encoder.parameters():
            weight += 0.05 * torch.randn_like(weight)
    encoder.learn_scales(encoder.features(keypoints).flatten(0, 1))
    folder.mkdir()
    files = {"encoder": export_onnx(encoder, "encoder", (keypoints, torch.ones(1, 64, 25)), folder / "encoder.onnx")}
    training = {"settings": {"config": config}}
    write_contract(folder, {"name": folder.name, "fps": 20.0, "window": 64, "training": training}, files)
    return encoder


def _with_config(folder, config):
    document = json.loads((folder / "model.json").read_text())
    document["training"]["settings"]["config"] = config
    (folder / "model.json").write_text(json.dumps(document))
    return load_model(folder)


def test_safetensors_are_read_where_they_lie_and_the_onnx_file_where_not(tmp_path):
    encoder = _model(tmp_path / "m", "agonist")
    from_onnx = encoder_twin(load_model(tmp_path / "m"))
    write_tensors(tmp_path / "m" / "encoder.safetensors", encoder.state_dict())
    twin = encoder_twin(load_model(tmp_path / "m"))
    for name, value in encoder.state_dict().items():
        assert torch.equal(twin.state_dict()[name], value), name
        np.testing.assert_allclose(from_onnx.state_dict()[name], value, atol=1e-6)
    # It is that file which was read: another one's weights are noticed, and so is a damaged one.
    with torch.no_grad():
        encoder.head.bias += 0.1
    write_tensors(tmp_path / "m" / "encoder.safetensors", encoder.state_dict())
    with pytest.raises(ContractError, match=r"encoder\.safetensors: read as 'agonist'.*differs by"):
        encoder_twin(load_model(tmp_path / "m"))
    (tmp_path / "m" / "encoder.safetensors").write_bytes(b"rubbish")
    with pytest.raises(FileFormatError, match=r"encoder\.safetensors.*without this file the ONNX is read"):
        encoder_twin(load_model(tmp_path / "m"))


@pytest.mark.parametrize(("made", "said"), [("agonist-causal", "agonist"), ("agonist", "agonist-causal")])
def test_a_twin_that_answers_otherwise_is_refused(tmp_path, made, said):
    _model(tmp_path / "m", made)
    with pytest.raises(ContractError, match=rf"encoder\.onnx: read as '{said}' its activation differs by .* Expected less than"):
        encoder_twin(_with_config(tmp_path / "m", said))


def test_another_network_is_refused(tmp_path):
    with pytest.raises(ContractError, match="an encoder of the configuration 'mia-paper'"):
        encoder_twin(load_model("mia-paper"))
    with pytest.raises(ContractError, match="has no encoder"):
        encoder_twin(load_model("agonist-decoder"))
    _model(tmp_path / "m")
    with pytest.raises(ContractError, match="Unknown network configuration 'gpt'"):
        encoder_twin(_with_config(tmp_path / "m", "gpt"))
    _with_config(tmp_path / "m", "agonist")
    shutil.copy(models_folder() / "mia-paper" / "encoder.onnx", tmp_path / "m" / "encoder.onnx")
    with pytest.raises(ContractError, match="configuration 'agonist'"):
        encoder_twin(load_model(tmp_path / "m"))
    (tmp_path / "m" / "encoder.onnx").write_bytes(b"rubbish")
    with pytest.raises(ContractError, match=r"encoder\.onnx.*Expected an ONNX encoder"):
        encoder_twin(load_model(tmp_path / "m"))
