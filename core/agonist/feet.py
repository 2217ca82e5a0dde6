"""Feet on the ground: when a foot is planted, and the turns that keep it planted after an edit.

Everything works on BODY_25 keypoints in world metres, Z up; the turns are those of `edit_joints`, so they apply to a rig
as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.edit_joints import EDIT_JOINTS
from agonist.keypoint_layouts import BODY25
from agonist.signals.runs import runs
from agonist.signals.smooth import raised_cosine

__all__ = ["lowest_sole", "plant_feet", "planted", "spread_frames"]

Array = NDArray[np.float64]

# A foot counts as planted below this speed and this height over the lowest place it visits [ours].
PLANTED_SPEED_M_S = 0.40
PLANTED_HEIGHT_M = 0.06
# A shorter rest is the top of a jump or of a step, where a foot stands still in the air [ours].
SHORTEST_S = 0.15
# The weight of a plant rises and falls over this time, so that nothing jumps at touch-down and lift-off [ours].
RAMP_S = 0.12
# A leg is never stretched beyond this share of its length, unless the input did so itself.
MAX_EXTENSION = 0.999
# The hips follow a leg that is too short in so many steps, each smoothed over this time [ours].
_PULLS, _PULL_S = 8, 0.08

# Keypoints of both legs, left first, and the joints (3, 2) that turn them: hips, knees, ankles.
_HIPS, _KNEES, _ANKLES = ([BODY25.index(f"{name}_{side}") for side in "lr"] for name in ("hip", "knee", "ankle"))
_LEG_JOINTS = [[EDIT_JOINTS.index(f"{name}_{side}") for side in "lr"] for name in ("hip", "knee", "ankle")]


def spread_frames(fps: float) -> int:
    """How many frames back and ahead a leg that is too short may move the hips."""
    return _PULLS * max(round(_PULL_S * fps) - 1, 0)


def lowest_sole(keypoints: Array) -> float:
    """The lowest height in metres that heels and toes of (T, 25, 3) visit: the floor."""
    return float(min(_sole(keypoints, "l").min(), _sole(keypoints, "r").min()))


def planted(keypoints: Array, fps: float) -> Array:
    """How firmly each foot is planted.

    Args:
        keypoints: (T, 25, 3) metres.
        fps: frames a second.

    Returns:
        (T, 2) in [0, 1], left and right: 1 in the middle of a stance, 0 in swing and flight, ramps between.
    """
    result = np.zeros((len(keypoints), 2))
    floor = np.percentile(_sole(keypoints, "l").min(axis=1).tolist() + _sole(keypoints, "r").min(axis=1).tolist(), 2)
    for column, side in enumerate("lr"):
        points = keypoints[:, [BODY25.index(f"{name}_{side}") for name in ("heel", "big_toe")]]
        velocity = np.gradient(points, axis=0) * fps if len(points) > 1 else np.zeros_like(points)
        # Heel or toe: whichever rests carries the foot through a roll-off.
        speed = raised_cosine(np.linalg.norm(velocity, axis=-1).min(axis=1), round(0.05 * fps) - 1)
        low = _sole(keypoints, side).min(axis=1) - floor
        still = (speed < PLANTED_SPEED_M_S) & (low < PLANTED_HEIGHT_M)
        result[:, column] = raised_cosine(_drop_short(still, round(SHORTEST_S * fps)).astype(float), round(RAMP_S * fps) - 1)
    return np.clip(result, 0.0, 1.0)


def _sole(keypoints: Array, side: str) -> Array:
    """(T, 3) heights of heel and toes."""
    return keypoints[:, [BODY25.index(f"{name}_{side}") for name in ("heel", "big_toe", "small_toe")], 2]


def _drop_short(flags: NDArray[np.bool_], frames: int) -> NDArray[np.bool_]:
    """Runs of True shorter than `frames` become False."""
    result = flags.copy()
    for first, last in runs(flags):
        if last - first < frames:
            result[first:last] = False
    return result


def _cross(a: Array, b: Array) -> Array:
    """(..., 3) cross product; np.cross takes longer to set up than a clip takes to compute."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


def _between(a: Array, b: Array) -> Array:
    """(..., 4): the shortest rotation that takes direction a to direction b."""
    a = a / (np.linalg.norm(a, axis=-1, keepdims=True) + 1e-12)
    b = b / (np.linalg.norm(b, axis=-1, keepdims=True) + 1e-12)
    axis = _cross(a, b)
    quaternion = np.concatenate([1 + np.sum(a * b, axis=-1, keepdims=True), axis], axis=-1)
    return rotations.normalize(quaternion + np.array([1e-12, 0, 0, 0]))


def plant_feet(
    original: Array, moved: Array, turned_foot: Array, weight: Array, fps: float, floor_m: float | None = None
) -> tuple[Array, Array]:
    """Turns that bring planted feet back to where the original had them.

    The hips follow where a leg is too short to reach; then thigh and shank are solved as a two-bone chain that keeps
    the knee's own plane, and the foot gets its old orientation back.

    Args:
        original, moved: (T, 25, 3) metres, before and after an edit.
        turned_foot: (T, 2, 4), how far the edit has turned each foot, left and right.
        weight: (T, 2) from `planted`.
        fps: frames a second.
        floor_m: height below which no sole sinks; `lowest_sole` of the original if None.

    Returns:
        rotation vectors (T, 13, 3) and root displacement (T, 3), to be applied on top of the edit.
    """
    rotvec = np.zeros((len(original), len(EDIT_JOINTS), 3))
    shift = _reach_with_hips(original, moved, weight, fps)
    free = _above_floor(moved, lowest_sole(original) if floor_m is None else floor_m)
    # Both legs at a time, (T, 2, 3).
    hip, knee, ankle = (moved[:, joints] + shift[:, None] for joints in (_HIPS, _KNEES, _ANKLES))
    knee_turn, hip_turn = _solve_leg(hip, knee, ankle, free + weight[..., None] * (original[:, _ANKLES] - free))
    above = rotations.multiply(hip_turn, knee_turn)
    wanted = rotations.slerp(turned_foot, rotations.identity(), weight)
    # What the foot has now is above * turned_foot; it should have `wanted`.
    foot = rotations.multiply(rotations.conjugate(above), rotations.multiply(wanted, rotations.conjugate(turned_foot)))
    rotvec[:, _LEG_JOINTS] = rotations.to_rotvec(np.stack([hip_turn, knee_turn, foot], axis=1))
    return rotvec, shift


def _above_floor(moved: Array, floor_m: float) -> Array:
    """(T, 2, 3) the ankles, lifted where their soles would sink below the floor."""
    lifted = moved[:, _ANKLES]
    sole = np.stack([_sole(moved, side).min(axis=1) for side in "lr"], axis=1)
    lifted[..., 2] += np.maximum(floor_m - sole, 0.0)
    return lifted


def _reach_with_hips(original: Array, moved: Array, weight: Array, fps: float) -> Array:
    """(T, 3) smooth displacement of the hips that brings every planted ankle within reach of its leg."""
    before = np.linalg.norm(original[:, _ANKLES] - original[:, _HIPS], axis=-1)
    length = sum(np.linalg.norm(original[:, b] - original[:, a], axis=-1) for a, b in ((_HIPS, _KNEES), (_KNEES, _ANKLES)))
    gap, reach, firm = original[:, _ANKLES] - moved[:, _HIPS], np.maximum(MAX_EXTENSION * length, before), weight > 0.5
    if not (firm & (np.linalg.norm(gap, axis=-1) > reach)).any():
        return np.zeros((len(original), 3))
    legs = [(gap[:, leg], reach[:, leg], firm[:, leg]) for leg in range(2)]
    shift = np.zeros((len(original), 3))
    # Smoothing lowers a peak and so leaves a leg short again: pull, smooth, and pull what is left.
    for _ in range(_PULLS):
        pull = np.zeros_like(shift)
        for gap, reach, firm in legs:
            left = gap - shift - pull
            distance = np.linalg.norm(left, axis=-1)
            excess = np.maximum(distance - reach, 0.0) * firm
            pull += (excess / np.maximum(distance, 1e-9))[:, None] * left
        if not pull.any():
            break
        shift = shift + raised_cosine(pull, round(_PULL_S * fps) - 1)
    return shift


def _solve_leg(hip: Array, knee: Array, ankle: Array, target: Array) -> tuple[Array, Array]:
    """Knee and hip turns (..., 4) that take ankles (..., 3) to `target` as near as the leg's length allows."""
    thigh, shank = knee - hip, ankle - knee
    l1, l2 = np.linalg.norm(thigh, axis=-1), np.linalg.norm(shank, axis=-1)
    now = np.linalg.norm(ankle - hip, axis=-1)
    longest = np.maximum(MAX_EXTENSION * (l1 + l2), now)
    wanted = np.clip(np.linalg.norm(target - hip, axis=-1), np.abs(l1 - l2) + 1e-6, longest)

    def interior(distance: Array) -> Array:
        return np.arccos(np.clip((l1**2 + l2**2 - distance**2) / (2 * l1 * l2 + 1e-12), -1.0, 1.0))

    hinge = _cross(thigh, shank)
    straight = np.linalg.norm(hinge, axis=-1, keepdims=True) < 1e-6
    # A straight leg has no plane of its own: bend it about the axis across the walking direction of the thigh.
    hinge = np.where(straight, _cross(thigh, np.array([0.0, 1.0, 0.0])), hinge)
    hinge = hinge / (np.linalg.norm(hinge, axis=-1, keepdims=True) + 1e-12)
    # Turning the shank about thigh x shank by a positive angle closes the knee.
    close = np.where(np.abs(wanted - now) < 1e-9, 0.0, interior(now) - interior(wanted))
    knee_turn = rotations.from_rotvec(hinge * close[..., None])
    reached = knee + rotations.rotate(knee_turn, shank)
    still = np.abs(target - reached).max(axis=-1, keepdims=True) < 1e-12
    hip_turn = np.where(still, rotations.identity(), _between(reached - hip, target - hip))
    return knee_turn, hip_turn
