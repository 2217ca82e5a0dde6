"""The protocols of "Muscles in Action": every network trained with the same windows and steps, and judged on the same windows.

Each method's result on each fold is a small JSON file, so a run that was killed goes on where it was. Learning rates are chosen
for every network alike: the best of a few by the early-stopping part of the first fold, in a quarter of the steps.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agonist.errors import MissingDependencyError, UnknownNameError
from agonist.evaluation.cells import Cells
from agonist.evaluation.mia_windows import WINDOW, Fold, MiaWindows, make_folds
from agonist.evaluation.revision import source_commit
from agonist.io.atomic import atomic_path
from agonist.io.mia import PIXELS_PER_M
from agonist.networks.baselines import FLAT, Ridge, aligned_pose, facing_windows, nearest

if TYPE_CHECKING:
    from agonist.training.fold import FoldSet

__all__ = ["BASELINES", "BUDGETS", "DIRECTIONS", "NETWORKS", "Budget", "FoldResult", "evaluate_mia"]

Floats = NDArray[np.float32]
Progress = Callable[[float, str], None]

_SCHEMA = 1
# Motion to muscle; muscle to motion; muscle to the motion that a camera sees.
DIRECTIONS = ("encoder", "decoder", "decoder-2d")
# Configuration, whether it is told the person (C-, as the paper writes it), and the directions it has.
NETWORKS: dict[str, tuple[str, bool, tuple[str, ...]]] = {
    "mia-paper": ("mia-paper", False, DIRECTIONS),
    "mia-release": ("mia-release", False, DIRECTIONS),
    "agonist": ("agonist", False, DIRECTIONS),
    "agonist-causal": ("agonist-causal", False, ("encoder",)),
    "c-mia-paper": ("mia-paper", True, DIRECTIONS),
    "c-mia-release": ("mia-release", True, DIRECTIONS),
}
BASELINES = ("mean", "c-mean", "ridge on lags", "retrieval", "c-retrieval")
# Pieces of training windows that retrieval searches where windows are cut shorter.
_MOST_PIECES = 20_000


@dataclass(frozen=True)
class Budget:
    """How much is spent, on every network alike.

    Attributes:
        steps, batch: optimiser steps, and windows a step.
        rates: learning rates to choose from.
        groups: names left out in so many groups; one at a time if None.
        lengths: frames of the temporal protocol.
    """

    steps: int
    batch: int
    rates: tuple[float, ...]
    groups: int | None
    lengths: tuple[int, ...]


_LENGTHS = (1, 5, 10, 15, 20, 25, 30)
BUDGETS: dict[str, Budget] = {
    "tiny": Budget(4, 4, (5e-4,), 2, (1, 30)),
    "small": Budget(600, 16, (1e-4, 3e-4, 1e-3), 5, _LENGTHS),
    "full": Budget(20_000, 64, (5e-5, 1.5e-4, 5e-4, 1e-3), None, _LENGTHS),
}


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What one method did on one fold.

    Attributes:
        method: a network or a baseline. direction: of DIRECTIONS. fold: its name. frames: seen at once.
        cells: errors on the test windows.
        training: steps, learning rate, parameters, validation score, minutes; empty for a baseline.
        commit: of the code that made it; "" where nobody knows.
    """

    method: str
    direction: str
    fold: str
    frames: int
    cells: Cells
    training: dict[str, Any]
    commit: str = ""


def evaluate_mia(
    windows: MiaWindows,
    protocol: str,
    budget: str,
    work: Path,
    *,
    networks: Sequence[str] = ("mia-paper", "mia-release", "agonist"),
    directions: Sequence[str] = ("encoder", "decoder"),
    seed: int = 0,
    progress: Progress | None = None,
) -> list[FoldResult]:
    """Run a protocol of `mia_windows.PROTOCOLS` (the temporal one: motion to muscle only).

    Args:
        windows: of a corpus.
        protocol, budget: names from PROTOCOLS and BUDGETS.
        work: folder of finished results; those of the same windows, protocol, budget and seed are not made again.
        networks: names from NETWORKS.
        directions: of DIRECTIONS.
        seed: of weights and batches.
        progress: share done and what is being done.

    Raises:
        UnknownNameError, InputError: a name that is none, or a corpus too small. MissingDependencyError: no torch.
    """
    if budget not in BUDGETS:
        raise UnknownNameError("budget", budget, BUDGETS)
    for name in networks:
        if name not in NETWORKS:
            raise UnknownNameError("network", name, NETWORKS)
    for name in directions:
        if name not in DIRECTIONS:
            raise UnknownNameError("direction", name, DIRECTIONS)
    given = BUDGETS[budget]
    folds = make_folds(windows, protocol, groups=given.groups, lengths=given.lengths)
    try:
        import agonist.training.fold  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(error.name or "torch", "train", "Training the compared networks") from error
    run = _Run(windows, given, work, seed, f"{_SCHEMA} {protocol} {asdict(given)} {seed} {windows.checksum()}", source_commit())
    jobs = [
        (method, direction, fold)
        for direction in (("encoder",) if protocol == "temporal" else directions)
        for fold in folds
        for method in (*BASELINES, *networks)
        if _fits(method, direction, fold)
    ]
    results = []
    for index, (method, direction, fold) in enumerate(jobs):
        shown = _within(progress, index, len(jobs), f"{direction} {fold.name}: {method}")
        results.append(run.result(method, direction, fold, folds[0], shown))
    if progress:
        progress(1.0, "done")
    return results


def _fits(method: str, direction: str, fold: Fold) -> bool:
    if method in NETWORKS:
        return direction in NETWORKS[method][2]
    # Regression on lags would look beyond a piece.
    return fold.frames == WINDOW or method != "ridge on lags"


def _within(progress: Progress | None, index: int, count: int, name: str) -> Progress:
    def shown(share: float, text: str = "") -> None:
        if progress:
            progress((index + min(share, 0.999)) / count, f"{name} {text}")

    shown(0.0)
    return shown


@dataclass(frozen=True, eq=False)
class _Run:
    """What all jobs of one evaluation share."""

    windows: MiaWindows
    budget: Budget
    work: Path
    seed: int
    key: str
    commit: str

    def result(self, method: str, direction: str, fold: Fold, first: Fold, progress: Progress) -> FoldResult:
        """The stored result, or a new one that is stored."""
        place = self.work / _file_name(method, direction, fold.name)
        key = self._key(method, direction, fold.name)
        known = _read_result(place.with_suffix(".json"), key)
        if known is not None:
            return known
        training: dict[str, Any] = {}
        if method in NETWORKS:
            rate = self._rate(method, direction, first, progress)
            predicted, training = self._trained(method, direction, fold, rate, self.budget.steps, place, key, progress)
        else:
            predicted = _baseline(method, direction, self.windows, fold)
        truth = self.windows.activation[fold.test] if direction == "encoder" else _motion(self.windows.keypoints[fold.test], direction)
        # What a unit of the data is worth in the table: counts, metres, pixels.
        per_metre = PIXELS_PER_M if direction == "decoder-2d" else 1.0
        gains = self.windows.counts_at_1[fold.test] if direction == "encoder" else np.full(len(fold.test), per_metre)
        cells = Cells.of(predicted, truth, self.windows.person[fold.test], self.windows.exercise[fold.test], gains)
        result = FoldResult(method, direction, fold.name, fold.frames, cells, training, self.commit)
        fields = {"method": method, "direction": direction, "fold": fold.name, "frames": fold.frames, "commit": self.commit}
        _write(place.with_suffix(".json"), {"key": key, **fields, "cells": cells.document(), "training": training})
        return result

    def _key(self, method: str, direction: str, what: str) -> str:
        """Of everything that a stored result hangs on; our network's shape too, which still changes, unlike the paper's."""
        shape = ""
        if method in NETWORKS:
            from agonist.networks.motion_muscle import network_config

            config = network_config(NETWORKS[method][0])
            shape = f" {config}" if config.ours else ""
        return hashlib.sha256(f"{self.key} {method} {direction} {what}{shape}".encode()).hexdigest()

    def _rate(self, method: str, direction: str, first: Fold, progress: Progress) -> float:
        """The learning rate with the best early-stopping score on the first fold; its test is not looked at."""
        if len(self.budget.rates) == 1:
            return self.budget.rates[0]
        place = self.work / _file_name(method, direction, "learning rate")
        key = self._key(method, direction, "rate")
        document = _read(place.with_suffix(".json"), key)
        if document is None:
            scores = {}
            for rate in self.budget.rates:
                steps, here = max(1, self.budget.steps // 4), place / f"{rate:g}"
                scores[rate] = self._fit(method, direction, first, rate, steps, here, f"{key} {rate}", progress)[1].score
            document = {"key": key, "rate": min(scores, key=lambda one: scores[one]), "scores": {f"{k:g}": v for k, v in scores.items()}}
            _write(place.with_suffix(".json"), document)
        return float(document["rate"])

    def _trained(
        self, method: str, direction: str, fold: Fold, rate: float, steps: int, place: Path, key: str, progress: Progress
    ) -> tuple[Floats, dict[str, Any]]:
        from agonist.training.fold import parameters

        module, fit = self._fit(method, direction, fold, rate, steps, place, key, progress)
        fields = {"steps": fit.steps, "batch": self.budget.batch, "learning_rate": rate, "minutes": fit.minutes}
        return module.predict(self._set(fold.test)), {**fields, "validation": fit.score, "parameters": parameters(module)}

    def _fit(self, method: str, direction: str, fold: Fold, rate: float, steps: int, place: Path, key: str, progress: Progress) -> Any:
        from agonist.training.fold import train_fold

        config, conditioned, _ = NETWORKS[method]
        return train_fold(
            (config, direction, conditioned), fold.frames, self._set(fold.train), self._set(fold.val),
            steps=steps, batch=self.budget.batch, rate=rate, seed=self.seed, mirror=self.windows.simulated,
            folder=place, key=key, progress=progress,
        )  # fmt: skip

    def _set(self, index: NDArray[np.int64]) -> FoldSet:
        from agonist.training.fold import FoldSet

        people = sorted(set(self.windows.person.tolist()))
        # The release: 1.0, 0.9 .. 0.1 for its ten people.
        numbers = dict(zip(people, np.linspace(1.0, 0.1, len(people)), strict=True))
        condition = np.array([numbers[one] for one in self.windows.person[index]], dtype=np.float32)
        return FoldSet(self.windows.keypoints[index], self.windows.activation[index], condition)


def _motion(keypoints: Floats, direction: str) -> Floats:
    """(N, 30, 25, D) metres about the hips that a decoder should answer with; of a camera in front of the person, x and z."""
    motion = facing_windows(keypoints)
    return motion[..., FLAT] if direction == "decoder-2d" else motion


def _baseline(method: str, direction: str, windows: MiaWindows, fold: Fold) -> NDArray[Any]:
    """(N, 30, 8) or (N, 30, 25, D) for the test windows."""
    motion = _motion(windows.keypoints, direction)
    asked, answers = (motion, windows.activation) if direction == "encoder" else (windows.activation, motion)
    people, known = windows.person[fold.test], windows.person[fold.train]
    if method == "ridge on lags":
        questions = [aligned_pose(one) for one in windows.keypoints.astype(float)] if direction == "encoder" else list(asked.astype(float))
        flat = answers.reshape(len(answers), WINDOW, -1).astype(float)
        ridge = Ridge.fit([questions[k] for k in fold.train], [flat[k] for k in fold.train], 10.0)
        found = np.stack([ridge.predict(questions[k]) for k in fold.test]).reshape(len(fold.test), *answers.shape[1:])
        return np.clip(found, 0, 1) if direction == "encoder" else found
    if method in ("mean", "c-mean"):
        means = {person: answers[fold.train[known == person]].mean(axis=(0, 1)) for person in set(known.tolist())}
        general = answers[fold.train].mean(axis=(0, 1))
        rows = [means.get(person, general) if method == "c-mean" else general for person in people.tolist()]
        return np.repeat(np.stack(rows)[:, None], WINDOW, axis=1)
    pieces = range(0, WINDOW - fold.frames + 1, fold.frames)
    found = np.zeros((len(fold.test), *answers.shape[1:]), dtype=np.float32)
    # Whom training does not know is looked for among all.
    groups = sorted(set(people.tolist())) if method == "c-retrieval" else [""]
    for group in groups:
        mine = people == group if group else np.ones(len(people), dtype=bool)
        among = fold.train[known == group] if group and (known == group).any() else fold.train
        q, a = (np.concatenate([one[among, start : start + fold.frames] for start in pieces]) for one in (asked, answers))
        if len(q) > _MOST_PIECES and fold.frames < WINDOW:
            chosen = np.random.default_rng(0).choice(len(q), _MOST_PIECES, replace=False)
            q, a = q[chosen], a[chosen]
        for start in range(0, WINDOW, fold.frames):
            begin = min(start, WINDOW - fold.frames)
            index = nearest(q, asked[fold.test[mine], begin : begin + fold.frames])
            found[mine, start : begin + fold.frames] = a[index][:, start - begin :]
    return found


def _file_name(method: str, direction: str, fold: str) -> str:
    plain = "".join(one if one.isalnum() or one in "-+" else "_" for one in f"{direction}-{fold}-{method}")
    # Long lists of names make longer names than file systems take.
    return plain if len(plain) < 120 else f"{plain[:100]}-{hashlib.sha256(plain.encode()).hexdigest()[:12]}"


def _write(path: Path, document: Mapping[str, Any]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(document) + "\n", encoding="utf-8")


def _read(path: Path, key: str) -> dict[str, Any] | None:
    """A stored document of that key; None where there is none, or another, or a torn one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return document if document["key"] == key else None
    except (ValueError, KeyError, TypeError, OSError):
        return None


def _read_result(path: Path, key: str) -> FoldResult | None:
    document = _read(path, key)
    if document is None:
        return None
    try:
        cells = Cells.read(document["cells"])
        method, direction, fold, frames = (document[name] for name in ("method", "direction", "fold", "frames"))
        return FoldResult(method, direction, fold, frames, cells, document["training"], document.get("commit", ""))
    except (KeyError, ValueError, TypeError):
        return None
