"""The Render panel."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..ops.base import active_armature
from ..seen import muscles_seen, skins_seen
from .panel import Sidebar, told

__all__ = ["AGONIST_PT_render"]


class AGONIST_PT_render(Sidebar, bpy.types.Panel):
    """Pictures and films of the heatmap."""

    bl_label = "Render"
    bl_idname = "AGONIST_PT_render"
    bl_order = 85
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        armature = active_armature(context)
        return armature is not None and bool(armature.agonist.sliders)

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, context.scene.agonist_render
        is_edited = active_armature(context).agonist.recommended_action is not None
        column = layout.column(align=True)
        for job, text, icon in (("SHEET", "Contact Sheet", "IMGDISPLAY"), ("SIDES", "Side by Side", "RENDER_ANIMATION"),
                                ("TURN", "Turntable", "FILE_REFRESH")):  # fmt: skip
            row = column.row(align=True)
            row.enabled = job != "SIDES" or is_edited
            row.operator("agonist.render", text=text, icon=icon).job = job
        if not is_edited:
            told(layout, context, "Side by Side takes a recommended motion; move a slider first.", "INFO")
        layout.use_property_split, layout.use_property_decorate = True, False
        for name in ("engine", "height", "count", "step", "hold", "folder"):
            layout.prop(settings, name)
        muscles = muscles_seen(active_armature(context)).values()
        if any(thing.show_in_front for thing in muscles) and not skins_seen(active_armature(context)):
            told(layout, context, "These muscles lie under the skin. Glow on Skin shows them in renders.", "INFO")
        if settings.last:
            path = Path(settings.last)
            told(layout, context, path.name, "IMAGE_DATA")
            layout.operator("wm.path_open", text="Show in Folder", icon="FILE_FOLDER").filepath = str(path.parent)
