"""The causal encoder: what is said of a frame does not hang on what comes later, in torch and in its ONNX file."""

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from agonist.networks.motion_muscle import CONFIGS, AgonistEncoder
from agonist.training.export import export_onnx

pytestmark = pytest.mark.training


def _changes(encoder, keypoints, frame):
    """(T,) how much the answer changes when everything from a frame on becomes another motion."""
    other = keypoints.clone()
    other[:, frame:] = keypoints.flip(0)[:, frame:] + 0.3
    with torch.no_grad():
        return (encoder(keypoints)[0] - encoder(other)[0]).abs().amax(dim=(0, 2)).numpy()


@pytest.fixture
def standing(keypoints):
    return torch.tensor(keypoints, dtype=torch.float32)


def _encoder(name):
    torch.manual_seed(0)
    encoder = AgonistEncoder(CONFIGS[name]).eval()
    # Of a size with what a trained network sees.
    encoder.std += 0.5
    return encoder


@pytest.mark.parametrize("frame", [1, 2, 3, 17, 32, 33, 63])
def test_earlier_answers_stay(standing, frame):
    changes = _changes(_encoder("agonist-causal"), standing, frame)
    np.testing.assert_allclose(changes[:frame], 0, atol=1e-6)
    assert changes[frame:].max() > 1e-4
    # The other network is the proof that the test can fail.
    assert _changes(_encoder("agonist"), standing, frame)[:frame].max() > 1e-4


def test_its_file_is_causal_too(standing, tmp_path):
    export_onnx(_encoder("agonist-causal"), "encoder", (standing,), tmp_path / "encoder.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "encoder.onnx"), providers=["CPUExecutionProvider"])
    other = standing.clone()
    other[:, 40:] += 0.2 * torch.rand(1, 24, 25, 3)
    whole, changed = (session.run(["activation"], {"keypoints": one.numpy()})[0] for one in (standing, other))
    np.testing.assert_allclose(whole[:, :40], changed[:, :40], atol=1e-6)
    assert np.abs(whole[:, 40:] - changed[:, 40:]).max() > 1e-4


def test_it_sees_neither_place_nor_heading(standing):
    encoder = _encoder("agonist-causal")
    turned = standing * torch.tensor([-1.0, -1.0, 1.0]) + torch.tensor([1.0, 2.0, 0.3])
    with torch.no_grad():
        np.testing.assert_allclose(encoder(turned)[0].numpy(), encoder(standing)[0].numpy(), atol=1e-3)
