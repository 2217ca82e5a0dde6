"""The sidebar tab: from a rig to a heatmap to sliders to files, top to bottom."""

from __future__ import annotations

import bpy

from ..muscles.heatmap import muscle_objects
from ..ops.base import active_armature

__all__ = ["AGONIST_PT_export", "AGONIST_PT_main", "AGONIST_PT_sliders"]


class _Sidebar:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Agonist"


class AGONIST_PT_main(_Sidebar, bpy.types.Panel):
    """Rig and heatmap."""

    bl_label = "Muscles"
    bl_idname = "AGONIST_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("agonist.import_motion", icon="IMPORT")
        armature = active_armature(context)
        if armature is None:
            column = layout.column(align=True)
            column.label(text="Select an animated armature,", icon="INFO")
            column.label(text="or import a motion.", icon="BLANK1")
            return
        props = armature.agonist
        layout.label(text=armature.name, icon="ARMATURE_DATA")
        layout.operator(
            "agonist.add_muscles", icon="OUTLINER_OB_META", text="Rebuild Muscles" if muscle_objects(armature) else "Add Muscles"
        )
        layout.operator("agonist.predict", icon="SHADING_RENDERED")
        layout.prop(props, "colour_range")
        if props.message:
            layout.label(text=props.message, icon="ERROR")


class AGONIST_PT_sliders(_Sidebar, bpy.types.Panel):
    """One slider a muscle."""

    bl_label = "Recommended Motion"
    bl_idname = "AGONIST_PT_sliders"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        armature = active_armature(context)
        return armature is not None and bool(armature.agonist.sliders)

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        props = active_armature(context).agonist
        layout.row().prop(props, "show", expand=True)
        row = layout.row(align=True)
        row.prop(props, "live", toggle=True)
        row.prop(props, "link_sides", toggle=True)
        column = layout.column(align=True)
        for slider in props.sliders:
            row = column.row(align=True)
            row.prop(slider, "scale", text=slider.label, slider=True)
            told = row.row()
            told.scale_x = 0.55
            told.alert = slider.out_of_reach
            told.label(text=f"{slider.reached:.2f}" if slider.scale != 1 or slider.reached != 1 else "")
        if any(slider.out_of_reach for slider in props.sliders):
            layout.label(text="Red numbers: out of reach for this motion", icon="INFO")
        layout.prop(props, "use_frame_range")
        if props.use_frame_range:
            row = layout.row(align=True)
            row.prop(props, "frame_first")
            row.prop(props, "frame_last")
        row = layout.row(align=True)
        row.operator("agonist.edit", icon="FILE_REFRESH")
        row.operator("agonist.reset", icon="LOOP_BACK", text="")


class AGONIST_PT_export(_Sidebar, bpy.types.Panel):
    """Files out."""

    bl_label = "Export"
    bl_idname = "AGONIST_PT_export"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return active_armature(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        row = self.layout.row(align=True)
        row.operator("agonist.export_bvh", text="BVH", icon="EXPORT")
        row.operator("agonist.export_fbx", text="FBX", icon="EXPORT")
