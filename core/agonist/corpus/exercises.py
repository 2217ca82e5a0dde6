"""The 15 exercises of "Muscles in Action" (Chiquier & Vondrick, ICCV 2023) and some of our own, as key poses.

An exercise is one repetition: phases in [0, 1] with the curves (see `puppet`) that differ from standing at ease. `side` s
is the working side, o the other; a repetition is played on either side. Shapes are ours, after the exercises' names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agonist.corpus.puppet import CURVES, pose_puppet
from agonist.errors import UnknownNameError
from agonist.motion import Motion

__all__ = ["EXERCISES", "MIA_EXERCISES", "Exercise", "perform"]

Array = NDArray[np.float64]
Key = tuple[float, dict[str, float]]

FPS = 30.0
_UPPER = ("hand", "elbow", "trunk")


@dataclass(frozen=True)
class Exercise:
    """One repetition of an exercise.

    Attributes:
        seconds: usual duration of a repetition.
        keys: (phase, curves); the pose of phase 0 is repeated at 1.
        alternate: whether repetitions change sides.
    """

    seconds: float
    keys: tuple[Key, ...]
    alternate: bool = True


def _both(**curves: float) -> dict[str, float]:
    return {f"{name}_{side}": value for name, value in curves.items() for side in "so"}


_GUARD = _both(hand_x=-0.10, hand_y=0.42, hand_z=0.12)
_HANG: dict[str, float] = {}

MIA_EXERCISES: dict[str, Exercise] = {
    "ElbowPunch": Exercise(1.3, (
        (0.0, _GUARD),
        (0.4, {**_GUARD, "hand_x_s": -0.35, "hand_y_s": 0.30, "hand_z_s": 0.05, "elbow_out_s": 1.0, "trunk_yaw": 0.6, "pelvis_yaw": 0.3}),
        (0.7, {**_GUARD, "trunk_yaw": -0.1}),
    )),
    "FrontKick": Exercise(1.6, (
        (0.0, _GUARD),
        (0.25, {**_GUARD, "foot_z_s": 0.26, "foot_y_s": 0.14, "foot_pitch_s": 0.5, "pelvis_x": -0.04}),
        (0.42, {**_GUARD, "foot_z_s": 0.42, "foot_y_s": 0.52, "foot_pitch_s": -0.4, "trunk_pitch": -0.15, "pelvis_pitch": -0.25,
                "pelvis_x": -0.045}),
        (0.62, {**_GUARD, "foot_z_s": 0.22, "foot_y_s": 0.14, "foot_pitch_s": 0.4, "pelvis_x": -0.04}),
        (0.85, _GUARD),
    )),
    "FrontPunch": Exercise(1.0, (
        (0.0, _GUARD),
        (0.35, {**_GUARD, "hand_x_s": -0.15, "hand_y_s": 0.97, "hand_z_s": 0.05, "elbow_out_s": 0.4, "trunk_yaw": 0.45,
                "pelvis_yaw": 0.25, "pelvis_pitch": 0.08}),
        (0.7, _GUARD),
    )),
    "HighKick": Exercise(1.9, (
        (0.0, _GUARD),
        (0.25, {**_GUARD, "foot_z_s": 0.28, "foot_y_s": 0.18, "foot_pitch_s": 0.5, "pelvis_x": -0.04}),
        (0.45, {**_GUARD, "foot_z_s": 0.72, "foot_y_s": 0.46, "foot_pitch_s": -0.9, "trunk_pitch": -0.2, "pelvis_pitch": -0.40,
                "pelvis_x": -0.05, "foot_yaw_o": 0.5}),
        (0.68, {**_GUARD, "foot_z_s": 0.20, "foot_y_s": 0.14, "foot_pitch_s": 0.3, "pelvis_x": -0.04}),
        (0.9, _GUARD),
    )),
    "HookPunch": Exercise(1.2, (
        (0.0, _GUARD),
        (0.2, {**_GUARD, "hand_x_s": 0.5, "hand_y_s": 0.35, "hand_z_s": 0.05, "elbow_out_s": 1.0, "trunk_yaw": -0.35}),
        (0.45, {**_GUARD, "hand_x_s": -0.35, "hand_y_s": 0.62, "hand_z_s": 0.12, "elbow_out_s": 1.0, "trunk_yaw": 0.6, "pelvis_yaw": 0.35}),
        (0.8, _GUARD),
    )),
    "JumpingJack": Exercise(1.1, (
        (0.0, {"pelvis_z": -0.05, "pelvis_pitch": 0.1}),
        (0.22, {"lift": 0.05, "foot_x_s": 0.05, "foot_x_o": 0.05, **_both(hand_x=0.98, hand_y=0.05, hand_z=0.0, foot_pitch=0.4)}),
        (0.48, {"pelvis_z": -0.055, **_both(foot_x=0.12, hand_x=0.15, hand_y=0.05, hand_z=0.95, elbow_out=0.8)}),
        (0.55, {"pelvis_z": -0.06, **_both(foot_x=0.12, hand_x=0.15, hand_y=0.05, hand_z=0.95, elbow_out=0.8)}),
        (0.75, {"lift": 0.05, "foot_x_s": 0.05, "foot_x_o": 0.05, **_both(hand_x=0.98, hand_y=0.05, hand_z=0.0, foot_pitch=0.4)}),
    ), alternate=False),
    "KneeKick": Exercise(1.3, (
        (0.0, _both(hand_x=0.0, hand_y=0.65, hand_z=0.35)),
        (0.42, {**_both(hand_x=0.05, hand_y=0.25, hand_z=-0.35), "foot_z_s": 0.27, "foot_y_s": 0.10, "foot_pitch_s": 0.7,
                "pelvis_pitch": -0.15, "trunk_pitch": 0.2, "pelvis_x": -0.045}),
        (0.8, _both(hand_x=0.0, hand_y=0.6, hand_z=0.3)),
    )),
    "LegBack": Exercise(1.7, (
        (0.0, _GUARD),
        (0.45, {**_GUARD, "foot_y_s": -0.38, "foot_z_s": 0.20, "foot_pitch_s": 0.9, "pelvis_pitch": 0.45, "trunk_pitch": 0.15,
                "pelvis_x": -0.045}),
        (0.85, _GUARD),
    )),
    "LegCross": Exercise(1.7, (
        (0.0, _both(hand_x=0.55, hand_z=-0.6)),
        (0.4, {**_both(hand_x=0.65, hand_z=-0.45), "foot_x_s": -0.28, "foot_y_s": 0.20, "foot_z_s": 0.16, "pelvis_x": -0.05,
               "pelvis_yaw": 0.2}),
        (0.8, _both(hand_x=0.55, hand_z=-0.6)),
    )),
    "RonddeJambe": Exercise(3.2, (
        (0.0, _both(hand_x=0.75, hand_y=0.3, hand_z=-0.25)),
        (0.22, {**_both(hand_x=0.75, hand_y=0.4, hand_z=-0.1), "foot_y_s": 0.34, "foot_z_s": 0.10, "foot_pitch_s": 0.9, "pelvis_x": -0.05}),
        (0.45, {**_both(hand_x=0.9, hand_y=0.2, hand_z=0.0), "foot_x_s": 0.34, "foot_z_s": 0.12, "foot_pitch_s": 0.9, "foot_yaw_s": 0.9,
                "pelvis_x": -0.055}),
        (0.68, {**_both(hand_x=0.8, hand_y=0.2, hand_z=-0.1), "foot_y_s": -0.30, "foot_z_s": 0.09, "foot_pitch_s": 1.0,
                "pelvis_x": -0.05, "pelvis_pitch": 0.25}),
        (0.9, _both(hand_x=0.75, hand_y=0.3, hand_z=-0.25)),
    )),
    "Running": Exercise(0.72, (
        (0.0, {"pelvis_z": -0.035, "pelvis_pitch": 0.15, "foot_z_s": 0.13, "foot_y_s": -0.16, "foot_pitch_s": 0.9,
               "hand_y_s": 0.35, "hand_z_s": -0.25, "hand_y_o": -0.2, "hand_z_o": -0.55, "trunk_yaw": -0.15}),
        (0.25, {"lift": 0.015, "pelvis_pitch": 0.15, "foot_z_s": 0.15, "foot_y_s": 0.16, "foot_pitch_o": 0.4,
                **_both(hand_y=0.1, hand_z=-0.5)}),
        (0.5, {"pelvis_z": -0.035, "pelvis_pitch": 0.15, "foot_z_o": 0.13, "foot_y_o": -0.16, "foot_pitch_o": 0.9,
               "hand_y_o": 0.35, "hand_z_o": -0.25, "hand_y_s": -0.2, "hand_z_s": -0.55, "trunk_yaw": 0.15}),
        (0.75, {"lift": 0.015, "pelvis_pitch": 0.15, "foot_z_o": 0.15, "foot_y_o": 0.16, "foot_pitch_s": 0.4,
                **_both(hand_y=0.1, hand_z=-0.5)}),
    ), alternate=False),
    "Shuffle": Exercise(1.6, (
        (0.0, {**_GUARD, "pelvis_z": -0.06, "pelvis_pitch": 0.25, "trunk_pitch": 0.2, **_both(foot_x=0.05)}),
        (0.25, {**_GUARD, "pelvis_z": -0.05, "pelvis_x": 0.08, "pelvis_pitch": 0.25, "foot_x_s": 0.18, "foot_z_s": 0.03, "foot_x_o": 0.05}),
        (0.45, {**_GUARD, "pelvis_z": -0.07, "pelvis_x": 0.12, "pelvis_pitch": 0.3, "foot_x_s": 0.20, "foot_x_o": -0.06, "foot_z_o": 0.02}),
        (0.7, {**_GUARD, "pelvis_z": -0.05, "pelvis_x": 0.03, "pelvis_pitch": 0.25, "foot_x_s": 0.16, "foot_x_o": 0.12, "foot_z_o": 0.03}),
    )),
    "SideLunges": Exercise(2.4, (
        (0.0, _both(foot_x=0.13, hand_y=0.5, hand_z=-0.2)),
        (0.42, {**_both(foot_x=0.13, hand_y=0.75, hand_z=0.0), "pelvis_x": 0.15, "pelvis_z": -0.19, "pelvis_y": -0.06, "pelvis_pitch": 0.45,
                "trunk_pitch": 0.25, "foot_yaw_s": 0.3}),
        (0.55, {**_both(foot_x=0.13, hand_y=0.75, hand_z=0.0), "pelvis_x": 0.15, "pelvis_z": -0.19, "pelvis_y": -0.06, "pelvis_pitch": 0.45,
                "trunk_pitch": 0.25, "foot_yaw_s": 0.3}),
    )),
    "SlowSkater": Exercise(2.6, (
        (0.0, {"pelvis_z": -0.05, "pelvis_pitch": 0.2}),
        (0.4, {"pelvis_x": 0.10, "foot_x_s": 0.06, "foot_x_o": -0.20, "foot_y_o": -0.22, "foot_z_o": 0.05, "foot_pitch_o": 0.7,
               "pelvis_z": -0.10, "pelvis_pitch": 0.5, "trunk_pitch": 0.2, "trunk_yaw": -0.35, "hand_x_o": -0.35, "hand_y_o": 0.55,
               "hand_z_o": -0.6, "hand_x_s": 0.5, "hand_y_s": -0.3, "hand_z_s": -0.5}),
        (0.55, {"pelvis_x": 0.10, "foot_x_s": 0.06, "foot_x_o": -0.20, "foot_y_o": -0.22, "foot_z_o": 0.05, "foot_pitch_o": 0.7,
                "pelvis_z": -0.11, "pelvis_pitch": 0.5, "trunk_pitch": 0.2, "trunk_yaw": -0.35, "hand_x_o": -0.35, "hand_y_o": 0.55,
                "hand_z_o": -0.6, "hand_x_s": 0.5, "hand_y_s": -0.3, "hand_z_s": -0.5}),
    )),
    "Squat": Exercise(2.4, (
        (0.0, _both(foot_x=0.03)),
        (0.45, {**_both(foot_x=0.03, hand_y=0.9, hand_z=0.05, hand_x=0.0, foot_yaw=0.25), "pelvis_z": -0.25, "pelvis_y": -0.10,
                "pelvis_pitch": 0.55, "trunk_pitch": 0.25}),
        (0.55, {**_both(foot_x=0.03, hand_y=0.9, hand_z=0.05, hand_x=0.0, foot_yaw=0.25), "pelvis_z": -0.25, "pelvis_y": -0.10,
                "pelvis_pitch": 0.55, "trunk_pitch": 0.25}),
    ), alternate=False),
}  # fmt: skip

_LUNGE = {"foot_y_s": 0.22, "foot_y_o": -0.20, "foot_pitch_o": 0.7, "foot_z_o": 0.035, "pelvis_z": -0.22, "pelvis_y": 0.02}
OWN_EXERCISES: dict[str, Exercise] = {
    "Idle": Exercise(3.0, ((0.0, _HANG), (0.5, {"pelvis_x": 0.02, "trunk_roll": -0.04, "hand_y_s": 0.2})), alternate=False),
    "Walk": Exercise(1.2, (
        (0.0, {"foot_y_s": 0.13, "foot_pitch_s": -0.25, "foot_y_o": -0.15, "foot_pitch_o": 0.5, "foot_z_o": 0.03, "pelvis_z": -0.025,
               "hand_y_s": -0.25, "hand_y_o": 0.3}),
        (0.25, {"foot_z_o": 0.07, "foot_y_o": -0.02, "foot_pitch_o": 0.5, "pelvis_x": 0.015}),
        (0.5, {"foot_y_o": 0.13, "foot_pitch_o": -0.25, "foot_y_s": -0.15, "foot_pitch_s": 0.5, "foot_z_s": 0.03, "pelvis_z": -0.025,
               "hand_y_o": -0.25, "hand_y_s": 0.3}),
        (0.75, {"foot_z_s": 0.07, "foot_y_s": -0.02, "foot_pitch_s": 0.5, "pelvis_x": -0.015}),
    ), alternate=False),
    "BicepsCurl": Exercise(2.0, (
        (0.0, _both(hand_x=0.1, hand_y=0.1, hand_z=-0.97)),
        (0.45, _both(hand_x=0.08, hand_y=0.38, hand_z=-0.12, elbow_out=0.0)),
    ), alternate=False),
    "ArmRaise": Exercise(2.4, (
        (0.0, _HANG),
        (0.45, _both(hand_x=0.98, hand_y=0.0, hand_z=0.0, elbow_out=0.5)),
        (0.6, _both(hand_x=0.35, hand_y=0.1, hand_z=0.9, elbow_out=0.8)),
    ), alternate=False),
    "Row": Exercise(1.8, (
        (0.0, {**_both(hand_x=0.0, hand_y=0.93, hand_z=-0.2), "pelvis_pitch": 0.4, "pelvis_z": -0.05, "pelvis_y": -0.05}),
        (0.45, {**_both(hand_x=0.15, hand_y=0.05, hand_z=-0.42, elbow_out=0.2), "pelvis_pitch": 0.25, "pelvis_z": -0.04}),
    ), alternate=False),
    "PullDown": Exercise(2.0, (
        (0.0, _both(hand_x=0.3, hand_y=0.15, hand_z=0.92, elbow_out=0.9)),
        (0.45, _both(hand_x=0.35, hand_y=0.2, hand_z=-0.05, elbow_out=0.1)),
    ), alternate=False),
    "OverheadPress": Exercise(2.0, (
        (0.0, _both(hand_x=0.1, hand_y=0.25, hand_z=0.1, elbow_out=0.3)),
        (0.45, _both(hand_x=0.05, hand_y=0.05, hand_z=0.96, elbow_out=0.8)),
    ), alternate=False),
    "ArmBack": Exercise(1.8, (
        (0.0, _both(hand_y=0.6, hand_z=-0.7)),
        (0.45, {**_both(hand_x=0.2, hand_y=-0.6, hand_z=-0.75, elbow_out=0.4), "pelvis_pitch": 0.3}),
    ), alternate=False),
    "Lunge": Exercise(2.6, (
        (0.0, {"foot_y_s": 0.22, "foot_y_o": -0.20, "foot_pitch_o": 0.5, "foot_z_o": 0.03, "pelvis_z": -0.075, "pelvis_y": 0.02}),
        (0.45, {**_LUNGE, **_both(hand_x=0.3, hand_z=-0.8)}),
        (0.6, {**_LUNGE, **_both(hand_x=0.3, hand_z=-0.8)}),
    )),
    "HipHinge": Exercise(2.6, (
        (0.0, _both(hand_y=0.2)),
        (0.45, {**_both(hand_x=0.05, hand_y=0.45, hand_z=-0.85), "pelvis_pitch": 1.0, "trunk_pitch": 0.2, "pelvis_y": -0.09,
                "pelvis_z": -0.03}),
    ), alternate=False),
    "LegCurl": Exercise(1.6, (
        (0.0, _both(hand_x=0.3, hand_z=-0.8)),
        (0.45, {**_both(hand_x=0.35, hand_z=-0.75), "foot_z_s": 0.24, "foot_y_s": -0.23, "foot_pitch_s": 1.3, "pelvis_x": -0.045}),
    )),
    "Jump": Exercise(1.9, (
        (0.0, _HANG),
        (0.3, {"pelvis_z": -0.17, "pelvis_y": -0.06, "pelvis_pitch": 0.55, "trunk_pitch": 0.2, **_both(hand_y=-0.5, hand_z=-0.75)}),
        (0.45, {"pelvis_z": 0.0, "lift": 0.05, **_both(hand_y=0.5, hand_z=0.6, foot_pitch=0.6)}),
        (0.55, {"pelvis_z": 0.0, "lift": 0.11, **_both(hand_y=0.4, hand_z=0.7, foot_pitch=0.7)}),
        (0.66, {"pelvis_z": -0.03, "lift": 0.03, **_both(hand_y=0.4, hand_z=0.2, foot_pitch=0.4)}),
        (0.76, {"pelvis_z": -0.12, "pelvis_y": -0.04, "pelvis_pitch": 0.4}),
    ), alternate=False),
}  # fmt: skip

EXERCISES: dict[str, Exercise] = {**MIA_EXERCISES, **OWN_EXERCISES}


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
    curves = _curves(name, frames, rng)
    if upper is not None:
        other = _curves(upper, frames, rng)
        curves |= {key: other[key] for key in curves if key.startswith(_UPPER)}
    times = np.arange(frames) / FPS
    for key in ("trunk_pitch", "trunk_roll", "trunk_yaw", "pelvis_roll", "pelvis_yaw"):
        sway = rng.normal(0, 0.02, 3) @ np.sin(2 * np.pi * np.outer(rng.uniform(0.1, 0.6, 3), times) + rng.uniform(0, 6.3, (3, 1)))
        curves[key] = curves[key] + sway
    return pose_puppet(curves, FPS, height_m, float(rng.uniform(-np.pi, np.pi)))


def _curves(name: str, frames: int, rng: np.random.Generator) -> dict[str, Array]:
    if name not in EXERCISES:
        raise UnknownNameError("exercise", name, EXERCISES)
    exercise = EXERCISES[name]
    pace, span = exercise.seconds * rng.uniform(0.75, 1.45), rng.uniform(0.7, 1.2)
    fade = rng.uniform(0.0, 0.25)
    habit = {key: rng.normal(0, 0.03 if key.startswith(("hand", "elbow")) else 0.006) for key in CURVES if key != "lift"}
    first_side = "lr"[int(rng.integers(2))]
    times, values = [0.0], [_pose({}, habit, 1.0)]
    clock, repetition = rng.uniform(0.1, 0.4), 0
    while clock < frames / FPS:
        side = first_side if not exercise.alternate or repetition % 2 == 0 else "lr"["rl".index(first_side)]
        length = pace * rng.uniform(0.9, 1.12) * (1 + fade * clock * FPS / frames)
        amount = span * rng.uniform(0.9, 1.1) * (1 - fade * clock * FPS / frames)
        for phase, pose in exercise.keys:
            times.append(clock + phase * length)
            values.append(_pose(_sided(pose, side), habit, amount))
        clock += length + (rng.uniform(0.1, 0.6) if rng.random() < 0.2 else 0.0)
        repetition += 1
    return {key: _smooth_keys(np.array(times), np.array([v[key] for v in values]), frames) for key in CURVES}


def _pose(curves: Mapping[str, float], habit: Mapping[str, float], amount: float) -> dict[str, float]:
    pose = {}
    for key, rest in CURVES.items():
        value = curves.get(key, rest)
        # A smaller range comes nearer to standing at ease; the hands keep their own range, or punches would not land.
        share = amount if not key.startswith(("hand", "elbow")) else 0.7 + 0.3 * min(amount, 1.0)
        pose[key] = rest + share * (value - rest) + (0.0 if key.startswith("foot_z") else habit.get(key, 0.0))
    return pose


def _smooth_keys(times: Array, values: Array, frames: int) -> Array:
    """Minimum-jerk blends between keys (Flash & Hogan 1985), then a short raised-cosine average over the corners."""
    grid = np.arange(frames + 30) / FPS - 0.5
    index = np.clip(np.searchsorted(times, grid, side="right") - 1, 0, len(times) - 2)
    u = np.clip((grid - times[index]) / np.maximum(times[index + 1] - times[index], 1e-6), 0, 1)
    # Between pure minimum jerk (stops at every key) and a straight line (never stops): limbs pass through via points.
    blend = 0.5 * (u**3 * (10 - 15 * u + 6 * u**2)) + 0.5 * u
    curve = values[index] + blend * (values[index + 1] - values[index])
    kernel = np.hanning(9)[1:-1]
    return np.convolve(curve, kernel / kernel.sum(), mode="same")[15 : 15 + frames]
