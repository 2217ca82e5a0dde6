"""A rendered frame shows the colour that the activation says, read from its pixels."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.activation import Activation
from agonist.muscles import muscle_set
from blender_addon import verbs
from blender_addon.muscles.attach import add_muscles, muscle_objects
from blender_addon.muscles.colours import COLOUR_MAPS, colours_at
from blender_addon.muscles.heatmap import key_activation
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


@pytest.mark.parametrize("colour_map", COLOUR_MAPS)
def test_render_animation_shows_the_colour_that_the_activation_says(colour_map, tmp_path):
    armature = build_armature(exercise("Idle", 0.5), "rig")
    armature.agonist.colour_map = colour_map
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
    says = {frame: colours_at(colour_map, np.array((frame - 1) / 15)) for frame in frames}
    # Light and gloss are the same in every picture, a factor and a little white: the colour is what is left.
    first, last = np.array([rendered[frame] for frame in frames]), np.array([says[frame] for frame in frames])
    light, gloss = np.polyfit(last.ravel(), first.ravel(), 1)
    assert abs(gloss) < 0.06
    for frame in frames:
        np.testing.assert_allclose((rendered[frame] - gloss) / light, says[frame], atol=0.06, err_msg=f"frame {frame}")


def test_a_borrowed_value_is_hatched_and_an_unknown_muscle_is_grey():
    armature = build_armature(exercise("Idle", 0.5), "rig")
    add_muscles(armature, muscle_set("surface24"))
    muscles = muscle_objects(armature)
    values = np.ones((16, 8))
    key_activation(muscles, Activation(values, muscle_set("mia8"), 30.0), 1, "ORIGINAL", "test", np.ones(8))
    told = {name: (thing["estimated"], thing["unknown"]) for name, thing in muscles.items() if name.endswith("_l")}
    assert told["biceps_l"] == told["biceps_femoris_l"] == (0.0, 0.0)
    assert told["vastus_lateralis_l"] == told["rectus_femoris_l"] == (1.0, 0.0)
    assert told["soleus_l"] == told["gluteus_maximus_l"] == (0.0, 1.0)
    bpy.context.scene.frame_set(5)
    assert muscles["biceps_femoris_l"].color[0] == pytest.approx(1.0) and muscles["vastus_lateralis_l"].color[0] < 0.9
    assert np.ptp(muscles["soleus_l"].color[:3]) < 0.05
    armature.agonist.colour_map = "VIRIDIS"
    assert np.ptp(muscles["soleus_l"].color[:3]) < 0.05


def test_another_colour_map_recolours_both_motions_and_a_twin_keeps_its_own():
    armature = build_armature(exercise("Squat", 1.0, seed=4), "rig")
    bpy.context.view_layer.objects.active = armature
    verbs.build_muscles(armature, mannequin=False)
    verbs.predict_armature(armature)
    armature.agonist.sliders["quadriceps_l"].scale = 1.6
    for name in COLOUR_MAPS:
        armature.agonist.colour_map = name
        for which in ("ORIGINAL", "RECOMMENDED"):
            armature.agonist.show = which
            bpy.context.scene.frame_set(20)
            for thing in muscle_objects(armature).values():
                says = colours_at(name, np.array(thing["activation"]))
                np.testing.assert_allclose(thing.color[:3], says, atol=2e-3)
                assert thing.material_slots[0].material["agonist_colour_map"] == name
    assert len([one for one in bpy.data.materials if "agonist_colour_map" in one]) == len(COLOUR_MAPS)


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
