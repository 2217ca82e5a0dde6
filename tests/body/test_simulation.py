"""Physics that a person can check: weight on the feet, the muscle that a posture needs, and an exact solver."""

import numpy as np
import pytest

pytest.importorskip("mujoco")
from scipy.optimize import lsq_linear

from agonist.body import Person, simulate
from agonist.body.recruitment import solve_recruitment
from agonist.errors import InputError, MotionError
from tests.clips import exercise

pytestmark = pytest.mark.physics


def test_recruitment_agrees_with_a_general_solver():
    rng = np.random.default_rng(0)
    for _ in range(10):
        a, b = rng.normal(size=(6, 30)), rng.normal(size=6) * 4
        weight, stiffness = rng.uniform(0.5, 2, 30), rng.uniform(1, 5, 6)
        x, left, _ = solve_recruitment(a, b, weight, np.full(30, 0.01), np.ones(30), stiffness)
        matrix = np.concatenate([np.sqrt(stiffness)[:, None] * a, np.diag(np.sqrt(weight))])
        target = np.concatenate([np.sqrt(stiffness) * b, np.zeros(30)])
        expected = lsq_linear(matrix, target, (0.01, 1.0), method="bvls", tol=1e-14).x
        np.testing.assert_allclose(x, expected, atol=1e-6)
        np.testing.assert_allclose(left, b - a @ x, atol=1e-9)


@pytest.fixture(scope="module")
def squat():
    return simulate(exercise("Squat", 5.0, seed=3), Person(mass_kg=80.0), output_fps=20.0)


def test_the_feet_carry_the_body(squat):
    assert squat.ground_reaction.sum(axis=1)[:, 2].mean() == pytest.approx(80 * 9.81, rel=0.03)
    assert squat.residual_share.mean() < 0.03 and squat.reserve_share.mean() < 0.1
    assert squat.keypoint_error_m.mean() < 0.02 and not squat.flags


def test_a_deep_squat_loads_the_quadriceps(squat):
    knee = squat.joint_angles[:, squat.joint_names.index("knee_angle_l")]
    quadriceps = squat.activation.column("quadriceps_l")
    assert quadriceps[knee > np.percentile(knee, 85)].mean() > 2 * quadriceps[knee < np.percentile(knee, 15)].mean()


def test_nothing_depends_on_where_the_character_stands(squat):
    from dataclasses import replace

    motion = exercise("Squat", 5.0, seed=3)
    moved = replace(motion, root_position=motion.root_position + [3.0, -2.0, 0.0])
    np.testing.assert_allclose(simulate(moved, Person(mass_kg=80.0), output_fps=20.0).activation.values, squat.activation.values, atol=1e-5)


def test_a_real_walk_is_explained(data_dir):
    from agonist import io

    walk = simulate(io.read(data_dir / "cmu02" / "02_01.amc"), output_fps=20.0)
    assert walk.residual_share.mean() < 0.1 and walk.reserve_share.mean() < 0.1 and walk.keypoint_error_m.mean() < 0.02
    assert walk.ground_reaction.sum(axis=1)[:, 2].mean() == pytest.approx(75 * 9.81, rel=0.08)


def test_bad_calls():
    with pytest.raises(InputError, match="0 kg"):
        Person(mass_kg=0)
    with pytest.raises(MotionError, match="at least 4"):
        simulate(exercise().slice(0, 1))
