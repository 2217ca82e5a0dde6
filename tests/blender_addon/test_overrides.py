"""A character of an asset file, overridden in a shot: what the file brings along gives way to what the shot predicts."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import session, verbs
from blender_addon.compat import assign_action
from blender_addon.muscles.colour_actions import COLOURS, keyed_values
from blender_addon.muscles.heatmap import muscle_objects
from tests.blender_addon import assets, preset_rigs, rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender


@pytest.fixture
def rig():
    return preset_rigs.build("Mixamo", exercise("Squat", 1.0, seed=4))


def _keyed(armature, which):
    """muscle -> (T,) activation as it is keyed."""
    muscles = muscle_objects(armature)
    return {name: keyed_values(thing, thing.get(COLOURS[which]), '["activation_raw"]')[1] for name, thing in muscles.items()}


def _predicted(armature):
    original = session.live_edit(armature).session.original
    return {name: original.column(name) for name in original.muscles.names}


def _same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, atol=1e-5)


def _another_motion():
    kick = preset_rigs.build("Mixamo", exercise("HighKick", 1.2, seed=2))
    action = kick.animation_data.action
    bpy.data.objects.remove(kick)
    return action


def test_what_the_asset_had_predicted_gives_way_to_the_shots_own_motion(rig, tmp_path):
    verbs.build_muscles(rig)
    verbs.predict_armature(rig)
    armature = assets.overridden(rig, tmp_path)
    assign_action(armature, _another_motion())
    bpy.context.view_layer.objects.active = armature
    assert bpy.ops.agonist.predict() == {"FINISHED"}
    props = armature.agonist
    assert len(props.sliders) == 8 and len(props.groups) == 4 and len(props.bones) == 21
    _same(_keyed(armature, "ORIGINAL"), _predicted(armature))
    assert bpy.ops.agonist.detect_bones() == {"FINISHED"} and len(props.bones) == 21
    props.sliders["quadriceps_l"].scale = 1.5
    assert "quadriceps" in props.recommended_action.name.lower()
    assert props.sliders["quadriceps_l"].reached > 1.1


def test_muscles_of_the_asset_show_each_motions_colours_also_after_saving(rig, tmp_path):
    verbs.build_muscles(rig, muscles="surface24")
    armature = assets.overridden(rig, tmp_path)
    assert bpy.ops.agonist.predict() == {"FINISHED"}
    wanted = {name: (thing["estimated"], thing["unknown"]) for name, thing in muscle_objects(armature).items()}
    assert len(set(wanted.values())) == 3
    armature.agonist.sliders["quadriceps_l"].scale = 1.5
    name, path = armature.name, str(tmp_path / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    armature = next(thing for thing in bpy.data.objects if thing.name == name and thing.override_library)
    assert {name: (thing["estimated"], thing["unknown"]) for name, thing in muscle_objects(armature).items()} == wanted
    armature.agonist.show = "ORIGINAL"
    assert armature.agonist.message == ""
    thing, original = muscle_objects(armature)["biceps_l"], _predicted(armature)
    frame = armature.agonist.source_action.frame_range[0] + 10
    bpy.context.scene.frame_set(int(frame))
    shown = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert shown["activation_raw"] == pytest.approx(original["biceps_l"][10], abs=1e-5)
    assert rigs.evaluated(armature) is not None


@pytest.mark.parametrize("seen", ["the other motion", "another colour range"])
def test_colours_of_an_edit_in_the_shot_do_not_fall_back_to_the_assets_own_after_saving(rig, tmp_path, seen):
    verbs.build_muscles(rig, mannequin=False)
    verbs.predict_armature(rig)
    rig.agonist.groups["hamstrings"].scale = 1.5
    armature = assets.overridden(rig, tmp_path)
    bpy.context.scene.render.fps = 30
    armature.agonist.sliders["quadriceps_l"].scale = 1.9
    verbs.edit_armature(armature)
    wanted, name = _keyed(armature, "RECOMMENDED"), armature.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    armature = next(thing for thing in bpy.data.objects if thing.name == name and thing.override_library)
    if seen == "the other motion":
        armature.agonist.show = "ORIGINAL"
        armature.agonist.show = "RECOMMENDED"
    else:
        armature.agonist.colour_range = "ABSOLUTE"
    assert armature.agonist.message == ""
    _same(_keyed(armature, "RECOMMENDED"), wanted)
    muscle = muscle_objects(armature)["quadriceps_l"]
    for frame in (5, 25):
        bpy.context.scene.frame_set(frame)
        shown = muscle.evaluated_get(bpy.context.evaluated_depsgraph_get())
        assert shown["activation_raw"] == pytest.approx(wanted["quadriceps_l"][frame - 1], abs=1e-5)


def test_sliders_of_one_side_and_what_may_change_outlive_the_file(rig, tmp_path):
    """Blender also keeps what a group's slider shows, the mean of both sides, and would set both to it."""
    verbs.predict_armature(rig)
    armature, path = assets.overridden(rig, tmp_path), str(tmp_path / "shot.blend")
    name = armature.name
    armature.agonist.scope.influence, armature.agonist.scope.lock_head = 0.5, True
    asked = {slider.name: slider.scale for slider in armature.agonist.sliders}
    for changed in ({"quadriceps_l": 1.75}, {"hamstrings_r": 0.5, "biceps_l": 1.25, "biceps_r": 1.25}, {"quadriceps_l": 1.0}):
        asked |= changed
        for muscle, scale in changed.items():
            armature.agonist.sliders[muscle].scale = scale
        bpy.ops.wm.save_as_mainfile(filepath=path)
        bpy.ops.wm.open_mainfile(filepath=path)
        armature = next(thing for thing in bpy.data.objects if thing.name == name and thing.override_library)
        assert {slider.name: slider.scale for slider in armature.agonist.sliders} == asked
        assert armature.agonist.scope.influence == 0.5 and armature.agonist.scope.locked == ("head",)


def test_linked_meshes_cannot_glow_and_the_button_says_why(rig, tmp_path):
    skin = bpy.data.objects.new("Skin", bpy.data.meshes.new("Skin"))
    skin.data.from_pydata([(0, 0, 1), (0, 0, 1.1), (0.1, 0, 1)], [], [(0, 1, 2)])
    skin.parent = rig
    skin.modifiers.new("Armature", "ARMATURE").object = rig
    bpy.context.scene.collection.objects.link(skin)
    assets.overridden(rig, tmp_path)
    with pytest.raises(RuntimeError, match="The meshes are linked from another file; make their data local first"):
        bpy.ops.agonist.glow_skin()
