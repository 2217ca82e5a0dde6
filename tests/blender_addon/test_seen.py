"""What is drawn is looked for once after an update, is never older than that, and does not outlive an undo step."""

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import seen, verbs
from blender_addon.ghost import ghost_of, remove_ghost, show_ghost
from blender_addon.muscles.heatmap import muscle_objects
from blender_addon.muscles.skin import glowing_skins, remove_glow
from blender_addon.seen import ghost_seen, muscles_seen, skins_seen
from blender_addon.ui.legend import legend_lines
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender


@pytest.fixture
def armature():
    made = rigs.quaternion(exercise("Squat", 1.0))
    verbs.build_muscles(made)
    verbs.predict_armature(made)
    bpy.context.view_layer.update()
    return made


def _is_as_it_is(armature):
    bpy.context.view_layer.update()
    assert muscles_seen(armature) == muscle_objects(armature)
    assert skins_seen(armature) == glowing_skins(armature) and ghost_seen(armature) == ghost_of(armature)


def test_every_change_is_seen_after_the_update(armature):
    (body,) = [child for child in armature.children if child.type == "MESH" and child not in muscle_objects(armature).values()]
    _is_as_it_is(armature)
    assert len(muscles_seen(armature)) == 8 and not skins_seen(armature) and ghost_seen(armature) is None
    verbs.glow(armature, [body])
    _is_as_it_is(armature)
    assert skins_seen(armature) == [body]
    show_ghost(armature)
    _is_as_it_is(armature)
    assert ghost_seen(armature) is not None
    bpy.data.objects.remove(muscles_seen(armature)["biceps_l"])
    _is_as_it_is(armature)
    assert len(muscles_seen(armature)) == 7
    remove_ghost(armature)
    remove_glow(body)
    _is_as_it_is(armature)
    assert not skins_seen(armature) and ghost_seen(armature) is None


def test_drawing_again_and_again_looks_once(armature, monkeypatch):
    looks = []

    def counted(one):
        looks.append(one)
        return muscle_objects(one)

    monkeypatch.setattr(seen, "muscle_objects", counted)
    for frame in (2, 3, 4):
        bpy.context.scene.frame_set(frame)
        for _ in range(3):
            legend_lines(armature)
    assert looks == [armature]
    armature.location.x += 1.0
    bpy.context.view_layer.update()
    legend_lines(armature)
    assert looks == [armature] * 2


def test_nothing_outlives_an_undo_step(armature):
    bpy.ops.ed.undo_push(message="before")
    rig, name = armature.name, muscles_seen(armature)["biceps_l"].name
    bpy.data.objects.remove(bpy.data.objects[name])
    bpy.ops.ed.undo_push(message="without")
    bpy.ops.ed.undo()
    armature = bpy.data.objects[rig]
    assert muscles_seen(armature)["biceps_l"].name == name
    _is_as_it_is(armature)
