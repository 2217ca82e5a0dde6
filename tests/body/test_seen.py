"""A real recording, damaged on purpose: the body still moves nearly as it did, and what was guessed for long is said."""

from dataclasses import replace

import numpy as np
import pytest

from agonist import io
from agonist.body.seen import believed
from agonist.corpus.exercises import EXERCISES
from agonist.errors import MotionError
from agonist.keypoint_layouts import BODY25
from agonist.predict import standing_keypoints
from tests.clips import exercise

LEG, ARM, FEET = ("knee_l", "ankle_l", "big_toe_l", "small_toe_l", "heel_l"), ("elbow_r", "wrist_r"), ("big_toe", "small_toe", "heel")


def changed(clip, positions, confidence=None):
    return replace(clip, positions=positions, confidence=clip.confidence if confidence is None else confidence)


def unseen(clip, names, first=0.0, last=1e9):
    positions = np.array(clip.positions)
    positions[int(first * clip.fps) : int(min(last, clip.duration + 1) * clip.fps), [BODY25.index(name) for name in names]] = np.nan
    return changed(clip, positions)


@pytest.mark.parametrize("name", EXERCISES)
def test_whole_keypoints_are_believed(name):
    clip = standing_keypoints(exercise(name, 4.0))
    assert believed(clip) == (clip, ())


def test_a_spike_and_a_doubtful_point_are_guessed_from_their_neighbours():
    clip = standing_keypoints(exercise("Squat", 2.0))
    wrist, knee = BODY25.index("wrist_l"), BODY25.index("knee_r")
    positions, confidence = np.array(clip.positions), np.array(clip.confidence)
    positions[20, wrist] += [0.3, 0.0, 0.2]
    positions[30:33, knee] += [0.0, 0.5, 0.0]
    confidence[30:33, knee] = 0.1
    found, said = believed(changed(clip, positions, confidence))
    np.testing.assert_allclose(found.positions, clip.positions, atol=0.02)
    assert not said and found.confidence[20, wrist] < 0.1 and found.confidence[31, knee] < 0.1


def test_a_limb_out_of_sight_is_named():
    clip = standing_keypoints(unseen(standing_keypoints(exercise("Squat", 3.0)), ("elbow_l", "wrist_l"), 1.0, 2.0))
    assert believed(clip)[1] == ("the left arm was not seen for 1.0 s; guessed in between",)


@pytest.fixture(scope="module")
def walk(data_dir):
    pytest.importorskip("mujoco")
    return standing_keypoints(io.read(data_dir / "opensim_moco" / "markers_walk.trc"))


@pytest.fixture(scope="module")
def whole(walk):
    from agonist.body import simulate

    return simulate(walk, output_fps=20.0)


def damage(name, walk):
    rng = np.random.default_rng(0)
    positions, confidence = np.array(walk.positions), np.array(walk.confidence)
    if name == "noise of 10 mm":
        return changed(walk, positions + rng.normal(0, 0.01, positions.shape))
    if name == "a fifth dropped":
        positions[rng.random(positions.shape[:2]) < 0.2] = np.nan
        return changed(walk, positions)
    if name.startswith("3 % at"):
        off = rng.random(positions.shape[:2]) < 0.03
        positions[off] += rng.normal(0, 0.15, (off.sum(), 3))
        if "doubted" in name:
            confidence[off] = 0.1
        return changed(walk, positions, confidence)
    if name == "a leg unseen for 1 s":
        return unseen(walk, LEG, 0.7, 1.7)
    if name == "an arm unseen for 1 s":
        return unseen(walk, ARM, 0.7, 1.7)
    return unseen(walk, [f"{part}_{side}" for part in FEET for side in "lr"])


@pytest.mark.physics
@pytest.mark.parametrize(
    ("name", "degrees", "share", "said"),
    [
        ("noise of 10 mm", 3.0, 0.2, 0), ("a fifth dropped", 2.5, 0.1, 0), ("3 % at 150 mm, doubted", 1.0, 0.1, 0),
        ("3 % at 150 mm", 4.0, 0.15, 0), ("a leg unseen for 1 s", 5.0, 0.1, 2), ("an arm unseen for 1 s", 2.5, 0.05, 1),
        ("no feet", 5.0, 0.06, 0),
    ],
)  # fmt: skip
def test_a_damaged_walk_is_nearly_the_walk(walk, whole, name, degrees, share, said):
    from agonist.body import simulate

    found = simulate(damage(name, walk), output_fps=20.0)
    off = np.degrees(np.sqrt(((found.joint_angles - whole.joint_angles) ** 2).mean(axis=0)))
    assert off.mean() < degrees and found.residual_share.mean() < share
    assert len(found.flags) == said and all("not seen for 1.0 s" in flag for flag in found.flags)


@pytest.mark.physics
def test_a_limb_that_is_never_seen_is_refused(walk):
    from agonist.body import simulate

    with pytest.raises(MotionError, match="never seen in the clip: knee_l"):
        simulate(unseen(walk, ("knee_l",)))
