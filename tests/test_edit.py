"""The guarantees of an edit, with the shipped model."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from agonist import rotations
from agonist.corpus.sources import resize
from agonist.edit import MuscleOutcome, edit, prepare_edit
from agonist.edit_goal import scales_of_curves
from agonist.errors import InputError, UnknownNameError
from agonist.io import csv_activation
from agonist.predict import human_size, predict, standing_keypoints
from tests.clips import exercise


@pytest.fixture(scope="module")
def session():
    return prepare_edit(exercise("Squat", 5.0, seed=11))


def test_sliders_at_one_return_the_input_itself(session):
    assert session.edit({"hamstrings": 1.0, "biceps": 1.0}).motion is session.motion


@pytest.mark.parametrize("muscle", ["quadriceps_l", "hamstrings_r", "latissimus_l", "biceps_r"])
@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_the_muscle_goes_the_way_that_was_asked(session, muscle, scale):
    result = session.edit({muscle: scale})
    outcome = next(one for one in result.outcomes if one.muscle == muscle)
    assert (outcome.reached - 1) * (scale - 1) > 0
    # The table is what a fresh prediction of the result says, not what was hoped for.
    again = predict(result.motion).column(muscle).mean() / predict(session.motion).column(muscle).mean()
    assert outcome.reached == pytest.approx(again, rel=1e-6)


def test_bone_lengths_and_planted_feet(session):
    result = session.edit({"quadriceps": 1.5, "biceps_l": 2.0})
    np.testing.assert_array_equal(result.motion.skeleton.offsets, session.motion.skeleton.offsets)
    assert result.foot_slide_m < 0.005
    assert result.distance_max_m > 0.01


def test_frames_outside_the_range_are_untouched(session):
    result = session.edit({"quadriceps": 1.5}, (60, 110))
    moved = np.abs(result.motion.positions_world - session.motion.positions_world).max(axis=(1, 2))
    assert moved[:60].max() == 0 and moved[110:].max() == 0
    for outside in (slice(0, 60), slice(110, None)):
        edited, original = (motion.rotations_parent_from_joint[outside] for motion in (result.motion, session.motion))
        np.testing.assert_array_equal(edited, original)
    assert moved[60:110].max() > 0.005
    # It fades in: the first frame inside moves far less than the middle.
    assert moved[60] < 0.2 * moved.max()


@pytest.mark.parametrize("frames", [1, 2, 7, 63, 64, 65, 400])
def test_any_length(frames):
    clip = exercise("Walk", 14.0).slice(0, frames)
    result = edit(clip, {"hamstrings": 1.5})
    assert len(result.motion) == len(result.recommended) == frames


@pytest.mark.parametrize("fps", [10.0, 24.0, 59.94, 120.0])
def test_any_frame_rate(fps):
    clip = exercise("Squat", 3.0).resample(fps)
    result = edit(clip, {"quadriceps": 0.5})
    assert result.motion.fps == fps and result.recommended.fps == fps
    assert next(one.reached for one in result.outcomes if one.muscle == "quadriceps_l") < 1


def test_where_the_character_stands_and_looks_does_not_matter(session):
    turn = rotations.from_axis_angle("z", np.array(2.0))
    motion = session.motion
    local = np.array(motion.rotations_parent_from_joint)
    local[:, 0] = rotations.multiply(turn, local[:, 0])
    elsewhere = replace(
        motion, rotations_parent_from_joint=local, root_position=rotations.rotate(turn, motion.root_position) + [5, -3, 0.7]
    )
    np.testing.assert_allclose(predict(elsewhere).values, predict(motion).values, atol=2e-4)


def _drawn(session, tmp_path, frames, factor):
    """Factors of a predicted curve of the left quadriceps that was changed in some frames, by way of a CSV."""
    values = np.array(session.original.values)
    values[slice(*frames), 0] *= factor
    csv_activation.write(tmp_path / "drawn.csv", replace(session.original, values=np.clip(values, 0, 1)))
    return scales_of_curves(session.original, csv_activation.read(tmp_path / "drawn.csv"))


@pytest.mark.parametrize("through_a_file", [True, False])
def test_a_curve_that_was_drawn_outside_the_frames_asks_nothing(session, tmp_path, through_a_file):
    factors = np.ones(len(session.motion))
    factors[110:140] = 1.5
    scales = _drawn(session, tmp_path, (110, 140), 1.5) if through_a_file else {"quadriceps_l": factors}
    assert list(scales) == ["quadriceps_l"] and np.max(scales["quadriceps_l"]) > 1.2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = session.edit(scales, (20, 90))
    assert result.motion is session.motion
    assert {(one.asked, one.reached, one.is_asked, one.out_of_reach) for one in result.outcomes} == {(1.0, 1.0, False, False)}
    np.testing.assert_array_equal(
        session.preview(scales, 50, (20, 90)).motion.rotations_parent_from_joint, session.motion.slice(50, 51).rotations_parent_from_joint
    )
    # Beside a muscle that is asked for there, it is still not asked.
    both = {one.muscle: one for one in session.edit({**scales, "biceps_l": 1.5}, (20, 90)).outcomes}
    assert both["biceps_l"].is_asked and not both["quadriceps_l"].is_asked and not both["quadriceps_l"].out_of_reach


@pytest.mark.parametrize(
    ("asked", "reached", "short"), [(0.99999995, 1.0, False), (1.0004, 0.9, False), (1.01, 1.0, True), (0.9, 1.0, True)]
)
def test_a_factor_that_rounding_made_is_not_out_of_reach(asked, reached, short):
    outcome = MuscleOutcome("biceps_l", asked, reached, 0.1, 0.1 * reached)
    assert outcome.is_asked == outcome.out_of_reach == short


def test_wrong_calls_say_what_would_be_right(session):
    with pytest.raises(UnknownNameError, match=r"gluteus.*quadriceps"):
        session.edit({"gluteus": 2.0})
    with pytest.raises(InputError, match="nan"):
        session.edit({"biceps": float("nan")})
    with pytest.raises(InputError, match="biceps_r and biceps: biceps_r was given before"):
        session.edit({"biceps_r": 2.0, "biceps": 0.5})
    with pytest.raises(InputError, match="0:151"):
        session.edit({"biceps": 2.0}, (100, 500))


@pytest.mark.parametrize("factor", [0.1, 3.0, 100.0])
def test_toys_and_ogres_are_edited_as_the_nearest_person(factor):
    height_m = 1.75 * factor
    giant = resize(exercise("Squat", 3.0), height_m)
    size = human_size(standing_keypoints(giant).positions)
    person = resize(giant, height_m * size)
    ours, theirs = edit(person, {"quadriceps": 1.5}), edit(giant, {"quadriceps": 1.5})
    np.testing.assert_allclose(theirs.original.values, ours.original.values, atol=1e-3)
    assert [o.reached for o in theirs.outcomes] == pytest.approx([o.reached for o in ours.outcomes], abs=5e-3)
    assert all(o.reached > 1.1 for o in theirs.outcomes if o.asked != 1.0)
    assert theirs.distance_mean_m * size == pytest.approx(ours.distance_mean_m, rel=0.01)
    np.testing.assert_allclose(theirs.motion.positions_world * size, ours.motion.positions_world, atol=2e-3)
    turned = theirs.motion.positions_world - giant.positions_world
    assert 0.005 * factor < np.linalg.norm(turned, axis=-1).mean() < 0.3 * factor
    np.testing.assert_array_equal(edit(giant, {"quadriceps": 1.0}).motion.root_position, giant.root_position)
