"""Edits of two muscles, of some frames and of limbs alone: what is told of them is what the edits themselves say."""

import numpy as np
import pytest

from agonist.edit import prepare_edit
from agonist.edit_protocol import SCALES
from agonist.errors import MotionError
from agonist.evaluation import edit_scopes
from agonist.evaluation.edit_scopes import WAYS, evaluate_scopes
from agonist.model import load_model
from agonist.predict import standing_keypoints
from tests.clips import exercise


@pytest.fixture(scope="module")
def clip():
    return exercise("Squat", 3.5)


@pytest.fixture(scope="module")
def found(clip):
    model = load_model("agonist")
    shares = []
    report = evaluate_scopes({"squat": clip}, model, [model, load_model("mia-paper")], progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0
    return report


def test_every_muscle_and_factor_is_asked_in_every_way(found):
    assert list(found) == list(WAYS) and {one["edits"] for one in found.values()} == {8 * len(SCALES)}
    for one in found.values():
        assert set(one["judges"]) == {"agonist", "mia-paper"} and all(0 <= said["right_share"] <= 1 for said in one["judges"].values())


def test_nothing_changes_outside_the_frames_and_in_locked_joints(found):
    assert all(one["untouched_max"] == 0.0 for one in found.values())


def test_a_change_where_nothing_may_be_is_seen(clip):
    """The number above is measured, not promised."""
    session = prepare_edit(clip, model=load_model("agonist"))
    whole = session.edit({"quadriceps_l": 2.0})
    moved = np.abs(whole.motion.root_position - clip.root_position).max()
    for request in ({"locked": ("root",)}, {"frames": (40, 60)}):
        told = type(whole)(
            whole.motion, whole.original, whole.recommended, whole.outcomes, request.get("frames", whole.frames), whole.drift,
            whole.distance_mean_m, whole.distance_max_m, whole.foot_slide_m, {"locked": request.get("locked", ())},
        )  # fmt: skip
        assert edit_scopes._changed(clip, told, session.hmap) >= 0.5 * moved > 0


def test_a_plain_edit_is_judged_as_its_own_outcome_says(clip, found):
    session = prepare_edit(clip, model=load_model("agonist"))
    right, reached = [], []
    for name in session.model.contract.muscles.names:
        for scale in SCALES:
            (one,) = [one for one in session.edit({name: scale}).outcomes if one.muscle == name]
            right.append((one.reached - 1) * (scale - 1) > 0)
            reached.append(abs(np.log2(one.reached / scale)))
    said = found["one muscle"]["judges"]["agonist"]
    assert said["right_share"] == pytest.approx(np.mean(right)) and said["miss_log2_median"] == pytest.approx(np.median(reached), abs=0.02)


def test_keypoints_have_no_joints_to_turn(clip):
    model = load_model("agonist")
    with pytest.raises(MotionError, match="without joint rotations"):
        evaluate_scopes({"points": standing_keypoints(clip)}, model, [model])
