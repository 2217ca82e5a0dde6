"""Transfer: the shipped encoder learned from simulation; here it goes on with one person's own motion and EMG, in minutes.

Muscles that carried no sensor keep what the simulation taught: their error counts as nothing, and what the untouched network
says of them is a soft target.
"""

from __future__ import annotations

import hashlib
import math
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
from agonist.metrics import pearson_r, rmse
from agonist.model import Model
from agonist.networks.motion_muscle import AgonistEncoder
from agonist.training.card import write_card
from agonist.training.export import export_onnx, write_contract
from agonist.training.loop import Schedule, fit
from agonist.training.tensor_file import write_tensors
from agonist.training.uncertainty import gaussian_surprise, widen_uncertainty
from agonist.training.weights import encoder_twin
from agonist.windows import blend_windows, split_windows

__all__ = ["PersonClip", "TuneSettings", "encode_clip", "fresh_encoder", "shipped_encoder", "tune", "tune_encoder"]

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]

# A muscle without a sensor follows the untouched network this much [ours].
_KEEP = 0.1
# Shares of a clip, by time: what is learned from, what chooses the best weights, and the rest, which is reported.
_LEARNED, _CHOOSES = 0.70, 0.15
_SPLIT = "The first 70 % taught, the next 15 % chose the weights, the last 15 % is reported."


@dataclass(frozen=True, eq=False)
class PersonClip:
    """A person's motion and EMG at the model's frame rate.

    Attributes:
        keypoints: (T, 25, 3) metres.
        activation: (T, M), NaN without sensor.
        confidence: (T, 25) of the keypoints, 0 for those that were guessed; all were seen if None.
    """

    keypoints: Array
    activation: Array
    confidence: Array | None = None

    @property
    def seen(self) -> Array:
        """(T, 25) confidence."""
        return np.ones(self.keypoints.shape[:2]) if self.confidence is None else self.confidence

    def cut(self, share: float) -> tuple[PersonClip, PersonClip]:
        """What lies before and after a share of it."""
        at = round(share * len(self.keypoints))
        before, after = (PersonClip(self.keypoints[part], self.activation[part], self.seen[part]) for part in (slice(at), slice(at, None)))
        return before, after


@dataclass(frozen=True)
class TuneSettings:
    """How long and how fast [ours]."""

    steps: int = 300
    batch: int = 8
    learning_rate: float = 3e-4
    seed: int = 0


def shipped_encoder(model: Model) -> AgonistEncoder:
    """The torch twin of a model's encoder, to go on with. Raises ContractError if it is no encoder of ours, FileFormatError."""
    model.check()
    return encoder_twin(model).requires_grad_(True)


def fresh_encoder(like: AgonistEncoder, clip: PersonClip, seed: int) -> AgonistEncoder:
    """The same network with random weights; what its features are measured in comes from the clip."""
    torch.manual_seed(seed)
    encoder = AgonistEncoder(like.config)
    window = like.config.window
    pieces = [clip.keypoints[start : start + window] for start in range(0, len(clip.keypoints) - window + 1, window // 2)]
    encoder.learn_scales(encoder.features(torch.tensor(np.stack(pieces), dtype=torch.float32)).flatten(0, 1))
    return encoder


def tune_encoder(
    encoder: AgonistEncoder,
    train: PersonClip,
    held: PersonClip,
    settings: TuneSettings,
    log: Path,
    progress: Progress | None = None,
    *,
    checkpoint: Path | None = None,
    key: str = "",
) -> None:
    """Train an encoder on one clip; the weights that fit the other, `held`, best are kept. Raises InputError.

    With a `checkpoint` of that `key` it goes on where it was, see `loop.fit`.
    """
    window = encoder.config.window
    if min(len(train.keypoints), len(held.keypoints)) < window:
        raise InputError(
            f"{len(train.keypoints)} frames of motion and EMG to learn from, {len(held.keypoints)} to choose the weights. "
            f"Expected {window} or more of each ({window / encoder.config.fps:.1f} s)."
        )
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    measured = np.isfinite(train.activation).any(axis=0)
    encoder.eval()
    before = torch.tensor(encode_clip(encoder, train.keypoints, train.confidence), dtype=torch.float32)
    known = torch.tensor(np.isfinite(train.activation))
    truth = torch.where(known, torch.tensor(train.activation, dtype=torch.float32), before)
    keypoints, seen = (torch.tensor(one, dtype=torch.float32) for one in (train.keypoints, train.seen))
    size = (truth.std(dim=0) + 0.02).square()

    def loss(_: int) -> Tensor:
        starts = rng.integers(len(keypoints) - window + 1, size=settings.batch)
        k, c, a, is_known = (torch.stack([one[start : start + window] for start in starts]) for one in (keypoints, seen, truth, known))
        level, log_std = encoder(k, c)
        error = level - a
        missed = (torch.where(is_known, 1.0, _KEEP) / size * error.square()).mean()
        # Where nothing was measured it is the untouched network's word, which says nothing of how sure one may be.
        surprise = gaussian_surprise(error, log_std)[is_known]
        return missed + 0.05 * surprise.mean() if len(surprise) else missed

    def validate() -> float:
        guess = encode_clip(encoder, held.keypoints, held.confidence)
        return float(np.nanmean(((guess - held.activation) ** 2 / size.numpy())[:, measured]))

    schedule = Schedule(settings.steps, 1e6, settings.learning_rate, validate_every=max(1, settings.steps // 10))
    fit(list(encoder.parameters()), encoder, loss, validate, schedule, log, progress, rng=rng, checkpoint=checkpoint, key=key)


def encode_clip(encoder: AgonistEncoder, keypoints: Array, confidence: Array | None = None) -> Array:
    """(T, 25, 3) and confidence (T, 25), all seen if None, to activation (T, M), windows blended as `Model.encode` does."""
    seen = np.ones(keypoints.shape[:2]) if confidence is None else confidence
    asked = (torch.tensor(split_windows(one, encoder.config.window), dtype=torch.float32) for one in (keypoints, seen))
    with torch.no_grad():
        windows = encoder(*asked)[0]
    return blend_windows(windows.double().numpy(), len(keypoints))


def tune(
    model: Model, clip: PersonClip, out: Path, reference: str, settings: TuneSettings | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Write a model folder whose encoder knows one person; called again after a kill, it goes on where it was.

    The first 70 % of the clip are learned from, the next 15 % choose the best weights and say how unsure the network has to be of the
    measured muscles, and the last 15 % are reported.

    Args:
        model: what to begin from, such as the shipped one.
        clip: the person's, at the model's frame rate.
        out: the new model's folder.
        reference: what the EMG is, for the contract: the file, the sensors.
        settings: the default if none.
        progress: share done and a line of text.

    Returns:
        r and RMSE a muscle on the clip's last 15 %, before and after; neither weights nor their choice saw it. None where there is
        no such number: a constant has no r. Raises InputError, ContractError, FileFormatError, DivergedError.
    """
    chosen = settings or TuneSettings()
    encoder = shipped_encoder(model)
    frames, fps, window = len(clip.keypoints), encoder.config.fps, encoder.config.window
    shortest = math.ceil(window / _CHOOSES)
    if frames < shortest:
        raise InputError(f"{frames} frames of motion and EMG. Expected {shortest} or more ({math.ceil(shortest / fps)} s).")
    train, rest = clip.cut(_LEARNED)
    held, test = rest.cut(_CHOOSES / (1 - _LEARNED))
    measured = [index for index, column in enumerate(clip.activation.T) if np.isfinite(column).any()]
    before = encode_clip(encoder, test.keypoints, test.confidence)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "encoder.checkpoint.safetensors"
    tune_encoder(
        encoder, train, held, chosen, out / "encoder.csv", progress, checkpoint=checkpoint, key=_key(model, clip, chosen)
    )  # fmt: skip
    # Of what it learned from it knows too much.
    kept = (torch.tensor(split_windows(one, window), dtype=torch.float32) for one in (held.keypoints, held.activation, held.seen))
    widen_uncertainty(encoder, *kept)
    after = encode_clip(encoder, test.keypoints, test.confidence)
    example = torch.tensor(clip.keypoints[None, :window], dtype=torch.float32)
    files = {"encoder": export_onnx(encoder, "encoder", (example, torch.ones(example.shape[:-1])), out / "encoder.onnx")}
    write_tensors(out / "encoder.safetensors", encoder.state_dict())
    figures = {
        model.contract.muscles.names[k]: {
            when: _figures(guess[:, k], test.activation[:, k]) for when, guess in (("before", before), ("after", after))
        }
        for k in measured
    }
    data = f"simulated activation first ({model.name}), then measured EMG of one person ({reference}, {frames / fps:.0f} s)"
    fields = {
        "name": out.name, "version": __version__, "fps": fps, "window": window,
        "parameters": {"encoder": sum(one.numel() for one in encoder.parameters())},
        "training": {"recipe": "person", "settings": {**asdict(chosen), "config": encoder.config.name}, "from": model.name,
                     "data": data, "torch": torch.__version__, "corpus": {"fps": fps, "note": _SPLIT}},
    }  # fmt: skip
    write_contract(out, {**fields, "metrics": {"tuned": figures}}, files)
    write_card(out, {**fields, "metrics": {"tuned": figures}})
    # A finished model needs no way back.
    checkpoint.unlink(missing_ok=True)
    return figures


def _figures(guess: Array, truth: Array) -> dict[str, float | None]:
    """Of the frames in which the sensor said something."""
    known = np.isfinite(truth)
    if not known.any():
        return {"r": None, "rmse": None}
    guess, truth = guess[known], truth[known]
    return {"r": _number(pearson_r(guess[:, None], truth[:, None])[0]), "rmse": _number(rmse(guess, truth))}


def _number(value: float) -> float | None:
    """As JSON knows it."""
    return float(value) if math.isfinite(value) else None


def _key(model: Model, clip: PersonClip, settings: TuneSettings) -> str:
    """What is being trained, for the checkpoint."""
    digest = hashlib.sha256(f"{settings} {model.contract.files['encoder'][1]}".encode())
    for values in (clip.keypoints, clip.activation, clip.seen):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
