"""Motion: what moves. Either joint rotations and a root path on a Skeleton, or keypoints with confidence.

Metres, seconds, Z up, the character's left is +X when it faces -Y; quaternions (w, x, y, z); time is the first axis.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.errors import MotionError
from agonist.keypoint_layouts import KeypointLayout
from agonist.skeleton import Skeleton

__all__ = ["Keypoints", "Motion"]

Array = NDArray[np.float64]


def _frozen(array: Any) -> Array:
    result = np.array(array, dtype=float)
    result.setflags(write=False)
    return result


def check_clip(what: str, frames: int, fps: float, *arrays: Array) -> None:
    """Raises MotionError for a clip without frames, a frame rate that cannot be, or arrays (T, ...) that are not finite."""
    if frames == 0:
        raise MotionError(f"{what} has zero frames; at least one is needed.")
    # Whatever is slower would be resampled to more frames than any memory holds.
    if not 0.1 <= fps <= 1e6:
        raise MotionError(f"{what} has {fps} frames a second; 0.1 to 1000000 are needed.")
    for array in arrays:
        if not np.isfinite(array).all():
            bad = np.argwhere(~np.isfinite(array))[0]
            raise MotionError(f"{what} holds NaN or infinity, first at frame {bad[0]}; every number must be finite.")


def set_plain_clock(clip: Any) -> None:
    """`fps` and `start` of a frozen clip as Python's floats: numpy's write themselves otherwise into text."""
    object.__setattr__(clip, "fps", float(clip.fps))
    object.__setattr__(clip, "start", float(clip.start))


def resample_times(frames: int, fps: float, new_fps: float) -> Array:
    """Times in seconds from the first frame of a clip resampled to `new_fps`, within the clip's first and last frame."""
    duration = (frames - 1) / fps
    return np.arange(int(np.floor(duration * new_fps + 1e-6)) + 1) / new_fps


def fps_of(frame_time_s: float) -> float:
    """Frames a second of a frame time as files round it: 0.03333 and 0.008333 mean 30 and 120, and not 30.003 and 120.005.

    0.0333 has fewer digits and means 30 too. The rates of television stay what they are: 29.97 lies five times as far from 30, and
    its frame time has other digits.
    """
    fps = 1.0 / frame_time_s
    places = len(f"{frame_time_s:.12f}".rstrip("0").partition(".")[2])
    rounded = places >= 4 and round(fps) > 0 and round(1.0 / round(fps), places) == frame_time_s
    return float(round(fps)) if rounded or abs(fps - round(fps)) < 2e-4 * fps else fps


def interpolate(values: Array, fps: float, times: Array) -> Array:
    """Linear interpolation along axis 0 at `times` seconds from the first frame, held at the ends.

    Exactly at a frame it is that frame, whatever the next one holds; NaN on one side of a time in between is NaN there.
    """
    position = np.clip(np.asarray(times) * fps, 0, len(values) - 1)
    before = np.minimum(position.astype(int), len(values) - 1)
    # NaN counts even with weight 0.
    after = np.where(position > before, np.minimum(before + 1, len(values) - 1), before)
    weight = (position - before).reshape(-1, *([1] * (values.ndim - 1)))
    return values[before] * (1 - weight) + values[after] * weight


@dataclass(frozen=True, eq=False)
class Motion:
    """Joint rotations and a root path on a Skeleton.

    Attributes:
        skeleton: the joints.
        rotations_parent_from_joint: (T, J, 4) unit quaternions.
        root_position: (T, 3) metres, world position of joint 0.
        fps: frames a second.
        start: time of the first frame in seconds.
        local_positions: (T, J, 3) metres, each joint in its parent's frame, for clips whose joints also slide
            (position channels on every BVH joint); None where the rest offsets hold at every frame.
        provenance: how this motion was made.
    """

    skeleton: Skeleton
    rotations_parent_from_joint: Array
    root_position: Array
    fps: float
    start: float = 0.0
    local_positions: Array | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rotation, root = _frozen(self.rotations_parent_from_joint), _frozen(self.root_position)
        joints = len(self.skeleton)
        if rotation.ndim != 3 or rotation.shape[1:] != (joints, 4) or root.shape != (len(rotation), 3):
            raise MotionError(
                f"A motion on {joints} joints needs rotations (T, {joints}, 4) and a root path (T, 3), "
                f"found {rotation.shape} and {root.shape}."
            )
        check_clip("The motion", len(rotation), self.fps, rotation, root)
        set_plain_clock(self)
        if np.abs(np.linalg.norm(rotation, axis=-1) - 1).max() > 1e-6:
            rotation = _frozen(rotations.normalize(rotation))
        object.__setattr__(self, "rotations_parent_from_joint", rotation)
        object.__setattr__(self, "root_position", root)
        if self.local_positions is not None:
            local = _frozen(self.local_positions)
            if local.shape != (len(rotation), joints, 3):
                raise MotionError(f"Local positions must be ({len(rotation)}, {joints}, 3), found {local.shape}.")
            check_clip("The motion", len(rotation), self.fps, local)
            object.__setattr__(self, "local_positions", local)

    def __len__(self) -> int:
        return len(self.root_position)

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return (len(self) - 1) / self.fps

    @cached_property
    def _world(self) -> tuple[Array, Array]:
        if self.local_positions is None:
            local = np.repeat(self.skeleton.offsets[None], len(self), axis=0)
        else:
            local = np.array(self.local_positions)
        local[:, 0] = self.root_position
        return self.skeleton.forward(self.rotations_parent_from_joint, local)

    @property
    def positions_world(self) -> Array:
        """(T, J, 3) metres, world position of every joint."""
        return self._world[0]

    @property
    def rotations_world_from_joint(self) -> Array:
        """(T, J, 4), world rotation of every joint; identity at rest."""
        return self._world[1]

    def slice(self, first: int, last: int) -> Motion:
        """Frames first .. last - 1 as a new Motion that keeps its place in time."""
        return replace(
            self,
            rotations_parent_from_joint=self.rotations_parent_from_joint[first:last],
            root_position=self.root_position[first:last],
            start=self.start + first / self.fps,
            local_positions=None if self.local_positions is None else self.local_positions[first:last],
        )

    def resample(self, fps: float) -> Motion:
        """The same motion at another frame rate: slerp for rotations, linear for positions."""
        times = resample_times(len(self), self.fps, fps)
        position = np.clip(times * self.fps, 0, len(self) - 1)
        before = position.astype(int)
        after = np.minimum(before + 1, len(self) - 1)
        quaternions = rotations.slerp(
            self.rotations_parent_from_joint[before], self.rotations_parent_from_joint[after], (position - before)[:, None]
        )
        return replace(
            self,
            rotations_parent_from_joint=quaternions,
            root_position=interpolate(self.root_position, self.fps, times),
            fps=fps,
            local_positions=None if self.local_positions is None else interpolate(self.local_positions, self.fps, times),
        )


@dataclass(frozen=True, eq=False)
class Keypoints:
    """Points in the world with confidence.

    Attributes:
        positions: (T, K, 3) metres. A keypoint that was not seen is NaN, all three numbers, and has confidence 0.
        layout: the names of the K points.
        fps: frames a second.
        confidence: (T, K) in [0, 1]; ones if not given.
        start: time of the first frame in seconds.
        provenance: how these keypoints were made.
    """

    positions: Array
    layout: KeypointLayout
    fps: float
    confidence: Array | None = None
    start: float = 0.0
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        positions = np.array(self.positions, dtype=float)
        count = len(self.layout.names)
        if positions.ndim != 3 or positions.shape[1:] != (count, 3) or not count:
            raise MotionError(f"Keypoints in layout '{self.layout.name}' must be (T, {count}, 3), found {positions.shape}.")
        seen = np.isfinite(positions).all(axis=-1)
        positions[~seen] = np.nan
        given = seen.astype(float) if self.confidence is None else np.where(seen, np.asarray(self.confidence, dtype=float), 0.0)
        confidence = _frozen(given)
        if confidence.shape != positions.shape[:2]:
            raise MotionError(f"Confidence must be {positions.shape[:2]}, found {confidence.shape}.")
        check_clip("The keypoint clip", len(positions), self.fps, confidence)
        if confidence.min() < 0 or confidence.max() > 1:
            raise MotionError(f"Confidence must lie in [0, 1], found {confidence.min():g} to {confidence.max():g}.")
        set_plain_clock(self)
        if not seen.any():
            raise MotionError("Every keypoint of the clip is NaN; at least one must be a finite position in metres.")
        object.__setattr__(self, "positions", _frozen(positions))
        object.__setattr__(self, "confidence", confidence)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return (len(self) - 1) / self.fps

    def filled(self) -> Keypoints:
        """Unseen keypoints interpolated in time from the frames where they were seen (confidence stays 0).

        Raises MotionError, naming the keypoints, if one of them is never seen.
        """
        positions = np.array(self.positions)
        times = np.arange(len(self))
        seen = np.isfinite(positions).all(axis=-1)
        never = [name for name, visible in zip(self.layout.names, seen.any(axis=0), strict=True) if not visible]
        if never:
            raise MotionError(f"Keypoints never seen in the clip: {', '.join(never)}; each must be seen at least once.")
        for k in np.flatnonzero(~seen.all(axis=0)):
            for axis in range(3):
                positions[:, k, axis] = np.interp(times, times[seen[:, k]], positions[seen[:, k], k, axis])
        return replace(self, positions=positions, confidence=self.confidence)

    def resample(self, fps: float) -> Keypoints:
        """The same clip at another frame rate, linear in time; recorded frames stay as they are.

        A keypoint is seen between two frames if it is in both of them; `filled` before closes such gaps.
        """
        frames = resample_times(len(self), self.fps, fps) * self.fps
        # A time that misses a recorded frame by rounding alone must not need the frame beside it.
        frames = np.where(np.abs(frames - np.rint(frames)) < 1e-6, np.rint(frames), frames)
        assert self.confidence is not None
        return replace(
            self, positions=interpolate(self.positions, 1.0, frames), confidence=interpolate(self.confidence, 1.0, frames), fps=fps
        )
