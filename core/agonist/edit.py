"""Edit: muscle sliders to recommended motion, with its guarantees.

1. Sliders at 1.0 return the input motion itself: an edit is a residual on the input, never a reconstruction of it.
2. Only joint rotations and the root path change, so bone lengths cannot; planted feet stay planted.
3. The result is predicted again: asked against reached, muscle by muscle, and whether the goal was out of reach.
4. `agonist.verify` lets physics judge the result.
5. Any length of clip; outside the chosen frames nothing changes, and the edit fades in and out inside them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agonist.activation import Activation
from agonist.edit_goal import SMALLEST_SCALE, EditGoal, edit_goal
from agonist.edit_joints import EDIT_JOINTS, accumulated, apply_to_keypoints, apply_to_motion
from agonist.edit_scope import FALLOFF_S, EditScope
from agonist.feet import plant_feet, planted
from agonist.humanoid import HumanoidMap, map_humanoid
from agonist.model import Model, load_model
from agonist.motion import Keypoints, Motion, interpolate
from agonist.predict import human_size, model_keypoints, predict_keypoints, standing_keypoints

__all__ = ["EditResult", "EditSession", "MuscleOutcome", "edit", "prepare_edit"]

Array = NDArray[np.float64]

# Multiples of the network's own answer that are tried when it falls short or overshoots [ours].
GAINS = (0.6, 1.0, 1.5, 2.2)
# Weight of a metre that the body's keypoints move on average: of two ways to the goal the one nearer to the input wins [ours].
DISTANCE_WEIGHT = 4.0
# A goal is called reached within this share of the change asked for, in log2 [ours].
REACHED_SHARE = 0.5


@dataclass(frozen=True)
class MuscleOutcome:
    """What became of one muscle.

    Attributes:
        muscle: its name.
        asked: the factor asked for, of the mean activation if a curve was drawn; 1.0 where nothing was touched.
        reached: mean activation after over mean activation before, inside the frame range.
        before, after: those means, fractions of maximal activation.
        out_of_reach: asked for, but less than half of the change (in log2) was reached.
    """

    muscle: str
    asked: float
    reached: float
    before: float
    after: float

    @property
    def out_of_reach(self) -> bool:
        """Whether less than half of the change asked for was reached; False where nothing was asked."""
        if self.asked == 1.0:
            return False
        wanted = math.log2(max(self.asked, SMALLEST_SCALE))
        return math.log2(max(self.reached, 1e-3)) * math.copysign(1, wanted) < REACHED_SHARE * abs(wanted)


@dataclass(frozen=True, eq=False)
class EditResult:
    """A recommended motion and what it does.

    Attributes:
        motion: the recommended motion, on the input's skeleton, frames and frame rate.
        original, recommended: predicted activation before and after.
        outcomes: one row a muscle, in the model's order.
        frames: the frame range [first, last) that the edit may touch.
        drift: root mean square change of the muscles nobody asked to change, fraction of maximal activation.
        distance_mean_m, distance_max_m: how far the body's keypoints moved, inside the range.
        foot_slide_m: the most that a firmly planted ankle moved.
        parameters: what made it.
    """

    motion: Motion
    original: Activation
    recommended: Activation
    outcomes: tuple[MuscleOutcome, ...]
    frames: tuple[int, int]
    drift: float
    distance_mean_m: float
    distance_max_m: float
    foot_slide_m: float
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Turns:
    """An edit as turns of EDIT_JOINTS, then the turns that plant the feet again; both at the clip's frame rate."""

    rotvec: Array
    root: Array
    foot_rotvec: Array
    foot_root: Array

    def moved(self, keypoints: Array) -> Array:
        return apply_to_keypoints(apply_to_keypoints(keypoints, self.rotvec, self.root), self.foot_rotvec, self.foot_root)

    def applied(self, motion: Motion, hmap: HumanoidMap, size: float) -> Motion:
        """On a character `size` times smaller than the person that the turns were made for."""
        moved = apply_to_motion(motion, hmap, self.rotvec, self.root / size)
        return apply_to_motion(moved, hmap, self.foot_rotvec, self.foot_root / size)


@dataclass(frozen=True, eq=False)
class EditSession:
    """Everything about a clip that does not depend on the sliders, so that a slider costs little while it moves."""

    motion: Motion
    hmap: HumanoidMap
    model: Model

    @cached_property
    def _own_keypoints(self) -> Keypoints:
        return standing_keypoints(self.motion, self.hmap)

    @cached_property
    def size(self) -> float:
        """Factor from the character to a person's size; everything but the motions themselves is reckoned in that size."""
        return human_size(self._own_keypoints.positions)

    @cached_property
    def keypoints(self) -> Keypoints:
        """BODY_25 of the input, in a person's size."""
        return self._human(self._own_keypoints)

    def _human(self, keypoints: Keypoints) -> Keypoints:
        return keypoints if self.size == 1.0 else replace(keypoints, positions=keypoints.positions * self.size)

    @cached_property
    def original(self) -> Activation:
        """Predicted activation of the input."""
        return predict_keypoints(self.keypoints, self.model)

    @cached_property
    def planted(self) -> Array:
        """(T, 2) how firmly each foot stands."""
        return planted(self.keypoints.positions, self.motion.fps)

    @cached_property
    def _model_keypoints(self) -> Array:
        return model_keypoints(self.keypoints, self.model.contract.fps)

    def edit(
        self,
        scales: Mapping[str, ArrayLike],
        frames: tuple[int, int] | None = None,
        *,
        locked: Collection[str] = (),
        falloff_s: float = FALLOFF_S,
        influence: float = 1.0,
        refine: bool = True,
    ) -> EditResult:
        """Recommend a motion.

        Args:
            scales: muscle or group name -> factor, 0 to 3 and more, or one factor a frame (T,); "hamstrings" means both sides.
                `edit_goal.scales_of_curves` makes them of an activation curve that was drawn anew.
            frames: [first, last) frames that may change; the whole clip if None.
            locked: parts of the body that must not move, of `edit_scope.PARTS`.
            falloff_s: seconds over which the edit fades in and out inside the frames.
            influence: share of the change that is taken, 0 to 1.
            refine: try multiples of the network's answer and keep the best; False takes the answer as it is (faster).

        Raises:
            UnknownNameError: a muscle the model does not know, a part that is none. InputError: a factor or a frame range that
            cannot be.
        """
        goal = edit_goal(scales, self.model.contract.muscles, len(self.motion))
        scope = EditScope(frames, falloff_s, tuple(locked), influence)
        span = scope.range(len(self.motion))
        if goal.asks_nothing or influence == 0:
            return self._result(self.motion, self.original, goal, scope, self.keypoints.positions, 0.0)
        fade = scope.fade(len(self.motion), self.motion.fps)
        rotvec, root = self._network(goal, fade)
        gain, turns = self._best(rotvec, root, fade, goal, scope, span) if refine else (1.0, self._turns(rotvec, root, fade, scope))
        motion = turns.applied(self.motion, self.hmap, self.size)
        # While a slider moves, the keypoints that were turned stand for those of the skeleton, which take as long again.
        positions = self._human(standing_keypoints(motion, self.hmap)).positions if refine else turns.moved(self.keypoints.positions)
        return self._result(motion, self._predicted(positions), goal, scope, positions, gain)

    def _best(
        self, rotvec: Array, root: Array, fade: Array, goal: EditGoal, scope: EditScope, span: tuple[int, int]
    ) -> tuple[float, _Turns]:
        """Of some multiples of the network's answer the one with the best score, and its turns."""
        tried = []
        for gain in GAINS:
            turns = self._turns(gain * rotvec, gain * root, fade, scope)
            moved = turns.moved(self.keypoints.positions)
            distance = np.linalg.norm(moved - self.keypoints.positions, axis=-1)[slice(*span)].mean()
            score = goal.score(self.original, self._predicted(moved), span) + DISTANCE_WEIGHT * float(distance)
            tried.append((score, gain, turns))
        _, gain, turns = min(tried, key=lambda one: one[0])
        return gain, turns

    def _network(self, goal: EditGoal, fade: Array) -> tuple[Array, Array]:
        """Turns (T, 13, 3) and root displacement (T, 3) at the clip's frame rate, as the network answers."""
        fps, model_fps = self.motion.fps, self.model.contract.fps
        wanted = interpolate(fade[:, None] * goal.log2, fps, np.arange(len(self._model_keypoints)) / model_fps)
        rotvec, root = self.model.edit(self._model_keypoints, wanted)
        times = np.arange(len(self.motion)) / fps
        return _cubic(rotvec, model_fps, times), _cubic(root, model_fps, times)

    def _turns(self, rotvec: Array, root: Array, fade: Array, scope: EditScope) -> _Turns:
        rotvec, root = scope.allowed(scope.influence * rotvec, scope.influence * root, fade)
        before = self.keypoints.positions
        moved = apply_to_keypoints(before, rotvec, root)
        total = accumulated(rotvec)
        foot = np.stack([total[:, EDIT_JOINTS.index(f"ankle_{side}")] for side in "lr"], axis=1)
        foot_rotvec, foot_root = plant_feet(before, moved, foot, self.planted, self.motion.fps)
        return _Turns(rotvec, root, *scope.allowed(foot_rotvec, foot_root, fade))

    def _predicted(self, positions: Array) -> Activation:
        clip = Keypoints(positions, self.keypoints.layout, self.motion.fps, start=self.motion.start)
        return predict_keypoints(clip, self.model)

    def _result(
        self,
        motion: Motion,
        recommended: Activation,
        goal: EditGoal,
        scope: EditScope,
        positions: Array,
        gain: float,
    ) -> EditResult:
        first, last = frames = scope.range(len(self.motion))
        asked = goal.asked(self.original, frames)
        before, after = self.original.values[first:last], recommended.values[first:last]
        outcomes = tuple(
            MuscleOutcome(name, asked[name], float(after[:, m].mean() / max(before[:, m].mean(), 1e-6)),
                          float(before[:, m].mean()), float(after[:, m].mean()))
            for m, name in enumerate(self.model.contract.muscles.names)
        )  # fmt: skip
        others = np.flatnonzero((goal.scales == 1.0).all(axis=0))
        drift = float(np.sqrt(((after - before)[:, others] ** 2).mean())) if len(others) else 0.0
        distance = np.linalg.norm(positions - self.keypoints.positions, axis=-1)[first:last]
        ankles = [self.keypoints.layout.index(f"ankle_{side}") for side in "lr"]
        firm = self.planted[first:last] > 0.99
        slide = distance[:, ankles][firm]
        return EditResult(
            motion, self.original, recommended, outcomes, frames, drift,
            float(distance.mean()) / self.size, float(distance.max()) / self.size, (float(slide.max()) if slide.size else 0.0) / self.size,
            {
                "model": self.model.name, "asked": asked, "frames": list(frames), "gain": gain, "locked": list(scope.locked),
                "falloff_s": scope.falloff_s, "influence": scope.influence,
            },
        )  # fmt: skip


def _cubic(values: Array, fps: float, times: Array) -> Array:
    """Catmull-Rom interpolation along axis 0 at `times` seconds, held at the ends: no kinks between a model's frames."""
    position = np.clip(times * fps, 0, len(values) - 1)
    i = np.minimum(position.astype(int), max(len(values) - 2, 0))
    u = (position - i).reshape(-1, *([1] * (values.ndim - 1)))
    p0, p1, p2, p3 = (values[np.clip(i + k, 0, len(values) - 1)] for k in (-1, 0, 1, 2))
    return p1 + 0.5 * u * (p2 - p0 + u * (2 * p0 - 5 * p1 + 4 * p2 - p3 + u * (3 * (p1 - p2) + p3 - p0)))


def prepare_edit(motion: Motion, *, model: Model | None = None, hmap: HumanoidMap | None = None) -> EditSession:
    """Get ready to edit a motion again and again. Raises SkeletonError if it is no humanoid, ContractError."""
    return EditSession(motion, hmap or map_humanoid(motion.skeleton), model or load_model())


def edit(
    motion: Motion,
    scales: Mapping[str, ArrayLike],
    *,
    model: Model | None = None,
    frames: tuple[int, int] | None = None,
    locked: Collection[str] = (),
    hmap: HumanoidMap | None = None,
) -> EditResult:
    """Recommend a motion in which muscles work as much as asked; see `EditSession.edit`."""
    return prepare_edit(motion, model=model, hmap=hmap).edit(scales, frames, locked=locked)
