"""What it costs to be asked frame by frame, with no later frame known: error on a corpus's test takes, and processor time a frame.

`python tests/benchmarks/bench_live.py CORPUS`. Simulated activation, as the corpus has it; each model once frame by frame and once
with whole clips.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core")]

import numpy as np

from agonist.keypoint_layouts import BODY25
from agonist.live import LivePrediction
from agonist.metrics import pearson_r, rmse
from agonist.model import Model, load_model
from agonist.motion import Keypoints
from agonist.predict import predict
from agonist.training.data import CorpusClip, read_corpus

# One test take in so many: three hours of motion, frame by frame, take long.
EVERY = 8


def _live(model: Model, clip: CorpusClip, fps: float) -> np.ndarray:
    live = LivePrediction(model)
    answers = [live.push(k / fps, points) for k, points in enumerate(clip.keypoints.astype(float))]
    return np.concatenate([one.values for one in answers if one is not None])


def _whole(model: Model, clip: CorpusClip, fps: float) -> np.ndarray:
    return predict(Keypoints(clip.keypoints.astype(float), BODY25, fps), model).values


def main() -> None:
    clips, document = read_corpus(Path(sys.argv[1]), "test")
    clips, fps = clips[::EVERY], float(document["fps"])
    truth = np.concatenate([clip.activation for clip in clips]).astype(float)
    mocap = np.concatenate([np.full(len(clip.activation), clip.source == "mocap") for clip in clips])
    print(f"{len(clips)} test takes, {len(truth)} frames at {fps:g} a second, {mocap.sum()} of motion capture; simulated activation")
    print(f"  {'':52}{'RMSE':>8}{'mocap':>8}{'r':>6}{'ms a frame':>12}")
    for name in ("agonist-causal", "agonist"):
        model = load_model(name)
        for how, say in (("frame by frame", _live), ("whole clips, later frames known", _whole)):
            began = time.process_time()
            guess = np.concatenate([say(model, clip, fps) for clip in clips])
            spent = 1000 * (time.process_time() - began) / len(truth)
            r = float(np.nanmean(pearson_r(guess, truth)))
            print(f"  {f'{name}, {how}':52}{rmse(guess, truth):8.4f}{rmse(guess[mocap], truth[mocap]):8.4f}{r:6.2f}{spent:12.2f}")


if __name__ == "__main__":
    main()
