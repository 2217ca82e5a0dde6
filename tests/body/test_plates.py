"""Force plates: which column is which, what happens between samples, and a walk with them."""

import numpy as np
import pytest

from agonist import io
from agonist.body.plates import force_plates
from agonist.errors import InputError
from agonist.io.mot_sto import OpenSimTable


def table(prefix_left="ground_force_l_", prefix_right="ground_force_r_"):
    columns = [f"{prefix}{part}{axis}" for prefix in (prefix_left, prefix_right) for part in "vp" for axis in "xyz"]
    rows = np.zeros((4, 12))
    rows[:, :6] = [10.0, 700.0, 20.0, 0.5, 0.0, -0.1]
    # The right foot is in the air, and its centre of pressure noise; it lands at the third sample.
    rows[:, 6:] = [0.0, 1.0, 0.0, 300.0, 0.0, 90.0]
    rows[2:, 6:] = [-30.0, 400.0, 0.0, 1.0, 0.0, 0.1]
    return OpenSimTable("grf", np.arange(4) / 10, tuple(columns), rows)


def test_y_up_becomes_z_up_and_left_comes_first():
    force, place, moment = force_plates(table()).at(0.05)
    np.testing.assert_allclose(force, [[10, -20, 700], [0, 0, 0]])
    np.testing.assert_allclose(place[0], [0.5, 0.1, 0.0])
    assert not moment.any()


def test_a_foot_that_lands_never_has_its_centre_in_the_noise():
    force, place, _ = force_plates(table()).at(0.15)
    assert force[1, 2] == pytest.approx(200)
    np.testing.assert_allclose(place[1], [1.0, -0.1, 0.0])


def test_outside_the_recording_nothing_pushes():
    assert not force_plates(table()).at(9.0)[0].any()


def test_missing_columns_say_what_was_expected():
    with pytest.raises(InputError, match=r"ground force of the left foot. Expected columns such as ground_force_l_vy"):
        force_plates(table(prefix_left="plate_7_"))


@pytest.mark.physics
def test_a_walk_with_its_plates_has_opensims_torques(data_dir):
    pytest.importorskip("mujoco")
    from agonist.body import Person, simulate

    folder = data_dir / "opensim_moco"
    plates = force_plates(io.mot_sto.read(folder / "grf_walk.mot"))
    walk = simulate(io.read(folder / "markers_walk.trc"), Person(mass_kg=85.3), plates=plates)
    times = np.arange(len(walk.activation)) / walk.activation.fps
    window = (times > 0.5) & (times < 1.9)
    reference = io.mot_sto.read(folder / "id_walk.sto")
    for joint, least in (("hip_adduction_r", 0.9), ("knee_angle_r", 0.9), ("ankle_angle_r", 0.9)):
        theirs = np.interp(times, reference.times, reference.column(f"{joint}_moment"))[window]
        assert np.corrcoef(walk.joint_torques[window, walk.joint_names.index(joint)], theirs)[0, 1] > least
    np.testing.assert_allclose(walk.ground_reaction[100, 1], plates.at(1.0)[0][1])
