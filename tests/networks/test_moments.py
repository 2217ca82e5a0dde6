"""Moments that a person can work out by hand, and those of the whole body model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from agonist.keypoint_layouts import BODY25
from agonist.networks.geometry import FEATURES, FEATURES_WITH_MOMENTS, body_features
from agonist.networks.moments import joint_moments, point_masses
from agonist.predict import standing_keypoints
from tests.clips import exercise
from tests.search import examples

pytestmark = pytest.mark.training
G = 9.81
# de Leva (1996), means of women and men: share of the mass, and centre of mass as a share of the length; the hand's centre is ours.
UPPER_ARM, FOREARM, HAND, TRUNK, HEAD = 0.0263, 0.0150, 0.00585, 0.43015, 0.0681
UPPER_ARM_CENTRE, FOREARM_CENTRE, HAND_CENTRE = 0.5763, 0.457, 1.2
SHOULDER_L, ELBOW_L, HIP_L, KNEE_L, KNEE_R, ANKLE_L, WAIST = 0, 2, 4, 6, 7, 8, 10


@pytest.fixture(scope="module")
def standing() -> np.ndarray:
    """(25, 3) metres, facing +X, the same on both sides, the soles on the floor at height 0."""
    points = standing_keypoints(exercise("Idle", 1.0)).positions[0].astype(float)
    points = points - [*points[BODY25.index("mid_hip"), :2], points[:, 2].min()]
    mirrored = points[BODY25.mirrored] * [1, -1, 1]
    return (points + mirrored) / 2


def _moments(points: np.ndarray, acceleration: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(11, 3) and (2, 3) of one still frame."""
    moved = np.zeros_like(points) if acceleration is None else acceleration
    k, a = (torch.tensor(one, dtype=torch.float64).T[:, None, None] for one in (points, moved))
    moments, ground = joint_moments(k, a, torch.zeros(1, 1, dtype=torch.float64))
    return moments[:, 0, 0].T.numpy(), ground[:, 0, 0].T.numpy()


def test_the_masses_are_a_whole_body_and_every_joint_carries_its_own():
    _, masses, carried = point_masses()
    assert float(masses.sum()) == pytest.approx(1.0, abs=2e-3)
    arm = UPPER_ARM + FOREARM + HAND
    assert float(masses @ carried[:, SHOULDER_L]) == pytest.approx(arm, abs=1e-6)
    assert float(masses @ carried[:, WAIST]) == pytest.approx(TRUNK + HEAD + 2 * arm, abs=1e-6)


def test_feet_share_the_weight_of_who_stands_evenly(standing):
    moments, ground = _moments(standing)
    np.testing.assert_allclose(ground.sum(axis=0), [0, 0, G], atol=0.03)
    np.testing.assert_allclose(ground[0], ground[1], atol=0.1)
    # Hardly anything turns the knee of a person who stands upright.
    assert np.abs(moments[[KNEE_L, KNEE_R]]).max() < 0.5


def test_an_arm_held_out_hangs_on_the_shoulder(standing):
    points = standing.copy()
    upper, fore = 0.30, 0.25
    shoulder = points[BODY25.index("shoulder_l")]
    points[BODY25.index("elbow_l")] = shoulder + [0, upper, 0]
    points[BODY25.index("wrist_l")] = shoulder + [0, upper + fore, 0]
    moments, _ = _moments(points)
    turn = UPPER_ARM * UPPER_ARM_CENTRE * upper + FOREARM * (upper + FOREARM_CENTRE * fore) + HAND * (upper + HAND_CENTRE * fore)
    # Out along +Y against weight along -Z: the shoulder turns it about +X.
    np.testing.assert_allclose(moments[SHOULDER_L], [G * turn, 0, 0], atol=1e-6)
    np.testing.assert_allclose(moments[ELBOW_L], [G * (FOREARM * FOREARM_CENTRE + HAND * HAND_CENTRE) * fore, 0, 0], atol=1e-6)


def test_nothing_is_asked_of_who_falls_freely(standing):
    moments, ground = _moments(standing, np.broadcast_to([0.0, 0.0, -G], standing.shape))
    np.testing.assert_allclose(moments, 0, atol=1e-6)
    np.testing.assert_allclose(ground, 0, atol=1e-6)


def test_the_foot_that_is_down_carries_all(standing):
    points = standing.copy()
    points[[BODY25.index(f"{name}_l") for name in ("knee", "ankle", "heel", "big_toe", "small_toe")], 2] += 0.3
    moments, ground = _moments(points)
    assert np.abs(ground[0]).max() < 0.02
    assert ground[1, 2] == pytest.approx(G, abs=0.05)
    # The lifted shank and foot hang on the knee by their weight alone.
    assert np.linalg.norm(moments[KNEE_L]) < G * 0.06 * 0.2


@settings(deadline=None, max_examples=examples(20))
@given(st.floats(-3.1, 3.1), st.floats(-5, 5), st.booleans())
def test_features_with_moments_do_not_change_when_the_clip_is_moved_and_turned(angle, shift, causal):
    clip = exercise("Squat", 2.0, seed=1)
    points = standing_keypoints(clip).positions.astype(float)[None]
    c, s = np.cos(angle), np.sin(angle)
    turned = points @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + [shift, -shift, shift / 3]
    before, after = (body_features(torch.tensor(one), clip.fps, moments=True, causal=causal).numpy() for one in (points, turned))
    assert before.shape[-1] == FEATURES_WITH_MOMENTS
    np.testing.assert_allclose(after, before, atol=1e-6)
    np.testing.assert_array_equal(before[..., :FEATURES], body_features(torch.tensor(points), clip.fps, causal=causal).numpy())


def test_knee_moments_of_a_squat_follow_those_of_the_body_model():
    pytest.importorskip("mujoco")
    from agonist.body import Person, simulate

    mass = 75.0
    body = simulate(exercise("Squat", 5.0, seed=3), Person(mass_kg=mass), output_fps=20.0)
    features = body_features(torch.tensor(body.keypoints)[None], 20.0, moments=True)[0].numpy()
    hinges = features[:, -8:]
    for side, column in (("l", 2), ("r", 3)):
        exact = body.joint_torques[:, body.joint_names.index(f"knee_angle_{side}")] / mass
        rough = hinges[:, column]
        assert np.abs(np.corrcoef(rough, exact)[0, 1]) > 0.9
        assert np.ptp(rough) == pytest.approx(np.ptp(exact), rel=0.5)
