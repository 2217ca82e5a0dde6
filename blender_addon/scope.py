"""What an edit may touch, as the panel has it: locked parts of the body, influence, falloff."""

from __future__ import annotations

from collections.abc import Collection

import bpy

from agonist.edit_scope import FALLOFF_S, all_but

from .live import changed, quiet

__all__ = ["LOCKS", "AgonistScope"]

# Part of the body -> label and what a lock means, in the order of the panel. "arms" and "legs" of the core are both sides.
LOCKS = {
    "head": ("Head", "The head and neck keep their rotation"),
    "arm_r": ("Right Arm", "The right shoulder and elbow keep their rotation"),
    "trunk": ("Trunk", "The spine keeps its rotation"),
    "arm_l": ("Left Arm", "The left shoulder and elbow keep their rotation"),
    "leg_r": ("Right Leg", "The right hip, knee and ankle keep their rotation, and the hips their place"),
    "root": ("Root", "The hips keep their place and rotation"),
    "leg_l": ("Left Leg", "The left hip, knee and ankle keep their rotation, and the hips their place"),
}


def _lock(part: str) -> object:
    label, told = LOCKS[part]
    return bpy.props.BoolProperty(name=f"Lock {label}", description=f"{told}, whatever the sliders ask", default=False, update=changed)


class AgonistScope(bpy.types.PropertyGroup):
    """The scope of an armature's edit."""

    lock_head: _lock("head")
    lock_trunk: _lock("trunk")
    lock_root: _lock("root")
    lock_arm_l: _lock("arm_l")
    lock_arm_r: _lock("arm_r")
    lock_leg_l: _lock("leg_l")
    lock_leg_r: _lock("leg_r")
    influence: bpy.props.FloatProperty(
        name="Influence", description="Share of the change that is taken: 0 is the original motion, 1 the whole edit", default=1.0,
        min=0.0, max=1.0, subtype="FACTOR", update=changed,
    )  # fmt: skip
    feet_planted: bpy.props.BoolProperty(
        name="Keep Feet Planted", description="Feet that stand stay where they stand; without, they only stay above the floor",
        default=True, update=changed,
    )  # fmt: skip
    falloff_s: bpy.props.FloatProperty(
        name="Falloff", description="Seconds over which the edit fades in and out inside the frame range", default=FALLOFF_S, min=0.0,
        max=60.0, soft_max=3.0, step=5, precision=2, unit="TIME_ABSOLUTE", update=changed,
    )  # fmt: skip

    @property
    def locked(self) -> tuple[str, ...]:
        """The locked parts, as the core names them."""
        return tuple(part for part in LOCKS if getattr(self, f"lock_{part}"))

    def lock(self, parts: Collection[str]) -> None:
        """Lock these parts and free all others, then make the motion once."""
        with quiet():
            for part in LOCKS:
                setattr(self, f"lock_{part}", part in parts)
        changed(self, bpy.context)

    def only(self, parts: Collection[str]) -> None:
        """Lock whatever moves none of these parts of the core ("arms"); nothing if there are none."""
        self.lock(all_but(parts) if parts else ())
