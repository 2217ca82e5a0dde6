"""Our decoder answers with several motions; training makes them differ where the data does."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.keypoint_layouts import BODY25
from agonist.muscles import muscle_set
from agonist.networks.decoder import HYPOTHESES, AgonistDecoder, mirrored_motion
from agonist.networks.motion_muscle import CONFIGS
from agonist.training.decoding import decoder_loss, other_arms, random_gains

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def decoder():
    torch.manual_seed(0)
    decoder = AgonistDecoder(CONFIGS["agonist"]).eval()
    decoder.learn_scales(torch.rand(6, 64, 8), torch.rand(6, 64, 25, 3))
    return decoder


def test_it_gives_motions_their_probabilities_and_a_mean_in_which_the_kernel_machine_has_a_share(decoder, monkeypatch):
    activation = torch.rand(3, 64, 8)
    with torch.no_grad():
        mean, hypotheses, probabilities = decoder(activation)
        blended = decoder.mean_pose + 0 * mean
        monkeypatch.setattr(decoder.kernel, "forward", lambda features: blended[:1].expand(len(features), -1, -1, -1).flatten(2))
        without = decoder(activation)[0]
    assert mean.shape == (3, 64, 25, 3) and hypotheses.shape == (3, 64, HYPOTHESES, 25, 3)
    np.testing.assert_allclose(probabilities.sum(-1).numpy(), 1.0, rtol=1e-5)
    weighted = (hypotheses * probabilities[..., None, None]).sum(2)
    usual = (decoder.mean_pose + mirrored_motion(decoder.mean_pose)) / 2
    np.testing.assert_allclose(without.numpy(), (0.6 * weighted + 0.4 * usual).numpy(), atol=1e-6)
    assert (mean - without).abs().max() > 0.01


def test_asked_as_in_a_mirror_it_answers_as_in_a_mirror(decoder):
    activation = torch.rand(2, 64, 8)
    with torch.no_grad():
        mean, hypotheses, probabilities = decoder(activation)
        mirrored = decoder(activation[..., [4, 5, 6, 7, 0, 1, 2, 3]])
    np.testing.assert_allclose(mirrored[0], mirrored_motion(mean), atol=1e-6)
    half = HYPOTHESES // 2
    np.testing.assert_allclose(mirrored[1], mirrored_motion(hypotheses).roll(half, dims=2), atol=1e-6)
    np.testing.assert_allclose(mirrored[2], probabilities.roll(half, dims=2), atol=1e-6)
    points = torch.rand(1, 2, 25, 3)
    left, right = (points[..., BODY25.index(name), :] for name in ("knee_l", "knee_r"))
    np.testing.assert_array_equal(mirrored_motion(points)[..., BODY25.index("knee_l"), :], right * torch.tensor([-1.0, 1.0, 1.0]))
    flat = mirrored_motion(points[..., [0, 2]])[..., BODY25.index("knee_r"), :]
    np.testing.assert_array_equal(flat, left[..., [0, 2]] * torch.tensor([-1.0, 1.0]))


def test_other_arms_come_with_their_muscles_and_leave_the_rest_alone():
    torch.manual_seed(0)
    muscles = muscle_set("mia8")
    activation, keypoints = torch.rand(5, 4, 8), torch.rand(5, 4, 25, 3)
    mixed, moved = other_arms(activation, keypoints, muscles)
    legs, arms = [0, 1, 4, 5], [2, 3, 6, 7]
    np.testing.assert_array_equal(mixed[..., legs], activation[..., legs])
    arm_points = [BODY25.index(f"{name}_{side}") for name in ("elbow", "wrist") for side in "lr"]
    others = [index for index in range(25) if index not in arm_points]
    np.testing.assert_array_equal(moved[:, :, others], keypoints[:, :, others])
    sources = []
    for k in range(5):
        same = [bool((mixed[k][:, arms] == activation[j][:, arms]).all()) for j in range(5)]
        sources.append(same.index(True))
        for side in "lr":
            shoulder = BODY25.index(f"shoulder_{side}")
            for name in ("elbow", "wrist"):
                point = BODY25.index(f"{name}_{side}")
                asked = keypoints[sources[-1], :, point] - keypoints[sources[-1], :, shoulder]
                np.testing.assert_allclose(moved[k, :, point] - moved[k, :, shoulder], asked, atol=1e-6)
    assert sorted(sources) == list(range(5)) != sources


def test_a_person_twice_as_strong_changes_part_of_what_it_sees_only(decoder):
    """The features about a muscle's own mean do not hang on gain; rest is rest."""
    seen = []
    handle = decoder.parts[0].trunk.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
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
