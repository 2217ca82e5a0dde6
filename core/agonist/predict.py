"""Predict: any Motion or Keypoints to Activation, at the clip's own frame rate and of any length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from agonist.activation import Activation
from agonist.humanoid import HumanoidMap, body25_from_keypoints, body25_from_motion, leg_length, map_humanoid
from agonist.keypoint_layouts import BODY25
from agonist.model import Model, load_model
from agonist.motion import Keypoints, Motion, interpolate, resample_times

__all__ = ["human_size", "model_keypoints", "model_times", "predict", "predict_keypoints", "stand_in", "standing_keypoints"]

Array = NDArray[np.float64]

# A little beyond the shortest and the longest legs that models were trained on.
_LEGS_M = (0.72, 0.97)


def standing_keypoints(clip: Motion | Keypoints, hmap: HumanoidMap | None = None) -> Keypoints:
    """BODY_25 of a clip with every point finite: unseen ones are interpolated, never-seen ones stand in.

    Layouts without a face or feet (COCO-17, SMPL-24) get those points from the ankles, the shoulders and the hips;
    their confidence stays 0. Raises MotionError if a limb joint is never seen, SkeletonError if it is no humanoid.
    """
    if isinstance(clip, Motion):
        return body25_from_motion(clip, hmap or map_humanoid(clip.skeleton))
    keypoints = body25_from_keypoints(clip)
    positions = np.array(keypoints.positions)
    for name in BODY25.names:
        index = BODY25.index(name)
        if np.isfinite(positions[:, index]).all(axis=-1).any():
            continue
        guess = stand_in(name, positions)
        if guess is not None:
            positions[:, index] = guess
    return replace(keypoints, positions=positions, confidence=keypoints.confidence).filled()


def stand_in(name: str, positions: Array) -> Array | None:
    """Where a face or foot point roughly is (T, 3), from the trunk and the shank: enough to pose as a person, no more.

    None for any other point. `positions` (T, 25, 3) metres.
    """
    part, _, side = name.rpartition("_")
    neck, hip = positions[:, BODY25.index("neck")], positions[:, BODY25.index("mid_hip")]
    up = neck - hip
    left = positions[:, BODY25.index("shoulder_l")] - positions[:, BODY25.index("shoulder_r")]
    forward = np.cross(left, up)
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True) + 1e-9
    trunk = np.linalg.norm(up, axis=-1, keepdims=True)
    if part in ("eye", "ear") or name == "nose":
        return neck + 0.33 * up + 0.15 * trunk * forward
    if part in ("big_toe", "small_toe", "heel"):
        ankle, knee = positions[:, BODY25.index(f"ankle_{side}")], positions[:, BODY25.index(f"knee_{side}")]
        down = (ankle - knee) / (np.linalg.norm(ankle - knee, axis=-1, keepdims=True) + 1e-9)
        ahead = forward - np.sum(forward * down, axis=-1, keepdims=True) * down
        return ankle + trunk * (0.14 * down + (-0.15 if part == "heel" else 0.35) * ahead)
    return None


def human_size(body25: Array) -> float:
    """Factor that brings a character of any size to that of a person, 1 for whoever is already; (T, 25, 3) finite.

    Models know people whose legs are 0.77 to 0.91 m long. A toy, an ogre and a rig in centimetres move as a person of the
    nearest size would.
    """
    length = leg_length(body25)
    return float(np.clip(length, *_LEGS_M)) / length if length > 0 else 1.0


def model_times(frames: int, fps: float, model_fps: float) -> Array:
    """Times in seconds from the first frame of a clip at a model's frame rate, the clip's last instant included by holding it."""
    times = resample_times(frames, fps, model_fps)
    return times if times[-1] >= (frames - 1) / fps - 1e-9 else np.append(times, times[-1] + 1 / model_fps)


def model_keypoints(keypoints: Keypoints, fps: float) -> Array:
    """(T', 25, 3) metres at a model's frame rate and of human size, the clip's last instant included by holding it."""
    times = model_times(len(keypoints), keypoints.fps, fps)
    size = human_size(keypoints.positions)
    positions = interpolate(keypoints.positions, keypoints.fps, times)
    return positions if size == 1.0 else positions * size


def predict(clip: Motion | Keypoints, model: Model | None = None, *, hmap: HumanoidMap | None = None) -> Activation:
    """Muscle activation of a clip.

    Args:
        clip: any humanoid motion, or keypoints of any layout that maps to BODY_25.
        model: a model with an encoder; the shipped default if None.
        hmap: which joints are which, where the names do not tell.

    Returns:
        Activation with the clip's frame count, frame rate and start time.

    Raises:
        MotionError, SkeletonError: the clip is no humanoid, or a limb joint is never seen.
        ContractError: the model has no encoder or does not fit its contract.
    """
    model = model or load_model()
    keypoints = standing_keypoints(clip, hmap)
    return predict_keypoints(keypoints, model)


def predict_keypoints(keypoints: Keypoints, model: Model) -> Activation:
    """Activation of finite BODY_25 keypoints; see `predict`."""
    fps = model.contract.fps
    positions = model_keypoints(keypoints, fps)
    assert keypoints.confidence is not None
    confidence = interpolate(keypoints.confidence, keypoints.fps, np.arange(len(positions)) / fps)
    values, deviation = model.encode(positions, confidence)
    times = np.arange(len(keypoints)) / keypoints.fps
    return Activation(
        interpolate(values, fps, times),
        model.contract.muscles,
        keypoints.fps,
        start=keypoints.start,
        reference=f"predicted by {model.name}",
        uncertainty=None if deviation is None else interpolate(deviation, fps, times),
        provenance={"model": model.name, "model_version": model.contract.raw.get("version"), "model_fps": fps},
    )
