"""Transfer on real EMG: the encoder of simulation alone, tuned on one person, and the same network without the simulation.

The treadmill recordings of ceinmsrt_gait: the first 70 % of a task are learned from, the rest is tested, and the other task as a
whole. Electrodes: quadriceps is the mean of vastus lateralis, vastus medialis and rectus femoris, hamstrings that of
semimembranosus and biceps femoris, right leg, as shares of the maximum in the file.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist.evaluation.emg_trials import FIRST_SHARE
from agonist.evaluation.scores import ANGLE_TO_EMG, Score
from agonist.io import mot_sto, read
from agonist.metrics import pearson_r, rmse
from agonist.model import load_model
from agonist.networks.baselines import Ridge, aligned_pose
from agonist.predict import model_keypoints, standing_keypoints
from agonist.training.person import as_share
from agonist.training.tune import PersonClip, TuneSettings, encode_clip, fresh_encoder, shipped_encoder, tune_encoder

__all__ = ["evaluate_tuning"]

Array = NDArray[np.float64]

# Of what is learned from; the end of it chooses the best weights.
_LEARNED_SHARE = 0.8
# Of ridge regression, to choose from [ours].
_STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0)
_GROUPS = {"quadriceps_r": ("vas_lat_r", "vas_med_r", "rect_fem_r"), "hamstrings_r": ("semimem_r", "bifemlh_r")}
_TASKS = {"walking": "walk36", "running": "run81"}


def evaluate_tuning(data: Path, seeds: int, settings: TuneSettings | None = None) -> list[Score]:
    """Both tasks as the one that is learned. Raises FileFormatError."""
    chosen = settings or TuneSettings()
    model = load_model()
    muscles = [model.contract.muscles.names.index(name) for name in _GROUPS]
    clips = {task: _clip(data / "ceinmsrt_gait" / name, model.contract.fps, muscles) for task, name in _TASKS.items()}
    scores = []
    for task, other in (tuple(_TASKS), tuple(_TASKS)[::-1]):
        first, last = clips[task].cut(FIRST_SHARE)
        tested = {f"tuned on {task}, {task} later": (task, last), f"tuned on {task}, {other}": (other, clips[other])}

        def judge(method: str, seed: int, guesses: list[Array], tested: dict[str, tuple[str, PersonClip]] = tested) -> None:
            for guess, (protocol, (name, clip)) in zip(guesses, tested.items(), strict=True):
                truth, said = clip.activation[:, muscles], guess[:, muscles]
                r = float("nan") if method == "mean of train" else float(np.nan_to_num(pearson_r(said, truth)).mean())
                scores.append(Score(protocol, ANGLE_TO_EMG, method, seed, name, "treadmill", "normal", name, r, rmse(said, truth)))

        asked = [clip.keypoints for _, clip in tested.values()]
        known = np.nan_to_num(first.activation)
        ridge = Ridge.fit([aligned_pose(first.keypoints)], [known], model.contract.fps, _strength(first, model.contract.fps))
        judge("mean of train", 0, [np.broadcast_to(known.mean(axis=0), (len(one), known.shape[1])) for one in asked])
        judge("ridge on lags", 0, [np.clip(ridge.predict(aligned_pose(one)), 0, 1) for one in asked])
        shipped = shipped_encoder(model)
        judge("simulation alone", 0, [encode_clip(shipped, one) for one in asked])
        for seed in range(seeds):
            begun = {"no simulation": fresh_encoder(shipped, first, seed), "simulation, then tuned": shipped_encoder(model)}
            for method, encoder in begun.items():
                own = TuneSettings(chosen.steps, chosen.batch, chosen.learning_rate, seed)
                with tempfile.TemporaryDirectory() as folder:
                    tune_encoder(encoder, *first.cut(_LEARNED_SHARE), own, Path(folder) / "log.csv")
                judge(method, seed, [encode_clip(encoder, one) for one in asked])
    return scores


def _strength(clip: PersonClip, fps: float) -> float:
    """Ridge's strength, chosen as the networks' weights are: by the end of what is learned from."""
    begin, end = clip.cut(_LEARNED_SHARE)
    ridges = Ridge.fit_each([aligned_pose(begin.keypoints)], [np.nan_to_num(begin.activation)], fps, _STRENGTHS)
    truth = np.nan_to_num(end.activation)
    errors = [rmse(np.clip(ridge.predict(aligned_pose(end.keypoints)), 0, 1), truth) for ridge in ridges]
    return _STRENGTHS[int(np.argmin(errors))]


def _clip(folder: Path, fps: float, muscles: list[int]) -> PersonClip:
    motion = standing_keypoints(read(folder / "ik.sto"))
    keypoints = model_keypoints(motion, fps)
    emg = mot_sto.read(folder / "emgFilt.sto")
    times = motion.start + np.arange(len(keypoints)) / fps
    values = np.full((len(times), 8), np.nan)
    for index, columns in zip(muscles, _GROUPS.values(), strict=True):
        values[:, index] = np.interp(times, emg.times, np.mean([emg.column(name) for name in columns], axis=0))
    return PersonClip(keypoints, as_share(values, folder / "emgFilt.sto"))
