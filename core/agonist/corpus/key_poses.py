"""The 15 exercises of "Muscles in Action" (Chiquier & Vondrick, ICCV 2023) and some of our own, as key poses.

An exercise is one repetition: phases in [0, 1] with the curves (see `puppet`) that differ from standing at ease. `side` s
is the working side, o the other; a repetition is played on either side. Shapes are ours, after the exercises' names.
A foot whose place changes between two keys that both stand on the floor takes a step there (see `exercises`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agonist.corpus.splines import monotone

__all__ = ["EXERCISES", "MIA_EXERCISES", "OWN_EXERCISES", "Exercise"]

Key = tuple[float, dict[str, float]]
Track = list[tuple[float, float]]


@dataclass(frozen=True)
class Exercise:
    """One repetition of an exercise.

    Attributes:
        seconds: usual duration of a repetition.
        keys: (phase, curves); the pose of phase 0 is repeated at 1.
        alternate: whether repetitions change sides.
        advance: a gait's way forward in one cycle, body heights; 0 for what is done on the spot.
        flights: (phase of take-off, phase of landing); both are keys, unless of a gait. See `flight`.
    """

    seconds: float
    keys: tuple[Key, ...]
    alternate: bool = True
    advance: float = 0.0
    flights: tuple[tuple[float, float], ...] = ()


def _both(**curves: float) -> dict[str, float]:
    return {f"{name}_{side}": value for name, value in curves.items() for side in "so"}


def _gait(
    seconds: float, advance: float, foot: dict[str, Track], side: dict[str, Track], body: dict[str, Track], lands: float = 0.5
) -> Exercise:
    """A gait in which the other side does the same half a cycle later.

    `foot` and `side` are tracks of (phase, value) for curves of the working side; foot_y counts in ways of one cycle and
    moves on by 1 a cycle, the rest is periodic. `body` holds curves of the middle. A foot leaves the floor `lands` after it
    came down; less than 0.5 is a run, with flight before the other comes down.
    """
    phases = np.unique([p for tracks in (foot, side, body) for track in tracks.values() for p, _ in track] + [0.0])
    phases = np.unique(np.round(np.concatenate([phases, (phases + 0.5) % 1.0]) % 1.0, 6))
    columns: dict[str, np.ndarray] = {"pelvis_y": advance * phases}
    for name, track in {**foot, **side}.items():
        gain = 1.0 if name == "foot_y" else 0.0
        scale = advance if name == "foot_y" else 1.0
        columns[f"{name}_s"] = scale * _periodic(track, gain, phases)
        columns[f"{name}_o"] = scale * (_periodic(track, gain, phases + 0.5) - 0.5 * gain)
    columns |= {name: _periodic(track, 0.0, phases) for name, track in body.items()}
    keys = tuple((float(p), {name: float(values[k]) for name, values in columns.items()}) for k, p in enumerate(phases))
    flights = ((lands, 0.5), (lands + 0.5, 1.0)) if lands < 0.5 else ()
    return Exercise(seconds, keys, alternate=False, advance=advance, flights=flights)


def _periodic(track: Track, gain: float, phases: np.ndarray) -> np.ndarray:
    """A track at any phases; it goes on by `gain` a cycle."""
    times = np.array([p + turn for turn in (-1, 0, 1, 2) for p, _ in track])
    values = np.array([value + gain * turn for turn in (-1, 0, 1, 2) for _, value in track])
    return monotone(times, values, phases)


_GUARD = _both(hand_x=-0.10, hand_y=0.42, hand_z=0.12)
_PUNCH = {**_GUARD, "hand_x_s": -0.15, "hand_y_s": 0.97, "hand_z_s": 0.05, "elbow_out_s": 0.4, "trunk_yaw": 0.45, "pelvis_yaw": 0.25,
          "pelvis_pitch": 0.08}
_FRONT_KICK = {**_GUARD, "foot_z_s": 0.40, "foot_y_s": 0.515, "foot_pitch_s": -0.4, "trunk_pitch": -0.15, "pelvis_pitch": -0.25,
               "pelvis_x": -0.045}
_HANG: dict[str, float] = {}
_SHUFFLE = {**_GUARD, "pelvis_z": -0.06, "pelvis_pitch": 0.25, "trunk_pitch": 0.2}
_WIDE = {**_both(foot_x=0.13, foot_yaw=0.28), "pelvis_z": -0.045}
_SIDE_LUNGE = {**_WIDE, **_both(hand_y=0.75, hand_z=0.0), "pelvis_x": 0.15, "pelvis_z": -0.19, "pelvis_y": -0.06, "pelvis_pitch": 0.45,
               "trunk_pitch": 0.25}
_SKATER = {"pelvis_x": 0.14, "foot_x_s": 0.11, "foot_x_o": -0.14, "foot_y_o": -0.22, "foot_z_o": 0.05, "foot_pitch_o": 0.7,
           "pelvis_z": -0.10, "pelvis_pitch": 0.5, "trunk_pitch": 0.2, "trunk_yaw": -0.35, "hand_x_o": -0.35, "hand_y_o": 0.55,
           "hand_z_o": -0.6, "hand_x_s": 0.5, "hand_y_s": -0.3, "hand_z_s": -0.5}
_SQUAT = {**_both(foot_x=0.03, foot_yaw=0.25, hand_y=0.9, hand_z=0.05, hand_x=0.0), "pelvis_z": -0.25, "pelvis_y": -0.10,
          "pelvis_pitch": 0.55, "trunk_pitch": 0.25}

MIA_EXERCISES: dict[str, Exercise] = {
    "ElbowPunch": Exercise(1.3, (
        (0.0, _GUARD),
        (0.4, {**_GUARD, "hand_x_s": -0.35, "hand_y_s": 0.30, "hand_z_s": 0.05, "elbow_out_s": 1.0, "trunk_yaw": 0.6, "pelvis_yaw": 0.3}),
        (0.7, {**_GUARD, "trunk_yaw": -0.1}),
    )),
    "FrontKick": Exercise(1.6, (
        (0.0, _GUARD),
        (0.25, {**_GUARD, "foot_z_s": 0.26, "foot_y_s": 0.14, "foot_pitch_s": 0.5, "pelvis_x": -0.04}),
        (0.40, _FRONT_KICK),
        (0.46, _FRONT_KICK),
        (0.64, {**_GUARD, "foot_z_s": 0.22, "foot_y_s": 0.14, "foot_pitch_s": 0.4, "pelvis_x": -0.04}),
        (0.85, _GUARD),
    )),
    "FrontPunch": Exercise(1.0, (
        (0.0, _GUARD),
        (0.3, _PUNCH),
        (0.42, _PUNCH),
        (0.72, _GUARD),
    )),
    "HighKick": Exercise(1.9, (
        (0.0, _GUARD),
        (0.25, {**_GUARD, "foot_z_s": 0.28, "foot_y_s": 0.18, "foot_pitch_s": 0.5, "pelvis_x": -0.04}),
        (0.45, {**_GUARD, "foot_z_s": 0.72, "foot_y_s": 0.46, "foot_pitch_s": -0.9, "trunk_pitch": -0.2, "pelvis_pitch": -0.40,
                "pelvis_x": -0.05}),
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
        (0.0, {"pelvis_z": -0.03, "pelvis_pitch": 0.1}),
        (0.16, {"pelvis_z": 0.026, **_both(hand_x=0.6, hand_y=0.1, hand_z=-0.6, foot_pitch=0.45)}),
        (0.26, {"lift": 0.01, **_both(foot_x=0.06, hand_x=0.98, hand_y=0.05, hand_z=0.0, foot_pitch=0.5)}),
        (0.36, {"pelvis_z": 0.008, **_both(foot_x=0.12, hand_x=0.74, hand_y=0.05, hand_z=0.63, elbow_out=0.6, foot_pitch=0.45)}),
        (0.50, {"pelvis_z": -0.045, **_both(foot_x=0.12, hand_x=0.2, hand_y=0.05, hand_z=0.95, elbow_out=0.8)}),
        (0.66, {"pelvis_z": 0.008, **_both(foot_x=0.12, hand_x=0.74, hand_y=0.05, hand_z=0.63, elbow_out=0.6, foot_pitch=0.45)}),
        (0.76, {"lift": 0.01, **_both(foot_x=0.06, hand_x=0.98, hand_y=0.05, hand_z=0.0, foot_pitch=0.5)}),
        (0.86, {"pelvis_z": 0.026, **_both(hand_x=0.6, hand_y=0.1, hand_z=-0.6, foot_pitch=0.45)}),
    ), alternate=False, flights=((0.16, 0.36), (0.66, 0.86))),
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
    # Height of the pelvis: see `flight`.
    "Running": _gait(0.72, 0.85,
        {"foot_y": [(0.0, 0.18), (0.40, 0.18), (0.44, 0.20), (0.56, 0.40), (0.76, 0.84), (0.93, 1.15)],
         "foot_z": [(0.0, 0.0), (0.40, 0.0), (0.44, 0.03), (0.56, 0.16), (0.76, 0.13), (0.93, 0.03)],
         "foot_pitch": [(0.0, -0.1), (0.08, 0.0), (0.28, 0.15), (0.40, 0.7), (0.44, 0.85), (0.56, 1.0), (0.76, 0.3), (0.93, -0.1)]},
        {"hand_y": [(0.1, -0.08), (0.6, 0.45)], "hand_z": [(0.1, -0.66), (0.6, -0.22)], "hand_x": [(0.0, 0.05), (0.5, 0.05)],
         "elbow_out": [(0.0, 0.0), (0.5, 0.0)]},
        {"pelvis_z": [(0.0, -0.035), (0.5, -0.035)],
         "pelvis_pitch": [(0.0, 0.15), (0.5, 0.15)], "pelvis_yaw": [(0.05, 0.12), (0.55, -0.12)],
         "trunk_yaw": [(0.05, -0.3), (0.55, 0.3)]},
        lands=0.40,
    ),
    "Shuffle": Exercise(1.9, (
        (0.0, {**_SHUFFLE, **_both(foot_x=0.05)}),
        (0.25, {**_SHUFFLE, "foot_x_s": 0.17, "foot_x_o": 0.05, "pelvis_x": 0.05}),
        (0.5, {**_SHUFFLE, "foot_x_s": 0.17, "foot_x_o": -0.07, "pelvis_x": 0.12, "pelvis_z": -0.075}),
        (0.75, {**_SHUFFLE, "foot_x_s": 0.17, "foot_x_o": 0.05, "pelvis_x": 0.05}),
    )),
    "SideLunges": Exercise(2.4, (
        (0.0, {**_WIDE, **_both(hand_y=0.5, hand_z=-0.2)}),
        (0.42, _SIDE_LUNGE),
        (0.55, _SIDE_LUNGE),
    )),
    "SlowSkater": Exercise(2.8, (
        (0.0, {"pelvis_z": -0.05, "pelvis_pitch": 0.2}),
        (0.22, {"pelvis_z": -0.07, "pelvis_pitch": 0.3, "pelvis_x": 0.03, "foot_x_s": 0.11}),
        (0.45, _SKATER),
        (0.58, {**_SKATER, "pelvis_z": -0.115}),
        (0.8, {"pelvis_z": -0.07, "pelvis_pitch": 0.3, "pelvis_x": 0.05, "foot_x_s": 0.11}),
    )),
    "Squat": Exercise(2.4, (
        (0.0, _both(foot_x=0.03, foot_yaw=0.25)),
        (0.45, _SQUAT),
        (0.55, _SQUAT),
    ), alternate=False),
}  # fmt: skip

_LUNGE = {"foot_y_s": 0.36, "pelvis_y": 0.17, "pelvis_z": -0.19, "foot_pitch_o": 0.85, **_both(hand_x=0.3, hand_z=-0.8)}
OWN_EXERCISES: dict[str, Exercise] = {
    "Idle": Exercise(3.0, ((0.0, _HANG), (0.5, {"pelvis_x": 0.02, "trunk_roll": -0.04, "hand_y_s": 0.2})), alternate=False),
    "Walk": _gait(1.2, 0.72,
        {"foot_y": [(0.0, 0.25), (0.62, 0.25), (0.66, 0.27), (0.78, 0.62), (0.92, 1.21)],
         "foot_z": [(0.0, 0.0), (0.62, 0.0), (0.66, 0.015), (0.78, 0.05), (0.92, 0.025)],
         "foot_pitch": [(0.0, -0.25), (0.1, 0.0), (0.38, 0.05), (0.62, 0.75), (0.66, 0.8), (0.78, 0.45), (0.92, -0.15)]},
        {"hand_y": [(0.0, -0.2), (0.5, 0.35)]},
        {"pelvis_z": [(0.05, -0.035), (0.3, -0.018), (0.55, -0.035), (0.8, -0.018)], "pelvis_x": [(0.3, 0.015), (0.8, -0.015)],
         "pelvis_yaw": [(0.0, 0.1), (0.5, -0.1)], "trunk_yaw": [(0.0, -0.2), (0.5, 0.2)]},
    ),
    "BicepsCurl": Exercise(2.0, (
        (0.0, _both(hand_x=0.1, hand_y=0.1, hand_z=-0.97)),
        (0.45, _both(hand_x=0.08, hand_y=0.38, hand_z=-0.12, elbow_out=0.0)),
    ), alternate=False),
    "ArmRaise": Exercise(2.4, (
        (0.0, _HANG),
        (0.2, _both(hand_x=0.70, hand_y=0.05, hand_z=-0.68)),
        (0.36, _both(hand_x=0.98, hand_y=0.0, hand_z=0.0, elbow_out=0.5)),
        (0.48, _both(hand_x=0.76, hand_y=0.05, hand_z=0.60, elbow_out=0.7)),
        (0.6, _both(hand_x=0.35, hand_y=0.1, hand_z=0.9, elbow_out=0.8)),
        (0.72, _both(hand_x=0.85, hand_y=0.0, hand_z=0.45, elbow_out=0.6)),
        (0.84, _both(hand_x=0.80, hand_y=0.05, hand_z=-0.56, elbow_out=0.3)),
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
    "Lunge": Exercise(3.0, (
        (0.0, _HANG),
        (0.28, {"foot_y_s": 0.36, "pelvis_y": 0.12, "pelvis_z": -0.06, "foot_pitch_o": 0.3, **_both(hand_x=0.25, hand_z=-0.85)}),
        (0.5, _LUNGE),
        (0.6, _LUNGE),
        (0.72, {"foot_y_s": 0.36, "pelvis_y": 0.10, "pelvis_z": -0.06, "foot_pitch_o": 0.3, **_both(hand_x=0.25, hand_z=-0.85)}),
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
        (0.44, {"pelvis_z": 0.044, "pelvis_y": 0.03, "pelvis_pitch": 0.1, **_both(hand_y=0.75, hand_z=0.2, foot_pitch=0.6)}),
        (0.55, {"lift": 0.01, "pelvis_y": 0.03, **_both(hand_y=0.4, hand_z=0.7, foot_pitch=0.6)}),
        (0.66, {"pelvis_z": 0.026, "pelvis_y": 0.02, "pelvis_pitch": 0.15, **_both(hand_y=0.5, hand_z=0.2, foot_pitch=0.45)}),
        (0.76, {"pelvis_z": -0.11, "pelvis_y": -0.03, "pelvis_pitch": 0.4}),
    ), alternate=False, flights=((0.44, 0.66),)),
}  # fmt: skip

EXERCISES: dict[str, Exercise] = {**MIA_EXERCISES, **OWN_EXERCISES}
