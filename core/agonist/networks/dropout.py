"""Dropout whose random numbers cost little on a CPU: torch's own takes a quarter of a training step of the paper's network there."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Dropout"]

# Numbers of 16 bits that one draw of 64 gives.
_PER_DRAW = 4
_VALUES = 2**16


class Dropout(nn.Dropout):
    """In training, sets each number to 0 with chance `p` and divides the others by what is left (Srivastava et al. 2014).

    On a CPU the chance is a multiple of 2^-16. What is drawn comes from torch's generator, in another order than `nn.Dropout` draws.
    """

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or self.p == 0 or input.device.type != "cpu":
            return super().forward(input)
        dropped = round(self.p * _VALUES)
        drawn = torch.empty(-(-input.numel() // _PER_DRAW), dtype=torch.int64).random_(-(2**63), None)
        kept = drawn.view(torch.int16)[: input.numel()].view(input.shape) >= dropped - _VALUES // 2
        return input * kept.to(input.dtype).mul_(_VALUES / (_VALUES - dropped))
