"""Import the motion in a video."""

from __future__ import annotations

import tempfile
from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from .. import verbs
from ..capture_process import HOW_TO_INSTALL, VIDEO_SUFFIXES, capture_command, captured
from ..preferences import preferences
from ..steps import Steps
from ..translate import iface, rpt
from .modal import StepsOperator
from .paths import whole_path

__all__ = ["AGONIST_OT_capture_video", "why_no_video"]


def _command() -> list[str] | None:
    chosen = preferences()
    return capture_command(bpy.path.abspath(chosen.capture_command) if chosen is not None else "")


def why_no_video() -> str:
    """Why a video cannot be imported, as a sentence for the user; empty if it can."""
    if _command() is not None:
        return ""
    chosen = preferences()
    if chosen is not None and chosen.capture_command:
        return iface("The preferences name a capture program that is not there: {path}").format(path=chosen.capture_command)
    return iface(HOW_TO_INSTALL)


class AGONIST_OT_capture_video(StepsOperator, bpy.types.Operator, ImportHelper):
    """Import the motion of a person in a video as an armature with an action. A process of its own looks for the joints; Esc stops it"""

    bl_idname = "agonist.capture_video"
    bl_label = "Motion from Video"
    # No redo panel: every change in it would look for the joints anew.
    bl_options = {"UNDO"}

    doing = "Looking for joints"

    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{suffix}" for suffix in VIDEO_SUFFIXES), options={"HIDDEN"}, description="Files that are shown"
    )
    height: bpy.props.FloatProperty(
        name="Person's Height", description="So that the motion has its true size; 0 if it is not known", default=0.0, min=0.0, max=2.6,
        unit="LENGTH",
    )  # fmt: skip

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        why = iface("Switch to Object Mode first") if context.mode != "OBJECT" else why_no_video()
        if why:
            cls.poll_message_set(why)
        return not why

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        # A dropped file is chosen already.
        if self.properties.is_property_set("filepath") and self.filepath:
            return self.execute(context)
        return ImportHelper.invoke(self, context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return self.run_steps(context, None, self._imported())

    def _imported(self) -> Steps[None]:
        self._video = whole_path(self.filepath)
        with tempfile.TemporaryDirectory(dir=bpy.app.tempdir or None) as folder:
            out = Path(folder) / f"{self._video.stem}.bvh"
            yield from captured(_command(), self._video, out, height_m=self.height)
            verbs.import_motion(out)

    def told(self) -> str:
        return rpt("Imported the motion in {video}; places in the world are an estimate from one camera", video=self._video.name)

    def stopped(self) -> str:
        return rpt("Stopped; nothing was imported")
