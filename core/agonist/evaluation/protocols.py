"""The protocols of "Muscles in Action": every network trained with the same windows and steps, and judged on the same windows.

Each method's result on each fold is a small JSON file, so a run that was killed goes on where it was, and several processes can
share the work. Learning rates are chosen for every network alike, by early-stopping scores of trainings in full on the first fold:
from the middle one of a ladder up, or else down, until the next one is no better. (Shorter trials choose wrongly: what has only begun
to learn wants the largest rate.)
"""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from agonist.errors import DivergedError, InputError, MissingDependencyError, UnknownNameError
from agonist.evaluation.cells import Cells
from agonist.evaluation.mia_baselines import BASELINES, predict_baseline, target_motion
from agonist.evaluation.mia_calibration import Clip, check_calibrated, choose_clips
from agonist.evaluation.mia_folds import Fold, make_folds
from agonist.evaluation.mia_results import (
    CALIBRATED,
    DIRECTIONS,
    NETWORKS,
    FoldResult,
    code_of,
    file_name,
    read_document,
    read_result,
    write_document,
    write_result,
)
from agonist.evaluation.mia_windows import WINDOW, MiaWindows
from agonist.io.mia import PIXELS_PER_M
from agonist.revision import source_commit

if TYPE_CHECKING:
    from agonist.training.fold import FoldNetwork, FoldSet
    from agonist.training.hardware import Hardware
    from agonist.training.loop import Fit

__all__ = ["BUDGETS", "Budget", "Share", "evaluate_mia"]

Floats = NDArray[np.float32]
Progress = Callable[[float, str], None]
T = TypeVar("T")

_SCHEMA = 2
_POLL_S = 0.5


@dataclass(frozen=True)
class Budget:
    """How much is spent, on every network alike.

    Attributes:
        steps, batch: optimiser steps, and windows a step.
        rates: learning rates to choose from, rising; the middle one is tried first.
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
    "small": Budget(600, 16, (1e-4, 3e-4, 1e-3, 3e-3, 1e-2), 5, _LENGTHS),
    "full": Budget(20_000, 64, (5e-5, 1.5e-4, 5e-4, 1.5e-3, 5e-3), None, _LENGTHS),
}


@dataclass(frozen=True)
class Share:
    """Which of `count` processes with one `work` folder this is."""

    rank: int = 0
    count: int = 1

    @staticmethod
    def of_torchrun() -> Share:
        """As torchrun says in the environment; the only process where nobody started several."""
        return Share(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))

    def of(self, things: Sequence[T], name: Callable[[T], str]) -> list[T]:
        """What falls to this process. By the names, of a method first: its folds, which cost alike, go to all processes in turn."""
        ordered = sorted(things, key=name) if self.count > 1 else list(things)
        return ordered[self.rank :: self.count]


def evaluate_mia(
    windows: MiaWindows,
    protocol: str,
    budget: str,
    work: Path,
    *,
    networks: Sequence[str] = ("mia-paper", "mia-release", "agonist"),
    directions: Sequence[str] = ("encoder", "decoder"),
    seed: int = 0,
    share: Share | None = None,
    progress: Progress | None = None,
) -> list[FoldResult]:
    """Run a protocol of `mia_folds.PROTOCOLS` (the temporal one: motion to muscle only).

    Args:
        windows: of a corpus.
        protocol, budget: names from PROTOCOLS and BUDGETS.
        work: folder of finished results; those of the same windows, fold, budget and seed are not made again, for another protocol either.
        networks: names from NETWORKS; baselines alone if none.
        directions: of DIRECTIONS.
        seed: of weights and batches.
        share: which part of the work is done here; all of it if none.
        progress: share done and what is being done.

    Returns:
        all results, in the first process, which waits for the others'; in every other one its own.

    Raises:
        UnknownNameError, InputError: a name that is none, no direction, nobody to calibrate, or a corpus too small.
        MissingDependencyError: no torch.
        DivergedError: a network whose training ran away at each rate.
    """
    if budget not in BUDGETS:
        raise UnknownNameError("budget", budget, BUDGETS)
    # Twice the same results would be taken for twice as many.
    networks, directions = tuple(dict.fromkeys(networks)), tuple(dict.fromkeys(directions))
    if not directions:
        raise InputError(f"No direction to judge. Expected some of {', '.join(DIRECTIONS)}.")
    check_calibrated(networks, protocol)
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
    # Not the protocol: 30 frames of the temporal one are those of "in". The first fold has chosen the learning rate.
    key = f"{_SCHEMA} {given.steps} {given.batch} {given.rates} {seed} {windows.checksum()} {folds[0].checksum()}"
    calibrated = any(name in CALIBRATED for name in networks)
    clips = {fold.name: choose_clips(windows, fold) for fold in folds} if calibrated else {}
    run = _Run(windows, given, work, seed, key, source_commit(), folds[0], clips)
    jobs = [
        (method, direction, fold)
        for direction in (("encoder",) if protocol == "temporal" else directions)
        for fold in folds
        for method in (*BASELINES, *networks)
        if _fits(method, direction, fold)
    ]
    own = share or Share()
    # Rates come first: every process may need any of them. Who chooses which must not hang on what is finished by now.
    trained = list(dict.fromkeys((_as(job[0]), job[1]) for job in jobs if job[0] in NETWORKS))
    for method, direction in own.of(trained, " ".join):
        if any(run.kept(*job) is None for job in jobs if (_as(job[0]), job[1]) == (method, direction)):
            run.choose_rate(method, direction, _within(progress, 0, len(jobs), f"{direction}: {method}, learning rate"))
    mine = own.of(jobs, lambda job: f"{job[0]} {job[1]} {job[2].name}")
    made = {}
    for index, job in enumerate(mine):
        method, direction, fold = job
        made[_named(job)] = run.result(*job, _within(progress, index, len(mine), f"{direction} {fold.name}: {method}"))
    if progress:
        progress(1.0, "done")
    if own.rank:
        return list(made.values())
    return [made[_named(job)] if _named(job) in made else _awaited(partial(run.kept, *job)) for job in jobs]


def _named(job: tuple[str, str, Fold]) -> tuple[str, str, str]:
    return job[0], job[1], job[2].name


def _as(method: str) -> str:
    """The network as which one is trained, and whose learning rate it has."""
    return CALIBRATED.get(method, method)


def _awaited(read: Callable[[], T | None]) -> T:
    """What another process is making. Should that one die, torchrun ends this one too."""
    while (found := read()) is None:
        time.sleep(_POLL_S)
    return found


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
    first: Fold
    # By fold; empty where nothing is calibrated.
    clips: dict[str, list[Clip]]
    # Networks that are calibrated too, so as not to train them twice, by direction, fold and rate.
    trained: dict[tuple[str, str, str, float], tuple[FoldNetwork, Fit]] = field(default_factory=dict)

    def kept(self, method: str, direction: str, fold: Fold, what: str = "") -> FoldResult | None:
        """The stored result, or what is stored under the name `what`."""
        place, key, code = self._where(method, direction, fold, what or fold.name)
        return read_result(place.with_suffix(".json"), key, code)

    def result(self, method: str, direction: str, fold: Fold, progress: Progress) -> FoldResult:
        """The stored result, or a new one that is stored."""
        known = self.kept(method, direction, fold)
        if known is not None:
            return known
        rate = _awaited(lambda: self._rate(method, direction)) if method in NETWORKS else 0.0
        # The process that chose the rate has judged the first fold since.
        return self.kept(method, direction, fold) or self._judged(method, direction, fold, fold.name, rate, progress)

    def _judged(self, method: str, direction: str, fold: Fold, what: str, rate: float, progress: Progress) -> FoldResult:
        """A new result, stored under the name `what`."""
        place, key, code = self._where(method, direction, fold, what)
        training: dict[str, Any] = {}
        chosen: dict[str, Any] = {}
        if method in NETWORKS:
            predicted, training = self._trained(method, direction, fold, rate, place, f"{key} {code}", progress)
        else:
            predicted, chosen = predict_baseline(method, direction, self.windows, fold)
        keypoints, activation = self.windows.keypoints[fold.test], self.windows.activation[fold.test]
        truth = activation if direction == "encoder" else target_motion(keypoints, direction)
        # What a unit of the data is worth in the table: counts, metres, pixels.
        per_metre = PIXELS_PER_M if direction == "decoder-2d" else 1.0
        gains = self.windows.counts_at_1[fold.test] if direction == "encoder" else np.full(len(fold.test), per_metre)
        cells = Cells.of(predicted, truth, self.windows.person[fold.test], self.windows.exercise[fold.test], gains)
        result = FoldResult(method, direction, fold.name, fold.frames, cells, training, self.commit, chosen)
        write_result(place.with_suffix(".json"), key, code, result)
        return result

    def _where(self, method: str, direction: str, fold: Fold, what: str) -> tuple[Path, str, str]:
        """Where this is stored, without a suffix; the key of everything it hangs on beside the code; and the code.

        Our network's shape is in the key, unlike the paper's, which is settled.
        """
        shape = ""
        if method in NETWORKS:
            from agonist.networks.motion_muscle import network_config

            config = network_config(NETWORKS[method][0])
            shape = f" {config}" if config.ours else ""
        if method in CALIBRATED:
            shape += f" {[clip.windows.tolist() for clip in self.clips[fold.name]]}"
        key = hashlib.sha256(f"{self.key} {method} {direction} {what} {fold.checksum()}{shape}".encode()).hexdigest()
        return self.work / file_name(method, direction, what), key, code_of(method)

    def _rate(self, method: str, direction: str) -> float | None:
        """The learning rate that was chosen, or the only one."""
        if len(self.budget.rates) == 1:
            return self.budget.rates[0]
        place, key, code = self._where(_as(method), direction, self.first, f"{self.first.name} learning rate")
        document = read_document(place.with_suffix(".json"), key, code)
        return None if document is None else float(document["rate"])

    def choose_rate(self, method: str, direction: str, progress: Progress) -> None:
        """Store the learning rate with the best early-stopping score on the first fold, and what it did there as that fold's result.

        The tests of the other rates are stored and not looked at.
        """
        if self._rate(method, direction) is not None:
            return
        rates = self.budget.rates
        tried: dict[int, FoldResult | DivergedError] = {}

        def score(index: int) -> float:
            if index not in tried:
                what, shown = f"{self.first.name} rate {rates[index]:g}", _within(progress, len(tried), len(rates), f"{rates[index]:g}")
                job = (method, direction, self.first, what)
                try:
                    tried[index] = self.kept(*job) or self._judged(*job, rates[index], shown)
                except DivergedError as error:
                    tried[index] = error
            found = tried[index]
            return math.inf if isinstance(found, DivergedError) else float(found.training["validation"])

        at = len(rates) // 2
        # Who went up came from a worse one, and does not go down again.
        for step in (1, -1):
            while 0 <= at + step < len(rates) and score(at) > score(at + step):
                at += step
        best = tried[at]
        if isinstance(best, DivergedError):
            raise best
        place, key, code = self._where(method, direction, self.first, self.first.name)
        write_result(place.with_suffix(".json"), key, code, best)
        place, key, code = self._where(method, direction, self.first, f"{self.first.name} learning rate")
        scores = {f"{rates[index]:g}": score(index) for index in sorted(tried)}
        document = {"key": key, "code": code, "rate": best.training["learning_rate"], "scores": scores}
        write_document(place.with_suffix(".json"), document)

    def _trained(
        self, method: str, direction: str, fold: Fold, rate: float, place: Path, key: str, progress: Progress
    ) -> tuple[Floats, dict[str, Any]]:
        from agonist.networks.kernel_machine import learned_numbers
        from agonist.training.fold import train_fold

        config, conditioned, _ = NETWORKS[method]
        people = len(set(self.windows.person.tolist())) if conditioned else 0
        named = (_as(method), direction, fold.name, rate)
        module, fit = self.trained.get(named) or train_fold(
            (config, direction, people), fold.frames, self._set(fold.train), self._set(fold.val),
            steps=self.budget.steps, batch=self.budget.batch, rate=rate, seed=self.seed, mirror=self.windows.simulated,
            folder=place, key=key, hardware=_hardware(), progress=progress,
        )  # fmt: skip
        if self.clips and _as(method) in CALIBRATED.values():
            self.trained[named] = module, fit
        if method in CALIBRATED:
            from agonist.training.calibration import calibrated

            clip = np.concatenate([one.windows for one in self.clips[fold.name]])
            module = calibrated(module, self._set(clip), self._set(fold.train))
        fields: dict[str, Any] = {"steps": fit.steps, "batch": self.budget.batch, "learning_rate": rate, "minutes": fit.minutes}
        fields |= {"validation": fit.score, "parameters": learned_numbers(module), "hardware": _hardware().describe()}
        return module.predict(self._set(fold.test)), fields

    def _set(self, index: NDArray[np.int64]) -> FoldSet:
        from agonist.training.fold import FoldSet

        # By name, whoever is in this fold.
        person = np.unique(self.windows.person, return_inverse=True)[1][index]
        return FoldSet(self.windows.keypoints[index], self.windows.activation[index], person)


def _hardware() -> Hardware:
    from agonist.training.hardware import choose_hardware

    # Of hundreds of short trainings each would be compiled anew, which takes longer than it saves.
    return choose_hardware(compiled=False)
