"""Runs inside a Blender window: drops the zip and a motion onto it, works the sidebar by mouse and keyboard, and writes down
what happened.

Called by run.py as `blender --enable-event-simulate --python drive.py -- ZIP MOTION FOLDER`. FOLDER receives result.json and
one PNG a stage.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import time
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from window import (
    DRAWN_S,
    FOLDER,
    MOTION,
    RESULT,
    arrange,
    buttons,
    check,
    click,
    drop,
    front,
    install,
    mouse,
    press,
    put_away,
    shot,
    start,
    unfold,
    until,
    view,
    view_context,
)  # fmt: skip

# The first slider is quadriceps_l.
SLIDER = "agonist.sliders[0].scale"


def rig() -> bpy.types.Object:
    return next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")


def pose() -> np.ndarray:
    """What Blender shows of the rig at the scene's frame, (J, 4, 4)."""
    return pose_of(rig())


def pose_of(armature: bpy.types.Object) -> np.ndarray:
    shown = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array([np.array(shown.matrix_world @ bone.matrix) for bone in shown.pose.bones])


def moved(a: np.ndarray, b: np.ndarray) -> float:
    """Metres that the bone furthest off lies from where it was."""
    return float(np.linalg.norm(a[:, :3, 3] - b[:, :3, 3], axis=1).max())


def steps() -> Iterator[float]:
    yield from install()
    check("the tab is in front", view()[2].active_panel_category == "Agonist", view()[2].active_panel_category)
    shot("1_empty")

    yield from drop(MOTION)
    yield from until(lambda: any(thing.type == "ARMATURE" for thing in bpy.data.objects))
    yield DRAWN_S
    found = yield from buttons()
    shot("2_imported")
    for name in ("add_muscles", "predict"):
        place = found.get(f"bpy.ops.agonist.{name}()")
        check(f"the button {name} is there", place, sorted(found))
        yield from click(*place)
        yield 2.0
    check("eight muscles hang on the rig", sum("agonist_muscle" in child for child in rig().children) == 8)
    front()
    check("the view shows the muscles' colours", view()[1].spaces.active.shading.color_type == "OBJECT")
    bpy.context.scene.frame_set(25)
    bpy.ops.ed.undo_push(message="Change Frame")
    yield 2.0
    shot("3_predicted")

    found = yield from buttons()
    check("the slider is there", SLIDER in found, sorted(found))
    x, y = found[SLIDER]
    yield from dragged(x, y)
    shot("6_undone")
    yield from compared()
    yield from reloaded()
    yield from drawn()
    yield from panels()
    yield from replaced()
    yield from documented()
    yield from several()
    yield from mechanical()


def dragged(x: float, y: float) -> Iterator[float]:
    """Drag the slider with the mouse, then undo with the keyboard."""
    props, source = rig().agonist, rig().animation_data.action.name
    before = pose()
    mouse(x, y)
    yield 0.2
    mouse(x, y, "LEFTMOUSE", "PRESS")
    yield 0.1
    waits, draws, previews = [], [], []
    for step in range(1, 13):
        view()[1].tag_redraw()
        sent = time.perf_counter()
        yield 0.0
        draws.append(1000 * (time.perf_counter() - sent))
        mouse(x + 3 * step, y)
        sent = time.perf_counter()
        yield 0.0
        waits.append(1000 * (time.perf_counter() - sent))
        previews.append((props.is_preview, rig().animation_data.action.name == source))
    check("dragging shows the frame before the whole clip is made", (True, True) in previews, previews)
    shown = pose()
    shot("4_dragging")
    yield from until(lambda: not props.is_preview)
    check("a hand that rests gets the whole clip", not props.is_preview and rig().animation_data.action.name != source)
    check("the pose does not jump when the whole is made", moved(pose(), shown) < 1e-5, moved(pose(), shown))
    # Let go at once: the undo step is made of a preview.
    mouse(x + 39, y)
    yield from until(lambda: props.is_preview)
    shown = pose()
    mouse(x + 39, y, "LEFTMOUSE", "RELEASE")
    yield from until(lambda: not rig().agonist.is_preview)
    check("letting go gets the whole clip", not rig().agonist.is_preview)
    check("the pose does not jump when the mouse was let go", moved(pose(), shown) < 1e-5, moved(pose(), shown))
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
    shot("5_dragged")
    yield from press("Z", ctrl=True)
    yield 0.5
    check("one undo brings the slider back", rig().agonist.sliders["quadriceps_l"].scale == 1.0)
    check("one undo brings the action back", rig().animation_data.action.name == source, rig().animation_data.action.name)
    check("one undo brings the pose back", moved(pose(), before) < 1e-6, moved(pose(), before))
    yield from press("Z", ctrl=True, shift=True)
    yield 0.5
    check("redo brings the edit again", moved(pose(), after) < 1e-6, moved(pose(), after))
    check("redo brings the whole of it", not rig().agonist.is_preview and rig().animation_data.action.name != source)


def compared() -> Iterator[float]:
    """Shift Alt O, as the keymap has it."""
    after = pose()
    for which in ("ORIGINAL", "RECOMMENDED"):
        yield from press("O", shift=True, alt=True)
        check(f"the key shows the {which.lower()} motion", rig().agonist.show == which, rig().agonist.show)
    check("the key brings the pose back", moved(pose(), after) < 1e-6, moved(pose(), after))


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
    shot("7_reloaded")


def drawn() -> Iterator[float]:
    """Move the keys of an activation curve in a Graph Editor: the motion follows by itself, as one undo step."""
    bpy.context.view_layer.objects.active = rig()
    bpy.ops.agonist.reset("EXEC_DEFAULT", True)
    bpy.ops.agonist.edit_curves("EXEC_DEFAULT", True, muscle="quadriceps_l")
    before = pose()
    window = view()[0]
    with bpy.context.temp_override(window=window):
        bpy.ops.wm.window_new()
    yield DRAWN_S
    window = bpy.context.window_manager.windows[-1]
    area = window.screen.areas[0]
    area.type = "GRAPH_EDITOR"
    yield 1.0
    region = next(one for one in area.regions if one.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.graph.select_all(action="SELECT")
        bpy.ops.transform.resize("EXEC_DEFAULT", True, value=(1.0, 1.8, 1.0))
    yield from until(lambda: rig().agonist.show == "RECOMMENDED")
    yield 0.5
    check("a drawn curve makes the motion by itself", moved(pose(), before) > 1e-3, f"{moved(pose(), before):.4f} m")
    made = pose()
    shot("8_drawn")
    with bpy.context.temp_override(window=window):
        bpy.ops.wm.window_close()
    yield from press("Z", ctrl=True)
    yield 1.5
    check("one undo takes that motion back, and it stays so", moved(pose(), before) < 1e-6, moved(pose(), before))
    yield from press("Z", ctrl=True, shift=True)
    yield 0.5
    check("redo brings that motion again", moved(pose(), made) < 1e-6, moved(pose(), made))


def panels() -> Iterator[float]:
    """Those that start folded are drawn too; what a panel raises while it is drawn is only printed."""
    for name in ("bones", "curves", "look", "render", "export"):
        drawn = unfold(name)
        view()[1].tag_redraw()
        yield 4 * DRAWN_S
        check(f"the panel {name} is drawn", drawn == [name], drawn)
        put_away(name)


def replaced() -> Iterator[float]:
    """Files that are there already are named: Esc leaves them, Enter replaces them, and what was just written is made anew unasked."""
    folder, scene = FOLDER / "written", bpy.context.scene
    folder.mkdir()
    settings, bpy.context.view_layer.objects.active = scene.agonist_render, rig()
    settings.engine, settings.height, settings.count, settings.folder = "WORKBENCH", 64, 1, str(folder)
    picture = folder / f"{bpy.path.clean_name(rig().agonist.recommended_action.name)} contact sheet.png"
    picture.write_text("mine")
    where = view_context()
    area = where["area"]

    def render() -> Iterator[float]:
        mouse(area.x + area.width * 0.35, area.y + area.height * 0.5)
        yield 0.1
        with bpy.context.temp_override(**where):
            bpy.ops.agonist.render("INVOKE_DEFAULT", job="SHEET")
        yield 4 * DRAWN_S

    yield from render()
    shot("9_replace")
    yield from press("ESC")
    check("Esc leaves a picture that is there", picture.read_text() == "mine" and not settings.last)
    yield from render()
    yield from press("RET")
    yield from until(lambda: settings.last)
    check("Enter replaces it", picture.read_bytes().startswith(b"\x89PNG"), settings.last)
    settings.last = ""
    yield from render()
    yield from until(lambda: settings.last)
    check("a picture that was just rendered is rendered anew unasked", settings.last)

    scene.agonist_export.preset, scene.agonist_export.variants = "BVH", "biceps 0.5"
    name = f"{rig().agonist.source_action.name}_biceps_0.5"
    written = folder / f"{bpy.path.clean_name(name)}.bvh"
    written.write_text("mine")
    bpy.context.preferences.view.filebrowser_display_type = "SCREEN"
    with bpy.context.temp_override(**where):
        bpy.ops.agonist.export_variants("INVOKE_DEFAULT")
    yield 1.0
    window = bpy.context.window_manager.windows[0]
    browser = next(one for one in window.screen.areas if one.type == "FILE_BROWSER")
    browser.spaces.active.params.directory = f"{folder}/".encode()
    yield 1.0
    with bpy.context.temp_override(window=window, area=browser, region=next(one for one in browser.regions if one.type == "WINDOW")):
        bpy.ops.file.execute("INVOKE_DEFAULT")
    yield 1.0
    shot("9_replace_many")
    check("variants that are there wait for a yes", written.read_text() == "mine")
    yield from press("RET")
    yield from until(lambda: written.read_text() != "mine")
    yield 1.0
    check("Enter replaces them", written.read_text().startswith("HIERARCHY"), written.read_text()[:40])


def documented() -> Iterator[float]:
    """Help's pages go to a browser, with their pictures."""
    opened: list[str] = []
    webbrowser.open = lambda uri: not opened.append(uri)
    with bpy.context.temp_override(window=view()[0]):
        bpy.ops.agonist.open_guide(guide="tour")
    yield 1.0
    page = Path(url2pathname(urlparse(opened[0]).path)) if opened else Path()
    check("the documentation opens in a browser", page.is_file() and (page.parent / "tour_3_slider.png").is_file(), opened)


def several() -> Iterator[float]:
    """Two motions dropped at once are two armatures more."""
    before = {thing.name for thing in bpy.data.objects if thing.type == "ARMATURE"}
    paths = [MOTION.with_name(f"{name}.bvh") for name in ("one", "two")]
    for path in paths:
        shutil.copy(MOTION, path)

    def more() -> set[str]:
        return {thing.name for thing in bpy.data.objects if thing.type == "ARMATURE"} - before

    yield from drop(*paths)
    yield from until(lambda: len(more()) == 2)
    check("each of two dropped motions is an armature", more() == {"one", "two"}, more())
    yield DRAWN_S
    shot("10_two_dropped")

    where = view_context()
    one, space = bpy.context.view_layer.objects.active, where["area"].spaces.active
    with bpy.context.temp_override(**where):
        bpy.ops.view3d.localview()
    yield DRAWN_S
    for built in ("built", "built again"):
        with bpy.context.temp_override(**where):
            bpy.ops.agonist.add_muscles()
        yield 2.0
        # Blender 4 shows whatever is new, and says of nothing that it is in a local view.
        seen = one.local_view_get(space)
        check(f"muscles {built} are in the local view", one.children and all(it.local_view_get(space) == seen for it in one.children), seen)
    shot("11_local_view")
    with bpy.context.temp_override(**where):
        bpy.ops.view3d.localview()
    yield DRAWN_S


def mechanical() -> Iterator[float]:
    """A rig that Blender has to evaluate, a part of it at a time, out of Pose Mode: mode, tool and file stay as they are."""
    where = view_context()
    armature = bpy.context.view_layer.objects.active
    with bpy.context.temp_override(**where):
        bpy.ops.object.mode_set(mode="EDIT")
        for k in range(30):
            bone = armature.data.edit_bones.new(f"face {k}")
            bone.head, bone.tail = (0, 0, 2), (0, 0.1, 2)
        bpy.ops.object.mode_set(mode="POSE")
        bpy.ops.wm.tool_set_by_id(name="builtin.rotate")
    bones = armature.pose.bones
    follows = bones["face 0"].constraints.new("COPY_ROTATION")
    follows.target, follows.subtarget = armature, "face 1"
    held = next(bone for bone in bones if bone.parent is not None and bone.name.lower().startswith(("head", "neck")))
    held.constraints.new("LIMIT_SCALE")
    yield 2 * DRAWN_S

    def state() -> tuple[object, ...]:
        tool = where["window"].workspace.tools.from_space_view3d_mode(armature.mode)
        return armature.mode, tool.idname, *(len(getattr(bpy.data, kind)) for kind in ("objects", "armatures", "scenes"))

    before = state()
    check("a rig in Pose Mode has its tool", before[:2] == ("POSE", "builtin.rotate"), before)
    with bpy.context.temp_override(**where):
        bpy.ops.agonist.predict("INVOKE_DEFAULT")
    yield from until(lambda: armature.agonist.source_action is not None)
    yield 1.0
    check("a rig that Blender evaluates is predicted", len(armature.agonist.sliders) > 0, armature.agonist.message)
    check("mode, tool and file are as before", state() == before, state())
    before_edit = pose_of(armature)
    armature.agonist.sliders["biceps_l"].scale = 1.6
    with bpy.context.temp_override(**where):
        bpy.ops.agonist.edit("INVOKE_DEFAULT")
    yield from until(lambda: armature.agonist.recommended_action is not None and "biceps" in armature.agonist.recommended_action.name)
    yield 2.0
    check("a recommended motion moves it", moved(pose_of(armature), before_edit) > 1e-3, f"{moved(pose_of(armature), before_edit):.4f} m")
    check("mode and tool are as before then too", state()[:2] == before[:2], state())
    # As what a timer begins, without a window of its own.
    done: list[bool] = []
    bpy.app.timers.register(lambda: done.append(bpy.ops.agonist.predict() == {"FINISHED"}))
    yield from until(lambda: done)
    check("a timer's prediction works", done == [True] and state()[:2] == before[:2], state())
    shot("12_pose_mode")


start(steps())
