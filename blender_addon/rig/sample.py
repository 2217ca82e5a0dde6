"""Sample: an animated armature becomes a Motion. Every frame is evaluated once for all bones, or none where the keys say it all."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from agonist import rotations
from agonist.bone_map import RigFit
from agonist.errors import MotionError
from agonist.motion import Motion
from agonist.skeleton import Skeleton

from ..compat import fcurves_of
from ..curve_keys import digest_keys, key_range
from ..steps import Steps
from ..translate import rpt
from .alone import fewer_bones, lone_scene
from .frames import bone_names
from .keyed import keyed_poses
from .keys import animated_beside, rotation_name
from .playing import active_action
from .rate import scene_rate

__all__ = [
    "Sample", "at_each_frame", "bone_matrices", "check_scale", "clip_of", "clip_range", "motion_of", "places_of", "posed",
    "sampled_armature", "stamp_of",
]  # fmt: skip

# Scales may differ by this share before they count as uneven [ours].
_SCALE_TOLERANCE = 1e-3
# Eleven minutes at 30 frames a second; more would take minutes of evaluating [ours].
MOST_FRAMES = 20_000


@dataclass(frozen=True)
class Sample:
    """A sampled armature.

    Attributes:
        motion: in the world, house axes, metres.
        names: bone of each joint.
        first_frame: scene frame of the Motion's first frame.
        object_world: (T, 4, 4) the armature object's own matrix, which may be animated too.
    """

    motion: Motion
    names: tuple[str, ...]
    first_frame: int
    object_world: np.ndarray


def sampled_armature(armature: bpy.types.Object, frame_range: tuple[int, int] | None = None) -> Steps[Sample]:
    """An armature's pose at every frame of its action (or of `frame_range`, last frame included).

    Constraints, drivers and IK are evaluated. The current frame is restored. Raises SkeletonError without bones, MotionError
    without animation, in Rest Position, and for an object that is scaled unevenly, mirrored, or scaled over time.
    """
    names = bone_names(armature)
    first, last = clip_range(armature, frame_range)
    bones = armature.data.bones
    index = {name: k for k, name in enumerate(names)}
    parents = tuple(index[bones[name].parent.name] if bones[name].parent else -1 for name in names)
    world, pose = yield from posed(armature, names, np.arange(first, last + 1))
    return Sample(motion_of(armature, names, parents, pose, world, first), tuple(names), first, world)


def posed(armature: bpy.types.Object, names: Sequence[str], frames: np.ndarray) -> Steps[tuple[np.ndarray, np.ndarray]]:
    """The object's matrices (T, 4, 4) and the bones' in its space (T, B, 4, 4), at frames that need not be whole."""
    keyed = keyed_poses(armature, names, frames)
    if keyed is not None:
        return keyed.object_world, keyed.pose[:, keyed.places(names)]
    world, pose = np.empty((len(frames), 4, 4)), np.empty((len(frames), len(names), 4, 4))
    order: list[int] = []
    with fewer_bones(armature, names) as data:
        for row, evaluated in enumerate(at_each_frame(armature, frames, data)):
            order = order or places_of(evaluated, names)
            world[row] = np.array(evaluated.matrix_world)
            pose[row] = bone_matrices(evaluated.pose.bones, "matrix")[order]
            yield (row + 1) / len(frames)
    return world, pose


def places_of(armature: bpy.types.Object, names: Iterable[str]) -> list[int]:
    """Where bones stand among an armature's."""
    place = {bone.name: k for k, bone in enumerate(armature.pose.bones)}
    return [place[name] for name in names]


def bone_matrices(bones: bpy.types.bpy_prop_collection, name: str) -> np.ndarray:
    """(B, 4, 4) a matrix property of all bones, read in one go, which takes a tenth of the time."""
    flat = np.empty(16 * len(bones), dtype=np.float32)
    bones.foreach_get(name, flat)
    # Blender keeps columns first.
    return flat.reshape(-1, 4, 4).transpose(0, 2, 1)


def clip_range(armature: bpy.types.Object, frame_range: tuple[int, int] | None = None) -> tuple[int, int]:
    """First and last frame of the armature's action, or `frame_range` if it can be sampled. Raises MotionError."""
    if armature.data.pose_position == "REST":
        raise MotionError(rpt(
            "Armature '{name}' is in Rest Position, so nothing moves; choose Pose Position in its data properties.", name=armature.name
        ))  # fmt: skip
    render = bpy.context.scene.render
    if render.frame_map_old != render.frame_map_new:
        raise MotionError(rpt(
            "Time Stretching plays frame {old} at {new}, so keys would not lie where they play; "
            "give both the same number in the Output properties.", old=render.frame_map_old, new=render.frame_map_new,
        ))  # fmt: skip
    if frame_range is None:
        action = active_action(armature)
        if not any(len(curve.keyframe_points) for curve in fcurves_of(armature, action)):
            raise MotionError(rpt(
                "Action '{action}' has no keys for '{name}', so nothing moves; animate it first.", action=action.name, name=armature.name
            ))  # fmt: skip
        frame_range = clip_of(armature, action)
    first, last = frame_range
    if last < first:
        raise MotionError(rpt(
            "Frames {first} to {last} of '{name}' hold nothing; the last frame must not precede the first.",
            first=first, last=last, name=armature.name,
        ))  # fmt: skip
    if last - first >= MOST_FRAMES:
        raise MotionError(rpt(
            "Frames {first} to {last} of '{name}' are {count}; at most {most} can be taken. "
            "Is a key far from the others? Move it, or set a Manual Frame Range on the action.",
            first=first, last=last, name=armature.name, count=last - first + 1, most=MOST_FRAMES,
        ))  # fmt: skip
    return first, last


def clip_of(armature: bpy.types.Object, action: bpy.types.Action) -> tuple[int, int]:
    """First and last frame of an action, as far as it moves this armature."""
    first, last = action.frame_range
    if not action.use_frame_range and len(getattr(action, "slots", ())) > 1:
        own = key_range(armature, action)
        # Others may play longer in the same action.
        first, last = own if own[0] <= own[1] else (first, last)
    return round(first), round(last)


def at_each_frame(
    armature: bpy.types.Object, frames: Iterable[float], data: bpy.types.Armature | None = None
) -> Iterator[bpy.types.Object]:
    """The evaluated armature, with no more bones than `data` of `fewer_bones`, at frames that need not be whole.

    The frame that was current comes back afterwards.
    """
    with lone_scene(armature, data) as alone:
        before = alone.scene.frame_current_final
        try:
            for frame in frames:
                alone.go_to(frame)
                yield alone.evaluated()
        finally:
            if alone.scene == bpy.context.scene:
                alone.scene.frame_set(math.floor(before), subframe=before - math.floor(before))


def motion_of(
    armature: bpy.types.Object, names: Sequence[str], parents: Sequence[int], pose: np.ndarray, world: np.ndarray, first: int
) -> Motion:
    """Evaluated bones as a Motion in the world.

    Args:
        armature: whose rest pose it is.
        names, parents: of the joints; a parent need not be the bone's own.
        pose: (T, J, 4, 4) in the armature's space.
        world: (T, 4, 4) the armature object's own matrix.
        first: scene frame of the first of them.

    Raises MotionError for an object that `check_scale` refuses.
    """
    check_scale(armature.name, world)
    rest = world[0] @ np.array([np.array(armature.data.bones[name].matrix_local) for name in names])
    rest_positions = rest[:, :3, 3]
    matrices = world[:, None] @ pose
    turned = rotations.multiply(rotations.from_matrix(_pure(matrices)), rotations.conjugate(rotations.from_matrix(_pure(rest))))
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
    fps = scene_rate(bpy.context.scene)
    return Motion(
        Skeleton(tuple(names), tuple(parents), offsets), rotations.normalize(local), positions[:, 0], fps,
        start=(first - 1) / fps, local_positions=places if sliding else None, provenance={"armature": armature.name},
    )  # fmt: skip


def stamp_of(armature: bpy.types.Object, action: bpy.types.Action, rig: RigFit) -> str:
    """Fingerprint of what `sampled_rig` would see of an action: what was made from another one is stale.

    It is a hash of keys, rest pose and names, so it outlives a saved file, and an undo brings the former one back. Neither what the
    armature is called nor where it stands counts.
    """
    scene = bpy.context.scene
    about = (clip_of(armature, action), scene.render.fps, scene.render.fps_base, _said(rig, armature))
    digest = hashlib.blake2b(repr(about).encode(), digest_size=12)
    digest.update(_rest(armature))
    digest_keys(digest, armature, action)
    paths = {curve.data_path for curve in fcurves_of(armature, action)}
    # What is animated is another at every frame.
    paths |= {path for path, _ in animated_beside(armature)}
    digest.update(repr([tuple(getattr(armature, name)) for name in (rotation_name(armature), "scale") if name not in paths]).encode())
    return digest.hexdigest()


def _rest(armature: bpy.types.Object) -> bytes:
    """The rest pose, and how bones take over from each other."""
    bones = armature.data.bones
    said = [(bone.use_inherit_rotation, bone.use_local_location, bone.use_connect, bone.inherit_scale) for bone in bones]
    modes = [bone.rotation_mode for bone in armature.pose.bones]
    return bone_matrices(bones, "matrix_local").tobytes() + repr((said, modes)).encode()


def _said(rig: RigFit, armature: bpy.types.Object) -> object:
    """What decides which bone moves what, in one order."""
    tables = [sorted(table.items()) for table in (rig.joints, rig.controls, rig.ik)]
    return tables, [(bone.name, one.type) for bone in armature.pose.bones for one in bone.constraints if not one.mute]


def check_scale(name: str, world: np.ndarray) -> None:
    """Raise MotionError if bone lengths are not the same in every direction and at every frame of (T, 4, 4)."""
    scales = np.linalg.norm(world[:, :3, :3], axis=1)
    if scales.min() < 1e-9:
        raise MotionError(rpt(
            "Armature '{name}' is scaled to nothing, or hangs on something that is. Expected one scale above 0 for all axes and frames.",
            name=name,
        ))  # fmt: skip
    if np.linalg.det(world[0, :3, :3]) < 0:
        raise MotionError(rpt(
            "Armature '{name}' is mirrored: a scale of it, or of what it hangs on, is negative; apply it with Object > Apply > Scale.",
            name=name,
        ))  # fmt: skip
    if np.ptp(scales) > _SCALE_TOLERANCE * scales.mean():
        raise MotionError(rpt(
            "Armature '{name}' is scaled by {smallest:.3g} to {largest:.3g}. "
            "Expected one scale for all axes and frames; apply it with Object > Apply > Scale.",
            name=name, smallest=scales.min(), largest=scales.max(),
        ))  # fmt: skip


def _pure(matrices: np.ndarray) -> np.ndarray:
    """Rotation part of (..., 4, 4), scale removed."""
    linear = matrices[..., :3, :3]
    return linear / np.linalg.norm(linear, axis=-2, keepdims=True)
