"""The scope of an edit: which frames and which parts of the body may change, and how much of the change is taken."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from agonist.edit_joints import EDIT_JOINTS
from agonist.errors import InputError, UnknownNameError

__all__ = ["FALLOFF_S", "PARTS", "EditScope", "all_but"]

Array = NDArray[np.float64]

# Time over which an edit fades in and out inside its frame range [ours].
FALLOFF_S = 0.3


def _limbs(side: str) -> dict[str, tuple[str, ...]]:
    return {f"arm_{side}": (f"shoulder_{side}", f"elbow_{side}"), f"leg_{side}": (f"hip_{side}", f"knee_{side}", f"ankle_{side}")}


# Part -> the joints that keep their rotation when it is locked. Legs hang on the hips: who locks a leg wants it to stay where it
# is, so the hips stay too.
_HIPS = ("pelvis",)
PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "root": _HIPS, "trunk": ("spine",), "head": ("neck",),
    "arms": (*_limbs("l")["arm_l"], *_limbs("r")["arm_r"]), "arm_l": _limbs("l")["arm_l"], "arm_r": _limbs("r")["arm_r"],
    "legs": (*_HIPS, *_limbs("l")["leg_l"], *_limbs("r")["leg_r"]),
    "leg_l": (*_HIPS, *_limbs("l")["leg_l"]), "leg_r": (*_HIPS, *_limbs("r")["leg_r"]),
})  # fmt: skip


@dataclass(frozen=True)
class EditScope:
    """What an edit may touch.

    Attributes:
        frames: [first, last) frames that may change; the whole clip if None.
        falloff_s: seconds over which the edit fades in and out inside the frames.
        locked: names of PARTS whose joints keep their rotations to the bit; "root" and legs keep the hips' place too.
        influence: share of the change that is taken, 0 to 1.
        feet_planted: whether feet that stand keep their place and rotation; if not, they only stay above the floor.

    Raises InputError, UnknownNameError.
    """

    frames: tuple[int, int] | None = None
    falloff_s: float = FALLOFF_S
    locked: tuple[str, ...] = ()
    influence: float = 1.0
    feet_planted: bool = True

    def __post_init__(self) -> None:
        for part in self.locked:
            if part not in PARTS:
                raise UnknownNameError("part of the body", part, PARTS)
        if not (math.isfinite(self.falloff_s) and self.falloff_s >= 0):
            raise InputError(f"The falloff is {self.falloff_s} s. Expected 0 or more.")
        if not 0 <= self.influence <= 1:
            raise InputError(f"The influence is {self.influence}. Expected 0 to 1.")

    def range(self, count: int) -> tuple[int, int]:
        """The frames [first, last) in a clip of `count`. Raises InputError if they do not lie in it."""
        first, last = self.frames or (0, count)
        if not 0 <= first < last <= count:
            raise InputError(f"Frames {first}:{last} do not lie in the clip. Expected first < last within 0:{count}.")
        return first, last

    def fade(self, count: int, fps: float) -> Array:
        """(T,) 1 inside the frames, 0 outside, a smooth ramp inside the ends that do not lie on the clip's own ends."""
        first, last = self.range(count)
        frames = np.arange(count)
        ramp = max(1.0, min(self.falloff_s * fps, (last - first) / 2))
        rise = np.ones(count) if first == 0 else np.clip((frames - first + 1) / (ramp + 1), 0, 1)
        fall = np.ones(count) if last == count else np.clip((last - frames) / (ramp + 1), 0, 1)
        fade = np.minimum(rise, fall)
        return fade * fade * (3 - 2 * fade)

    def allowed(self, rotvec: Array, root: Array, fade: Array) -> tuple[Array, Array]:
        """Turns (T, 13, 3) and root path (T, 3) without what lies outside the frames or is locked."""
        inside = (fade > 0).astype(float)
        held = {joint for part in self.locked for joint in PARTS[part]}
        free = np.array([joint not in held for joint in EDIT_JOINTS], dtype=float)
        # The hips' place is locked with their rotation.
        return rotvec * inside[:, None, None] * free[:, None], root * inside[:, None] * free[EDIT_JOINTS.index("pelvis")]


def all_but(parts: Collection[str]) -> tuple[str, ...]:
    """What to lock so that only some of PARTS move: "arms" leaves everything else as it is. Raises UnknownNameError."""
    free = {joint for part in EditScope(locked=tuple(parts)).locked for joint in PARTS[part]}
    return tuple(part for part, joints in PARTS.items() if not free.intersection(joints))
