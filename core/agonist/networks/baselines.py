"""What any network must beat: the training mean, the nearest training window, and ridge regression on lagged poses. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agonist.keypoint_layouts import BODY25
from agonist.windows import blend_windows, split_windows

__all__ = ["FLAT", "NearestWindow", "Ridge", "aligned_pose", "facing_windows", "nearest"]

Array = NDArray[np.float64]

# Of keypoints that face -Y: what a camera far in front of the person sees, to the right and up.
FLAT = [0, 2]
# Times around a frame that ridge regression sees, seconds.
LAGS_S = (-0.4, -0.2, 0.0, 0.2, 0.4)
# Questions that are compared with all answers at once: 2,048 x 20,000 distances are 160 MB.
_CHUNK = 2048


def aligned_pose(keypoints: Array) -> Array:
    """(T, 25, 3) world metres to (T, 76): positions about the hips along the character's heading, and the hips' height."""
    mid = keypoints[:, BODY25.index("mid_hip")]
    left = keypoints[:, BODY25.index("hip_l"), :2] - keypoints[:, BODY25.index("hip_r"), :2]
    c, s = (left / (np.linalg.norm(left, axis=-1, keepdims=True) + 1e-9)).T[:, :, None]
    x, y, z = np.moveaxis(keypoints - mid[:, None], -1, 0)
    turned = np.stack([c * x + s * y, c * y - s * x, z], axis=-1)
    height = mid[:, 2:] - keypoints[:, :, 2].min()
    return np.concatenate([turned.reshape(len(keypoints), -1), height], axis=-1)


def facing_windows(keypoints: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, T, 25, 3) world metres to the same about the middle of the hips, each window turned so that its mean heading is -Y.

    The numpy twin of `networks.geometry.facing`.
    """
    mid = keypoints[:, :, BODY25.index("mid_hip"), None]
    left = keypoints[:, :, BODY25.index("hip_l"), :2] - keypoints[:, :, BODY25.index("hip_r"), :2]
    mean = (left / np.sqrt((left * left).sum(axis=-1, keepdims=True) + 1e-8)).mean(axis=1)
    c, s = (mean / np.sqrt((mean * mean).sum(axis=-1, keepdims=True) + 1e-8)).T[:, :, None, None]  # (N, 1, 1) each
    x, y, z = np.moveaxis(keypoints - mid, -1, 0)
    return np.stack([c * x + s * y, c * y - s * x, z], axis=-1)


def nearest(known: NDArray[np.float32], asked: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each of `asked` (Q, ...) the index of the nearest of `known` (N, ...), Euclidean over all that is not axis 0.

    One float32 matrix product a chunk: 5,000 windows among 20,000 take seconds.
    """
    flat, questions = known.reshape(len(known), -1), asked.reshape(len(asked), -1)
    # Centred, so that float32 keeps what tells windows apart.
    centre = flat.mean(axis=0)
    flat, questions = flat - centre, questions - centre
    # |a - b|^2 without |a|^2, which is the same for every candidate.
    half_square = 0.5 * np.einsum("nd,nd->n", flat, flat)
    found = [(half_square - part @ flat.T).argmin(axis=1) for part in np.split(questions, range(_CHUNK, len(questions), _CHUNK))]
    return np.concatenate(found)


@dataclass(frozen=True, eq=False)
class NearestWindow:
    """Retrieval, as in Muscles in Action: the answer of the training window that lies nearest (Euclidean, whole window).

    Attributes:
        questions: (N, window, D) of training.
        answers: (N, window, E).
    """

    questions: NDArray[np.float32]
    answers: NDArray[np.float32]

    @staticmethod
    def fit(questions: Sequence[Array], answers: Sequence[Array], window: int) -> NearestWindow:
        """From training clips (T, D) and (T, E), cut into half-overlapping windows."""
        cut = [np.concatenate([split_windows(clip, window) for clip in some]).astype(np.float32) for some in (questions, answers)]
        return NearestWindow(cut[0], cut[1])

    def predict(self, question: Array) -> Array:
        """(T, D) of one clip to (T, E), windows blended."""
        asked = split_windows(question, self.questions.shape[1]).astype(np.float32)
        return blend_windows(self.answers[nearest(self.questions, asked)].astype(float), len(question))


@dataclass(frozen=True, eq=False)
class Ridge:
    """Linear regression on the poses and velocities around a frame, weights held small.

    Attributes:
        mean, std: (F,) of the training features.
        weights: (F, E). offset: (E,).
        fps: frame rate, which the lags follow.
        lags_s: times around a frame that are seen, seconds.
    """

    mean: Array
    std: Array
    weights: Array
    offset: Array
    fps: float
    lags_s: tuple[float, ...] = LAGS_S

    @staticmethod
    def fit(
        poses: Sequence[Array], answers: Sequence[Array], fps: float, strength: float = 1.0, lags_s: tuple[float, ...] = LAGS_S
    ) -> Ridge:
        """From training clips (T, D) and (T, E). `strength` is the penalty a training frame, in standard units, times 1e-3."""
        return Ridge.fit_each(poses, answers, fps, (strength,), lags_s)[0]

    @staticmethod
    def fit_each(
        poses: Sequence[Array], answers: Sequence[Array], fps: float, strengths: Sequence[float], lags_s: tuple[float, ...] = LAGS_S
    ) -> list[Ridge]:
        """One a strength, of `fit`; the clips are gone through once for all."""

        def lagged(pose: Array) -> Array:
            return _lagged(pose, fps, lags_s)

        count = sum(len(pose) for pose in poses)
        # Made anew in each pass: those of a whole data set would not fit into memory.
        mean = np.sum([lagged(pose).sum(axis=0) for pose in poses], axis=0) / count
        std = np.sqrt(np.sum([((lagged(pose) - mean) ** 2).sum(axis=0) for pose in poses], axis=0) / count) + 1e-6
        offset = np.sum([a.sum(axis=0) for a in answers], axis=0) / count
        gram, cross = np.zeros((len(mean), len(mean))), np.zeros((len(mean), answers[0].shape[-1]))
        for pose, a in zip(poses, answers, strict=True):
            normal = (lagged(pose) - mean) / std
            gram += normal.T @ normal
            cross += normal.T @ (a - offset)
        penalties = [1e-3 * strength * count * np.eye(len(mean)) for strength in strengths]
        return [Ridge(mean, std, np.linalg.solve(gram + penalty, cross), offset, fps, lags_s) for penalty in penalties]

    def predict(self, pose: Array) -> Array:
        """(T, D) of one clip to (T, E)."""
        return (_lagged(pose, self.fps, self.lags_s) - self.mean) / self.std @ self.weights + self.offset


def _lagged(pose: Array, fps: float, lags_s: tuple[float, ...]) -> Array:
    """(T, 2 * lags * D): pose and velocity at the lags, held at the ends."""
    velocity = np.gradient(pose, axis=0) * fps
    both = np.concatenate([pose, velocity], axis=-1)
    frames = np.arange(len(pose))
    return np.concatenate([both[np.clip(frames + round(lag * fps), 0, len(pose) - 1)] for lag in lags_s], axis=-1)
