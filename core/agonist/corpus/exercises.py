"""Perform an exercise: repetitions of key poses, no two alike, as a Motion whose standing feet stand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from agonist.corpus.flight import Arc, arcs, heights, key_times
from agonist.corpus.key_poses import EXERCISES, MIA_EXERCISES, Exercise
from agonist.corpus.puppet import CURVES, pose_puppet
from agonist.corpus.splines import monotone
from agonist.errors import UnknownNameError
from agonist.motion import Motion

__all__ = ["EXERCISES", "MIA_EXERCISES", "Exercise", "perform"]

Array = NDArray[np.float64]

FPS = 30.0
_UPPER = ("hand", "elbow", "trunk")
_PLACE = ("foot_x", "foot_y", "foot_yaw")
# A foot moves over the floor only in the middle of a step: it leaves the floor first and comes down last [ours].
_STEP_BEGIN, _STEP_END = 0.25, 0.75
# Height of a step on the spot, and what a wider one adds for each unit of its width; body heights [ours].
_STEP_HEIGHT, _STEP_RISE = 0.03, 0.12


def _sided(curves: Mapping[str, float], working: str) -> dict[str, float]:
    """Resolve s and o to l and r, and turn the curves that point left for a repetition on the left."""
    other = "l" if working == "r" else "r"
    # Written for the right side working: the trunk turns to the left (positive yaw), the weight goes left.
    sign = 1.0 if working == "r" else -1.0
    result = {}
    for name, value in curves.items():
        if name.endswith("_s"):
            result[name[:-1] + working] = value
        elif name.endswith("_o"):
            result[name[:-1] + other] = value
        elif name.endswith(("yaw", "roll")):
            result[name] = sign * value
        elif name == "pelvis_x":
            # Positive is towards the working side.
            result[name] = -sign * value
        else:
            result[name] = value
    return result


def perform(name: str, seconds: float, height_m: float, rng: np.random.Generator, upper: str | None = None) -> Motion:
    """Some repetitions of an exercise, no two alike.

    Speed, range, pauses, stance, sides and sway are drawn from `rng`; effort fades towards the end of some takes.

    Args:
        name: one of EXERCISES.
        seconds: length of the take.
        height_m: body height of the performer.
        rng: where all variation comes from.
        upper: arms and trunk of another exercise, at its own pace; the same exercise if None.

    Raises:
        UnknownNameError: no such exercise.
    """
    frames = round(seconds * FPS) + 1
    curves = _curves(name, frames, height_m, rng)
    if upper is not None:
        other = _curves(upper, frames, height_m, rng)
        curves |= {key: other[key] for key in curves if key.startswith(_UPPER)}
    times = np.arange(frames) / FPS
    for key in ("trunk_pitch", "trunk_roll", "trunk_yaw", "pelvis_roll", "pelvis_yaw"):
        sway = rng.normal(0, 0.02, 3) @ np.sin(2 * np.pi * np.outer(rng.uniform(0.1, 0.6, 3), times) + rng.uniform(0, 6.3, (3, 1)))
        curves[key] = curves[key] + sway
    return pose_puppet(curves, FPS, height_m, float(rng.uniform(-np.pi, np.pi)))


def _curves(name: str, frames: int, height_m: float, rng: np.random.Generator) -> dict[str, Array]:
    if name not in EXERCISES:
        raise UnknownNameError("exercise", name, EXERCISES)
    exercise = EXERCISES[name]
    gait = exercise.advance > 0
    speed, span = rng.uniform(0.75, 1.45), rng.uniform(0.7, 1.2)
    # People walk and run near one pace: at another, falling takes as long as ever.
    pace = exercise.seconds * (speed**0.5 if gait else speed)
    fade = rng.uniform(0.0, 0.25)
    habit = {key: rng.normal(0, 0.03 if key.startswith(("hand", "elbow")) else 0.006) for key in CURVES if key != "lift"}
    # Legs are never longer than they are: a habit only bends the knees.
    habit["pelvis_z"] = -0.5 * abs(habit["pelvis_z"])
    first_side = "lr"[int(rng.integers(2))]
    times: list[float] = []
    values: list[dict[str, float]] = []
    flights: list[Arc] = []
    # A gait is under way when the take begins.
    clock, repetition = (-pace, -1) if gait else (rng.uniform(0.1, 0.4), 0)
    while clock < frames / FPS + 0.5:
        side = first_side if not exercise.alternate or repetition % 2 == 0 else "lr"["rl".index(first_side)]
        length, amount = pace * rng.uniform(0.9, 1.12), span * rng.uniform(0.9, 1.1)
        if gait:
            # Steps of a gait join: their length cannot change from one cycle to the next.
            amount = span
        else:
            length, amount = length * (1 + fade * clock * FPS / frames), amount * (1 - fade * clock * FPS / frames)
        poses = [_pose(_sided(pose, side), habit, amount, span, repetition * exercise.advance) for _, pose in exercise.keys]
        pelvis_z = np.array([pose["pelvis_z"] for pose in poses])
        steps = key_times(exercise, pelvis_z, length, amount, height_m)
        flights += arcs(exercise, steps, pelvis_z, clock)
        times += list(clock + steps[:-1])
        values += poses
        pause = rng.uniform(0.1, 0.6) if rng.random() < 0.2 and not gait else 0.0
        # Who has just landed cannot stand still at once.
        clock += steps[-1] + (0.0 if any(land == exercise.keys[-1][0] for _, land in exercise.flights) else pause)
        repetition += 1
    keys = {key: np.array([value[key] for value in values]) for key in CURVES}
    if gait:
        curves = {key: _smooth(monotone(np.array(times), keys[key], _grid(frames)), 1, frames) for key in CURVES}
    else:
        curves = _between(np.array([0.0, *times]), {key: np.concatenate([column[:1], column]) for key, column in keys.items()}, frames)
    if flights:
        on_floor = [(time, z) for time, z in zip(times, keys["pelvis_z"], strict=True)
                    if not gait and not any(arc.begin - 1e-6 <= time <= arc.end + 1e-6 for arc in flights)]  # fmt: skip
        height, lift = heights(flights, on_floor, _grid(frames), height_m)
        # Feet of a run rise by their own curves; those of a jump with the body.
        lift = np.zeros_like(lift) if gait else lift
        curves |= {"pelvis_z": _smooth(height - lift, 1, frames), "lift": _smooth(lift, 1, frames)}
    return curves


def _pose(curves: Mapping[str, float], habit: Mapping[str, float], amount: float, span: float, way: float) -> dict[str, float]:
    """The curves of a key at a range of motion; `way` is how far a gait has come, body heights at full range."""
    pose = {}
    for key, rest in CURVES.items():
        value = curves.get(key, rest)
        if key in ("pelvis_y", "foot_y_l", "foot_y_r"):
            value += way
        share = amount
        if key.startswith(("hand", "elbow")):
            # A smaller range comes nearer to standing at ease; the hands keep their own range, or punches would not land.
            share = 0.7 + 0.3 * min(amount, 1.0)
        elif key.startswith(_PLACE) and curves.get(f"foot_z_{key[-1]}", 0.0) + curves.get("lift", 0.0) == 0.0:
            # Where a foot stands does not change from one repetition to the next.
            share = span
        pose[key] = rest + share * (value - rest) + (0.0 if key.startswith("foot_z") else habit.get(key, 0.0))
    return pose


def _grid(frames: int) -> Array:
    # Half a second more on either side, so that smoothing has something to smooth at the ends.
    return np.arange(frames + 30) / FPS - 0.5


def _between(times: Array, keys: Mapping[str, Array], frames: int) -> dict[str, Array]:
    """Minimum-jerk blends between keys (Flash & Hogan 1985), steps where a standing foot changes its place."""
    grid = _grid(frames)
    index = np.clip(np.searchsorted(times, grid, side="right") - 1, 0, len(times) - 2)
    u = np.clip((grid - times[index]) / np.maximum(times[index + 1] - times[index], 1e-6), 0, 1)
    # Between pure minimum jerk (stops at every key) and a straight line (never stops): limbs pass through via points.
    blend = 0.5 * _minimum_jerk(u) + 0.5 * u
    curves = {key: column[index] + blend * (column[index + 1] - column[index]) for key, column in keys.items()}
    for side in "lr":
        stands = (keys[f"foot_z_{side}"] + keys["lift"] < 1e-6)[np.stack([index, index + 1])]
        begin, end = np.where(stands[0], _STEP_BEGIN, 0.0), np.where(stands[1], _STEP_END, 1.0)
        stepped = np.where(stands.any(axis=0), _minimum_jerk(np.clip((u - begin) / (end - begin), 0, 1)), blend)
        width = np.zeros(len(grid))
        for place in _PLACE:
            column = keys[f"{place}_{side}"]
            change = column[index + 1] - column[index]
            curves[f"{place}_{side}"] = column[index] + stepped * change
            # Half a foot's length in body heights turns an angle into a width.
            width = np.hypot(width, change * (0.07 if place == "foot_yaw" else 1.0))
        rise = np.where(stands.all(axis=0) & (width > 1e-4), _STEP_HEIGHT + _STEP_RISE * width, 0.0)
        curves[f"foot_z_{side}"] = curves[f"foot_z_{side}"] + rise * np.sin(np.pi * u) ** 2
    return {key: _smooth(curve, 1 if key.startswith(_PLACE) else 3, frames) for key, curve in curves.items()}


def _minimum_jerk(u: Array) -> Array:
    return u**3 * (10 - 15 * u + 6 * u**2)


def _smooth(curve: Array, reach: int, frames: int) -> Array:
    """A raised-cosine average over `reach` frames to either side, which rounds the corners; then the frames asked for."""
    kernel = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(curve, kernel / kernel.sum(), mode="same")[15 : 15 + frames]
