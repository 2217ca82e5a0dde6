"""Buttons as a window runs them, without one: Blender lets nobody make an operator of its own kind."""

import bpy

from blender_addon.ops.modal import StepsOperator
from blender_addon.ops.replace import ReplacingOperator


class Reporting:
    """What is reported is written down in `said`."""

    def __init__(self):
        self.said = []

    def report(self, kind, text):
        self.said.append((kind, text))


class Pressed(Reporting, ReplacingOperator, StepsOperator):
    """A button that may ask first and takes its time."""


def pressed_like(operator: type[bpy.types.Operator], mixin: type) -> type[Pressed]:
    """What an operator itself says, on a plain class."""
    own = ("doing", "go_s", "invoke", "execute", "told", "stopped", "check", "draw_settings", "_path", "_preset", "_exported", "_rendered",
           "_written")  # fmt: skip
    return type("Pressed", (Pressed, mixin), {name: vars(operator)[name] for name in own if name in vars(operator)})
