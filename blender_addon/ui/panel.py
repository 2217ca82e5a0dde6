"""The sidebar tab: from a rig to a heatmap to sliders to files, top to bottom."""

from __future__ import annotations

import textwrap

import bpy

from ..muscles.heatmap import colours_are_seen, muscle_objects
from ..ops.base import active_armature

__all__ = ["AGONIST_PT_main", "AGONIST_PT_sliders", "Sidebar", "told"]


class Sidebar:
    """Where every panel of ours stands."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Agonist"


# How much of a row a slider takes; the number that was reached stands beside it.
_SLIDER_SHARE = 0.75
# Width of a letter of the interface's font, in pixels at scale 1 [measured].
_LETTER_PX = 7.5


def told(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str) -> None:
    """A message in as many lines as the sidebar's width needs."""
    letters = context.region.width / (_LETTER_PX * context.preferences.system.ui_scale) - 5
    column = layout.column(align=True)
    for number, line in enumerate(textwrap.wrap(text, max(16, int(letters)))):
        column.label(text=line, icon="BLANK1" if number else icon)


class AGONIST_PT_main(Sidebar, bpy.types.Panel):
    """Rig and heatmap."""

    bl_label = "Muscles"
    bl_idname = "AGONIST_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.operator("agonist.import_motion", icon="IMPORT")
        armature = active_armature(context)
        if armature is None:
            told(layout, context, "Select an animated armature, or import a motion.", "INFO")
            return
        props, muscles = armature.agonist, muscle_objects(armature)
        layout.label(text=armature.name, icon="ARMATURE_DATA")
        column = layout.column(align=True)
        column.operator("agonist.add_muscles", icon="OUTLINER_OB_META", text="Rebuild Muscles" if muscles else "Add Muscles")
        column.operator("agonist.predict", icon="SHADING_RENDERED")
        row = layout.split(factor=0.36)
        row.label(text="Full Red Is")
        row.prop(props, "colour_range", text="")
        if muscles and not colours_are_seen(context.space_data.shading):
            told(layout, context, "This view does not show the muscles' colours:", "INFO")
            layout.prop(context.space_data.shading, "color_type", text="Color")
        if props.message:
            told(layout, context, props.message, "ERROR")


class AGONIST_PT_sliders(Sidebar, bpy.types.Panel):
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
        row = layout.split(factor=_SLIDER_SHARE)
        row.label(text="Asked")
        row.label(text="Reached")
        # The two sides of a muscle together, as they are thought of and compared.
        for group in dict.fromkeys(slider.name[:-2] for slider in props.sliders):
            column = layout.column(align=True)
            for slider in props.sliders:
                if slider.name[:-2] == group:
                    row = column.split(factor=_SLIDER_SHARE, align=True)
                    row.prop(slider, "scale", text=slider.label, slider=True)
                    reached = row.row()
                    reached.alert = slider.out_of_reach
                    reached.label(text=f"{slider.reached:.2f}" if slider.scale != 1 or abs(slider.reached - 1) > 0.005 else "")
        if any(slider.out_of_reach for slider in props.sliders):
            told(layout, context, "Red: out of reach for this motion", "INFO")
        layout.prop(props, "use_frame_range")
        if props.use_frame_range:
            row = layout.row(align=True)
            row.prop(props, "frame_first")
            row.prop(props, "frame_last")
        row = layout.row(align=True)
        row.operator("agonist.edit", icon="FILE_REFRESH")
        row.operator("agonist.reset", icon="LOOP_BACK", text="")
