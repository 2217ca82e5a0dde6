"""Whatever an animator clicks of a character, the panel is about its armature."""

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import verbs
from blender_addon.ops.base import active_armature

pytestmark = pytest.mark.blender


def _mesh(name, parent=None, deformed_by=None):
    thing = bpy.data.objects.new(name, bpy.data.meshes.new(name))
    bpy.context.scene.collection.objects.link(thing)
    thing.parent = parent
    if deformed_by is not None:
        thing.modifiers.new("Armature", "ARMATURE").object = deformed_by
    return thing


def _seen(thing):
    bpy.context.view_layer.objects.active = thing
    return active_armature(bpy.context)


def test_a_skin_that_hangs_on_nothing_or_on_an_empty(rig):
    root = bpy.data.objects.new("root", None)
    bpy.context.scene.collection.objects.link(root)
    rig.parent = root
    assert _seen(_mesh("body", deformed_by=rig)) == rig and _seen(_mesh("shirt", root, rig)) == rig
    assert bpy.ops.agonist.predict() == {"FINISHED"} and rig.agonist.sliders


def test_a_prop_in_the_hand_and_what_hangs_on_it(rig):
    prop = _mesh("sword", rig)
    prop.parent_type, prop.parent_bone = "BONE", "wrist_l"
    assert _seen(prop) == _seen(_mesh("gem", prop)) == rig


def test_a_rider_is_not_the_horse(rig):
    horse = bpy.data.objects.new("horse", bpy.data.armatures.new("horse"))
    bpy.context.scene.collection.objects.link(horse)
    rig.parent = horse
    assert _seen(_mesh("rider", horse, rig)) == rig and _seen(horse) == horse


def test_a_muscle_a_modifier_without_an_armature_and_a_thing_of_its_own(rig):
    verbs.build_muscles(rig)
    assert _seen(next(child for child in rig.children if "agonist_muscle" in child)) == rig
    cube = _mesh("cube")
    cube.modifiers.new("Armature", "ARMATURE")
    assert _seen(cube) is None and _seen(None) is None
