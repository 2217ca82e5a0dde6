"""What goes on to OpenSim: the numbers of the simulation, in OpenSim's axes, readable again."""

import numpy as np
import pytest

pytest.importorskip("mujoco")
from agonist.body import Person, simulate
from agonist.body.plates import force_plates
from agonist.body.tables import simulated_keypoints, simulation_tables
from agonist.io import mot_sto, trc
from tests.clips import exercise

pytestmark = pytest.mark.physics


@pytest.fixture(scope="module")
def squat():
    return simulate(exercise("Squat", 2.0), Person(), output_fps=20.0, muscles="surface24")


def test_tables_are_written_and_read_again(squat, tmp_path):
    for name, table in simulation_tables(squat).items():
        mot_sto.write(tmp_path / name, table)
        again = mot_sto.read(tmp_path / name)
        assert again.columns == table.columns and len(again) == len(squat.activation)
        np.testing.assert_allclose(again.values, table.values, rtol=1e-8, atol=1e-9)
    degrees = mot_sto.read(tmp_path / "angles.mot")
    assert degrees.in_degrees
    knee = squat.joint_angles[:, squat.joint_names.index("knee_angle_l")]
    np.testing.assert_allclose(np.radians(degrees.column("knee_angle_l")), knee, atol=1e-9)


def test_the_ground_reaction_can_be_given_back_as_force_plates(squat):
    plates = force_plates(simulation_tables(squat)["ground_reaction.mot"])
    for frame in (0, 10, 20):
        force, place, _ = plates.at(frame / 20)
        np.testing.assert_allclose(force, squat.ground_reaction[frame], atol=1e-9)
        np.testing.assert_allclose(place, squat.ground_centre[frame], atol=1e-9)
    again = simulate(exercise("Squat", 2.0), Person(), output_fps=20.0, plates=plates)
    np.testing.assert_allclose(again.joint_torques, squat.joint_torques, atol=1e-2)


def test_the_centre_of_pressure_is_under_the_foot(squat):
    ankles = squat.keypoints[:, [14, 11]]
    assert np.linalg.norm((squat.ground_centre - ankles)[..., :2], axis=-1).max() < 0.25
    assert np.abs(squat.ground_centre[..., 2]).max() < 0.03


def test_lengths_and_sets(squat, tmp_path):
    assert squat.activation.muscles.name == "surface24" and squat.activation.values.shape[1] == 24
    assert squat.model_length_m.shape == squat.model_activation.shape
    vasti = squat.model_length_m[:, squat.model_muscles.index("vaslat_l")]
    knee = squat.joint_angles[:, squat.joint_names.index("knee_angle_l")]
    # A knee that bends stretches its extensors.
    assert np.corrcoef(vasti, knee)[0, 1] > 0.99
    trc.write(tmp_path / "keypoints.trc", simulated_keypoints(squat))
    np.testing.assert_allclose(trc.read(tmp_path / "keypoints.trc").positions[:, 14], squat.keypoints[:, 14], atol=1e-4)
