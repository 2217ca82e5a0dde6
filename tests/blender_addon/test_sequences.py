"""Whatever is pressed, undone and redone in whatever order: no exception, and the source action stays as it was."""

import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

bpy = pytest.importorskip("bpy")

from agonist.io import bvh
from blender_addon import curves, preview, redraw, renders
from blender_addon.compat import fcurves_of
from tests.blender_addon import rigs
from tests.clips import exercise
from tests.search import examples

pytestmark = pytest.mark.blender

MUSCLES = ("quadriceps_l", "hamstrings_r", "biceps_l")


def _rig():
    return bpy.data.objects["rig"]


def _slide(muscle, scale):
    armature = _rig()
    if muscle in armature.agonist.sliders:
        armature.agonist.sliders[muscle].scale = scale
        bpy.ops.ed.undo_push(message="Scale")


def _drag(muscle, scale, rests):
    """As a hand does: Blender makes the undo step when the mouse is let go, whether it has rested before or not."""
    with mock.patch.object(preview, "is_by_hand", lambda *modules: True):
        for part in (0.5, 1.0):
            if muscle in _rig().agonist.sliders:
                _rig().agonist.sliders[muscle].scale = part * scale
    if rests:
        _rest()
    bpy.ops.ed.undo_push(message="Scale")


def _rest():
    preview.finish_all()
    assert not _rig().agonist.is_preview


def _set(name, value):
    setattr(_rig().agonist, name, value)
    bpy.ops.ed.undo_push(message=name)


def _press(name, **arguments):
    """Returns whether it was done."""
    operator = getattr(bpy.ops.agonist, name)
    if not operator.poll():
        return False
    result = operator("EXEC_DEFAULT", **arguments)
    assert result <= {"FINISHED", "CANCELLED"}
    bpy.ops.ed.undo_push(message=name)
    return result == {"FINISHED"}


def _group(name, scale):
    if name in _rig().agonist.groups:
        _rig().agonist.groups[name].scale = scale
        bpy.ops.ed.undo_push(message="Scale")


def _frames(first, last, on):
    props = _rig().agonist
    props.frame_first, props.frame_last, props.use_frame_range = first, last, on
    bpy.ops.ed.undo_push(message="Frame Range")


def _draw(factor):
    """As in the Graph Editor: the keys of every drawn curve times a factor."""
    helper, drawn = curves.curves_object(_rig()), curves.drawn_muscles(_rig())
    for muscle in drawn:
        path = f'["{_rig().agonist.sliders[muscle].label}"]'
        for curve in fcurves_of(helper, helper.animation_data.action):
            if curve.data_path == path:
                for point in curve.keyframe_points:
                    point.co.y = min(1.0, point.co.y * factor)
                curve.update()
    if drawn:
        bpy.ops.ed.undo_push(message="Transform")


def _redrawn():
    """The hand rests after it has drawn."""
    bpy.context.view_layer.update()
    redraw.make_due()


def _bind(muscle):
    """A mesh of the user's own, selected with the armature."""
    for thing in bpy.context.selected_objects:
        thing.select_set(False)
    for name in ("ball", "rig"):
        bpy.data.objects[name].select_set(True)
    bpy.context.view_layer.objects.active = _rig()
    _press("bind_mesh", muscle=muscle)


def _export(preset):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out"
        _press("export", preset=preset, filepath=str(path))


def _export_variants():
    bpy.context.scene.agonist_export.preset, bpy.context.scene.agonist_export.variants = "BVH", "hamstrings_l 0.5, 1.5"
    with tempfile.TemporaryDirectory() as folder:
        is_done = _press("export_variants", directory=folder)
        assert len(list(Path(folder).glob("*_hamstrings_l_*.bvh"))) == 2 * is_done
    # None of their actions stays; no other step asks for this muscle.
    assert not [action.name for action in bpy.data.actions if "hamstrings_l x" in action.name]


def _render():
    settings = bpy.context.scene.agonist_render
    settings.engine, settings.height, settings.count = "CYCLES", 64, 1
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(renders, "_SAMPLES", 1):
        is_done = _press("render", job="SHEET", directory=folder)
        assert len(list(Path(folder).glob("*.png"))) == is_done
    assert len(bpy.data.scenes) == 1 and not bpy.data.cameras


def _import():
    """Another armature, which is active then."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kick.bvh"
        bvh.write(path, exercise("HighKick", 0.3, seed=1))
        _press("import_motion", filepath=str(path))


def _activate():
    bpy.context.view_layer.objects.active = _rig()
    bpy.ops.ed.undo_push(message="Select")


def _step(kind):
    operator = getattr(bpy.ops.ed, kind)
    if operator.poll():
        operator()


STEPS = st.one_of(
    st.builds(lambda muscle, scale: (_slide, (muscle, scale), {}), st.sampled_from(MUSCLES), st.sampled_from([0.4, 1.0, 1.7])),
    st.builds(
        lambda muscle, scale, rests: (_drag, (muscle, scale, rests), {}),
        st.sampled_from(MUSCLES), st.sampled_from([0.4, 1.0, 1.7]), st.booleans(),
    ),
    st.sampled_from([
        (_press, ("predict",), {}), (_press, ("reset",), {}), (_press, ("compare",), {}), (_press, ("ghost",), {}),
        (_press, ("keep_result",), {"track": True}), (_press, ("keep_result",), {}), (_press, ("glow_skin",), {}),
        (_press, ("add_muscles",), {"mannequin": False}), (_set, ("colour_map", "VIRIDIS"), {}), (_set, ("colour_range", "ABSOLUTE"), {}),
        (_set, ("show", "ORIGINAL"), {}), (_set, ("live", False), {}), (_step, ("undo",), {}), (_step, ("undo",), {}),
        (_step, ("redo",), {}), (_rest, (), {}), (_press, ("edit",), {}), (_press, ("edit_curves",), {"muscle": "quadriceps"}),
        (_press, ("edit_curves",), {}), (_press, ("clear_curves",), {}), (_press, ("clear_curves",), {"muscle": "quadriceps_l"}),
        (_press, ("only_parts",), {"parts": "ARMS"}), (_press, ("only_parts",), {"parts": "ALL"}),
        (_press, ("reset_slider",), {"slider": "quadriceps_l"}), (_press, ("reset_slider",), {"slider": "biceps"}),
        (_press, ("detect_bones",), {}), (_export, ("BVH",), {}), (_bind, ("quadriceps_l",), {}), (_group, ("quadriceps", 1.5), {}),
        (_group, ("biceps", 0.5), {}), (_frames, (3, 11, True), {}), (_frames, (1, 16, False), {}), (_draw, (1.5,), {}),
        (_draw, (0.6,), {}), (_redrawn, (), {}), (_redrawn, (), {}), (lambda: bpy.context.scene.frame_set(9), (), {}),
    ]),
    st.sampled_from([(_import, (), {}), (_activate, (), {}), (_export_variants, (), {}), (_render, (), {})]),
)  # fmt: skip


def _keys(action):
    curves = fcurves_of(_rig(), action)
    return {(curve.data_path, curve.array_index): np.array([point.co[:] for point in curve.keyframe_points]) for curve in curves}


@given(sequence=st.lists(STEPS, min_size=3, max_size=8))
@settings(max_examples=examples(85))
def test_any_order_of_buttons_undo_and_redo_leaves_the_source_as_it_was(sequence):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    armature = rigs.quaternion(exercise("Squat", 0.5, seed=4))
    bpy.context.view_layer.objects.active = armature
    skin = bpy.data.objects.new("skin", bpy.data.meshes.new("skin"))
    skin.data.from_pydata([(0, 0, 0.6), (0.1, 0, 0.6), (0, 0.1, 0.6)], [], [(0, 1, 2)])
    bpy.context.scene.collection.objects.link(skin)
    skin.modifiers.new("Armature", "ARMATURE").object = armature
    bpy.ops.mesh.primitive_uv_sphere_add(location=(0.1, 0.0, 0.6), radius=0.04, segments=6, ring_count=4)
    bpy.context.active_object.name = "ball"
    bpy.context.view_layer.objects.active = armature
    name = armature.animation_data.action.name
    before = _keys(armature.animation_data.action)
    bpy.ops.agonist.predict()
    bpy.ops.ed.undo_push(message="predict")
    for work, arguments, named in sequence:
        work(*arguments, **named)
        assert "rig" in bpy.data.objects
        after = _keys(bpy.data.actions[name])
        assert after.keys() == before.keys()
        for key, values in before.items():
            np.testing.assert_array_equal(after[key], values)
        armature = _rig()
        assert armature.animation_data.action is not None
        assert armature.agonist.source_action is None or armature.agonist.source_action.name == name
