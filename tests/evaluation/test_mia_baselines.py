"""Baselines of the protocols: they are shown what networks are shown."""

import numpy as np
import pytest

from agonist.evaluation.mia_baselines import predict_baseline, target_motion
from agonist.evaluation.mia_folds import Fold
from agonist.evaluation.mia_windows import WINDOW, MiaWindows


def _windows(keypoints, activation):
    count = len(keypoints)
    names = {name: np.array(["A"] * count) for name in ("person", "exercise", "upper", "split", "session")}
    return MiaWindows(
        keypoints.astype(np.float32), activation.astype(np.float32), first=np.arange(count) * WINDOW, counts_at_1=np.ones(count),
        corpus={}, published=False, lists={}, **names,
    )  # fmt: skip


@pytest.mark.parametrize("frames", [5, 20, 25])
def test_retrieval_finds_a_piece_wherever_in_a_window_it_begins(frames):
    rng = np.random.default_rng(0)
    keypoints, activation = rng.normal(size=(4, WINDOW, 25, 3)), rng.random((4, WINDOW, 8))
    # The tested window begins as a known one goes on from its fourth frame.
    activation[3, :frames] = activation[1, 3 : 3 + frames]
    fold = Fold("some", np.array([0, 1, 2]), np.array([0]), np.array([3]), frames)
    windows = _windows(keypoints, activation)
    found, _ = predict_baseline("retrieval", "decoder", windows, fold)
    np.testing.assert_array_equal(found[0, :frames], target_motion(windows.keypoints, "decoder")[1, 3 : 3 + frames])
