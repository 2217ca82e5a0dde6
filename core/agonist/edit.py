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
from agonist.edit_goal import SAME, SMALLEST_SCALE, EditGoal, edit_goal
from agonist.edit_joints import EDIT_JOINTS, accumulated, apply_to_keypoints, apply_to_motion, carried
from agonist.edit_piece import Piece, Timeline
from agonist.edit_scope import FALLOFF_S, EditScope
from agonist.feet import lowest_sole, plant_feet, planted
from agonist.humanoid import HumanoidMap, map_humanoid
from agonist.model import Model, activation_of, load_model
from agonist.motion import Keypoints, Motion, interpolate
from agonist.predict import human_size, model_keypoints, predict_keypoints, standing_keypoints
from agonist.windows import blend_at, split_windows

__all__ = ["EditPreview", "EditResult", "EditSession", "MuscleOutcome", "edit", "prepare_edit"]

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
    def is_asked(self) -> bool:
        """Whether a change was asked for."""
        return abs(self.asked - 1.0) >= SAME

    @property
    def out_of_reach(self) -> bool:
        """Whether less than half of the change asked for was reached; False where nothing was asked."""
        if not self.is_asked:
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
class EditPreview:
    """One frame of what `EditSession.edit` without `refine` recommends.

    Attributes:
        motion: that frame as a motion of its own.
        activation: (M,) predicted of it.
    """

    motion: Motion
    activation: Array


@dataclass(frozen=True, eq=False)
class _Turns:
    """An edit as turns of EDIT_JOINTS, then the turns that plant the feet again, and the keypoints (T, 25, 3) that come of both.

    All are at the clip's frame rate, of the frames of one piece.
    """

    rotvec: Array
    root: Array
    foot_rotvec: Array
    foot_root: Array
    moved: Array

    def at(self, row: int) -> _Turns:
        """One row of them."""
        return _Turns(*(getattr(self, one)[row : row + 1] for one in ("rotvec", "root", "foot_rotvec", "foot_root", "moved")))

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

    @cached_property
    def _timeline(self) -> Timeline:
        contract = self.model.contract
        return Timeline(len(self.motion), self.motion.fps, len(self._model_keypoints), contract.fps, contract.window)

    @cached_property
    def _windows(self) -> tuple[Array, Array]:
        """Keypoints (W, window, 25, 3) and activation (W, window, M) of the input, as the editor wants them at every move."""
        keypoints = split_windows(self._model_keypoints, self._timeline.window)
        return keypoints, self.model.encode_windows(keypoints)["activation"]

    @cached_property
    def _floor_m(self) -> float:
        return lowest_sole(self.keypoints.positions)

    def edit(
        self,
        scales: Mapping[str, ArrayLike],
        frames: tuple[int, int] | None = None,
        *,
        locked: Collection[str] = (),
        falloff_s: float = FALLOFF_S,
        influence: float = 1.0,
        feet_planted: bool = True,
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
            feet_planted: whether feet that stand keep their place and rotation; if not, they only stay above the floor.
            refine: try multiples of the network's answer and keep the best; False takes the answer as it is (faster).

        Raises:
            UnknownNameError: a muscle the model does not know, a part that is none. InputError: a factor or a frame range that
            cannot be.
        """
        goal = edit_goal(scales, self.model.contract.muscles, len(self.motion))
        scope = EditScope(frames, falloff_s, tuple(locked), influence, feet_planted)
        span = scope.range(len(self.motion))
        if goal.asks_nothing(span) or influence == 0:
            return self._result(self.motion, self.original, goal, scope, self.keypoints.positions, 0.0)
        fade = scope.fade(len(self.motion), self.motion.fps)
        rotvec, root = self._network(goal, fade, self._timeline.whole)
        gain, turns = self._best(rotvec, root, fade, goal, scope, span) if refine else (1.0, self._turns(rotvec, root, fade, scope))
        motion = turns.applied(self.motion, self.hmap, self.size)
        # While a slider moves, the keypoints that were turned stand for those of the skeleton, which take as long again.
        positions = self._human(standing_keypoints(motion, self.hmap)).positions if refine else turns.moved
        return self._result(motion, self._predicted(positions), goal, scope, positions, gain)

    def preview(
        self,
        scales: Mapping[str, ArrayLike],
        frame: int,
        frames: tuple[int, int] | None = None,
        *,
        locked: Collection[str] = (),
        falloff_s: float = FALLOFF_S,
        influence: float = 1.0,
        feet_planted: bool = True,
    ) -> EditPreview:
        """One frame of the `edit` with the same arguments and without `refine`, in a time that does not hang on the clip's length.

        It is the frame of the whole edit but for rounding (1e-6 of metres, radians and activation). Raises what `edit` raises.
        """
        goal = edit_goal(scales, self.model.contract.muscles, len(self.motion))
        scope = EditScope(frames, falloff_s, tuple(locked), influence, feet_planted)
        fade = scope.fade(len(self.motion), self.motion.fps)
        motion = self._frame(frame)
        if goal.asks_nothing(scope.range(len(self.motion))) or influence == 0:
            return EditPreview(motion, self.original.values[frame])
        edited, predicted = self._timeline.around(frame)
        turns = self._turns(*self._network(goal, fade, edited), fade, scope, edited)
        first = edited.frames[0]
        motion = turns.at(frame - first).applied(motion, self.hmap, self.size)
        return EditPreview(motion, self._predicted_at(frame, turns.moved, first, predicted))

    @cached_property
    def _kept(self) -> dict[int, Motion]:
        return {}

    def _frame(self, frame: int) -> Motion:
        """One frame of the input; the one asked last is kept, with its joints in their places."""
        if frame not in self._kept:
            self._kept.clear()
            self._kept[frame] = self.motion.slice(frame, frame + 1)
        return self._kept[frame]

    def _predicted_at(self, frame: int, moved: Array, first: int, piece: Piece) -> Array:
        """(M,) activation at a frame, of edited keypoints that begin with frame `first`; the piece's windows are looked at."""
        line, (low, high) = self._timeline, piece.model_frames
        starts = line.starts[slice(*piece.windows)]
        positions = interpolate(moved, line.fps, np.arange(low, high) / line.model_fps - first / line.fps)
        windows = self.model.encode_windows(split_windows(positions, line.window, starts - low))
        values, _ = activation_of({name: blend_at(output, starts, (low, high)) for name, output in windows.items()})
        value: Array = interpolate(values, line.model_fps, np.array([frame / line.fps - low / line.model_fps]))[0]
        return value

    def _best(
        self, rotvec: Array, root: Array, fade: Array, goal: EditGoal, scope: EditScope, span: tuple[int, int]
    ) -> tuple[float, _Turns]:
        """Of some multiples of the network's answer the one with the best score, and its turns."""
        tried = []
        for gain in GAINS:
            turns = self._turns(gain * rotvec, gain * root, fade, scope)
            distance = np.linalg.norm(turns.moved - self.keypoints.positions, axis=-1)[slice(*span)].mean()
            score = goal.score(self.original, self._predicted(turns.moved), span) + DISTANCE_WEIGHT * float(distance)
            tried.append((score, gain, turns))
        _, gain, turns = min(tried, key=lambda one: one[0])
        return gain, turns

    def _network(self, goal: EditGoal, fade: Array, piece: Piece) -> tuple[Array, Array]:
        """Turns (T, 13, 3) and root displacement (T, 3) at the frames of a piece of the clip, as the network answers."""
        line, chosen = self._timeline, slice(*piece.windows)
        wanted = interpolate(fade[:, None] * goal.log2, line.fps, np.arange(line.model_count) / line.model_fps)
        keypoints, activation = (one[chosen] for one in self._windows)
        answers = self.model.edit_windows(keypoints, activation, split_windows(wanted, line.window, line.starts[chosen]))
        times = np.arange(*piece.frames) / line.fps - piece.model_frames[0] / line.model_fps
        rotvec, root = (
            _cubic(blend_at(one, line.starts[chosen], piece.model_frames), line.model_fps, times) for one in answers
        )  # fmt: skip
        return rotvec, root

    def _turns(self, rotvec: Array, root: Array, fade: Array, scope: EditScope, piece: Piece | None = None) -> _Turns:
        """The network's answer at the frames of a piece, the whole clip if None, as far as it may go, and the feet planted again."""
        inside = slice(*(piece or self._timeline.whole).frames)
        before, fade = self.keypoints.positions[inside], fade[inside]
        rotvec, root = scope.allowed(scope.influence * rotvec, scope.influence * root, fade)
        total = accumulated(rotvec)
        moved = carried(before, total, root)
        foot = np.stack([total[:, EDIT_JOINTS.index(f"ankle_{side}")] for side in "lr"], axis=1)
        weight = self.planted[inside] * scope.feet_planted
        foot_turns = plant_feet(before, moved, foot, weight, self.motion.fps, self._floor_m)
        foot_rotvec, foot_root = scope.allowed(*foot_turns, fade)
        return _Turns(rotvec, root, foot_rotvec, foot_root, apply_to_keypoints(moved, foot_rotvec, foot_root))

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
                "falloff_s": scope.falloff_s, "influence": scope.influence, "feet_planted": scope.feet_planted,
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
