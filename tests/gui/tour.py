"""Runs inside a Blender window: the pictures of docs/tour.md. `python3 build.py tour` calls it through run.py."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from window import DRAWN_S, MOTION, arrange, buttons, check, click, front, install, press, shot, start, view

# The window is taller than a screen, so that all panels fit; each picture shows the part that it is about.
SMALL = ("-resize", "1000x", "-colors", "160", "-depth", "8")


def part(top: int, height: int) -> tuple[str, ...]:
    return ("-crop", f"1400x{height}+0+{top}", "+repage", *SMALL)




def rig() -> bpy.types.Object:
    return next(thing for thing in bpy.data.objects if thing.type == "ARMATURE" and thing.agonist.sliders)


def redraw() -> Iterator[float]:
    view()[1].tag_redraw()
    yield 4 * DRAWN_S


def steps() -> Iterator[float]:
    yield from install()
    bpy.ops.agonist.import_motion(filepath=str(MOTION))
    front()
    yield from redraw()
    shot("tour_1_import", *part(0, 900))
    found = yield from buttons()
    for name in ("add_muscles", "predict"):
        yield from click(*found[f"bpy.ops.agonist.{name}()"])
        yield 2.0
    front()
    bpy.context.scene.frame_set(28)
    yield from redraw()
    check("the muscles are coloured", rig().agonist.colour_top > 0.02, rig().agonist.colour_top)
    shot("tour_2_predict", *part(0, 1000))
    rig().agonist.sliders["hamstrings_l"].scale = 1.7
    rig().agonist.sliders["biceps_r"].scale = 1.5
    yield 1.0
    with bpy.context.temp_override(**context()):
        bpy.ops.agonist.ghost()
    yield from redraw()
    shot("tour_3_slider", *part(0, 1200))
    with bpy.context.temp_override(**context()):
        bpy.ops.agonist.ghost()
        bpy.ops.agonist.add_muscles(muscles="surface24")
        rig().agonist.colour_map = "VIRIDIS"
        bpy.ops.view3d.view_axis(type="BACK")
    yield from redraw()
    shot("tour_4_look", *part(0, 1100))
    with bpy.context.temp_override(**context()):
        for thing in [child for child in rig().children if "agonist_muscle" in child]:
            bpy.data.objects.remove(thing)
        rig().agonist.colour_map = "INFERNO"
        bpy.ops.agonist.glow_skin(muscles="surface24")
        view()[1].spaces.active.shading.type = "MATERIAL"
    yield 12.0
    yield from redraw()
    shot("tour_5_skin", *part(0, 900))
    view()[1].spaces.active.shading.type = "SOLID"
    bpy.context.scene.agonist_export.preset = "UNREAL"
    bpy.context.scene.agonist_export.root = "BONE"
    yield from redraw()
    shot("tour_6_export", "-crop", "560x640+840+760", "+repage", "-colors", "128", "-depth", "8")
    yield from press("ESC")
    yield from arrange()


def context() -> dict[str, object]:
    window, area, _ = view()
    return {"window": window, "area": area, "region": next(one for one in area.regions if one.type == "WINDOW"), "active_object": rig()}



start(steps())
