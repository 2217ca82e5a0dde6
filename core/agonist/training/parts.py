"""What each part of a model learns from a corpus: encoder, decoder, editor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agonist.networks.baselines import FLAT
from agonist.networks.decoder import AgonistDecoder
from agonist.networks.editor import Editor
from agonist.networks.geometry import facing
from agonist.networks.motion_muscle import AgonistEncoder, NetworkConfig, PaperDecoder, PaperEncoder
from agonist.training import distributed
from agonist.training.damage import damage_windows
from agonist.training.data import WindowSampler
from agonist.training.decoding import decoder_loss
from agonist.training.editing import direction_score, draw_scales, edit_loss, plants
from agonist.training.hardware import Hardware
from agonist.training.loop import Fit
from agonist.training.uncertainty import gaussian_surprise, widen_uncertainty

__all__ = ["TRAINERS", "Job"]

_JITTER_M = 0.006
# Windows at most from which our decoder learns what it learns before any step.
_DRAWN = 2000


@dataclass(frozen=True, eq=False)
class Job:
    """What every part is trained with; the test split is not in it.

    Attributes:
        config: the network's sizes.
        train, val: windows to learn from, and for choosing the best weights.
        rng: draws the batches.
        modules: the parts that are trained already, by name.
        fit: `loop.fit` with everything but parameters, module, loss and validation.
        hardware: where it computes.
        dimensions: of the decoder's keypoints: 3, or 2 for x and z.
    """

    config: NetworkConfig
    train: WindowSampler
    val: WindowSampler
    rng: np.random.Generator
    modules: dict[str, nn.Module]
    fit: Callable[..., Fit]
    hardware: Hardware
    dimensions: int = 3

    def decoded(self, keypoints: Tensor) -> Tensor:
        """(B, T, 25, 3) world metres to the (B, T, 25, D) that a decoder is to answer."""
        return facing(keypoints) if self.dimensions == 3 else facing(keypoints)[..., FLAT]

    def tensors(self, *arrays: NDArray[np.float32]) -> tuple[Tensor, ...]:
        """Arrays where the network is."""
        return tuple(torch.tensor(array, device=self.hardware.device) for array in arrays)


def _paper_encoder_loss(encoder: nn.Module, keypoints: Tensor, activation: Tensor, spread: Tensor) -> Tensor:
    return torch.as_tensor(((encoder(keypoints) - activation) / spread).square().mean())


def _encoder_loss(encoder: nn.Module, keypoints: Tensor, confidence: Tensor, activation: Tensor, spread: Tensor) -> Tensor:
    level, log_std = encoder(keypoints, confidence)
    error = level - activation
    return (error / spread).square().mean() + 0.05 * gaussian_surprise(error, log_std).mean()


def _train_encoder(job: Job, batch: int) -> tuple[nn.Module, Fit]:
    keypoints, activation = job.train.draw(400, job.rng)
    encoder: nn.Module
    step: Callable[..., Tensor]
    if job.config.ours:
        step = job.hardware.fast(_encoder_loss)
        encoder = AgonistEncoder(job.config)
        encoder.learn_scales(encoder.features(torch.tensor(keypoints)).flatten(0, 1))
    else:
        encoder, step = PaperEncoder(job.config), job.hardware.fast(_paper_encoder_loss)
    encoder.to(job.hardware.device)
    (spread,) = job.tensors(activation.reshape(-1, activation.shape[-1]).std(axis=0) + np.float32(0.02))
    # Drawn, so that of several processes each has another.
    distributed.share([spread])
    val_keypoints, val_activation = job.tensors(*job.val.all())

    def loss(_: int) -> Tensor:
        drawn, answers = job.train.draw(batch, job.rng, jitter=_JITTER_M)
        # Ours learns what to make of points that a tracker lost or doubts.
        asked = damage_windows(drawn, job.rng, causal=job.config.causal) if job.config.ours else (drawn,)
        return step(encoder, *job.tensors(*asked, answers), spread)

    def validate() -> float:
        return float(((_level(encoder, val_keypoints) - val_activation) / spread).square().mean())

    done = job.fit(list(encoder.parameters()), encoder, loss, validate)
    if isinstance(encoder, AgonistEncoder):
        widen_uncertainty(encoder, val_keypoints, val_activation)
    return encoder, done


def _level(network: nn.Module, asked: Tensor, batch: int = 64) -> Tensor:
    results = [network(part) for part in torch.split(asked, batch)]
    return torch.cat([result[0] if isinstance(result, tuple) else result for result in results])


def _paper_decoder_loss(decoder: nn.Module, activation: Tensor, keypoints: Tensor) -> Tensor:
    return torch.as_tensor((decoder(activation) - keypoints).square().mean())


def _train_decoder(job: Job, batch: int) -> tuple[nn.Module, Fit]:
    decoder: nn.Module
    step: Callable[..., Tensor]
    if job.config.ours:
        decoder, step = AgonistDecoder(job.config, dimensions=job.dimensions), job.hardware.fast(decoder_loss)
        keypoints, activation = (torch.tensor(one) for one in job.train.draw(min(_DRAWN, 2 * job.train.count), job.rng))
        decoder.learn_scales(activation, job.decoded(keypoints))
    else:
        decoder, step = PaperDecoder(job.config, dimensions=job.dimensions), job.hardware.fast(_paper_decoder_loss)
    decoder.to(job.hardware.device)
    val_keypoints, val_activation = job.tensors(*job.val.all())

    def loss(_: int) -> Tensor:
        k, a = job.tensors(*job.train.draw(batch, job.rng))
        return step(decoder, a, job.decoded(k))

    def validate() -> float:
        return float((_level(decoder, val_activation) - job.decoded(val_keypoints)).square().mean())

    return decoder, job.fit([one for one in decoder.parameters() if one.requires_grad], decoder, loss, validate)


def _train_editor(job: Job, batch: int) -> tuple[nn.Module, Fit]:
    encoder = job.modules["encoder"]
    assert isinstance(encoder, AgonistEncoder)
    for parameter in encoder.parameters():
        parameter.requires_grad_(False)
    editor = Editor(job.config, encoder).to(job.hardware.device)
    trained = [parameter for parameter in editor.parameters() if parameter.requires_grad]
    val = job.val.draw(24, np.random.default_rng(0))[0]
    (val_keypoints,), val_plants = job.tensors(val), plants(val, job.config.fps).to(job.hardware.device)
    fast = job.hardware.fast(edit_loss)

    def loss(_: int) -> Tensor:
        # Dropout in the frozen encoder would only blur its gradient.
        encoder.eval()
        drawn, _unused = job.train.draw(batch, job.rng, jitter=_JITTER_M)
        asked = draw_scales(batch, job.config.window, editor.muscles, job.rng)
        asked, planted = (one.to(job.hardware.device) for one in (asked, plants(drawn, job.config.fps)))
        (keypoints,) = job.tensors(drawn)
        return fast(editor, keypoints, asked, planted)

    return editor, job.fit(trained, editor, loss, lambda: direction_score(editor, val_keypoints, val_plants))


TRAINERS: dict[str, Callable[[Job, int], tuple[nn.Module, Fit]]] = {
    "encoder": _train_encoder,
    "decoder": _train_decoder,
    "editor": _train_editor,
}
