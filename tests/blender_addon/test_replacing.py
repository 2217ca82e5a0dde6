"""Files that are there already: in a window they are named before they are replaced, but for those that Agonist wrote itself."""

from pathlib import Path
from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")

from agonist.io import bvh
from blender_addon import verbs
from blender_addon.ops import render
from blender_addon.ops.base import AnimatedArmatureOperator, PredictedOperator
from blender_addon.ops.export import AGONIST_OT_export, AGONIST_OT_export_variants
from blender_addon.ops.render import AGONIST_OT_render
from tests.blender_addon.pressed import Pressed, pressed_like
from tests.blender_addon.test_renders import _Window

pytestmark = pytest.mark.blender


class _Context(_Window):
    """A window whose dialogues are written down."""

    def invoke_props_dialog(self, operator, **told):
        self.calls.append(("dialog", told["title"], told["confirm_text"]))
        return {"RUNNING_MODAL"}


_Export = pressed_like(AGONIST_OT_export, AnimatedArmatureOperator)
_Variants = pressed_like(AGONIST_OT_export_variants, PredictedOperator)
_Render = pressed_like(AGONIST_OT_render, PredictedOperator)


@pytest.fixture
def rig(rig):
    verbs.build_muscles(rig)
    verbs.predict_armature(rig)
    settings = bpy.context.scene.agonist_export
    settings.preset, settings.variants, settings.csv = "BVH", "biceps 0.5, 2", True
    return rig


@pytest.fixture
def context(rig, monkeypatch):
    for module in ("modal", "replace"):
        monkeypatch.setattr(f"blender_addon.ops.{module}.bpy", SimpleNamespace(app=SimpleNamespace(background=False)))
    found = _Context(bpy.context.scene)
    found.active_object = rig
    return found


def _done(operator, context):
    """Carry on to the end after a yes, or where nobody was asked."""
    result, event = operator.execute(context), SimpleNamespace(type="TIMER")
    while result == {"RUNNING_MODAL"}:
        result = operator.modal(context, event)
    return result


def _is_asked(operator, context):
    """Press the button's last confirmation; whether a dialogue is open now."""
    before = len([call for call in context.calls if call[0] == "dialog"])
    operator.execute(context)
    is_open = len([call for call in context.calls if call[0] == "dialog"]) > before
    if not is_open and operator._timer is not None:
        operator.cancel(context)
    return is_open


def _drawn(operator, context):
    lines = []

    class Layout:
        def column(self, align):
            return self

        def label(self, *, text, icon, translate):
            lines.append(text)

    operator.layout = Layout()
    operator.draw(context)
    return lines


def _variants(folder):
    pressed = _Variants()
    pressed.invoke(_Context(bpy.context.scene), None)
    pressed.directory = str(folder)
    return pressed


def test_variants_name_the_files_that_they_would_replace(rig, context, tmp_path):
    mine = tmp_path / "rig_biceps_2.csv"
    mine.write_text("mine")
    pressed = _variants(tmp_path)
    assert pressed.execute(context) == {"RUNNING_MODAL"} and context.calls[-1] == ("dialog", "Replace What Is There?", "Replace")
    assert _drawn(pressed, context) == [mine.name, f"in {tmp_path}"]
    assert mine.read_text() == "mine" and list(tmp_path.iterdir()) == [mine]
    # No is a dialogue that is closed.
    pressed.cancel(context)
    assert mine.read_text() == "mine"
    assert _done(pressed, context) == {"FINISHED"}
    assert mine.read_text() != "mine" and len(list(tmp_path.iterdir())) == 4
    assert pressed.said == [({"INFO"}, f"Exported 4 files to {tmp_path}")]


def test_what_was_written_a_moment_ago_is_replaced_without_a_question(rig, context, tmp_path):
    assert _done(_variants(tmp_path), context) == {"FINISHED"}
    assert not _is_asked(_variants(tmp_path), context)
    # Somebody has changed one since.
    changed = tmp_path / "rig_biceps_0_5.bvh"
    changed.write_text(changed.read_text() + "\n")
    pressed = _variants(tmp_path)
    assert _is_asked(pressed, context) and _drawn(pressed, context)[0] == changed.name
    # And another .blend may have files of the same names.
    changed.unlink()
    assert not _is_asked(_variants(tmp_path), context)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    context.active_object, context.scene = bpy.context.scene.objects["rig"], bpy.context.scene
    assert _is_asked(_variants(tmp_path), context)


def test_variants_that_cannot_be_are_said_before_anything_is_asked(rig, context, tmp_path):
    bpy.context.scene.agonist_export.variants = "tail 2"
    pressed = _variants(tmp_path)
    assert pressed.execute(context) == {"CANCELLED"} and "tail" in pressed.said[0][1]


@pytest.mark.parametrize("job", ["SHEET", "SIDES", "TURN"])
def test_a_picture_is_not_replaced_before_a_yes(rig, context, job, tmp_path, monkeypatch):
    def rendered(armature, path, options):
        yield 0.5
        path.write_text("rendered")

    name = render.JOBS[job][1]
    monkeypatch.setattr(render, "JOBS", {job: (rendered, name)})
    context.scene.agonist_render.folder, path = str(tmp_path), tmp_path / f"rig {name}"
    path.write_text("mine")

    def pressed():
        one = _Render()
        one.job, one.directory = job, ""
        return one

    first = pressed()
    assert first.invoke(context, None) == {"RUNNING_MODAL"} and context.calls[-1][0] == "dialog"
    assert _drawn(first, context)[0] == path.name and path.read_text() == "mine" and context.scene.agonist_render.last == ""
    assert _done(first, context) == {"FINISHED"} and path.read_text() == "rendered"
    # The same picture again, after another edit.
    asked = len([call for call in context.calls if call[0] == "dialog"])
    again = pressed()
    assert again.invoke(context, None) == {"RUNNING_MODAL"} and again._timer is not None
    again.cancel(context)
    assert len([call for call in context.calls if call[0] == "dialog"]) == asked


def test_many_files_are_counted(context, tmp_path):
    pressed = Pressed()
    paths = [tmp_path / f"{number}.bvh" for number in range(11)]
    for path in paths:
        path.touch()
    pressed.asks = True
    assert pressed.ask_first(context, paths) == {"RUNNING_MODAL"}
    lines = _drawn(pressed, context)
    assert lines[:8] == [path.name for path in paths[:8]] and lines[8:] == ["and 3 more", f"in {tmp_path}"]


def test_a_file_browser_shows_the_name_that_the_file_will_have(rig, context, tmp_path):
    """So that Blender itself marks the name of a file that is there."""
    pressed = _Export()
    pressed.preset, pressed.filepath = "SCENE", str(tmp_path / "walk")
    assert pressed.check(context) and pressed.filepath == str(tmp_path / "walk.bvh")
    assert not pressed.check(context)
    # Another preset's suffix takes the place of the one before; what looks like a suffix and is none of ours stays.
    for preset, name, expected in (("UNREAL", "walk.bvh", "walk.fbx"), ("GLB", "walk.fbx", "walk.glb"), ("GLB", "walk.v2", "walk.v2.glb")):
        pressed.preset, pressed.filepath = preset, str(tmp_path / name)
        assert pressed.check(context) and pressed.filepath == str(tmp_path / expected)
    pressed.preset = "SCENE"
    pressed.filepath = f"{tmp_path}/"
    assert not pressed.check(context) and pressed.filepath == f"{tmp_path}/"


def test_an_export_asks_about_the_table_beside_the_file(rig, context, tmp_path):
    table, path = tmp_path / "out.csv", tmp_path / "out.bvh"
    table.write_text("mine")
    path.write_text("mine")
    pressed = _Export()
    pressed.preset, pressed.filepath, pressed.asks = "SCENE", str(path), True
    assert pressed.execute(context) == {"RUNNING_MODAL"} and _drawn(pressed, context)[0] == table.name
    assert table.read_text() == "mine" and path.read_text() == "mine"
    assert _done(pressed, context) == {"FINISHED"} and len(bvh.read(path).motion) == 31 and table.read_text() != "mine"


def test_a_script_replaces(rig, tmp_path):
    path = tmp_path / "rig_biceps_2.bvh"
    path.write_text("mine")
    assert bpy.ops.agonist.export_variants(directory=str(tmp_path)) == {"FINISHED"} and path.read_text() != "mine"
    path.write_text("mine")
    assert bpy.ops.agonist.export(filepath=str(path)) == {"FINISHED"} and path.read_text() != "mine"
    assert {Path(one.name).suffix for one in tmp_path.iterdir()} == {".bvh", ".csv"}


def test_variants_below_a_quarter_are_said_to_be_a_quarter(rig, context, tmp_path):
    bpy.context.scene.agonist_export.variants = "biceps 0, 0.25"
    pressed = _variants(tmp_path)
    assert _done(pressed, context) == {"FINISHED"} and pressed.said[0][1].endswith("for factors below 0.25 the model was asked for 0.25")
    assert (tmp_path / "rig_biceps_0.bvh").read_text() == (tmp_path / "rig_biceps_0_25.bvh").read_text()
