"""Runs inside a Blender window: the pictures of docs/tour.md. `python3 build.py tour` calls it through run.py."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy
from mathutils import Euler

sys.path.insert(0, str(Path(__file__).parent))
from window import DRAWN_S, MOTION, buttons, check, click, install, mouse, put_away, shot, start, unfold, view, view_context

# The window is taller than a screen, so that all panels fit.
PART = ("-crop", "276x470+1110+985", "+repage", "-colors", "128", "-depth", "8")
SMALL = ("-resize", "1000x", "-colors", "256", "-depth", "8")

# From behind the left hand, where the hamstrings of the leg that kicks are seen before and after the edit (degrees from the front).
AZIMUTH = 132.0


def rig() -> bpy.types.Object:
    return next(thing for thing in bpy.data.objects if thing.type == "ARMATURE" and thing.agonist.sliders)


def redraw() -> Iterator[float]:
    view()[1].tag_redraw()
    yield 4 * DRAWN_S


def liveliest() -> int:
    """The frame at which the muscles work most."""
    first, last = (round(value) for value in rig().animation_data.action.frame_range)
    shares = {}
    for frame in range(first, last + 1):
        bpy.context.scene.frame_set(frame)
        shares[frame] = sum(child["activation"] for child in rig().children if "agonist_muscle" in child)
    return max(shares, key=shares.get)


def steps() -> Iterator[float]:
    yield from install()
    bpy.ops.agonist.import_motion(filepath=str(MOTION))
    # The exercises of the corpus look away from Blender's front.
    bpy.context.view_layer.objects.active.rotation_euler.z = math.pi
    turn()
    yield from redraw()
    shot("tour_1_import", *SMALL)
    found = yield from buttons()
    for name in ("add_muscles", "predict"):
        yield from click(*found[f"bpy.ops.agonist.{name}()"])
        yield 2.0
    # A mouse that rests on a button brings up its tooltip.
    mouse(400, 200)
    bpy.context.scene.frame_set(liveliest())
    turn()
    yield from redraw()
    check("the muscles are coloured", rig().agonist.colour_top > 0.02, rig().agonist.colour_top)
    shot("tour_2_predict", *SMALL)
    rig().agonist.sliders["biceps_r"].scale = 1.5
    rig().agonist.sliders["hamstrings_l"].scale = 1.7
    yield 1.0
    with bpy.context.temp_override(**context()):
        bpy.ops.agonist.ghost()
    yield from redraw()
    shot("tour_3_slider", *SMALL)
    with bpy.context.temp_override(**context()):
        bpy.ops.agonist.ghost()
        bpy.ops.agonist.add_muscles(muscles="surface24")
    rig().agonist.colour_map = "VIRIDIS"
    bpy.context.scene.agonist_graph = "ALL"
    unfold("look")
    yield from redraw()
    check("all twenty-four are there", sum("agonist_muscle" in child for child in rig().children) == 24)
    shot("tour_4_look", *SMALL)
    bpy.context.scene.agonist_graph = "CHOSEN"
    for thing in [child for child in rig().children if "agonist_muscle" in child]:
        bpy.data.objects.remove(thing)
    rig().agonist.colour_map = "PAPER"
    with bpy.context.temp_override(**context()):
        bpy.ops.agonist.glow_skin(muscles="surface24")
    # Cycles needs no shaders to be compiled, which takes a software driver minutes.
    bpy.context.scene.render.engine, bpy.context.scene.cycles.preview_samples = "CYCLES", 12
    bpy.context.scene.render.preview_pixel_size = "2"
    shading = view()[1].spaces.active.shading
    shading.use_scene_lights_render = shading.use_scene_world_render = False
    shading.type = "RENDERED"
    # Cycles in a view does not hide bones behind a body.
    overlay = view()[1].spaces.active.overlay
    overlay.show_bones = False
    yield from redraw()
    yield 60.0
    shot("tour_5_skin", *SMALL)
    shading.type, overlay.show_bones = "SOLID", True
    bpy.context.scene.agonist_export.preset = "UNREAL"
    bpy.context.scene.agonist_export.root = "BONE"
    put_away("look")
    unfold("render")
    yield from redraw()
    shot("tour_6_render", *PART)
    put_away("render")
    unfold("export")
    yield from redraw()
    shot("tour_7_export", *PART)
    put_away("export")


def turn() -> None:
    """See the whole rig, a little from above."""
    _, area, _ = view()
    region = area.spaces.active.region_3d
    region.view_perspective, region.view_rotation = "PERSP", Euler((math.radians(82), 0.0, math.radians(AZIMUTH))).to_quaternion()
    with bpy.context.temp_override(**context()):
        bpy.ops.view3d.view_selected()


def context() -> dict[str, object]:
    return {**view_context(), "active_object": bpy.context.view_layer.objects.active}


start(steps())
