"""Actions, slots and F-curves in whatever Blender runs the tests."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon.compat import assign_action, ensure_fcurve, fcurves_of
from blender_addon.curve_keys import write_keys

pytestmark = pytest.mark.blender


def _thing(name):
    thing = bpy.data.objects.new(name, None)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def test_reading_curves_assigns_and_makes_nothing():
    thing, action = _thing("a"), bpy.data.actions.new("act")
    assert fcurves_of(thing, action) == []
    assert thing.animation_data is None and not len(getattr(action, "slots", []))


def test_curves_are_found_again_and_grouped():
    thing, action = _thing("a"), bpy.data.actions.new("act")
    curve = ensure_fcurve(thing, action, "location", 2, "Place")
    assert ensure_fcurve(thing, action, "location", 2, "Place") == curve and curve.group.name == "Place"
    write_keys(curve, np.arange(1, 4), np.array([0.0, 1.0, 4.0]))
    assign_action(thing, action)
    bpy.context.scene.frame_set(3)
    assert thing.location.z == pytest.approx(4.0)


@pytest.mark.skipif(bpy.app.version < (4, 4, 0), reason="slots came with 4.4")
def test_each_of_two_objects_in_one_action_has_its_own_curves():
    first, second, action = _thing("a"), _thing("b"), bpy.data.actions.new("act")
    for thing in (first, second):
        thing.animation_data_create().action = action
        thing.animation_data.action_slot = action.slots.new("OBJECT", thing.name)
    write_keys(ensure_fcurve(first, action, "location", 0), np.array([1.0]), np.array([5.0]))
    write_keys(ensure_fcurve(second, action, "location", 0), np.array([1.0]), np.array([7.0]))
    bpy.context.scene.frame_set(1)
    assert (first.location.x, second.location.x) == (5.0, 7.0)
    again = action.copy()
    assign_action(second, again)
    bpy.context.scene.frame_set(2)
    assert second.location.x == 7.0


def test_written_keys_are_what_plays_whatever_modified_the_curve_before():
    thing, action = _thing("a"), bpy.data.actions.new("act")
    assign_action(thing, action)
    curve = ensure_fcurve(thing, action, "location", 0)
    write_keys(curve, np.array([1.0, 9.0]), np.array([0.0, 8.0]))
    curve.modifiers.new("NOISE").strength = 5.0
    curve.mute = True
    write_keys(curve, np.arange(1.0, 10.0), np.arange(9.0))
    bpy.context.scene.frame_set(5)
    assert thing.location.x == pytest.approx(4.0)
