"""The verbs: what operators and scripts call. Each takes Blender objects, calls the core, and writes the result."""

from .bones import find_bones, load_bones, save_bones
from .motion import asked_of, edit_armature, edited, import_motion, open_curves, predict_armature, predicted
from .muscles import bind, build_muscles, change_colours, glow, recolour, show

__all__ = [
    "asked_of",
    "bind",
    "build_muscles",
    "change_colours",
    "edit_armature",
    "edited",
    "find_bones",
    "glow",
    "import_motion",
    "load_bones",
    "open_curves",
    "predict_armature",
    "predicted",
    "recolour",
    "save_bones",
    "show",
]
