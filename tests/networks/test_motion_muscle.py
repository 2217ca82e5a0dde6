"""Sizes and symmetries of the networks."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.errors import UnknownNameError
from agonist.keypoint_layouts import BODY25
from agonist.networks.motion_muscle import CONFIGS, AgonistEncoder, PaperDecoder, PaperEncoder, network_config, paper_axes

pytestmark = pytest.mark.training


def _trained(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def test_release_has_the_published_parameter_counts():
    assert _trained(PaperEncoder(CONFIGS["mia-release"])) == 4_830_400
    assert _trained(PaperDecoder(CONFIGS["mia-release"])) == 4_763_065


def test_paper_has_half_of_the_releases_layers_and_heads():
    paper, release = CONFIGS["mia-paper"], CONFIGS["mia-release"]
    assert (paper.layers, paper.heads, paper.width) == (4, 8, 128)
    assert (release.layers, release.heads, release.width) == (8, 16, 128)


def test_ours_is_small():
    assert _trained(AgonistEncoder(CONFIGS["agonist"])) < 1_200_000


@pytest.mark.parametrize("name", ["mia-paper", "mia-release"])
def test_paper_networks_put_the_camera_before_the_character(name, keypoints):
    torch.manual_seed(0)
    encoder, x = PaperEncoder(CONFIGS[name]).eval(), torch.tensor(keypoints[:, :30], dtype=torch.float32)
    with torch.no_grad():
        level, turned = encoder(x), encoder(x * torch.tensor([-1.0, -1.0, 1.0]) + torch.tensor([2.0, -1.0, 0.5]))
    assert level.shape == (2, 30, 8)
    np.testing.assert_allclose(turned.numpy(), level.numpy(), atol=1e-3)


def test_paper_axes_are_a_cameras(keypoints):
    seen = paper_axes(torch.tensor(keypoints)).numpy()
    assert not seen[:, :, BODY25.index("mid_hip")].any()
    across, down, depth = (seen[..., axis].mean(axis=1) for axis in range(3))
    assert (down[:, BODY25.index("nose")] < 0).all() and (down[:, BODY25.index("heel_l")] > 0).all()
    # The camera sees a person who faces it: their left on its right, their nose nearer than their ears.
    assert (across[:, BODY25.index("shoulder_l")] > across[:, BODY25.index("shoulder_r")]).all()
    assert (depth[:, BODY25.index("nose")] < depth[:, BODY25.index("ear_l")]).all()


def test_decoder_gives_keypoints():
    with torch.no_grad():
        assert PaperDecoder(CONFIGS["mia-paper"]).eval()(torch.rand(3, 30, 8)).shape == (3, 30, 25, 3)


def test_the_subjects_condition_matters():
    torch.manual_seed(0)
    network, x = PaperEncoder(CONFIGS["mia-paper"]).eval().network, torch.randn(2, 30, 75)
    with torch.no_grad():
        default, same, other = network(x), network(x, torch.full((2,), 0.1)), network(x, torch.full((2,), 0.9))
    np.testing.assert_allclose(same.numpy(), default.numpy(), atol=1e-6)
    assert np.abs(other.numpy() - default.numpy()).max() > 1e-4


def test_ours_sees_neither_place_nor_heading(keypoints):
    torch.manual_seed(0)
    encoder, x = AgonistEncoder(CONFIGS["agonist"]).eval(), torch.tensor(keypoints, dtype=torch.float32)
    with torch.no_grad():
        level, log_std = encoder(x)
        turned, _ = encoder(x * torch.tensor([-1.0, -1.0, 1.0]) + torch.tensor([1.0, 2.0, 0.3]))
    assert level.shape == log_std.shape == (2, 64, 8)
    assert level.min() >= 0 and level.max() <= 1
    np.testing.assert_allclose(turned.numpy(), level.numpy(), atol=1e-3)


def test_a_window_does_not_depend_on_its_neighbours_in_the_batch(keypoints):
    torch.manual_seed(0)
    encoder, x = AgonistEncoder(CONFIGS["agonist"]).eval(), torch.tensor(keypoints, dtype=torch.float32)
    with torch.no_grad():
        np.testing.assert_allclose(encoder(x)[0][:1].numpy(), encoder(x[:1])[0].numpy(), atol=1e-5)


def test_unknown_configuration_lists_those_there_are():
    with pytest.raises(UnknownNameError, match="mia-paper, mia-release, agonist, agonist-causal"):
        network_config("gpt")
