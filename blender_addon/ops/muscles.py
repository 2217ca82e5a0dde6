"""Add Muscles, Glow on Skin, Bind Mesh."""

from __future__ import annotations

import bpy

from agonist.muscles import MUSCLE_SETS

from .. import verbs
from ..exports.stage import skins_of
from ..muscles.heatmap import MUSCLE_KEY
from ..muscles.meaning import SHARED, shared_skins
from ..muscles.skin import glowing_skins, remove_glow
from ..translate import rpt
from .base import ArmatureOperator, stay_active

__all__ = ["AGONIST_OT_add_muscles", "AGONIST_OT_bind_mesh", "AGONIST_OT_glow_skin"]

SETS = [
    ("mia8", "Eight", "Quadriceps, hamstrings, latissimus and biceps: what the model predicts"),
    ("surface24", "Twenty-Four", "All that surface electrodes reach; those that the model does not predict are hatched or grey"),
    ("surface48", "Forty-Eight", "Muscles under the skin of trunk and limbs; those that the model does not predict are hatched or grey"),
]
_MUSCLES = {muscle.name: muscle for one in MUSCLE_SETS.values() for muscle in one.muscles}


class AGONIST_OT_add_muscles(ArmatureOperator, bpy.types.Operator):
    """Build the muscles on the armature and attach them to its bones"""

    bl_idname = "agonist.add_muscles"
    bl_label = "Add Muscles"
    bl_options = {"REGISTER", "UNDO"}

    muscles: bpy.props.EnumProperty(name="Muscles", description="Which muscles are built", items=SETS, default="mia8")
    mannequin: bpy.props.BoolProperty(name="Mannequin", description="Also add a plain body, if the character has none", default=True)

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        verbs.build_muscles(armature, mannequin=self.mannequin, muscles=self.muscles)
        stay_active(context, armature)


class AGONIST_OT_glow_skin(ArmatureOperator, bpy.types.Operator):
    """Show the muscles on the character's own skin, or take them off it again; its own materials and weights stay as they are"""

    bl_idname = "agonist.glow_skin"
    bl_label = "Glow on Skin"
    bl_options = {"REGISTER", "UNDO"}

    muscles: bpy.props.EnumProperty(name="Muscles", description="Which muscles show", items=SETS, default="mia8")

    @classmethod
    def lacks(cls, context: bpy.types.Context, armature: bpy.types.Object) -> str:
        if cls._skins(armature):
            return ""
        if any(MUSCLE_KEY not in skin and skin.data.library is not None for skin in skins_of(armature)):
            return "The meshes are linked from another file; make their data local first"
        return "The armature deforms no mesh that could glow"

    @staticmethod
    def _skins(armature: bpy.types.Object) -> list[bpy.types.Object]:
        return [skin for skin in skins_of(armature) if MUSCLE_KEY not in skin and skin.data.library is None and len(skin.data.vertices)]

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        glowing = glowing_skins(armature)
        for skin in glowing:
            remove_glow(skin)
        if not glowing:
            verbs.glow(armature, self._skins(armature), muscles=self.muscles)
            shared = shared_skins(armature, glowing_skins(armature))
            if shared:
                self.report({"WARNING"}, rpt(SHARED, objects=", ".join(shared)))
            else:
                self.report({"INFO"}, rpt("The skin glows in Material Preview and in renders; solid view cannot show it"))


class AGONIST_OT_bind_mesh(ArmatureOperator, bpy.types.Operator):
    """Let the selected mesh stand for a muscle of the active armature, in place of the drawn one"""

    bl_idname = "agonist.bind_mesh"
    bl_label = "Bind Mesh to Muscle"
    bl_options = {"REGISTER", "UNDO"}

    muscle: bpy.props.EnumProperty(
        name="Muscle", description="The muscle that the mesh stands for",
        items=[(one.name, one.label, f"{one.latin}, {'left' if one.side == 'l' else 'right'}") for one in _MUSCLES.values()],
    )  # fmt: skip

    @classmethod
    def lacks(cls, context: bpy.types.Context, armature: bpy.types.Object) -> str:
        return "" if cls._mesh(context) else "Select a mesh first, then the armature with Shift"

    @staticmethod
    def _mesh(context: bpy.types.Context) -> bpy.types.Object | None:
        return next((thing for thing in context.view_layer.objects.selected if thing.type == "MESH"), None)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self)

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        verbs.bind(armature, self._mesh(context), self.muscle)


