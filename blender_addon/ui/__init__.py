"""Panels."""

import bpy

from .bones import AGONIST_PT_bones
from .curves import AGONIST_PT_curves
from .export_panel import AGONIST_PT_export
from .panel import AGONIST_PT_main
from .results_panel import AGONIST_PT_results
from .sliders import AGONIST_PT_scope, AGONIST_PT_sliders

_CLASSES = (
    AGONIST_PT_main,
    AGONIST_PT_bones,
    AGONIST_PT_sliders,
    AGONIST_PT_scope,
    AGONIST_PT_curves,
    AGONIST_PT_results,
    AGONIST_PT_export,
)


def register() -> None:
    for cls in _CLASSES:
        bpy.utils.register_class(cls)


def unregister() -> None:
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
