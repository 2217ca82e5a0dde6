"""Contact Sheet, Side by Side and Turntable, as the Render panel says."""

from __future__ import annotations

import bpy

from agonist.errors import AgonistError

from ..renders import JOBS, RenderOptions
from ..steps import Steps
from ..translate import iface, rpt
from ..written import note_written
from .base import PredictedOperator, active_armature
from .modal import StepsOperator
from .paths import whole_path
from .replace import ReplacingOperator

__all__ = ["AGONIST_OT_render", "AgonistRender", "register", "unregister"]


class AgonistRender(bpy.types.PropertyGroup):
    """How pictures are rendered."""

    engine: bpy.props.EnumProperty(
        name="Engine", description="What renders the pictures", default="EEVEE",
        items=[
            ("EEVEE", "EEVEE", "Quick where there is a graphics card"),
            ("CYCLES", "Cycles", "Needs no graphics card; the cleanest shadows"),
            ("WORKBENCH", "Workbench", "The engine of solid view: quickest, but a glow on the skin does not show"),
        ],
    )  # fmt: skip
    height: bpy.props.IntProperty(
        name="Height", description="Height of one picture; it is three quarters as wide", default=480, min=64, max=4096, subtype="PIXEL"
    )
    count: bpy.props.IntProperty(
        name="Pictures", description="Pictures in a row of the contact sheet; they are taken where the body has moved on", default=6, min=1,
        max=24,
    )  # fmt: skip
    step: bpy.props.IntProperty(
        name="Frame Step", default=2, min=1, max=30,
        description="Films show every frame of the clip (1), every second one (2) and so on, at the clip's speed",
    )
    hold: bpy.props.BoolProperty(
        name="Hold This Frame", description="The turntable shows the current frame from all sides instead of the motion", default=False
    )
    folder: bpy.props.StringProperty(
        name="Folder", description="Where the pictures go; beside the saved file if empty", subtype="DIR_PATH"
    )
    last: bpy.props.StringProperty(name="Last Picture", description="The file that was rendered last", subtype="FILE_PATH")

    @property
    def options(self) -> RenderOptions:
        """What the jobs take."""
        return RenderOptions(self.engine, self.height, self.count, self.step, self.hold)


class AGONIST_OT_render(ReplacingOperator, StepsOperator, PredictedOperator, bpy.types.Operator):
    """Render the heatmap to a file. Esc stops"""

    bl_idname = "agonist.render"
    bl_label = "Render Heatmap"

    doing = "Rendering"

    job: bpy.props.EnumProperty(
        name="Picture", description="What is rendered",
        items=[
            ("SHEET", "Contact Sheet", "One picture of telling moments, the original above the recommended motion"),
            ("SIDES", "Side by Side", "A film of the original beside the recommended motion"),
            ("TURN", "Turntable", "A film of the motion that is shown while the camera goes once around"),
        ],
    )  # fmt: skip
    directory: bpy.props.StringProperty(
        name="Folder", description="Where the file goes; as the Render panel says if empty", subtype="DIR_PATH", options={"SKIP_SAVE"}
    )
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"}, description="Show folders")

    @classmethod
    def description(cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        return iface("{job}. Esc stops", job=iface(properties.bl_rna.properties["job"].enum_items[properties.job].description))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.directory, self.asks = self.directory or context.scene.agonist_render.folder or bpy.path.abspath("//"), True
        if self.directory:
            return self.execute(context)
        # Neither the file nor the panel says where.
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings, armature = context.scene.agonist_render, active_armature(context)
        job, name = JOBS[self.job]
        folder = self.directory or settings.folder or bpy.path.abspath("//") or bpy.app.tempdir
        try:
            self._path = whole_path(folder) / (bpy.path.clean_name(_shown(armature, self.job)) + f" {name}")
        except AgonistError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        asking = self.ask_first(context, [self._path])
        return asking or self.run_steps(context, armature, self._rendered(settings, job(armature, self._path, settings.options)))

    def _rendered(self, settings: AgonistRender, steps: Steps[None]) -> Steps[None]:
        yield from steps
        settings.last = str(self._path)
        note_written([self._path])

    def told(self) -> str:
        return rpt("Rendered {path}", path=self._path)

    def stopped(self) -> str:
        return rpt("Stopped; nothing was written")


def register() -> None:
    bpy.utils.register_class(AgonistRender)
    bpy.types.Scene.agonist_render = bpy.props.PointerProperty(type=AgonistRender)


def unregister() -> None:
    del bpy.types.Scene.agonist_render
    bpy.utils.unregister_class(AgonistRender)


def _shown(armature: bpy.types.Object, job: str) -> str:
    """What is in the picture, so that one of another motion does not take its place: a turntable shows what plays, the others both."""
    props = armature.agonist
    is_recommended = props.recommended_action is not None and (job != "TURN" or props.show == "RECOMMENDED")
    action = props.recommended_action if is_recommended else props.source_action
    if action is None:
        return armature.name
    # Motions that were imported are named as their armatures.
    return action.name if action.name.startswith(armature.name) else f"{armature.name} {action.name}"
