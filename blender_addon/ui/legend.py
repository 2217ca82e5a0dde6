"""The legend in the 3D view: what the colours mean, drawn by the graphics card over the picture."""

from __future__ import annotations

import blf
import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ..muscles.colours import srgb_at
from ..muscles.meaning import full_colour, marks
from ..ops.base import active_armature
from ..seen import muscles_seen, skins_seen
from ..translate import iface

__all__ = ["EDGE", "WIDTH", "draw_text", "legend_lines", "legend_top", "register", "unregister", "view_floor"]

_handle: list[object] = []
# Pixels of an interface at scale 1: width and height of the strip, its steps of colour, and its distance to the view's edges [ours].
WIDTH, EDGE = 200, 16
_HEIGHT, _STEPS = 12, 48
# Regions that lie over the bottom of a view.
_OVER = ("HUD", "ASSET_SHELF", "ASSET_SHELF_HEADER")


def legend_lines(armature: bpy.types.Object) -> tuple[str, str, str, list[str]]:
    """What the legend of an armature says: title, both ends of the scale, and notes on marked muscles."""
    return "Muscle activation, predicted", "0", full_colour(armature), marks(muscles_seen(armature).values(), skins_seen(armature))


def _shown(context: bpy.types.Context, armature: bpy.types.Object | None) -> bool:
    """Whether there is something to explain."""
    if armature is None or not context.scene.agonist_legend or not armature.agonist.sliders:
        return False
    return bool(muscles_seen(armature) or skins_seen(armature))


def legend_top(context: bpy.types.Context, armature: bpy.types.Object) -> float:
    """Height in pixels, from the bottom of the view, above which the legend leaves the view free."""
    scale, floor = context.preferences.system.ui_scale, view_floor(context.area, context.region)
    if not _shown(context, armature):
        return floor + EDGE * scale
    return floor + (EDGE + 14 + 15 * len(legend_lines(armature)[3]) + _HEIGHT + 20) * scale


def view_floor(area: bpy.types.Area, region: bpy.types.Region) -> float:
    """Height in pixels, from the bottom of a view, below which Blender draws over its left corner: the last operator's panel, a shelf.

    A region that is closed is a pixel wide or high; the last operator's floats above the floor, and lies at the window's corner, as large
    as it was, when it is not drawn.
    """
    tops = [
        one.y + one.height - region.y
        for one in area.regions
        if one.type in _OVER and min(one.width, one.height) > 1 and one.y >= region.y + (one.type == "HUD")
    ]
    return float(max(tops, default=0))


def _draw() -> None:
    context = bpy.context
    if context.scene is None or not context.space_data.overlay.show_overlays:
        return
    armature = active_armature(context)
    if not _shown(context, armature):
        return
    scale = context.preferences.system.ui_scale
    title, low, high, notes = legend_lines(armature)
    floor = view_floor(context.area, context.region)
    left, bottom = EDGE * scale, floor + (EDGE + 14 + 15 * len(notes)) * scale
    width, height = WIDTH * scale, _HEIGHT * scale
    # A strip of triangles, its colours as a screen shows them.
    places = np.linspace(0, 1, _STEPS)
    colours = np.concatenate([srgb_at(armature.agonist.colour_map, places), np.ones((_STEPS, 1))], axis=1)
    corners = [(left + share * width, bottom + level * height) for share in places for level in (0, 1)]
    shader = gpu.shader.from_builtin("SMOOTH_COLOR")
    strip = batch_for_shader(shader, "TRI_STRIP", {"pos": corners, "color": np.repeat(colours, 2, axis=0).tolist()})
    strip.draw(shader)
    draw_text(title, left, bottom + height + 6 * scale, 12 * scale)
    draw_text(low, left, bottom - 14 * scale, 11 * scale)
    blf.size(0, 11 * scale)
    draw_text(high, left + width - blf.dimensions(0, iface(high))[0], bottom - 14 * scale, 11 * scale)
    for line, note in enumerate(notes):
        draw_text(note, left, bottom - (30 + 15 * line) * scale, 11 * scale)


def draw_text(text: str, x: float, y: float, size: float) -> None:
    """White text with a shadow over the view, in the user's language; in pixels."""
    blf.size(0, size)
    blf.enable(0, blf.SHADOW)
    blf.shadow(0, 3, 0.0, 0.0, 0.0, 0.8)
    blf.color(0, 1.0, 1.0, 1.0, 1.0)
    blf.position(0, x, y, 0)
    blf.draw(0, iface(text))
    blf.disable(0, blf.SHADOW)


def register() -> None:
    bpy.types.Scene.agonist_legend = bpy.props.BoolProperty(
        name="Legend", description="Show what the muscles' colours mean in the 3D view", default=True
    )
    _handle.append(bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL"))


def unregister() -> None:
    bpy.types.SpaceView3D.draw_handler_remove(_handle.pop(), "WINDOW")
    del bpy.types.Scene.agonist_legend
