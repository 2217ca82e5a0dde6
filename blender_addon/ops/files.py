"""Import a motion."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from agonist.errors import AgonistError

from .. import verbs
from ..translate import iface

__all__ = ["AGONIST_OT_import_motion"]


class AGONIST_OT_import_motion(bpy.types.Operator, ImportHelper):
    """Import a motion file as an armature with an action"""

    bl_idname = "agonist.import_motion"
    bl_label = "Import Motion"
    bl_options = {"REGISTER", "UNDO"}

    filter_glob: bpy.props.StringProperty(
        default="*.bvh;*.amc;*.npz;*.trc;*.c3d;*.json", options={"HIDDEN"}, description="Files that are shown"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if context.mode != "OBJECT":
            cls.poll_message_set(iface("Switch to Object Mode first"))
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        # A dropped file is chosen already.
        if self.properties.is_property_set("filepath") and self.filepath:
            return self.execute(context)
        return ImportHelper.invoke(self, context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            verbs.import_motion(Path(self.filepath))
        except AgonistError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}
