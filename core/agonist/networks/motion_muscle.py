"""Motion <-> muscle: one module, three configurations.

`mia-paper` and `mia-release` are the network of "Muscles in Action" (Chiquier & Vondrick, ICCV 2023) as the paper and as
the released code describe it; `agonist` is ours. The paper's take windows of 30 frames at 10 frames a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from agonist.errors import UnknownNameError
from agonist.networks.dropout import Dropout
from agonist.networks.geometry import FEATURES, FEATURES_WITH_MOMENTS, body_features, facing

__all__ = [
    "CONFIGS", "AgonistEncoder", "AgonistTrunk", "MiaNetwork", "NetworkConfig", "PaperDecoder", "PaperEncoder", "TransformerBlock",
    "network_config", "paper_axes",
]  # fmt: skip


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of a network.

    Attributes:
        name: the configuration's name.
        fps, window: frame rate and frames of a window.
        layers, heads, width, feed_forward: the transformer's.
        kernel: frames that the local extractor sees.
        dropout: share dropped in training.
        causal: no frame of the answer hangs on a later frame, as live use needs (ours only).
        moments: the encoder is given the net moments at the joints beside the motion (ours only).
    """

    name: str
    fps: float
    window: int
    layers: int
    heads: int
    width: int = 128
    feed_forward: int = 2048
    kernel: int = 9
    dropout: float = 0.1
    causal: bool = False
    moments: bool = False

    @property
    def ours(self) -> bool:
        """Whether the network is ours, and not that of the paper."""
        return self.name.startswith("agonist")


CONFIGS: dict[str, NetworkConfig] = {
    "mia-paper": NetworkConfig("mia-paper", 10.0, 30, layers=4, heads=8),
    "mia-release": NetworkConfig("mia-release", 10.0, 30, layers=8, heads=16),
    "agonist": NetworkConfig("agonist", 20.0, 64, layers=3, heads=4, feed_forward=256, kernel=5, dropout=0.05, moments=True),
    "agonist-causal": NetworkConfig(
        "agonist-causal", 20.0, 64, layers=3, heads=4, feed_forward=256, kernel=5, dropout=0.05, causal=True, moments=True
    ),
}


def network_config(name: str) -> NetworkConfig:
    """The configuration of that name. Raises UnknownNameError."""
    if name not in CONFIGS:
        raise UnknownNameError("network configuration", name, CONFIGS)
    return CONFIGS[name]


def sinusoids(frames: int, width: int) -> Tensor:
    """(frames, width) sinusoidal positions (Vaswani 2017); width may be any even number."""
    position = torch.arange(frames)[:, None]
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    table = torch.zeros(frames, width)
    table[:, 0::2], table[:, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
    return table


class MiaNetwork(nn.Module):
    """The network of Muscles in Action: (B, T, inputs) -> (B, T, outputs), with one condition number a subject."""

    positions: Tensor

    def __init__(self, config: NetworkConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        self.config = config
        self.extract = nn.Conv1d(inputs, config.width - 2, config.kernel, padding=config.kernel // 2)
        self.drop = Dropout(config.dropout)
        self.register_buffer("positions", sinusoids(config.window, config.width - 2), persistent=False)
        layer = nn.TransformerEncoderLayer(config.width, config.heads, config.feed_forward, config.dropout, batch_first=True)
        layer.dropout = layer.dropout1 = layer.dropout2 = Dropout(config.dropout)
        self.transformer = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.head = nn.Linear(config.width, outputs)
        self.scale = math.sqrt(config.width) if config.name == "mia-release" else 1.0

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """x (B, T, inputs); condition (B,) in 0.1 .. 1.0, 0.1 for everyone where it is not used."""
        embedded = self.extract((x * self.scale).transpose(1, 2)).transpose(1, 2)  # (B, T, width - 2)
        embedded = self.drop(embedded + self.positions[: x.shape[1]])
        subject = torch.full_like(embedded[..., :2], 0.1)
        if condition is not None:
            subject = condition[:, None, None].expand_as(subject)
        return self.head(self.transformer(torch.cat([embedded, subject], dim=-1)))


def paper_axes(keypoints: Tensor) -> Tensor:
    """World metres, Z up, to the paper's: middle of the hips at zero, camera axes with y down. (B, T, 25, 3)

    In the paper's recordings the camera stands before a person who faces it; ours have no camera, so one is put where the
    character looks on average over the window. Inside the window nothing follows the character's turns.
    """
    x, y, z = facing(keypoints).unbind(-1)
    # A camera in front of a character that faces -Y: x stays, down is -z, depth is y.
    return torch.stack([x, -z, y], dim=-1)


class PaperEncoder(nn.Module):
    """Motion to muscle: raw world keypoints (B, T, 25, 3) in, activation (B, T, M) out; for export and training alike."""

    def __init__(self, config: NetworkConfig, muscles: int = 8) -> None:
        super().__init__()
        self.network = MiaNetwork(config, 75, muscles)

    def forward(self, keypoints: Tensor) -> Tensor:
        return self.network(paper_axes(keypoints).flatten(2))


class PaperDecoder(nn.Module):
    """Muscle to motion: activation (B, T, M) to hip-centred keypoints (B, T, 25, D) in metres, Z up, facing -Y on average.

    D is 3, or 2 for what a camera far in front of the person sees: x and z.
    """

    def __init__(self, config: NetworkConfig, muscles: int = 8, dimensions: int = 3) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.network = MiaNetwork(config, muscles, 25 * dimensions)

    def forward(self, activation: Tensor) -> Tensor:
        x, down, *depth = self.network(activation).unflatten(-1, (25, self.dimensions)).unbind(-1)
        return torch.stack([x, *depth, -down], dim=-1)


class TransformerBlock(nn.Module):
    """Pre-norm transformer block; attention written out so that it exports to plain ONNX operators."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.heads, self.causal = config.heads, config.causal
        self.norm1, self.norm2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.qkv, self.out = nn.Linear(config.width, 3 * config.width), nn.Linear(config.width, config.width)
        self.up, self.down = nn.Linear(config.width, config.feed_forward), nn.Linear(config.feed_forward, config.width)
        self.drop = Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).chunk(3, dim=-1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (q, k, v))  # (B, heads, T, d)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])  # (B, heads, T, T)
        if self.causal:
            scores = scores + torch.triu(torch.full_like(scores[0, 0], -1e9), diagonal=1)
        weights = torch.softmax(scores, dim=-1)
        x = x + self.drop(self.out((weights @ v).transpose(1, 2).flatten(2)))  # (B, T, width)
        return x + self.drop(self.down(torch.relu(self.up(self.norm2(x)))))


class AgonistTrunk(nn.Module):
    """Features (B, T, F) to (B, T, width): local convolution, then transformer blocks."""

    positions: Tensor

    def __init__(self, config: NetworkConfig, inputs: int) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, config.width)
        self.local = nn.Conv1d(config.width, config.width, config.kernel)
        before = config.kernel - 1 if config.causal else config.kernel // 2
        self.pad = (before, config.kernel - 1 - before)
        self.register_buffer("positions", sinusoids(config.window, config.width), persistent=False)
        self.blocks = nn.ModuleList(TransformerBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, features: Tensor, beside: Tensor | None = None) -> Tensor:
        """features (B, T, F); `beside` (B, T, width) is added to what they are embedded as."""
        x = self.embed(features) if beside is None else self.embed(features) + beside
        around = nn.functional.pad(x.transpose(1, 2), self.pad)
        x = x + torch.relu(self.local(around).transpose(1, 2)) + self.positions[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class AgonistEncoder(nn.Module):
    """Ours: raw world keypoints (B, T, 25, 3) to activation (B, T, M) in [0, 1] and log standard deviation (B, T, M).

    Keypoints may come with confidence (B, T, 25) in [0, 1]; without it all were seen.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: NetworkConfig, muscles: int = 8) -> None:
        super().__init__()
        self.config = config
        features = FEATURES_WITH_MOMENTS if config.moments else FEATURES
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))
        self.trunk = AgonistTrunk(config, features)
        self.head = nn.Linear(config.width, 2 * muscles)
        self.unseen = nn.Linear(25, config.width)
        with torch.no_grad():
            # What is seen says nothing beside the keypoints.
            self.unseen.weight.zero_()
            self.unseen.bias.zero_()
            # Start from resting muscles: sigmoid(-2.5) is 0.08, the corpus's usual level.
            self.head.bias[:muscles] = -2.5
            self.head.bias[muscles:] = -2.5

    def features(self, keypoints: Tensor, *, moments: bool | None = None) -> Tensor:
        """(B, T, F) of the body, as they are; by default with moments if the encoder was given them."""
        wanted = self.config.moments if moments is None else moments
        return body_features(keypoints, self.config.fps, moments=wanted, causal=self.config.causal)

    def learn_scales(self, features: Tensor) -> None:
        """Take from training features (N, F) what `normalized` measures in."""
        self.mean.copy_(features.mean(0))
        self.std.copy_(features.std(0) + 1e-3)

    def normalized(self, keypoints: Tensor, *, moments: bool | None = None) -> Tensor:
        """(B, T, F) features in standard units of the training set, cut at 6 of them."""
        features = self.features(keypoints, moments=moments)
        count = features.shape[-1]
        return torch.clamp((features - self.mean[:count]) / self.std[:count], -6.0, 6.0)

    def forward(self, keypoints: Tensor, confidence: Tensor | None = None) -> tuple[Tensor, Tensor]:
        lost = torch.zeros_like(keypoints[..., 0]) if confidence is None else 1 - confidence
        level, log_std = self.head(self.trunk(self.normalized(keypoints), self.unseen(lost))).chunk(2, dim=-1)
        return torch.sigmoid(level), torch.clamp(log_std, -6.0, 0.0)
