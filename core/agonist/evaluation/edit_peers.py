"""Three ways to edit, on the same clips with the same requests: the amortised editor, the paper's decode, gradient descent.

The decode is D(scaled E(x)) of "Muscles in Action" (Chiquier & Vondrick 2023): a new pose from muscles alone. It knows neither
place nor heading, so it is given the input's. All edits are compared at its 10 frames a second and judged by two encoders, and
by physics if wished: a simulation of a person, with a cost of effort, that no training data used (`verify.JUDGE`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.edit import EditSession, prepare_edit
from agonist.edit_goal import reached_log2
from agonist.edit_joints import KEYPOINT_BONES, apply_to_keypoints
from agonist.edit_protocol import SCALES, with_joints
from agonist.errors import ContractError, MissingDependencyError, MotionError
from agonist.feet import planted
from agonist.keypoint_layouts import BODY25
from agonist.model import Model
from agonist.motion import Keypoints, Motion, interpolate
from agonist.predict import model_keypoints, predict_keypoints, standing_keypoints
from agonist.revision import model_origin, source_commit

__all__ = ["METHODS", "compare_edits"]

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]
# Positions (T, 25, 3) to activation (T, M).
Judge = Callable[[Array], Array]

METHODS = ("amortised editor", "decode of the paper", "gradient descent")
COMPARED_FPS = 10.0
_SOLES = [[BODY25.index(f"{name}_{side}") for name in ("heel", "big_toe")] for side in "lr"]


def compare_edits(
    clips: Mapping[str, Motion | Keypoints],
    model: Model,
    paper: Model,
    *,
    steps: int = 60,
    physics: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Ask every method for every muscle at every scale of `edits.SCALES`, on every clip.

    Args:
        clips: motions on a skeleton, at least 3.2 s long.
        model: has an encoder and an editor.
        paper: has an encoder and a decoder.
        steps: of gradient descent.
        physics: let a simulation judge too (minutes).
        progress: share done and what is being done.

    Returns:
        a document: commit, and the models' corpora; by method, and by judge, the share that went the right way, the median miss of
        the factor in log2, and drift of the other muscles; distance, skate of planted feet, jerk and change of bone lengths
        against the input, what becomes of the input where nothing is asked, and milliseconds an edit.

    Raises:
        MotionError: a clip without joints, or a short one. ContractError: a model without these parts. MissingDependencyError: no torch.
    """
    for one, parts in ((model, ("encoder", "editor")), (paper, ("encoder", "decoder"))):
        missing = [part for part in parts if not one.has(part)]
        if missing:
            raise ContractError(f"{one.folder}: has no {missing[0]}. Expected a model with {' and '.join(parts)}.")
    if paper.contract.dimensions != 3:
        raise ContractError(f"{paper.folder}: its decoder answers in {paper.contract.dimensions} dimensions. Expected 3.")
    try:
        from agonist.training.descent import descend
        from agonist.training.weights import encoder_twin
    except ImportError as error:
        raise MissingDependencyError(error.name or "torch", "train", "Gradient descent through the encoder") from error
    encoder = encoder_twin(model)
    names = model.contract.muscles.names
    requests = [(m, scale) for m in range(len(names)) for scale in SCALES]
    log2_scales = np.zeros((len(requests) + 1, len(names)))
    for row, (m, scale) in enumerate(requests):
        log2_scales[row, m] = np.log2(scale)
    rows: dict[str, list[dict[str, Any]]] = {method: [] for method in METHODS}
    identity: dict[str, list[float]] = {method: [] for method in METHODS}
    shortest = model.contract.window / model.contract.fps
    motions = with_joints(clips)
    for label, clip in motions.items():
        if clip.duration < shortest:
            raise MotionError(f"{label}: {clip.duration:.1f} s. Expected at least {shortest:.1f} s, a window of the encoder.")
    judged_by: dict[str, Judge] = {one.name: partial(_activation, judge=one) for one in (model, paper)}
    if physics:
        judged_by["physics"] = _simulated
    for index, (label, clip) in enumerate(motions.items()):
        session = prepare_edit(clip, model=model)
        before = _sampled(session.keypoints.positions, clip.fps)
        originals = {name: judge(before) for name, judge in judged_by.items()}
        for k, method in enumerate(METHODS):
            if progress:
                progress((index + k / len(METHODS)) / len(clips), f"{label}: {method}")
            began = time.perf_counter()
            if method == METHODS[0]:
                moved = [_amortised(session, row, names) for row in log2_scales]
            elif method == METHODS[1]:
                moved = [_decoded(session, paper, row) for row in log2_scales]
            else:
                turns = descend(encoder, model_keypoints(session.keypoints, model.contract.fps), log2_scales, steps=steps)
                moved = [_turned(session, model, *pair) for pair in zip(*turns, strict=True)]
            elapsed = (time.perf_counter() - began) / len(log2_scales)
            identity[method].append(float(np.linalg.norm(moved[-1] - before, axis=-1).max()))
            rows[method] += [
                {**_moved(before, after), "ms": 1000 * elapsed,
                 "judges": {name: _judged(judge, after, originals[name], *request) for name, judge in judged_by.items()}}
                for request, after in zip(requests, moved[:-1], strict=True)
            ]  # fmt: skip
    if progress:
        progress(1.0, "done")
    return {
        "data": "activation predicted, nothing is measured", "clips": len(clips),
        "commit": source_commit(), "models": {one.name: model_origin(one) for one in (model, paper)},
        "names": list(clips), "scales": list(SCALES), "edits": len(clips) * len(requests), "descent_steps": steps,
        "fps": COMPARED_FPS, "judges": list(judged_by),
        "methods": {method: {**_summary(rows[method]), "identity_max_m": max(identity[method])} for method in METHODS},
    }  # fmt: skip


def _sampled(positions: Array, fps: float) -> Array:
    """At the compared rate, up to the last whole frame."""
    return interpolate(positions, fps, np.arange(int((len(positions) - 1) / fps * COMPARED_FPS + 1e-6) + 1) / COMPARED_FPS)


def _amortised(session: EditSession, log2_scale: Array, names: tuple[str, ...]) -> Array:
    result = session.edit({name: float(2.0**value) for name, value in zip(names, log2_scale, strict=True)})
    # In a person's size, as the input is.
    return _sampled(session.size * standing_keypoints(result.motion, session.hmap).positions, session.motion.fps)


def _decoded(session: EditSession, paper: Model, log2_scale: Array) -> Array:
    """D(scaled E(x)), turned to the input's mean heading and carried along its hips."""
    before = _sampled(session.keypoints.positions, session.motion.fps)
    activation = np.clip(_activation(before, paper) * 2.0**log2_scale, 0, 1)
    pose = paper.decode(activation)
    left = before[:, BODY25.index("hip_l"), :2] - before[:, BODY25.index("hip_r"), :2]
    cosine, sine = (left / (np.linalg.norm(left, axis=-1, keepdims=True) + 1e-9)).mean(axis=0)
    c, s = np.array([cosine, sine]) / (np.hypot(cosine, sine) + 1e-9)
    turned = pose @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]])
    return turned + before[:, [BODY25.index("mid_hip")]]


def _turned(session: EditSession, model: Model, rotvec: Array, root: Array) -> Array:
    times = np.arange(len(session.motion)) / session.motion.fps
    turns = [interpolate(one, model.contract.fps, times) for one in (rotvec, root)]
    return _sampled(apply_to_keypoints(session.keypoints.positions, *turns), session.motion.fps)


def _activation(positions: Array, judge: Model) -> Array:
    return predict_keypoints(Keypoints(positions, BODY25, COMPARED_FPS), judge).values


def _simulated(positions: Array) -> Array:
    from agonist.body import simulate
    from agonist.verify import JUDGE

    return simulate(Keypoints(positions, BODY25, COMPARED_FPS), JUDGE).activation.values


def _judged(judge: Judge, after: Array, values: Array, muscle: int, scale: float) -> dict[str, float]:
    """What one judge says of one edit; `values` (T, M) are what it said of the input."""
    now = judge(after)
    ratio = reached_log2(values, now)[muscle]
    others = [m for m in range(values.shape[1]) if m != muscle]
    wanted = np.log2(scale)
    return {
        "right": float(ratio * wanted > 0),
        "miss_log2": float(abs(ratio - wanted)),
        "drift": float(np.sqrt(((now - values)[:, others] ** 2).mean())),
    }


def _moved(before: Array, after: Array) -> dict[str, float]:
    """How far, how smoothly and with what body."""
    firm = planted(before, COMPARED_FPS) > 0.99
    skates = []
    for side, points in enumerate(_SOLES):
        # Speed along the ground of whichever of heel and toe is slower, where the input's foot stands.
        speed = np.linalg.norm(np.diff(after[:, points, :2], axis=0), axis=-1).min(axis=1) * COMPARED_FPS
        skates.append(speed[firm[1:, side] & firm[:-1, side]])
    skate = np.concatenate(skates)
    return {
        "distance_m": float(np.linalg.norm(after - before, axis=-1).mean()),
        "skate_m_s": float(skate.mean()) if skate.size else float("nan"),
        "jerk_ratio": _jerk(after) / max(_jerk(before), 1e-9),
        "bone_change": float(np.mean(np.abs(_bones(after) / _bones(before) - 1))),
    }


def _jerk(positions: Array) -> float:
    return float(np.linalg.norm(np.diff(positions, n=3, axis=0), axis=-1).mean() * COMPARED_FPS**3)


def _bones(positions: Array) -> Array:
    return np.stack([np.linalg.norm(positions[:, a] - positions[:, b], axis=-1) for a, b, _ in KEYPOINT_BONES], axis=1) + 1e-9


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    judges = {
        name: {
            "right_share": float(np.mean([row["judges"][name]["right"] for row in rows])),
            "miss_log2_median": float(np.median([row["judges"][name]["miss_log2"] for row in rows])),
            "drift": float(np.mean([row["judges"][name]["drift"] for row in rows])),
        }
        for name in rows[0]["judges"]
    }
    plain = {key: float(np.nanmean([row[key] for row in rows])) for key in ("distance_m", "skate_m_s", "jerk_ratio", "bone_change", "ms")}
    return {**plain, "judges": judges}
