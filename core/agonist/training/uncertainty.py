"""What an encoder says of its own errors: how that is learned, and how it is put right afterwards."""

from __future__ import annotations

import torch
from torch import Tensor

from agonist.networks.motion_muscle import AgonistEncoder

__all__ = ["gaussian_surprise", "widen_uncertainty"]


def gaussian_surprise(error: Tensor, log_std: Tensor) -> Tensor:
    """Negative log-likelihood of errors, but for a constant, each by its own standard deviation.

    The error is detached: the uncertainty is learned without softening the fit.
    """
    return 0.5 * (error.detach() / torch.exp(log_std)).square() + log_std


def widen_uncertainty(encoder: AgonistEncoder, keypoints: Tensor, activation: Tensor, confidence: Tensor | None = None) -> None:
    """Scale the standard deviations so that on windows that were not learned from squared errors are as large as they say.

    What a network says of its own training error is too good for new people (Guo et al. 2017 do the same with one temperature).
    Every point was seen if there is no confidence. Muscles that are NaN all the time carried no sensor: nothing is known of their
    errors, and they keep what they say.
    """
    with torch.no_grad():
        seen = torch.ones_like(keypoints[..., 0]) if confidence is None else confidence
        results = [encoder(*parts) for parts in zip(torch.split(keypoints, 64), torch.split(seen, 64), strict=True)]
        level, log_std = (torch.cat([result[k] for result in results]) for k in (0, 1))
        surprise = ((level - activation) / torch.exp(log_std)).square()
        known = torch.isfinite(activation)
        if not known.any():
            return
        ratio = surprise[known].mean().sqrt()
        measured = known.any(dim=0).any(dim=0).to(ratio.dtype)
        encoder.head.bias[activation.shape[-1] :] += measured * torch.log(ratio)
