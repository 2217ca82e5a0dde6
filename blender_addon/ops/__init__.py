"""Operators: one a user's verb, one undo step each."""

import bpy

from .bones import AGONIST_OT_detect_bones, AGONIST_OT_load_bones, AGONIST_OT_save_bones
from .curves import AGONIST_OT_clear_curves, AGONIST_OT_edit_curves
from .edit import (
    AGONIST_OT_edit,
    AGONIST_OT_only_parts,
    AGONIST_OT_predict,
    AGONIST_OT_reset,
    AGONIST_OT_reset_slider,
)
from .export import AGONIST_OT_export, AGONIST_OT_export_variants
from .files import AGONIST_OT_import_motion
from .help import AGONIST_FH_motion, AGONIST_OT_compare, AGONIST_OT_help, AGONIST_OT_open_guide
from .muscles import AGONIST_OT_add_muscles, AGONIST_OT_bind_mesh, AGONIST_OT_glow_skin
from .render import AGONIST_OT_render
from .results import AGONIST_OT_ghost, AGONIST_OT_keep_result
from .video import AGONIST_OT_capture_video

_CLASSES = (
    AGONIST_OT_import_motion,
    AGONIST_OT_capture_video,
    AGONIST_OT_detect_bones,
    AGONIST_OT_load_bones,
    AGONIST_OT_save_bones,
    AGONIST_OT_add_muscles,
    AGONIST_OT_glow_skin,
    AGONIST_OT_bind_mesh,
    AGONIST_OT_predict,
    AGONIST_OT_edit,
    AGONIST_OT_reset,
    AGONIST_OT_reset_slider,
    AGONIST_OT_only_parts,
    AGONIST_OT_edit_curves,
    AGONIST_OT_clear_curves,
    AGONIST_OT_keep_result,
    AGONIST_OT_ghost,
    AGONIST_OT_render,
    AGONIST_OT_export,
    AGONIST_OT_export_variants,
    AGONIST_OT_compare,
    AGONIST_OT_help,
    AGONIST_OT_open_guide,
)


def register() -> None:
    for cls in (*_CLASSES, AGONIST_FH_motion):
        bpy.utils.register_class(cls)


def unregister() -> None:
    for cls in reversed((*_CLASSES, AGONIST_FH_motion)):
        bpy.utils.unregister_class(cls)
