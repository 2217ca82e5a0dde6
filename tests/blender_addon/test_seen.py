"""What is drawn is looked for once after an update, is never older than that, and does not outlive an undo step."""

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import seen, verbs
from blender_addon.ghost import ghost_of, remove_ghost, show_ghost
from blender_addon.muscles.heatmap import muscle_objects
from blender_addon.muscles.skin import glowing_skins, remove_glow
from blender_addon.seen import ghost_seen, muscles_seen, skins_seen
from blender_addon.ui.legend import legend_lines

pytestmark = pytest.mark.blender


def _is_as_it_is(character):
    bpy.context.view_layer.update()
    assert muscles_seen(character) == muscle_objects(character)
    assert skins_seen(character) == glowing_skins(character) and ghost_seen(character) == ghost_of(character)


def test_every_change_is_seen_after_the_update(character):
    (body,) = [child for child in character.children if child.type == "MESH" and child not in muscle_objects(character).values()]
    _is_as_it_is(character)
    assert len(muscles_seen(character)) == 8 and not skins_seen(character) and ghost_seen(character) is None
    verbs.glow(character, [body])
    _is_as_it_is(character)
    assert skins_seen(character) == [body]
    show_ghost(character)
    _is_as_it_is(character)
    assert ghost_seen(character) is not None
    bpy.data.objects.remove(muscles_seen(character)["biceps_l"])
    _is_as_it_is(character)
    assert len(muscles_seen(character)) == 7
    remove_ghost(character)
    remove_glow(body)
    _is_as_it_is(character)
    assert not skins_seen(character) and ghost_seen(character) is None


def test_drawing_again_and_again_looks_once(character, monkeypatch):
    looks = []

    def counted(one):
        looks.append(one)
        return muscle_objects(one)

    monkeypatch.setattr(seen, "muscle_objects", counted)
    for frame in (2, 3, 4):
        bpy.context.scene.frame_set(frame)
        for _ in range(3):
            legend_lines(character)
    assert looks == [character]
    character.location.x += 1.0
    bpy.context.view_layer.update()
    legend_lines(character)
    assert looks == [character] * 2


def test_nothing_outlives_an_undo_step(character):
    bpy.ops.ed.undo_push(message="before")
    rig, name = character.name, muscles_seen(character)["biceps_l"].name
    bpy.data.objects.remove(bpy.data.objects[name])
    bpy.ops.ed.undo_push(message="without")
    bpy.ops.ed.undo()
    character = bpy.data.objects[rig]
    assert muscles_seen(character)["biceps_l"].name == name
    _is_as_it_is(character)
