"""Predict, Recommend, Reset, and what may move."""

from __future__ import annotations

import bpy

from .. import verbs
from .base import AnimatedArmatureOperator, PredictedOperator

__all__ = ["AGONIST_OT_edit", "AGONIST_OT_only_parts", "AGONIST_OT_predict", "AGONIST_OT_reset", "AGONIST_OT_reset_slider"]


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


class AGONIST_OT_edit(PredictedOperator, bpy.types.Operator):
    """Make the recommended motion from the sliders as a new action, trying harder than while a slider moves"""

    bl_idname = "agonist.edit"
    bl_label = "Recommend Motion"
    bl_options = {"REGISTER", "UNDO"}

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        result = verbs.edit_armature(armature)
        short = [outcome.muscle for outcome in result.outcomes if outcome.out_of_reach]
        if short:
            self.report({"WARNING"}, f"Out of reach: {', '.join(short)}")


class AGONIST_OT_reset(PredictedOperator, bpy.types.Operator):
    """Put every slider back to 1 and show the original motion"""

    bl_idname = "agonist.reset"
    bl_label = "Reset Sliders"
    bl_options = {"REGISTER", "UNDO"}

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        armature.agonist.reset_sliders()
        armature.agonist.show = "ORIGINAL"


class AGONIST_OT_reset_slider(PredictedOperator, bpy.types.Operator):
    """Put this slider back to 1; the others stay"""

    bl_idname = "agonist.reset_slider"
    bl_label = "Reset Slider"
    bl_options = {"REGISTER", "UNDO"}

    slider: bpy.props.StringProperty(name="Slider", description="A muscle, or a group for both sides")

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        props = armature.agonist
        props.muscles_of(self.slider)
        (props.sliders if self.slider in props.sliders else props.groups)[self.slider].scale = 1.0


class AGONIST_OT_only_parts(PredictedOperator, bpy.types.Operator):
    """Lock the rest of the body, so that only these parts move"""

    bl_idname = "agonist.only_parts"
    bl_label = "Only These Parts"
    bl_options = {"REGISTER", "UNDO"}

    parts: bpy.props.EnumProperty(
        name="Parts", description="What stays free to move", default="ALL",
        items=[
            ("ARMS", "Arms", "Lock all but both arms"),
            ("LEGS", "Legs", "Lock all but both legs and the hips, which carry them"),
            ("TRUNK", "Trunk", "Lock all but the spine and the head"),
            ("ALL", "Everything", "Free every part"),
        ],
    )  # fmt: skip

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return properties.bl_rna.properties["parts"].enum_items[properties.parts].description

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        armature.agonist.scope.only({"ARMS": ["arms"], "LEGS": ["legs"], "TRUNK": ["trunk", "head"], "ALL": []}[self.parts])
