"""Surrogate of the body's geometry: lengths and moment arms of muscles as a differentiable function of joint angles.

One small network a muscle gives its length L(q) from the joints that it spans; moment arms are R = -dL/dq, its exact
derivative, so that length and moment arm never disagree (as Sobolev training, Czarnecki et al. 2017, asks for).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["MuscleGeometry"]


class MuscleGeometry(nn.Module):
    """Lengths (B, M) metres and moment arms (B, M, D) metres of M muscles from D joint angles (B, D) radians.

    Args:
        spans: (M, D) which joints each muscle spans.
        middle, half_range: (D,) radians; angles are scaled by them to about -1 to 1.
        width: units of each of the two hidden layers.
    """

    spans: Tensor
    middle: Tensor
    half_range: Tensor
    offset: Tensor
    spread: Tensor

    def __init__(self, spans: Tensor, middle: Tensor, half_range: Tensor, width: int = 48) -> None:
        super().__init__()
        muscles, joints = spans.shape
        for name, value in (("spans", spans.float()), ("middle", middle.float()), ("half_range", half_range.float())):
            self.register_buffer(name, value)
        # Length of each muscle is offset + spread x network.
        self.register_buffer("offset", torch.zeros(muscles))
        self.register_buffer("spread", torch.ones(muscles))
        self.first = nn.Parameter(torch.randn(muscles, joints, width) * (1.0 / spans.sum(1).clamp(min=1).sqrt())[:, None, None])
        self.first_bias = nn.Parameter(0.5 * torch.randn(muscles, width))
        self.second = nn.Parameter(torch.randn(muscles, width, width) / width**0.5)
        self.second_bias = nn.Parameter(torch.zeros(muscles, width))
        self.last = nn.Parameter(torch.randn(muscles, width) / width**0.5)
        self.last_bias = nn.Parameter(torch.zeros(muscles))

    def forward(self, angles: Tensor) -> tuple[Tensor, Tensor]:
        """Lengths and moment arms at `angles` (B, D)."""
        scaled = (angles - self.middle) / self.half_range
        weight = self.first * self.spans[:, :, None]
        one = torch.tanh(torch.einsum("bd,mdh->bmh", scaled, weight) + self.first_bias)
        two = torch.tanh(torch.einsum("bmh,mhk->bmk", one, self.second) + self.second_bias)
        length = self.offset + self.spread * ((two * self.last).sum(-1) + self.last_bias)
        # The chain rule by hand, from the last layer to the first: torch differentiates it like any other expression.
        back = torch.einsum("bmk,mhk->bmh", (1 - two.square()) * self.last, self.second) * (1 - one.square())
        slope = torch.einsum("bmh,mdh->bmd", back, weight) / self.half_range
        return length, -self.spread[:, None] * slope
