"""The sidebar tab, top to bottom: first the rig and its heatmap."""

from __future__ import annotations

import textwrap

import bpy

from ..muscles.heatmap import colours_are_seen
from ..ops.base import active_armature
from ..seen import muscles_seen, skins_seen
from ..translate import iface

__all__ = ["AGONIST_PT_main", "Sidebar", "told"]


class Sidebar:
    """Where every panel of ours stands."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Agonist"


# Width of a letter of the interface's font, in pixels at scale 1 [measured].
_LETTER_PX = 7.5


def told(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str) -> None:
    """A message in the user's language, in as many lines as the sidebar's width needs."""
    letters = context.region.width / (_LETTER_PX * context.preferences.system.ui_scale) - 5
    column = layout.column(align=True)
    for number, line in enumerate(textwrap.wrap(iface(text), max(16, int(letters)))):
        column.label(text=line, icon="BLANK1" if number else icon, translate=False)


class AGONIST_PT_main(Sidebar, bpy.types.Panel):
    """Rig and heatmap."""

    bl_label = "Muscles"
    bl_idname = "AGONIST_PT_main"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        self.layout.operator("agonist.help", text="", icon="QUESTION", emboss=False)

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        row = layout.row(align=True)
        row.operator("agonist.import_motion", icon="IMPORT")
        row.operator("agonist.capture_video", text="", icon="FILE_MOVIE")
        armature = active_armature(context)
        if armature is None:
            told(layout, context, "Select an animated character, or import a motion.", "INFO")
            return
        props, muscles = armature.agonist, muscles_seen(armature)
        layout.label(text=armature.name, icon="ARMATURE_DATA", translate=False)
        column = layout.column(align=True)
        column.operator("agonist.add_muscles", icon="OUTLINER_OB_META", text="Rebuild Muscles" if muscles else "Add Muscles")
        column.operator("agonist.predict", icon="SHADING_RENDERED")
        if props.sliders and not (muscles or skins_seen(armature)):
            told(layout, context, "Predicted, and nothing shows it yet: add muscles, or let the skin glow (panel Look).", "INFO")
        if muscles and not colours_are_seen(context.space_data.shading):
            told(layout, context, "This view does not show the muscles' colours:", "INFO")
            layout.prop(context.space_data.shading, "color_type", text="Color")
        if props.message:
            told(layout, context, props.message, "ERROR")
