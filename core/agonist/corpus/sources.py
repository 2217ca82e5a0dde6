"""Real motion capture as material for the corpus: clips on other people's bodies, mirrored, and varied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist import io
from agonist.edit_joints import EDIT_JOINTS, accumulated, apply_to_keypoints, apply_to_motion
from agonist.feet import plant_feet, planted
from agonist.humanoid import body25_from_motion, body_height_m, map_humanoid
from agonist.keypoint_layouts import BODY25
from agonist.motion import Motion
from agonist.muscles import muscle_set
from agonist.skeleton import Skeleton

__all__ = ["MOCAP_CLIPS", "MOCAP_TEST", "load_clip", "mirror_activation", "mirror_keypoints", "resize", "vary"]

Array = NDArray[np.float64]

# Clips on two feet on flat ground, beside each other in the folder of real recordings. The contact model knows soles only,
# so a clip is left out if a sole is ever the body's lowest point at more than 0.25 m over the floor (flight: both backflips,
# sideflip, spin, spinkick, cart, cartwheel) or if the nose comes below 0.9 m (on the ground: crawl, roll, both get-ups).
MOCAP_CLIPS: tuple[str, ...] = (
    *(f"cmu02/02_{n:02d}.amc" for n in range(1, 11)),
    *(f"mass_bvh/{name}.bvh" for name in ("walk", "run", "kick", "balance", "dance", "pirouette")),
    *(f"deepmimic/humanoid3d_{name}.txt" for name in (
        "walk", "jog", "run", "jump", "kick", "punch", "dance_a", "dance_b", "dance_spin", "stealthy_walk", "zombie_walk")),
)  # fmt: skip
# Held out before anything was looked at, by name: a walk, a manual task, a kick and a dance of each source that has one.
MOCAP_TEST: tuple[str, ...] = (
    "cmu02/02_02.amc", "cmu02/02_10.amc", "mass_bvh/kick.bvh", "mass_bvh/dance.bvh",
    "deepmimic/humanoid3d_walk.txt", "deepmimic/humanoid3d_kick.txt", "deepmimic/humanoid3d_dance_a.txt",
)  # fmt: skip


def load_clip(path: Path) -> Motion:
    """A clip of real mocap. Raises FileFormatError."""
    clip = io.read(path)
    assert isinstance(clip, Motion)
    return clip


def resize(motion: Motion, height_m: float) -> Motion:
    """The same motion on a body of another height: bones and path scale alike. Raises SkeletonError."""
    factor = height_m / body_height_m(motion.skeleton, map_humanoid(motion.skeleton))
    old = motion.skeleton
    skeleton = Skeleton(old.names, old.parents, old.offsets * factor, {name: end * factor for name, end in old.end_sites.items()})
    local = None if motion.local_positions is None else motion.local_positions * factor
    return replace(motion, skeleton=skeleton, root_position=motion.root_position * factor, local_positions=local)


def vary(motion: Motion, rng: np.random.Generator, amount: float) -> Motion:
    """A neighbour of a motion: slow random turns of every edit joint, feet planted again.

    Recommended motions lie beside what people do; a model that only ever saw exercises would have to guess there.
    `amount` is the standard deviation of the turns in radians.
    """
    hmap = map_humanoid(motion.skeleton)
    times = np.arange(len(motion)) / motion.fps
    rate = rng.uniform(0.1, 0.9, (len(EDIT_JOINTS), 3, 1))
    waves = np.sin(2 * np.pi * rate * times + rng.uniform(0, 2 * np.pi, rate.shape)) + rng.normal(0, 0.7, rate.shape)
    share = np.array([0.35 if name in ("pelvis", "spine") else 0.2 if name == "neck" else 1.0 for name in EDIT_JOINTS])
    rotvec = amount * share[None, :, None] * rng.normal(0, 1, (1, len(EDIT_JOINTS), 3)) * waves.transpose(2, 0, 1)
    root = amount * 0.1 * rng.normal(0, 1, 3) * np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * times)[:, None]
    before = body25_from_motion(motion, hmap).positions
    moved = apply_to_keypoints(before, rotvec, root)
    total = accumulated(rotvec)
    foot = np.stack([total[:, EDIT_JOINTS.index(f"ankle_{side}")] for side in "lr"], axis=1)
    foot_rotvec, foot_root = plant_feet(before, moved, foot, planted(before, motion.fps), motion.fps)
    return apply_to_motion(apply_to_motion(motion, hmap, rotvec, root), hmap, foot_rotvec, foot_root)


def mirror_keypoints(keypoints: Array) -> Array:
    """(T, 25, 3) as seen in a mirror: x negated, left and right exchanged."""
    return keypoints[:, BODY25.mirrored] * np.array([-1.0, 1.0, 1.0])


def mirror_activation(values: Array) -> Array:
    """(T, 8) of mia8 with left and right exchanged."""
    return values[:, muscle_set("mia8").mirrored]
