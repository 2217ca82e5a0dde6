"""Transfer: the shipped encoder learned from simulation; here it goes on with one person's own motion and EMG, in minutes.

Muscles that carried no sensor keep what the simulation taught: their error counts as nothing, and what the untouched network
says of them is a soft target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agonist import __version__
from agonist.errors import InputError
from agonist.evaluation.metrics import pearson_r, rmse
from agonist.model import Model
from agonist.networks.motion_muscle import AgonistEncoder
from agonist.training.card import write_card
from agonist.training.descent import encoder_from_onnx
from agonist.training.export import export_onnx, write_contract
from agonist.training.loop import Schedule, fit
from agonist.training.uncertainty import gaussian_surprise
from agonist.windows import blend_windows, split_windows

__all__ = ["PersonClip", "TuneSettings", "encode_clip", "fresh_encoder", "shipped_encoder", "tune", "tune_encoder"]

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]

# A muscle without a sensor follows the untouched network this much [ours].
_KEEP = 0.1
# Share of a clip, its end, that chooses the best weights and is reported.
_HELD_OUT = 0.2


@dataclass(frozen=True, eq=False)
class PersonClip:
    """A person's motion and EMG at the model's frame rate: keypoints (T, 25, 3) metres, activation (T, M), NaN without sensor."""

    keypoints: Array
    activation: Array

    def cut(self, share: float) -> tuple[PersonClip, PersonClip]:
        """What lies before and after a share of it."""
        at = round(share * len(self.keypoints))
        return PersonClip(self.keypoints[:at], self.activation[:at]), PersonClip(self.keypoints[at:], self.activation[at:])


@dataclass(frozen=True)
class TuneSettings:
    """How long and how fast [ours]."""

    steps: int = 300
    batch: int = 8
    learning_rate: float = 3e-4
    seed: int = 0


def shipped_encoder(model: Model) -> AgonistEncoder:
    """The torch twin of a model's encoder. Raises ContractError if it is no encoder of ours."""
    model.check()
    return encoder_from_onnx(model.folder / model.contract.files["encoder"][0]).requires_grad_(True)


def fresh_encoder(like: AgonistEncoder, clip: PersonClip, seed: int) -> AgonistEncoder:
    """The same network with random weights; what its features are measured in comes from the clip."""
    torch.manual_seed(seed)
    encoder = AgonistEncoder(like.config)
    window = like.config.window
    pieces = [clip.keypoints[start : start + window] for start in range(0, len(clip.keypoints) - window + 1, window // 2)]
    encoder.learn_scales(encoder.features(torch.tensor(np.stack(pieces), dtype=torch.float32)).flatten(0, 1))
    return encoder


def tune_encoder(encoder: AgonistEncoder, clip: PersonClip, settings: TuneSettings, log: Path, progress: Progress | None = None) -> None:
    """Train an encoder on the first 80 % of a clip; the weights that fit the rest best are kept. Raises InputError."""
    window = encoder.config.window
    train, held = clip.cut(1 - _HELD_OUT)
    if len(held.keypoints) < window:
        raise InputError(
            f"{len(clip.keypoints)} frames of motion and EMG. Expected {round(window / _HELD_OUT)} or more "
            f"({window / _HELD_OUT / encoder.config.fps:.0f} s)."
        )
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    measured = torch.tensor(np.isfinite(train.activation).any(axis=0))
    encoder.eval()
    before = torch.tensor(encode_clip(encoder, train.keypoints), dtype=torch.float32)
    truth = torch.tensor(np.where(np.isfinite(train.activation), train.activation, before.numpy()), dtype=torch.float32)
    keypoints = torch.tensor(train.keypoints, dtype=torch.float32)
    weight = torch.where(measured, 1.0, _KEEP) / (truth.std(dim=0) + 0.02).square()

    def loss(_: int) -> Tensor:
        starts = rng.integers(len(keypoints) - window + 1, size=settings.batch)
        k, a = (torch.stack([one[start : start + window] for start in starts]) for one in (keypoints, truth))
        level, log_std = encoder(k)
        error = level - a
        return (weight * error.square()).mean() + 0.05 * gaussian_surprise(error, log_std)[..., measured].mean()

    def validate() -> float:
        guess = encode_clip(encoder, held.keypoints)
        return float(np.nanmean((weight.numpy() * (guess - held.activation) ** 2)[:, measured.numpy()]))

    schedule = Schedule(settings.steps, 1e6, settings.learning_rate, validate_every=max(1, settings.steps // 10))
    fit(list(encoder.parameters()), encoder, loss, validate, schedule, log, progress, rng=rng)


def encode_clip(encoder: AgonistEncoder, keypoints: Array) -> Array:
    """(T, 25, 3) to activation (T, M), windows blended as `Model.encode` does."""
    with torch.no_grad():
        windows = encoder(torch.tensor(split_windows(keypoints, encoder.config.window), dtype=torch.float32))[0]
    return blend_windows(windows.double().numpy(), len(keypoints))


def tune(
    model: Model, clip: PersonClip, out: Path, reference: str, settings: TuneSettings | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Write a model folder whose encoder knows one person.

    Args:
        model: what to begin from, such as the shipped one.
        clip: the person's, at the model's frame rate.
        out: the new model's folder.
        reference: what the EMG is, for the contract: the file, the sensors.
        settings: the default if none.
        progress: share done and a line of text.

    Returns:
        r and RMSE a muscle on the clip's last fifth, before and after. The best weights were chosen on that fifth: record
        another clip to know how well it does. Raises InputError, ContractError.
    """
    chosen = settings or TuneSettings()
    encoder = shipped_encoder(model)
    held = clip.cut(1 - _HELD_OUT)[1]
    names = [name for name, column in zip(model.contract.muscles.names, clip.activation.T, strict=True) if np.isfinite(column).any()]
    before = encode_clip(encoder, held.keypoints)
    out.mkdir(parents=True, exist_ok=True)
    tune_encoder(encoder, clip, chosen, out / "encoder.csv", progress)
    after = encode_clip(encoder, held.keypoints)
    example = torch.tensor(clip.keypoints[None, : encoder.config.window], dtype=torch.float32)
    files = {"encoder": export_onnx(encoder, "encoder", (example, torch.ones(example.shape[:-1])), out / "encoder.onnx")}
    figures = {
        name: {
            when: {"r": float(pearson_r(guess[:, k : k + 1], held.activation[:, k : k + 1])[0]),
                   "rmse": rmse(guess[:, k], held.activation[:, k])}
            for when, guess in (("before", before), ("after", after))
        }
        for k, name in enumerate(model.contract.muscles.names) if name in names
    }  # fmt: skip
    seconds = len(clip.keypoints) / encoder.config.fps
    data = f"simulated activation first ({model.name}), then measured EMG of one person ({reference}, {seconds:.0f} s)"
    fields = {
        "name": out.name, "version": __version__, "fps": encoder.config.fps, "window": encoder.config.window,
        "parameters": {"encoder": sum(one.numel() for one in encoder.parameters())},
        "training": {"recipe": "person", "settings": asdict(chosen), "from": model.name, "data": data, "torch": torch.__version__,
                     "corpus": {"fps": encoder.config.fps, "note": "The last fifth chose the weights."}},
    }  # fmt: skip
    write_contract(out, {**fields, "metrics": {"tuned": figures}}, files)
    write_card(out, {**fields, "metrics": {"tuned": figures}})
    return figures
