"""Recipes: from a corpus to a model folder with one call, seeds and all."""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from agonist import __version__
from agonist.corpus.files import no_sensor_worn, read_index
from agonist.errors import FileFormatError, InputError, UnknownNameError
from agonist.networks.kernel_machine import learned_numbers
from agonist.networks.motion_muscle import NetworkConfig, network_config
from agonist.revision import source_commit
from agonist.training import distributed
from agonist.training.checkpoint import is_of_another
from agonist.training.data import CorpusClip, WindowSampler, read_corpus
from agonist.training.export import export_onnx, write_contract
from agonist.training.hardware import Hardware, choose_hardware
from agonist.training.loop import Fit, Schedule, fit
from agonist.training.measure import measure_folder
from agonist.training.parts import TRAINERS, Job
from agonist.training.tensor_file import write_tensors

__all__ = ["RECIPES", "read_recipe", "train"]

Progress = Callable[[float, str], None]
RECIPES: dict[str, Path] = {path.stem: path for path in sorted((Path(__file__).parent / "recipes").glob("*.toml"))}
MUSCLES = 8
# What a part's table must say, the first of it in whole numbers, and the frames that a window may have.
_COUNTS = ("steps", "batch")
_PART_KEYS = ("steps", "minutes", "batch", "learning_rate")
_LONGEST = 1024


def read_recipe(path: Path) -> tuple[dict[str, Any], NetworkConfig]:
    """A recipe's settings, and the configuration that it trains.

    A recipe is TOML: `name`, `config` (of `networks.motion_muscle.CONFIGS`), `parts` in the order in which they are trained, `seed`;
    for each part a table with `steps`, `minutes`, `batch`, `learning_rate`; and, if it likes, `window`: frames that the network
    sees at once, instead of the configuration's own (frames a second are the configuration's); and `dimensions`: 2 for a decoder
    that answers with x and z alone.

    Raises FileFormatError, UnknownNameError.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        config, parts, seed = network_config(settings["config"]), list(settings["parts"]), settings["seed"]
        missing = [key for key in ("name", *parts) if key not in settings]
        missing += [f"{part}.{key}" for part in parts for key in _PART_KEYS if part not in missing and key not in settings[part]]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise FileFormatError(path, f"{type(error).__name__} {error}", "a recipe with name, config, parts, seed") from error
    known = ("name", "config", "parts", "seed", "window", "dimensions", *TRAINERS)
    # What is misspelt would have no effect, and nobody would know.
    strange = [f"'{key}'" for key in (*settings, *parts) if key not in known]
    if strange:
        raise FileFormatError(path, f"the key {strange[0]}", f"a recipe of {', '.join(known)}")
    if missing or not parts:
        raise FileFormatError(path, f"no {missing[0] if missing else 'parts'}", f"a table of {', '.join(_PART_KEYS)} for each of its parts")
    for part, key in ((part, key) for part in parts for key in _PART_KEYS):
        value, whole = settings[part][key], key in _COUNTS
        if not isinstance(value, int if whole else (int, float)) or isinstance(value, bool) or not 0 < value < math.inf:
            raise FileFormatError(path, f"{part}.{key} {value}", f"a {'whole ' if whole else ''}number above 0")
    if not isinstance(seed, int) or seed < 0:
        raise FileFormatError(path, f"seed {seed}", "a whole number from 0")
    if not isinstance(settings["name"], str):
        raise FileFormatError(path, f"name {settings['name']}", "a text")
    if "editor" in parts and not (config.ours and "encoder" in parts[: parts.index("editor")]):
        raise FileFormatError(path, f"parts {', '.join(parts)} of '{config.name}'", "an encoder of ours before the editor")
    window = settings.get("window", config.window)
    # Ours has velocities, which need two.
    shortest = 2 if config.ours else 1
    if not isinstance(window, int) or not shortest <= window <= _LONGEST:
        raise FileFormatError(path, f"window {window}", f"{shortest} to {_LONGEST} frames")
    dimensions = settings.get("dimensions", 3)
    if not isinstance(dimensions, int) or dimensions not in ((2, 3) if "decoder" in parts else (3,)):
        raise FileFormatError(path, f"dimensions {dimensions} of parts {', '.join(parts)}", "3, or 2 for a decoder")
    return settings, replace(config, window=window)


def train(
    recipe: str | Path,
    corpus: Path,
    out: Path,
    *,
    edited: Sequence[Path] = (),
    minutes: float | None = None,
    hardware: Hardware | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train what a recipe says and write the model folder; called again after a kill, it goes on where it was.

    Args:
        recipe: a name from RECIPES or a TOML file.
        corpus: a folder of `agonist corpus build`.
        out: the model's folder.
        edited: folders of `agonist corpus edited`, whose takes are learned from, and chosen by, like the corpus's.
        minutes: wall-clock limit for each part instead of the recipe's.
        hardware: of `choose_hardware`; a GPU and what it has, if there is one, if None.
        progress: share done and a line of text.

    Returns:
        the metrics on the test split; where torchrun started several processes, only the first writes the model and has them.

    Raises:
        UnknownNameError, FileFormatError: no such recipe, or a damaged one; a corpus that lacks a take, of the test too, before the first
        step. InputError: `out` holds an unfinished training of something else. DivergedError: a part that did not learn.
    """
    distributed.join()
    hardware = hardware or choose_hardware()
    path = RECIPES.get(str(recipe), Path(recipe))
    if not path.is_file():
        raise UnknownNameError("recipe", str(recipe), RECIPES)
    settings, config = read_recipe(path)
    parts, seed = list(settings["parts"]), int(settings["seed"])
    (train_clips, document), (val_clips, _) = (read_corpus(corpus, split) for split in ("train", "val"))
    # Only to see that it is whole: it is needed hours later, for the figures, and nothing is learned from it.
    read_corpus(corpus, "test")
    more = []
    for folder in edited:
        found, train_clips, val_clips = _with_edits(folder, document, train_clips, val_clips)
        more.append(found)
    every, mirrored = round(document["fps"] / config.fps), no_sensor_worn(document)
    samplers = [WindowSampler(clips, config.window, every, mirrored=mirrored) for clips in (train_clips, val_clips)]
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    modules: dict[str, nn.Module] = {}
    files: dict[str, str] = {}
    fits: dict[str, Fit] = {}
    trained: dict[str, int] = {}
    # Another precision is another training, and so is another number of processes, each of which adds a batch to a step; another device
    # goes on with what there is.
    processes = f" {distributed.count()} processes" if distributed.count() > 1 else ""
    key = hashlib.sha256(f"{settings} {minutes} {document} {more or ''}{hardware.precision}{processes}".encode()).hexdigest()
    checkpoints = {part: out / f"{part}.checkpoint.safetensors" for part in parts}
    for checkpoint in checkpoints.values():
        if is_of_another(checkpoint, key):
            raise InputError(
                f"{checkpoint}: of a training with another recipe, corpus, precision, limit of minutes or number of processes. "
                "Expected the same call again, to go on; another folder; or the file deleted, to start anew."
            )
    if (out / "model.json").exists() and not any(checkpoint.exists() for checkpoint in checkpoints.values()):
        raise InputError(f"{out}: holds a finished model. Expected another folder: training there would take it away part by part.")
    for index, part in enumerate(parts):
        given = settings[part]
        schedule = Schedule(given["steps"], minutes or given["minutes"], given["learning_rate"])
        shown = _within(progress, index, len(parts), part)
        fitted = partial(
            fit, schedule=schedule, log=out / f"{part}.csv", progress=shown, rng=rng, checkpoint=checkpoints[part], key=key,
            hardware=hardware,
        )  # fmt: skip
        job = Job(config, samplers[0], samplers[1], rng, modules, fitted, hardware, settings.get("dimensions", 3))
        modules[part], fits[part] = TRAINERS[part](job, given["batch"])
        if distributed.rank():
            continue
        trained[part] = learned_numbers(modules[part])
        example = torch.tensor(job.val.draw(2, rng)[0])
        inputs = {
            "encoder": (example, torch.rand(2, config.window, 25)) if config.ours else (example,),
            "decoder": (torch.rand(2, config.window, MUSCLES),),
            "editor": (example, *(torch.full((2, config.window, MUSCLES), value) for value in (0.1, 0.5))),
        }[part]
        files[part] = export_onnx(modules[part].cpu(), part, inputs, out / f"{part}.onnx")
        write_tensors(out / f"{part}.safetensors", modules[part].state_dict())
    main = distributed.rank() == 0
    distributed.leave()
    if not main:
        return {}
    write_contract(out, _fields(path, settings, config, document, more, trained, fits, hardware), files)
    # A run that the clock cut is not what one ships: its edits are not worth the minutes of judging.
    metrics = measure_folder(out, corpus, progress, edits=all(one.stopped != "time" for one in fits.values()))
    # A finished model needs no way back.
    for checkpoint in checkpoints.values():
        checkpoint.unlink(missing_ok=True)
    return metrics


def _fields(
    path: Path,
    settings: dict[str, Any],
    config: NetworkConfig,
    document: dict[str, Any],
    more: list[dict[str, Any]],
    trained: dict[str, int],
    fits: dict[str, Fit],
    hardware: Hardware,
) -> dict[str, Any]:
    return {
        "name": settings["name"], "version": __version__, "fps": config.fps, "window": config.window,
        "parameters": trained, **({"dimensions": 2} if settings.get("dimensions") == 2 else {}),
        "training": {
            "recipe": path.name, "settings": settings, "corpus": document, "edited": more,
            "data": _trained_on(document), "fits": {part: asdict(one) for part, one in fits.items()}, "torch": torch.__version__,
            "hardware": hardware.describe(), "commit": source_commit(),
        },
    }  # fmt: skip


def _with_edits(
    folder: Path, document: dict[str, Any], train_clips: list[CorpusClip], val_clips: list[CorpusClip]
) -> tuple[dict[str, Any], list[CorpusClip], list[CorpusClip]]:
    """What corpus.json of a folder of edits says, and the clips with those of the edits behind them."""
    more, rows = read_index(folder)
    made_from = more.get("edited", {}).get("motions_crc32")
    if made_from is None or made_from != document.get("motions_crc32") or more["fps"] != document["fps"]:
        found = "no edits" if made_from is None else f"edits of the corpus of motions_crc32 {made_from}"
        raise FileFormatError(folder / "corpus.json", found, f"what 'agonist corpus edited' made of {document.get('motions_crc32')}")
    clips = {split: read_corpus(folder, split)[0] if any(row["split"] == split for row in rows) else [] for split in ("train", "val")}
    return more, train_clips + clips["train"], val_clips + clips["val"]


def _trained_on(document: dict[str, Any]) -> str:
    """What a corpus's activation is, in the words that a contract and a card use."""
    return "simulated activation; no measured EMG" if str(document["data"]).startswith("simulated") else str(document["data"])


def _within(progress: Progress | None, index: int, count: int, part: str) -> Progress | None:
    if progress is None:
        return None
    return lambda share, text: progress((index + share) / count, f"{part}: {text}")
