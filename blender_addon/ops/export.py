"""Export the motion that is shown, or variants of it, as the Export panel says."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper

from agonist.errors import AgonistError

from ..exports.presets import presets
from ..exports.variants import export_variants
from ..exports.write import export_motion
from .base import AnimatedArmatureOperator, active_armature

__all__ = ["AGONIST_OT_export", "AGONIST_OT_export_variants"]


class AGONIST_OT_export(AnimatedArmatureOperator, ExportHelper, bpy.types.Operator):
    """Export the motion that is shown, with the axes, units and names that the chosen target expects"""

    bl_idname = "agonist.export"
    bl_label = "Export"

    preset: bpy.props.EnumProperty(
        name="For", description="Where the file goes; the scene's choice in the Export panel if none is given",
        default="SCENE", options={"SKIP_SAVE"},
        items=[("SCENE", "As the Panel Says", "Its choice"), *((one.id, one.label, one.description) for one in presets().values())],
    )  # fmt: skip
    filter_glob: bpy.props.StringProperty(default="*.bvh;*.fbx;*.glb;*.usdc", options={"HIDDEN"}, description="Files that are shown")
    # The suffix follows the preset, so ExportHelper must not put its own there.
    check_extension = None
    filename_ext = ""

    def _preset(self, context: bpy.types.Context) -> str:
        return context.scene.agonist_export.preset if self.preset == "SCENE" else self.preset

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        # Named after the motion, so that original and recommended do not overwrite each other.
        action = active_armature(context).animation_data.action.name
        self.filepath = bpy.path.clean_name(action) + presets()[self._preset(context)].suffix
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        name = self._preset(context)
        path = Path(bpy.path.ensure_ext(self.filepath, presets()[name].suffix))
        written = export_motion(armature, path, name, context.scene.agonist_export.options)
        self.report({"INFO"}, f"Exported {', '.join(map(str, written))}")


class AGONIST_OT_export_variants(AnimatedArmatureOperator, bpy.types.Operator):
    """Edit the source motion by each factor in turn and export every result to a folder. Esc stops after the file in work"""

    bl_idname = "agonist.export_variants"
    bl_label = "Export Variants"

    directory: bpy.props.StringProperty(name="Folder", description="Where the files go", subtype="DIR_PATH", options={"SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"}, description="Show folders")

    @classmethod
    def why_not(cls, context: bpy.types.Context, armature: bpy.types.Object | None) -> str:
        why = super().why_not(context, armature)
        return why or ("" if armature.agonist.source_action else "Press Predict first")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.directory = bpy.path.abspath("//")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = context.scene.agonist_export
        self._armature, self._files = active_armature(context).name, 0
        self._steps = export_variants(
            active_armature(context), settings.variants, Path(self.directory), settings.preset, settings.options
        )
        if bpy.app.background:
            while (result := self._step(context)) == {"RUNNING_MODAL"}:
                pass
            return result
        manager = context.window_manager
        manager.progress_begin(0, 1)
        self._timer = manager.event_timer_add(0.01, window=context.window)
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type == "ESC":
            return self._end(context, {"CANCELLED"}, f"Stopped after {self._files} files")
        if self._armature not in context.scene.objects:
            return self._end(context, {"CANCELLED"}, "The armature is gone")
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        result = self._step(context)
        return result if result == {"RUNNING_MODAL"} else self._end(context, result)

    def _step(self, context: bpy.types.Context) -> set[str]:
        try:
            share, files = next(self._steps)
        except StopIteration:
            self.report({"INFO"}, f"Exported {self._files} files to {self.directory}")
            return {"FINISHED"}
        except AgonistError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self._files += len(files)
        context.window_manager.progress_update(share)
        return {"RUNNING_MODAL"}

    def _end(self, context: bpy.types.Context, result: set[str], told: str = "") -> set[str]:
        context.window_manager.progress_end()
        context.window_manager.event_timer_remove(self._timer)
        if told:
            self.report({"WARNING"}, told)
        return result
