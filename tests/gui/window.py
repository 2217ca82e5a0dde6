"""Mouse, keyboard, screenshots and checks in a Blender window, for drive.py and tour.py.

The steps of a script are a generator that a timer resumes, so that Blender draws and handles events between them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy

ZIP, MOTION, FOLDER = (Path(argument) for argument in sys.argv[sys.argv.index("--") + 1 :][:3])
RESULT: dict[str, object] = {"blender": bpy.app.version_string, "checks": {}}
# Long enough for software rendering to draw a frame.
DRAWN_S = 0.25


def check(name: str, passed: object, detail: object = "") -> None:
    RESULT["checks"][name] = {"passed": bool(passed), "detail": str(detail)}


def view() -> tuple[bpy.types.Window, bpy.types.Area, bpy.types.Region]:
    """The window, its 3D view, and the sidebar's region."""
    window = bpy.context.window_manager.windows[0]
    area = max((area for area in window.screen.areas if area.type == "VIEW_3D"), key=lambda area: area.width * area.height)
    return window, area, next(region for region in area.regions if region.type == "UI")


def view_context() -> dict[str, Any]:
    """What `temp_override` takes for an operator to run in the 3D view."""
    window, area, _ = view()
    return {"window": window, "area": area, "region": next(one for one in area.regions if one.type == "WINDOW")}


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


def drop(*paths: Path) -> Iterator[float]:
    """Drop files onto the 3D view from outside of Blender; checks that the window took them."""
    _, area, _ = view()
    x, y = area.x + area.width * 0.35, bpy.context.window_manager.windows[0].height - area.y - area.height * 0.5
    source = subprocess.Popen(
        ["python3", str(Path(__file__).with_name("drop.py")), str(int(x)), str(int(y)), *map(str, paths)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    while source.poll() is None:
        yield 0.05
    what = f"a dropped {paths[0].suffix[1:]}" if len(paths) == 1 else f"{len(paths)} dropped files"
    check(f"the window takes {what}", source.returncode == 0, source.stdout.read() if source.stdout else "")
    yield 1.0


def until(done: Callable[[], bool], most_s: float = 20.0) -> Iterator[float]:
    """Wait for something that Blender does by itself, however slow the machine is."""
    end = time.monotonic() + most_s
    while not done() and time.monotonic() < end:
        yield 0.05


def is_enabled() -> bool:
    return any(addon.module.endswith(".agonist") for addon in bpy.context.preferences.addons)


def shot(name: str, *changes: str) -> None:
    """A screenshot, changed by options of ImageMagick such as a crop."""
    # Blender's own screenshot operator is black under Xvfb: it reads a buffer that software rendering does not keep.
    subprocess.run(["import", "-window", "root", *changes, str(FOLDER / f"{name}.png")], check=True)


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


def install() -> Iterator[float]:
    """The zip, dropped onto an empty scene, with nothing in front of the view."""
    preferences = bpy.context.preferences
    preferences.view.show_splash = False
    preferences.inputs.use_mouse_continuous = False
    yield 1.0
    yield from press("ESC")
    yield from drop(ZIP)
    shot("0_dropped")
    # Blender asks where to.
    yield from press("RET")
    yield from until(is_enabled)
    check("the zip installs and is enabled", is_enabled())
    for thing in list(bpy.data.objects):
        bpy.data.objects.remove(thing)
    yield from arrange()


def front() -> None:
    """The view from the front, the selection filling it."""
    with bpy.context.temp_override(**view_context()):
        bpy.ops.view3d.view_axis(type="FRONT")
        bpy.ops.view3d.view_selected()


def unfold(name: str) -> list[str]:
    """Show a panel unfolded that starts folded: one like it takes its place. Returns a list that holds its name once it was drawn whole."""
    folded, drawn = getattr(bpy.types, f"AGONIST_PT_{name}"), []

    def draw(self: bpy.types.Panel, context: bpy.types.Context) -> None:
        folded.draw(self, context)
        drawn[:] = [name]

    idname = f"{folded.__name__}_unfolded"
    bpy.utils.unregister_class(folded)
    bpy.utils.register_class(type(idname, (folded,), {"bl_idname": idname, "bl_options": set(), "draw": draw, "__doc__": folded.__doc__}))
    return drawn


def put_away(name: str) -> None:
    """Fold a panel again."""
    unfolded = getattr(bpy.types, f"AGONIST_PT_{name}_unfolded")
    bpy.utils.unregister_class(unfolded)
    bpy.utils.register_class(unfolded.__bases__[0])


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


def start(work: Iterator[float]) -> None:
    """Run the steps of a script, then write result.json and close Blender."""
    bpy.app.timers.register(lambda: tick(work), first_interval=1.0, persistent=True)
