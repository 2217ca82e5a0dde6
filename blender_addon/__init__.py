"""Agonist for Blender: muscles for animators. This module only registers."""

from . import handlers, keymap, ops, preferences, props, redraw, seen, translate, ui
from .exports import settings
from .ops import render

_PARTS = (translate, preferences, props, settings, render, ops, ui, keymap, handlers, redraw, seen)


def register() -> None:
    """Called by Blender when the extension is enabled."""
    for part in _PARTS:
        part.register()


def unregister() -> None:
    """Called by Blender when the extension is disabled."""
    for part in reversed(_PARTS):
        part.unregister()
