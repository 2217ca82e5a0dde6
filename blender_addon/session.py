"""What a live edit keeps between two moves of a slider: plain data keyed by names, no Blender reference survives an undo."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from agonist.edit import EditSession, prepare_edit
from agonist.errors import MotionError

from .rig.sample import Sample, sample_armature

__all__ = ["LiveEdit", "forget", "live_edit"]


@dataclass(frozen=True)
class LiveEdit:
    """A sampled armature and the prepared edit on it."""

    sample: Sample
    session: EditSession


# One entry an armature: rebuilt when the source action, its range or the scene's rate is another.
_cache: dict[str, tuple[tuple[object, ...], LiveEdit]] = {}


def live_edit(armature: bpy.types.Object) -> LiveEdit:
    """The prepared edit of an armature's source action. Raises MotionError, SkeletonError, ContractError."""
    source = armature.agonist.source_action
    if source is None:
        raise MotionError(f"Armature '{armature.name}' has not been predicted yet; press Predict first.")
    scene = bpy.context.scene
    stamp = (source.name, tuple(source.frame_range), scene.render.fps, scene.render.fps_base, armature.agonist.model)
    found = _cache.get(armature.name)
    if found and found[0] == stamp:
        return found[1]
    from agonist.model import load_model

    from .compat import assign_action

    current = armature.animation_data.action if armature.animation_data else None
    assign_action(armature, source)
    try:
        sample = sample_armature(armature)
    finally:
        if current is not None:
            assign_action(armature, current)
    live = LiveEdit(sample, prepare_edit(sample.motion, model=load_model(armature.agonist.model)))
    _cache[armature.name] = (stamp, live)
    return live


def forget(armature_name: str) -> None:
    """Drop what is kept about an armature: its source action was changed by hand."""
    _cache.pop(armature_name, None)


