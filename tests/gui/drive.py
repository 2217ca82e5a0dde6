"""Runs inside a Blender window: installs the zip, works the sidebar with mouse and keyboard, and writes down what happened.

Called by run.py as `blender --enable-event-simulate --python drive.py -- ZIP MOTION FOLDER`. The steps are a generator that a
timer resumes, so that Blender draws and handles events between them. FOLDER receives result.json and one PNG a stage.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np

ZIP, MOTION, FOLDER = (Path(argument) for argument in sys.argv[sys.argv.index("--") + 1 :][:3])
RESULT: dict[str, object] = {"blender": bpy.app.version_string, "checks": {}}
# Long enough for software rendering to draw a frame.
DRAWN_S = 0.25
# The first slider is quadriceps_l.
SLIDER = "agonist.sliders[0].scale"


def check(name: str, passed: object, detail: object = "") -> None:
    RESULT["checks"][name] = {"passed": bool(passed), "detail": str(detail)}


def view() -> tuple[bpy.types.Window, bpy.types.Area, bpy.types.Region]:
    """The window, its 3D view, and the sidebar's region."""
    window = bpy.context.window_manager.windows[0]
    area = max((area for area in window.screen.areas if area.type == "VIEW_3D"), key=lambda area: area.width * area.height)
    return window, area, next(region for region in area.regions if region.type == "UI")


def mouse(x: float, y: float, kind: str = "MOUSEMOVE", value: str = "NOTHING", **keys: bool) -> None:
    view()[0].event_simulate(type=kind, value=value, x=int(x), y=int(y), **keys)


def click(x: float, y: float) -> Iterator[float]:
    for kind, value in (("MOUSEMOVE", "NOTHING"), ("LEFTMOUSE", "PRESS"), ("LEFTMOUSE", "RELEASE")):
        mouse(x, y, kind, value)
        yield 0.1
    yield DRAWN_S


def press(key: str, **keys: bool) -> Iterator[float]:
    """A key with the mouse over the middle of the 3D view."""
    _, area, _ = view()
    x, y = area.x + area.width * 0.35, area.y + area.height * 0.5
    mouse(x, y)
    yield 0.05
    for value in ("PRESS", "RELEASE"):
        mouse(x, y, key, value, **keys)
        yield 0.05
    yield DRAWN_S


def shot(name: str) -> None:
    # Blender's own screenshot operator is black under Xvfb: it reads a buffer that software rendering does not keep.
    subprocess.run(["import", "-window", "root", str(FOLDER / f"{name}.png")], check=True)


def buttons() -> Iterator[float]:
    """Find what the sidebar holds by pointing at it, top to bottom; returns {property path or operator call: (x, y)}."""
    window, area, region = view()
    found: dict[str, tuple[float, float]] = {}
    manager = bpy.context.window_manager
    x = region.x + region.width * 0.45
    for y in range(region.y + region.height - 10, region.y + 10, -9):
        mouse(x, y)
        yield 0.03
        manager.clipboard = ""
        with bpy.context.temp_override(window=window, area=area, region=region):
            for copy in (bpy.ops.ui.copy_data_path_button, bpy.ops.ui.copy_python_command_button):
                if copy.poll():
                    copy()
                    break
        if manager.clipboard:
            found.setdefault(manager.clipboard, (x, y))
    return found


def rig() -> bpy.types.Object:
    return next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")


def pose() -> np.ndarray:
    """What Blender shows of the rig at the scene's frame, (J, 4, 4)."""
    shown = rig().evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([np.array(shown.matrix_world @ bone.matrix) for bone in shown.pose.bones])


def moved(a: np.ndarray, b: np.ndarray) -> float:
    """Metres that the bone furthest off lies from where it was."""
    return float(np.linalg.norm(a[:, :3, 3] - b[:, :3, 3], axis=1).max())


def arrange() -> Iterator[float]:
    """Only the 3D view and its sidebar, the tab of Agonist in front."""
    window, area, region = view()
    with bpy.context.temp_override(window=window, area=area):
        if len(window.screen.areas) > 1 and not window.screen.show_fullscreen:
            bpy.ops.screen.screen_full_area(use_hide_panels=False)
    yield DRAWN_S
    window, area, region = view()
    area.spaces.active.show_region_ui = True
    yield DRAWN_S
    region = view()[2]
    try:
        region.active_panel_category = "Agonist"
    except AttributeError:
        # Read-only before 4.4: the tab is the last one of the column at the right edge.
        yield from tab()
    area.tag_redraw()
    yield 2 * DRAWN_S


def tab() -> Iterator[float]:
    """Click down the column of tabs until ours is in front."""
    _, _, region = view()
    for y in range(region.y + region.height - 25, region.y, -18):
        if view()[2].active_panel_category == "Agonist":
            return
        yield from click(region.x + region.width - 8, y)


def steps() -> Iterator[float]:
    preferences = bpy.context.preferences
    preferences.view.show_splash = False
    preferences.inputs.use_mouse_continuous = False
    yield 1.0
    yield from press("ESC")
    bpy.ops.extensions.package_install_files(filepath=str(ZIP), repo="user_default", enable_on_install=True)
    check("the zip installs and is enabled", any(addon.module.endswith(".agonist") for addon in preferences.addons))
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    yield from arrange()
    check("the tab is in front", view()[2].active_panel_category == "Agonist", view()[2].active_panel_category)
    shot("1_empty")

    bpy.ops.agonist.import_motion(filepath=str(MOTION))
    yield DRAWN_S
    found = yield from buttons()
    shot("2_imported")
    for name in ("add_muscles", "predict"):
        place = found.get(f"bpy.ops.agonist.{name}()")
        check(f"the button {name} is there", place, sorted(found))
        yield from click(*place)
        yield 2.0
    check("eight muscles hang on the rig", sum("agonist_muscle" in child for child in rig().children) == 8)
    window, area, _ = view()
    with bpy.context.temp_override(window=window, area=area, region=next(one for one in area.regions if one.type == "WINDOW")):
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()
    check("the view shows the muscles' colours", area.spaces.active.shading.color_type == "OBJECT")
    bpy.context.scene.frame_set(25)
    bpy.ops.ed.undo_push(message="Change Frame")
    yield 2.0
    shot("3_predicted")

    found = yield from buttons()
    check("the slider is there", SLIDER in found, sorted(found))
    x, y = found[SLIDER]
    yield from dragged(x, y)
    shot("5_undone")
    yield from reloaded()


def dragged(x: float, y: float) -> Iterator[float]:
    """Drag the slider with the mouse, then undo with the keyboard."""
    props, source = rig().agonist, rig().animation_data.action.name
    before = pose()
    mouse(x, y)
    yield 0.2
    mouse(x, y, "LEFTMOUSE", "PRESS")
    yield 0.1
    waits, draws = [], []
    for step in range(1, 13):
        view()[1].tag_redraw()
        sent = time.perf_counter()
        yield 0.0
        draws.append(1000 * (time.perf_counter() - sent))
        mouse(x + 3 * step, y)
        sent = time.perf_counter()
        yield 0.0
        waits.append(1000 * (time.perf_counter() - sent))
    mouse(x + 36, y, "LEFTMOUSE", "RELEASE")
    yield 1.0
    RESULT["drag_ms"] = {
        "median": round(statistics.median(waits), 1), "longest": round(max(waits), 1), "drawing": round(statistics.median(draws), 1)
    }  # fmt: skip
    props = rig().agonist
    scale = props.sliders["quadriceps_l"].scale
    check("dragging moves the slider", abs(scale - 1) > 0.05, scale)
    check("the rig plays another action", rig().animation_data.action.name != source, rig().animation_data.action.name)
    check("the pose on screen has changed", moved(pose(), before) > 1e-3, f"{moved(pose(), before):.4f} m")
    check("the panel tells what was reached", props.sliders["quadriceps_l"].reached != 1.0, props.sliders["quadriceps_l"].reached)
    after = pose()
    shot("4_dragged")
    yield from press("Z", ctrl=True)
    yield 0.5
    check("one undo brings the slider back", rig().agonist.sliders["quadriceps_l"].scale == 1.0)
    check("one undo brings the action back", rig().animation_data.action.name == source, rig().animation_data.action.name)
    check("one undo brings the pose back", moved(pose(), before) < 1e-6, moved(pose(), before))
    yield from press("Z", ctrl=True, shift=True)
    yield 0.5
    check("redo brings the edit again", moved(pose(), after) < 1e-6, moved(pose(), after))


def reloaded() -> Iterator[float]:
    """Save, load, and go on."""
    after, scale = pose(), rig().agonist.sliders["quadriceps_l"].scale
    path = str(FOLDER / "scene.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    yield 2.0
    check("a reload keeps the pose", moved(pose(), after) < 1e-6, moved(pose(), after))
    check("a reload keeps the slider", rig().agonist.sliders["quadriceps_l"].scale == scale)
    yield from arrange()
    found = yield from buttons()
    check("the slider is there after a reload", SLIDER in found, sorted(found))
    x, y = found[SLIDER]
    mouse(x, y)
    yield 0.2
    mouse(x, y, "LEFTMOUSE", "PRESS")
    for step in range(1, 6):
        mouse(x - 6 * step, y)
        yield 0.2
    mouse(x - 30, y, "LEFTMOUSE", "RELEASE")
    yield 1.0
    check("the slider works after a reload", moved(pose(), after) > 1e-3, f"{moved(pose(), after):.4f} m")
    mouse(x - 300, y)
    yield DRAWN_S
    shot("6_reloaded")


def finish(error: str = "") -> None:
    RESULT["error"] = error
    (FOLDER / "result.json").write_text(json.dumps(RESULT, indent=2))
    bpy.ops.wm.quit_blender()


def tick(work: Iterator[float]) -> float | None:
    try:
        return next(work)
    except StopIteration:
        finish()
    except Exception:
        shot("error")
        finish(traceback.format_exc())
    return None


work = steps()
bpy.app.timers.register(lambda: tick(work), first_interval=1.0, persistent=True)
