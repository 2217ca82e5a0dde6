"""Bellies on a moving rig: at rest as they were made, thinner where stretched and thicker where shortened, as much as volume asks."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from agonist.body.geometry import muscle_mesh
from blender_addon import verbs
from blender_addon.muscles.heatmap import muscle_objects
from blender_addon.rig.bones import humanoid_of, rig_of, rig_skeleton
from tests.blender_addon import preset_rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender


@pytest.fixture(params=["surface24", "surface48"])
def rig(request):
    armature = preset_rigs.build("Mixamo", exercise("Squat", 2.0, seed=4))
    verbs.build_muscles(armature, mannequin=False, muscles=request.param)
    return armature


def _shown(thing):
    """(V, 3) vertices as Blender shows them."""
    mesh = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    flat = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    mesh.vertices.foreach_get("co", flat)
    return flat.reshape(-1, 3).astype(float)


def _carried(thing):
    """(V, 3) vertices as the bones alone carry them."""
    keeps = [one for one in thing.modifiers if one.type == "NODES"]
    for one in keeps:
        one.show_viewport = False
    places = _shown(thing)
    for one in keeps:
        one.show_viewport = True
    return places


def test_a_belly_at_rest_is_as_it_was_made(rig):
    rig.data.pose_position = "REST"
    for thing in muscle_objects(rig).values():
        np.testing.assert_allclose(_shown(thing), _carried(thing), atol=1e-5)


def test_a_belly_swells_as_its_fibres_shorten(rig):
    fit = rig_of(rig)
    skeleton, hmap = rig_skeleton(rig, fit, skin=True), humanoid_of(fit, skin=True)
    swells = {}
    for frame in (16, 31, 46):
        bpy.context.scene.frame_set(frame)
        for name, thing in muscle_objects(rig).items():
            shape, carried = muscle_mesh(skeleton, hmap, name), _carried(thing)
            steps = np.linalg.norm(carried[shape.following] - carried, axis=1)
            length = np.array([steps[shape.fibre == fibre].sum() for fibre in range(shape.fibre.max() + 1)])[shape.fibre]
            swell = np.clip((shape.rest_length / length) ** shape.exponent, 0.6, 1.7)
            middle = (carried + carried[shape.partner]) / 2
            np.testing.assert_allclose(_shown(thing), middle + swell[:, None] * (carried - middle), atol=2e-5)
            swells[name, frame] = swell.mean()
    # A squat stretches the buttocks, and the elbows bend.
    assert swells["gluteus_maximus_l", 31] < 0.9 and swells["biceps_l", 31] > 1.01


def test_a_muscle_on_one_bone_has_no_length_to_look_at(rig):
    for name, thing in muscle_objects(rig).items():
        assert ("Constant Volume" in thing.modifiers) == (len(thing.vertex_groups) > 1), name
    assert len(muscle_objects(rig)["soleus_l"].modifiers) == 1
