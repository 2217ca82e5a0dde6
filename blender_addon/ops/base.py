"""What all operators share: they need an armature, and an error of the core is a report, not a traceback."""

from __future__ import annotations

import bpy

from agonist.errors import AgonistError

__all__ = ["ArmatureOperator", "active_armature"]


def active_armature(context: bpy.types.Context) -> bpy.types.Object | None:
    """The active armature, or the one that the active muscle or mannequin hangs on."""
    thing = context.active_object
    if thing is not None and thing.type != "ARMATURE" and thing.parent is not None:
        thing = thing.parent
    return thing if thing is not None and thing.type == "ARMATURE" else None


class ArmatureOperator:
    """Mix-in: polls for an armature and turns AgonistError into a report and CANCELLED (no undo step is pushed then)."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if active_armature(context) is None:
            cls.poll_message_set("Select an armature")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self.work(context, active_armature(context))
        except AgonistError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}
