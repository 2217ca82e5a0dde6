"""The Look panel: colours, legend, and where the muscles show."""

from __future__ import annotations

import bpy

from ..muscles.meaning import SHARED, shared_skins
from ..ops.base import active_armature
from ..seen import skins_seen
from ..translate import iface
from .panel import Sidebar, told

__all__ = ["AGONIST_PT_look"]


class AGONIST_PT_look(Sidebar, bpy.types.Panel):
    """How the muscles look."""

    bl_label = "Look"
    bl_idname = "AGONIST_PT_look"
    bl_order = 70
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return active_armature(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout, armature = self.layout, active_armature(context)
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.prop(armature.agonist, "colour_map")
        layout.prop(armature.agonist, "colour_range")
        layout.prop(armature.agonist, "model")
        layout.prop(context.scene, "agonist_legend")
        layout.prop(context.scene, "agonist_graph")
        column = layout.column(align=True)
        column.operator_menu_enum("agonist.add_muscles", "muscles", text="Build Muscles", icon="OUTLINER_OB_META")
        skins = skins_seen(armature)
        glows = bool(skins)
        column.operator("agonist.glow_skin", icon="LIGHT", depress=glows, text="Take Glow off Skin" if glows else "Glow on Skin")
        column.operator("agonist.bind_mesh", icon="LINKED")
        shared = shared_skins(armature, skins)
        if shared:
            told(layout, context, iface(SHARED, objects=", ".join(shared)), "INFO")
