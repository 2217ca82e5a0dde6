"""The activation graph in the 3D view: what muscles do over the clip, original and recommended, and where the current frame is.

Blender's panels have no widget for curves, so the graphics card draws it over the picture, above the legend. It is drawn when the
view is, from the keys that the muscles' colours play, so it never shows anything else than they do.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from agonist.muscles import MUSCLE_SETS, stand_in

from ..muscles.colour_actions import COLOURS, keyed_values
from ..muscles.colours import srgb_at
from ..muscles.skin import skin_muscles
from ..ops.base import active_armature
from ..seen import muscles_seen, skins_seen
from .legend import EDGE, WIDTH, draw_text, legend_top

__all__ = ["GraphRow", "graph_rows", "graph_shapes", "register", "unregister"]

_handle: list[object] = []
# Heights of a row where few and where many are drawn, the gap between two, and columns that a curve has at most, in pixels [ours].
_TALL, _LOW, _GAP, _COLUMNS = 46, 20, 3, 128
# Width of a label beside its row, in pixels [measured].
_LABEL = 118
_BACK, _LINE, _NOW = (0.06, 0.06, 0.07, 0.72), (0.92, 0.93, 0.95, 0.9), (1.0, 1.0, 1.0, 0.75)


@dataclass(frozen=True, eq=False)
class GraphRow:
    """One muscle.

    Attributes:
        label: as the sliders call it.
        frames: (T,) scene frames.
        values: "ORIGINAL" and, where there is one, "RECOMMENDED" -> (T,) share of maximal activation.
    """

    label: str
    frames: np.ndarray
    values: dict[str, np.ndarray]

    def at(self, which: str, frame: float) -> float:
        """The value of a motion at a frame, held at the ends."""
        return float(np.interp(frame, self.frames, self.values[which]))


def graph_rows(armature: bpy.types.Object, choice: str) -> list[GraphRow]:
    """What the graph shows: the panel's chosen muscle ("CHOSEN", both sides of a group) or every muscle ("ALL")."""
    props = armature.agonist
    if choice == "NONE" or not props.sliders:
        return []
    names = list(props.sliders.keys()) if choice == "ALL" else props.muscles_of(props.active_muscle)
    shown = ["ORIGINAL", *(["RECOMMENDED"] if props.recommended_action else [])]
    rows = []
    for name, (owner, path) in _owners(armature, names).items():
        keys = {which: keyed_values(owner, owner.get(COLOURS[which]), path) for which in shown}
        keys = {which: one for which, one in keys.items() if one is not None}
        if "ORIGINAL" in keys:
            frames = keys["ORIGINAL"][0]
            rows.append(GraphRow(props.sliders[name].label, frames, {which: np.interp(frames, *one) for which, one in keys.items()}))
    return rows


def _owners(armature: bpy.types.Object, names: list[str]) -> dict[str, tuple[bpy.types.ID, str]]:
    """Slider -> what its activation is keyed on, and the path there: its muscle, one that borrows its value, or a glowing skin."""
    known = next((one for one in MUSCLE_SETS.values() if one.names == tuple(armature.agonist.sliders.keys())), None)
    owners: dict[str, tuple[bpy.types.ID, str]] = {}
    keyed = [(muscle, thing, '["activation_raw"]') for muscle, thing in muscles_seen(armature).items()]
    keyed += [(muscle, skin.data, f'["raw_{muscle}"]') for skin in skins_seen(armature) for muscle in skin_muscles(skin)]
    for muscle, owner, path in keyed:
        owners.setdefault(stand_in(muscle, known)[0] if known else muscle, (owner, path))
    return {name: owners[name] for name in names if name in owners}


def graph_shapes(
    rows: list[GraphRow], which: str, frame: float, colour_map: str, top: float, place: tuple[float, float, float, float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Triangles (N, 2) with colours (N, 4), then lines (M, 2) with colours (M, 4), in pixels.

    `which` motion is filled with the heatmap's colours, the other is a line. `top` is the activation of full colour; `place` is left,
    bottom, width and height of a row, and the gap between two rows.
    """
    left, bottom, width, height, gap = place
    highest = max(top, max(float(values.max()) for row in rows for values in row.values.values()))
    triangles, colours, lines, inks = [], [], [], []
    for number, row in enumerate(reversed(rows)):
        base = bottom + number * (height + gap)
        _strip(triangles, colours, np.array([left, left + width]), base, np.array([base + height] * 2), np.array([_BACK] * 2))
        count = min(_COLUMNS, max(2, len(row.frames)))
        first, last = float(row.frames[0]), float(row.frames[-1])
        wanted = np.linspace(first, last, count)
        x = np.linspace(left, left + width, count)
        for motion, values in row.values.items():
            column = np.interp(wanted, row.frames, values)
            y = base + column / highest * height
            if motion == which:
                ramp = np.concatenate([srgb_at(colour_map, np.clip(column / top, 0, 1)), np.full((count, 1), 0.95)], axis=1)
                _strip(triangles, colours, x, base, y, ramp)
            else:
                _line(lines, inks, np.stack([x, y], axis=1), _LINE)
        if first <= frame <= last:
            now = left + width * (frame - first) / max(last - first, 1.0)
            _line(lines, inks, np.array([[now, base], [now, base + height]]), _NOW)
    return tuple(np.concatenate(one).astype(np.float32) if one else np.empty((0, size)) for one, size in
                 ((triangles, 2), (colours, 4), (lines, 2), (inks, 4)))  # fmt: skip


def _strip(triangles: list, colours: list, x: np.ndarray, base: float, y: np.ndarray, ramp: np.ndarray) -> None:
    """An area from `base` up to y (N,) at x (N,), as two triangles a step."""
    low, high = np.stack([x, np.full_like(x, base, dtype=float)], axis=1), np.stack([x, y], axis=1)
    corners = np.stack([low[:-1], high[:-1], low[1:], low[1:], high[:-1], high[1:]], axis=1)
    triangles.append(corners.reshape(-1, 2))
    colours.append(np.stack([ramp[:-1], ramp[:-1], ramp[1:], ramp[1:], ramp[:-1], ramp[1:]], axis=1).reshape(-1, 4))


def _line(lines: list, inks: list, points: np.ndarray, ink: tuple[float, ...]) -> None:
    lines.append(np.stack([points[:-1], points[1:]], axis=1).reshape(-1, 2))
    inks.append(np.broadcast_to(ink, (2 * (len(points) - 1), 4)))


def _draw() -> None:
    context = bpy.context
    scene = context.scene
    if scene is None or not context.space_data.overlay.show_overlays:
        return
    armature = active_armature(context)
    rows = graph_rows(armature, scene.agonist_graph) if armature is not None else []
    if not rows:
        return
    props, scale = armature.agonist, context.preferences.system.ui_scale
    height = (_TALL if len(rows) <= 2 else _LOW) * scale
    top = {"ABSOLUTE": 1.0, "MUSCLE": max(float(row.values["ORIGINAL"].max()) for row in rows)}.get(props.colour_range, props.colour_top)
    left, bottom, width = EDGE * scale, legend_top(context, armature) + 8 * scale, WIDTH * scale
    place = (left, bottom, width, height, _GAP * scale)
    shapes = graph_shapes(rows, props.show, scene.frame_current_final, props.colour_map, max(top, 1e-6), place)
    gpu.state.blend_set("ALPHA")
    shader = gpu.shader.from_builtin("SMOOTH_COLOR")
    for kind, points, colours in (("TRIS", shapes[0], shapes[1]), ("LINES", shapes[2], shapes[3])):
        if len(points):
            batch_for_shader(shader, kind, {"pos": points, "color": colours}).draw(shader)
    gpu.state.blend_set("NONE")
    for number, row in enumerate(reversed(rows)):
        y = bottom + number * (height + _GAP * scale) + height / 2 - 4 * scale
        draw_text(row.label, left + width + 8 * scale, y, 11 * scale)
        told = " \N{RIGHTWARDS ARROW} ".join(f"{row.at(which, scene.frame_current_final):.2f}" for which in row.values)
        draw_text(told, left + width + (8 + _LABEL) * scale, y, 11 * scale)


def register() -> None:
    bpy.types.Scene.agonist_graph = bpy.props.EnumProperty(
        name="Graph", description="Show activation over the clip in the 3D view: filled as it plays, the other motion as a line",
        default="CHOSEN",
        items=[
            ("NONE", "None", "No graph"),
            ("CHOSEN", "Chosen Muscle", "The muscle whose slider was moved last, or that Activation Curves names"),
            ("ALL", "All Muscles", "Every muscle, one below the other"),
        ],
    )  # fmt: skip
    _handle.append(bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL"))


def unregister() -> None:
    bpy.types.SpaceView3D.draw_handler_remove(_handle.pop(), "WINDOW")
    del bpy.types.Scene.agonist_graph
