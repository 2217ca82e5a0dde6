"""The activation of one muscle, before and after, and the curves that can be drawn anew."""

from __future__ import annotations

import bpy

from ..curves import drawn_muscles
from ..ops.base import active_armature
from .panel import Sidebar, told

__all__ = ["AGONIST_PT_curves"]


class AGONIST_PT_curves(Sidebar, bpy.types.Panel):
    """Activation over time."""

    bl_label = "Activation Curves"
    bl_idname = "AGONIST_PT_curves"
    bl_parent_id = "AGONIST_PT_sliders"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        armature = active_armature(context)
        props = armature.agonist
        layout.prop(context.scene, "agonist_graph", text="In the View")
        row = layout.row(align=True)
        row.prop(props, "active_muscle", text="")
        row.operator("agonist.edit_curves", icon="FCURVE").muscle = ""
        drawn = drawn_muscles(armature)
        if not drawn:
            told(
                layout, context,
                "Edit Curves puts the activation into the Graph Editor; draw it as it shall be, a quarter to four times of what it is. "
                "With Live on, the motion follows.",
                "INFO",
            )  # fmt: skip
            return
        column = layout.column(align=True)
        for name in drawn:
            row = column.row()
            row.label(text=props.sliders[name].label, icon="FCURVE")
            row.operator("agonist.clear_curves", text="", icon="X", emboss=False).muscle = name
        row = layout.row(align=True)
        row.operator("agonist.edit", text="Regenerate", icon="FILE_REFRESH")
        row.operator("agonist.clear_curves", icon="TRASH").muscle = ""
