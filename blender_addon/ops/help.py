"""Help, the documentation, the comparison of the two motions by a key, and files dropped onto the 3D view."""

from __future__ import annotations

import webbrowser
from html import unescape
from pathlib import Path

import bpy

from ..preferences import preferences
from ..translate import rpt
from .base import EditedOperator
from .files import IMPORTED_SUFFIXES

__all__ = ["AGONIST_FH_motion", "AGONIST_OT_compare", "AGONIST_OT_help", "AGONIST_OT_open_guide", "guides"]

# In the order of an animator's first five minutes.
STEPS = (
    "1. Select an animated character, or import or drop a motion file or a video.",
    "2. Add Muscles builds them on the rig.",
    "3. Predict colours them, frame by frame.",
    "4. Move a slider: the motion is made again, as a new action.",
    "5. Reached says what is predicted of the new motion; red is out of reach.",
    "6. Shift Alt O switches between the original and the recommended motion.",
    "7. Export writes files for engines and other tools.",
    "The activation is predicted by a model that learned from simulations.",
    "It is made for animation, not for medicine.",
)


_GUIDE = "agonist_guide"


def guides() -> dict[str, Path]:
    """Pages of the documentation by name: those in the package, for a browser, or the clone's Markdown where the add-on runs from one."""
    home = Path(__file__).resolve().parents[1]
    pages = {page.stem: page for page in (*(home.parent / "docs").glob("*.md"), *(home / "docs").glob("*.html"))}
    # A tour comes first.
    return {name: pages[name] for name in sorted(pages, key=lambda name: (name != "tour", name))}


def _title(page: Path) -> str:
    """Of a page: its first heading, or as the web page says."""
    with page.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("# "):
                return line.strip("# \n")
            if line.startswith("<title>"):
                return unescape(line.strip().removeprefix("<title>").removesuffix("</title>"))
    return page.stem


class AGONIST_OT_help(bpy.types.Operator):
    """Show the first steps, and open the documentation"""

    bl_idname = "agonist.help"
    bl_label = "Help"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_popup(self, width=520)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return {"FINISHED"}

    def draw(self, context: bpy.types.Context) -> None:
        column = self.layout.column(align=True)
        for line in STEPS:
            column.label(text=line)
        column = self.layout.column(align=True)
        for name, page in guides().items():
            column.operator("agonist.open_guide", text=_title(page), icon="TEXT", translate=False).guide = name
        chosen = preferences()
        if chosen is not None and chosen.docs_link:
            self.layout.operator("wm.url_open", text="Documentation", icon="URL").url = chosen.docs_link


class AGONIST_OT_open_guide(bpy.types.Operator):
    """Open a page of the documentation, which came with the extension, in a browser"""

    bl_idname = "agonist.open_guide"
    bl_label = "Open Guide"
    bl_options = {"REGISTER", "UNDO"}

    guide: bpy.props.StringProperty(name="Guide", description="Name of the page, such as tour", default="tour")

    def execute(self, context: bpy.types.Context) -> set[str]:
        pages = guides()
        if self.guide not in pages:
            told = rpt("There is no page '{guide}'. Available: {pages}", guide=self.guide, pages=", ".join(pages) or "-")
            self.report({"ERROR"}, told)
            return {"CANCELLED"}
        page = pages[self.guide]
        if page.suffix == ".html":
            if not webbrowser.open(page.as_uri()):
                self.report({"WARNING"}, rpt("No browser opens '{page}'", page=page))
            return {"FINISHED"}
        text = next((one for one in bpy.data.texts if one.get(_GUIDE) == self.guide), None) or bpy.data.texts.new(_title(page))
        text[_GUIDE] = self.guide
        text.clear()
        text.write(page.read_text(encoding="utf-8"))
        text.cursor_set(0)
        area = _text_editor(context)
        if area is None:
            self.report({"INFO"}, rpt("Open a Text Editor to read '{page}'", page=text.name))
        else:
            area.spaces.active.text, area.spaces.active.show_word_wrap = text, True
        return {"FINISHED"}


def _text_editor(context: bpy.types.Context) -> bpy.types.Area | None:
    """A text editor that is open, or one in a window of its own; None where there are no windows."""
    windows = context.window_manager.windows
    found = next((area for window in windows for area in window.screen.areas if area.type == "TEXT_EDITOR"), None)
    if found is not None or bpy.app.background or context.window is None:
        return found
    bpy.ops.wm.window_new()
    area = windows[-1].screen.areas[0]
    area.type = "TEXT_EDITOR"
    return area


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
