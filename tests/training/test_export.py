"""ONNX files answer as torch does, on inputs that the export never saw."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from agonist.errors import WorkError
from agonist.humanoid import body25_from_motion
from agonist.networks.decoder import AgonistDecoder
from agonist.networks.editor import Editor
from agonist.networks.motion_muscle import CONFIGS, AgonistEncoder, PaperDecoder, PaperEncoder
from agonist.training.export import export_onnx

from .conftest import swaying

pytestmark = pytest.mark.training


def _bodies(seeds, frames):
    """(B, frames, 25, 3) people who sway, each elsewhere in the room and heading elsewhere."""
    clips = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        angle, shift = rng.uniform(-3, 3), rng.normal(0, 2, 3)
        c, s = np.cos(angle), np.sin(angle)
        clips.append(body25_from_motion(swaying(seed, frames)).positions @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + shift)
    return torch.tensor(np.stack(clips), dtype=torch.float32)


def _shaken(module, spread=0.05):
    """Weights of a size with trained ones: many of fresh ones are almost nothing, and what is nothing is always alike."""
    with torch.no_grad():
        for weight in module.parameters():
            weight += spread * torch.randn_like(weight)
    return module.eval()


def _inputs(part, seeds, frames):
    rng = torch.Generator().manual_seed(seeds[0])
    count = len(seeds)
    if part == "decoder":
        return (torch.rand(count, frames, 8, generator=rng),)
    if part == "encoder":
        return (_bodies(seeds, frames), torch.rand(count, frames, 25, generator=rng))
    asked = torch.rand(count, 1, 8, generator=rng) * 4 - 2
    return (_bodies(seeds, frames), torch.rand(count, frames, 8, generator=rng), asked.expand(-1, frames, -1).clone())


def _compare(module, part, path, frames, arguments=None):
    """Export with one batch and compare on others."""
    count = arguments or len(_inputs(part, [0], frames))
    export_onnx(module, part, _inputs(part, [0, 1], frames)[:count], path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for seeds in ([11], [12, 13, 14, 15, 16]):
        given = _inputs(part, seeds, frames)[:count]
        with torch.no_grad():
            expected = module(*given)
        names = [node.name for node in session.get_inputs()]
        found = session.run(None, {name: one.numpy() for name, one in zip(names, given, strict=True)})
        for result, wanted in zip(found, expected if isinstance(expected, tuple) else (expected,), strict=True):
            assert np.abs(result).max() > 1e-2
            np.testing.assert_allclose(result, wanted.numpy(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("config", ["agonist", "agonist-causal"])
def test_our_encoder(tmp_path, config):
    torch.manual_seed(1)
    encoder = _shaken(AgonistEncoder(CONFIGS[config]))
    encoder.learn_scales(encoder.features(_bodies(range(6), 64)).flatten(0, 1))
    _compare(encoder, "encoder", tmp_path / "encoder.onnx", 64)


def test_the_editor(tmp_path):
    torch.manual_seed(2)
    encoder = AgonistEncoder(CONFIGS["agonist"])
    encoder.learn_scales(encoder.features(_bodies(range(6), 64)).flatten(0, 1))
    _compare(_shaken(Editor(CONFIGS["agonist"], encoder), 0.02), "editor", tmp_path / "editor.onnx", 64)


def test_our_decoder(tmp_path):
    torch.manual_seed(3)
    decoder = _shaken(AgonistDecoder(CONFIGS["agonist"]), 0.02)
    decoder.learn_scales(torch.rand(20, 64, 8) ** 3, torch.randn(20, 64, 25, 3))
    _compare(decoder, "decoder", tmp_path / "decoder.onnx", 64)


@pytest.mark.parametrize("frames", [31, 100])
@pytest.mark.parametrize("config", ["mia-paper", "mia-release"])
def test_the_papers_networks_with_windows_longer_than_the_papers(tmp_path, config, frames):
    torch.manual_seed(4)
    longer = replace(CONFIGS[config], window=frames)
    for part, module, paper in (("encoder", PaperEncoder(longer), PaperEncoder(CONFIGS[config])),
                                ("decoder", PaperDecoder(longer), PaperDecoder(CONFIGS[config]))):  # fmt: skip
        # Nothing that is learned hangs on the window: the paper's own 30 frames are answered alike.
        module.eval().load_state_dict(paper.state_dict())
        given = _inputs(part, [5], 30)[:1]
        with torch.no_grad():
            np.testing.assert_allclose(module(*given), paper.eval()(*given), atol=1e-6)
        _compare(module, part, tmp_path / f"{part}.onnx", frames, 1)


def test_a_network_takes_any_number_of_windows(tmp_path):
    torch.manual_seed(0)
    decoder = PaperDecoder(CONFIGS["mia-paper"])
    export_onnx(decoder, "decoder", (torch.rand(2, 30, 8),), tmp_path / "decoder.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "decoder.onnx"), providers=["CPUExecutionProvider"])
    asked = torch.rand(7, 30, 8)
    with torch.no_grad():
        expected = decoder(asked).numpy()
    np.testing.assert_allclose(session.run(None, {"activation": asked.numpy()})[0], expected, atol=1e-5 * np.abs(expected).max())


def test_an_export_that_differs_from_torch_is_refused(tmp_path):
    class Restless(torch.nn.Module):
        def forward(self, activation):
            return activation * torch.rand(())

    with pytest.raises(WorkError, match="differs from torch"):
        export_onnx(Restless(), "decoder", (torch.rand(2, 30, 8) + 1,), tmp_path / "decoder.onnx")
    assert list(tmp_path.iterdir()) == []
