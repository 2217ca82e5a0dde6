"""Add Muscles."""

from __future__ import annotations

import bpy

from .. import verbs
from .base import ArmatureOperator

__all__ = ["AGONIST_OT_add_muscles"]


class AGONIST_OT_add_muscles(ArmatureOperator, bpy.types.Operator):
    """Build the muscles on the armature and attach them to its bones"""

    bl_idname = "agonist.add_muscles"
    bl_label = "Add Muscles"
    bl_options = {"REGISTER", "UNDO"}

    mannequin: bpy.props.BoolProperty(name="Mannequin", description="Also add a plain body, if the character has none", default=True)

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        verbs.build_muscles(armature, mannequin=self.mannequin)
