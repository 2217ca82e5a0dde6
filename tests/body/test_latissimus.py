"""Latissimus dorsi reaches the spine and the pelvis, at lengths at which a muscle can work."""

import numpy as np
import pytest

mujoco = pytest.importorskip("mujoco")
from agonist.body.model import HINGES, scaled_body, segment_scales
from agonist.body.person import Person
from agonist.predict import standing_keypoints
from tests.clips import exercise

pytestmark = pytest.mark.physics

STRIPS = {"r": ("LAT1", "LAT2", "LAT3"), "l": ("LAT1_l", "LAT2_l", "LAT3_l")}


@pytest.fixture(scope="module")
def body():
    return scaled_body(segment_scales(standing_keypoints(exercise("Idle", 1.0)).positions), Person())


def moment_arms(body, muscle, **degrees):
    """Moment arm in metres of a muscle about every hinge, and its fibre length in optimal ones; positive turns the hinge forward."""
    hinges = np.zeros(len(HINGES))
    for name, angle in degrees.items():
        hinges[HINGES.index(name)] = np.radians(angle)
    data = mujoco.MjData(body.mj)
    data.qpos[:] = body.qpos(np.array([0, 0, 1.0, 1, 0, 0, 0]), hinges)
    mujoco.mj_fwdPosition(body.mj, data)
    moment = np.zeros((body.mj.nu, body.mj.nv))
    mujoco.mju_sparse2dense(moment, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind)
    actuator = body.mj.actuator(muscle).id
    g, _ = body.velocity_map(hinges)
    low, _ = body.mj.actuator_lengthrange[actuator]
    fibre = body.optimal_fibre_m[body.muscle_names.index(muscle)]
    length = (data.actuator_length[actuator] - low) / fibre + body.mj.actuator_gainprm[actuator, 0]
    # A muscle pulls along its shortening: the other way than its length grows.
    return dict(zip(HINGES, -(moment[actuator] @ g)[6:], strict=True)), float(length)


@pytest.mark.parametrize("side", ["l", "r"])
def test_every_strip_works_over_the_whole_range_of_the_arm(body, side):
    for strip in STRIPS[side]:
        for elevation in (0, 45, 90, 135):
            _, length = moment_arms(body, strip, **{f"shoulder_elv_{side}": elevation, f"elv_angle_{side}": 45})
            # Active force is zero outside 0.5 to 1.5 optimal fibre lengths (Zajac 1989).
            assert 0.45 < length < 1.5, (strip, elevation, length)


@pytest.mark.parametrize("side", ["l", "r"])
def test_it_pulls_a_raised_arm_down(body, side):
    """Latissimus is among the strongest adductors of a raised arm (Hik & Ackland 2019)."""
    for strip in STRIPS[side]:
        arms, _ = moment_arms(body, strip, **{f"shoulder_elv_{side}": 80})
        assert -0.06 < arms[f"shoulder_elv_{side}"] < -0.01


@pytest.mark.parametrize("side", ["l", "r"])
def test_the_lower_strips_extend_the_spine_and_the_upper_one_does_not(body, side):
    upper, middle, lower = (moment_arms(body, strip)[0]["flex_extension"] for strip in STRIPS[side])
    assert abs(upper) < 1e-6
    assert abs(middle) > 0.005 and abs(lower) > 0.02 and np.sign(middle) == np.sign(lower)
    extensor, _ = moment_arms(body, f"IL_L2_{side}")
    assert np.sign(extensor["flex_extension"]) == np.sign(lower)


def test_both_sides_are_mirror_images(body):
    for left, right in zip(STRIPS["l"], STRIPS["r"], strict=True):
        pairs = [moment_arms(body, strip, **{f"shoulder_elv_{side}": 60, f"elv_angle_{side}": 30})
                 for strip, side in ((left, "l"), (right, "r"))]  # fmt: skip
        assert pairs[0][1] == pytest.approx(pairs[1][1], abs=0.02)
        assert pairs[0][0]["shoulder_elv_l"] == pytest.approx(pairs[1][0]["shoulder_elv_r"], abs=0.003)
