"""Write: the motion that a rig shows as a file of a preset, and its activation as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import bpy

from agonist.activation import Activation
from agonist.errors import InputError, MotionError, WorkError
from agonist.io import bvh, csv_activation
from agonist.io.atomic import atomic_path
from agonist.loops import in_place, loop_weights, looped

from ..rig.playing import active_action
from ..rig.sample import sampled_armature
from ..rig.units import metres_a_unit, resized
from ..steps import Steps, finished, part
from ..translate import rpt
from .fbx_curves import add_property_curves
from .presets import Preset, preset
from .stage import Staged, activation_curves, staged
from .take import Take, activation_shown, baked, closed

__all__ = ["ExportOptions", "export_motion", "exported", "files_of"]

# The share of the time that reading the rig takes, as far as a progress bar is concerned [ours]; Blender's exporters say nothing.
_READ = 0.9
# Format -> the operator that writes it, and Blender's add-on that brings it along.
_ADDONS = {"fbx": ("EXPORT_SCENE_OT_fbx", "FBX format"), "glb": ("EXPORT_SCENE_OT_gltf", "glTF 2.0 format")}


@dataclass(frozen=True)
class ExportOptions:
    """What goes into a file beside what the preset says.

    Attributes:
        fps: frames a second of the file, the motion's duration kept; the scene's rate if None.
        root: "KEEP", "BONE" or "IN_PLACE", see `take.baked`.
        loop: whether the last pose becomes the first.
        activation: whether the muscles' curves go into an FBX, GLB or USD.
        csv: whether they are written as a table beside the file too.
        meshes: whether the meshes that the armature deforms come along.
    """

    fps: float | None = None
    root: str = "KEEP"
    loop: bool = False
    activation: bool = False
    csv: bool = False
    meshes: bool = False


def files_of(path: Path, options: ExportOptions) -> list[Path]:
    """The files that an export to a path writes: the motion, and the table beside it if one is wanted."""
    return [path, path.with_suffix(".csv")] if options.csv else [path]


def export_motion(armature: bpy.types.Object, path: Path, name: str = "FBX", options: ExportOptions | None = None) -> list[Path]:
    """`exported` in one go."""
    return finished(exported(armature, path, name, options))


def exported(armature: bpy.types.Object, path: Path, name: str = "FBX", options: ExportOptions | None = None) -> Steps[list[Path]]:
    """Write the action that plays, whole or not at all; the files that were written. Where it is stopped, nothing is.

    Raises MotionError without an action, for a mirrored or unevenly scaled armature or where Blender's exporter fails,
    InputError where the file cannot be written, WorkError where Blender's exporter is switched off, and what the prediction raises
    where activation is wanted.
    """
    chosen, options = preset(name), options or ExportOptions()
    # A rig without one is told why, before anything is looked at.
    active_action(armature)
    if options.fps is not None and not 1.0 <= options.fps <= 1000.0:
        raise InputError(rpt("{fps:g} frames a second cannot be written. Expected 1 to 1000.", fps=options.fps))
    bpy.context.view_layer.update()
    if bpy.context.view_layer.objects.get(armature.name) != armature or armature.hide_viewport:
        raise MotionError(rpt(
            "Armature '{name}' could not be exported: it is hidden or not in this view layer, so it does not move.", name=armature.name
        ))  # fmt: skip
    _check_exporter(chosen)
    if chosen.format == "bvh":
        activation = yield from _bvh_written(armature, path, chosen, options)
    else:
        reading = baked(
            armature, fps=options.fps, root=options.root, loop=options.loop, activation=options.activation or options.csv,
            deform_only=chosen.deform_only,
        )  # fmt: skip
        take = yield from part(reading, 0.0, _READ)
        # Nothing is yielded on the stage: its scene is the window's meanwhile.
        with staged(
            take, chosen, armature, meshes=options.meshes, carrier=options.activation and chosen.format != "fbx"
        ) as stage, atomic_path(path) as temporary:  # fmt: skip
            try:
                _WRITERS[chosen.format](temporary, stage, take, chosen, options)
            except RuntimeError as error:
                # Exporters report by raising.
                raise MotionError(
                    rpt("Armature '{name}' could not be exported: {why}", name=armature.name, why=str(error).strip())
                ) from error
        activation = take.activation
    if options.csv and activation is not None:
        csv_activation.write(path.with_suffix(".csv"), activation)
    return files_of(path, options)


def _check_exporter(chosen: Preset) -> None:
    """Raise WorkError where Blender's add-on that writes the format is switched off."""
    operator, addon = _ADDONS.get(chosen.format, ("", ""))
    if operator and not hasattr(bpy.types, operator):
        raise WorkError(rpt(
            "{preset} could not be exported: Blender's add-on '{addon}' is switched off. Enable it in Edit > Preferences > Add-ons.",
            preset=rpt(chosen.label), addon=addon,
        ))  # fmt: skip


def _bvh_written(armature: bpy.types.Object, path: Path, chosen: Preset, options: ExportOptions) -> Steps[Activation | None]:
    """Write the file; the activation of its frames, if a table of it is wanted."""
    if options.root == "BONE":
        raise InputError(rpt("BVH has no bone for root motion alone; the hips carry it. Expected As It Is or In Place."))
    # Before anything is written: no file may stay behind where the prediction fails.
    activation = (yield from part(_activation(armature, options), 0.0, 0.5 * _READ)) if options.csv else None
    sample = yield from part(sampled_armature(armature), 0.5 * _READ if options.csv else 0.0, _READ)
    motion = resized(sample.motion, metres_a_unit(bpy.context.scene))
    if options.root == "IN_PLACE":
        motion = in_place(motion)
    if options.loop:
        motion = looped(motion)
    if options.fps:
        motion = motion.resample(options.fps)
    bvh.write(path, motion, bvh.default_layout(motion, up=chosen.up.lower(), unit_m=chosen.unit_m))
    return activation


def _activation(armature: bpy.types.Object, options: ExportOptions) -> Steps[Activation]:
    """Of the frames of a BVH, which begins at 0 s whichever frame the action begins at."""
    shown = replace((yield from activation_shown(armature)), start=0.0)
    if options.loop:
        shown = closed(shown, loop_weights(len(shown), shown.fps))
    return shown.resample(options.fps) if options.fps else shown


def _write_fbx(path: Path, stage: Staged, take: Take, chosen: Preset, options: ExportOptions) -> None:
    bpy.ops.export_scene.fbx(
        filepath=str(path), use_selection=False, object_types={"ARMATURE", "MESH"}, axis_up=chosen.up, axis_forward=chosen.forward,
        apply_unit_scale=True, apply_scale_options="FBX_SCALE_UNITS", bake_space_transform=False, add_leaf_bones=False,
        use_armature_deform_only=chosen.deform_only, primary_bone_axis="Y", secondary_bone_axis="X", use_mesh_modifiers=False,
        mesh_smooth_type="FACE", bake_anim=True, bake_anim_use_all_bones=True, bake_anim_use_nla_strips=False,
        bake_anim_use_all_actions=False, bake_anim_force_startend_keying=True, bake_anim_step=1.0, bake_anim_simplify_factor=0.0,
    )  # fmt: skip
    if options.activation and take.activation is not None:
        add_property_curves(path, activation_curves(take), take.fps)


def _write_glb(path: Path, stage: Staged, take: Take, chosen: Preset, options: ExportOptions) -> None:
    bpy.ops.export_scene.gltf(
        filepath=str(path), export_format="GLB", use_active_scene=True, export_yup=True, export_extras=True, export_skins=True,
        export_def_bones=False, export_animations=True, export_animation_mode="SCENE", export_anim_scene_split_object=False,
        export_frame_range=True, export_force_sampling=True, export_frame_step=1, export_anim_slide_to_zero=True,
        export_optimize_animation_size=False, export_morph=True, export_morph_animation=True, export_morph_normal=False,
        export_rest_position_armature=True,
    )  # fmt: skip


def _write_usd(path: Path, stage: Staged, take: Take, chosen: Preset, options: ExportOptions) -> None:
    bpy.ops.wm.usd_export(
        filepath=str(path), export_animation=True, export_armatures=True, export_shapekeys=True, export_materials=options.meshes,
        only_deform_bones=chosen.deform_only,
    )  # fmt: skip


_WRITERS: dict[str, Callable[[Path, Staged, Take, Preset, ExportOptions], None]] = {
    "fbx": _write_fbx, "glb": _write_glb, "usd": _write_usd
}  # fmt: skip
