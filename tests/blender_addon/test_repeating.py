"""A walk that is keyed once and repeats by Cycles modifiers is coloured in every round."""

import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import verbs
from blender_addon.compat import fcurves_of
from blender_addon.muscles.heatmap import muscle_objects
from blender_addon.muscles.skin import glowing_skins

pytestmark = pytest.mark.blender


def _repeat(armature, **settings):
    for curve in fcurves_of(armature, armature.animation_data.action):
        modifier = curve.modifiers.new("CYCLES")
        for name, value in settings.items():
            setattr(modifier, name, value)


def _shares(armature, frame):
    bpy.context.scene.frame_set(frame)
    return [thing["activation"] for thing in muscle_objects(armature).values()]


@pytest.mark.parametrize("which", ["ORIGINAL", "RECOMMENDED"])
def test_the_second_round_has_the_colours_of_the_first(character, which):
    _repeat(character)
    verbs.predict_armature(character)
    if which == "RECOMMENDED":
        character.agonist.sliders["quadriceps_r"].scale = 1.5
    assert _shares(character, 45) == pytest.approx(_shares(character, 15)) != pytest.approx(_shares(character, 31))
    # Another meaning of full colour keys them anew.
    character.agonist.colour_range = "MUSCLE"
    assert _shares(character, -15) == pytest.approx(_shares(character, 15))


def test_rounds_end_where_those_of_the_motion_do(character):
    _repeat(character, mode_before="NONE", mode_after="REPEAT_OFFSET", cycles_after=1)
    verbs.predict_armature(character)
    assert _shares(character, 45) == pytest.approx(_shares(character, 15))
    assert _shares(character, 75) == pytest.approx(_shares(character, 31))
    assert _shares(character, -15) == pytest.approx(_shares(character, 1))


def test_a_motion_that_no_longer_repeats_holds_its_last_colours(character):
    _repeat(character)
    verbs.predict_armature(character)
    for curve in fcurves_of(character, character.animation_data.action):
        curve.modifiers.remove(curve.modifiers[0])
    verbs.predict_armature(character)
    assert _shares(character, 45) == pytest.approx(_shares(character, 31))


def test_a_glowing_skin_repeats_too(character):
    _repeat(character)
    bpy.ops.agonist.glow_skin()
    (skin,) = glowing_skins(character)
    curves = fcurves_of(skin.data, skin.data.animation_data.action)
    assert curves and all([one.type for one in curve.modifiers] == ["CYCLES"] for curve in curves)
