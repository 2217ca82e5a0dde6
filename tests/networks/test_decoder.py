"""Our decoder answers with several motions; training makes them differ where the data does."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.networks.decoder import HYPOTHESES, AgonistDecoder
from agonist.networks.motion_muscle import CONFIGS
from agonist.training.decoding import decoder_loss, random_gains

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def decoder():
    torch.manual_seed(0)
    return AgonistDecoder(CONFIGS["agonist"]).eval()


def test_it_gives_motions_their_probabilities_and_their_mean(decoder):
    with torch.no_grad():
        mean, hypotheses, probabilities = decoder(torch.rand(3, 64, 8))
    assert mean.shape == (3, 64, 25, 3) and hypotheses.shape == (3, 64, HYPOTHESES, 25, 3)
    np.testing.assert_allclose(probabilities.sum(-1).numpy(), 1.0, rtol=1e-5)
    weighted = (hypotheses * probabilities[..., None, None]).sum(2)
    np.testing.assert_allclose(mean.numpy(), weighted.numpy(), atol=1e-6)


def test_a_person_twice_as_strong_changes_part_of_what_it_sees_only(decoder):
    """The features about a muscle's own mean do not hang on gain; rest is rest."""
    seen = []
    handle = decoder.trunk.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    activation = 0.1 + 0.3 * torch.rand(1, 64, 8)
    with torch.no_grad():
        decoder(activation), decoder(activation / 2)
    handle.remove()
    np.testing.assert_allclose(seen[0][..., 8:16].numpy(), seen[1][..., 8:16].numpy(), atol=1e-5)
    assert not torch.allclose(seen[0][..., :8], seen[1][..., :8])


def test_gains_keep_activation_in_its_range():
    torch.manual_seed(0)
    activation = torch.rand(200, 5, 8)
    gained = random_gains(activation)
    assert gained.min() >= 0 and gained.max() <= 1
    ratio = (gained / activation)[gained < 1].log()
    assert 0.2 < ratio.std() < 0.35


def test_where_two_motions_fit_both_are_learned():
    """Half of the windows with one activation go up, half down: the mean is neither, hypotheses are both."""
    torch.manual_seed(0)
    decoder = AgonistDecoder(CONFIGS["agonist"])
    up = torch.zeros(1, 64, 25, 3)
    up[:, :, :, 2] = 0.3
    truth = torch.cat([up, -up]).repeat(2, 1, 1, 1)
    activation = torch.full((4, 64, 8), 0.2)
    optimizer = torch.optim.Adam(decoder.parameters(), lr=2e-3)
    for _ in range(60):
        loss = decoder_loss(decoder, activation, truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    decoder.eval()
    with torch.no_grad():
        mean, hypotheses, probabilities = decoder(activation[:1])
    heights = hypotheses[0, :, :, :, 2].mean(dim=(0, 2))
    likely = heights[probabilities[0, 0] > 0.05]
    assert mean[..., 2].mean().abs() < 0.06
    assert likely.max() > 0.2 and likely.min() < -0.2
