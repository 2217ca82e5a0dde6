"""How well a model folder does on the test split: measured on the ONNX files that are shipped, with baselines beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agonist.corpus.files import read_index
from agonist.edit import prepare_edit
from agonist.edit_protocol import evaluate_edits, held_out_clips
from agonist.io.atomic import atomic_path
from agonist.metrics import pearson_r, rmse
from agonist.model import Model, load_model
from agonist.motion import Motion
from agonist.networks.baselines import FLAT, NearestWindow, Ridge, aligned_pose
from agonist.networks.geometry import facing
from agonist.networks.motion_muscle import CONFIGS
from agonist.training.card import corpus_contents, write_card
from agonist.training.damage import damage
from agonist.training.data import CorpusClip, read_corpus
from agonist.windows import blend_windows, split_windows, window_starts

__all__ = ["measure", "measure_folder"]

Array = NDArray[np.float64]
JUDGED_SCALES = (0.5, 1.5)
_SIMULATED = "simulated; people and motion capture clips of the corpus's test split, whole takes"


def measure_folder(
    folder: Path, corpus: Path, progress: Callable[[float, str], None] | None = None, *, edits: bool = True
) -> dict[str, Any]:
    """Measure a model and write the figures into its model.json and CARD.md. Raises ContractError, FileFormatError."""
    metrics = measure(load_model(folder), corpus, progress, edits=edits)
    path = folder / "model.json"
    document = {**json.loads(path.read_text(encoding="utf-8")), "metrics": metrics}
    described, rows = read_index(corpus, ("exercise", "person", "source", "split", "usable"))
    # Another corpus than this one may have taught it.
    if document["training"]["corpus"] == described:
        document["training"]["contents"] = corpus_contents(rows)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    write_card(folder, document)
    return metrics


def measure(model: Model, corpus: Path, progress: Callable[[float, str], None] | None = None, *, edits: bool = True) -> dict[str, Any]:
    """Figures for every part that the model has: on takes and clips that its training never saw.

    `edits` costs minutes: 240 edits judged by the model, and 160 by physics where the physics extra is installed.
    """
    (train, document), (test, _) = (read_corpus(corpus, split) for split in ("train", "test"))
    every = round(document["fps"] / model.contract.fps)
    train, test = ([_thinned(clip, every) for clip in clips] for clips in (train, test))
    simulated = str(document["data"]).startswith("simulated")
    data = _SIMULATED if simulated else f"{document['data']}; the corpus's test split, whole takes"
    metrics: dict[str, Any] = {}
    if model.has("encoder"):
        metrics["encoder"] = {"data": data, **_measure_encoder(model, train, test)}
    if model.has("decoder"):
        metrics["decoder"] = {"data": data, **_measure_decoder(model, train, test)}
    if edits and model.has("encoder") and model.has("editor"):
        shown = (lambda share: progress(share, "measuring edits")) if progress else None
        metrics["editor"] = evaluate_edits(held_out_clips(), model, progress=shown)
        # Without the physics extra the card says that no physics was asked.
        physical = find_spec("mujoco") is not None and find_spec("myo_sim") is not None
        metrics["editor"]["physics"] = _ask_physics(model, progress) if physical else None
    return metrics


def _ask_physics(model: Model, progress: Callable[[float, str], None] | None) -> dict[str, Any]:
    """Simulate clips and their edits with a person and a recruitment cost that no training data used.

    The model judges its own edits kindly; this judge does not know it.
    """
    from agonist.body import simulate
    from agonist.verify import JUDGE

    def effort(motion: Motion) -> Array:
        return simulate(motion, JUDGE, output_fps=min(model.contract.fps, motion.fps)).activation.values.mean(axis=0)

    names, clips = model.contract.muscles.names, held_out_clips()
    ratios = np.zeros((len(clips), len(names), len(JUDGED_SCALES)))
    for c, clip in enumerate(clips.values()):
        session, before = prepare_edit(clip, model=model), np.maximum(effort(clip), 1e-6)
        for m, name in enumerate(names):
            for s, scale in enumerate(JUDGED_SCALES):
                ratios[c, m, s] = effort(session.edit({name: scale}).motion)[m] / before[m]
            if progress:
                progress((c + (m + 1) / len(names)) / len(clips), "physics judges edits")
    right = (ratios - 1) * (np.array(JUDGED_SCALES) - 1) > 0
    return {
        "judge": {"mass_kg": JUDGE.mass_kg, "sex": JUDGE.sex, "strength": JUDGE.strength, "cost_exponent": JUDGE.cost_exponent,
                  "cocontraction": JUDGE.cocontraction},
        "scales": list(JUDGED_SCALES), "right_share": float(right.mean()),
        "right": {name: int(right[:, m].sum()) for m, name in enumerate(names)}, "of": len(clips) * len(JUDGED_SCALES),
        "median_reached": {name: [float(value) for value in np.median(ratios[:, m], axis=0)] for m, name in enumerate(names)},
    }  # fmt: skip


def _measure_damage(model: Model, test: Sequence[CorpusClip], truth: Array) -> dict[str, float]:
    """RMSE where keypoints are damaged on purpose, window by window, with the tracker's doubts and without."""
    rng = np.random.default_rng(0)
    config = CONFIGS.get(str(model.contract.raw.get("training", {}).get("settings", {}).get("config")))
    causal = config is not None and config.causal
    found: dict[str, list[Array]] = {"with confidence": [], "without": []}
    for clip in test:
        cuts = range(0, len(clip.keypoints), model.contract.window)
        parts = [damage(clip.keypoints[first : first + model.contract.window].astype(float), rng, causal=causal) for first in cuts]
        keypoints, confidence = (np.concatenate(one) for one in zip(*parts, strict=True))
        found["with confidence"].append(model.encode(keypoints, confidence)[0])
        found["without"].append(model.encode(keypoints)[0])
    return {name: rmse(_joined(levels), truth) for name, levels in found.items()}


def _thinned(clip: CorpusClip, every: int) -> CorpusClip:
    return CorpusClip(clip.id, clip.exercise, clip.person, clip.source, clip.keypoints[::every], clip.activation[::every])


def _measure_encoder(model: Model, train: Sequence[CorpusClip], test: Sequence[CorpusClip]) -> dict[str, Any]:
    names = model.contract.muscles.names
    poses, answers = [aligned_pose(clip.keypoints.astype(float)) for clip in train], [clip.activation.astype(float) for clip in train]
    questions = [aligned_pose(clip.keypoints.astype(float)) for clip in test]
    truth = _joined([clip.activation.astype(float) for clip in test])
    answers_of_model = [model.encode(clip.keypoints.astype(float)) for clip in test]
    level = _joined([one[0] for one in answers_of_model])
    deviations = [one[1] for one in answers_of_model if one[1] is not None]
    ratio = np.abs(level - truth) / _joined(deviations) if deviations else None
    nearest, ridge = NearestWindow.fit(poses, answers, model.contract.window), Ridge.fit(poses, answers, model.contract.fps)
    mean = np.broadcast_to(_joined(answers).mean(axis=0), truth.shape)
    guesses = {"training mean": mean, "nearest training window": _joined([nearest.predict(q) for q in questions]),
               "ridge on lags": np.clip(_joined([ridge.predict(q) for q in questions]), 0, 1)}  # fmt: skip
    mocap, correlations = _mocap(test), _correlations(level, truth)
    return {
        "takes": len(test), "frames": len(truth), "windows": _windows(test, model), "rmse": rmse(level, truth),
        "rmse_damaged": _measure_damage(model, test, truth),
        "rmse_mocap": rmse(level[mocap], truth[mocap]) if mocap.any() else None,
        "rmse_baselines": {name: rmse(guess, truth) for name, guess in guesses.items()},
        "r_mean": _mean(correlations),
        "within_deviations": None if ratio is None else {str(k): float((ratio < k).mean()) for k in (1, 2)},
        "r_baselines": {name: _mean(_correlations(guess, truth)) for name, guess in guesses.items() if name != "training mean"},
        "rmse_per_muscle": {name: rmse(level[:, i], truth[:, i]) for i, name in enumerate(names)},
        "r_per_muscle": dict(zip(names, correlations, strict=True)),
    }  # fmt: skip


def _correlations(guess: Array, truth: Array) -> list[float | None]:
    """r of each column; None of one that is constant, which has none and which JSON has no number for."""
    return [float(r) if np.isfinite(r) else None for r in pearson_r(guess, truth)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _measure_decoder(model: Model, train: Sequence[CorpusClip], test: Sequence[CorpusClip]) -> dict[str, Any]:
    window, axes = model.contract.window, FLAT if model.contract.dimensions == 2 else [0, 1, 2]
    answers, truth = [_facing(clip, window, axes) for clip in train], _joined([_facing(clip, window, axes) for clip in test])
    nearest = NearestWindow.fit([clip.activation.astype(float) for clip in train], answers, window)
    decoded = [model.decode(clip.activation.astype(float)).reshape(len(clip.activation), -1) for clip in test]
    guesses = {"training mean": np.broadcast_to(_joined(answers).mean(axis=0), truth.shape),
               "nearest training window": _joined([nearest.predict(clip.activation.astype(float)) for clip in test])}  # fmt: skip
    hypotheses = [
        model.decode_hypotheses(clip.activation.astype(float))[0].reshape(-1, *one.shape) for clip, one in zip(test, decoded, strict=True)
    ]
    # The hypothesis that fits a take best, and the one that the network thinks likeliest.
    best = _joined(
        [one[((one - true) ** 2).mean(axis=(1, 2)).argmin()] for one, true in zip(hypotheses, _parts_like(truth, decoded), strict=True)]
    )
    several = {"rmse_best_m": rmse(best, truth), "rmse_likeliest_m": rmse(_joined([one[0] for one in hypotheses]), truth)}
    mocap, answer = _mocap(test), _joined(decoded)
    return {
        "takes": len(test), "frames": len(truth), "windows": _windows(test, model), "dimensions": model.contract.dimensions,
        "rmse_m": rmse(answer, truth),
        "rmse_mocap_m": rmse(answer[mocap], truth[mocap]) if mocap.any() else None,
        "rmse_mocap_baselines_m": {name: rmse(guess[mocap], truth[mocap]) for name, guess in guesses.items()} if mocap.any() else None,
        "hypotheses": len(hypotheses[0]), **(several if len(hypotheses[0]) > 1 else {}),
        "rmse_baselines_m": {name: rmse(guess, truth) for name, guess in guesses.items()},
    }  # fmt: skip


def _mocap(clips: Sequence[CorpusClip]) -> NDArray[np.bool_]:
    """(T,) which frames of all clips in a row are of motion capture."""
    return np.concatenate([np.full(len(clip.activation), clip.source == "mocap") for clip in clips])


def _facing(clip: CorpusClip, window: int, axes: Sequence[int]) -> Array:
    """(T, 25 D): what the decoder is asked for, windows about the hips and facing -Y on average, blended."""
    windows = facing(torch.tensor(split_windows(clip.keypoints.astype(float), window))).numpy()[..., axes]
    return blend_windows(windows, len(clip.keypoints)).reshape(len(clip.keypoints), -1)


def _parts_like(values: Array, clips: Sequence[Array]) -> list[Array]:
    return np.split(values, np.cumsum([len(clip) for clip in clips])[:-1])


def _windows(clips: Sequence[CorpusClip], model: Model) -> int:
    return sum(len(window_starts(len(clip.keypoints), model.contract.window)) for clip in clips)


def _joined(clips: Sequence[Array]) -> Array:
    return np.concatenate(clips).astype(float)
