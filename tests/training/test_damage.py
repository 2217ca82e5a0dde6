"""Damage that is done to keypoints on purpose, and what an encoder makes of confidence."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist.humanoid import body25_from_motion
from agonist.keypoint_layouts import BODY25
from agonist.model import load_model
from agonist.motion import Keypoints
from agonist.networks.motion_muscle import CONFIGS, AgonistEncoder
from agonist.predict import predict_keypoints
from agonist.training.damage import damage, damage_windows
from agonist.training.export import export_onnx, write_contract
from agonist.training.weights import encoder_twin

from .conftest import swaying

pytestmark = pytest.mark.training


def test_what_was_not_damaged_stays_and_what_was_is_doubted():
    whole = body25_from_motion(swaying(0, 64)).positions
    untouched = 0
    for seed in range(60):
        keypoints, confidence = damage(whole, np.random.default_rng(seed))
        moved = np.abs(keypoints - whole).max(axis=-1) > 0
        assert np.isfinite(keypoints).all() and confidence.min() >= 0 and confidence.max() <= 1
        assert (confidence[moved] < 1).all()
        # Whatever is lost, where the trunk is stays known.
        trunk = [BODY25.index(name) for name in ("neck", "mid_hip", "hip_l", "hip_r", "shoulder_l", "shoulder_r")]
        assert not moved[:, trunk].any() and (confidence[:, trunk] == 1).all()
        untouched += not moved.any()
    assert 18 < untouched < 45


def test_lost_points_lie_where_a_gap_is_filled():
    whole = body25_from_motion(swaying(1, 64)).positions
    wrist, checked = BODY25.index("wrist_l"), 0
    for seed in range(60):
        keypoints, confidence = damage(whole, np.random.default_rng(seed))
        lost = confidence[:, wrist] == 0
        if lost.any() and (confidence[~lost, wrist] == 1).all():
            seen = np.where(lost[:, None, None] & (np.arange(25) == wrist)[None, :, None], np.nan, keypoints)
            filled = Keypoints(seen, BODY25, 20.0).filled().positions
            np.testing.assert_allclose(keypoints[:, wrist], filled[:, wrist], atol=1e-12)
            checked += 1
    assert checked > 3


def test_what_a_causal_encoder_sees_of_a_gap_hangs_on_no_later_frame():
    whole, other = (body25_from_motion(swaying(seed, 64)).positions for seed in (1, 2))
    cut, filled_from_later, lost = 40, 0, 0
    mixed = np.concatenate([whole[:cut], other[cut:]])
    for seed in range(60):
        (held, sure), (same, _) = (damage(one, np.random.default_rng(seed), causal=True) for one in (whole, mixed))
        np.testing.assert_array_equal(held[:cut], same[:cut])
        # It stays where it was last, but for points that are doubted too.
        for k in range(1, len(held)):
            gone = (sure[k] == 0) & (sure.max(axis=0) == 1)
            np.testing.assert_array_equal(held[k, gone], held[k - 1, gone])
            lost += gone.sum()
        filled_from_later += not np.array_equal(*(damage(one, np.random.default_rng(seed))[0][:cut] for one in (whole, mixed)))
    # Of the others some do.
    assert lost > 100 and filled_from_later > 5


def test_windows_are_damaged_each_by_itself_and_the_same_for_a_seed():
    whole = np.stack([body25_from_motion(swaying(seed, 64)).positions for seed in range(4)]).astype(np.float32)
    one, two = (damage_windows(whole, np.random.default_rng(3)) for _ in range(2))
    assert one[0].shape == whole.shape and one[1].shape == whole.shape[:3] and one[0].dtype == np.float32
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def _encoder():
    torch.manual_seed(0)
    encoder = AgonistEncoder(CONFIGS["agonist"]).eval()
    with torch.no_grad():
        # Equal weights are one in an exported file; training leaves none equal.
        for weight in encoder.parameters():
            weight += 0.05 * torch.randn_like(weight)
    return encoder


def test_confidence_goes_through_the_exported_model_and_back_into_torch(tmp_path):
    encoder, clip = _encoder(), body25_from_motion(swaying(2, 64))
    example = torch.tensor(clip.positions[None], dtype=torch.float32)
    files = {"encoder": export_onnx(encoder, "encoder", (example, torch.rand(1, 64, 25)), tmp_path / "encoder.onnx")}
    write_contract(tmp_path, {"name": "m", "fps": 20.0, "window": 64}, files)
    model = load_model(tmp_path)
    confidence = np.ones((64, 25))
    confidence[10:30, BODY25.index("wrist_l")] = 0.0
    with torch.no_grad():
        told = encoder(example, torch.tensor(confidence[None], dtype=torch.float32))[0][0].numpy()
        untold = encoder(example)[0][0].numpy()
    np.testing.assert_allclose(model.encode(clip.positions, confidence)[0], told, atol=1e-5)
    np.testing.assert_allclose(model.encode(clip.positions)[0], untold, atol=1e-5)
    assert np.abs(told - untold).max() > 1e-3
    # A clip brings its own confidence.
    doubted = Keypoints(clip.positions, BODY25, 20.0, confidence)
    np.testing.assert_allclose(predict_keypoints(doubted, model).values, told, atol=1e-5)
    twin = encoder_twin(model)
    with torch.no_grad():
        np.testing.assert_allclose(twin(example, torch.tensor(confidence[None], dtype=torch.float32))[0][0].numpy(), told, atol=1e-5)
