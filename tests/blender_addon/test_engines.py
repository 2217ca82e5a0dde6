"""The heatmap is the same in every engine, in solid view, and from another file.

Material preview draws the muscles' material with EEVEE: what EEVEE renders here is what it shows. Solid view is drawn by Workbench.
Rendering with either takes a graphics library; where there is none, these tests are skipped.
"""

import subprocess
import sys

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.errors import MotionError
from agonist.muscles import muscle_set
from blender_addon import renders, verbs
from blender_addon.images import read_image
from blender_addon.muscles.skin import skin_shares
from blender_addon.renders import RenderOptions, render_contact_sheet
from tests.blender_addon.test_skin import _character

pytestmark = pytest.mark.blender

_RENDERED = """
import os, sys
import bpy
scene = bpy.context.scene
scene.render.engine = "BLENDER_WORKBENCH"
scene.render.resolution_x = scene.render.resolution_y = 8
scene.render.filepath = sys.argv[1]
bpy.ops.render.render(write_still=True)
os._exit(0)
"""


@pytest.fixture(scope="module")
def graphics(tmp_path_factory):
    """A graphics library that Blender can render with; it is tried elsewhere, as Blender ends where there is none."""
    path = tmp_path_factory.mktemp("graphics") / "still.png"
    done = subprocess.run([sys.executable, "-c", _RENDERED, str(path)], capture_output=True, text=True, timeout=120, check=False)
    if not path.is_file():
        said = (done.stderr or done.stdout).strip().splitlines()
        pytest.skip(f"no graphics library that Blender could render with (libegl1, libgl1-mesa-dri): {said[-1] if said else 'it ended'}")


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    monkeypatch.setattr(renders, "_SAMPLES", 1)


def _warmth(armature, engine, path):
    """(2, 2) how red the muscles of the upper body and of the thighs are in each still of a contact sheet: 0 at rest, 1 in full colour."""
    list(render_contact_sheet(armature, path, RenderOptions(engine, height=96, count=2)))
    picture = read_image(path)[..., :3]
    found = []
    for cell in (picture[40:136, 4 + c * 76 : 76 + c * 76] for c in range(2)):
        coloured = cell[..., 0] > cell[..., 2] + 0.25
        rows = np.flatnonzero(coloured.any(axis=1))
        # The trunk and arms above, the thighs below the middle of all that is coloured.
        parts = np.array_split(rows, 2)
        warm = [[1 - cell[row, coloured[row], 1] / cell[row, coloured[row], 0] for row in part] for part in parts]
        found.append([float(np.median(np.concatenate(part))) for part in warm])
    return np.array(found)


@pytest.mark.parametrize("engine", ["EEVEE", "WORKBENCH"])
def test_every_engine_shows_the_same_muscles_warm(engine, rig, graphics, tmp_path):
    """Down in a squat: the thighs are red and the arms are not, as warm as Cycles says."""
    verbs.build_muscles(rig)
    verbs.predict_armature(rig)
    shown, cycles = _warmth(rig, engine, tmp_path / "a.png"), _warmth(rig, "CYCLES", tmp_path / "b.png")
    assert shown[1, 1] > shown[1, 0] + 0.15 and shown[1, 1] > shown[0, 1] + 0.05
    np.testing.assert_allclose(shown, cycles, atol=0.12)


def test_eevee_shows_every_muscle_of_a_glowing_skin(graphics, tmp_path):
    """It reads eight properties of an object at most; a skin of surface24 has more muscles than that."""
    armature, skin = _character()
    verbs.predict_armature(armature)
    verbs.glow(armature, [skin], muscles="surface24")
    names = list(skin_shares(skin))
    assert len(names) > 8
    # Every second muscle in full colour, the others at rest, and no keys that say otherwise.
    skin.data.animation_data.action = None
    for place in range(1, (len(names) + 3) // 4 + 1):
        skin.data[f"activation_{place}"] = [1.0, 0.0, 1.0, 0.0] if place % 2 else [0.0, 1.0, 0.0, 1.0]
    skin.data.update_tag()
    red = {}
    for engine in ("EEVEE", "CYCLES"):
        picture = _still(skin, engine, tmp_path / f"{engine}.png")
        coloured = (picture[..., 3] > 0.99) & (picture[..., 0] > picture[..., 2] + 0.25)
        red[engine] = np.where(coloured, 1 - picture[..., 1] / np.maximum(picture[..., 0], 1e-3), np.nan)
    both = ~np.isnan(red["EEVEE"]) & ~np.isnan(red["CYCLES"])
    assert both.sum() > 100
    for low, high in ((0.0, 0.3), (0.7, 1.0)):
        assert ((red["CYCLES"][both] >= low) & (red["CYCLES"][both] <= high)).sum() > 20
    assert np.mean(np.abs(red["EEVEE"] - red["CYCLES"])[both] < 0.2) > 0.9


def _still(skin, engine, path):
    """(128, 128, 4) a mesh from in front, in an engine."""
    scene = bpy.context.scene
    renders._choose(scene, engine)
    scene.render.film_transparent, scene.view_settings.view_transform = True, "Standard"
    scene.render.resolution_x = scene.render.resolution_y = 128
    scene.render.image_settings.color_mode = "RGBA"
    if scene.camera is None:
        camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
        places = np.array([skin.matrix_world @ vertex.co for vertex in skin.data.vertices])
        camera.data.type, camera.data.ortho_scale = "ORTHO", float(np.ptp(places, axis=0).max())
        camera.location, camera.rotation_euler = places.mean(axis=0) + np.array([0.0, -3.0, 0.0]), (np.pi / 2, 0, 0)
        sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
        sun.rotation_euler = (np.pi / 2, 0, 0)
        for thing in (camera, sun):
            scene.collection.objects.link(thing)
        scene.camera = camera
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    return read_image(path)


def test_workbench_refuses_a_skin_that_it_cannot_show(tmp_path):
    armature, skin = _character()
    verbs.predict_armature(armature)
    verbs.glow(armature, [skin])
    with pytest.raises(MotionError, match="EEVEE or Cycles"):
        next(render_contact_sheet(armature, tmp_path / "sheet.png", RenderOptions("WORKBENCH", height=64, count=1)))


@pytest.mark.parametrize("is_instance", [True, False])
def test_a_linked_character_shows_the_same_activation_at_every_frame(is_instance, rig, tmp_path):
    """A collection of another file: nothing of it is ours to write, and its colours play all the same.

    Blender itself gives all of an instance the colour of the empty that makes it in solid view, so there the shares alone are compared:
    what materials read.
    """
    verbs.build_muscles(rig)
    verbs.predict_armature(rig)
    rig.agonist.sliders["quadriceps_l"].scale = 1.6
    skin = next(child for child in rig.children if "agonist_mannequin" in child)
    verbs.glow(rig, [skin])
    scene, frames = bpy.context.scene, (1, 9, 17, 31)
    collection = bpy.data.collections.new("character")
    for thing in (rig, *rig.children):
        collection.objects.link(thing)
        scene.collection.objects.unlink(thing)
    scene.collection.children.link(collection)
    before = {frame: _shown(frame, not is_instance) for frame in frames}
    assert len({tuple(one["quadriceps_l"]) for one in before.values()}) == len(frames)
    path = str(tmp_path / "character.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.collections = ["character"]
    linked = bpy.data.collections["character"]
    if is_instance:
        instance = bpy.data.objects.new("instance", None)
        instance.instance_type, instance.instance_collection = "COLLECTION", linked
        bpy.context.scene.collection.objects.link(instance)
    else:
        bpy.context.scene.collection.children.link(linked)
    assert all(thing.library is not None for thing in linked.objects)
    for frame in frames:
        shown = _shown(frame, not is_instance)
        assert shown.keys() == before[frame].keys() and len(shown) == len(muscle_set("mia8")) + 1
        for name, values in before[frame].items():
            np.testing.assert_array_equal(shown[name], values, err_msg=f"{name} at frame {frame}")


def _shown(frame, with_colours):
    """Muscle -> share, and colour, as evaluated at a frame, of whatever the scene shows; "skin" -> the shares on the skin."""
    bpy.context.scene.frame_set(frame)
    found = {}
    for instance in bpy.context.evaluated_depsgraph_get().object_instances:
        thing = instance.object
        if "agonist_muscle" in thing:
            found[thing["agonist_muscle"]] = [thing["activation"], *(thing.color if with_colours else ())]
        elif "agonist_mannequin" in thing:
            found["skin"] = list(skin_shares(thing).values())
    return found
