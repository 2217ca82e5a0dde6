"""Keep a result, push it to the NLA, and the ghost of the original."""

from __future__ import annotations

import bpy

from .. import results
from ..ghost import remove_ghost, show_ghost
from ..translate import rpt
from .base import EditedOperator, PredictedOperator

__all__ = ["AGONIST_OT_ghost", "AGONIST_OT_keep_result"]


class AGONIST_OT_keep_result(EditedOperator, bpy.types.Operator):
    """Keep the recommended motion as an action of its own; the next edit makes another one"""

    bl_idname = "agonist.keep_result"
    bl_label = "Keep Result"
    bl_options = {"REGISTER", "UNDO"}

    track: bpy.props.BoolProperty(
        name="Push to NLA Track", description="Also put it on an NLA track of its own; what plays stays what it is", default=False
    )

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        action = results.keep_result(armature, track=self.track)
        told = rpt(
            "Kept '{action}' and pushed it to an NLA track, which is mute while the original plays" if self.track else "Kept '{action}'",
            action=action.name,
        )
        self.report({"INFO"}, told)


class AGONIST_OT_ghost(PredictedOperator, bpy.types.Operator):
    """Show the original beside the recommended motion as a see-through body, or take it away again"""

    bl_idname = "agonist.ghost"
    bl_label = "Ghost of the Original"
    bl_options = {"REGISTER", "UNDO"}

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        if not remove_ghost(armature):
            show_ghost(armature)
