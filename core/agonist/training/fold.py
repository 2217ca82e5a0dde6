"""One network on the windows of one fold: every configuration sees the same windows in the same order for the same steps.

The networks of "Muscles in Action" learn as their authors say, by mean squared error on one scale; ours by its own recipe's loss.
Windows are 30 frames at 10 a second for all, so ours runs at 10 frames a second here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agonist.corpus.sources import mirror_activation, mirror_keypoints
from agonist.networks.baselines import FLAT
from agonist.networks.decoder import AgonistDecoder
from agonist.networks.geometry import facing
from agonist.networks.motion_muscle import AgonistEncoder, MiaNetwork, network_config, paper_axes
from agonist.training.decoding import decoder_loss
from agonist.training.hardware import Hardware
from agonist.training.loop import Fit, Schedule, fit
from agonist.training.uncertainty import gaussian_surprise

__all__ = ["FoldNetwork", "FoldSet", "train_fold"]

Floats = NDArray[np.float32]
Progress = Callable[[float, str], None]

_MUSCLES, _POINTS = 8, 25
# Windows that pass through a network at once where nothing is learned.
_BATCH = 256
# Weight of the squared logarithm of a sensor gain [ours].
_GAIN_COST = 0.02
# Activation beside which a muscle that nobody uses has no gain of its own [ours].
_REST = 0.005


@dataclass(frozen=True, eq=False)
class FoldSet:
    """Windows of one part of a fold: keypoints (N, T, 25, 3) metres, activation (N, T, 8), person (N,) as a number from 0."""

    keypoints: Floats
    activation: Floats
    person: NDArray[np.int64]


class FoldNetwork(nn.Module):
    """A configuration in one direction, as raw windows: "encoder" (motion to muscle), "decoder" (muscle to motion), or
    "decoder-2d" (muscle to what a camera far in front of the person sees).

    Decoders answer with keypoints about the middle of the hips in the paper's axes (2D: without the depth), ours with the mean
    of its hypotheses.

    Networks that are told the person: those of the paper by a number beside their input, as published (for somebody new the mean of
    those that they know); ours learns what each person's sensors read at full activation, a gain a muscle, and takes for somebody new
    the (geometric) mean of those it knows.
    """

    scale: Tensor
    spread: Tensor
    conditions: Tensor
    known: Tensor

    def __init__(self, config: str, direction: str, frames: int, *, people: int = 0) -> None:
        super().__init__()
        # A single frame has no velocity: ours gets it twice.
        known = network_config(config)
        given = replace(known, fps=10.0, window=max(frames, 2) if known.ours else frames)
        self.direction, self.frames, self.conditioned = direction, frames, people > 0
        self.dimensions = 2 if direction == "decoder-2d" else 3
        self.network: nn.Module
        if known.ours:
            decoder = AgonistDecoder(given, dimensions=self.dimensions)
            self.network = AgonistEncoder(given, _MUSCLES) if direction == "encoder" else decoder
        else:
            inputs, outputs = (3 * _POINTS, _MUSCLES) if direction == "encoder" else (_MUSCLES, self.dimensions * _POINTS)
            self.network = MiaNetwork(given, inputs, outputs)
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("spread", torch.ones(_MUSCLES))
        # The release: 1.0, 0.9 .. 0.1 for its ten people.
        self.register_buffer("conditions", torch.tensor(np.linspace(1.0, 0.1, people), dtype=torch.float32))
        self.register_buffer("known", torch.zeros(people, dtype=torch.bool))
        self.log_gain = nn.Parameter(torch.zeros(people, _MUSCLES)) if known.ours and people else None

    def learn_scales(self, keypoints: Tensor, activation: Tensor, person: Tensor) -> None:
        """Take from training windows what numbers are brought to unit size by, and who is known."""
        if self.conditioned:
            self.known[person] = True
        if self.log_gain is not None:
            # Everybody does much the same here, so whose muscles read twice as much on average has about twice the gain.
            level = activation.mean(dim=1)
            for one in torch.unique(person):
                self.log_gain.data[one] = torch.log((level[person == one].mean(0) + _REST) / (level.mean(0) + _REST))
        self.scale.copy_(activation.std() + 1e-6)
        self.spread.copy_(activation.flatten(0, 1).std(0) + 0.02)
        if isinstance(self.network, AgonistEncoder):
            parts = [self.network.features(self._held(part)).flatten(0, 1) for part in torch.split(keypoints, _BATCH)]
            self.network.learn_scales(torch.cat(parts))
        if isinstance(self.network, AgonistDecoder):
            self.network.learn_scales(self._ungained(activation, person), self._facing(keypoints))

    def _held(self, keypoints: Tensor) -> Tensor:
        return keypoints.expand(-1, 2, -1, -1) if keypoints.shape[1] == 1 else keypoints

    def _facing(self, keypoints: Tensor) -> Tensor:
        """(B, T, 25, D) as our decoder answers."""
        return facing(keypoints) if self.dimensions == 3 else facing(keypoints)[..., FLAT]

    def log_gains(self, person: Tensor) -> Tensor:
        """(B, 1, 8) logarithm of what ours takes a unit of each one's activation to read; 0 where it is not told the person."""
        if self.log_gain is None:
            return torch.zeros(len(person), 1, _MUSCLES, device=person.device)
        known = self.known[:, None].to(self.log_gain.dtype)
        mean = (self.log_gain * known).sum(0) / known.sum()
        return torch.where(self.known[person, None], self.log_gain[person], mean)[:, None]

    def _conditions(self, person: Tensor) -> Tensor:
        """(B,) numbers of people as the paper's networks are told them; of somebody new, the mean of those that they know."""
        return torch.where(self.known[person], self.conditions[person], self.conditions[self.known].mean())

    def _ungained(self, activation: Tensor, person: Tensor) -> Tensor:
        """What sensors read, as activation."""
        return activation * torch.exp(-self.log_gains(person))

    def answer(self, keypoints: Tensor, activation: Tensor, person: Tensor) -> tuple[Tensor, Tensor | None]:
        """(B, T, 8) activation or (B, T, 25 D) metres, and ours its log standard deviation."""
        if isinstance(self.network, AgonistEncoder):
            level, log_std = self.network(self._held(keypoints))
            log_gain = self.log_gains(person)
            return level[:, : self.frames] * torch.exp(log_gain), log_std[:, : self.frames] + log_gain
        if isinstance(self.network, AgonistDecoder):
            x, *y, z = self.network(self._ungained(activation, person))[0].unbind(-1)
            # The paper's camera, see paper_axes.
            return torch.stack([x, -z, *y], dim=-1).flatten(2), None
        subject = self._conditions(person) if self.conditioned else None
        if self.direction == "encoder":
            return self.network(paper_axes(keypoints).flatten(2), subject) * self.scale, None
        return self.network(activation / self.scale, subject), None

    def target(self, keypoints: Tensor, activation: Tensor) -> Tensor:
        """What `answer` should be."""
        return activation if self.direction == "encoder" else paper_axes(keypoints)[..., : self.dimensions].flatten(2)

    def loss(self, keypoints: Tensor, activation: Tensor, person: Tensor) -> Tensor:
        """What is minimised: mean squared error, ours by each muscle's spread and with a little likelihood (see `parts`)."""
        # A person of whom little is known has the gain of everybody.
        unlike = torch.zeros(()) if self.log_gain is None else _GAIN_COST * self.log_gain.square().mean()
        if isinstance(self.network, AgonistDecoder):
            return decoder_loss(self.network, self._ungained(activation, person), self._facing(keypoints)) + unlike
        answer, log_std = self.answer(keypoints, activation, person)
        error = answer - self.target(keypoints, activation)
        if log_std is None:
            return (error / self.scale if self.direction == "encoder" else error).square().mean()
        return (error / self.spread).square().mean() + 0.05 * gaussian_surprise(error, log_std).mean() + unlike

    def predict(self, windows: FoldSet) -> Floats:
        """(N, 30, 8) activation, or (N, 30, 25, D) metres about the hips, Z up (the last of D), facing -Y on average.

        Windows longer than the network's are cut; the last piece lies flush with the end and fills what is left.
        """
        self.eval()
        length, device = windows.activation.shape[1], self.scale.device
        outputs = _MUSCLES if self.direction == "encoder" else _POINTS * self.dimensions
        result = np.zeros((*windows.activation.shape[:2], outputs), dtype=np.float32)
        with torch.no_grad():
            for first in range(0, len(windows.activation), _BATCH):
                part = slice(first, first + _BATCH)
                for start in range(0, length, self.frames):
                    begin = min(start, length - self.frames)
                    piece = [torch.tensor(one[part, begin : begin + self.frames], device=device)
                             for one in (windows.keypoints, windows.activation)]  # fmt: skip
                    answer, _ = self.answer(piece[0], piece[1], torch.tensor(windows.person[part], device=device))
                    result[part, start : begin + self.frames] = answer[:, start - begin :].cpu().numpy()
        if self.direction == "encoder":
            return result
        x, down, *depth = np.moveaxis(result.reshape(*result.shape[:2], _POINTS, self.dimensions), -1, 0)
        return np.stack([x, *depth, -down], axis=-1)


def train_fold(
    network: tuple[str, str, int],
    frames: int,
    train: FoldSet,
    val: FoldSet,
    *,
    steps: int,
    batch: int,
    rate: float,
    seed: int,
    mirror: bool,
    folder: Path,
    key: str,
    hardware: Hardware | None = None,
    progress: Progress | None = None,
) -> tuple[FoldNetwork, Fit]:
    """Train one network; called again after a kill, it goes on where it was.

    Args:
        network: configuration, direction of `FoldNetwork`, and of how many people it is told who moves; 0 if it is not.
        frames: frames that the network sees at once, of the windows' 30.
        train, val: windows to learn from, and for choosing the best weights; all steps are made in any case.
        steps, batch, rate: optimiser steps, windows a step, peak learning rate.
        seed: of weights and of the windows drawn; equal seeds draw equal windows for every network.
        mirror: draw half of the windows as in a mirror.
        folder: gets the log, and the checkpoint until training ends.
        key: says what is being trained.
        hardware: what it runs on.
        progress: share done and a line of text.
    """
    config, direction, people = network
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    machine = hardware or Hardware()
    device = machine.device
    module = FoldNetwork(config, direction, frames, people=people).to(device)
    module.learn_scales(*(torch.tensor(one, device=device) for one in (train.keypoints[:, :frames], train.activation, train.person)))
    held = _cut(val, np.arange(len(val.person)), np.zeros(len(val.person), dtype=int), frames, device)

    def loss(_: int) -> Tensor:
        chosen = rng.integers(len(train.person), size=batch)
        starts = rng.integers(train.activation.shape[1] - frames + 1, size=batch)
        mirrored = rng.random(batch) < (0.5 if mirror else 0.0)
        return module.loss(*_cut(train, chosen, starts, frames, device, mirrored))

    def validate() -> float:
        # Without the likelihood: weights are chosen by error alone, as the tables judge.
        total = 0.0
        for k, a, p in zip(*(torch.split(one, _BATCH) for one in held), strict=True):
            total += float((module.answer(k, a, p)[0] - module.target(k, a)).square().sum())
        return total / len(val.person)

    checkpoint = folder / "checkpoint.safetensors"
    schedule = Schedule(steps, 1e6, rate, validate_every=max(3, steps // 10), patience=10**9)
    done = fit(
        [one for one in module.parameters() if one.requires_grad], module, loss, validate, schedule, folder / "log.csv", progress,
        rng=rng, checkpoint=checkpoint, key=key, hardware=machine,
    )  # fmt: skip
    checkpoint.unlink(missing_ok=True)
    return module, done


def _cut(
    windows: FoldSet,
    chosen: NDArray[np.int64],
    starts: NDArray[np.int64],
    frames: int,
    device: torch.device,
    mirrored: NDArray[np.bool_] | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Pieces of windows as tensors, some of them as in a mirror."""
    times = starts[:, None] + np.arange(frames)
    k, a = windows.keypoints[chosen[:, None], times], windows.activation[chosen[:, None], times]
    if mirrored is not None and mirrored.any():
        shape = k[mirrored].shape
        k[mirrored] = mirror_keypoints(k[mirrored].reshape(-1, 25, 3).astype(float)).reshape(shape)
        a[mirrored] = mirror_activation(a[mirrored].reshape(-1, _MUSCLES).astype(float)).reshape(a[mirrored].shape)
    keypoints, activation, person = (torch.tensor(one, device=device) for one in (k, a, windows.person[chosen]))
    return keypoints, activation, person
