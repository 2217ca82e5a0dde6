"""What a mesh played of its own before it showed muscles plays again afterwards: on an object and on a mesh alike."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import verbs
from blender_addon.compat import assign_action, ensure_fcurve, playing_action
from blender_addon.curve_keys import write_keys
from blender_addon.muscles.skin import glowing_skins, remove_glow

pytestmark = pytest.mark.blender


@pytest.fixture
def rig(rig):
    verbs.build_muscles(rig)
    verbs.predict_armature(rig)
    return rig


def _ball(name="ball"):
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 1), (0.1, 0, 1), (0, 0.1, 1)], [], [(0, 1, 2)])
    ball = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(ball)
    return ball


def _bound(rig):
    """A mesh that will stand for a muscle; what its action plays on; how it comes to show colours, and how it ends."""
    ball = _ball()
    return ball, lambda: verbs.bind(rig, ball, "biceps_l"), lambda: verbs.bind(rig, _ball("next"), "biceps_l")


def _glowing(rig):
    skin = next(child for child in rig.children if "agonist_mannequin" in child)

    def end():
        for one in glowing_skins(rig):
            remove_glow(one)

    return skin.data, lambda: verbs.glow(rig, [skin]), end


@pytest.mark.parametrize("make", [_bound, _glowing])
def test_the_slot_that_played_plays_again(make, rig):
    """Of an action that has another slot with the mesh's own name, which Blender would rather take."""
    owner, begin, end = make(rig)
    action = bpy.data.actions.new("props")
    if not hasattr(action, "slots"):
        pytest.skip("this Blender has no slots")
    own, other = (action.slots.new(owner.id_type, name) for name in (owner.name, "another"))
    assign_action(owner, action)
    owner.animation_data.action_slot = other
    owner["wind"] = 0.0
    write_keys(ensure_fcurve(owner, action, '["wind"]'), np.array([1.0, 10.0]), np.array([2.0, 3.0]))
    begin()
    assert playing_action(owner) != action
    end()
    assert playing_action(owner) == action and owner.animation_data.action_slot == other != own


@pytest.mark.parametrize("make", [_bound, _glowing])
def test_an_action_that_was_assigned_meanwhile_stays(make, rig):
    owner, begin, end = make(rig)
    before, since = bpy.data.actions.new("before"), bpy.data.actions.new("since")
    assign_action(owner, before)
    begin()
    assign_action(owner, since)
    end()
    assert playing_action(owner) == since and not [key for key in owner.keys() if "own" in key and "agonist" in key]  # noqa: SIM118


@pytest.mark.parametrize("make", [_bound, _glowing])
def test_what_played_nothing_plays_nothing_again(make, rig):
    owner, begin, end = make(rig)
    begin()
    assert playing_action(owner) is not None
    end()
    assert playing_action(owner) is None


@pytest.mark.parametrize("make", [_bound, _glowing])
def test_colours_are_never_taken_for_an_action_of_its_own(make, rig):
    """Where they are put on a second time, without having been taken off."""
    owner, begin, end = make(rig)
    own = bpy.data.actions.new("own")
    assign_action(owner, own)
    begin()
    begin()
    end()
    assert playing_action(owner) == own
