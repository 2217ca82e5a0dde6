"""The Results panel."""

from __future__ import annotations

import bpy

from ..ops.base import active_armature
from ..results import changed_by_hand, is_kept
from ..seen import ghost_seen
from ..translate import iface
from .panel import Sidebar, told

__all__ = ["AGONIST_PT_results"]


class AGONIST_PT_results(Sidebar, bpy.types.Panel):
    """What was made, and the original beside it."""

    bl_label = "Results"
    bl_idname = "AGONIST_PT_results"
    bl_order = 80

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        armature = active_armature(context)
        return armature is not None and bool(armature.agonist.sliders)

    def draw(self, context: bpy.types.Context) -> None:
        layout, armature = self.layout, active_armature(context)
        action = armature.agonist.recommended_action
        if action is not None:
            layout.label(text=action.name, icon="FAKE_USER_ON" if is_kept(action, armature) else "ACTION", translate=False)
            former = changed_by_hand(action)
            if former is not None:
                told(layout, context, iface("'{action}' was changed by hand and is kept beside it", action=former.name), "INFO")
        row = layout.row(align=True)
        row.operator("agonist.keep_result", icon="FAKE_USER_OFF").track = False
        row.operator("agonist.keep_result", text="Push to NLA", icon="NLA_PUSHDOWN").track = True
        layout.operator("agonist.ghost", icon="GHOST_ENABLED", depress=ghost_seen(armature) is not None)
