"""Channels: what the channels of an animator's controls become when the joints move.

Each control gets the turn that its joint made beyond what its parent space made already, on top of its own channels: where
nothing changed the channels stay as they were, and fingers, twist and face follow as they do when the animator poses.
A limb that is solved by IK stays so: its target and its pole (or swing) move along, and no switch is flipped.

All controls are reckoned at a time: of one frame, a call to numpy takes longer than its arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from agonist import rotations
from agonist.motion import Motion

if TYPE_CHECKING:
    from .controls import Control, RigSample

__all__ = ["ROUNDING", "ControlStack", "Moves", "channels", "moves_of"]

# A channel that would change by less is left alone: rounding (radians, metres) [ours].
ROUNDING = 1e-9
# A limb bent by less says nothing about the plane it bends in; beyond the second angle it says all (radians) [ours].
_STRAIGHT_RAD, _BENT_RAD = np.radians(1.0), np.radians(5.0)


@dataclass(frozen=True, eq=False)
class Moves:
    """What happens to the mapped joints, in the armature's space and in the order of `RigFit.joints`.

    Attributes:
        turn: (T, J, 4) how each turns.
        before, after: (T, J, 3) where it was and will be.
    """

    turn: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def carried(self, joints: list[int], points: np.ndarray) -> np.ndarray:
        """Points (T, N, 3), each fixed to one of N joints, moved along."""
        return self.after[:, joints] + rotations.rotate(self.turn[:, joints], points - self.before[:, joints])

    def share(self, of_frames: np.ndarray) -> Moves:
        """A part of them, (T,) 0 to 1 of each frame."""
        turn = rotations.from_rotvec(of_frames[:, None, None] * rotations.to_rotvec(self.turn))
        return Moves(turn, self.before, self.before + of_frames[:, None, None] * (self.after - self.before))


def moves_of(sample: RigSample, before: Motion, after: Motion) -> Moves:
    """What turns one motion of a sample's joints into another."""
    inverse, turned = sample.object_inverse, sample.object_turn[:, None]
    places = [sample.names.index(bone) for bone in sample.rig.joints.values()]
    now, was = (motion.rotations_world_from_joint[:, places] for motion in (after, before))
    world = rotations.multiply(now, rotations.conjugate(was))
    turn = rotations.multiply(rotations.multiply(rotations.conjugate(turned), world), turned)
    at = [motion.positions_world[:, places] @ inverse[:, :3, :3].swapaxes(1, 2) + inverse[:, None, :3, 3] for motion in (before, after)]
    return Moves(turn, *at)


@dataclass(frozen=True, eq=False)
class ControlStack:
    """Controls of a rig with their arrays stacked, (T, C, ...), and which of the `joints` each hangs on.

    `joints` are the canonical ones in the order of `RigFit.joints`.
    """

    controls: Sequence[Control]
    joints: Sequence[str]

    @cached_property
    def space_turn(self) -> np.ndarray:
        """(T, C, 4) rotations of the parent spaces."""
        return np.stack([one.space_turn for one in self.controls], axis=1)

    @cached_property
    def basis_turn(self) -> np.ndarray:
        """(T, C, 4) rotations of the channels."""
        return np.stack([one.basis_turn for one in self.controls], axis=1)

    @cached_property
    def limbs(self) -> list[int]:
        """Controls that the plane of an IK limb turns by: poles and swings."""
        return [k for k, one in enumerate(self.controls) if one.kind in ("POLE", "SWING")]

    @cached_property
    def swings(self) -> list[int]:
        """Places of the swings among `limbs`."""
        return [k for k, control in enumerate(self.limbs) if self.controls[control].kind == "SWING"]

    @cached_property
    def chains(self) -> tuple[list[int], list[int], list[int], list[int]]:
        """Of each of `limbs` the joints at its root, middle and end, and the one that it hangs on."""
        chains = []
        for k in self.limbs:
            end = self.controls[k].joint
            side, is_arm = end[-2:], end.startswith("wrist")
            limb = ("shoulder", "elbow", "wrist") if is_arm else ("hip", "knee", "ankle")
            over = ("clavicle" + side, "chest", "spine", "pelvis") if is_arm else ("pelvis",)
            above = next(joint for joint in over if joint in self.joints)
            chains.append([self.joints.index(joint) for joint in (*(f"{one}{side}" for one in limb), above)])
        root, middle, end_, above_ = (list(column) for column in zip(*chains, strict=True))
        return root, middle, end_, above_

    @cached_property
    def anchors(self) -> list[int]:
        """The joint that each control is fixed to; of an IK limb's pole or swing, the one at the limb's root."""
        anchors = [self.joints.index(one.joint) for one in self.controls]
        if self.limbs:
            for control, root in zip(self.limbs, self.chains[0], strict=True):
                anchors[control] = root
        return anchors

    @cached_property
    def followers(self) -> tuple[list[int], list[int]]:
        """Controls whose parent space follows one joint in full, and those joints."""
        pairs = [(k, *one.carriers) for k, one in enumerate(self.controls) if list(one.carriers.values()) == [1.0]]
        return [k for k, _ in pairs], [self.joints.index(joint) for _, joint in pairs]

    @cached_property
    def sharers(self) -> tuple[list[int], np.ndarray]:
        """Controls whose parent space follows shares of joints, and the shares (N, J)."""
        rows = [k for k, one in enumerate(self.controls) if one.carriers and list(one.carriers.values()) != [1.0]]
        return rows, self._shares(rows)

    @cached_property
    def placed(self) -> list[int]:
        """Controls whose location is written."""
        return [k for k, one in enumerate(self.controls) if one.kind in ("RIDE", "POLE")]

    @cached_property
    def place(self) -> np.ndarray:
        """(T, C, 3) where the controls are, in the armature's space."""
        return np.stack([one.place for one in self.controls], axis=1)

    @cached_property
    def origin(self) -> np.ndarray:
        """(T, P, 3) of the placed controls, where their parent spaces begin."""
        return np.stack([self.controls[k].space[:, :3, 3] for k in self.placed], axis=1)

    @cached_property
    def reach(self) -> np.ndarray:
        """(T, P, 3, 3) of the placed controls."""
        return np.stack([self.controls[k].reach for k in self.placed], axis=1)

    @cached_property
    def location(self) -> np.ndarray:
        """(T, P, 3) location channels of the placed controls."""
        return np.stack([self.controls[k].basis[:, :3, 3] for k in self.placed], axis=1)

    @cached_property
    def same(self) -> np.ndarray:
        """(T, P, 3) `location`, reckoned as `channels` reckons a new one."""
        return _solved(self.reach, self.place[:, self.placed] - self.origin)

    @cached_property
    def carried(self) -> tuple[list[int], list[int], np.ndarray]:
        """Each joint that carries the parent space of a placed control: the control's place among them, the joint, shares (P, N)."""
        shares = self._shares(self.placed)
        rows, joints = np.nonzero(shares)
        table = np.zeros((len(self.placed), len(rows)))
        table[rows, np.arange(len(rows))] = shares[rows, joints]
        return rows.tolist(), joints.tolist(), table

    def _shares(self, controls: list[int]) -> np.ndarray:
        shares = np.zeros((len(controls), len(self.joints)))
        for row, k in enumerate(controls):
            for joint, share in self.controls[k].carriers.items():
                shares[row, self.joints.index(joint)] = share
        return shares


def channels(stack: ControlStack, moves: Moves) -> list[tuple[np.ndarray | None, np.ndarray | None]]:
    """The rotation (T, 4) and location (T, 3) that each control's channels get; None for what its kind does not write."""
    if not stack.controls:
        return []
    turn, carry = moves.turn[:, stack.anchors], _carry(stack, moves)
    if stack.limbs:
        turn[:, stack.limbs], swung = _limb_turns(stack, moves)
        carry[:, [stack.limbs[k] for k in stack.swings]] = swung[:, stack.swings]
    space, basis = stack.space_turn, stack.basis_turn
    extra = rotations.multiply(rotations.conjugate(carry), turn)
    rotation = rotations.multiply(rotations.multiply(rotations.conjugate(space), rotations.multiply(extra, space)), basis)
    # Where nothing moved, the channels stay as they were to the last digit.
    still = np.abs(extra[..., 1:]).max(axis=(0, 2)) < ROUNDING
    rotation[:, still] = basis[:, still]
    locations = dict(zip(stack.placed, np.moveaxis(_located(stack, moves, turn, carry), 1, 0), strict=True)) if stack.placed else {}
    return [(None if one.kind == "POLE" else rotation[:, k], locations.get(k)) for k, one in enumerate(stack.controls)]


def _carry(stack: ControlStack, moves: Moves) -> np.ndarray:
    """(T, C, 4) how the controls' parent spaces turn when the joints move."""
    carry = rotations.identity(len(moves.turn), len(stack.controls))
    followers, joints = stack.followers
    carry[:, followers] = moves.turn[:, joints]
    sharers, shares = stack.sharers
    if sharers:
        carry[:, sharers] = rotations.from_rotvec(shares @ rotations.to_rotvec(moves.turn))
    return carry


def _located(stack: ControlStack, moves: Moves, turn: np.ndarray, carry: np.ndarray) -> np.ndarray:
    """(T, P, 3) location channels of the placed controls, whose anchors turn by `turn` and parent spaces by `carry`, both (T, C, 4)."""
    anchors = [stack.anchors[k] for k in stack.placed]
    place = moves.after[:, anchors] + rotations.rotate(turn[:, stack.placed], stack.place[:, stack.placed] - moves.before[:, anchors])
    rows, joints, shares = stack.carried
    origin = stack.origin + shares @ (moves.carried(joints, stack.origin[:, rows]) - stack.origin[:, rows])
    shift = _solved(rotations.to_matrix(carry[:, stack.placed]) @ stack.reach, place - origin)
    # Where nothing moved, the channels stay as they were to the last digit.
    return stack.location + (shift - stack.same)


def _solved(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(..., 3) what matrices (..., 3, 3) take to vectors (..., 3)."""
    return np.linalg.solve(matrices, vectors[..., None])[..., 0]


def _limb_turns(stack: ControlStack, moves: Moves) -> tuple[np.ndarray, np.ndarray]:
    """How the planes of the L IK limbs turn (T, L, 4), and how the parent spaces of their swings do.

    The swing's space turns with what the limb hangs on, then the shortest way to the limb's new line. The line goes where its
    ends go; about it the plane follows the bent elbow or knee, and in a limb that is nearly straight the upper bone.
    """
    limbs = stack.limbs
    root, middle, end, above = stack.chains
    # Before and after, (2, T, L, 3).
    at = np.stack([moves.before, moves.after])
    upper, whole = at[:, :, middle] - at[:, :, root], at[:, :, end] - at[:, :, root]
    lines = _unit(whole)
    line, line_after = lines
    least = _between(line, line_after)
    bend, bend_after = _off(upper, lines)
    by_bend = _angle_about(line_after, rotations.rotate(least, bend), bend_after)
    # Any direction across the limb that its control holds on to.
    is_pole = np.ones(len(limbs), dtype=bool)
    is_pole[stack.swings] = False
    rotation = rotations.multiply(stack.space_turn[:, limbs], stack.basis_turn[:, limbs])
    axis = rotations.rotate(rotation, np.array([1.0, 0.0, 0.0]))
    hint = _off(np.where(is_pole[:, None], stack.place[:, limbs] - moves.before[:, root], axis), line)
    by_bone = _angle_about(line_after, rotations.rotate(least, hint), rotations.rotate(moves.turn[:, root], hint))
    share = np.clip((_bent(upper, whole - upper).min(axis=0) - _STRAIGHT_RAD) / (_BENT_RAD - _STRAIGHT_RAD), 0.0, 1.0)
    share = share * share * (3 - 2 * share)
    about = by_bone + share * ((by_bend - by_bone + np.pi) % (2 * np.pi) - np.pi)
    hung = moves.turn[:, above]
    tracked = rotations.multiply(_between(rotations.rotate(hung, line), line_after), hung)
    return rotations.multiply(rotations.from_rotvec(about[..., None] * line_after), least), tracked


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _off(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """The part of vectors (..., 3) across an axis (..., 3)."""
    return vectors - np.sum(vectors * axis, axis=-1, keepdims=True) * axis


def _between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(..., 4) the smallest rotation from unit vectors a (..., 3) to b."""
    half = np.concatenate([1 + np.sum(a * b, axis=-1, keepdims=True), np.cross(a, b)], axis=-1)
    return rotations.normalize(half)


def _angle_about(axis: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(...) radians from a to b about an axis, all (..., 3)."""
    a, b = _off(a, axis), _off(b, axis)
    return np.arctan2(np.sum(np.cross(a, b) * axis, axis=-1), np.sum(a * b, axis=-1))


def _bent(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """(...) radians between the bones (..., 3) of a limb; 0 is straight."""
    upper, lower = _unit(upper), _unit(lower)
    return np.arctan2(np.linalg.norm(np.cross(upper, lower), axis=-1), np.sum(upper * lower, axis=-1))
