"""The verbs: what operators and scripts call. Each takes Blender objects, calls the core, and writes the result."""

from __future__ import annotations

from pathlib import Path

import bpy

from agonist import io
from agonist.edit import EditResult
from agonist.errors import MotionError
from agonist.io import bvh
from agonist.motion import Keypoints

from . import session
from .compat import assign_action
from .muscles.heatmap import key_activation, muscle_objects, range_top, show_colours
from .rig.apply import apply_motion
from .rig.build import build_armature
from .rig.sample import sample_armature

__all__ = ["edit_armature", "export_bvh", "export_fbx", "import_motion", "predict_armature", "show"]


def import_motion(path: Path) -> bpy.types.Object:
    """A motion file as an armature with an action. Raises FileFormatError and what the reader raises."""
    clip = io.read(path)
    if isinstance(clip, Keypoints):
        from agonist.capture.fit import fit_motion

        clip = fit_motion(clip)
    return build_armature(clip, path.stem)


def predict_armature(armature: bpy.types.Object) -> None:
    """Take the armature's action as the source, predict its muscles, and colour them. Raises MotionError, SkeletonError."""
    data = armature.animation_data
    if data is None or data.action is None:
        raise MotionError(f"Armature '{armature.name}' has no action; import a motion or animate it first.")
    props = armature.agonist
    if not data.action.get("agonist_source"):
        props.source_action = data.action
    session.forget(armature.name)
    live = session.live_edit(armature)
    props.fill_sliders(live.session.model.contract.muscles)
    key_activation(
        muscle_objects(armature), live.session.original, live.sample.first_frame, "ORIGINAL", props.source_action.name,
        range_top(live.session.original, props.colour_range),
    )  # fmt: skip
    props.show = "ORIGINAL"


def edit_armature(armature: bpy.types.Object, *, refine: bool = True) -> EditResult:
    """Regenerate the recommended motion from the sliders, as a new action. Raises MotionError, InputError."""
    props = armature.agonist
    live = session.live_edit(armature)
    scales = {slider.name: slider.scale for slider in props.sliders}
    frames = None
    if props.use_frame_range:
        first = live.sample.first_frame
        frames = (props.frame_first - first, props.frame_last - first + 1)
    result = live.session.edit(scales, frames, refine=refine)
    name = f"{props.source_action.name} | recommended"
    props.recommended_action = apply_motion(armature, live.sample, result.motion, props.source_action, name)
    key_activation(
        muscle_objects(armature),
        result.recommended,
        live.sample.first_frame,
        "RECOMMENDED",
        name,
        range_top(result.original, props.colour_range),
    )
    for slider, outcome in zip(props.sliders, result.outcomes, strict=True):
        slider.reached, slider.out_of_reach = outcome.reached, outcome.out_of_reach
    props.shown = "RECOMMENDED"
    return result


def show(armature: bpy.types.Object, which: str) -> None:
    """Play "ORIGINAL" or "RECOMMENDED": the armature's action and the muscles' colours change together."""
    props = armature.agonist
    action = props.source_action if which == "ORIGINAL" else props.recommended_action
    if action is None:
        raise MotionError("There is no such motion yet; press Predict and move a slider first.")
    assign_action(armature, action)
    show_colours(muscle_objects(armature), which)


def export_bvh(armature: bpy.types.Object, path: Path) -> None:
    """The armature's current action as BVH: centimetres, Y up, the scene's frame rate. Raises MotionError."""
    sample = sample_armature(armature)
    bvh.write(path, sample.motion)


def export_fbx(armature: bpy.types.Object, path: Path) -> None:
    """The armature and its current action as FBX, every frame a key, no leaf bones, no simplification."""
    scene = bpy.context.scene
    kept = scene.frame_start, scene.frame_end
    first, last = (round(value) for value in armature.animation_data.action.frame_range)
    scene.frame_start, scene.frame_end = first, last
    selected = [thing for thing in bpy.context.view_layer.objects if thing.select_get()]
    try:
        for thing in selected:
            thing.select_set(False)
        armature.select_set(True)
        bpy.context.view_layer.objects.active = armature
        from agonist.io.atomic import atomic_path

        with atomic_path(path) as temporary:
            bpy.ops.export_scene.fbx(
                filepath=str(temporary), use_selection=True, object_types={"ARMATURE"}, add_leaf_bones=False, bake_anim=True,
                bake_anim_use_all_bones=True, bake_anim_use_nla_strips=False, bake_anim_use_all_actions=False,
                bake_anim_force_startend_keying=True, bake_anim_step=1.0, bake_anim_simplify_factor=0.0,
            )  # fmt: skip
    finally:
        armature.select_set(False)
        for thing in selected:
            thing.select_set(True)
        scene.frame_start, scene.frame_end = kept
