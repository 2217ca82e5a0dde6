"""Real EMG from joint angles and joint angles from real EMG: our network beside ridge on lags, retrieval and the mean.

Four protocols. Within: the first 70 % of every recording are learned from, the rest is tested. Person out: the same frames are
tested, but nothing of the person is learned from; or only a vector that stands for them is (calibrated), or all weights go on from
there (fine-tuned), with their first 70 %. Treadmill: walking is learned, running is tested, and the reverse.
Tuned: see emg_tuning.

What a signal is measured in comes from each recording's own first 70 %, for every method alike: EMG in units of its 95th
percentile, angles about their median, as where a goniometer or a sensor was fixed is nobody's property.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agonist.errors import MissingDependencyError, UnknownNameError
from agonist.evaluation.emg_trials import FPS, EmgTrial, Signals, read_treadmill, read_uci
from agonist.evaluation.scores import ANGLE_TO_EMG, DIRECTIONS, Score
from agonist.io.atomic import atomic_path
from agonist.metrics import pearson_r, rmse
from agonist.model import load_model
from agonist.networks.baselines import NearestWindow, Ridge
from agonist.revision import code_digest, imported_files, source_commit

if TYPE_CHECKING:
    from agonist.training.emg import EmgSchedule, Recording

__all__ = ["PROTOCOLS", "evaluate_emg"]

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]

PROTOCOLS = ("within", "person-out", "treadmill", "tuned")
_SCHEMA = 1
# A kept part hangs on this file and on all that it imports; the recordings as they were read are in its key.
_MAKES, _IN_KEY, _TUNING = "evaluation/emg.py", ("revision.py", "io", "model.py"), "evaluation/emg_tuning.py"
_DEGREES = 30.0
# Ridge regression's choices; the best on the training parts is taken.
_SPANS_S, _STRENGTHS = (0.4, 0.8), (1.0, 10.0, 100.0)
_RETRIEVAL_FRAMES = 20


@dataclass(frozen=True)
class _Task:
    """A direction: what goes in and what should come out of a stretch of a recording."""

    direction: str

    def pair(self, trial: EmgTrial, part: Signals) -> Recording:
        from agonist.training.emg import Recording, emg_features, motion_features

        centre = np.median(trial.first.angles, axis=0)
        if self.direction == ANGLE_TO_EMG:
            return Recording(motion_features(part.angles, FPS, centre), part.emg)
        return Recording(emg_features(part.emg, FPS), (part.angles - centre) / _DEGREES)

    def score(self, protocol: str, method: str, seed: int, trial: EmgTrial, truth: Array, guess: Array) -> Score:
        guess = np.clip(guess, 0, None) if self.direction == ANGLE_TO_EMG else guess
        unit = 1.0 if self.direction == ANGLE_TO_EMG else _DEGREES
        # A column that is constant has no r, and counts as none.
        r = pearson_r(guess, truth)
        mean = float("nan") if method == "mean of train" else float(np.nan_to_num(r).mean())
        return Score(
            protocol, self.direction, method, seed, trial.name, trial.person, trial.group, trial.task, mean, unit * rmse(guess, truth)
        )


def evaluate_emg(
    data: Path,
    seeds: int = 3,
    progress: Progress | None = None,
    *,
    protocols: Sequence[str] = PROTOCOLS,
    work: Path | None = None,
    schedule: EmgSchedule | None = None,
) -> list[Score]:
    """Both directions of the protocols.

    Args:
        data: folder with the recordings uci_lower_limb/ and ceinmsrt_gait/.
        seeds: how many networks each number is a mean of; with a person left out it is one a person, their seeds taking turns.
        progress: share done and what is being done.
        protocols: names from PROTOCOLS.
        work: folder where finished parts are kept, so that a run that was stopped goes on; nowhere if none.
        schedule: of every network; the default if none. With a person left out: half of its steps.

    Raises:
        UnknownNameError: no such protocol. FileFormatError: a recording is missing or damaged. MissingDependencyError: no torch or scipy.
    """
    protocols = tuple(dict.fromkeys(protocols))
    for name in protocols:
        if name not in PROTOCOLS:
            raise UnknownNameError("protocol", name, PROTOCOLS)
    try:
        from agonist.training.emg import EmgSchedule
    except ImportError as error:
        raise MissingDependencyError(error.name or "torch", "train", "Training on EMG") from error
    people, treadmill, given = read_uci(data), read_treadmill(data), schedule or EmgSchedule()
    jobs = _jobs(data, people, treadmill, seeds, given, protocols)
    checksum = 0
    for trial in (*people, *treadmill):
        for part in (trial.first, trial.last):
            checksum = zlib.crc32(part.emg.tobytes(), zlib.crc32(part.angles.tobytes(), checksum))
    scores, commit, code = [], source_commit(), code_digest(imported_files(_MAKES, (*_IN_KEY, _TUNING)))
    for index, (name, job) in enumerate(jobs):
        if progress:
            progress(index / len(jobs), name)
        hangs_on = f"{code} {_tuning_origin()}" if name == "tuned" else code
        key = hashlib.sha256(f"{_SCHEMA} {name} {seeds} {asdict(given)} {checksum} {hangs_on}".encode()).hexdigest()
        named = partial(_named, job, commit)
        scores += _kept(work / f"{key[:16]}.json", key, named) if work else named()
    if progress:
        progress(1.0, "done")
    return scores


def _jobs(
    data: Path, people: Sequence[EmgTrial], treadmill: Sequence[EmgTrial], seeds: int, schedule: EmgSchedule, protocols: Sequence[str]
) -> list[tuple[str, Callable[[], list[Score]]]]:
    jobs: list[tuple[str, Callable[[], list[Score]]]] = []
    names = sorted({trial.person for trial in people})
    half = replace(schedule, steps=max(1, schedule.steps // 2))
    tasks = [_Task(direction) for direction in DIRECTIONS]
    ridge = cache(partial(_choose_ridge, trials=tuple(people)))

    # Ridge's choices are made when the first job needs them: a run that goes on may not.
    def within(task: _Task) -> list[Score]:
        return _within(task, people, seeds, ridge(task, alone=True), schedule)

    def person_out(task: _Task, name: str, seed: int) -> list[Score]:
        return _person_out(task, people, name, seed, ridge(task, alone=False), half)

    for protocol in protocols:
        for task in tasks:
            said = f"{protocol}, {task.direction}"
            if protocol == "within":
                jobs.append((said, partial(within, task)))
            elif protocol == "person-out":
                jobs += [(f"{said}, {name}", partial(person_out, task, name, k % seeds)) for k, name in enumerate(names)]
            elif protocol == "treadmill":
                jobs.append((said, partial(_treadmill, task, treadmill, seeds, schedule)))
        if protocol == "tuned":
            jobs.append((protocol, partial(_tuned, data, seeds)))
    return jobs


def _tuning_origin() -> str:
    """What tuning hangs on besides: its code, that which reads motion too, and the encoder that it begins from."""
    return f"{code_digest(imported_files(_TUNING))} {load_model().contract.files['encoder'][1]}"


def _tuned(data: Path, seeds: int) -> list[Score]:
    from agonist.evaluation.emg_tuning import evaluate_tuning

    return evaluate_tuning(data, seeds)


def _named(job: Callable[[], list[Score]], commit: str) -> list[Score]:
    return [replace(one, commit=commit) for one in job()]


def _kept(path: Path, key: str, job: Callable[[], list[Score]]) -> list[Score]:
    """The job's scores, read if they are there."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["key"] == key:
            return [Score(**one) for one in document["scores"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    scores = job()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps({"key": key, "scores": [asdict(one) for one in scores]}) + "\n", encoding="utf-8")
    return scores


def _within(task: _Task, trials: Sequence[EmgTrial], seeds: int, ridge: Mapping[str, Any], schedule: EmgSchedule) -> list[Score]:
    from agonist.training.emg import predict_recording, train_recordings

    known = {trial.name: task.pair(trial, trial.first) for trial in trials}
    scores = []
    for trial in trials:
        own, asked = [known[trial.name]], task.pair(trial, trial.last)
        scores += [task.score("within", name, 0, trial, asked.targets, guess) for name, guess in _baselines(own, asked, ridge)]
    told = [_with_task(pair, trial) for pair, trial in zip(known.values(), trials, strict=True)]
    for seed in range(seeds):
        network = train_recordings(told, schedule, seed)
        for index, trial in enumerate(trials):
            asked = _with_task(task.pair(trial, trial.last), trial)
            guess = predict_recording(network, asked.features, index)
            scores.append(task.score("within", "agonist", seed, trial, asked.targets, guess))
    return scores


def _person_out(
    task: _Task, trials: Sequence[EmgTrial], person: str, seed: int, ridge: Mapping[str, Any], schedule: EmgSchedule
) -> list[Score]:
    from agonist.training.emg import calibrate, predict_recording, train_recordings

    others, own = ([trial for trial in trials if (trial.person == person) == mine] for mine in (False, True))
    known = {trial.name: task.pair(trial, trial.first) for trial in others}
    scores = []
    for trial in own:
        # Like ours, the baselines may know the task.
        same, asked = [known[other.name] for other in others if other.task == trial.task], task.pair(trial, trial.last)
        scores += [task.score("person out", name, 0, trial, asked.targets, guess) for name, guess in _baselines(same, asked, ridge)]
    # One network a person left out: there are as many of them as people.
    network = train_recordings([_with_task(pair, trial) for pair, trial in zip(known.values(), others, strict=True)], schedule, seed)
    for trial in own:
        asked, first = (_with_task(task.pair(trial, part), trial) for part in (trial.last, trial.first))
        for name, only in (("agonist", None), ("agonist, calibrated", True), ("agonist, fine-tuned", False)):
            tuned = network if only is None else calibrate(network, first, schedule, seed, person_only=only)
            guess = predict_recording(tuned, asked.features, None if only is None else 0)
            scores.append(task.score("person out", name, seed, trial, asked.targets, guess))
    return scores


def _treadmill(task: _Task, trials: Sequence[EmgTrial], seeds: int, schedule: EmgSchedule) -> list[Score]:
    """One task is learned, from both its parts, the other is tested, as a whole."""
    from agonist.training.emg import predict_recording, train_recordings

    scores = []
    for learned, tested in (trials, trials[::-1]):
        ridge = _choose_ridge(task, [learned], alone=True)
        known = [task.pair(learned, part) for part in (learned.first, learned.last)]
        asked = [task.pair(tested, part) for part in (tested.first, tested.last)]
        truth = np.concatenate([one.targets for one in asked])
        protocol = f"{learned.task}, then {tested.task}"
        parts = [dict(_baselines(known, one, ridge)) for one in asked]
        scores += [task.score(protocol, name, 0, tested, truth, np.concatenate([part[name] for part in parts])) for name in parts[0]]
        for seed in range(seeds):
            network = train_recordings(known, schedule, seed)
            guess = np.concatenate([predict_recording(network, one.features, None) for one in asked])
            scores.append(task.score(protocol, "agonist", seed, tested, truth, guess))
    return scores


def _with_task(pair: Recording, trial: EmgTrial) -> Recording:
    """The same, told which task is done: one network serves all of them."""
    from agonist.training.emg import Recording

    told = np.tile([float(trial.task == one) for one in ("gait", "sitting", "standing")], (len(pair.targets), 1))
    return Recording(np.concatenate([pair.features, told], axis=1), pair.targets)


def _baselines(known: Sequence[Recording], asked: Recording, ridge: Mapping[str, Any]) -> list[tuple[str, Array]]:
    questions, answers = [one.features for one in known], [one.targets for one in known]
    mean = np.broadcast_to(np.concatenate(answers).mean(axis=0), asked.targets.shape)
    return [
        ("mean of train", mean),
        ("nearest neighbour", NearestWindow.fit(questions, answers, _RETRIEVAL_FRAMES).predict(asked.features)),
        ("ridge on lags", Ridge.fit(questions, answers, FPS, **ridge).predict(asked.features)),
    ]


def _choose_ridge(task: _Task, trials: Sequence[EmgTrial], *, alone: bool) -> dict[str, Any]:
    """Span and strength with the best mean r on what the test never sees: the end of the first parts.

    `alone`: each recording learns from its own beginning; else from everybody else's at the same task.
    """
    pairs = []
    for trial in trials:
        begin, end = (task.pair(trial, part) for part in trial.first.cut(0.7))
        pairs.append((trial, begin, end))
    best: tuple[float, dict[str, Any]] = (-2.0, {})
    for span in _SPANS_S:
        lags = tuple(np.arange(-round(span * FPS), round(span * FPS) + 1) / FPS)
        for strength in _STRENGTHS:
            choice: dict[str, Any] = {"strength": strength, "lags_s": lags}
            found = []
            for trial, begin, end in pairs:
                known = [begin] if alone else [b for t, b, _ in pairs if t.task == trial.task and t.person != trial.person]
                fitted = Ridge.fit([one.features for one in known], [one.targets for one in known], FPS, **choice)
                found.append(float(np.nan_to_num(pearson_r(fitted.predict(end.features), end.targets)).mean()))
            best = max(best, (float(np.mean(found)), choice), key=lambda one: one[0])
    return best[1]
