"""Detect, load and save which bone is which joint."""

from __future__ import annotations

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from .. import verbs
from ..rig.bones import user_map_folder
from ..translate import rpt
from .base import ArmatureOperator, active_armature
from .paths import whole_path

__all__ = ["AGONIST_OT_detect_bones", "AGONIST_OT_load_bones", "AGONIST_OT_save_bones"]


class AGONIST_OT_detect_bones(ArmatureOperator, bpy.types.Operator):
    """Find which bone is which joint, by your own bone maps and those that come with Agonist"""

    bl_idname = "agonist.detect_bones"
    bl_label = "Detect Bones"
    bl_options = {"REGISTER", "UNDO"}

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        verbs.find_bones(armature)
        props = armature.agonist
        self.report({"INFO"}, rpt("{bone_map}: {share:.0%} found", bone_map=props.bone_map, share=props.bone_score))


class AGONIST_OT_load_bones(ArmatureOperator, bpy.types.Operator, ImportHelper):
    """Fill the table of bones from a bone map's file"""

    bl_idname = "agonist.load_bones"
    bl_label = "Load Bone Map"
    bl_options = {"REGISTER", "UNDO"}
    filter_glob: bpy.props.StringProperty(default="*.toml", options={"HIDDEN"}, description="Files that are shown")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.filepath = f"{user_map_folder(create=True)}/"
        return ImportHelper.invoke(self, context, event)

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        rig = verbs.load_bones(armature, whole_path(self.filepath))
        if rig.missing:
            told = rpt("{bone_map}: no bone for {joints}; choose them in the panel Bones", bone_map=rig.name, joints=", ".join(rig.missing))
            self.report({"WARNING"}, told)


class AGONIST_OT_save_bones(ArmatureOperator, bpy.types.Operator, ExportHelper):
    """Save the table of bones as a bone map of your own; those in this folder are tried first by Detect Bones"""

    bl_idname = "agonist.save_bones"
    bl_label = "Save Bone Map"
    filename_ext = ".toml"
    filter_glob: bpy.props.StringProperty(default="*.toml", options={"HIDDEN"}, description="Files that are shown")

    @classmethod
    def lacks(cls, context: bpy.types.Context, armature: bpy.types.Object) -> str:
        return "" if armature.agonist.bones else "Press Detect Bones first"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.filepath = str(user_map_folder(create=True) / bpy.path.clean_name(active_armature(context).name)) + self.filename_ext
        return ExportHelper.invoke(self, context, event)

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        path = whole_path(self.filepath)
        verbs.save_bones(armature, path)
        self.report({"INFO"}, rpt("Saved {path}", path=path))
