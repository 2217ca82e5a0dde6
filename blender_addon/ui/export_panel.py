"""The Export panel."""

from __future__ import annotations

import bpy

from ..ops.base import active_armature
from ..rig.rate import scene_rate
from ..translate import iface
from .panel import Sidebar, told

__all__ = ["AGONIST_PT_export"]


class AGONIST_PT_export(Sidebar, bpy.types.Panel):
    """Files out."""

    bl_label = "Export"
    bl_idname = "AGONIST_PT_export"
    bl_order = 90
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return active_armature(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        layout, settings = self.layout, context.scene.agonist_export
        layout.use_property_split, layout.use_property_decorate = True, False
        layout.prop(settings, "preset")
        fps = settings.fps if settings.use_fps else scene_rate(context.scene)
        told(layout, context, iface("{preset}, {fps:.4g} frames/s", preset=iface(settings.chosen.told), fps=fps), "INFO")
        layout.prop(settings, "root")
        column = layout.column(heading="Motion")
        column.prop(settings, "loop")
        row = column.row(align=True)
        row.prop(settings, "use_fps", text="FPS")
        field = row.row()
        field.enabled = settings.use_fps
        field.prop(settings, "fps", text="")
        column = layout.column(heading="With")
        bones_alone = settings.chosen.format == "bvh"
        curves = column.row()
        curves.enabled = not bones_alone
        curves.prop(settings, "activation")
        column.prop(settings, "csv")
        skins = column.row()
        skins.enabled = not bones_alone
        skins.prop(settings, "meshes")
        if bones_alone:
            told(layout, context, "A BVH file holds bones alone: no activation curves and no meshes.", "INFO")
        text = iface("Export {preset}", preset=iface(settings.chosen.label))
        layout.operator("agonist.export", icon="EXPORT", text=text).preset = "SCENE"
        layout.separator(factor=0.5)
        column = layout.column(align=True)
        column.use_property_split = False
        column.prop(settings, "variants", text="")
        column.operator("agonist.export_variants", icon="RENDER_ANIMATION")
