"""Take: the shown motion baked for export, every bone at every frame of the file's own rate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import bpy
import numpy as np

from agonist import rotations
from agonist.activation import Activation
from agonist.bone_map import RigFit
from agonist.errors import MotionError, SkeletonError
from agonist.loops import close_rotations, close_values, loop_weights, travel_path
from agonist.motion import interpolate
from agonist.predict import predict

from ..muscles.heatmap import keyed_activation
from ..rig.bones import humanoid_of, rig_of
from ..rig.controls import sampled_rig
from ..rig.frames import bone_names
from ..rig.rate import scene_rate
from ..rig.sample import check_scale, clip_range, posed
from ..rig.units import metres_a_unit
from ..session import model_of
from ..steps import Steps, part
from ..translate import rpt
from .skeleton import all_bones, deforming_bones

__all__ = ["ROOT_BONE", "Take", "activation_shown", "baked", "closed"]

# The bone that carries the travel where a rig has none above its pelvis.
ROOT_BONE = "root"
Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Take:
    """A baked clip in world axes and metres; the armature object itself stands still at the origin.

    Attributes:
        names, parents: bones, parents first; -1 for none.
        rest: (B, 4, 4) rest matrices.
        location (T, B, 3), rotation (T, B, 4), scale (T, B, 3): what Blender keys, relative to rest.
        fps: frames a second of the file.
        name: of the action.
        placed: (4, 4) from the armature object's space, as it stands at the first frame, to metres in the world.
        activation: of the same frames, None if it is not wanted.
        joints: canonical joint -> bone, where the armature is a humanoid.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    rest: Array
    location: Array
    rotation: Array
    scale: Array
    fps: float
    name: str
    placed: Array
    activation: Activation | None = None
    joints: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.location)


def closed(activation: Activation, weights: Array) -> Activation:
    """Activation whose last row becomes the first one, by `weights` (T,) of `loop_weights`.

    Its standard deviation becomes that of the first row by the same weights: no less than it is, if the frames of the blend err alike.
    """
    unsure = activation.uncertainty
    if unsure is not None:
        unsure = unsure + weights[:, None] * (unsure[:1] - unsure)
    return replace(activation, values=np.clip(close_values(activation.values, weights), 0, 1), uncertainty=unsure)


def activation_shown(armature: bpy.types.Object) -> Steps[Activation]:
    """Activation of the motion that plays: as the muscles show it, or predicted where none show it.

    One row a frame of the action. Raises MotionError, SkeletonError, ContractError, ModelNotFoundError.
    """
    found = keyed_activation(armature)
    if found is not None:
        return found
    sample = yield from sampled_rig(armature)
    return predict(sample.motion, model_of(armature), hmap=humanoid_of(sample.rig))


def baked(
    armature: bpy.types.Object, *, fps: float | None = None, root: str = "KEEP", loop: bool = False, activation: bool = False,
    deform_only: bool = False,
) -> Steps[Take]:  # fmt: skip
    """Bake the action that plays, constraints and object animation included.

    Args:
        armature: whose action.
        fps: frames a second of the file; the scene's if None. The motion keeps its duration.
        root: "KEEP" leaves travel where it is, "BONE" gives it to one bone on the ground, "IN_PLACE" takes it out.
        loop: whether the last pose becomes the first.
        activation: whether to take the muscles along.
        deform_only: whether bones that deform nothing are left out, see `skeleton.deforming_bones`.

    Raises MotionError without an action, for a mirrored or unevenly scaled object; with `activation` SkeletonError too.
    """
    bone_names(armature)
    first, last = clip_range(armature)
    scene = bpy.context.scene
    scene_fps = scene_rate(scene)
    rate = fps or scene_fps
    if not 1.0 <= rate <= 1000.0:
        raise MotionError(rpt("{fps:g} frames a second cannot be written. Expected 1 to 1000.", fps=rate))
    duration = (last - first) / scene_fps
    times = np.arange(math.floor(duration * rate + 1e-6) + 1) / rate
    rig = _rig(armature)
    joints, skin_of = (dict(rig.joints), {rig.joints[joint]: bone for joint, bone in rig.deform.items()}) if rig else ({}, {})
    own = all_bones(armature)
    tree = deforming_bones(armature, skin_of) if deform_only else own
    names = tuple(tree)
    index = {name: k for k, name in enumerate(names)}
    parents = tuple(index[parent] if parent else -1 for parent in tree.values())
    if deform_only:
        joints = {joint: skin for joint, bone in joints.items() if (skin := skin_of.get(bone, bone)) in index}
    # Predicting looks at the rig a second time.
    evaluated = 0.5 if activation else 1.0
    world, pose = yield from part(posed(armature, names, first + times * scene_fps), 0.0, evaluated)
    check_scale(armature.name, world)
    if not np.isfinite(pose).all():
        raise MotionError(rpt("The motion of '{name}' holds NaN or infinity; every number must be finite.", name=armature.name))
    # All that follows is in metres, whatever the scene's units are.
    world = np.diag([*[metres_a_unit(scene)] * 3, 1.0]) @ world
    rest = _rigid(world[0] @ np.array([np.array(armature.data.bones[name].matrix_local) for name in names]))
    size = np.linalg.norm(world[0, :3, 0])
    poses = world[:, None] @ pose
    # Bones keep their own scale; the object's goes into their places.
    poses[..., :3, :3] /= size
    heads = [index[bone] for bone in joints.values()] or list(range(len(names)))
    travel = travel_path(poses[:, heads][..., :3, 3], rate)
    poses[..., :3, 3] -= travel[:, None]
    shown = (yield from part(activation_shown(armature), evaluated, 1.0)) if activation else None
    if shown is not None:
        # Files begin at 0 s, whichever frame the action begins at.
        values, unsure = (one if one is None else interpolate(one, shown.fps, times) for one in (shown.values, shown.uncertainty))
        shown = replace(shown, values=values, fps=rate, start=0.0, uncertainty=unsure)
    if root == "BONE":
        names, parents, rest, poses = _with_root(names, parents, rest, poses, index.get(joints.get("pelvis", ""), -1))
    # Bones of a mechanism stretch; those that hang on them here would shear, which engines do not know.
    is_even = deform_only and any(own[name] != parent for name, parent in tree.items())
    location, rotation, scale = _basis(parents, rest, poses, is_even)
    if loop:
        weights = loop_weights(len(times), rate)
        location, scale, rotation = close_values(location, weights), close_values(scale, weights), close_rotations(rotation, weights)
        if shown is not None:
            shown = closed(shown, weights)
    if root != "IN_PLACE":
        for joint in [0] if root == "BONE" else [joint for joint, parent in enumerate(parents) if parent < 0]:
            location[:, joint] += travel @ rest[joint, :3, :3]
    action = armature.animation_data.action.name
    return Take(names, parents, rest, location, rotation, scale, rate, action, world[0], shown, joints)


def _rig(armature: bpy.types.Object) -> RigFit | None:
    try:
        return rig_of(armature)
    except SkeletonError:
        return None


def _rigid(matrices: Array) -> Array:
    """Matrices (..., 4, 4) with their scale removed."""
    result = matrices.copy()
    result[..., :3, :3] /= np.linalg.norm(result[..., :3, :3], axis=-2, keepdims=True)
    return result


def _with_root(
    names: tuple[str, ...], parents: tuple[int, ...], rest: Array, poses: Array, pelvis: int
) -> tuple[tuple[str, ...], tuple[int, ...], Array, Array]:
    """The clip with one bone on top that stands still: the rig's own above its pelvis, or a new one on the ground."""
    if pelvis >= 0 and parents[pelvis] >= 0 and parents.count(-1) == 1:
        still = poses.copy()
        still[:, 0] = rest[0]
        return names, parents, rest, still
    name = ROOT_BONE if ROOT_BONE not in names else f"{ROOT_BONE}_travel"
    ground = np.eye(4)
    ground[:2, 3] = rest[max(pelvis, 0), :2, 3]
    return (
        (name, *names), (-1, *(parent + 1 for parent in parents)), np.concatenate([ground[None], rest]),
        np.concatenate([np.broadcast_to(ground, (len(poses), 1, 4, 4)), poses], axis=1),
    )  # fmt: skip


def _basis(parents: tuple[int, ...], rest: Array, poses: Array, is_even: bool) -> tuple[Array, Array, Array]:
    """Location, rotation and scale of each bone relative to its rest, under bones that inherit everything.

    With `is_even` bones that carry others scale by as much in every direction, which leaves every bone its place and rotation.
    """
    location, scale = np.empty((*poses.shape[:2], 3)), np.empty((*poses.shape[:2], 3))
    turned = np.empty((*poses.shape[:2], 4))
    # What the file makes of the bones: shear, of a bone that turns under one that stretches, is lost, and must not move those below.
    made = poses.copy()
    for bone, parent in enumerate(parents):
        own = rest[bone] if parent < 0 else made[:, parent] @ np.linalg.inv(rest[parent]) @ rest[bone]
        basis = np.linalg.inv(own) @ poses[:, bone]
        location[:, bone], scale[:, bone] = basis[:, :3, 3], np.linalg.norm(basis[:, :3, :3], axis=-2)
        turned[:, bone] = rotations.from_matrix(basis[:, :3, :3] / scale[:, bone, None])
        if is_even and bone in parents:
            scale[:, bone] = np.cbrt(scale[:, bone].prod(axis=-1, keepdims=True))
        basis[:, :3, :3] = rotations.to_matrix(turned[:, bone]) * scale[:, bone, None]
        made[:, bone] = own @ basis
    return location, rotations.unroll(turned), scale
