"""The sliders, and what an edit may touch."""

from __future__ import annotations

from collections.abc import Iterable

import bpy

from agonist.edit_goal import SMALLEST_SCALE

from ..ops.base import active_armature
from ..rig.rate import scene_rate
from ..scope import LOCKS
from ..sliders import AgonistGroup, AgonistSlider
from ..translate import iface
from .panel import Sidebar, told

__all__ = ["AGONIST_PT_scope", "AGONIST_PT_sliders", "remarks"]

# How much of a row a slider takes; the number that was reached stands beside it.
_SLIDER_SHARE = 0.68
# The parts of the body as they stand before whoever looks at a character's face.
_BODY = (("", "head", ""), ("arm_r", "trunk", "arm_l"), ("leg_r", "root", "leg_l"))


class AGONIST_PT_sliders(Sidebar, bpy.types.Panel):
    """One slider a muscle, and one a group."""

    bl_label = "Recommended Motion"
    bl_idname = "AGONIST_PT_sliders"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        armature = active_armature(context)
        return armature is not None and bool(armature.agonist.sliders)

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        armature = active_armature(context)
        props = armature.agonist
        if armature.data.is_editmode:
            told(layout, context, "Sliders rest in Edit Mode", "INFO")
            layout = layout.column()
            layout.enabled = False
        layout.row().prop(props, "show", expand=True)
        row = layout.row(align=True)
        row.prop(props, "live", toggle=True)
        row.prop(props, "link_sides", toggle=True)
        heads = layout.split(factor=_SLIDER_SHARE)
        heads.label(text="Asked")
        heads.label(text="Reached")
        for group in props.groups:
            column = layout.column(align=True)
            _row(column, group, group.label)
            sides = group.sides
            # Sides that differ are shown even when they are linked: the group's slider alone would hide it.
            if len({slider.scale for slider in sides}) > 1 or not props.link_sides:
                for slider in sides:
                    _row(column, slider, {"l": "Left", "r": "Right"}[slider.name[-1]])
        for remark in remarks(props.sliders):
            told(layout, context, remark, "INFO")
        row = layout.row(align=True)
        row.operator("agonist.edit", icon="FILE_REFRESH")
        row.operator("agonist.reset", icon="LOOP_BACK", text="")


def remarks(sliders: Iterable[AgonistSlider]) -> list[str]:
    """What has to be said about sliders as they stand."""
    sliders, found = list(sliders), []
    if any(slider.out_of_reach for slider in sliders):
        found.append(iface("Red: out of reach for this motion"))
    # Blender keeps a slider in single precision.
    if any(slider.scale < SMALLEST_SCALE - 1e-6 for slider in sliders):
        found.append(iface("Below {least:g}, {least:g} is asked: the model has learned no smaller factors", least=SMALLEST_SCALE))
    return found


def _row(column: bpy.types.UILayout, one: AgonistSlider | AgonistGroup, text: str) -> None:
    """What is asked, what was reached, and the button that takes it back."""
    split = column.split(factor=_SLIDER_SHARE, align=True)
    split.prop(one, "scale", text=text, slider=True)
    right = split.row(align=True)
    asked = abs(one.scale - 1) > 1e-6
    reached = right.row()
    # What is shown may be one frame of an edit that is not whole yet.
    reached.active = not one.id_data.agonist.is_preview
    reached.alert = one.out_of_reach
    reached.label(text=f"{one.reached:.2f}" if asked or abs(one.reached - 1) > 0.005 else "")
    if asked:
        right.operator("agonist.reset_slider", text="", icon="LOOP_BACK", emboss=False).slider = one.name
    else:
        # As wide, so that nothing moves; a grey arrow could not say why it is grey.
        right.label(icon="BLANK1")


class AGONIST_PT_scope(Sidebar, bpy.types.Panel):
    """Which parts of the body and which frames may change, and how much."""

    bl_label = "What May Change"
    bl_idname = "AGONIST_PT_scope"
    bl_parent_id = "AGONIST_PT_sliders"

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        armature = active_armature(context)
        props = armature.agonist
        layout.enabled = not armature.data.is_editmode
        scope = props.scope
        column = layout.column(align=True)
        for line in _BODY:
            row = column.row(align=True)
            for part in line:
                if part:
                    icon = "LOCKED" if getattr(scope, f"lock_{part}") else "UNLOCKED"
                    row.prop(scope, f"lock_{part}", text=LOCKS[part][0], toggle=True, icon=icon)
                else:
                    row.label(text="")
        row = layout.row(align=True)
        row.label(text="Only")
        for parts, label in (("ARMS", "Arms"), ("LEGS", "Legs"), ("TRUNK", "Trunk")):
            row.operator("agonist.only_parts", text=label).parts = parts
        row.operator("agonist.only_parts", text="", icon="UNLOCKED").parts = "ALL"
        layout.prop(scope, "feet_planted")
        layout.prop(scope, "influence", slider=True)
        layout.prop(props, "use_frame_range")
        if props.use_frame_range:
            row = layout.row(align=True)
            row.prop(props, "frame_first")
            row.prop(props, "frame_last")
            row = layout.split(factor=0.6)
            row.prop(scope, "falloff_s")
            row.label(text=iface("= {count:.3g} frames", count=scope.falloff_s * scene_rate(context.scene)))
