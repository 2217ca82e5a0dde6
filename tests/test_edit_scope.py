"""What an edit may touch: locked parts, influence, falloff; and goals drawn as curves."""

from dataclasses import replace

import numpy as np
import pytest

from agonist.edit import prepare_edit
from agonist.edit_goal import edit_goal, scales_of_curves
from agonist.edit_scope import PARTS, EditScope, all_but
from agonist.errors import InputError, UnknownNameError
from agonist.humanoid import map_humanoid
from agonist.muscles import muscle_set
from tests.clips import exercise


@pytest.fixture(scope="module")
def session():
    return prepare_edit(exercise("Squat", 5.0, seed=11))


def _joints(session, part):
    hmap = map_humanoid(session.motion.skeleton)
    return [session.motion.skeleton.index(hmap[name]) for name in PARTS[part]]


@pytest.mark.parametrize("part", PARTS)
def test_a_locked_part_keeps_its_rotations_to_the_bit(session, part):
    result = session.edit({"quadriceps": 1.5, "biceps": 2.0}, locked=[part])
    before, after = session.motion.rotations_parent_from_joint, result.motion.rotations_parent_from_joint
    joints = _joints(session, part)
    np.testing.assert_array_equal(after[:, joints], before[:, joints])
    assert np.abs(after - before).max() > 1e-3
    if "pelvis" in PARTS[part]:
        np.testing.assert_array_equal(result.motion.root_position, session.motion.root_position)


def test_feet_stay_planted_whatever_is_locked(session):
    for part in PARTS:
        assert session.edit({"quadriceps": 1.5}, locked=[part]).foot_slide_m < 0.005


def test_feet_that_need_not_stay_move_but_not_below_the_floor(session):
    free = session.edit({"quadriceps": 2.0}, refine=False, feet_planted=False)
    kept = session.edit({"quadriceps": 2.0}, refine=False)
    assert kept.foot_slide_m < 0.005 < 0.01 < free.foot_slide_m
    ankles = [session.motion.skeleton.index(session.hmap[f"ankle_{side}"]) for side in "lr"]
    heights = [one.positions_world[:, ankles, 2].min() for one in (session.motion, free.motion)]
    assert heights[1] > heights[0] - 0.02
    assert session.edit({}, feet_planted=False).motion is session.motion


def test_arms_only_moves_nothing_but_the_arms_and_still_gets_there(session):
    result = session.edit({"biceps": 1.5}, locked=all_but(["arms"]))
    before, after = session.motion.rotations_parent_from_joint, result.motion.rotations_parent_from_joint
    moved = {session.motion.skeleton.names[j] for j in np.flatnonzero(np.abs(after - before).max(axis=(0, 2)) > 0)}
    hmap = map_humanoid(session.motion.skeleton)
    assert moved <= {hmap[name] for name in PARTS["arms"]} and moved
    np.testing.assert_array_equal(result.motion.root_position, session.motion.root_position)
    assert all(one.reached > 1.1 for one in result.outcomes if one.muscle.startswith("biceps"))


def test_everything_locked_changes_nothing(session):
    result = session.edit({"quadriceps": 1.5}, locked=PARTS)
    np.testing.assert_array_equal(result.motion.rotations_parent_from_joint, session.motion.rotations_parent_from_joint)


def test_all_but_locks_the_rest():
    assert set(all_but(["arm_l"])) == {"root", "trunk", "head", "arm_r", "legs", "leg_l", "leg_r"}
    with pytest.raises(UnknownNameError, match="tail"):
        all_but(["tail"])


def test_influence_goes_from_the_input_to_the_whole_edit(session):
    assert session.edit({"quadriceps": 1.5}, influence=0).motion is session.motion
    moved = [session.edit({"quadriceps": 1.5}, influence=share, refine=False).distance_mean_m for share in (0.25, 0.5, 1.0)]
    assert 0 < moved[0] < moved[1] < moved[2]


def test_a_longer_falloff_changes_less_at_the_ends():
    sharp, soft = (EditScope((20, 80), falloff).fade(100, 30.0) for falloff in (0.0, 1.0))
    assert sharp[21] == 1 and soft[21] < 0.1 and soft[50] > 0.99
    assert sharp[:20].max() == soft[:20].max() == soft[80:].max() == 0


@pytest.mark.parametrize(
    "wrong", [{"locked": ("tail",)}, {"falloff_s": -1.0}, {"falloff_s": np.nan}, {"influence": 1.1}, {"influence": np.nan}]
)
def test_a_scope_that_cannot_be(wrong):
    with pytest.raises((InputError, UnknownNameError)):
        EditScope(**wrong)


def test_a_curve_of_ones_is_the_identity(session):
    assert session.edit({"hamstrings": np.ones(len(session.motion))}).motion is session.motion


def test_a_constant_curve_asks_what_a_factor_asks(session):
    count = len(session.motion)
    one, other = (session.edit({"quadriceps": scale}, refine=False) for scale in (1.5, np.full(count, 1.5)))
    np.testing.assert_array_equal(one.motion.rotations_parent_from_joint, other.motion.rotations_parent_from_joint)
    assert other.outcomes[0].asked == pytest.approx(1.5)


def test_a_curve_drawn_anew_is_followed_in_each_half(session):
    """More in the first half of the clip, less in the second."""
    original, middle = session.original, len(session.motion) // 2
    factor = np.where(np.arange(len(session.motion)) < middle, 1.6, 0.5)
    values = np.array(original.values)
    column = original.muscles.index("quadriceps_l")
    values[:, column] = np.clip(values[:, column] * factor, 0, 1)
    wanted = replace(original, values=values)
    result = session.edit(scales_of_curves(original, wanted))
    before, after = original.column("quadriceps_l"), result.recommended.column("quadriceps_l")
    assert after[:middle].mean() > 1.15 * before[:middle].mean()
    assert after[middle:].mean() < 0.85 * before[middle:].mean()
    gap = np.abs(before - wanted.column("quadriceps_l")).mean()
    assert np.abs(after - wanted.column("quadriceps_l")).mean() < 0.7 * gap


def test_curves_that_were_left_alone_are_not_asked(session):
    assert scales_of_curves(session.original, session.original) == {}


def test_curves_of_another_length(session):
    with pytest.raises(InputError, match="frames"):
        scales_of_curves(session.original, replace(session.original, values=session.original.values[:-1], uncertainty=None))
    with pytest.raises(InputError, match="one a frame"):
        session.edit({"quadriceps_l": np.ones(7)})


@pytest.mark.parametrize("value", [-0.1, np.inf, np.nan])
def test_factors_that_cannot_be(value):
    for scale in (value, np.array([1.0, value, 1.0])):
        with pytest.raises(InputError, match="factor for hamstrings"):
            edit_goal({"hamstrings": scale}, muscle_set("mia8"), 3)
