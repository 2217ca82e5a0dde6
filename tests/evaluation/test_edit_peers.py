"""The editing comparison: every method gets the same requests, and the figures mean what they say."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from agonist import rotations
from agonist.edit import prepare_edit
from agonist.errors import ContractError, MotionError
from agonist.evaluation import edit_peers
from agonist.evaluation.edit_peers import METHODS, compare_edits
from agonist.humanoid import body25_from_motion
from agonist.model import load_model
from agonist.revision import source_commit
from tests.clips import exercise

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def compared():
    with pytest.MonkeyPatch.context() as patch:
        # 75 simulations would take a minute; `test_physics_judges` asks the real one.
        patch.setattr(edit_peers, "_simulated", lambda positions: 0.1 + np.abs(positions[:, :8, 2]) / 10)
        return compare_edits({"squat": exercise("Squat", 4.0)}, load_model(), load_model("mia-paper"), steps=5, physics=True)


def test_every_method_is_asked_the_same(compared):
    assert compared["edits"] == 24 and tuple(compared["methods"]) == METHODS and compared["judges"] == ["agonist", "mia-paper", "physics"]
    assert compared["commit"] == source_commit()
    for name in ("agonist", "mia-paper"):
        corpus = load_model(name).contract.raw["training"]["corpus"]
        assert (compared["models"][name]["corpus_seed"], compared["models"][name]["corpus_budget"]) == (corpus["seed"], corpus["budget"])
    for one in compared["methods"].values():
        assert set(one["judges"]) == {"agonist", "mia-paper", "physics"}
        for said in one["judges"].values():
            assert 0 <= said["right_share"] <= 1 and said["drift"] > 0 and said["miss_log2_median"] > 0
        assert one["distance_m"] > 0 and one["ms"] > 0 and one["jerk_ratio"] > 0


def test_only_the_decode_loses_the_input_and_the_body(compared):
    editor, decode, descent = (compared["methods"][method] for method in METHODS)
    assert editor["identity_max_m"] == 0 and descent["identity_max_m"] < 1e-12 and decode["identity_max_m"] > 0.02
    assert editor["bone_change"] < 0.002 and descent["bone_change"] < 0.002 < decode["bone_change"]
    assert editor["skate_m_s"] < 0.01


def test_a_character_of_any_size_is_compared_in_a_persons(compared):
    """Nothing asked moves nothing and stretches no bone, on a giant too."""
    clip = exercise("Squat", 4.0)
    giant = replace(clip, skeleton=replace(clip.skeleton, offsets=3 * clip.skeleton.offsets), root_position=3 * clip.root_position)
    session = prepare_edit(giant)
    assert session.size < 0.7
    before = edit_peers._sampled(session.keypoints.positions, giant.fps)
    after = edit_peers._amortised(session, np.zeros(8), session.model.contract.muscles.names)
    np.testing.assert_array_equal(after, before)


def test_physics_judges():
    """Who squats works the quadriceps more than who stands, whatever a network says."""
    pytest.importorskip("mujoco")
    stands, squats = (body25_from_motion(exercise(name, 3.0).resample(10.0)).positions for name in ("Idle", "Squat"))
    said = edit_peers._judged(edit_peers._simulated, squats, edit_peers._simulated(stands), muscle=0, scale=2.0)
    assert said["right"] == 1 and said["drift"] > 0


def test_figures_of_motion():
    before = body25_from_motion(exercise("Squat", 4.0).resample(10.0)).positions
    same = edit_peers._moved(before, before)
    assert same["distance_m"] == 0 and same["jerk_ratio"] == pytest.approx(1) and same["bone_change"] == 0
    # The floor slides away under a stance at 20 cm/s.
    slid = before + np.arange(len(before))[:, None, None] * np.array([0.02, 0, 0])
    assert edit_peers._moved(before, slid)["skate_m_s"] == pytest.approx(same["skate_m_s"] + 0.2, abs=0.05)
    assert edit_peers._moved(before, 1.1 * before)["bone_change"] == pytest.approx(0.1)


def test_the_decode_stands_where_the_input_stands():
    clip = exercise("Squat", 4.0)
    paper = load_model("mia-paper")
    quarter = rotations.from_axis_angle("z", np.array(np.pi / 2))
    local = clip.rotations_parent_from_joint
    turned = replace(
        clip,
        rotations_parent_from_joint=np.concatenate([rotations.multiply(quarter, local[:, :1]), local[:, 1:]], axis=1),
        root_position=rotations.rotate(quarter, clip.root_position),
    )
    here, there = (edit_peers._decoded(prepare_edit(one, model=load_model()), paper, np.zeros(8)) for one in (clip, turned))
    np.testing.assert_allclose(there, rotations.rotate(quarter, here), atol=1e-3)


def test_what_cannot_be_compared_is_refused():
    model, paper = load_model(), load_model("mia-paper")
    with pytest.raises(ContractError, match="has no editor"):
        compare_edits({}, paper, paper)
    with pytest.raises(ContractError, match="has no decoder"):
        compare_edits({}, model, model)
    with pytest.raises(MotionError, match="keypoints without joint rotations"):
        compare_edits({"points": body25_from_motion(exercise("Squat", 4.0))}, model, paper)
    with pytest.raises(MotionError, match=r"short: 2\.0 s. Expected at least 3\.2 s"):
        compare_edits({"short": exercise("Squat", 2.0)}, model, paper)
