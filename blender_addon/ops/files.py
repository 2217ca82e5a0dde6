"""Import motions."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from agonist import io
from agonist.errors import AgonistError, InputError, WorkError

from .. import verbs
from ..capture_process import VIDEO_SUFFIXES
from ..translate import iface, rpt
from .paths import whole_path
from .video import why_no_video

__all__ = ["IMPORTED_SUFFIXES", "AGONIST_OT_import_motion"]

# All that the operator takes, by reading it or by handing it on.
IMPORTED_SUFFIXES: tuple[str, ...] = (*io.SUFFIXES, *VIDEO_SUFFIXES)
_BLENDERS_OWN = (".fbx", ".glb", ".gltf", ".usd", ".usda", ".usdc", ".usdz")


class AGONIST_OT_import_motion(bpy.types.Operator, ImportHelper):
    """Import motion files or a video as armatures with an action. FBX, GLB and USD come in by File > Import"""

    bl_idname = "agonist.import_motion"
    bl_label = "Import Motion"
    bl_options = {"REGISTER", "UNDO"}

    filter_glob: bpy.props.StringProperty(
        default=";".join(f"*{suffix}" for suffix in IMPORTED_SUFFIXES), options={"HIDDEN"}, description="Files that are shown"
    )
    fps: bpy.props.FloatProperty(
        name="Frame Rate", default=0.0, min=0.0, max=1000.0,
        description="Frames a second of files without a clock, such as OpenPose's. 0 is what is usual: 30, and 120 of AMC",
    )  # fmt: skip
    up: bpy.props.EnumProperty(
        name="Up", description="The up axis of files that do not say it: OpenPose, FreeMoCap, AMASS, TRC and C3D", default="USUAL",
        items=[
            ("USUAL", "As Usual", "A camera's axes for OpenPose, Z for FreeMoCap and AMASS, what a C3D says or else Z, and for TRC Y or, "
             "if a body stands along it, Z"),
            ("y", "Y", "Y is up"),
            ("z", "Z", "Z is up"),
            ("-y", "Camera", "Y is down and Z away from the camera: OpenPose and FreeMoCap without a calibrated floor"),
        ],
    )  # fmt: skip
    directory: bpy.props.StringProperty(
        name="Folder", description="Where several files are", subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"}
    )
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, name="Files", description="Several files of the folder, each an armature of its own",
        options={"HIDDEN", "SKIP_SAVE"},
    )  # fmt: skip
    person: bpy.props.IntProperty(name="Person", description="Which of the people in OpenPose's frames, from 1", default=1, min=1)

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
        names = [one.name for one in self.files if one.name]
        try:
            if len(names) > 1:
                return self._several(names)
            path = whole_path(self.filepath)
            if path.suffix.lower() in VIDEO_SUFFIXES:
                return self._video(path)
            armature = self._motion(path)
        except AgonistError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if armature.agonist.message:
            self.report({"INFO"}, armature.agonist.message)
        return {"FINISHED"}

    def _motion(self, path: Path) -> bpy.types.Object:
        if path.suffix.lower() in _BLENDERS_OWN:
            raise InputError(rpt("{path}: Blender itself imports this file, by File > Import; then press Predict.", path=path.name))
        return verbs.import_motion(path, io.Unsaid(self.fps or None, None if self.up == "USUAL" else self.up, self.person - 1))

    def _several(self, names: list[str]) -> set[str]:
        """Each file an armature, all of them selected; a file that cannot be read is told of and keeps none of the others out.

        Raises InputError where none can be read.
        """
        folder = whole_path(self.directory)
        paths, armatures, wrong = [folder / name for name in names], [], []
        for path in io.openpose.one_a_series(paths):
            try:
                if path.suffix.lower() in VIDEO_SUFFIXES:
                    raise InputError(rpt("{path}: import videos one at a time.", path=path.name))
                armatures.append(self._motion(path))
            except AgonistError as error:
                wrong.append(str(error))
        if not armatures:
            raise InputError("\n".join(wrong))
        for armature in armatures:
            armature.select_set(True)
            if armature.agonist.message:
                self.report({"INFO"}, f"{armature.name}: {armature.agonist.message}")
        for one in wrong:
            self.report({"WARNING"}, one)
        self.report({"INFO"}, rpt("Imported {count} motions", count=len(armatures)))
        return {"FINISHED"}

    def _video(self, path: Path) -> set[str]:
        """Handed on to the operator that shows progress; it makes the undo step."""
        if why := why_no_video():
            raise InputError(f"{path.name}: {why}.")
        try:
            result = bpy.ops.agonist.capture_video("INVOKE_DEFAULT", filepath=str(path))
        except RuntimeError as error:
            raise WorkError(str(error).strip().removeprefix("Error: ")) from error
        return result if result == {"FINISHED"} else {"CANCELLED"}
