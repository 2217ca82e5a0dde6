"""Joint angles of OpenSim's gait models: which way each turns, and a real walk against its own markers."""

from dataclasses import replace

import numpy as np
import pytest

from agonist import io
from agonist.errors import FileFormatError, InputError
from agonist.humanoid import body_height_m, map_humanoid
from agonist.io.coordinates import NEEDED_COORDINATES, motion_from_coordinates
from agonist.io.mot_sto import OpenSimTable, write
from agonist.keypoint_layouts import BODY25
from agonist.predict import standing_keypoints

FORWARD, LEFT, UP = np.eye(3)


def table(**angles):
    """Ten rows of a person who stands, with some coordinates in degrees; knees bend towards negative angles."""
    names = (*NEEDED_COORDINATES, "arm_flex_r", "arm_add_l", "elbow_flex_r", "lumbar_extension", "lumbar_bending")
    row = {"pelvis_ty": 0.95, "knee_angle_r": -1.0, "knee_angle_l": -1.0} | angles
    return OpenSimTable("pose", np.arange(10) / 50, names, np.tile([row.get(name, 0.0) for name in names], (10, 1)), in_degrees=True)


def keypoint(name, **angles):
    keypoints = standing_keypoints(motion_from_coordinates(table(**angles)))
    return keypoints.positions[5, BODY25.index(name)] - keypoints.positions[5, BODY25.index("mid_hip")]


@pytest.mark.parametrize(
    "coordinate, moved, direction",
    [
        ("hip_flexion_r", "knee_r", FORWARD), ("hip_flexion_l", "knee_l", FORWARD), ("hip_adduction_r", "knee_r", LEFT),
        ("hip_adduction_l", "knee_l", -LEFT), ("hip_rotation_r", "big_toe_r", LEFT), ("hip_rotation_l", "big_toe_l", -LEFT),
        ("ankle_angle_r", "big_toe_r", UP), ("lumbar_extension", "neck", -FORWARD), ("lumbar_bending", "neck", -LEFT),
        ("arm_flex_r", "wrist_r", FORWARD), ("arm_add_l", "wrist_l", -LEFT), ("elbow_flex_r", "wrist_r", FORWARD),
        ("pelvis_tilt", "neck", -FORWARD), ("pelvis_list", "neck", -LEFT),
    ],
)  # fmt: skip
def test_positive_angles_turn_as_opensim_turns_them(coordinate, moved, direction):
    change = keypoint(moved, **{coordinate: 20.0}) - keypoint(moved)
    assert change @ direction > 0.7 * np.linalg.norm(change) > 0.02


def test_knees_bend_backwards_whatever_their_sign():
    for sign in (-1.0, 1.0):
        assert (keypoint("ankle_r", knee_angle_r=sign * 60.0) - keypoint("ankle_r")) @ FORWARD < -0.2


def test_standing_legs_reach_the_floor():
    keypoints = standing_keypoints(motion_from_coordinates(table()))
    assert abs(keypoints.positions[0, BODY25.index("heel_r"), 2]) < 0.05


def test_a_real_walk_agrees_with_its_markers(data_dir):
    folder = data_dir / "opensim_moco"
    angles, markers = standing_keypoints(io.read(folder / "coordinates.mot")), io.read(folder / "markers_walk.trc")
    assert len(angles) == len(markers) and angles.fps == markers.fps
    for name in ("mid_hip", "knee_l", "knee_r", "ankle_l", "ankle_r"):
        apart = np.linalg.norm(angles.positions[:, BODY25.index(name)] - markers.positions[:, BODY25.index(name)], axis=1)
        # One scale for the whole body, hips by regression and skin that moves: centimetres, not millimetres.
        assert np.median(apart) < 0.06, (name, np.median(apart))


def test_other_tables_say_what_is_missing(tmp_path):
    path = tmp_path / "forces.mot"
    write(path, OpenSimTable("forces", np.arange(3) / 10, ("ground_force_vx",), np.zeros((3, 1))))
    with pytest.raises(FileFormatError, match=r"forces\.mot: a table without the joint angles"):
        io.read(path)
    with pytest.raises(InputError, match="lacks pelvis_tilt"):
        motion_from_coordinates(io.mot_sto.read(path))


@pytest.mark.parametrize("said", ["inDegrees=yes", "inDegrees = y", "Angles are in degrees.", "  angles are in  degrees", "name walk", ""])
def test_degrees_are_degrees_however_a_header_says_so(tmp_path, said):
    path = tmp_path / "walk.mot"
    bent = table(hip_flexion_r=40.0, knee_angle_r=-70.0)
    write(path, bent)
    path.write_text(path.read_text().replace("inDegrees=yes", said))
    turns = io.read(path).rotations_parent_from_joint
    np.testing.assert_allclose(turns, motion_from_coordinates(bent).rotations_parent_from_joint, atol=1e-9)


@pytest.mark.parametrize("said", ["inDegrees=no", "inDegrees=n", "Angles are in radians.", ""])
def test_radians_are_radians_however_a_header_says_so(tmp_path, said):
    path = tmp_path / "walk.mot"
    bent = table(hip_flexion_r=40.0, knee_angle_r=-70.0, pelvis_rotation=800.0)
    is_place = [name.startswith("pelvis_t") and name != "pelvis_tilt" for name in bent.columns]
    write(path, replace(bent, values=np.where(is_place, bent.values, np.radians(bent.values)), in_degrees=False))
    path.write_text(path.read_text().replace("inDegrees=no", said))
    turns = io.read(path).rotations_parent_from_joint
    np.testing.assert_allclose(turns, motion_from_coordinates(bent).rotations_parent_from_joint, atol=1e-9)


@pytest.mark.parametrize("pelvis_ty", [0.0, -0.1, 0.02, 0.25, 3.1])
def test_a_pelvis_that_is_not_above_the_floor_leaves_a_body_of_usual_height(pelvis_ty):
    motion = motion_from_coordinates(table(pelvis_ty=pelvis_ty))
    assert body_height_m(motion.skeleton, map_humanoid(motion.skeleton)) == pytest.approx(1.75)
    usual = motion_from_coordinates(table(), height_m=1.75)
    np.testing.assert_allclose(motion.root_position[:, 2] - usual.root_position[:, 2], pelvis_ty - 0.95, atol=1e-9)


@pytest.mark.parametrize("pelvis_ty", [0.5, 0.95, 1.2])
def test_legs_fit_the_height_of_the_pelvis(pelvis_ty):
    keypoints = motion_from_coordinates(table(pelvis_ty=pelvis_ty)).positions_world
    assert abs(keypoints[0, :, 2].min()) < 0.12 * pelvis_ty


def test_a_damaged_number_is_refused():
    with pytest.raises(InputError, match=r"reach 1e\+308"):
        motion_from_coordinates(table(hip_flexion_l=1e308))


def test_a_column_may_have_blanks_in_its_name_where_tabs_part_the_columns(tmp_path):
    (tmp_path / "emg.sto").write_text("emg\nendheader\ntime\tR Vastus lat\tquadriceps_l\n0.0\t1\t2\n0.1\tnan\t4\n")
    table = io.mot_sto.read(tmp_path / "emg.sto")
    assert table.columns == ("R Vastus lat", "quadriceps_l") and table.column("quadriceps_l").tolist() == [2, 4]
    # Tabs before the numbers and blanks between them, as some programs pad them.
    (tmp_path / "padded.sto").write_text("q\nendheader\n time\t knee \thip\n  0.0\t 1 \t2\n  0.1\t3\t 4 \n")
    assert io.mot_sto.read(tmp_path / "padded.sto").columns == ("knee", "hip")
