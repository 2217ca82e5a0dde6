"""Blender's units and metres: a scene's Unit Scale says what one of its units stands for."""

from __future__ import annotations

from dataclasses import replace

import bpy

from agonist.motion import Motion

__all__ = ["metres_a_unit", "resized"]


def metres_a_unit(scene: bpy.types.Scene) -> float:
    """Metres that one of Blender's units stands for, as the scene's Unit Scale says; 1 where it has no units."""
    units = scene.unit_settings
    return 1.0 if units.system == "NONE" else float(units.scale_length)


def resized(motion: Motion, factor: float) -> Motion:
    """A motion with the same turns on a skeleton `factor` times as large, which travels as many times as far."""
    skeleton, local = motion.skeleton, motion.local_positions
    ends = {name: factor * end for name, end in skeleton.end_sites.items()}
    return replace(
        motion, skeleton=replace(skeleton, offsets=factor * skeleton.offsets, end_sites=ends),
        root_position=factor * motion.root_position, local_positions=None if local is None else factor * local,
    )  # fmt: skip
