"""Sample: an animated armature becomes a Motion. Every frame is evaluated once for all bones."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from agonist import rotations
from agonist.errors import MotionError
from agonist.motion import Motion
from agonist.skeleton import Skeleton

from .frames import bone_names

__all__ = ["Sample", "sample_armature"]


@dataclass(frozen=True)
class Sample:
    """A sampled armature.

    Attributes:
        motion: in the world, house axes, metres.
        names: bone of each joint.
        first_frame: scene frame of the Motion's first frame.
    """

    motion: Motion
    names: tuple[str, ...]
    first_frame: int


def sample_armature(armature: bpy.types.Object, frame_range: tuple[int, int] | None = None) -> Sample:
    """Evaluate an armature's pose at every frame of its action (or of `frame_range`, last frame included).

    Constraints, drivers and IK are evaluated. The current frame is restored. Raises SkeletonError without bones, MotionError
    without animation.
    """
    names = bone_names(armature)
    scene = bpy.context.scene
    if frame_range is None:
        data = armature.animation_data
        if data is None or data.action is None:
            raise MotionError(f"Armature '{armature.name}' has no action; import a motion or animate it first.")
        start, end = (round(value) for value in data.action.frame_range)
        frame_range = (start, end)
    first, last = frame_range
    if last < first:
        raise MotionError(f"Frames {first} to {last} of '{armature.name}' hold nothing; the last frame must not precede the first.")
    bones = armature.data.bones
    index = {name: k for k, name in enumerate(names)}
    parents = tuple(index[bones[name].parent.name] if bones[name].parent else -1 for name in names)
    before = scene.frame_current_final
    try:
        pose, world = _evaluate(armature, names, first, last)
    finally:
        scene.frame_set(int(before), subframe=before - int(before))
    rest = world[0] @ np.array([np.array(bones[name].matrix_local) for name in names])
    rest_positions = rest[:, :3, 3]
    rest_rotation = rotations.from_matrix(_pure(rest))
    matrices = world[:, None] @ pose
    turned = rotations.multiply(rotations.from_matrix(_pure(matrices)), rotations.conjugate(rest_rotation))
    positions = matrices[..., :3, 3]
    local, places = np.empty_like(turned), np.empty_like(positions)
    for joint, parent in enumerate(parents):
        if parent < 0:
            local[:, joint], places[:, joint] = turned[:, joint], positions[:, joint]
        else:
            inverse = rotations.conjugate(turned[:, parent])
            local[:, joint] = rotations.multiply(inverse, turned[:, joint])
            places[:, joint] = rotations.rotate(inverse, positions[:, joint] - positions[:, parent])
    offsets = rest_positions - np.where(np.array(parents)[:, None] >= 0, rest_positions[list(parents)], 0.0)
    sliding = np.abs(places[:, 1:] - offsets[1:]).max() > 1e-5 if len(names) > 1 else False
    fps = scene.render.fps / scene.render.fps_base
    motion = Motion(
        Skeleton(tuple(names), parents, offsets), rotations.normalize(local), positions[:, 0], fps,
        start=(first - 1) / fps, local_positions=places if sliding else None, provenance={"armature": armature.name},
    )  # fmt: skip
    return Sample(motion, tuple(names), first)


def _evaluate(armature: bpy.types.Object, names: list[str], first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Pose matrices (T, J, 4, 4) in the armature's space and the object's own (T, 4, 4)."""
    scene = bpy.context.scene
    pose = np.empty((last - first + 1, len(names), 4, 4))
    world = np.empty((last - first + 1, 4, 4))
    for row, frame in enumerate(range(first, last + 1)):
        scene.frame_set(frame)
        evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        world[row] = np.array(evaluated.matrix_world)
        for joint, name in enumerate(names):
            pose[row, joint] = evaluated.pose.bones[name].matrix
    return pose, world


def _pure(matrices: np.ndarray) -> np.ndarray:
    """Rotation part of (..., 4, 4), scale removed."""
    linear = matrices[..., :3, :3]
    return linear / np.linalg.norm(linear, axis=-2, keepdims=True)
