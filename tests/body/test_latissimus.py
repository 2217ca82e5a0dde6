"""Latissimus dorsi reaches the spine and the pelvis, at lengths at which a muscle can work."""

import numpy as np
import pytest

pytest.importorskip("mujoco")
from tests.body.arms import moment_arms

pytestmark = pytest.mark.physics

STRIPS = {"r": ("LAT1", "LAT2", "LAT3"), "l": ("LAT1_l", "LAT2_l", "LAT3_l")}


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
