"""The table of bones: which bone is which joint, found by a bone map and corrected by hand."""

from __future__ import annotations

import bpy

from agonist.bone_map import NEEDED_JOINTS

from ..ops.base import active_armature
from ..translate import iface
from .panel import Sidebar, told

__all__ = ["AGONIST_PT_bones"]

_SIDES = {"l": "Left", "r": "Right"}


def _label(joint: str) -> str:
    part, _, side = joint.partition("_")
    return iface(f"{_SIDES[side]} {part.title()}" if side else part.title())


class AGONIST_PT_bones(Sidebar, bpy.types.Panel):
    """Which bone is which joint."""

    bl_label = "Bones"
    bl_idname = "AGONIST_PT_bones"
    bl_parent_id = "AGONIST_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return active_armature(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        armature = active_armature(context)
        props = armature.agonist
        row = layout.row(align=True)
        row.operator("agonist.detect_bones", icon="VIEWZOOM")
        row.operator("agonist.load_bones", icon="FILE_FOLDER", text="")
        row.operator("agonist.save_bones", icon="FILE_TICK", text="")
        if not props.bones:
            told(layout, context, "Predict finds the bones by itself. Detect them here to see or correct them.", "INFO")
            return
        layout.label(text=iface("{bone_map}: {share:.0%} found", bone_map=props.bone_map, share=props.bone_score), icon="ARMATURE_DATA")
        empty = [row.name for row in props.bones if not row.bone and (row.name in NEEDED_JOINTS or row.name == "pelvis")]
        if empty:
            told(layout, context, iface("Choose a bone for {joints}", joints=", ".join(map(_label, empty))), "ERROR")
        unknown = sorted({name for row in props.bones for name in row.named() if name not in armature.data.bones})
        if unknown:
            told(layout, context, iface("The armature has no bone {bones}", bones=", ".join(unknown)), "ERROR")
        layout.prop(props, "show_controls")
        column = layout.column(align=True)
        for joint in props.bones:
            self._row(column, armature, joint, props.show_controls)

    def _row(self, column: bpy.types.UILayout, armature: bpy.types.Object, joint: bpy.types.PropertyGroup, controls: bool) -> None:
        fields = ["bone"]
        if controls:
            fields += ["deform", "control", *(("target", "pole", "swing") if joint.name[:-2] in ("wrist", "ankle") else ())]
        for field in fields:
            split = column.split(factor=0.4, align=True)
            split.label(text=_label(joint.name) if field == "bone" else "    " + iface(joint.bl_rna.properties[field].name))
            split.prop_search(joint, field, armature.data, "bones", text="", icon="BONE_DATA")
