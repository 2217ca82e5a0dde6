"""Predict, Recommend, Reset, and what may move."""

from __future__ import annotations

import bpy

from .. import verbs
from ..steps import Steps, finished
from ..translate import iface, rpt
from .base import AnimatedArmatureOperator, PredictedOperator, active_armature
from .modal import StepsOperator

__all__ = ["AGONIST_OT_edit", "AGONIST_OT_only_parts", "AGONIST_OT_predict", "AGONIST_OT_reset", "AGONIST_OT_reset_slider"]


class _Awaited(StepsOperator):
    """Mix-in for what takes long where Blender itself evaluates every frame: a button waits with progress and Esc, a script for the end.

    A subclass has `steps`, a generator of shares done.
    """

    go_s = 0.1

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        armature = active_armature(context)
        return self.run_steps(context, armature, self.steps(context, armature))

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        finished(self.steps(context, armature))

    def told(self) -> str:
        return ""

    def stopped(self) -> str:
        return rpt("Stopped; nothing has changed")


class AGONIST_OT_predict(_Awaited, AnimatedArmatureOperator, bpy.types.Operator):
    """Colour the muscles by how much they work at every frame, as a model says that learned from simulated activation"""

    bl_idname = "agonist.predict"
    bl_label = "Predict"
    bl_options = {"REGISTER", "UNDO"}

    doing = "Predicting"

    def steps(self, context: bpy.types.Context, armature: bpy.types.Object) -> Steps[None]:
        yield from verbs.predicted(armature)
        view = context.space_data
        # Solid view starts with material colours, in which every muscle is white.
        if view is not None and view.type == "VIEW_3D" and view.shading.type == "SOLID" and view.shading.color_type == "MATERIAL":
            view.shading.color_type = "OBJECT"


class AGONIST_OT_edit(_Awaited, PredictedOperator, bpy.types.Operator):
    """Make the recommended motion from the sliders as a new action, trying harder than while a slider moves"""

    bl_idname = "agonist.edit"
    bl_label = "Recommend Motion"
    bl_options = {"REGISTER", "UNDO"}

    doing = "Recommending"

    def steps(self, context: bpy.types.Context, armature: bpy.types.Object) -> Steps[None]:
        result = yield from verbs.edited(armature)
        short = [iface(armature.agonist.sliders[outcome.muscle].label) for outcome in result.outcomes if outcome.out_of_reach]
        if short:
            self.report({"WARNING"}, rpt("Out of reach: {muscles}", muscles=", ".join(short)))


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
