"""Import a motion; export BVH and FBX."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from agonist.errors import AgonistError

from .. import verbs
from .base import AnimatedArmatureOperator, active_armature

__all__ = ["AGONIST_OT_export_bvh", "AGONIST_OT_export_fbx", "AGONIST_OT_import_motion"]


class AGONIST_OT_import_motion(bpy.types.Operator, ImportHelper):
    """Import a motion file as an armature with an action"""

    bl_idname = "agonist.import_motion"
    bl_label = "Import Motion"
    bl_options = {"REGISTER", "UNDO"}

    filter_glob: bpy.props.StringProperty(default="*.bvh;*.amc;*.npz;*.trc;*.c3d;*.json", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            verbs.import_motion(Path(self.filepath))
        except AgonistError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class _Export(AnimatedArmatureOperator, ExportHelper):
    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        # Named after the motion, so that original and recommended do not overwrite each other.
        action = active_armature(context).animation_data.action.name
        self.filepath = bpy.path.clean_name(action) + self.filename_ext
        return ExportHelper.invoke(self, context, event)


class AGONIST_OT_export_bvh(_Export, bpy.types.Operator):
    """Export the motion that is shown as BVH, in centimetres, Y up"""

    bl_idname = "agonist.export_bvh"
    bl_label = "Export BVH"
    filename_ext = ".bvh"
    filter_glob: bpy.props.StringProperty(default="*.bvh", options={"HIDDEN"})

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        verbs.export_bvh(armature, Path(self.filepath))
        self.report({"INFO"}, f"Exported {self.filepath}")


class AGONIST_OT_export_fbx(_Export, bpy.types.Operator):
    """Export the armature and the motion that is shown as FBX"""

    bl_idname = "agonist.export_fbx"
    bl_label = "Export FBX"
    filename_ext = ".fbx"
    filter_glob: bpy.props.StringProperty(default="*.fbx", options={"HIDDEN"})

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        verbs.export_fbx(armature, Path(self.filepath))
        self.report({"INFO"}, f"Exported {self.filepath}")
