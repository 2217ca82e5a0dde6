"""A scene with nothing but an armature: Blender evaluates what decides its pose, and neither muscles nor skin nor anything beside it.

The pose is the same, and the window's scene keeps its frame. Where only some bones are asked for, a copy that has no others than
those that decide where these are stands in for the armature: of Rigify's 706 bones, 124.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import bpy

from agonist.errors import MotionError

from ..compat import STAND_INS
from ..translate import rpt
from .copies import follow_itself, own_copy
from .depends import asks_the_scene, bone_of, constraints_of, deciding_bones, drivers_of, reached_objects

__all__ = ["Alone", "fewer_bones", "lone_scene", "others_pose"]

# Constraints that read the scene's camera or clip.
_OF_THE_SCENE = {"FOLLOW_TRACK", "CAMERA_SOLVER", "OBJECT_SOLVER"}
# A copy with more than this share of the bones would save less than making it takes [ours].
_WORTH = 0.8


@dataclass(frozen=True, eq=False)
class Alone:
    """Where Blender evaluates an armature.

    Attributes:
        scene: the window's, or one of its own.
        armature: itself, or what stands in for it there.
    """

    scene: bpy.types.Scene
    armature: bpy.types.Object

    @property
    def _layer(self) -> bpy.types.ViewLayer:
        return bpy.context.view_layer if self.scene == bpy.context.scene else self.scene.view_layers[0]

    def go_to(self, frame: float) -> None:
        """Evaluate a frame, which need not be whole."""
        whole = math.floor(frame + 1e-6)
        self.scene.frame_set(whole, subframe=max(0.0, min(frame - whole, 0.9999)))

    def update(self) -> None:
        """Evaluate what has changed."""
        self._layer.update()

    def evaluated(self) -> bpy.types.Object:
        """The armature as Blender has evaluated it."""
        is_windows = self.scene == bpy.context.scene
        return self.armature.evaluated_get(bpy.context.evaluated_depsgraph_get() if is_windows else self._layer.depsgraph)


@contextmanager
def lone_scene(armature: bpy.types.Object, data: bpy.types.Armature | None = None) -> Iterator[Alone]:
    """The scene to evaluate an armature in; the window's where that might pose it otherwise. It is gone again afterwards.

    `data` are those of `fewer_bones`. The armature's channels are as they are now. Raises MotionError where Blender would not
    evaluate the armature.
    """
    scene = bpy.context.scene
    if not _is_the_same_alone(armature):
        _check_seen(Alone(scene, armature), armature.name)
        yield Alone(scene, armature)
        return
    stand_in = armature if data is None else _with_data(armature, data)
    own = bpy.data.scenes.new(f"{armature.name} alone")
    try:
        for name in ("fps", "fps_base", "frame_map_old", "frame_map_new"):
            setattr(own.render, name, getattr(scene.render, name))
        own.collection.objects.link(stand_in)
        own.frame_set(scene.frame_current, subframe=scene.frame_subframe)
        alone = Alone(own, stand_in)
        _check_seen(alone, armature.name)
        yield alone
    finally:
        bpy.data.scenes.remove(own)
        if data is not None:
            bpy.data.objects.remove(stand_in)


@contextmanager
def fewer_bones(armature: bpy.types.Object, names: Iterable[str]) -> Iterator[bpy.types.Armature | None]:
    """Armature data for `lone_scene` with no bones but those that decide where some are; None where that saves nothing, or fails."""
    data = _reduced(armature, names)
    try:
        yield data
    finally:
        if data is not None:
            bpy.data.armatures.remove(data)


def _reduced(armature: bpy.types.Object, names: Iterable[str]) -> bpy.types.Armature | None:
    if not STAND_INS or armature.data.is_editmode or armature.animation_data is None or armature.animation_data.use_tweak_mode:
        return None
    kept = deciding_bones(armature, names) if _is_the_same_alone(armature) else None
    if kept is None or len(kept) > _WORTH * len(armature.data.bones):
        return None
    data = own_copy(armature.data)
    data.animation_data_clear()
    try:
        _keep_only(data, kept)
    except RuntimeError:
        # Blender does not let bones be edited everywhere, while it draws for one; all of them show the same, later.
        bpy.data.armatures.remove(data)
        return None
    return data


def _keep_only(data: bpy.types.Armature, names: set[str]) -> None:
    """Delete all other bones."""
    scene, helper = bpy.data.scenes.new("Fewer bones"), bpy.data.objects.new("Fewer bones", data)
    try:
        scene.collection.objects.link(helper)
        layer = scene.view_layers[0]
        layer.objects.active = helper
        with bpy.context.temp_override(scene=scene, view_layer=layer, active_object=helper, object=helper):
            bpy.ops.object.mode_set(mode="EDIT")
            for bone in [bone for bone in data.edit_bones if bone.name not in names]:
                data.edit_bones.remove(bone)
            bpy.ops.object.mode_set(mode="OBJECT")
    finally:
        bpy.data.objects.remove(helper)
        bpy.data.scenes.remove(scene)


def _with_data(armature: bpy.types.Object, data: bpy.types.Armature) -> bpy.types.Object:
    """A copy of an armature with fewer bones; what its channels, constraints and drivers say of these stays."""
    copy = own_copy(armature)
    copy.data = data
    follow_itself(copy, armature)
    for curve in list(copy.animation_data.drivers):
        name = bone_of(curve.data_path)
        if name is not None and name not in data.bones:
            copy.animation_data.drivers.remove(curve)
    return copy


def _check_seen(alone: Alone, name: str) -> None:
    """Raise MotionError for an armature whose pose stands still in a scene because Blender leaves it out."""
    if not alone.evaluated().is_evaluated:
        raise MotionError(rpt(
            "Armature '{name}' is disabled in viewports or in no collection of the view layer, so Blender does not pose it; "
            "enable it in the Outliner (the screen icon).", name=name,
        ))  # fmt: skip


def others_pose() -> bool:
    """Whether another add-on hears of a frame's change, and may pose something then."""
    package = __package__.rpartition(".")[0]
    handlers = (*bpy.app.handlers.frame_change_pre, *bpy.app.handlers.frame_change_post)
    return any(not getattr(handler, "__module__", "").startswith(package) for handler in handlers)


def _is_the_same_alone(armature: bpy.types.Object) -> bool:
    """Whether nothing that the scene has beside the armature, and what that depends on, can decide its pose."""
    if others_pose():
        return False
    for thing in reached_objects(armature):
        # What is simulated remembers the frames that its scene has played.
        if thing != armature and (thing.modifiers or thing.rigid_body is not None or thing.rigid_body_constraint is not None):
            return False
        if armature.rigid_body is not None or any(one.type in _OF_THE_SCENE for one in constraints_of(thing)):
            return False
        if any(asks_the_scene(one.driver) for one in drivers_of(thing)):
            return False
    return True
