"""Recipes: from a corpus to a model folder with one call, seeds and all."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agonist.errors import FileFormatError, UnknownNameError
from agonist.evaluation.metrics import pearson_r, rmse
from agonist.muscles import MUSCLE_SETS
from agonist.networks.editor import Editor
from agonist.networks.motion_muscle import AgonistEncoder, NetworkConfig, PaperDecoder, PaperEncoder, network_config
from agonist.training.card import write_card
from agonist.training.data import WindowSampler, read_corpus
from agonist.training.editing import direction_score, draw_scales, edit_loss, plants
from agonist.training.export import export_onnx, write_contract
from agonist.training.loop import Schedule, fit

__all__ = ["RECIPES", "train"]

Progress = Callable[[float, str], None]
RECIPES: dict[str, Path] = {path.stem: path for path in sorted((Path(__file__).parent / "recipes").glob("*.toml"))}
CORPUS_FPS = 20.0
_JITTER_M = 0.006


@dataclass(frozen=True, eq=False)
class _Data:
    train: WindowSampler
    val: WindowSampler
    test: WindowSampler
    corpus: dict[str, Any]


def train(recipe: str | Path, corpus: Path, out: Path, *, minutes: float | None = None, progress: Progress | None = None) -> dict[str, Any]:
    """Train what a recipe says and write the model folder.

    Args:
        recipe: a name from RECIPES or a TOML file.
        corpus: a folder of `agonist corpus build`.
        out: the model's folder.
        minutes: wall-clock limit for each part instead of the recipe's.
        progress: share done and a line of text.

    Returns:
        the metrics on the test split. Raises UnknownNameError, FileFormatError.
    """
    path = RECIPES.get(str(recipe), Path(recipe))
    if not path.is_file():
        raise UnknownNameError("recipe", str(recipe), RECIPES)
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
        config, parts, seed = network_config(settings["config"]), list(settings["parts"]), int(settings["seed"])
    except (tomllib.TOMLDecodeError, KeyError, UnicodeDecodeError) as error:
        raise FileFormatError(path, f"{type(error).__name__} {error}", "a recipe with name, config, parts, seed") from error
    every = round(CORPUS_FPS / config.fps)
    (train_clips, document), (val, _), (test, _) = (read_corpus(corpus, split) for split in ("train", "val", "test"))
    data = _Data(*(WindowSampler(clips, config.window, every) for clips in (train_clips, val, test)), document)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    out.mkdir(parents=True, exist_ok=True)
    modules: dict[str, nn.Module] = {}
    metrics: dict[str, Any] = {}
    files: dict[str, str] = {}
    for index, part in enumerate(parts):
        schedule = Schedule(settings[part]["steps"], minutes or settings[part]["minutes"], settings[part]["learning_rate"])
        shown = _within(progress, index, len(parts), part)
        modules[part] = _TRAINERS[part](config, data, schedule, settings[part]["batch"], rng, out / f"{part}.csv", modules, shown)
        example = torch.tensor(data.val.draw(2, rng)[0])
        inputs = {
            "encoder": (example,),
            "decoder": (torch.rand(2, config.window, 8),),
            "editor": (example, torch.full((2, config.window, 8), 0.5)),
        }[part]
        files[part] = export_onnx(modules[part], part, inputs, out / f"{part}.onnx")
        metrics[part] = _measure(part, modules[part], data)
    fields = {
        "name": settings["name"], "version": "0.1.0", "fps": config.fps, "window": config.window,
        "training": {"recipe": path.name, "seed": seed, "corpus": document, "data": "simulated activation; no measured EMG"},
        "metrics": metrics,
    }  # fmt: skip
    write_contract(out, fields, files)
    write_card(out, fields, {part: sum(p.numel() for p in module.parameters()) for part, module in modules.items()})
    return metrics


def _within(progress: Progress | None, index: int, count: int, part: str) -> Progress | None:
    if progress is None:
        return None
    return lambda share, text: progress((index + share) / count, f"{part}: {text}")


def _tensors(pair: tuple[NDArray[np.float32], NDArray[np.float32]]) -> tuple[Tensor, Tensor]:
    return torch.tensor(pair[0]), torch.tensor(pair[1])


def _train_encoder(
    config: NetworkConfig, data: _Data, schedule: Schedule, batch: int, rng: np.random.Generator, log: Path,
    _: dict[str, nn.Module], progress: Progress | None,
) -> nn.Module:  # fmt: skip
    keypoints, activation = data.train.draw(400, rng)
    spread = torch.tensor(activation.reshape(-1, activation.shape[-1]).std(axis=0)) + 0.02
    encoder: nn.Module
    if config.name == "agonist":
        encoder = AgonistEncoder(config)
        from agonist.networks.geometry import body_features

        features = body_features(torch.tensor(keypoints), config.fps).flatten(0, 1)
        encoder.mean.copy_(features.mean(0))
        encoder.std.copy_(features.std(0) + 1e-3)
    else:
        encoder = PaperEncoder(config)
    val_keypoints, val_activation = _tensors(data.val.all())

    def loss(_: int) -> Tensor:
        k, a = _tensors(data.train.draw(batch, rng, jitter=_JITTER_M))
        if config.name != "agonist":
            # The paper's network sees the world's axes: it has to learn what a heading is.
            return ((encoder(_turned(k, rng)) - a) / spread).square().mean()
        level, log_std = encoder(k)
        error = (level - a) / spread
        # Gaussian likelihood on the detached error teaches the uncertainty without softening the fit.
        likelihood = (0.5 * ((level.detach() - a) / torch.exp(log_std)).square() + log_std).mean()
        return error.square().mean() + 0.05 * likelihood

    def validate() -> float:
        return float(((_level(encoder, val_keypoints) - val_activation) / spread).square().mean())

    fit(list(encoder.parameters()), encoder, loss, validate, schedule, log, progress)
    return encoder


def _turned(keypoints: Tensor, rng: np.random.Generator) -> Tensor:
    angle = torch.tensor(rng.uniform(-np.pi, np.pi, (len(keypoints), 1, 1)), dtype=torch.float32)
    x, y, z = keypoints.unbind(-1)
    c, s = torch.cos(angle), torch.sin(angle)
    return torch.stack([c * x - s * y, s * x + c * y, z], dim=-1)


def _level(encoder: nn.Module, keypoints: Tensor, batch: int = 64) -> Tensor:
    results = [encoder(part) for part in keypoints.split(batch)]
    return torch.cat([result[0] if isinstance(result, tuple) else result for result in results])


def _train_decoder(
    config: NetworkConfig, data: _Data, schedule: Schedule, batch: int, rng: np.random.Generator, log: Path,
    _: dict[str, nn.Module], progress: Progress | None,
) -> nn.Module:  # fmt: skip
    decoder = PaperDecoder(config)

    def centred(keypoints: Tensor) -> Tensor:
        return keypoints - keypoints[:, :, 8:9]

    val_keypoints, val_activation = _tensors(data.val.all())

    def loss(_: int) -> Tensor:
        k, a = _tensors(data.train.draw(batch, rng))
        return (decoder(a) - centred(k)).square().mean()

    def validate() -> float:
        return float((decoder(val_activation) - centred(val_keypoints)).square().mean())

    fit(list(decoder.parameters()), decoder, loss, validate, schedule, log, progress)
    return decoder


def _train_editor(
    config: NetworkConfig, data: _Data, schedule: Schedule, batch: int, rng: np.random.Generator, log: Path,
    modules: dict[str, nn.Module], progress: Progress | None,
) -> nn.Module:  # fmt: skip
    encoder = modules["encoder"]
    assert isinstance(encoder, AgonistEncoder)
    for parameter in encoder.parameters():
        parameter.requires_grad_(False)
    editor = Editor(config, encoder)
    trained = [parameter for parameter in editor.parameters() if parameter.requires_grad]
    val = data.val.draw(24, np.random.default_rng(0))[0]
    val_keypoints, val_plants = torch.tensor(val), plants(val, config.fps)

    def loss(_: int) -> Tensor:
        # Dropout in the frozen encoder would only blur its gradient.
        encoder.eval()
        drawn, _unused = data.train.draw(batch, rng, jitter=_JITTER_M)
        asked = draw_scales(batch, config.window, editor.muscles, rng)
        return edit_loss(editor, torch.tensor(drawn), asked, plants(drawn, config.fps))

    fit(trained, editor, loss, lambda: direction_score(editor, val_keypoints, val_plants), schedule, log, progress)
    return editor


_TRAINERS: dict[str, Callable[..., nn.Module]] = {"encoder": _train_encoder, "decoder": _train_decoder, "editor": _train_editor}


def _measure(part: str, module: nn.Module, data: _Data) -> dict[str, Any]:
    """Figures on the test split: people and mocap clips that training never saw."""
    keypoints, activation = _tensors(data.test.all())
    names = MUSCLE_SETS["mia8"].names
    train_mean = data.train.draw(400, np.random.default_rng(0))
    with torch.no_grad():
        if part == "encoder":
            level = _level(module, keypoints).numpy()
            truth = activation.numpy()
            mean = np.broadcast_to(train_mean[1].mean(axis=(0, 1)), truth.shape)
            return {
                "data": "simulated, test split of the corpus", "windows": len(truth), "rmse": rmse(level, truth),
                "rmse_mean_of_train": rmse(mean, truth),
                "rmse_per_muscle": {n: rmse(level[..., i], truth[..., i]) for i, n in enumerate(names)},
                "r_per_muscle": {n: float(r) for n, r in zip(names, pearson_r(level, truth), strict=True)},
            }  # fmt: skip
        if part == "decoder":
            centred = (keypoints - keypoints[:, :, 8:9]).numpy()
            mean = train_mean[0] - train_mean[0][:, :, 8:9]
            predicted = torch.cat([module(chunk) for chunk in activation.split(64)]).numpy()
            return {
                "data": "simulated, test split of the corpus", "windows": len(centred), "rmse_m": rmse(predicted, centred),
                "rmse_mean_of_train_m": rmse(np.broadcast_to(mean.mean(axis=(0, 1)), centred.shape), centred),
            }  # fmt: skip
    return {"note": "measured by 'agonist evaluate edit'"}
