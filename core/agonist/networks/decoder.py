"""Our decoder, muscle to motion: several whole motions and how likely each is, instead of one mean pose.

The same activation can come from different motions, and the motion with the least squared error then lies between them, like
nobody's. So the network answers with a mixture: a few hypotheses, each a whole motion over the window, and their probabilities.
Training pulls the likeliest fitting hypothesis to the truth (a mixture density network, Bishop 1994, with one width for all) and
the mixture's mean as well, which is what a table of squared errors asks for.

Two trunks learn apart from each other and answer together, for each errs elsewhere (deep ensembles, Lakshminarayanan 2017), and
left and right are alike: asked as in a mirror, the network answers as in a mirror. The mean is not theirs alone: a kernel machine,
which has no hypotheses and knows when it has seen nothing like it, has a share in it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from agonist.keypoint_layouts import BODY25
from agonist.muscles import MUSCLE_SETS, MuscleSet
from agonist.networks.kernel_machine import KernelMachine
from agonist.networks.motion_muscle import AgonistTrunk, NetworkConfig

__all__ = ["HYPOTHESES", "AgonistDecoder", "mirrored_motion"]

_TRUNKS = 2
# Of one trunk.
_OWN = 2
# Of an answer: the trunks', and those that they have for the mirror image.
HYPOTHESES = 2 * _TRUNKS * _OWN
_POINTS = 25
# The kernel machine's share in the mean [ours, chosen on another corpus than the tables are made on].
_KERNEL = 0.4
# Below this share of full activation a muscle rests.
_REST = 0.01


def mirrored_motion(keypoints: Tensor) -> Tensor:
    """(..., 25, D) facing -Y, as in a mirror: the torch twin of `corpus.sources.mirror_keypoints`."""
    x, *rest = keypoints[..., BODY25.mirrored, :].unbind(-1)
    return torch.stack([-x, *rest], dim=-1)


class _Part(nn.Module):
    """One trunk and its mixture."""

    def __init__(self, config: NetworkConfig, muscles: int, dimensions: int) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.trunk = AgonistTrunk(config, 3 * muscles)
        self.head = nn.Linear(config.width, _OWN * _POINTS * dimensions)
        self.choice = nn.Linear(config.width, _OWN)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Offsets (B, T, _OWN, 25, D) from the mean pose, and the logarithms (B, _OWN) of their probabilities."""
        x = self.trunk(features)
        offsets = 0.3 * self.head(x).unflatten(-1, (_OWN, _POINTS, self.dimensions))
        return offsets, torch.log_softmax(self.choice(x.mean(dim=1)), dim=-1)


class AgonistDecoder(nn.Module):
    """Activation (B, T, M) to keypoints about the middle of the hips in metres, Z up, facing -Y on average over the window.

    D is 3, or 2 for what a camera far in front of the person sees: x and z.
    """

    mean_pose: Tensor

    def __init__(self, config: NetworkConfig, muscles: MuscleSet = MUSCLE_SETS["mia8"], dimensions: int = 3) -> None:
        super().__init__()
        self.config, self.muscles, self.dimensions = config, muscles, dimensions
        self.parts = nn.ModuleList(_Part(config, len(muscles), dimensions) for _ in range(_TRUNKS))
        self.register_buffer("mean_pose", torch.zeros(_POINTS, dimensions))
        self.kernel = KernelMachine(config.fps, 3 * len(muscles), _POINTS * dimensions)

    @torch.no_grad()
    def learn_scales(self, activation: Tensor, keypoints: Tensor) -> None:
        """Take from training windows, (N, T, M) and (N, T, 25, D) facing -Y, what is learned before any step.

        They count as they are and as in a mirror. What trunks are shown beside, other arms and other sensors, made it no better.
        """
        self.mean_pose.copy_(keypoints.mean(dim=(0, 1)))
        mirrored = activation[..., self.muscles.mirrored], mirrored_motion(keypoints)
        self.kernel.learn([(self.features(one), points.flatten(2)) for one, points in ((activation, keypoints), mirrored)])

    def features(self, activation: Tensor) -> Tensor:
        """(B, T, 3 M) of activation (B, T, M): what trunks and kernel machine are shown."""
        logarithm = torch.log(torch.clamp(activation, min=_REST))
        # Strong and weak people: what a muscle does beside its own mean does not hang on its strength.
        own = logarithm - logarithm.mean(dim=1, keepdim=True)
        return torch.cat([logarithm + 3, own, 5 * activation], dim=-1)

    def mixtures(self, features: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Of each trunk: hypotheses (B, T, _OWN, 25, D), and the logarithms (B, _OWN) of their probabilities for the window."""
        answers = [part(features) for part in self.parts]
        return [(self.mean_pose + offsets, log_probability) for offsets, log_probability in answers]

    def mean(self, hypotheses: Tensor, log_probability: Tensor) -> Tensor:
        """(B, T, 25, D): of all hypotheses, the motion with the least expected squared error."""
        return (hypotheses * log_probability.exp()[:, None, :, None, None]).sum(dim=2)

    def forward(self, activation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The mean (B, T, 25, D), the hypotheses (B, T, H, 25, D), and their probabilities (B, T, H), the same at every frame.

        The mean is that of the hypotheses and, by its share, what the kernel machine says.
        """
        # Not so in training, where parts that answer as one would agree too early to make up for each other's errors.
        both = self.features(torch.cat([activation, activation[..., self.muscles.mirrored]]))
        mixtures = self.mixtures(both)
        straight, mirror = torch.cat([one for one, _ in mixtures], dim=2).chunk(2)
        hypotheses = torch.cat([straight, mirrored_motion(mirror)], dim=2)
        log_probability = torch.cat(torch.cat([one for _, one in mixtures], dim=-1).chunk(2), dim=-1) - math.log(2 * _TRUNKS)
        each = log_probability.exp()[:, None].expand(-1, activation.shape[1], -1)
        told, told_mirror = self.kernel(both).unflatten(-1, (_POINTS, self.dimensions)).chunk(2)
        told = (told + mirrored_motion(told_mirror)) / 2
        return (1 - _KERNEL) * self.mean(hypotheses, log_probability) + _KERNEL * told, hypotheses, each
