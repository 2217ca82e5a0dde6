"""Physics that a person can check: weight on the feet, the muscle that a posture needs, and an exact solver."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mujoco")
from scipy.optimize import lsq_linear, minimize

from agonist import io
from agonist.body import Person, simulate
from agonist.body.recruitment import solve_recruitment
from agonist.errors import InputError, MotionError
from agonist.keypoint_layouts import BODY25, LAYOUTS
from agonist.motion import Keypoints
from agonist.predict import standing_keypoints
from agonist.skeleton import Skeleton
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


@pytest.mark.parametrize("exponent", [1.6, 3.0, 4.0])
def test_recruitment_of_any_exponent_agrees_with_a_general_solver(exponent):
    rng = np.random.default_rng(1)
    a = rng.normal(size=(8, 30))
    b = a @ rng.uniform(0, 0.6, 30)
    weight, power = rng.uniform(0.5, 2, 30), np.repeat([exponent, 2.0], [25, 5])
    low, high = np.repeat([0.01, 0.0], [25, 5]), np.repeat([1.0, np.inf], [25, 5])
    x, _, _ = solve_recruitment(a, b, weight, low, high, np.full(8, 4.0), None, exponent, 25)
    best = minimize(
        lambda x: (weight * x**power / power).sum() + 2 * ((b - a @ x) ** 2).sum(), np.clip(x + 0.1, low, high),
        jac=lambda x: weight * x ** (power - 1) - 4 * a.T @ (b - a @ x), method="L-BFGS-B", bounds=list(zip(low, high, strict=True)),
        options={"maxiter": 20000, "ftol": 1e-15, "gtol": 1e-12},
    )  # fmt: skip
    np.testing.assert_allclose(x, best.x, atol=1e-5)


def test_the_rate_of_the_output_changes_nothing():
    motion, person = exercise("Squat", 2.0, seed=4), Person(cost_exponent=3.0)
    fine, coarse = simulate(motion, person, output_fps=30.0), simulate(motion, person, output_fps=10.0)
    np.testing.assert_allclose(coarse.joint_torques, fine.joint_torques[::3], atol=1e-6)
    np.testing.assert_allclose(coarse.ground_reaction, fine.ground_reaction[::3], atol=1e-2)


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
    motion = exercise("Squat", 5.0, seed=3)
    moved = replace(motion, root_position=motion.root_position + [3.0, -2.0, 0.0])
    np.testing.assert_allclose(simulate(moved, Person(mass_kg=80.0), output_fps=20.0).activation.values, squat.activation.values, atol=1e-5)


def test_a_real_walk_is_explained(data_dir):
    walk = simulate(io.read(data_dir / "cmu02" / "02_01.amc"), output_fps=20.0)
    assert walk.residual_share.mean() < 0.1 and walk.reserve_share.mean() < 0.1 and walk.keypoint_error_m.mean() < 0.02
    assert walk.ground_reaction.sum(axis=1)[:, 2].mean() == pytest.approx(75 * 9.81, rel=0.08)


def test_bad_calls():
    with pytest.raises(InputError, match="0 kg"):
        Person(mass_kg=0)
    with pytest.raises(MotionError, match="at least 4"):
        simulate(exercise().slice(0, 1))
    for rate in (0.0, -5.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="Expected a number above 0"):
            simulate(exercise(), output_fps=rate)
    with pytest.raises(InputError, match="cut-off"):
        simulate(exercise(), filter_hz=0.0)


def test_millimetres_are_not_metres():
    clip = standing_keypoints(exercise("Squat", 1.0))
    with pytest.raises(MotionError, match="is the motion in metres"):
        simulate(replace(clip, positions=clip.positions * 1000))


def test_what_cannot_be_is_flagged():
    clip = standing_keypoints(exercise("Squat", 1.0))
    places = np.array(clip.positions)
    cut = places.copy()
    cut[len(cut) // 2 :] += [2.0, 0.0, 0.0]
    assert any("impossible acceleration" in flag for flag in simulate(replace(clip, positions=cut)).flags)
    legs = [[BODY25.index(f"{part}_{side}") for part in ("hip", "knee", "ankle", "big_toe", "small_toe", "heel")] for side in "lr"]
    crossed = places.copy()
    crossed[10:15, legs[0]], crossed[10:15, legs[1]] = places[10:15, legs[1]], places[10:15, legs[0]]
    put_right = simulate(replace(clip, positions=crossed))
    assert put_right.flags == ("left and right legs were exchanged in 5 frames; put right",)
    np.testing.assert_allclose(put_right.activation.values, simulate(clip).activation.values, atol=1e-6)
    kneeling = places.copy()
    kneeling[:, [BODY25.index("knee_l"), BODY25.index("knee_r")], 2] = 0.05
    assert any("near the floor" in flag for flag in simulate(replace(clip, positions=kneeling)).flags)


def test_a_body_that_falls_never_touches_the_ground():
    clip = standing_keypoints(exercise("Idle", 1.0))
    falling = np.repeat(clip.positions[:1], len(clip), axis=0)
    falling[..., 2] -= (4.905 * (np.arange(len(clip)) / clip.fps) ** 2)[:, None]
    fall = simulate(replace(clip, positions=falling))
    assert any(flag.startswith("the ground is touched in") for flag in fall.flags)
    assert fall.ground_reaction[3:-3].max() < 0.01 and fall.residual_share[5:-5].max() < 0.05


def test_accelerations_that_nobody_survives_are_flagged():
    motion = exercise("Squat", 2.0)
    shaken = np.array(motion.root_position)
    shaken[:, 2] += np.where((np.arange(len(motion)) // 3) % 2, 0.5, 0.0)
    flags = simulate(replace(motion, root_position=shaken)).flags
    assert any("impossible acceleration" in flag for flag in flags) and any("nothing explains" in flag for flag in flags)
    clip = standing_keypoints(motion)
    thrown = np.array(clip.positions)
    thrown[::2, :, 0] += 1.0
    assert any("impossible acceleration" in flag for flag in simulate(replace(clip, positions=thrown)).flags)


def test_a_few_frames_at_a_high_rate_are_enough():
    clip = standing_keypoints(exercise("Idle", 1.0))
    short = replace(clip, positions=clip.positions[:4], confidence=None, fps=120.0)
    assert np.isfinite(simulate(short).activation.values).all()


def test_a_measured_walk_has_the_ground_reaction_of_the_plates(data_dir):
    """OpenSim's Moco example: one person, one trial, markers on the skin; vertical force on each foot against two force plates."""
    folder = data_dir / "opensim_moco"
    walk = simulate(io.read(folder / "markers_walk.trc"), Person(mass_kg=85.0))
    lines = (folder / "grf_walk.mot").read_text().split("endheader")[1].strip().splitlines()
    columns = dict(zip(lines[0].split("\t"), np.array([line.split("\t") for line in lines[1:]], dtype=float).T, strict=True))
    times = np.arange(len(walk.activation)) / walk.activation.fps
    both = (times >= 0.5) & (times <= 1.9)  # from the first step on the second plate to the last on it
    for foot, side in enumerate("lr"):
        measured = np.interp(times, columns["time"], columns[f"ground_force_{side}_vy"])[both]
        estimated = walk.ground_reaction[both, foot, 2]
        assert np.corrcoef(measured, estimated)[0, 1] > 0.95
        assert np.sqrt(np.mean((measured - estimated) ** 2)) < 0.12 * 85 * 9.81


def test_the_expected_emg_comes_before_the_force(squat):
    early = squat.expected_emg
    assert "50 ms" in early.reference and early.muscles == squat.activation.muscles
    # Frames are 50 ms apart here.
    np.testing.assert_allclose(early.values[:-1], squat.activation.values[1:], atol=1e-9)
    np.testing.assert_allclose(early.values[-1], squat.activation.values[-1])


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS.values() if layout.name != "body25"], ids=lambda layout: layout.name)
def test_other_layouts_simulate_the_same_squat(layout):
    """What a layout lacks (toes, a neck) is filled in; the squat stays a squat."""
    clip = standing_keypoints(exercise("Squat", 2.0))
    places = np.full((len(clip), len(layout.names), 3), np.nan)
    for index, name in enumerate(layout.names):
        if name in BODY25.names:
            places[:, index] = clip.positions[:, BODY25.index(name)]
    theirs, ours = simulate(Keypoints(places, layout, clip.fps), output_fps=20.0), simulate(clip, output_fps=20.0)
    assert theirs.keypoint_error_m.mean() < 0.02 and not theirs.flags
    assert theirs.activation.column("quadriceps_l").mean() == pytest.approx(ours.activation.column("quadriceps_l").mean(), rel=0.25)


CMU = {
    "pelvis": "root", "spine": "lowerback", "chest": "thorax", "neck": "lowerneck", "clavicle": "clavicle", "shoulder": "humerus",
    "elbow": "radius", "wrist": "hand", "hip": "femur", "knee": "tibia", "ankle": "foot", "toe": "toes",
}  # fmt: skip


def cmu_name(name):
    part, _, side = name.rpartition("_")
    return f"{side}{CMU[part]}" if part in CMU else CMU.get(name, name)


@pytest.mark.parametrize("kind", ["bvh", "cmu"])
def test_skeletons_simulate_the_same_squat(kind, tmp_path):
    motion = exercise("Squat", 2.0)
    given = motion
    if kind == "cmu":
        names = tuple(map(cmu_name, motion.skeleton.names))
        assert "lfemur" in names and len(set(names)) == len(names)
        given = replace(motion, skeleton=Skeleton(names, motion.skeleton.parents, motion.skeleton.offsets))
    io.bvh.write(tmp_path / "squat.bvh", given)
    theirs, ours = simulate(io.read(tmp_path / "squat.bvh"), output_fps=20.0), simulate(motion, output_fps=20.0)
    assert not theirs.flags
    np.testing.assert_allclose(theirs.activation.values, ours.activation.values, atol=2e-3)
