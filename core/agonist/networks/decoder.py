"""Our decoder, muscle to motion: several whole motions and how likely each is, instead of one mean pose.

The same activation can come from different motions, and the motion with the least squared error then lies between them, like
nobody's. So the network answers with a mixture: a few hypotheses from one trunk, each a whole motion over the window, and their
probabilities. Training pulls the likeliest fitting hypothesis to the truth (a mixture density network, Bishop 1994, with one
width for all) and the mixture's mean as well, which is what a table of squared errors asks for.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from agonist.networks.motion_muscle import AgonistTrunk, NetworkConfig

__all__ = ["HYPOTHESES", "AgonistDecoder"]

HYPOTHESES = 6
_POINTS = 25
# Below this share of full activation a muscle rests.
_REST = 0.01


class AgonistDecoder(nn.Module):
    """Activation (B, T, M) to keypoints about the middle of the hips in metres, Z up, facing -Y on average over the window.

    D is 3, or 2 for what a camera far in front of the person sees: x and z.
    """

    mean_pose: Tensor

    def __init__(self, config: NetworkConfig, muscles: int = 8, dimensions: int = 3) -> None:
        super().__init__()
        self.config, self.dimensions = config, dimensions
        self.trunk = AgonistTrunk(config, 3 * muscles)
        self.head = nn.Linear(config.width, HYPOTHESES * _POINTS * dimensions)
        self.choice = nn.Linear(config.width, HYPOTHESES)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean_pose", torch.zeros(_POINTS, dimensions))

    def mixture(self, activation: Tensor) -> tuple[Tensor, Tensor]:
        """Hypotheses (B, T, H, 25, D), and the logarithms (B, H) of their probabilities for the window."""
        logarithm = torch.log(torch.clamp(activation, min=_REST))
        # Strong and weak people: what a muscle does beside its own mean does not hang on its strength.
        own = logarithm - logarithm.mean(dim=1, keepdim=True)
        x = self.trunk(torch.cat([logarithm + 3, own, 5 * activation], dim=-1))
        offsets = 0.3 * self.head(x).unflatten(-1, (HYPOTHESES, _POINTS, self.dimensions))
        return self.mean_pose + offsets, torch.log_softmax(self.choice(x.mean(dim=1)), dim=-1)

    def mean(self, hypotheses: Tensor, log_probability: Tensor) -> Tensor:
        """(B, T, 25, D): the motion with the least expected squared error."""
        return (hypotheses * log_probability.exp()[:, None, :, None, None]).sum(dim=2)

    def forward(self, activation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The mean (B, T, 25, D), the hypotheses (B, T, H, 25, D), and their probabilities (B, T, H), the same at every frame."""
        hypotheses, log_probability = self.mixture(activation)
        each = log_probability.exp()[:, None].expand(-1, activation.shape[1], -1)
        return self.mean(hypotheses, log_probability), hypotheses, each
