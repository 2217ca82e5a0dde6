"""Edit Curves, Clear Curves."""

from __future__ import annotations

import bpy

from .. import verbs
from ..curves import clear_curves, curves_object, drawn_muscles
from ..live import changed
from ..translate import rpt
from .base import PredictedOperator, stay_active

__all__ = ["AGONIST_OT_clear_curves", "AGONIST_OT_edit_curves"]


class AGONIST_OT_edit_curves(PredictedOperator, bpy.types.Operator):
    """Put the predicted activation into the Graph Editor as curves to draw anew; the motion follows them, by itself while Live is on"""

    bl_idname = "agonist.edit_curves"
    bl_label = "Edit Curves"
    bl_options = {"REGISTER", "UNDO"}

    muscle: bpy.props.StringProperty(name="Muscle", description="A muscle, a group for both sides, or nothing for the panel's choice")

    @classmethod
    def lacks(cls, context: bpy.types.Context, armature: bpy.types.Object) -> str:
        helper = curves_object(armature)
        is_out = helper is not None and context.view_layer.objects.get(helper.name) != helper
        return super().lacks(context, armature) or (
            "The object with the curves is in no collection of the view layer; include its collection in the Outliner first"
            if is_out else ""
        )  # fmt: skip

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        helper = verbs.open_curves(armature, armature.agonist.muscles_of(self.muscle or armature.agonist.active_muscle))
        if context.mode == "POSE":
            with context.temp_override(active_object=armature, object=armature):
                bpy.ops.object.mode_set(mode="OBJECT")
        # The Graph Editor shows the curves of what is selected.
        for thing in list(context.view_layer.objects.selected):
            thing.select_set(False)
        helper.select_set(True)
        context.view_layer.objects.active = helper
        if context.screen is not None and not any(area.type == "GRAPH_EDITOR" for area in context.screen.areas):
            self.report({"INFO"}, rpt("Open a Graph Editor to draw the curves"))


class AGONIST_OT_clear_curves(PredictedOperator, bpy.types.Operator):
    """Take the drawn curves away; the sliders alone make the motion again"""

    bl_idname = "agonist.clear_curves"
    bl_label = "Clear Curves"
    bl_options = {"REGISTER", "UNDO"}

    muscle: bpy.props.StringProperty(name="Muscle", description="A muscle, a group for both sides, or nothing for all of them")

    @classmethod
    def lacks(cls, context: bpy.types.Context, armature: bpy.types.Object) -> str:
        return "" if drawn_muscles(armature) else "No curve is drawn; press Edit Curves first"

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        clear_curves(armature, armature.agonist.muscles_of(self.muscle) if self.muscle else None)
        stay_active(context, armature)
        if armature.agonist.recommended_action is not None:
            changed(armature.agonist, context)
