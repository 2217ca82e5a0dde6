"""Help, the comparison of the two motions by a key, and files dropped onto the 3D view."""

from __future__ import annotations

import bpy

from ..preferences import preferences
from .base import EditedOperator
from .files import IMPORTED_SUFFIXES

__all__ = ["AGONIST_FH_motion", "AGONIST_OT_compare", "AGONIST_OT_help"]

# In the order of an animator's first five minutes.
STEPS = (
    "1. Select an animated armature, or import or drop a motion file or a video.",
    "2. Add Muscles builds them on the rig.",
    "3. Predict colours them, frame by frame.",
    "4. Move a slider: the motion is made again, as a new action.",
    "5. Reached says what the muscle really does then; red is out of reach.",
    "6. Shift Alt O switches between the original and the recommended motion.",
    "7. Export writes files for engines and other tools.",
    "The activation is predicted by a model that learned from simulations.",
    "It is made for animation, not for medicine.",
)


class AGONIST_OT_help(bpy.types.Operator):
    """Show the first steps, and the documentation if the preferences name a page"""

    bl_idname = "agonist.help"
    bl_label = "Help"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_popup(self, width=420)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return {"FINISHED"}

    def draw(self, context: bpy.types.Context) -> None:
        column = self.layout.column(align=True)
        for line in STEPS:
            column.label(text=line)
        chosen = preferences()
        if chosen is not None and chosen.docs_link:
            self.layout.operator("wm.url_open", text="Documentation", icon="URL").url = chosen.docs_link


class AGONIST_OT_compare(EditedOperator, bpy.types.Operator):
    """Switch between the original and the recommended motion"""

    bl_idname = "agonist.compare"
    bl_label = "Compare Original and Recommended"
    bl_options = {"REGISTER", "UNDO"}

    def work(self, context: bpy.types.Context, armature: bpy.types.Object) -> None:
        armature.agonist.show = "ORIGINAL" if armature.agonist.show == "RECOMMENDED" else "RECOMMENDED"


class AGONIST_FH_motion(bpy.types.FileHandler):
    """Motion files and videos dropped onto a 3D view."""

    bl_idname = "AGONIST_FH_motion"
    bl_label = "Motion with Muscles (Agonist)"
    bl_import_operator = "agonist.import_motion"
    bl_file_extensions = ";".join(IMPORTED_SUFFIXES)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        return context.area is not None and context.area.type == "VIEW_3D" and context.mode == "OBJECT"
