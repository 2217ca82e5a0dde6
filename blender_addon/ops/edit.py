"""Predict, Recommend, Reset."""

from __future__ import annotations

import bpy

from .. import verbs
from .base import AnimatedArmatureOperator, ArmatureOperator

__all__ = ["AGONIST_OT_edit", "AGONIST_OT_predict", "AGONIST_OT_reset"]


class AGONIST_OT_predict(AnimatedArmatureOperator, bpy.types.Operator):
    """Colour the muscles by how much they work at every frame, as a model says that learned from simulated activation"""

    bl_idname = "agonist.predict"
    bl_label = "Predict"
    bl_options = {"REGISTER", "UNDO"}

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        verbs.predict_armature(armature)
        view = context.space_data
        # Solid view starts with material colours, in which every muscle is white.
        if view is not None and view.type == "VIEW_3D" and view.shading.type == "SOLID" and view.shading.color_type == "MATERIAL":
            view.shading.color_type = "OBJECT"


class _Predicted(ArmatureOperator):
    @classmethod
    def why_not(cls, context: bpy.types.Context, armature: bpy.types.Object | None) -> str:
        why = super().why_not(context, armature)
        return why or ("" if armature.agonist.sliders and armature.agonist.source_action else "Press Predict first")


class AGONIST_OT_edit(_Predicted, bpy.types.Operator):
    """Make the recommended motion from the sliders as a new action, trying harder than while a slider moves"""

    bl_idname = "agonist.edit"
    bl_label = "Recommend Motion"
    bl_options = {"REGISTER", "UNDO"}

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        result = verbs.edit_armature(armature)
        short = [outcome.muscle for outcome in result.outcomes if outcome.out_of_reach]
        if short:
            self.report({"WARNING"}, f"Out of reach: {', '.join(short)}")


class AGONIST_OT_reset(_Predicted, bpy.types.Operator):
    """Put every slider back to 1 and show the original motion"""

    bl_idname = "agonist.reset"
    bl_label = "Reset Sliders"
    bl_options = {"REGISTER", "UNDO"}

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        armature.agonist.reset_sliders()
        armature.agonist.show = "ORIGINAL"
