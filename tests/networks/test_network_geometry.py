"""The torch geometry says what the numpy geometry says."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from agonist import edit_joints
from agonist.networks.geometry import FEATURES, apply_to_keypoints, body_features, heading, rotate_by_rotvec, to_world

pytestmark = pytest.mark.training


def _turned(keypoints: np.ndarray, angle: float, shift: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return keypoints @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + shift


def test_torch_and_numpy_move_keypoints_alike(keypoints):
    rng = np.random.default_rng(0)
    rotvec, root = rng.normal(0, 0.7, (2, 64, 13, 3)), rng.normal(0, 0.2, (2, 64, 3))
    moved = apply_to_keypoints(*(torch.tensor(values) for values in (keypoints, rotvec, root))).numpy()
    expected = np.stack([edit_joints.apply_to_keypoints(*clip) for clip in zip(keypoints, rotvec, root, strict=True)])
    np.testing.assert_allclose(moved, expected, atol=1e-9)


def test_no_turn_moves_nothing(keypoints):
    nothing = [torch.zeros(2, 64, *shape, dtype=torch.float64) for shape in ((13, 3), (3,))]
    moved = apply_to_keypoints(torch.tensor(keypoints), *nothing).numpy()
    np.testing.assert_allclose(moved, keypoints, atol=1e-12)


def test_turns_keep_bone_lengths(keypoints):
    rng = np.random.default_rng(1)
    moved = apply_to_keypoints(torch.tensor(keypoints), torch.tensor(rng.normal(0, 1.5, (2, 64, 13, 3))), torch.zeros(2, 64, 3)).numpy()
    for child, parent, _ in edit_joints.KEYPOINT_BONES:
        lengths = [np.linalg.norm(points[:, :, child] - points[:, :, parent], axis=-1) for points in (keypoints, moved)]
        np.testing.assert_allclose(lengths[1], lengths[0], atol=1e-9)


def test_rotation_has_a_finite_gradient_at_zero():
    rotvec = torch.zeros(3, requires_grad=True)
    rotate_by_rotvec(rotvec, torch.tensor([1.0, 0.0, 0.0]))[1].backward()
    # d/dw_z of y after turning x about z by w_z is 1.
    np.testing.assert_allclose(rotvec.grad.numpy(), [0, 0, 1], atol=1e-6)


def test_features_do_not_change_when_the_clip_is_moved_and_turned(keypoints):
    before, after = (body_features(torch.tensor(k), 20.0).numpy() for k in (keypoints, _turned(keypoints, 1.1, (3.0, -2.0, 0.4))))
    assert before.shape == (2, 64, FEATURES)
    np.testing.assert_allclose(after, before, atol=1e-4)


@pytest.mark.parametrize("angle", [0.0, 0.4, -2.5])
def test_heading_follows_the_character(keypoints, angle):
    cosine, sine = heading(torch.tensor(keypoints))
    turned_cosine, turned_sine = heading(torch.tensor(_turned(keypoints, angle)))
    difference = torch.atan2(turned_sine * cosine - turned_cosine * sine, turned_cosine * cosine + turned_sine * sine)
    np.testing.assert_allclose(difference.numpy(), angle, atol=1e-6)


def test_to_world_turns_the_characters_left_to_where_its_left_is(keypoints):
    cosine, sine = heading(torch.tensor(_turned(keypoints, 0.8)))
    left = to_world(torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64).expand(2, 64, 1, 3), cosine, sine)
    np.testing.assert_allclose(left[..., 0, 0].numpy(), cosine.numpy(), atol=1e-12)
    np.testing.assert_allclose(left[..., 0, 1].numpy(), sine.numpy(), atol=1e-12)
