"""From points round the hips to points in the world: an estimate of where the person is, which way is up, where the floor is.

One camera knows neither its own height nor distances. What is assumed: the camera stands still, has the given field of view and
is held level (roll near zero), the person is as tall as given (or as the network thinks), and feet that rest stand on one
level floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, filtfilt

from agonist.errors import MotionError
from agonist.humanoid import LEG
from agonist.keypoint_layouts import LAYOUTS
from agonist.motion import Keypoints, fps_of
from agonist.signals.runs import runs

__all__ = ["CameraView", "Placed", "place_in_world", "smooth"]

Array = NDArray[np.float64]

LAYOUT = LAYOUTS["blazepose33"]
CUTOFF_HZ = 6.0
_PIECE = 500
# An hour of video at 60 frames a second, about 3 GB on the way.
MOST_FRAMES = 216_000
# Distance from the camera rests on the person's size in the picture, the noisiest of all measurements.
DEPTH_CUTOFF_HZ = 1.0
LONGEST_GAP_S = 0.2
# A limb that is this far from where it is the rest of this time is not there: no kick is over so soon [ours].
SPIKE_S, SPIKE_M = 0.4, 0.35
# A foot rests below this speed, for at least this long (the top of a jump is shorter), while it is this near to the lower foot [ours].
REST_SPEED_M_S, REST_S, REST_HEIGHT_M = 0.40, 0.12, 0.18
# How far each clue about "up" is trusted: height of resting feet (m), the standing body, a camera held level (rad) [ours].
FLOOR_SIGMA_M, BODY_SIGMA, ROLL_SIGMA = 0.10, 0.12, 0.05


@dataclass(frozen=True)
class CameraView:
    """What is assumed of the camera.

    Attributes:
        width, height: of the picture, pixels.
        fov_deg: angle of view along the picture's longer side; phones have 60 to 70 degrees.
    """

    width: int
    height: int
    fov_deg: float = 65.0

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return float(max(self.width, self.height) / 2 / np.tan(np.deg2rad(self.fov_deg) / 2))

    def rays(self, pixels: Array) -> Array:
        """(..., 3) directions x right, y down, z = 1 forwards."""
        x = (pixels[..., 0] - self.width / 2) / self.focal
        y = (pixels[..., 1] - self.height / 2) / self.focal
        return np.stack([x, y, np.ones_like(x)], axis=-1)


@dataclass(frozen=True, eq=False)
class Placed:
    """Keypoints in the world, and when each foot rests.

    Attributes:
        keypoints: 33 points at a constant frame rate.
        resting: (T, 2) left and right foot on the floor.
    """

    keypoints: Keypoints
    resting: NDArray[np.bool_]


def smooth(values: Array, fps: float, cutoff_hz: float) -> Array:
    """Zero-phase Butterworth low-pass of second order along axis 0 (Winter 2009); short clips are returned as they are."""
    if cutoff_hz >= 0.45 * fps or len(values) < 8:
        return values
    # Run twice, each pass must let more through for the cut-off to stay where it is said to be.
    b, a = butter(2, min(cutoff_hz / 0.802, 0.49 * fps), fs=fps)
    pad = min(len(values) - 1, int(fps / cutoff_hz) + 3)
    return np.asarray(filtfilt(b, a, values, axis=0, padtype="odd", padlen=pad))


def _without_spikes(points: Array, fps: float) -> Array:
    """Points that leave their running median by SPIKE_M come from a mix-up of limbs; they are bridged in time."""
    half = round(SPIKE_S * fps / 2)
    if half < 2 or len(points) < 2 * half + 1:
        return points
    padded = np.concatenate([np.repeat(points[:1], half, 0), points, np.repeat(points[-1:], half, 0)])
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0)
    wrong = np.empty(points.shape[:2], dtype=bool)
    # A piece at a time: the median copies every window, many times the clip.
    for first in range(0, len(points), _PIECE):
        piece = slice(first, first + _PIECE)
        wrong[piece] = np.linalg.norm(points[piece] - np.median(around[piece], axis=-1), axis=-1) > SPIKE_M
    result, rows = points.copy(), np.arange(len(points))
    for k in np.flatnonzero(wrong.any(axis=0) & ~wrong.all(axis=0)):
        for axis in range(points.shape[2]):
            result[wrong[:, k], k, axis] = np.interp(rows[wrong[:, k]], rows[~wrong[:, k]], points[~wrong[:, k], k, axis])
    return result


def _at_constant_rate(times: Array, arrays: list[Array], grid: Array) -> list[Array]:
    """Each (T, ...) array at the grid's times, linear; NaN inside gaps longer than LONGEST_GAP_S."""
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    step = times[after] - times[after - 1]
    weight = np.clip((grid - times[after - 1]) / step, 0, 1)
    unseen = (step > LONGEST_GAP_S) & (weight > 1e-6) & (weight < 1 - 1e-6)
    result = []
    for array in arrays:
        w = weight.reshape(-1, *([1] * (array.ndim - 1)))
        value = array[after - 1] * (1 - w) + array[after] * w
        value[unseen] = np.nan
        result.append(value)
    return result


def _person_height(world: Array) -> float:
    """Body height in metres that the network's leg lengths suggest."""
    legs = []
    for side in "lr":
        hip, knee, ankle = (world[:, LAYOUT.index(f"{part}_{side}")] for part in ("hip", "knee", "ankle"))
        legs.append(np.median(np.linalg.norm(hip - knee, axis=-1)) + np.median(np.linalg.norm(knee - ankle, axis=-1)))
    return float(np.mean(legs) / LEG)


def _along_ray(world: Array, rays: Array) -> Array:
    """The network saw the person as if straight ahead; turn what it says to the direction they were really seen in."""
    ray = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    axis = np.cross([0.0, 0.0, 1.0], ray)[:, None]
    cosine = ray[:, None, 2:]
    dot = np.sum(axis * world, axis=-1, keepdims=True)
    return np.asarray(world * cosine + np.cross(axis, world) + axis * dot / (1 + cosine))


def _translation(world: Array, rays: Array, weight: Array) -> Array:
    """(T, 3) where the hips are: x + t on the ray of every point, by weighted least squares (linear in t)."""
    rows = []
    for axis in (0, 1):
        left = np.zeros((*rays.shape[:2], 3))
        left[..., axis] = 1.0
        left[..., 2] = -rays[..., axis]
        rows.append((left, rays[..., axis] * world[..., 2] - world[..., axis]))
    a = np.concatenate([row[0] for row in rows], axis=1)
    b = np.concatenate([row[1] for row in rows], axis=1)
    w = np.concatenate([weight, weight], axis=1)
    normal = np.einsum("tni,tn,tnj->tij", a, w, a)
    return np.asarray(np.linalg.solve(normal, np.einsum("tni,tn,tn->ti", a, w, b)[..., None])[..., 0])


def _resting(points: Array, pixels: Array, depth: Array, focal: float, up: Array, fps: float) -> NDArray[np.bool_]:
    """(T, 2) whether each foot rests: slow in the picture, and not high above the other one."""
    result = np.zeros((len(points), 2), dtype=bool)
    feet = [[LAYOUT.index(f"{part}_{side}") for part in ("heel", "foot_index")] for side in "lr"]
    heights = np.stack([(points[:, foot] @ up).min(axis=1) for foot in feet], axis=-1)
    low = heights - heights.min(axis=1, keepdims=True) < REST_HEIGHT_M
    for side, foot in enumerate(feet):
        # Seen at its distance; depth itself is too noisy to tell a speed from.
        speed = np.linalg.norm(np.gradient(pixels[:, foot], axis=0), axis=-1).min(axis=1) * fps * depth / focal
        still = (speed < REST_SPEED_M_S) & low[:, side]
        for first, last in runs(still):
            result[first:last, side] = last - first >= REST_S * fps
    return result


def _soles(points: Array, resting: NDArray[np.bool_], up: Array) -> Array:
    """(N, 3) the lowest point of a foot in the middle of each of its rests."""
    result = []
    for side, name in enumerate("lr"):
        for first, last in runs(resting[:, side]):
            ends = [np.median(points[first:last, LAYOUT.index(f"{part}_{name}")], axis=0) for part in ("heel", "foot_index")]
            result.append(min(ends, key=lambda end: float(end @ up)))
    return np.array(result).reshape(-1, 3)


def _upright(points: Array, resting: NDArray[np.bool_]) -> Array:
    """(3,) unit vector up, in camera axes, from the standing body, the level camera and the resting feet."""
    chest = (points[:, LAYOUT.index("shoulder_l")] + points[:, LAYOUT.index("shoulder_r")]) / 2
    foot = (points[:, LAYOUT.index("ankle_l")] + points[:, LAYOUT.index("ankle_r")]) / 2
    body = chest - foot
    # Who crouches or leans says little: the frames with the most stretched bodies count.
    tall = np.linalg.norm(body, axis=-1)
    body = np.median(body[tall >= np.quantile(tall, 0.7)], axis=0)
    body /= np.linalg.norm(body)
    soles = _soles(points, resting, body)
    rows, goal = [np.eye(3) / BODY_SIGMA, np.array([[1.0, 0.0, 0.0]]) / ROLL_SIGMA], [body / BODY_SIGMA, np.zeros(1)]
    if len(soles) > 1:
        rows.append((soles - soles.mean(axis=0)) / FLOOR_SIGMA_M)
        goal.append(np.zeros(len(soles)))
    up = np.linalg.lstsq(np.concatenate(rows), np.concatenate(goal), rcond=None)[0]
    return np.asarray(up / np.linalg.norm(up))


def _axes(up: Array, left: Array) -> Array:
    """(3, 3) world axes as rows in camera axes: Z up, X to the person's left, so that they face -Y."""
    x = left - (left @ up) * up
    if np.linalg.norm(x) < 1e-6:
        x = np.cross(up, [0.0, 0.0, 1.0])
    x = x / np.linalg.norm(x)
    return np.stack([x, np.cross(up, x), up])


def _rate(times: Array) -> float:
    """Frames a second of the frames' times, also where a container rounded them to milliseconds."""
    steps = np.diff(times)
    single = steps[np.rint(steps / np.median(steps)) == 1].mean()
    span = float(times[-1] - times[0])
    # Where the person was not seen a step is several frames long.
    fps = float(np.rint(steps / single).sum()) / span
    if np.allclose(1000 * times, np.rint(1000 * times), atol=1e-6) and abs(fps - round(fps)) <= fps * 1e-3 / span:
        return float(round(fps))
    return round(fps_of(1 / fps), 3)


def place_in_world(times: Array, pixels: Array, world: Array, visibility: Array, view: CameraView, height_m: float | None = None) -> Placed:
    """Keypoints in the world at a constant frame rate.

    Args:
        times: (T,) seconds, only frames in which the person was seen.
        pixels: (T, 33, 2). world: (T, 33, 3) metres from the hips, camera axes. visibility: (T, 33).
        view: the camera.
        height_m: body height; as the network thinks if None.

    Raises MotionError if the person was seen in fewer than two frames, or over more frames than MOST_FRAMES.
    """
    if len(times) < 2:
        raise MotionError(f"A person was seen in {len(times)} frames only; at least two are needed.")
    fps = _rate(times)
    count = (times[-1] - times[0]) * fps
    if not count < MOST_FRAMES:
        raise MotionError(f"A person is seen over {count:.0f} frames. Expected {MOST_FRAMES} at most; take a shorter part of the video.")
    grid = times[0] + np.arange(int(np.floor((times[-1] - times[0]) * fps + 0.5)) + 1) / fps
    scale = 1.0 if height_m is None else height_m / _person_height(world)
    hips = [LAYOUT.index(f"hip_{side}") for side in "lr"]
    turned = _along_ray(scale * world, view.rays(pixels[:, hips].mean(axis=1)))
    place = _translation(turned, view.rays(pixels), np.clip(visibility, 0.05, 1.0) ** 2)
    place[:, 2] = np.clip(place[:, 2], 0.3, None)
    depth = place[:, 2:]
    parts = _at_constant_rate(times, [turned, place[:, :2] / depth, np.log(depth), pixels, visibility], grid)
    unseen = np.isnan(parts[2][:, 0])
    if unseen.any():
        rows = np.arange(len(grid))
        for part in parts[:4]:
            flat = part.reshape(len(grid), -1)
            for column in range(flat.shape[1]):
                flat[unseen, column] = np.interp(rows[unseen], rows[~unseen], flat[~unseen, column])
        parts[4][unseen] = 0.0
    body, direction, log_depth, pixels, visibility = parts
    distance = np.exp(smooth(log_depth, fps, DEPTH_CUTOFF_HZ))
    root = np.concatenate([smooth(direction, fps, CUTOFF_HZ) * distance, distance], axis=-1)
    points = smooth(_without_spikes(body, fps), fps, CUTOFF_HZ) + root[:, None]
    pixels = smooth(pixels, fps, CUTOFF_HZ)
    rough = _upright(points, np.zeros((len(points), 2), dtype=bool))
    resting = _resting(points, pixels, distance[:, 0], view.focal, rough, fps)
    resting[unseen] = False
    up = _upright(points, resting)
    first = slice(0, max(1, round(0.5 * fps)))
    left = np.median(points[first, hips[0]] - points[first, hips[1]], axis=0)
    axes = _axes(up, left)
    moved = points @ axes.T
    soles = _soles(points, resting, up)
    floor = np.median(soles @ up) if len(soles) else moved[..., 2].min()
    moved = moved - np.array([*np.median(moved[first, :, :2], axis=(0, 1)), floor])
    provenance = {
        "from": "video", "place in the world": "estimate", "fov_deg": view.fov_deg, "height_m": height_m,
        "unseen_frames": int(unseen.sum()),
        "camera_pitch_deg": round(float(np.degrees(np.arcsin(np.clip(up[2], -1, 1)))), 2),
    }  # fmt: skip
    # A frame without the person is NaN: what was filled in above only kept the filters running.
    moved[unseen] = np.nan
    clip = Keypoints(moved, LAYOUT, fps, np.nan_to_num(np.clip(visibility, 0, 1)), float(times[0]), provenance)
    return Placed(clip, resting)
