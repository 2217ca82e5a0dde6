"""A video becomes a Motion: track one person, put left and right in order, place them in the world, fit, stand on the floor."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.capture.fit import fit_motion
from agonist.capture.pose_weights import LICENCE, PoseWeights, fetch
from agonist.capture.tracker import PersonTracker
from agonist.capture.video import Video
from agonist.errors import InputError
from agonist.motion import Keypoints, Motion

__all__ = ["Capture", "PoseTrack", "capture_video", "check_capture", "motion_from_video", "track_person"]

Array = NDArray[np.float64]
Progress = Callable[[float], None]

# Fewer frames than this with a person are no motion.
_FEWEST = 5


@dataclass(frozen=True, eq=False)
class PoseTrack:
    """What the networks said of one person, frame by frame, in the frames where they were seen.

    Attributes:
        times: (T,) seconds in the video's clock.
        pixels: (T, 33, 2), BlazePose's points in the picture.
        world: (T, 33, 3) metres from the hips; x right, y down, z away from the camera.
        visibility: (T, 33) in [0, 1].
        size: width and height of the picture.
        frames: how many frames were looked at.
        switches_refused: how often only somebody else was in reach.
        seconds: what looking took, without reading the video.
    """

    times: Array
    pixels: Array
    world: Array
    visibility: Array
    size: tuple[int, int]
    frames: int
    switches_refused: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Capture:
    """A person's motion out of a video.

    Attributes:
        motion: on the standard humanoid with the person's own bone lengths, feet pinned where they rest.
        keypoints: BlazePose's 33 points in the same world, as seen: lengths vary, feet may slide a little.
        resting: (T, 2) when the left and the right foot seemed to rest.
        quality: what is known about how good it is.
    """

    motion: Motion
    keypoints: Keypoints
    resting: NDArray[np.bool_]
    quality: dict[str, Any] = field(default_factory=dict)


def track_person(
    video: Video,
    weights: PoseWeights | None = None,
    *,
    start: float | None = None,
    end: float | None = None,
    progress: Progress | None = None,
) -> PoseTrack:
    """Follow the largest person of the first frames through [start, end] seconds of a video.

    Raises InputError if nobody is seen. An exception raised by `progress` stops the work.
    """
    # The other half of the cores decodes the video; more threads than free cores make a network slower, not faster.
    tracker = PersonTracker(weights or fetch(), threads=max(1, min(4, (os.cpu_count() or 2) // 2)))
    rows = []
    frames, busy = 0, 0.0
    first = video.start + (start or 0.0)
    last = video.start + min(end if end is not None else np.inf, video.duration or np.inf)
    for frame in video.frames(start, end):
        began = time.perf_counter()
        found = tracker(frame.image, frame.time)
        busy += time.perf_counter() - began
        frames += 1
        if found is not None:
            rows.append((frame.time, found.pixels, found.world, found.visibility))
        if progress is not None and np.isfinite(last) and last > first:
            progress(min(1.0, max(0.0, (frame.time - first) / (last - first))))
    if frames == 0:
        raise InputError(f"{video.path}: no frames between {start or 0:g} s and its end. Expected a start before {video.duration:.2f} s.")
    if len(rows) < _FEWEST:
        raise InputError(f"{video.path}: a person is seen in {len(rows)} of {frames} frames. Expected one whole person in view.")
    times, pixels, world, visibility = (np.array(column) for column in zip(*rows, strict=True))
    return PoseTrack(times, pixels, world, visibility, (video.width, video.height), frames, tracker.switches_refused, busy)


def check_capture(
    path: str | Path, *, height_m: float | None = None, fov_deg: float = 65.0, start: float | None = None, end: float | None = None
) -> Video:
    """Open a video and check the numbers given with it, as `capture_video` does before its work. Raises FileFormatError, InputError."""
    if height_m is not None and not 0.4 < height_m < 2.6:
        raise InputError(f"A height of {height_m:g} m is no person's. Expected metres, 0.4 to 2.6.")
    if not 10 < fov_deg < 150:
        raise InputError(f"An angle of view of {fov_deg:g} degrees is no camera's. Expected 10 to 150.")
    video = Video(path)
    first, last = 0.0 if start is None else start, np.inf if end is None else end
    if not 0 <= first < last or (video.duration and first >= video.duration):
        found = f"the part from {first:g} s to {'its end' if end is None else f'{end:g} s'}"
        raise InputError(f"{path}: no frames in {found}. Expected 0 <= start < end within its {video.duration:.2f} s.")
    return video


def capture_video(
    path: str | Path,
    *,
    height_m: float | None = None,
    fov_deg: float = 65.0,
    start: float | None = None,
    end: float | None = None,
    weights: PoseWeights | None = None,
    progress: Progress | None = None,
) -> Capture:
    """The motion of one person in a video.

    Args:
        path: a video file; the camera should stand still and see the whole person.
        height_m: the person's height; without it lengths are what the network thinks.
        fov_deg: the camera's angle of view along the longer side of the picture.
        start, end: the part of the video in seconds from its first frame.
        weights: from `pose_weights.fetch`, fetched if None.
        progress: told the share done, 0 to 1.

    Raises:
        FileFormatError: no video. InputError: nobody in it, or numbers that cannot be. WorkError: no weights.
    """
    video = check_capture(path, height_m=height_m, fov_deg=fov_deg, start=start, end=end)
    from agonist.capture.ground import stand_on_floor
    from agonist.capture.sides import untangle
    from agonist.capture.world import CameraView, place_in_world

    track = track_person(video, weights, start=start, end=end, progress=progress)
    pixels, world, visibility, changed = untangle(track.times, track.pixels, track.world, track.visibility)
    placed = place_in_world(track.times, pixels, world, visibility, CameraView(*track.size, fov_deg), height_m)
    quality = {
        "frames": track.frames,
        "frames_with_person": len(track.times),
        "frames_untangled": int(changed.sum()),
        "switches_refused": track.switches_refused,
        "visibility": round(float(track.visibility.mean()), 3),
        "ms_a_frame": round(1000 * track.seconds / track.frames, 1),
    }
    origin = {"video": Path(path).name, "pose networks": LICENCE, "quality": quality}
    keypoints = replace(placed.keypoints, provenance={**placed.keypoints.provenance, **origin})
    fitted = fit_motion(keypoints)
    motion = stand_on_floor(fitted, placed.resting)
    shift = motion.root_position - fitted.root_position
    return Capture(motion, replace(keypoints, positions=keypoints.positions + shift[:, None]), placed.resting, quality)


def motion_from_video(path: str | Path, **options: Any) -> Motion:
    """The motion alone; options and errors as in `capture_video`."""
    return capture_video(path, **options).motion
