"""Apply: an edited Motion becomes a new action, as turns of the animator's own controls. The source action is never touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import bpy
import numpy as np

from agonist import rotations
from agonist.motion import Motion

from ..compat import has_fcurves, strips_playing
from ..steps import Steps, part
from .alone import fewer_bones
from .channels import ROUNDING, ControlStack, Moves, channels, moves_of
from .controls import RigSample, bones_of, look
from .keys import bone_path, channels_of, keep_posed, key_location, key_rotation, keyed_channels, rotation_name, rotation_values
from .playing import is_result, switch_action

__all__ = ["apply_motion", "copy_action", "keep_unkeyed", "made_from", "pose_frame", "settled"]

# A channel that a correction would change by less is left alone (radians, metres) [ours].
_WORTH = 1e-5
# Passes that `settled` makes, those that it makes at most while each leaves less than this share on average, and how near it has to
# come, in metres [ours]. A limb that is nearly straight comes slowly; one that cannot reach stays where it is.
_PASSES, _MOST_PASSES, _BETTER, _NEAR_M = 4, 14, 0.8, 2e-4
# What changes by less than this share does not answer to a correction: a limb that may stretch, for one [ours].
_STILL = 0.01


def copy_action(source: bpy.types.Action, name: str, stamp: str) -> bpy.types.Action:
    """A copy of `source` named `name` that remembers what it was made from: `stamp_of(armature, source)`."""
    action = source.copy()
    action.name, action.use_fake_user = name, False
    # A source may be a result itself, and kept; that is not said of what is made from it.
    for key in [key for key in action.keys() if key.startswith("agonist_")]:  # noqa: SIM118
        del action[key]
    action["agonist_source"], action["agonist_made_of"], action["agonist_stamp"] = source.name, source, stamp
    return action


def made_from(action: bpy.types.Action, otherwise: bpy.types.Action | None) -> bpy.types.Action | None:
    """What `copy_action` made a result from; `otherwise` where that is gone. Older files know its name alone."""
    source = action.get("agonist_made_of")
    if source is None and "agonist_made_of" not in action:
        name = action["agonist_source"]
        source = otherwise if otherwise is not None and otherwise.name == name else bpy.data.actions.get(name)
    return source or otherwise


def apply_motion(armature: bpy.types.Object, sample: RigSample, motion: Motion, action: bpy.types.Action) -> None:
    """Key the controls that an edited `motion` of the sampled joints asks for into `action`, a copy of the sampled one, and play it.

    Curves of other bones and of custom properties are kept as they are; controls that an earlier edit of the same action
    touched go back to where they were.
    """
    if armature.animation_data is None or armature.animation_data.action != action:
        switch_action(armature, action)
    _write(armature, sample, sample.stack, moves_of(sample, sample.motion, motion), action, ROUNDING)


def pose_frame(armature: bpy.types.Object, sample: RigSample, motion: Motion) -> None:
    """Pose the controls as `apply_motion` would key them, for a sample and a `motion` of one frame; no key is written."""
    moves = moves_of(sample, sample.motion, motion)
    turned: dict[str, list[tuple[bpy.types.PoseBone, np.ndarray]]] = {}
    for control, (rotation, location) in zip(sample.controls, channels(sample.stack, moves), strict=True):
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


@dataclass(frozen=True, eq=False)
class _State:
    """What a look found: parent space, reach and channels of each control over the frames, and the moves that are left."""

    tracks: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]
    moves: Moves

    def with_frames(self, chosen: np.ndarray, other: _State) -> _State:
        """Frames that `chosen` (T,) marks are another's."""

        def mixed(one: np.ndarray, two: np.ndarray) -> np.ndarray:
            return np.where(chosen.reshape(-1, *[1] * (one.ndim - 1)), two, one)

        tracks = [tuple(map(mixed, one, two)) for one, two in zip(self.tracks, other.tracks, strict=True)]
        return _State(tracks, Moves(*(mixed(getattr(self.moves, one.name), getattr(other.moves, one.name)) for one in fields(Moves))))

    def stack(self, sample: RigSample) -> ControlStack:
        """The sample's controls in this state."""
        now = [replace(one, space=s, reach=r, basis=b) for one, (s, r, b) in zip(sample.controls, self.tracks, strict=True)]
        return ControlStack(now, sample.stack.joints)


def settled(armature: bpy.types.Object, sample: RigSample, motion: Motion, action: bpy.types.Action) -> Steps[float]:
    """Look where the joints really are after `apply_motion`, and correct the controls until they are where they should be.

    Only rigs with constraints need it. A frame that a correction makes worse goes back to where it was, and gets half as much the
    next time: of a leg that is nearly straight, Blender's IK turns the plane further than it is asked to.
    Returns the largest distance that is left, in metres.
    """
    keys = [(one.bone, one.joint, one.kind) for one in sample.controls]
    near, share = np.full(len(motion), np.inf), np.ones(len(motion))
    best: _State | None = None
    mean = np.inf
    for made in range(_MOST_PASSES + 1):
        with fewer_bones(armature, bones_of(sample.rig, keys)) as data:
            looking = look(armature, sample.rig, keys, sample.first_frame, len(motion), data)
            # Nobody knows how many passes there will be; each seems half of the rest.
            seen = yield from part(looking, 1 - 0.5**made, 1 - 0.5 ** (made + 1))
        of_frames = np.linalg.norm(seen.motion.positions_world - motion.positions_world, axis=-1).max(axis=-1)
        is_nearer, is_stuck = of_frames < near, _is_stuck(near, of_frames)
        now = _State(seen.tracks, moves_of(sample, seen.motion, motion))
        best = now if best is None else best.with_frames(is_nearer, now)
        near, share = np.minimum(of_frames, near), np.where(is_nearer, share, share / 2)
        # By all frames: the worst may stand still for a pass while the others come nearer.
        before, mean = mean, float(near.mean())
        is_done = near.max() < _NEAR_M or is_stuck or made == _MOST_PASSES or (made >= _PASSES and mean > _BETTER * before)
        if is_done and is_nearer.all():
            break
        _write(armature, sample, best.stack(sample), best.moves.share(np.zeros_like(share) if is_done else share), action, _WORTH)
        if is_done:
            break
    return float(near.max())


def _is_stuck(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether a correction brought no frame nearer, of distances (T,), and few frames wait for a smaller one."""
    before, after = before[before > _NEAR_M], after[before > _NEAR_M]
    return not (after < (1 - _STILL) * before).any() and bool((after > (1 + _STILL) * before).mean() < 0.5)


def _write(
    armature: bpy.types.Object,
    sample: RigSample,
    stack: ControlStack,
    moves: Moves,
    action: bpy.types.Action,
    smallest: float,
) -> None:
    """Key every control whose channels change by more than `smallest`, and those that were keyed or that another result moves."""
    turned, moved = set(action.get("agonist_turned", [])), set(action.get("agonist_moved", []))
    others = [strip.action for track, strip in strips_playing(armature) if is_result(strip.action) and not track.mute]
    beside = {(bone, kind) for one in others if one != action for kind in ("turned", "moved") for bone in one.get(f"agonist_{kind}", [])}

    def shines_through(pose: bpy.types.PoseBone, kind: str, name: str, count: int) -> bool:
        return (pose.name, kind) in beside and not has_fcurves(armature, action, bone_path(pose, name), count)

    frames = np.arange(sample.first_frame, sample.first_frame + len(sample.motion), dtype=np.float32)
    for control, (rotation, location) in zip(stack.controls, channels(stack, moves), strict=True):
        pose = armature.pose.bones[control.bone]
        if rotation is not None and (
            control.bone in turned
            or rotations.angle_between(rotation, control.basis_turn).max() > smallest
            or shines_through(pose, "turned", rotation_name(pose), 3)
        ):
            key_rotation(armature, action, pose, frames, rotation)
            turned.add(control.bone)
        if location is not None and (
            control.bone in moved
            or np.abs(location - control.basis[:, :3, 3]).max() > smallest
            or shines_through(pose, "moved", "location", 3)
        ):
            key_location(armature, action, pose, frames, location)
            moved.add(control.bone)
    action["agonist_turned"], action["agonist_moved"] = sorted(turned), sorted(moved)
