"""The editor: which turns of the body's joints make a muscle work more or less.

It answers with one set of turns a muscle; what is asked scales them:

    turns = sum over muscles k of log2_scale_k * basis_k(motion, log2_scale)

so that asking for nothing gives exactly nothing, and a small request a small change.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from agonist.edit_joints import EDIT_JOINTS
from agonist.networks.geometry import FEATURES, heading, to_world
from agonist.networks.motion_muscle import AgonistEncoder, AgonistTrunk, NetworkConfig

__all__ = ["MOST_SHIFT", "MOST_TURN", "SMOOTH_FRAMES", "Editor", "smoothing_kernel"]

# The most that one doubling of one muscle may turn a joint (radians) and move the hips (metres).
MOST_TURN, MOST_SHIFT = 0.6, 0.20
_LARGEST_LOG2 = 2.0
# A turn is made over several frames: a raised-cosine average of so many (0.35 s) takes out what is faster.
SMOOTH_FRAMES = 7


def smoothing_kernel() -> Tensor:
    """(1, 1, 7): the weights of that average."""
    window = torch.hann_window(SMOOTH_FRAMES + 2, periodic=False)[1:-1]
    return (window / window.sum())[None, None]


class Editor(nn.Module):
    """keypoints (B, T, 25, 3), activation and log2_scale (B, T, M) -> rotvec_world (B, T, 13, 3), root_delta_world (B, T, 3).

    Radians and metres. The activation is what the encoder says of the keypoints: it does not hang on what is asked, so it is given.
    """

    limit: Tensor
    smooth: Tensor

    def __init__(self, config: NetworkConfig, encoder: AgonistEncoder, muscles: int = 8) -> None:
        super().__init__()
        self.encoder = encoder
        self.muscles = muscles
        self.outputs = len(EDIT_JOINTS) * 3 + 3
        self.trunk = AgonistTrunk(config, FEATURES + 2 * muscles)
        self.head = nn.Linear(config.width, muscles * self.outputs)
        nn.init.normal_(self.head.weight, std=1e-3)
        nn.init.zeros_(self.head.bias)
        limit = torch.full((self.outputs,), MOST_TURN)
        limit[-3:] = MOST_SHIFT
        self.register_buffer("limit", limit, persistent=False)
        self.register_buffer("smooth", smoothing_kernel(), persistent=False)

    def forward(self, keypoints: Tensor, activation: Tensor, log2_scale: Tensor) -> tuple[Tensor, Tensor]:
        asked = torch.clamp(log2_scale, -_LARGEST_LOG2, _LARGEST_LOG2)
        features = torch.cat([self.encoder.normalized(keypoints, moments=False), 5 * activation, asked], dim=-1)
        basis = torch.unflatten(torch.tanh(self.head(self.trunk(features))), -1, (self.muscles, self.outputs)) * self.limit
        change = (asked[..., None] * basis).sum(dim=-2)  # (B, T, outputs)
        change = self._smoothed(change)
        cosine, sine = heading(keypoints)
        vectors = to_world(torch.unflatten(change, -1, (len(EDIT_JOINTS) + 1, 3)), cosine, sine)  # (B, T, 14, 3)
        return vectors[:, :, :-1], vectors[:, :, -1]

    def _smoothed(self, change: Tensor) -> Tensor:
        batch, frames, outputs = change.shape
        side = SMOOTH_FRAMES // 2
        series = change.transpose(1, 2).reshape(batch * outputs, 1, frames)
        series = torch.cat([series[..., :1].expand(-1, -1, side), series, series[..., -1:].expand(-1, -1, side)], dim=-1)
        return nn.functional.conv1d(series, self.smooth).reshape(batch, outputs, frames).transpose(1, 2)
