"""The ghost lets the character shine through in every kind of view, and changes nothing that the character has.

What it plays: test_results.py.
"""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import verbs
from blender_addon.compat import assign_action, playing_action
from blender_addon.ghost import ghost_of, is_ghost, remove_ghost, show_ghost

pytestmark = pytest.mark.blender


def _body(character):
    return next(child for child in character.children if child.type == "MESH" and "agonist_muscle" not in child)


def _opaque(body):
    material = bpy.data.materials.new("Opaque")
    material.use_nodes = True
    body.data.materials.clear()
    body.data.materials.append(material)


@pytest.mark.parametrize("is_bare", [True, False])
def test_a_render_of_it_is_see_through_whatever_the_character_is_made_of(character, is_bare, tmp_path):
    body, scene = _body(character), bpy.context.scene
    body.data.materials.clear()
    if not is_bare:
        _opaque(body)
    ghost = _body(show_ghost(character))
    assert ghost.data == body.data and [one.material for one in ghost.material_slots] == [one.material for one in body.material_slots]
    for thing in scene.objects:
        thing.hide_render = thing != ghost
    points = np.array([ghost.matrix_world @ vertex.co for vertex in ghost.data.vertices])
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.type, camera.data.ortho_scale = "ORTHO", float(np.ptp(points, axis=0).max()) * 1.1
    camera.location, camera.rotation_euler = points.mean(axis=0) + np.array([0.0, -9.0, 0.0]), (np.pi / 2, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera, scene.render.engine, scene.cycles.samples, scene.render.film_transparent = camera, "CYCLES", 16, True
    scene.render.resolution_x = scene.render.resolution_y = 64
    scene.render.image_settings.color_mode, scene.render.filepath = "RGBA", str(tmp_path / "ghost.png")
    bpy.ops.render.render(write_still=True)
    alpha = np.array(bpy.data.images.load(scene.render.filepath).pixels)[3::4]
    inside = alpha[alpha > 0.2]
    # Light at the front of the body and again at its back, more where it turns away, and at limbs that lie before it.
    assert len(inside) > 50 and 0.3 < np.median(inside) < 0.75 and inside.max() < 0.97


def test_it_comes_and_goes_without_a_trace_but_its_material(character):
    body = _body(character)
    before = [modifier.name for modifier in body.modifiers], len(body.data.materials), len(bpy.data.meshes)
    for _ in range(3):
        show_ghost(character)
        assert ([modifier.name for modifier in body.modifiers], len(body.data.materials), len(bpy.data.meshes)) == before
        assert remove_ghost(character)
    assert sum(group.name.startswith("Agonist Ghost") for group in bpy.data.node_groups) == 1
    assert sum(material.name.startswith("Agonist Ghost") for material in bpy.data.materials) == 1


def _deleted(armature):
    for thing in bpy.context.view_layer.objects:
        thing.select_set(thing == armature)
    bpy.ops.object.delete()


@pytest.mark.parametrize("delete", [_deleted, lambda armature: bpy.data.objects.remove(armature)], ids=["delete", "remove"])
def test_it_goes_with_its_character_and_comes_back_with_it(character, delete):
    show_ghost(character)
    bpy.context.view_layer.update()
    others = {thing.name for thing in bpy.data.objects if not is_ghost(thing)} - {character.name}
    bpy.ops.ed.undo_push(message="ghost")
    delete(character)
    bpy.context.view_layer.update()
    assert {thing.name for thing in bpy.context.scene.objects} == others
    # Nothing is left to pose the muscles unseen either, and to make their buttons speak of collections.
    assert "rig" not in bpy.data.objects and all(thing.parent is None for thing in bpy.context.scene.objects)
    bpy.ops.ed.undo_push(message="delete")
    bpy.ops.ed.undo()
    bpy.context.view_layer.update()
    ghost = ghost_of(bpy.data.objects["rig"])
    assert ghost is not None and len([thing for thing in bpy.context.scene.objects if is_ghost(thing)]) == 2
    bpy.ops.ed.redo()
    bpy.context.view_layer.update()
    assert {thing.name for thing in bpy.context.scene.objects} == others


def test_one_that_a_file_holds_without_its_character_goes_when_it_is_opened(character, tmp_path, monkeypatch):
    show_ghost(character)
    monkeypatch.setattr("blender_addon.handlers.remove_left_ghosts", lambda: None)
    bpy.data.objects.remove(character)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "left.blend"))
    assert any(is_ghost(thing) for thing in bpy.data.objects)
    monkeypatch.undo()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "left.blend"))
    assert bpy.data.objects and not any(is_ghost(thing) for thing in bpy.data.objects)


def test_it_stays_while_its_character_is_in_a_collection_that_no_scene_shows(character):
    show_ghost(character)
    asset = bpy.data.collections.new("asset")
    for thing in list(bpy.context.scene.objects):
        asset.objects.link(thing)
        bpy.context.scene.collection.objects.unlink(thing)
    bpy.context.view_layer.update()
    assert len([thing for thing in asset.objects if is_ghost(thing)]) == 2


def test_it_plays_the_motion_that_was_predicted_last(character):
    other = playing_action(character).copy()
    former = show_ghost(character).name
    verbs.predict_armature(character)
    # The same motion again: the ghost need not be another.
    assert ghost_of(character).name == former
    assign_action(character, other)
    verbs.predict_armature(character)
    assert character.agonist.source_action == other and playing_action(ghost_of(character)) == other
    assert len([thing for thing in bpy.data.objects if is_ghost(thing)]) == 2
    remove_ghost(character)
    verbs.predict_armature(character)
    assert ghost_of(character) is None
