"""Train the network of joint angles and EMG on recordings of several people, and calibrate it for a new one in seconds."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agonist.networks.emg import EmgConfig, EmgNetwork
from agonist.training.hardware import Hardware
from agonist.training.loop import learning_rate, take_step

__all__ = ["EmgSchedule", "Recording", "calibrate", "emg_features", "motion_features", "predict_recording", "train_recordings"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Recording:
    """What goes in and what should come out, at the same frames: features (T, F), targets (T, O)."""

    features: Array
    targets: Array


@dataclass(frozen=True)
class EmgSchedule:
    """How the network is trained [ours, chosen on the training parts of uci_lower_limb alone].

    Attributes:
        steps, batch: optimiser steps, and pieces of recordings a step. frames: of a piece.
        rate, weight_decay: of AdamW; warm-up over 50 steps, then a cosine.
        unknown: share of the pieces that are shown as a new person's.
        calibration_steps, calibration_rate: of `calibrate`.
    """

    steps: int = 800
    batch: int = 16
    frames: int = 64
    rate: float = 3e-3
    weight_decay: float = 1e-2
    unknown: float = 0.1
    calibration_steps: int = 60
    calibration_rate: float = 1e-3


def motion_features(angles: Array, fps: float, centre: Array) -> Array:
    """Joint angles (T, J) in degrees to (T, 4 J): as they are, about `centre` (J,), their velocities and accelerations."""
    velocity = np.gradient(angles, axis=0) * fps
    acceleration = np.gradient(velocity, axis=0) * fps
    # About one standard deviation of a knee that walks.
    return np.concatenate([(angles - centre) / 30, angles / 60, velocity / 150, acceleration / 1500], axis=1)


def emg_features(emg: Array, fps: float) -> Array:
    """Envelopes (T, M) in units of their 95th percentile to (T, 3 M): as they are, their roots, their changes."""
    return np.concatenate([emg, np.sqrt(np.clip(emg, 0, None)), np.gradient(emg, axis=0) * fps / 10], axis=1)


def train_recordings(recordings: Sequence[Recording], schedule: EmgSchedule, seed: int, config: EmgConfig | None = None) -> EmgNetwork:
    """A network of these recordings; the index of each is its place. Every output counts by its spread in the recording."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    first = recordings[0]
    network = EmgNetwork(config or EmgConfig(), first.features.shape[1], first.targets.shape[1], len(recordings))
    spreads = [_spread(one.targets) for one in recordings]
    # Long recordings hold more that is new, but not in proportion.
    chance = np.sqrt([len(one.targets) for one in recordings])
    frames = min(schedule.frames, *(len(one.targets) for one in recordings))

    def loss() -> Tensor:
        chosen = rng.choice(len(recordings), schedule.batch, p=chance / chance.sum())
        starts = [int(rng.integers(len(recordings[k].targets) - frames + 1)) for k in chosen]
        pieces = [slice(start, start + frames) for start in starts]
        x, y = (
            _tensor(np.stack([getattr(recordings[k], name)[piece] for k, piece in zip(chosen, pieces, strict=True)]))
            for name in ("features", "targets")
        )
        who = torch.tensor(np.where(rng.random(len(chosen)) < schedule.unknown, len(recordings), chosen))
        spread = _tensor(np.stack([spreads[k] for k in chosen])[:, None])
        return ((network(x, who) - y) / spread).square().mean()

    _descend(network, loss, schedule.steps, schedule.rate, schedule.weight_decay)
    return network


def calibrate(network: EmgNetwork, recording: Recording, schedule: EmgSchedule, seed: int, *, person_only: bool = False) -> EmgNetwork:
    """A copy that knows one new recording as its index 0, learned from a short piece of it.

    Args:
        network: trained on others.
        recording: what is known of the new person.
        schedule: how long, how fast.
        seed: of the dropout.
        person_only: learn only the vector that stands for the person, not the rest.
    """
    torch.manual_seed(seed)
    network = copy.deepcopy(network)
    with torch.no_grad():
        network.person.weight[0] = network.person.weight[network.recordings]
    x, y = _tensor(recording.features)[None], _tensor(recording.targets)[None]
    who, spread = torch.zeros(1, dtype=torch.long), _tensor(_spread(recording.targets))
    for parameter in network.parameters():
        parameter.requires_grad_(not person_only)
    network.person.weight.requires_grad_(True)

    def loss() -> Tensor:
        return ((network(x, who) - y) / spread).square().mean()

    # The vector alone has few numbers and may go faster.
    rate = schedule.calibration_rate * (30 if person_only else 1)
    _descend(network, loss, schedule.calibration_steps, rate, schedule.weight_decay)
    return network


def predict_recording(network: EmgNetwork, features: Array, index: int | None) -> Array:
    """(T, F) to (T, O), as the recording of that index, or as somebody new's."""
    network.eval()
    who = torch.tensor([network.recordings if index is None else index])
    with torch.no_grad():
        return network(_tensor(features)[None], who)[0].double().numpy()


def _descend(network: EmgNetwork, loss: Callable[[], Tensor], steps: int, rate: float, weight_decay: float) -> None:
    parameters = [one for one in network.parameters() if one.requires_grad]
    optimizer, hardware = torch.optim.AdamW(parameters, lr=rate, weight_decay=weight_decay), Hardware()
    network.train()
    for step in range(steps):
        take_step(optimizer, parameters, lambda _: loss(), step, learning_rate(rate, step, step / steps, warm_up=50), hardware)
    network.eval()


def _spread(targets: Array) -> Array:
    return targets.std(axis=0) + 1e-3


def _tensor(values: Array) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)
