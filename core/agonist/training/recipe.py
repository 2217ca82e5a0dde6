"""Recipes: from a corpus to a model folder with one call, seeds and all."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agonist.errors import FileFormatError, UnknownNameError
from agonist.networks.decoder import AgonistDecoder
from agonist.networks.editor import Editor
from agonist.networks.geometry import facing
from agonist.networks.motion_muscle import AgonistEncoder, NetworkConfig, PaperDecoder, PaperEncoder, network_config
from agonist.training import distributed
from agonist.training.data import WindowSampler, read_corpus
from agonist.training.decoding import decoder_loss
from agonist.training.editing import direction_score, draw_scales, edit_loss, plants
from agonist.training.export import export_onnx, write_contract
from agonist.training.loop import Fit, Schedule, fit
from agonist.training.measure import measure_folder

__all__ = ["RECIPES", "train", "widen_uncertainty"]

Progress = Callable[[float, str], None]
RECIPES: dict[str, Path] = {path.stem: path for path in sorted((Path(__file__).parent / "recipes").glob("*.toml"))}
MUSCLES = 8
_JITTER_M = 0.006


@dataclass(frozen=True, eq=False)
class _Job:
    """What every part is trained with; the test split is not even read."""

    config: NetworkConfig
    train: WindowSampler
    val: WindowSampler
    rng: np.random.Generator
    modules: dict[str, nn.Module]
    fit: Callable[..., Fit]


def train(recipe: str | Path, corpus: Path, out: Path, *, minutes: float | None = None, progress: Progress | None = None) -> dict[str, Any]:
    """Train what a recipe says and write the model folder; called again after a kill, it goes on where it was.

    Args:
        recipe: a name from RECIPES or a TOML file.
        corpus: a folder of `agonist corpus build`.
        out: the model's folder.
        minutes: wall-clock limit for each part instead of the recipe's.
        progress: share done and a line of text.

    Returns:
        the metrics on the test split; where torchrun started several processes, only the first writes the model and has them.

    Raises:
        UnknownNameError, FileFormatError: no such recipe, or a damaged one.
    """
    distributed.join()
    path = RECIPES.get(str(recipe), Path(recipe))
    if not path.is_file():
        raise UnknownNameError("recipe", str(recipe), RECIPES)
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
        config, parts, seed = network_config(settings["config"]), list(settings["parts"]), int(settings["seed"])
    except (tomllib.TOMLDecodeError, KeyError, UnicodeDecodeError) as error:
        raise FileFormatError(path, f"{type(error).__name__} {error}", "a recipe with name, config, parts, seed") from error
    (train_clips, document), (val_clips, _) = (read_corpus(corpus, split) for split in ("train", "val"))
    samplers = [WindowSampler(clips, config.window, round(document["fps"] / config.fps)) for clips in (train_clips, val_clips)]
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    modules: dict[str, nn.Module] = {}
    files: dict[str, str] = {}
    fits: dict[str, Fit] = {}
    trained: dict[str, int] = {}
    key = hashlib.sha256(f"{settings} {minutes} {document}".encode()).hexdigest()
    for index, part in enumerate(parts):
        given = settings[part]
        schedule = Schedule(given["steps"], minutes or given["minutes"], given["learning_rate"])
        shown = _within(progress, index, len(parts), part)
        checkpoint = out / f"{part}.checkpoint.safetensors"
        fitted = partial(fit, schedule=schedule, log=out / f"{part}.csv", progress=shown, rng=rng, checkpoint=checkpoint, key=key)
        job = _Job(config, samplers[0], samplers[1], rng, modules, fitted)
        modules[part], fits[part] = _TRAINERS[part](job, given["batch"])
        if distributed.rank():
            continue
        trained[part] = sum(p.numel() for p in modules[part].parameters() if p.requires_grad)
        example = torch.tensor(job.val.draw(2, rng)[0])
        inputs = {
            "encoder": (example,),
            "decoder": (torch.rand(2, config.window, MUSCLES),),
            "editor": (example, torch.full((2, config.window, MUSCLES), 0.5)),
        }[part]
        files[part] = export_onnx(modules[part], part, inputs, out / f"{part}.onnx")
    main = distributed.rank() == 0
    distributed.leave()
    if not main:
        return {}
    write_contract(out, _fields(path, settings, document, trained, fits), files)
    # A run that the clock cut is not what one ships: its edits are not worth the minutes of judging.
    metrics = measure_folder(out, corpus, progress, edits=all(one.stopped != "time" for one in fits.values()))
    # A finished model needs no way back.
    for part in parts:
        (out / f"{part}.checkpoint.safetensors").unlink(missing_ok=True)
    return metrics


def _fields(
    path: Path, settings: dict[str, Any], document: dict[str, Any], trained: dict[str, int], fits: dict[str, Fit]
) -> dict[str, Any]:
    config = network_config(settings["config"])
    return {
        "name": settings["name"], "version": "0.1.0", "fps": config.fps, "window": config.window,
        "parameters": trained,
        "training": {
            "recipe": path.name, "settings": settings, "corpus": document, "data": _trained_on(document),
            "fits": {part: asdict(one) for part, one in fits.items()}, "torch": torch.__version__,
        },
    }  # fmt: skip


def _trained_on(document: dict[str, Any]) -> str:
    """What a corpus's activation is, in the words that a contract and a card use."""
    return "simulated activation; no measured EMG" if str(document["data"]).startswith("simulated") else str(document["data"])


def _within(progress: Progress | None, index: int, count: int, part: str) -> Progress | None:
    if progress is None:
        return None
    return lambda share, text: progress((index + share) / count, f"{part}: {text}")


def _tensors(pair: tuple[NDArray[np.float32], NDArray[np.float32]]) -> tuple[Tensor, Tensor]:
    return torch.tensor(pair[0]), torch.tensor(pair[1])


def _train_encoder(job: _Job, batch: int) -> tuple[nn.Module, Fit]:
    config, rng = job.config, job.rng
    keypoints, activation = job.train.draw(400, rng)
    spread = torch.tensor(activation.reshape(-1, activation.shape[-1]).std(axis=0)) + 0.02
    encoder: nn.Module
    if config.ours:
        encoder = AgonistEncoder(config)
        features = encoder.features(torch.tensor(keypoints)).flatten(0, 1)
        encoder.mean.copy_(features.mean(0))
        encoder.std.copy_(features.std(0) + 1e-3)
    else:
        encoder = PaperEncoder(config)
    val_keypoints, val_activation = _tensors(job.val.all())

    def loss(_: int) -> Tensor:
        k, a = _tensors(job.train.draw(batch, rng, jitter=_JITTER_M))
        if not config.ours:
            return ((encoder(k) - a) / spread).square().mean()
        level, log_std = encoder(k)
        error = (level - a) / spread
        # Gaussian likelihood on the detached error teaches the uncertainty without softening the fit.
        likelihood = (0.5 * ((level.detach() - a) / torch.exp(log_std)).square() + log_std).mean()
        return error.square().mean() + 0.05 * likelihood

    def validate() -> float:
        return float(((_level(encoder, val_keypoints) - val_activation) / spread).square().mean())

    done = job.fit(list(encoder.parameters()), encoder, loss, validate)
    if isinstance(encoder, AgonistEncoder):
        widen_uncertainty(encoder, val_keypoints, val_activation)
    return encoder, done


def widen_uncertainty(encoder: AgonistEncoder, keypoints: Tensor, activation: Tensor) -> None:
    """Scale the standard deviations so that on windows that were not learned from squared errors are as large as they say.

    What a network says of its own training error is too good for new people (Guo et al. 2017 do the same with one temperature).
    """
    with torch.no_grad():
        results = [encoder(part) for part in torch.split(keypoints, 64)]
        level, log_std = (torch.cat([result[k] for result in results]) for k in (0, 1))
        ratio = ((level - activation) / torch.exp(log_std)).square().mean().sqrt()
        encoder.head.bias[activation.shape[-1] :] += torch.log(ratio)


def _level(network: nn.Module, asked: Tensor, batch: int = 64) -> Tensor:
    results = [network(part) for part in torch.split(asked, batch)]
    return torch.cat([result[0] if isinstance(result, tuple) else result for result in results])


def _train_decoder(job: _Job, batch: int) -> tuple[nn.Module, Fit]:
    decoder: nn.Module
    if job.config.ours:
        decoder = AgonistDecoder(job.config)
        decoder.mean_pose.copy_(facing(torch.tensor(job.train.draw(400, job.rng)[0])).mean(dim=(0, 1)))
    else:
        decoder = PaperDecoder(job.config)
    val_keypoints, val_activation = _tensors(job.val.all())

    def loss(_: int) -> Tensor:
        k, a = _tensors(job.train.draw(batch, job.rng))
        if isinstance(decoder, AgonistDecoder):
            return decoder_loss(decoder, a, facing(k))
        return (decoder(a) - facing(k)).square().mean()

    def validate() -> float:
        return float((_level(decoder, val_activation) - facing(val_keypoints)).square().mean())

    return decoder, job.fit(list(decoder.parameters()), decoder, loss, validate)


def _train_editor(job: _Job, batch: int) -> tuple[nn.Module, Fit]:
    config, rng = job.config, job.rng
    encoder = job.modules["encoder"]
    assert isinstance(encoder, AgonistEncoder)
    for parameter in encoder.parameters():
        parameter.requires_grad_(False)
    editor = Editor(config, encoder)
    trained = [parameter for parameter in editor.parameters() if parameter.requires_grad]
    val = job.val.draw(24, np.random.default_rng(0))[0]
    val_keypoints, val_plants = torch.tensor(val), plants(val, config.fps)

    def loss(_: int) -> Tensor:
        # Dropout in the frozen encoder would only blur its gradient.
        encoder.eval()
        drawn, _unused = job.train.draw(batch, rng, jitter=_JITTER_M)
        asked = draw_scales(batch, config.window, editor.muscles, rng)
        return edit_loss(editor, torch.tensor(drawn), asked, plants(drawn, config.fps))

    return editor, job.fit(trained, editor, loss, lambda: direction_score(editor, val_keypoints, val_plants))


_TRAINERS: dict[str, Callable[[_Job, int], tuple[nn.Module, Fit]]] = {
    "encoder": _train_encoder,
    "decoder": _train_decoder,
    "editor": _train_editor,
}
