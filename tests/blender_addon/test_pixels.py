"""A rendered frame shows the colour that the activation says, read from its pixels."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.activation import Activation
from agonist.muscles import muscle_set
from blender_addon.muscles.attach import add_muscles, muscle_objects
from blender_addon.muscles.heatmap import key_activation
from blender_addon.rig.build import build_armature
from tests.clips import exercise

pytestmark = pytest.mark.blender


def _render_of(muscle, frame, path):
    """Mean colour (sRGB 0..1) of the pixels that the muscle covers, seen from in front of its own middle."""
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.render.film_transparent = "CYCLES", 8, True
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x = scene.render.resolution_y = 48
    world = bpy.data.worlds.new("World")
    scene.world, world.use_nodes = world, True
    for thing in scene.objects:
        thing.hide_render = thing is not muscle
    scene.frame_set(frame)
    evaluated = muscle.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.array([evaluated.matrix_world @ vertex.co for vertex in evaluated.data.vertices])
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.type, camera.data.ortho_scale = "ORTHO", float(np.ptp(points, axis=0).max())
    camera.location = points.mean(axis=0) + np.array([0.0, -3.0, 0.0])
    camera.rotation_euler = (np.pi / 2, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.filepath = str(path)
    scene.render.image_settings.color_mode = "RGBA"
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    pixels = np.array(image.pixels).reshape(-1, 4)
    covered = pixels[:, 3] > 0.9
    assert covered.sum() > 50
    return pixels[covered, :3].mean(axis=0)


def test_relaxed_is_yellow_and_flexed_is_red(tmp_path):
    armature = build_armature(exercise("Idle", 0.5), "rig")
    add_muscles(armature)
    muscles = muscle_objects(armature)
    values = np.linspace(0, 1, 16)[:, None].repeat(8, axis=1)
    key_activation(muscles, Activation(values, muscle_set("mia8"), 30.0), 1, "ORIGINAL", "test", np.ones(8))
    quadriceps = muscles["quadriceps_l"]
    relaxed, middle, flexed = (_render_of(quadriceps, frame, tmp_path / f"{frame}.png") for frame in (1, 8, 16))
    # Yellow has as much green as red, red has none; in between lies in between.
    assert relaxed[1] > 0.8 * relaxed[0]
    assert flexed[1] < 0.25 * flexed[0]
    assert flexed[1] < middle[1] < relaxed[1]
    assert min(relaxed[0], flexed[0]) > 0.2


def test_solid_view_colours_say_the_same():
    armature = build_armature(exercise("Idle", 0.5), "rig")
    add_muscles(armature)
    muscles = muscle_objects(armature)
    values = np.zeros((16, 8))
    values[:, 2] = 1.0
    key_activation(muscles, Activation(values, muscle_set("mia8"), 30.0), 1, "ORIGINAL", "test", np.ones(8))
    bpy.context.scene.frame_set(5)
    assert muscles["latissimus_l"].color[1] == pytest.approx(0.0, abs=1e-6)
    assert muscles["biceps_l"].color[1] > 0.9
