"""What our decoder learns from: the mixture's mean and its likeliest fitting hypothesis, under sensors of unknown gain, and with
arms that do something else than the legs did."""

from __future__ import annotations

import torch
from torch import Tensor

from agonist.keypoint_layouts import BODY25
from agonist.muscles import MuscleSet
from agonist.networks.decoder import AgonistDecoder, mirrored_motion

__all__ = ["decoder_loss", "other_arms", "random_gains"]

# Squared metres by which one hypothesis must fit better to count e times as much [ours].
_TEMPERATURE_M2 = 0.00125
# Standard deviation of the logarithm of a person's and of a muscle's gain [ours].
_GAIN = 0.2
_ARM_MUSCLES = ("latissimus", "deltoid_medius", "biceps", "triceps")


def random_gains(activation: Tensor) -> Tensor:
    """(B, T, M) as another person with other sensors would have it. Draws from torch's generator."""
    drawn = torch.randn_like(activation[:, :1]) + torch.randn_like(activation[:, :1, :1])
    return torch.clamp(activation * torch.exp(_GAIN * drawn), 0.0, 1.0)


def other_arms(activation: Tensor, keypoints: Tensor, muscles: MuscleSet) -> tuple[Tensor, Tensor]:
    """Each window with the arms, and the arms' muscles, of another one of the batch. Draws from torch's generator.

    An exercise moves arms and legs together; a decoder that only knows whole exercises tells legs by the biceps, and is lost
    in a new one. Arms keep their directions in the room, which is what their own weight asks of their muscles.

    Args:
        activation: (B, T, M). keypoints: (B, T, 25, D) facing -Y.
    """
    drawn = torch.randperm(len(activation), device=activation.device)
    columns = [index for index, muscle in enumerate(muscles.muscles) if muscle.group in _ARM_MUSCLES]
    mixed, moved = activation.clone(), keypoints.clone()
    mixed[..., columns] = activation[drawn][..., columns]
    for side in "lr":
        shoulder = BODY25.index(f"shoulder_{side}")
        for name in ("elbow", "wrist"):
            point = BODY25.index(f"{name}_{side}")
            moved[:, :, point] = keypoints[:, :, shoulder] + (keypoints[:, :, point] - keypoints[:, :, shoulder])[drawn]
    return mixed, moved


def decoder_loss(decoder: AgonistDecoder, activation: Tensor, keypoints: Tensor) -> Tensor:
    """Squared metres: of a mixture's mean, plus a soft minimum over its hypotheses, each counted by its probability.

    Windows count as they are, and again with other arms and other sensors, half of these as in a mirror, for the decoder's
    answer is made of both sides'. keypoints (B, T, 25, D) about the hips, facing -Y, as the decoder's.
    """
    mixed, moved = other_arms(activation, keypoints, decoder.muscles)
    turned = torch.rand_like(mixed[:, :1, :1]) < 0.5
    mixed = torch.where(turned, mixed[..., decoder.muscles.mirrored], mixed)
    moved = torch.where(turned[..., None], mirrored_motion(moved), moved)
    keypoints = torch.cat([keypoints, moved])
    losses = []
    for hypotheses, log_probability in decoder.mixtures(decoder.features(torch.cat([activation, random_gains(mixed)]))):
        mean = (decoder.mean(hypotheses, log_probability) - keypoints).square().mean()
        errors = (hypotheses - keypoints[:, :, None]).square().mean(dim=(1, 3, 4))  # (B, _OWN)
        fitting = -_TEMPERATURE_M2 * torch.logsumexp(log_probability - errors / _TEMPERATURE_M2, dim=-1)
        losses.append(mean + fitting.mean())
    return torch.stack(losses).mean()
