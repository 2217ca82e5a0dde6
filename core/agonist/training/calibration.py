"""A new person's sensor gains from a calibration clip: a few windows of motion with EMG, for a network that learned those of others.

What a muscle's sensor reads is taken for its activation times a gain (`FoldNetwork.log_gains`). The logarithms of a new person's gains
are estimated as the likeliest ones (maximum a posteriori) under a Gaussian prior with the mean of the known people's, which is all
that is known without a clip, and with the variances of theirs: what all muscles of a person have in common, and what each has for itself.
A muscle that hardly worked in the clip keeps the mean, moved by what the person's other muscles have in common.

Both strengths below were chosen on networks that other pairs of people were left out of (trained on hidden gains), by windows that no
table tests. Encoder: 6.76 counts (uncalibrated 8.04; gains fitted to the judged windows themselves 6.63), 6.77 and 6.83 with half and
twice the noise; a ridge to the mean for each muscle by itself was worse, 7.29 at best, because one person's latissimi read twice as much in
squats as elsewhere. Decoder: .0605 m (uncalibrated .0626), up to .0609 with counts from 150 to 5000; how much the clip's muscles read,
compared with what known people's do in the same exercises, was worse, .0613.
"""

from __future__ import annotations

from copy import deepcopy
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from agonist.errors import InputError
from agonist.training.fold import FoldNetwork, FoldSet

__all__ = ["Prior", "calibrated", "fitted_log_factor", "gain_prior", "worked_log_factor"]

# Standard deviation of the logarithm of a gain that a clip shows of a muscle that works well in it [ours].
_NOISE = 0.1
# Mean square beside which a muscle worked little in a clip, by that of all training windows [ours].
_LITTLE = 0.1
# The decoder's relative squared error on a clip counts as so many independent numbers [ours].
_COUNT = 500.0
# Adam's, of the decoder's eight numbers; under the prior of people as these, 200 steps give the same errors [ours].
_STEPS, _RATE = 60, 0.03
# The least standard deviation of the logarithm of a muscle's own gain, where known people are few or alike [ours].
_LEAST = 0.03


class Prior(NamedTuple):
    """Of a new person's gains: (8,) mean of the logarithms, and their (8, 8) covariance."""

    mean: Tensor
    covariance: Tensor


def calibrated(network: FoldNetwork, clip: FoldSet, known: FoldSet) -> FoldNetwork:
    """A copy of a network that also knows the people of the clip.

    Args:
        network: of ours, told the person.
        clip: windows of people whom it does not know.
        known: what it learned from.

    Raises InputError where the network learned no gains.
    """
    copy = deepcopy(network).eval()
    prior = gain_prior(copy)
    people = sorted(set(clip.person.tolist()))
    # Before any of them is known: somebody calibrated is no part of the mean for the next.
    factors = [_log_factor(copy, _only(clip, one), known, prior) for one in people]
    if copy.log_gain is not None:
        copy.log_gain.data[people] = prior.mean + torch.stack(factors)
    copy.known[people] = True
    return copy


def gain_prior(network: FoldNetwork) -> Prior:
    """What the known people's gains say of somebody new: any two muscles of a person have the same covariance."""
    if network.log_gain is None:
        raise InputError("The network learned no sensor gains, which a clip could calibrate. Expected one of ours that is told the person.")
    gains = network.log_gain.detach()[network.known]
    count, muscles = gains.shape
    mean = gains.mean(dim=0)
    found = (gains - mean).T @ (gains - mean) / max(count - 1, 1)
    own, every = found.diagonal().mean(), found.sum()
    common = torch.clamp((every - muscles * own) / (muscles * (muscles - 1)), min=0.0)
    single = torch.clamp(own - common, min=_LEAST**2)
    return Prior(mean, common + single * torch.eye(muscles, device=gains.device))


def _log_factor(network: FoldNetwork, clip: FoldSet, known: FoldSet, prior: Prior) -> Tensor:
    """(8,) logarithm of how many times the mean gain each sensor of one person reads."""
    device = network.scale.device
    keypoints, activation, person = (torch.tensor(one, device=device) for one in (clip.keypoints, clip.activation, clip.person))
    if network.direction != "encoder":
        return fitted_log_factor(network, keypoints, activation, person, prior)
    with torch.no_grad():
        gains = network.log_gains(torch.tensor(known.person, device=device))
        power = (torch.tensor(known.activation, device=device) * torch.exp(prior.mean - gains)).square().mean(dim=(0, 1))
    return worked_log_factor(torch.tensor(network.predict(clip), device=device), activation, power, prior)


def worked_log_factor(predicted: Tensor, read: Tensor, power: Tensor, prior: Prior) -> Tensor:
    """(8,) by what an encoder predicts, in closed form: the mean of a Gaussian, given noisy observations of it.

    Observed is the logarithm of the slope of what sensors read over what they should, by least squares; its variance is `_NOISE`
    squared, and more where a muscle worked little (Bishop 2006, eq. 2.116, with y as observed and A = 1).

    Args:
        predicted: (B, T, 8) what sensors of the mean gain should read. read: (B, T, 8) what they do.
        power: (8,) mean square of what known people's would.
    """
    little = _LITTLE * power + 1e-12
    work = predicted.square().mean(dim=(0, 1))
    observed = torch.log(((read * predicted).mean(dim=(0, 1)) + little) / (work + little))
    noise = _NOISE**2 * (1 + little / (work + 1e-6 * little))
    return prior.covariance @ torch.linalg.solve(prior.covariance + torch.diag(noise), observed)


def fitted_log_factor(decoder: FoldNetwork, keypoints: Tensor, activation: Tensor, person: Tensor, prior: Prior) -> Tensor:
    """(8,) by what to divide readings for a decoder to answer with the clip's motion, which it has to be asked for in steps.

    keypoints (B, T, 25, 3), activation (B, T, 8), person (B,) of one clip.
    """
    wanted, precision = decoder.target(keypoints, activation), torch.linalg.inv(prior.covariance)
    log_factor = torch.zeros(activation.shape[-1], device=activation.device, requires_grad=True)
    adam = torch.optim.Adam([log_factor], lr=_RATE)

    def error() -> Tensor:
        return (decoder.answer(keypoints, activation * torch.exp(-log_factor), person)[0] - wanted).square().mean()

    before = error().detach() + 1e-12
    for _ in range(_STEPS):
        loss = error() / before + (log_factor @ precision @ log_factor) / _COUNT
        # Of the eight numbers alone: the network stays as it is.
        (log_factor.grad,) = torch.autograd.grad(loss, log_factor)
        adam.step()
    return log_factor.detach()


def _only(windows: FoldSet, person: int) -> FoldSet:
    mine = np.flatnonzero(windows.person == person)
    return FoldSet(windows.keypoints[mine], windows.activation[mine], windows.person[mine])
