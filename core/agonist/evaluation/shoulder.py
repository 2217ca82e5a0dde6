"""A real arm that moves a box (pyomeca_shoulder/): the only recording with EMG of biceps and latissimus.

Markers are on the right arm, the trunk and the pelvis, so less is known than a simulation needs. The left arm is taken as the
mirror image of the right one, for both hands hold the box; the legs stand straight below the hips. What the box weighs is not
known: the simulated hands carry nothing. This can show that nothing is badly wrong, and no more.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.body import Person, simulate
from agonist.body.simulation import EMG_DELAY_S
from agonist.humanoid import ANKLE_HEIGHT, HIP_HEIGHT, KNEE_HEIGHT, SHOULDER_HEIGHT
from agonist.io import c3d
from agonist.keypoint_layouts import BODY25
from agonist.metrics import pearson_r
from agonist.motion import Keypoints
from agonist.predict import standing_keypoints
from agonist.signals.envelope import emg_envelope

__all__ = ["box_clip", "evaluate_shoulder"]

Array = NDArray[np.float64]

# Muscle -> channel of the recording, and the model's muscles of the right arm.
CHANNELS = {
    "biceps": ("Biceps.EMG4", ("BIClong", "BICshort")),
    "latissimus": ("Gd_dors.IM EMG13", ("LAT1", "LAT2", "LAT3")),
    "deltoid, anterior": ("Delt_ant.EMG1", ("DELT1",)),
    "deltoid, middle": ("Delt_med.EMG2", ("DELT2",)),
    "deltoid, posterior": ("Delt_post.EMG3", ("DELT3",)),
    "triceps": ("Triceps.EMG5", ("TRIlong", "TRIlat", "TRImed")),
    "pectoralis": ("Pec.IM EMG12", ("PECM1", "PECM2", "PECM3")),
}
# Nobody wrote down who she was.
PERSON = Person(mass_kg=60.0, sex="female")
_SUBJECT = "Daphnee:"
_EDGE_S = 0.3


def evaluate_shoulder(data: Path) -> dict[str, Any]:
    """Simulate the arm and compare with its EMG.

    Args:
        data: folder with pyomeca_shoulder/markers_analogs.c3d.

    Returns:
        fit of elbow and wrist, and for each muscle r with its envelope, at once and EMG_DELAY_S later, and peak activation.
        Raises FileFormatError.
    """
    path = data / "pyomeca_shoulder" / "markers_analogs.c3d"
    result = simulate(box_clip(c3d.read(path)), PERSON)
    raw, rate = c3d.read_analog(path, [channel for channel, _ in CHANNELS.values()])
    envelopes = emg_envelope(raw, rate)
    fps = result.activation.fps
    times = np.arange(len(result.activation)) / fps
    inside = (times >= _EDGE_S) & (times <= times[-1] - _EDGE_S)
    rows = {}
    for column, (name, (_, parts)) in enumerate(CHANNELS.items()):
        index = [result.model_muscles.index(part) for part in parts]
        activation = result.smoothed_model_activation[:, index] @ result.model_force_n[index] / result.model_force_n[index].sum()
        measured = [np.interp(times - delay, np.arange(len(raw)) / rate, envelopes[:, column]) for delay in (0.0, EMG_DELAY_S)]
        at_once, delayed = (float(pearson_r(activation[inside, None], one[inside, None])[0]) for one in measured)
        rows[name] = {"r": at_once, "r_delayed": delayed, "peak": float(activation[inside].max())}
    return {
        "data": "real recording; activation simulated from the motion alone, without the box",
        "assumed": "60 kg, female; left arm the mirror image of the right; legs straight; nothing in the hands",
        "seconds": float(times[inside][-1] - times[inside][0]),
        "keypoint_error_mm": 1000 * float(result.keypoint_error_m[inside].mean()),
        "reserve_share": float(result.reserve_share[inside].mean()),
        "residual_body_weights": float(result.residual_share[inside].mean()),
        "flags": list(result.flags),
        "muscles": rows,
    }


def box_clip(markers: Keypoints) -> Keypoints:
    """BODY_25 keypoints (metres) of the person with the box: right arm and trunk as measured, the rest as the module says."""
    filled = markers.filled()

    def at(*names: str) -> Array:
        return np.mean([filled.positions[:, filled.layout.index(f"{_SUBJECT}{name}")] for name in names], axis=0)

    hips = _hips(at("ASISr"), at("ASISl"), at("PSISr"), at("PSISl"))
    axes = _axes(hips["l"] - hips["r"], at("T1", "STER") - at("PSISr", "PSISl"))
    middle = (hips["l"] + hips["r"]) / 2
    # Rab, Petuskey & Bagley (2002): the joint lies below the tip of the acromion by 0.17 of the distance between the acromia.
    half = np.abs(np.sum((at("ACRO_tip") - at("T1", "STER")) * axes[:, 0], axis=1, keepdims=True))
    shoulder = at("ACRO_tip") - 0.17 * 2 * half * axes[:, 2]
    arm = {"shoulder": shoulder, "elbow": at("EPICl", "EPICm"), "wrist": at("STYLr", "STYLu")}
    points = np.full((len(filled), len(BODY25.names), 3), np.nan)

    def put(name: str, place: Array) -> None:
        points[:, BODY25.index(name)] = place

    for part, place in arm.items():
        put(f"{part}_r", place)
        across = np.sum((place - at("T1", "STER")) * axes[:, 0], axis=1, keepdims=True) * axes[:, 0]
        put(f"{part}_l", place - 2 * across)
    neck = (points[:, BODY25.index("shoulder_l")] + points[:, BODY25.index("shoulder_r")]) / 2
    put("neck", neck)
    put("mid_hip", middle)
    height = float(np.median(np.linalg.norm(neck - middle, axis=1))) / (SHOULDER_HEIGHT - HIP_HEIGHT)
    for side in "lr":
        put(f"hip_{side}", hips[side])
        below = np.median(hips[side], axis=0)
        foot = below - [0.0, 0.0, (HIP_HEIGHT - ANKLE_HEIGHT) * height]
        share = (HIP_HEIGHT - KNEE_HEIGHT) / (HIP_HEIGHT - ANKLE_HEIGHT)
        put(f"ankle_{side}", np.tile(foot, (len(filled), 1)))
        put(f"knee_{side}", hips[side] + share * (foot - hips[side]))
    return standing_keypoints(Keypoints(points, BODY25, filled.fps))


def _axes(left: Array, up: Array) -> Array:
    """(T, 3, 3) unit vectors to the left, forward and up; left is made square to up."""
    up = up / np.linalg.norm(up, axis=1, keepdims=True)
    left = left - np.sum(left * up, axis=1, keepdims=True) * up
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    return np.stack([left, np.cross(left, up), up], axis=1)


def _hips(asis_r: Array, asis_l: Array, psis_r: Array, psis_l: Array) -> dict[str, Array]:
    """Hip joint centres (T, 3) from four points of the pelvis (Harrington et al. 2007, regressions in mm)."""
    front, back = (asis_r + asis_l) / 2, (psis_r + psis_l) / 2
    left = asis_l - asis_r
    width, depth = (np.linalg.norm(one, axis=1, keepdims=True) for one in (left, front - back))
    left = left / width
    ahead = front - back
    ahead = ahead - np.sum(ahead * left, axis=1, keepdims=True) * left
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    up = np.cross(ahead, left)
    middle = front + (-0.24 * depth - 0.0099) * ahead + (-0.30 * width - 0.0109) * up
    return {"l": middle + (0.33 * width + 0.0073) * left, "r": middle - (0.33 * width + 0.0073) * left}
