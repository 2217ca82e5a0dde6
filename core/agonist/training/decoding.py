"""What our decoder learns from: the mixture's mean and its likeliest fitting hypothesis, under sensors of unknown gain."""

from __future__ import annotations

import torch
from torch import Tensor

from agonist.networks.decoder import AgonistDecoder

__all__ = ["decoder_loss", "random_gains"]

# Squared metres by which one hypothesis must fit better to count e times as much [ours].
_TEMPERATURE_M2 = 0.00125
# Standard deviation of the logarithm of a person's and of a muscle's gain [ours].
_GAIN = 0.2


def random_gains(activation: Tensor) -> Tensor:
    """(B, T, M) as another person with other sensors would have it. Draws from torch's generator."""
    drawn = torch.randn_like(activation[:, :1]) + torch.randn_like(activation[:, :1, :1])
    return torch.clamp(activation * torch.exp(_GAIN * drawn), 0.0, 1.0)


def decoder_loss(decoder: AgonistDecoder, activation: Tensor, keypoints: Tensor) -> Tensor:
    """Squared metres: of the mixture's mean, plus a soft minimum over the hypotheses, each counted by its probability.

    keypoints (B, T, 25, D) about the hips, facing -Y, as the decoder's.
    """
    hypotheses, log_probability = decoder.mixture(random_gains(activation))
    mean = (decoder.mean(hypotheses, log_probability) - keypoints).square().mean()
    errors = (hypotheses - keypoints[:, :, None]).square().mean(dim=(1, 3, 4))  # (B, H)
    fitting = -_TEMPERATURE_M2 * torch.logsumexp(log_probability - errors / _TEMPERATURE_M2, dim=-1)
    return mean + fitting.mean()
