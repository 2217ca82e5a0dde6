"""Live: the muscle activation of keypoints as they arrive. No answer waits for a later frame."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from agonist.activation import Activation
from agonist.default_models import DEFAULT_LIVE
from agonist.errors import InputError
from agonist.humanoid import body25_from_keypoints
from agonist.keypoint_layouts import BODY25, KeypointLayout
from agonist.model import Model, activation_of, load_model
from agonist.motion import Keypoints
from agonist.predict import human_size, stand_in

__all__ = ["LivePrediction"]

Array = NDArray[np.float64]

_LIMBS = [f"{part}_{side}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in "lr"]
_NEEDED = [BODY25.index(name) for name in ("neck", "mid_hip", *_LIMBS)]


class LivePrediction:
    """Muscle activation of one person, frame by frame.

    It remembers what the model sees at once (its window), and nothing that is older. Frames may come at any rate, evenly or not: the
    model is asked for the newest instant and its own steps back from it, between frames linearly. What is unseen stays where it was
    last, with confidence 0, and a face or a foot that was never seen is guessed, as for a whole clip.

    A causal encoder, such as "agonist-causal", is made for this. Any other one answers too, but for its newest frame it misses
    what it is used to: the frames that follow.
    """

    def __init__(self, model: Model | None = None, layout: KeypointLayout = BODY25) -> None:
        """`model` has an encoder, the shipped causal one if None; `layout` is that of the keypoints. Raises ModelNotFoundError."""
        self.model = model or load_model(DEFAULT_LIVE)
        self.layout = layout
        self._frames: deque[tuple[float, Array, Array]] = deque()
        self._was_seen = np.zeros(len(BODY25.names), dtype=bool)

    def push(self, time_s: float, positions: Array, confidence: Array | None = None) -> Activation | None:
        """What the muscles do in a frame that has just come.

        Args:
            time_s: seconds on any clock, later than the frame before.
            positions: (K, 3) metres, Z up; NaN where a keypoint is not seen.
            confidence: (K,) in [0, 1]; 1 for all that is seen if None.

        Returns:
            one row, with `start` at `time_s`; None as long as a joint of the limbs or the trunk has never been seen.

        Raises:
            InputError: a time that is not later. MotionError: keypoints of another shape or layout. ContractError: no encoder.
        """
        if not math.isfinite(time_s) or (self._frames and time_s <= self._frames[-1][0]):
            before = f" after {self._frames[-1][0]:g} s" if self._frames else ""
            raise InputError(f"A frame at {time_s:g} s{before}. Expected frames in the order of their times.")
        points, seen = self._completed(*self._body25(np.asarray(positions, dtype=float), confidence))
        self._frames.append((time_s, points, seen))
        contract = self.model.contract
        span = (contract.window - 1) / contract.fps
        # The last one before the window is where its first step lies between two frames.
        while len(self._frames) > 1 and self._frames[1][0] <= time_s - span:
            self._frames.popleft()
        if not np.isfinite(points).all():
            return None
        values, deviation = self._encoded()
        return Activation(
            values[None], contract.muscles, contract.fps, time_s, reference=f"predicted live by {self.model.name}",
            uncertainty=None if deviation is None else deviation[None],
            provenance={"model": self.model.name, "model_version": contract.raw.get("version"), "model_fps": contract.fps},
        )  # fmt: skip

    def _body25(self, positions: Array, confidence: Array | None) -> tuple[Array, Array]:
        """(25, 3) and (25,), NaN and 0 where nothing was seen."""
        nobody = positions.shape == (len(self.layout.names), 3) and not np.isfinite(positions).all(axis=-1).any()
        if nobody:
            return np.full((len(BODY25.names), 3), np.nan), np.zeros(len(BODY25.names))
        given = None if confidence is None else np.asarray(confidence, dtype=float)[None]
        frame = body25_from_keypoints(Keypoints(positions[None], self.layout, 1.0, given))
        assert frame.confidence is not None
        return frame.positions[0], frame.confidence[0]

    def _completed(self, points: Array, confidence: Array) -> tuple[Array, Array]:
        """What is not seen is where it was last; what never was is a guess if there is one, else NaN."""
        unseen = ~np.isfinite(points).all(axis=-1)
        self._was_seen |= ~unseen
        before = self._frames[-1][1] if self._frames else points
        points = np.where(unseen[:, None], before, points)
        if self._was_seen[_NEEDED].all():
            for index in np.flatnonzero(~self._was_seen):
                guess = stand_in(BODY25.names[index], points[None])
                points[index] = np.nan if guess is None else guess[0]
        return points, confidence

    def _encoded(self) -> tuple[Array, Array | None]:
        """(M,) activation and deviation at the newest frame."""
        contract = self.model.contract
        whole = [frame for frame in self._frames if np.isfinite(frame[1]).all()]
        times = np.array([time for time, _, _ in whole])
        back = min(contract.window - 1, math.floor((times[-1] - times[0]) * contract.fps + 1e-6))
        wanted = np.maximum(times[-1] - np.arange(back, -1, -1) / contract.fps, times[0])
        points = _between(wanted, times, np.stack([points for _, points, _ in whole]))
        confidence = _between(wanted, times, np.stack([seen for _, _, seen in whole]))
        points *= human_size(points)
        # Of what the window has no frames for yet, the newest is held: a causal network does not hear that.
        held = np.minimum(np.arange(contract.window), back)
        outputs = self.model.encode_windows(points[held][None], confidence[held][None])
        values, deviation = activation_of({name: output[:, back] for name, output in outputs.items()})
        return values[0], None if deviation is None else deviation[0]


def _between(wanted: Array, times: Array, values: Array) -> Array:
    """(N, ...) linearly between frames (T, ...) at rising times (T,); `wanted` (N,) lie within them."""
    if len(times) == 1:
        return np.repeat(values, len(wanted), axis=0)
    after = np.clip(np.searchsorted(times, wanted), 1, len(times) - 1)
    share = (wanted - times[after - 1]) / (times[after] - times[after - 1])
    share = share.reshape(-1, *([1] * (values.ndim - 1)))
    result: Array = values[after - 1] * (1 - share) + values[after] * share
    return result
