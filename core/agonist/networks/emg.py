"""Joint angles <-> the EMG of one leg, for real recordings of several people: a small dilated convolution in time.

It sees no phase of a gait cycle, only what the signals did around a frame. A learned vector stands for each recording (a person
with their electrodes at one task); it scales and shifts what the layers do (FiLM, Perez et al. 2018) and weighs the outputs.
Index `recordings` stands for somebody new: training shows it every recording now and then.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

__all__ = ["EmgConfig", "EmgNetwork"]


@dataclass(frozen=True)
class EmgConfig:
    """Sizes [ours, chosen on the training parts of uci_lower_limb alone].

    Attributes:
        width: channels. kernel: taps of each convolution. dilations: frames between taps, a layer each.
        embedding: numbers that stand for a recording. dropout: share dropped in training.
    """

    width: int = 48
    kernel: int = 5
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    embedding: int = 16
    dropout: float = 0.3


class EmgNetwork(nn.Module):
    """Features (B, T, F) and the recording's index (B,) to outputs (B, T, O)."""

    def __init__(self, config: EmgConfig, features: int, outputs: int, recordings: int) -> None:
        super().__init__()
        self.config, self.outputs, self.recordings = config, outputs, recordings
        self.embed = nn.Linear(features, config.width)
        pad = config.kernel // 2
        self.layers = nn.ModuleList(
            nn.Conv1d(config.width, config.width, config.kernel, padding=pad * step, dilation=step) for step in config.dilations
        )
        self.mix = nn.ModuleList(nn.Conv1d(config.width, config.width, 1) for _ in config.dilations)
        self.film = nn.ModuleList(nn.Linear(config.embedding, 2 * config.width) for _ in config.dilations)
        self.person = nn.Embedding(recordings + 1, config.embedding)
        nn.init.normal_(self.person.weight, std=0.1)
        self.head = nn.Linear(config.width, outputs)
        self.own_head = nn.Linear(config.embedding, outputs * config.width)
        nn.init.zeros_(self.own_head.weight)
        nn.init.zeros_(self.own_head.bias)
        self.drop = nn.Dropout(config.dropout)

    @property
    def sight(self) -> int:
        """Frames that it sees on either side of one."""
        return sum(step * (self.config.kernel // 2) for step in self.config.dilations)

    def forward(self, features: Tensor, recording: Tensor) -> Tensor:
        person = self.person(recording)  # (B, embedding)
        x = self.embed(features).transpose(1, 2)  # (B, width, T)
        for layer, mix, film in zip(self.layers, self.mix, self.film, strict=True):
            scale, shift = film(person)[..., None].chunk(2, dim=1)  # (B, width, 1)
            x = x + mix(self.drop(nn.functional.gelu(layer(x) * (1 + scale) + shift)))
        own = self.own_head(person).unflatten(-1, (self.outputs, -1))  # (B, O, width)
        return self.head(x.transpose(1, 2)) + (own @ x).transpose(1, 2)
