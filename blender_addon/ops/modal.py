"""Mix-in that runs long work (`steps.Steps`) as a modal operator in a window: progress, Esc, and the view stays alive."""

from __future__ import annotations

import time

import bpy

from agonist.errors import AgonistError

from ..preview import finish_all
from ..steps import Steps
from ..translate import iface, rpt

__all__ = ["StepsOperator"]


class StepsOperator:
    """Mix-in: runs a generator of shares done, one step a tick of a timer, or all at once where there is no window.

    A subclass gives the generator to `run_steps` and says in `told` what came out of it.
    """

    # What the status bar says meanwhile.
    doing = ""
    # Seconds of steps that are made in one go; work that is done in the first of them needs no waiting.
    go_s = 0.0
    _timer: bpy.types.Timer | None = None

    def told(self) -> str:
        """What was done, for the user; empty if there is nothing to say."""
        raise NotImplementedError

    def stopped(self) -> str:
        """What there is after Esc, for the user."""
        raise NotImplementedError

    def run_steps(self, context: bpy.types.Context, armature: bpy.types.Object | None, steps: Steps[None]) -> set[str]:
        """Begin; for `execute`. The `armature`, if the steps work on one, must stay in the scene."""
        finish_all()
        self._steps, self._armature, self._timer = steps, armature.name if armature is not None else None, None
        if bpy.app.background or context.window is None:
            while (result := self._step(context)) == {"RUNNING_MODAL"}:
                pass
            return result
        if self.go_s and (result := self._go(context)) != {"RUNNING_MODAL"}:
            return result
        manager = context.window_manager
        manager.progress_begin(0, 1)
        self._timer = manager.event_timer_add(0.01, window=context.window)
        manager.modal_handler_add(self)
        self._say(context, 0.0)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self._is_gone(context):
            return self._end(context, {"CANCELLED"}, rpt("The armature is gone"))
        if event.type == "ESC":
            return self._end(context, {"CANCELLED"}, self.stopped())
        # Whatever else is pressed waits: an undo would take away what a step works on.
        if event.type != "TIMER":
            return {"RUNNING_MODAL"}
        result = {"CANCELLED"}
        try:
            result = self._go(context)
        finally:
            # Nothing stays behind of an error that nobody expected either.
            if result != {"RUNNING_MODAL"}:
                self._end(context, result)
        return result

    def cancel(self, context: bpy.types.Context) -> None:
        """Another file is opened, Blender quits, or a file dialogue before the work was closed."""
        if self._timer is not None:
            self._end(context, {"CANCELLED"})

    def _go(self, context: bpy.types.Context) -> set[str]:
        until = time.monotonic() + self.go_s
        while (result := self._step(context)) == {"RUNNING_MODAL"} and time.monotonic() < until:
            pass
        return result

    def _step(self, context: bpy.types.Context) -> set[str]:
        try:
            share = next(self._steps)
        except StopIteration:
            if self.told():
                self.report({"INFO"}, self.told())
            return {"FINISHED"}
        except AgonistError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if self._timer is not None:
            context.window_manager.progress_update(share)
            self._say(context, share)
        return {"RUNNING_MODAL"}

    def _is_gone(self, context: bpy.types.Context) -> bool:
        """Whether somebody else has deleted the armature meanwhile."""
        return self._armature is not None and self._armature not in context.scene.objects

    def _say(self, context: bpy.types.Context, share: float) -> None:
        if context.workspace is not None:
            context.workspace.status_text_set(iface("{doing}: {share:.0%}   Esc stops", doing=iface(self.doing), share=share))

    def _end(self, context: bpy.types.Context, result: set[str], told: str = "") -> set[str]:
        context.window_manager.progress_end()
        context.window_manager.event_timer_remove(self._timer)
        if context.workspace is not None:
            context.workspace.status_text_set(None)
        # What the generator has borrowed goes back now, not when it is collected.
        try:
            self._steps.close()
        except ReferenceError:
            # An armature that was deleted takes nothing back.
            if not self._is_gone(context):
                raise
        if told:
            self.report({"WARNING"}, told)
        return result
