"""Apply: an edited Motion becomes a new action, as turns of the animator's own controls. The source action is never touched.

Each control gets the turn that its joint made beyond what its parent space made already, on top of its own channels: where
nothing changed the channels stay as they were, and fingers, twist and face follow as they do when the animator poses.
A limb that is solved by IK stays so: its target and its pole (or swing) move along, and no switch is flipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import bpy
import numpy as np

from agonist import rotations
from agonist.motion import Motion

from ..compat import assign_action
from ..steps import Steps, finished, part
from .controls import Control, RigSample, look
from .keys import channels_of, keep_posed, key_location, key_rotation, keyed_channels, rotation_name, rotation_values

__all__ = ["apply_motion", "copy_action", "keep_unkeyed", "pose_frame", "settle", "settled"]

# A limb bent by less says nothing about the plane it bends in; beyond the second angle it says all (radians) [ours].
_STRAIGHT_RAD, _BENT_RAD = np.radians(1.0), np.radians(5.0)
# A channel that would change by less is left alone: rounding, or what a correction is not worth (radians, metres) [ours].
_ROUNDING, _WORTH = 1e-9, 1e-5
# Passes that `settle` makes, those that it makes at most while each still leaves less than this share, and how near it has to
# come, in metres [ours]. A limb that is nearly straight comes slowly; one that cannot reach stays where it is.
_PASSES, _MOST_PASSES, _BETTER, _NEAR_M = 4, 10, 0.8, 2e-4


def copy_action(source: bpy.types.Action, name: str, stamp: str) -> bpy.types.Action:
    """A copy of `source` named `name` that remembers what it was made from: `stamp_of(armature, source)`."""
    action = source.copy()
    action.name = name
    action["agonist_source"], action["agonist_stamp"] = source.name, stamp
    return action


def apply_motion(armature: bpy.types.Object, sample: RigSample, motion: Motion, action: bpy.types.Action) -> None:
    """Key the controls that an edited `motion` of the sampled joints asks for into `action`, a copy of the sampled one, and play it.

    Curves of other bones and of custom properties are kept as they are; controls that an earlier edit of the same action
    touched go back to where they were.
    """
    assign_action(armature, action)
    _write(armature, sample, sample.controls, _moves(sample, sample.motion, motion), action, _ROUNDING)


def pose_frame(armature: bpy.types.Object, sample: RigSample, motion: Motion) -> None:
    """Pose the controls as `apply_motion` would key them, for a sample and a `motion` of one frame; no key is written."""
    moves = _moves(sample, sample.motion, motion)
    turned: dict[str, list[tuple[bpy.types.PoseBone, np.ndarray]]] = {}
    for control, (rotation, location) in zip(sample.controls, _channels(sample.controls, moves), strict=True):
        pose = armature.pose.bones[control.bone]
        if rotation is not None:
            turned.setdefault(pose.rotation_mode, []).append((pose, rotation[0]))
        if location is not None:
            pose.location = location[0]
    for mode, posed in turned.items():
        values = rotation_values(mode, np.array([rotation for _, rotation in posed]), is_path=False)
        for (pose, _), value in zip(posed, values, strict=True):
            setattr(pose, rotation_name(pose), value)


def keep_unkeyed(armature: bpy.types.Object, sample: RigSample) -> None:
    """Before `pose_frame`: note the channels that it may write and nothing keys, for `restore_posed` to give them back."""
    keyed = keyed_channels(armature)
    for control in sample.controls:
        pose = armature.pose.bones[control.bone]
        names = [rotation_name(pose)] if control.kind != "POLE" else []
        names += ["location"] if control.kind in ("RIDE", "POLE") else []
        for name in names:
            if not channels_of(pose, name) <= keyed:
                keep_posed(armature, pose, name)


def settle(armature: bpy.types.Object, sample: RigSample, motion: Motion, action: bpy.types.Action) -> float:
    """`settled` in one go."""
    return finished(settled(armature, sample, motion, action))


def settled(armature: bpy.types.Object, sample: RigSample, motion: Motion, action: bpy.types.Action) -> Steps[float]:
    """Look where the joints really are after `apply_motion`, and correct the controls until they are where they should be.

    Only rigs with constraints need it. Returns the largest distance that is left, in metres.
    """
    miss = np.inf
    for made in range(_MOST_PASSES + 1):
        keys = [(one.bone, one.joint, one.kind) for one in sample.controls]
        # Nobody knows how many passes there will be; each seems half of the rest.
        seen = yield from part(look(armature, sample.rig, keys, sample.first_frame, len(motion)), 1 - 0.5**made, 1 - 0.5 ** (made + 1))
        before, miss = miss, float(np.linalg.norm(seen.motion.positions_world - motion.positions_world, axis=-1).max())
        if miss < _NEAR_M or made == _MOST_PASSES or (made >= _PASSES and miss > _BETTER * before):
            break
        now = [replace(one, space=s, reach=r, basis=b) for one, (s, r, b) in zip(sample.controls, seen.tracks, strict=True)]
        _write(armature, sample, now, _moves(sample, seen.motion, motion), action, _WORTH)
    return miss


@dataclass(frozen=True, eq=False)
class _Moves:
    """What happens to the mapped joints, in the armature's space.

    Attributes:
        turn: canonical joint -> (T, 4) how it turns.
        before, after: canonical joint -> (T, 3) where it was and will be.
    """

    turn: dict[str, np.ndarray]
    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]

    def carried(self, joint: str, points: np.ndarray) -> np.ndarray:
        """Points (T, 3) fixed to a joint, moved along."""
        return self.after[joint] + rotations.rotate(self.turn[joint], points - self.before[joint])


def _moves(sample: RigSample, before: Motion, after: Motion) -> _Moves:
    inverse, turned = sample.object_inverse, sample.object_turn[:, None]
    back = rotations.conjugate(turned)
    world = rotations.multiply(after.rotations_world_from_joint, rotations.conjugate(before.rotations_world_from_joint))
    local = rotations.multiply(rotations.multiply(back, world), turned)
    places = [
        np.einsum("tij,tkj->tki", inverse[:, :3, :3], motion.positions_world) + inverse[:, None, :3, 3] for motion in (before, after)
    ]
    index = {joint: sample.names.index(bone) for joint, bone in sample.rig.joints.items()}
    return _Moves(*({joint: values[:, k] for joint, k in index.items()} for values in (local, *places)))


def _write(
    armature: bpy.types.Object,
    sample: RigSample,
    controls: Sequence[Control],
    moves: _Moves,
    action: bpy.types.Action,
    smallest: float,
) -> None:
    """Key every control whose channels change by more than `smallest`, and those that were keyed before."""
    turned, moved = set(action.get("agonist_turned", [])), set(action.get("agonist_moved", []))
    frames = np.arange(sample.first_frame, sample.first_frame + len(sample.motion), dtype=np.float32)
    for control, (rotation, location) in zip(controls, _channels(controls, moves), strict=True):
        pose = armature.pose.bones[control.bone]
        if rotation is not None and (control.bone in turned or rotations.angle_between(rotation, control.basis_turn).max() > smallest):
            key_rotation(armature, action, pose, frames, rotation)
            turned.add(control.bone)
        if location is not None and (control.bone in moved or np.abs(location - control.basis[:, :3, 3]).max() > smallest):
            key_location(armature, action, pose, frames, location)
            moved.add(control.bone)
    action["agonist_turned"], action["agonist_moved"] = sorted(turned), sorted(moved)


def _channels(controls: Sequence[Control], moves: _Moves) -> list[tuple[np.ndarray | None, np.ndarray | None]]:
    """The rotation (T, 4) and location (T, 3) that each control's channels get; None for what its kind does not write."""
    turned = iter(_turned([control for control in controls if control.kind == "TURN"], moves))
    return [(next(turned), None) if control.kind == "TURN" else _placed(control, moves) for control in controls]


def _turned(controls: Sequence[Control], moves: _Moves) -> list[np.ndarray]:
    """Rotations (T, 4) of controls that only turn, all of them at a time."""
    if not controls:
        return []
    carry, turn, space, basis = (
        np.stack(parts, axis=1)
        for parts in zip(
            *((_carry(one, moves), moves.turn[one.joint], one.space_turn, one.basis_turn) for one in controls), strict=True
        )
    )  # (T, C, 4)
    extra = rotations.multiply(rotations.conjugate(carry), turn)
    rotation = rotations.multiply(rotations.multiply(rotations.conjugate(space), rotations.multiply(extra, space)), basis)
    still = np.abs(extra[..., 1:]).max(axis=(0, 2)) < _ROUNDING
    return [one.basis_turn if at_rest else rotation[:, k] for k, (one, at_rest) in enumerate(zip(controls, still, strict=True))]


def _placed(control: Control, moves: _Moves) -> tuple[np.ndarray | None, np.ndarray | None]:
    """`_channels` of a control that has a place too: the hips, and what an IK limb is posed by."""
    space, basis, place = control.space_turn, control.basis_turn, control.place
    origin, location = control.space[:, :3, 3], control.basis[:, :3, 3]
    carry = _carry(control, moves)
    if control.kind in ("POLE", "SWING"):
        turn, carry_swing, root = _limb_turn(control, moves, place, rotations.multiply(space, basis))
        carry = carry_swing if control.kind == "SWING" else carry
        place_after = moves.after[root] + rotations.rotate(turn, place - moves.before[root])
    else:
        turn, place_after = moves.turn[control.joint], place
    rotation = None
    if control.kind != "POLE":
        extra = rotations.multiply(rotations.conjugate(carry), turn)
        rotation = rotations.multiply(rotations.multiply(rotations.conjugate(space), rotations.multiply(extra, space)), basis)
    if control.kind not in ("RIDE", "POLE"):
        return rotation, None
    if control.kind == "RIDE":
        place_after = moves.carried(control.joint, place)
    reach = rotations.to_matrix(carry) @ control.reach
    shift = np.linalg.solve(reach, (place_after - _origin_after(control, moves))[..., None])[..., 0]
    same = np.linalg.solve(control.reach, (place - origin)[..., None])[..., 0]
    # Where nothing moved, the channels stay as they were to the last digit.
    return rotation, location + (shift - same)


def _carry(control: Control, moves: _Moves) -> np.ndarray:
    """(T, 4) how a control's parent space turns when the joints move."""
    if not control.carriers:
        return np.broadcast_to(rotations.identity(), control.basis_turn.shape)
    if list(control.carriers.values()) == [1.0]:
        return moves.turn[next(iter(control.carriers))]
    return rotations.from_rotvec(sum(share * rotations.to_rotvec(moves.turn[joint]) for joint, share in control.carriers.items()))


def _origin_after(control: Control, moves: _Moves) -> np.ndarray:
    """(T, 3) where the origin of a control's parent space comes to lie when the joints move."""
    origin = control.space[:, :3, 3]
    return origin + sum(share * (moves.carried(joint, origin) - origin) for joint, share in control.carriers.items())


def _limb_turn(control: Control, moves: _Moves, place: np.ndarray, rotation: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
    """How the plane of an IK limb turns (T, 4), how the parent space of its swing does (T, 4), and the joint at its root.

    The swing's space turns with what the limb hangs on, then the shortest way to the limb's new line. The line goes where its
    ends go; about it the plane follows the bent elbow or knee, and in a limb that is nearly straight the upper bone.
    """
    side, is_arm = control.joint[-2:], control.joint.startswith("wrist")
    root, middle, end = (f"{part}{side}" for part in (("shoulder", "elbow", "wrist") if is_arm else ("hip", "knee", "ankle")))
    line, line_after = (_unit(at[end] - at[root]) for at in (moves.before, moves.after))
    least = _between(line, line_after)
    bend, bend_after = (_off(at[middle] - at[root], axis) for at, axis in ((moves.before, line), (moves.after, line_after)))
    by_bend = _angle_about(line_after, rotations.rotate(least, bend), bend_after)
    # Any direction across the limb that its control holds on to.
    hint = place - moves.before[root] if control.kind == "POLE" else rotations.rotate(rotation, np.array([1.0, 0.0, 0.0]))
    hint = _off(hint, line)
    by_bone = _angle_about(line_after, rotations.rotate(least, hint), rotations.rotate(moves.turn[root], hint))
    angle = np.minimum(_bent(moves.before, root, middle, end), _bent(moves.after, root, middle, end))
    share = np.clip((angle - _STRAIGHT_RAD) / (_BENT_RAD - _STRAIGHT_RAD), 0.0, 1.0)
    share = share * share * (3 - 2 * share)
    about = by_bone + share * ((by_bend - by_bone + np.pi) % (2 * np.pi) - np.pi)
    above = next(joint for joint in (("clavicle" + side, "chest", "spine", "pelvis") if is_arm else ("pelvis",)) if joint in moves.turn)
    tracked = rotations.multiply(_between(rotations.rotate(moves.turn[above], line), line_after), moves.turn[above])
    return rotations.multiply(rotations.from_rotvec(about[:, None] * line_after), least), tracked, root


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _off(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """The part of vectors (T, 3) across an axis (T, 3)."""
    return vectors - np.sum(vectors * axis, axis=-1, keepdims=True) * axis


def _between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(T, 4) the smallest rotation from unit vectors a (T, 3) to b."""
    half = np.concatenate([1 + np.sum(a * b, axis=-1, keepdims=True), np.cross(a, b)], axis=-1)
    return rotations.normalize(half)


def _angle_about(axis: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(T,) radians from a to b about an axis, all (T, 3)."""
    a, b = _off(a, axis), _off(b, axis)
    return np.arctan2(np.sum(np.cross(a, b) * axis, axis=-1), np.sum(a * b, axis=-1))


def _bent(at: dict[str, np.ndarray], root: str, middle: str, end: str) -> np.ndarray:
    """(T,) radians by which a limb is bent; 0 is straight."""
    upper, lower = _unit(at[middle] - at[root]), _unit(at[end] - at[middle])
    return np.arctan2(np.linalg.norm(np.cross(upper, lower), axis=-1), np.sum(upper * lower, axis=-1))
