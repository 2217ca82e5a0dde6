"""Export the motion that is shown, or variants of it, as the Export panel says."""

from __future__ import annotations

import os
from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper

from agonist.edit_goal import SMALLEST_SCALE
from agonist.errors import AgonistError

from ..exports.presets import presets
from ..exports.variants import export_variants, variant_files, variants_of
from ..exports.write import exported, files_of
from ..steps import Steps
from ..translate import rpt
from ..written import note_written
from .base import AnimatedArmatureOperator, PredictedOperator, active_armature
from .modal import StepsOperator
from .paths import whole_path
from .replace import ReplacingOperator

__all__ = ["AGONIST_OT_export", "AGONIST_OT_export_variants"]


class AGONIST_OT_export(ReplacingOperator, StepsOperator, AnimatedArmatureOperator, ExportHelper, bpy.types.Operator):
    """Export the motion that is shown, with the axes, units and names that the chosen target expects. Esc stops"""

    bl_idname = "agonist.export"
    bl_label = "Export"

    doing = "Exporting"
    go_s = 0.1

    preset: bpy.props.EnumProperty(
        name="For", description="Where the file goes; the scene's choice in the Export panel if none is given",
        default="SCENE", options={"SKIP_SAVE"},
        items=[("SCENE", "As the Panel Says", "Its choice"), *((one.id, one.label, one.description) for one in presets().values())],
    )  # fmt: skip
    filter_glob: bpy.props.StringProperty(default="*.bvh;*.fbx;*.glb;*.usdc", options={"HIDDEN"}, description="Files that are shown")
    # The suffix follows the preset, see `check`.
    check_extension = None
    filename_ext = ""

    def _preset(self, context: bpy.types.Context) -> str:
        return context.scene.agonist_export.preset if self.preset == "SCENE" else self.preset

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        # Named after the motion, so that original and recommended do not overwrite each other.
        action = active_armature(context).animation_data.action.name
        self.filepath = bpy.path.clean_name(action) + presets()[self._preset(context)].suffix
        self.asks = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, context: bpy.types.Context) -> bool:
        """Give the name in a file browser the suffix that the file will have, so that Blender marks the name of one that is there."""
        is_other = bool(os.path.basename(self.filepath)) and self._path(context) != Path(bpy.path.abspath(self.filepath))
        if is_other:
            self.filepath = str(self._path(context))
        return is_other

    def draw_settings(self, context: bpy.types.Context) -> None:
        self.layout.prop(self, "preset")

    def _path(self, context: bpy.types.Context) -> Path:
        path = Path(bpy.path.abspath(self.filepath))
        # Of the preset that was chosen before.
        if path.suffix.lower() in {one.suffix for one in presets().values()}:
            path = path.with_suffix("")
        return Path(bpy.path.ensure_ext(str(path), presets()[self._preset(context)].suffix))

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature, options = active_armature(context), context.scene.agonist_export.options
        try:
            chosen = whole_path(self.filepath)
        except AgonistError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        path = self._path(context)
        # The file browser has asked about the name that stands in it, not about what comes with it.
        asking = self.ask_first(context, [one for one in files_of(path, options) if one != chosen])
        if asking is not None:
            return asking
        return self.run_steps(context, armature, self._exported(exported(armature, path, self._preset(context), options)))

    def _exported(self, steps: Steps[list[Path]]) -> Steps[None]:
        self._written = yield from steps
        note_written(self._written)

    def told(self) -> str:
        return rpt("Exported {files}", files=", ".join(map(str, self._written)))

    def stopped(self) -> str:
        return rpt("Stopped; nothing was written")


class AGONIST_OT_export_variants(ReplacingOperator, StepsOperator, PredictedOperator, AnimatedArmatureOperator, bpy.types.Operator):
    """Edit the source motion by each factor in turn and export every result to a folder. Esc stops"""

    bl_idname = "agonist.export_variants"
    bl_label = "Export Variants"

    doing = "Exporting variants"
    go_s = 0.1

    directory: bpy.props.StringProperty(name="Folder", description="Where the files go", subtype="DIR_PATH", options={"SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"}, description="Show folders")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.directory, self.asks = bpy.path.abspath("//"), True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        armature, settings, self._files = active_armature(context), context.scene.agonist_export, 0
        try:
            folder = whole_path(self.directory or "//")
            self.directory = str(folder)
            asked = (armature, settings.variants, folder, settings.preset, settings.options)
            self._is_cut = any(variant.is_cut for variant in variants_of(armature, settings.variants))
            asking = self.ask_first(context, variant_files(*asked))
        except AgonistError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return asking or self.run_steps(context, armature, export_variants(*asked, self._written))

    def _written(self, files: list[Path]) -> None:
        note_written(files)
        self._files += len(files)

    def told(self) -> str:
        if self._is_cut:
            return rpt(
                "Exported {count} files to {folder}; for factors below {least:g} the model was asked for {least:g}",
                count=self._files, folder=self.directory, least=SMALLEST_SCALE,
            )  # fmt: skip
        return rpt("Exported {count} files to {folder}", count=self._files, folder=self.directory)

    def stopped(self) -> str:
        return rpt("Stopped after {count} files", count=self._files)
