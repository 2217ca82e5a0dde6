"""Panels and the legend."""

import bpy

from . import graph, legend
from .bones import AGONIST_PT_bones
from .curves import AGONIST_PT_curves
from .export_panel import AGONIST_PT_export
from .look_panel import AGONIST_PT_look
from .panel import AGONIST_PT_main
from .render_panel import AGONIST_PT_render
from .results_panel import AGONIST_PT_results
from .sliders import AGONIST_PT_scope, AGONIST_PT_sliders

_CLASSES = (
    AGONIST_PT_main,
    AGONIST_PT_bones,
    AGONIST_PT_sliders,
    AGONIST_PT_scope,
    AGONIST_PT_curves,
    AGONIST_PT_look,
    AGONIST_PT_results,
    AGONIST_PT_render,
    AGONIST_PT_export,
)


def register() -> None:
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    legend.register()
    graph.register()


def unregister() -> None:
    graph.unregister()
    legend.unregister()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
