"""Motion files that cannot be used, each with what has to be said of it."""

import json
from pathlib import Path

import numpy as np

from agonist.activation import Activation
from agonist.humanoid import body25_from_motion, humanoid_skeleton
from agonist.io import bvh, npz
from agonist.keypoint_layouts import BODY25
from agonist.motion import Motion
from agonist.muscles import muscle_set
from agonist.rotations import identity
from agonist.skeleton import Skeleton
from tests.clips import exercise


def _still(skeleton: Skeleton, frames: int = 30) -> Motion:
    return Motion(skeleton, identity(frames, len(skeleton)), np.zeros((frames, 3)), 30.0)


def _quadruped() -> Motion:
    names = ["Hips", "Spine", "Neck", "Head", "Tail"]
    parents, offsets = [-1, 0, 1, 2, 0], [(0, 0, 0.5), (0, -0.4, 0), (0, -0.2, 0.2), (0, -0.1, 0.1), (0, 0.3, 0)]
    for leg, parent, y in (("Front", 1, 0.0), ("Hind", 0, 0.0)):
        for side, x in (("L", 0.1), ("R", -0.1)):
            for depth, part in enumerate(("Upper", "Lower", "Paw")):
                parents.append(parent if depth == 0 else len(names) - 1)
                names.append(f"{leg}{part}_{side}")
                offsets.append((x if depth == 0 else 0, y, -0.2 if depth else 0))
    return _still(Skeleton(tuple(names), tuple(parents), np.array(offsets)))


def _legless() -> Motion:
    whole = humanoid_skeleton(1.75)
    kept = [k for k, name in enumerate(whole.names) if not any(part in name.lower() for part in ("hip_", "knee", "ankle", "toe"))]
    parents = tuple(kept.index(whole.parents[k]) if whole.parents[k] >= 0 else -1 for k in kept)
    return _still(Skeleton(tuple(whole.names[k] for k in kept), parents, whole.offsets[kept]))


def _edited(path: Path, change) -> None:
    bvh.write(path, exercise("Squat", 1.0))
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def _keypoints(path: Path, change) -> None:
    points = np.array(body25_from_motion(exercise("Squat", 1.0)).positions)
    np.savez(path, keypoints=change(points), fps=30.0, layout="body25")


def _never_seen(points):
    points[:, BODY25.index("knee_l")] = np.nan
    return points


def _nan_number(text: str) -> str:
    head, _, rows = text.partition("Frame Time:")
    lines = rows.split("\n")
    lines[3] = "nan" + lines[3][lines[3].index(" ") :]
    return head + "Frame Time:" + "\n".join(lines)


def _zero_frames(text: str) -> str:
    head, _, rows = text.partition("Frames:")
    return f"{head}Frames: 0\n{rows.splitlines()[1]}\n"


def _activation(path: Path) -> None:
    npz.write_activation(path, Activation(np.zeros((9, 8)), muscle_set("mia8"), 30.0))


def _folder(path: Path) -> None:
    path.mkdir()


# File name -> (how to make it, what the message has to hold).
BAD_MOTIONS = {
    "missing.bvh": (lambda path: None, "no such file"),
    "folder.bvh": (_folder, "a folder without .json files"),
    "empty.bvh": (lambda path: path.write_bytes(b""), "empty file"),
    "truncated.bvh": (lambda path: _edited(path, lambda text: text[: 3 * len(text) // 4]), "Expected"),
    "cut-in-hierarchy.bvh": (lambda path: _edited(path, lambda text: text[:700]), "Expected"),
    "nan.bvh": (lambda path: _edited(path, _nan_number), "NaN or infinity. Expected finite numbers"),
    "zero-frames.bvh": (lambda path: _edited(path, _zero_frames), "zero frames. Expected at least one"),
    "binary.bvh": (lambda path: path.write_bytes(bytes(range(256)) * 9), "Expected"),
    "quadruped.bvh": (lambda path: bvh.write(path, _quadruped()), "FrontUpper_L"),
    "legless.bvh": (lambda path: bvh.write(path, _legless()), "hip"),
    "never-seen.npz": (lambda path: _keypoints(path, _never_seen), "never seen in the clip: knee_l"),
    "all-nan.npz": (lambda path: _keypoints(path, lambda points: points * np.nan), "NaN"),
    "no-frames.npz": (lambda path: _keypoints(path, lambda points: points[:0]), "zero frames"),
    "wrong-shape.npz": (lambda path: _keypoints(path, lambda points: points[:, :11]), "(T, 25, 3)"),
    "activation.npz": (_activation, "activation"),
    "words.npz": (lambda path: path.write_text("no archive"), "no archive, or one cut short. Expected"),
    "no-skeleton.amc": (lambda path: path.write_text(":DEGREES\n1\nroot 0 0 0 0 0 0\n"), "ASF"),
    "words.c3d": (lambda path: path.write_text("words " * 500), "C3D"),
    "words.trc": (lambda path: path.write_text("words " * 500), "PathFileType"),
    "words.txt": (lambda path: path.write_text("words " * 500), "DeepMimic"),
    "list.json": (lambda path: path.write_text("[1, 2, 3]"), "Expected"),
    "pixels.json": (
        lambda path: path.write_text(json.dumps({"people": [{"pose_keypoints_2d": [1.0, 2, 0.9] * 25}]})), "pose_keypoints_3d"
    ),
    "motion.xyz": (lambda path: path.write_text("words"), "one of .bvh, .amc"),
    "motion": (lambda path: path.write_text("words"), "one of .bvh, .amc"),
}  # fmt: skip
