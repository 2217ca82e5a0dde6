"""A known body before a known camera: what perfect pose networks would say."""

import numpy as np

from agonist import rotations
from agonist.capture.world import LAYOUT, CameraView
from agonist.humanoid import body25_from_motion
from agonist.keypoint_layouts import BODY25
from agonist.motion import Motion

VIEW = CameraView(1280, 720, 65.0)


def blazepose_from_motion(motion: Motion) -> np.ndarray:
    """(T, 33, 3) metres in the world; points that BODY_25 has not lie at their neighbours."""
    body = np.asarray(body25_from_motion(motion).positions)
    near = {
        "mouth": "nose",
        "eye_inner": "eye",
        "eye_outer": "eye",
        "pinky": "wrist",
        "index": "wrist",
        "thumb": "wrist",
        "foot_index": "big_toe",
    }
    points = np.empty((len(body), len(LAYOUT.names), 3))
    for k, name in enumerate(LAYOUT.names):
        base, _, side = name.rpartition("_")
        same = name if name in BODY25.names else near[base] + ("" if near[base] == "nose" else f"_{side}")
        points[:, k] = body[:, BODY25.index(same)]
    return points


def filmed(points: np.ndarray, *, distance: float = 4.0, height: float = 1.2, pitch_deg: float = 0.0, yaw_deg: float = 0.0):
    """Pixels (T, 33, 2) and hip-centred points (T, 33, 3) as a network that sees each person straight ahead would give them."""
    turned = rotations.rotate(rotations.from_axis_angle("z", np.deg2rad(yaw_deg)), points)
    # World to camera at (0, -distance, height), looking along +Y, tilted down by the pitch.
    x, ahead, up = turned[..., 0], turned[..., 1] + distance, turned[..., 2] - height
    c, s = np.cos(np.deg2rad(pitch_deg)), np.sin(np.deg2rad(pitch_deg))
    camera = np.stack([x, -(c * up + s * ahead), c * ahead - s * up], axis=-1)
    pixels = VIEW.focal * camera[..., :2] / camera[..., 2:] + np.array([VIEW.width / 2, VIEW.height / 2])
    hips = camera[:, [LAYOUT.index("hip_l"), LAYOUT.index("hip_r")]].mean(axis=1, keepdims=True)
    ray = hips / np.linalg.norm(hips, axis=-1, keepdims=True)
    # The shortest turn that takes the hips' ray to the optical axis.
    axis = np.cross(ray, [0.0, 0.0, 1.0])
    cosine = ray[..., 2:]
    body = camera - hips
    seen = body * cosine + np.cross(axis, body) + axis * np.sum(axis * body, axis=-1, keepdims=True) / (1 + cosine)
    return pixels, seen
