"""Inverse kinematics: BODY_25 keypoints to the model's coordinates, damped Gauss-Newton frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist import rotations
from agonist.body.model import HINGES, BodyModel
from agonist.keypoint_layouts import BODY25

__all__ = ["solve_ik"]

Array = NDArray[np.float64]

# Root (7,), hinges (23,), mean distance in metres to the keypoints, and what was minimised.
_Fit = tuple[Array, Array, float, float]

# Weights in metres per radian: how much position error one radian of each is worth [ours].
# The hip centres do not fix the tilt of the pelvis; without a prior on the spine the hips run to their limits.
LUMBAR_WEIGHT = 0.06
REST_WEIGHT = 0.004
PREVIOUS_WEIGHT = 0.015
# A lumbar spine bends 60 degrees forwards and 25 backwards (AMA Guides, Cocchiarella & Andersson 2001): an arch is as much dearer.
_ARCHED = 60 / 25
_STARTS_ELV = (0.8, 0.0, 1.6, -0.8)
# Turns of the pelvis about its left axis from which the first frame is solved again, radians [ours].
_STARTS_TILT = (-0.5, 0.5)
_LUMBAR = HINGES.index("flex_extension")  # positive arches the back
_PRIOR = np.array([LUMBAR_WEIGHT] * 3 + [REST_WEIGHT] * (len(HINGES) - 3))


def _weights(name: str) -> float:
    if name.startswith(("big_toe", "small_toe", "heel")):
        return 0.5
    return 1.0


def solve_ik(
    body: BodyModel,
    keypoints: Array,
    confidence: Array,
    progress: Callable[[float], None] | None = None,
    after: tuple[Array, Array] | None = None,
) -> tuple[Array, Array, Array]:
    """Coordinates that bring the model's joints onto the keypoints.

    Args:
        body: the scaled model.
        keypoints: (T, 25, 3) metres, finite.
        confidence: (T, 25) in [0, 1].
        progress: called with a share in [0, 1].
        after: root (7,) and hinges (23,) of the frame before the first, where a clip is solved in stretches.

    Returns:
        root (T, 7) position and quaternion, hinges (T, 23) radians, and the mean distance (T,) in metres between the
        model's points and the keypoints with confidence.
    """
    import mujoco

    data = mujoco.MjData(body.mj)
    frames = len(keypoints)
    roots, hinges, errors = np.empty((frames, 7)), np.empty((frames, len(HINGES))), np.empty(frames)
    columns = list(body.sites)
    weight_of = np.array([_weights(BODY25.names[k]) for k in columns])
    root, angles = after or _first_guess(keypoints[0])
    for t in range(frames):
        target, weight = keypoints[t, columns], weight_of * np.sqrt(confidence[t, columns])
        first = t == 0 and after is None
        previous = None if first else angles
        result = _solve(body, data, target, weight, root, angles, previous, 60 if first else 4)
        if first:
            result = min([result, *_restarts(body, data, target, weight, result, previous)], key=lambda item: item[2])
            # Keypoints allow a hollow and a rounded back, whole clips long: begin with the one that bends the spine less.
            tilted = [_solve(body, data, target, weight, *_tilted(result[0], result[1], tilt), None, 60) for tilt in _STARTS_TILT]
            result = min([result, *tilted], key=lambda item: item[3])
            # Let the weakly determined directions settle, or the first frames would show them drifting.
            for _ in range(40):
                result = _solve(body, data, target, weight, result[0], result[1], result[1], 2)
        if result[2] > 0.05:
            # The shoulder's plane of elevation has several valleys; look into the others before giving in.
            result = min([result, *_restarts(body, data, target, weight, result, previous)], key=lambda item: item[2])
        root, angles, errors[t], _ = result
        roots[t], hinges[t] = root, angles
        if progress:
            progress((t + 1) / frames)
    return roots, hinges, errors


def _first_guess(points: Array) -> tuple[Array, Array]:
    hips = points[BODY25.index("mid_hip")]
    left = points[BODY25.index("hip_l")] - points[BODY25.index("hip_r")]
    # The unturned model faces -Y with its left on +X.
    yaw = np.arctan2(left[1], left[0])
    quaternion = rotations.from_axis_angle("z", np.array(yaw))
    # Middle of the model's hips in its root frame, unscaled: near enough to start from.
    offset = rotations.rotate(quaternion, np.array([0.0, 0.056, -0.079]))
    angles = np.full(len(HINGES), 0.05)
    for side in "lr":
        angles[HINGES.index(f"shoulder_elv_{side}")] = 0.5
        angles[HINGES.index(f"elv_angle_{side}")] = 0.8
        angles[HINGES.index(f"elbow_flexion_{side}")] = 0.4
        angles[HINGES.index(f"knee_angle_{side}")] = 0.2
    return np.concatenate([hips - offset, quaternion]), angles


def _restarts(
    body: BodyModel, data: Any, target: Array, weight: Array, best: _Fit, previous: Array | None
) -> list[_Fit]:
    results = []
    for elevation_plane in _STARTS_ELV:
        angles = best[1].copy()
        for side in "lr":
            angles[HINGES.index(f"elv_angle_{side}")] = elevation_plane
            angles[HINGES.index(f"shoulder_rot_{side}")] = 0.2
        results.append(_solve(body, data, target, weight, best[0], angles, None, 40))
    return results


def _prior(angles: Array) -> Array:
    """(23,) metres per radian by which each hinge is drawn to zero."""
    weights = _PRIOR.copy()
    if angles[_LUMBAR] > 0:
        weights[_LUMBAR] *= _ARCHED
    return weights


def _tilted(root: Array, angles: Array, tilt: float) -> tuple[Array, Array]:
    """The same posture with the pelvis turned by `tilt` radians about its left axis, and the spine and the hips turned back."""
    turned, changed = root.copy(), angles.copy()
    turned[3:] = rotations.multiply(root[3:], rotations.from_rotvec(np.array([tilt, 0.0, 0.0])))
    changed[_LUMBAR] += tilt
    for side in "lr":
        changed[HINGES.index(f"hip_flexion_{side}")] += tilt
    return turned, changed


def _solve(
    body: BodyModel, data: Any, target: Array, weight: Array, root: Array, angles: Array, previous: Array | None, steps: int
) -> _Fit:
    import mujoco

    keep = np.full(len(HINGES), PREVIOUS_WEIGHT if previous is not None else 0.0)
    before = previous if previous is not None else angles
    jacobians = np.zeros((len(target), 3, body.mj.nv))
    bodies, places = body.site_places
    low, high = body.hinge_range[:, 0], body.hinge_range[:, 1]
    root, angles = root.copy(), angles.copy()
    damping = np.r_[np.full(3, 1e-3), np.full(3, 1e-3), np.full(len(HINGES), 4e-3)] if previous is None else np.full(29, 1e-4)
    for step in range(steps + 1):
        data.qpos[:] = body.qpos(root, angles)
        mujoco.mj_kinematics(body.mj, data)
        points = data.xpos[bodies] + (data.xmat[bodies].reshape(-1, 3, 3) @ places[:, :, None])[:, :, 0]
        residual = target - points
        if step == steps:
            break
        mujoco.mj_comPos(body.mj, data)
        g, _ = body.velocity_map(angles)
        for jacobian, point, index in zip(jacobians, points, bodies, strict=True):
            mujoco.mj_jac(body.mj, data, jacobian, None, point, index)
        weighted = (jacobians @ g * weight[:, None, None]).reshape(-1, g.shape[1])
        right = weighted.T @ (residual * weight[:, None]).reshape(-1)
        prior = _prior(angles)
        right[6:] += prior**2 * (0 - angles) + keep**2 * (before - angles)
        hessian = weighted.T @ weighted
        hessian.flat[:: len(hessian) + 1] += np.concatenate([np.zeros(6), prior**2 + keep**2]) + damping**2
        change = np.linalg.solve(hessian, right)
        change *= min(1.0, 0.6 / np.abs(change).max())
        root[:3] += change[:3]
        root[3:] = rotations.multiply(root[3:], rotations.from_rotvec(change[3:6]))
        root[3:] /= np.linalg.norm(root[3:])
        angles = np.clip(angles + change[6:], low, high)
        if np.abs(change).max() < 1e-4:
            break
    distance = np.linalg.norm(target - points, axis=1)
    cost = float(((distance * weight) ** 2).sum() + ((_prior(angles) * angles) ** 2).sum())
    return root, angles, float((distance * weight).sum() / max(weight.sum(), 1e-9)), cost
