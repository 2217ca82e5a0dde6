"""Kernel ridge regression over time, learned in closed form: random Fourier features (Rahimi and Recht 2007) of what lies around a frame.

Close to what was learned it is nearly as good as a network of many steps; far from it, it goes back to what is usual, where a network
goes on. So the two err differently, and answer better together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

__all__ = ["KernelMachine", "learned_numbers"]

# Times around a frame that are seen, in steps of about _STEP_S to either side.
_STEP_S, _STEPS = 0.1, 4
# Standard deviations beyond which a feature says no more.
_FAR = 4.0
# Weight of the plain features beside the waves; of the penalty [ours, chosen on another corpus than the tables are made on].
_PLAIN, _PENALTY = 0.1, 1e-3
# Largest number of frames whose waves are held at once.
_FRAMES = 8192


class KernelMachine(nn.Module):
    """Features (B, T, F) to answers (B, T, E); all of it is learned by `learn`, nothing by steps.

    A Gaussian kernel, as wide as a frame's surroundings are from each other on average, and beside it a linear one.
    """

    mean: Tensor
    std: Tensor
    directions: Tensor
    phases: Tensor
    centre: Tensor
    offset: Tensor

    def __init__(self, fps: float, features: int, answers: int, waves: int = 1500) -> None:
        super().__init__()
        self.step = max(1, round(_STEP_S * fps))
        seen = (2 * _STEPS + 1) * features
        self.register_buffer("mean", torch.zeros(seen))
        self.register_buffer("std", torch.ones(seen))
        # The same for every seed of a training: the draw is part of the machine.
        drawn = torch.Generator().manual_seed(0)
        self.register_buffer("directions", torch.randn(seen, waves, generator=drawn) / math.sqrt(seen))
        self.register_buffer("phases", 2 * math.pi * torch.rand(waves, generator=drawn))
        self.register_buffer("centre", torch.zeros(waves + seen))
        self.register_buffer("offset", torch.zeros(answers))
        self.weights = nn.Parameter(torch.zeros(waves + seen, answers), requires_grad=False)

    def _around(self, features: Tensor) -> Tensor:
        """(B, T, F) to (B, T, seen), clips held at their ends."""
        reach, frames = _STEPS * self.step, features.shape[1]
        held = torch.cat([features[:, :1].expand(-1, reach, -1), features, features[:, -1:].expand(-1, reach, -1)], dim=1)
        return torch.cat([held[:, k : k + frames] for k in range(0, 2 * reach + 1, self.step)], dim=-1)

    def _waves(self, features: Tensor) -> Tensor:
        standard = torch.clamp((self._around(features) - self.mean) / self.std, -_FAR, _FAR)
        # Three times as tall as the textbook's: the penalty's unit [ours].
        height = 3 * math.sqrt(2 / len(self.phases))
        return torch.cat([height * torch.cos(standard @ self.directions + self.phases), _PLAIN * standard], dim=-1)

    @torch.no_grad()
    def learn(self, windows: Sequence[tuple[Tensor, Tensor]]) -> None:
        """From windows of features (N, T, F) and answers (N, T, E), of any number of kinds."""
        pieces = [
            piece for features, answers in windows
            for piece in zip(*(torch.split(part, max(1, _FRAMES // part.shape[1])) for part in (features, answers)), strict=True)
        ]  # fmt: skip
        count = sum(one.shape[0] * one.shape[1] for one, _ in pieces)

        def mean(values: Iterable[Tensor]) -> Tensor:
            """Of rows, in double precision."""
            return torch.stack([one.double().flatten(0, 1).sum(0) for one in values]).sum(0) / count

        self.mean.copy_(mean(self._around(one) for one, _ in pieces))
        self.std.copy_(mean((self._around(one) - self.mean) ** 2 for one, _ in pieces).sqrt() + 0.01)
        self.centre.copy_(mean(self._waves(one) for one, _ in pieces))
        self.offset.copy_(mean(answer for _, answer in pieces))
        square = _PENALTY * torch.eye(len(self.centre), dtype=torch.float64, device=self.centre.device)
        product = torch.zeros(self.weights.shape, dtype=torch.float64, device=self.centre.device)
        for one, answer in pieces:
            waves = (self._waves(one) - self.centre).double().flatten(0, 1)
            rest = (answer - self.offset).double().flatten(0, 1)
            square += waves.T @ waves / count
            product += waves.T @ rest / count
        self.weights.copy_(torch.linalg.solve(square, product))

    def forward(self, features: Tensor) -> Tensor:
        return (self._waves(features) - self.centre) @ self.weights + self.offset


def learned_numbers(module: nn.Module) -> int:
    """How many numbers of a module are learned, by steps or, in its kernel machines, in closed form."""
    machines = (one for one in module.modules() if isinstance(one, KernelMachine))
    return sum(one.numel() for one in module.parameters() if one.requires_grad) + sum(one.weights.numel() for one in machines)
