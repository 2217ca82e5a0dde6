"""Keypoint geometry inside the graph: features for the networks, and the torch twin of `agonist.edit_joints`."""

from __future__ import annotations

import torch
from torch import Tensor

from agonist.edit_joints import EDIT_JOINTS, EDIT_PARENTS, KEYPOINT_BONES
from agonist.keypoint_layouts import BODY25
from agonist.networks.moments import MOMENT_FEATURES, moment_features

__all__ = [
    "FEATURES", "FEATURES_WITH_MOMENTS", "apply_to_keypoints", "body_features", "facing", "heading", "rotate_by_rotvec", "to_world",
]  # fmt: skip

_HIP_L, _HIP_R, _MID = BODY25.index("hip_l"), BODY25.index("hip_r"), BODY25.index("mid_hip")
_FEET = [BODY25.index(f"{name}_{side}") for name in ("heel", "big_toe", "small_toe") for side in "lr"]
FEATURES = 3 * 75 + 1
FEATURES_WITH_MOMENTS = FEATURES + MOMENT_FEATURES


def heading(keypoints: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine (B, T) of the yaw that the line of the hips has; (1, 0) for a character whose left is +X."""
    left = keypoints[:, :, _HIP_L, :2] - keypoints[:, :, _HIP_R, :2]
    left = left / torch.sqrt((left * left).sum(-1, keepdim=True) + 1e-8)
    return left[..., 0], left[..., 1]


def _to_heading(vectors: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """(B, T, K, 3) world vectors as the character sees them."""
    c, s = cosine[..., None], sine[..., None]
    x, y, z = vectors.unbind(-1)
    return torch.stack([c * x + s * y, c * y - s * x, z], dim=-1)


def to_world(vectors: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """The inverse of the turn into the character's heading, (B, T, K, 3)."""
    c, s = cosine[..., None], sine[..., None]
    x, y, z = vectors.unbind(-1)
    return torch.stack([c * x - s * y, s * x + c * y, z], dim=-1)


def facing(keypoints: Tensor) -> Tensor:
    """(B, T, 25, 3) world metres about the middle of the hips, each window turned so that its mean heading is -Y."""
    cosine, sine = (part.mean(dim=1, keepdim=True) for part in heading(keypoints))
    length = torch.sqrt(cosine * cosine + sine * sine + 1e-8)
    return _to_heading(keypoints - keypoints[:, :, _MID : _MID + 1], cosine / length, sine / length)


def _central(values: Tensor) -> Tensor:
    """Central differences along axis 1 per frame, one-sided at the ends. (B, T, ...)"""
    inner = (values[:, 2:] - values[:, :-2]) / 2
    return torch.cat([values[:, 1:2] - values[:, :1], inner, values[:, -1:] - values[:, -2:-1]], dim=1)


def _backward(values: Tensor) -> Tensor:
    """Differences to the frame before along axis 1 per frame, nothing at the first. (B, T, ...)"""
    return torch.cat([torch.zeros_like(values[:, :1]), values[:, 1:] - values[:, :-1]], dim=1)


def _lowest_so_far(values: Tensor) -> Tensor:
    """(B, T) to the smallest value up to each frame; in doubling steps, as ONNX has no cumulative minimum."""
    step = 1
    while step < values.shape[1]:
        earlier = torch.cat([values[:, :1].expand(-1, step), values[:, :-step]], dim=1)
        values = torch.minimum(values, earlier)
        step *= 2
    return values


def _sharpened(acceleration: Tensor, positions: Tensor, fps: float) -> Tensor:
    """Second differences of positions along axis 1, a second squared; at the ends the acceleration that is there. (B, T, ...)"""
    inner = positions[:, 2:] - 2 * positions[:, 1:-1] + positions[:, :-2]
    return torch.cat([acceleration[:, :1], inner * fps * fps, acceleration[:, -1:]], dim=1)


def body_features(keypoints: Tensor, fps: float, *, moments: bool = False, causal: bool = False) -> Tensor:
    """(B, T, 25, 3) world metres to (B, T, FEATURES): nothing of it changes when the clip is moved or turned about z.

    Positions about the middle of the hips, velocities and accelerations, all along the character's heading, and the height
    of the hips over the lowest place that the feet visit in the window; and with `moments` those of `moment_features`
    (FEATURES_WITH_MOMENTS). Where it is `causal` no frame knows a later one.
    """
    difference = _backward if causal else _central
    cosine, sine = heading(keypoints)
    mid = keypoints[:, :, _MID : _MID + 1]
    velocity = difference(keypoints) * fps
    acceleration = difference(velocity) * fps
    position = _to_heading(keypoints - mid, cosine, sine)
    parts = [position, 0.3 * _to_heading(velocity, cosine, sine), 0.05 * _to_heading(acceleration, cosine, sine)]
    feet = keypoints[:, :, _FEET, 2].amin(dim=2)  # (B, T)
    floor = (_lowest_so_far(feet) if causal else feet.amin(dim=1, keepdim=True))[..., None]  # (B, T or 1, 1)
    height = mid[:, :, 0, 2:] - floor  # (B, T, 1)
    features = torch.cat([*(part.flatten(2) for part in parts), height], dim=-1)
    if not moments:
        return features
    # Forces need the sharper of the two accelerations; a causal one is that already.
    sharp = acceleration if causal else _sharpened(acceleration, keypoints, fps)
    return torch.cat([features, moment_features(keypoints, sharp, floor[..., 0], (cosine, sine))], dim=-1)


def rotate_by_rotvec(rotvec: Tensor, vector: Tensor) -> Tensor:
    """Rodrigues: rotate (..., 3) by (..., 3); smooth at zero."""
    square = (rotvec * rotvec).sum(-1, keepdim=True)
    angle = torch.sqrt(square + 1e-12)
    first = torch.linalg.cross(rotvec, vector)
    second = torch.linalg.cross(rotvec, first)
    return vector + torch.sin(angle) / angle * first + (1 - torch.cos(angle)) / (angle * angle) * second


def apply_to_keypoints(keypoints: Tensor, rotvec_world: Tensor, root_delta_world: Tensor) -> Tensor:
    """Torch twin of `agonist.edit_joints.apply_to_keypoints`: (B, T, 25, 3), (B, T, 13, 3), (B, T, 3)."""
    chains: list[list[int]] = []
    for joint in range(len(EDIT_JOINTS)):
        chain = []
        while joint >= 0:
            chain.append(joint)
            joint = EDIT_PARENTS[joint]
        chains.append(chain)
    moved: list[Tensor] = [keypoints[:, :, k] for k in range(keypoints.shape[2])]
    moved[_MID] = keypoints[:, :, _MID] + root_delta_world
    for child, parent, turn in KEYPOINT_BONES:
        bone = keypoints[:, :, child] - keypoints[:, :, parent]
        # G_j = G_parent exp(w_j): the joint's own turn acts first, its ancestors' after it.
        for joint in chains[turn]:
            bone = rotate_by_rotvec(rotvec_world[:, :, joint], bone)
        moved[child] = moved[parent] + bone
    return torch.stack(moved, dim=2)
