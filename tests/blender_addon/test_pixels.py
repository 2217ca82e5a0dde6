"""A rendered frame shows the colour that the activation says, read from its pixels."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.activation import Activation
from agonist.muscles import muscle_set
from blender_addon.muscles.attach import add_muscles, muscle_objects
from blender_addon.muscles.heatmap import FLEXED, RELAXED, key_activation
from blender_addon.rig.build import build_armature
from tests.clips import exercise

pytestmark = pytest.mark.blender


def _linear(srgb):
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _rendered(muscle, frames, folder):
    """{frame: mean linear colour (3,) of the pixels that the muscle covers}, by Render Animation from in front of its middle.

    The scene stays on a frame of its own meanwhile: what is rendered must not be what the viewport happens to show.
    """
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.render.film_transparent = "CYCLES", 16, True
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x = scene.render.resolution_y = 48
    scene.render.image_settings.color_mode = "RGBA"
    world = bpy.data.worlds.new("World")
    scene.world, world.use_nodes = world, True
    for thing in scene.objects:
        thing.hide_render = thing is not muscle
    evaluated = muscle.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.array([evaluated.matrix_world @ vertex.co for vertex in evaluated.data.vertices])
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.type, camera.data.ortho_scale = "ORTHO", float(np.ptp(points, axis=0).max())
    camera.location = points.mean(axis=0) + np.array([0.0, -3.0, 0.0])
    camera.rotation_euler = (np.pi / 2, 0, 0)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.filepath = str(folder / "frame_")
    scene.frame_start, scene.frame_end, scene.frame_step = frames[0], frames[-1], frames[1] - frames[0]
    bpy.ops.render.render(animation=True)
    colours = {}
    for frame in frames:
        image = bpy.data.images.load(str(folder / f"frame_{frame:04}.png"))
        pixels = np.array(image.pixels).reshape(-1, 4)
        covered = pixels[:, 3] > 0.99
        assert covered.sum() > 50
        colours[frame] = _linear(pixels[covered, :3]).mean(axis=0)
    return colours


def test_render_animation_shows_the_colour_that_the_activation_says(tmp_path):
    armature = build_armature(exercise("Idle", 0.5), "rig")
    add_muscles(armature)
    muscles = muscle_objects(armature)
    values = np.linspace(0, 1, 16)[:, None].repeat(8, axis=1)
    key_activation(muscles, Activation(values, muscle_set("mia8"), 30.0), 1, "ORIGINAL", "test", np.ones(8))
    # The other muscles say the opposite, so a colour taken from the wrong object would be seen.
    for name, thing in muscles.items():
        if name != "quadriceps_l":
            opposite = Activation(1 - values, muscle_set("mia8"), 30.0)
            key_activation({name: thing}, opposite, 1, "ORIGINAL", "test", np.ones(8))
    quadriceps = muscles["quadriceps_l"]
    # Tendons are white; the belly alone is measured.
    quadriceps.data.attributes["tendon"].data.foreach_set("value", np.zeros(len(quadriceps.data.vertices), dtype=np.float32))
    frames = (1, 4, 7, 10, 13, 16)
    rendered = _rendered(quadriceps, frames, tmp_path)
    light = rendered[1][0] / RELAXED[0]
    for frame in frames:
        share = (frame - 1) / 15
        says = np.array(RELAXED[:3]) + share * (np.array(FLEXED[:3]) - np.array(RELAXED[:3]))
        # Light and gloss are the same in every picture: the colour is what is left.
        np.testing.assert_allclose(rendered[frame] / light, says, atol=0.06, err_msg=f"activation {share:.2f}")


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
