"""Windows in MIA's layout: they come back, camera axes are right, and broken ones say what is wrong."""

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agonist.activation import Activation
from agonist.errors import AgonistError, FileFormatError, InputError
from agonist.humanoid import body25_from_motion
from agonist.io import mia
from agonist.keypoint_layouts import BODY25, LAYOUTS
from agonist.motion import Keypoints
from agonist.muscles import muscle_set
from tests.clips import exercise
from tests.search import examples


def _window(frames=30):
    positions = body25_from_motion(exercise("Squat", 4.0).resample(10.0)).positions[:frames]
    values = np.random.default_rng(0).uniform(0, 1, (len(positions), 8))
    return Keypoints(positions, BODY25, 10.0), Activation(values, muscle_set("mia8"), 10.0, reference="simulated")


def test_a_window_comes_back_around_its_hips(tmp_path):
    keypoints, activation = _window()
    mia.write(tmp_path / "0", keypoints, activation, full_scale_counts=300)
    again = mia.read(tmp_path / "0", full_scale_counts=300)
    around = keypoints.positions - keypoints.positions[:, [BODY25.index("mid_hip")]]
    np.testing.assert_allclose(again.keypoints.positions, around, atol=1e-6)
    np.testing.assert_allclose(again.activation.values, activation.values, atol=0.5 / 300 + 1e-9)
    assert (again.keypoints.fps, again.activation.muscles.name, len(again.keypoints)) == (10.0, "mia8", 30)
    # What was counts stays counts: a second trip changes nothing.
    mia.write(tmp_path / "1", again.keypoints, again.activation, full_scale_counts=300)
    for name in ("emgvalues", "joints3d", "joints2d"):
        np.testing.assert_array_equal(np.load(tmp_path / "0" / f"{name}.npy"), np.load(tmp_path / "1" / f"{name}.npy"))


def test_the_arrays_are_those_of_the_data_set(tmp_path):
    keypoints, activation = _window()
    mia.write(tmp_path, keypoints, activation)
    emg, joints, pixels = (np.load(tmp_path / f"{name}.npy") for name in ("emgvalues", "joints3d", "joints2d"))
    assert (emg.shape, emg.dtype, joints.shape, pixels.shape) == ((30, 8), np.float64, (30, 25, 3), (30, 25, 2))
    np.testing.assert_array_equal(emg, np.round(emg))
    # y down: the head is above the feet; x right: who faces the camera has the left hand on the picture's right; in the frame.
    facing = Keypoints(_facing(keypoints.positions), BODY25, 10.0)
    mia.write(tmp_path, facing, activation)
    joints, pixels = (np.load(tmp_path / f"{name}.npy") for name in ("joints3d", "joints2d"))
    assert (joints[:, BODY25.index("nose"), 1] < joints[:, BODY25.index("heel_l"), 1]).all()
    assert (joints[:, BODY25.index("shoulder_l"), 0] > joints[:, BODY25.index("shoulder_r"), 0]).all()
    assert (joints[:, BODY25.index("big_toe_l"), 2] < joints[:, BODY25.index("heel_l"), 2]).all()
    assert pixels.min() > 0 and pixels[..., 0].max() < 1080 and pixels[..., 1].max() < 1920


def _facing(positions):
    """Turned about z so that the left hip is on +X of the right one."""
    across = positions[0, BODY25.index("hip_l")] - positions[0, BODY25.index("hip_r")]
    c, s = across[:2] / np.hypot(*across[:2])
    return positions @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]]).T


def test_extra_joints_are_left_and_the_mesh_is_never_opened(tmp_path):
    np.save(tmp_path / "joints3d.npy", np.random.default_rng(0).normal(size=(12, 49, 3)))
    np.save(tmp_path / "emgvalues.npy", np.arange(96.0).reshape(12, 8))
    (tmp_path / "verts.npy").write_bytes(pickle.dumps("never"))
    window = mia.read(tmp_path)
    assert len(window.activation) == 12
    assert window.activation.column("biceps_r")[0] == pytest.approx(7 / 515)


def test_windows_are_found_in_order(tmp_path):
    keypoints, activation = _window(4)
    places = ["train/Subject0/Squat/2", "train/Subject0/Squat/10", "train/Subject1/LegBack/0", "val/Subject0/Squat/0"]
    for place in reversed(places):
        mia.write(tmp_path / place, keypoints, activation)
    assert [str(path.relative_to(tmp_path)) for path in mia.windows(tmp_path)] == places


def _set(folder, name, array):
    np.save(folder / f"{name}.npy", array, allow_pickle=True)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: (f / "emgvalues.npy").unlink(), "no such file"),
        (lambda f: (f / "joints3d.npy").write_bytes(b"not an array"), "cannot be read"),
        (lambda f: (f / "joints3d.npy").write_bytes((f / "joints3d.npy").read_bytes()[:-9]), "cannot be read"),
        (lambda f: _set(f, "emgvalues", np.array([{"a": 1}], dtype=object)), "cannot be read"),
        (lambda f: (f / "emgvalues.npy").write_bytes(pickle.dumps([1, 2])), "cannot be read"),
        (lambda f: _set(f, "emgvalues", np.full((30, 8), "many")), "not an array of numbers"),
        (lambda f: _set(f, "emgvalues", np.ones((29, 8))), r"shape \(29, 8\)"),
        (lambda f: _set(f, "emgvalues", np.full((30, 8), -1.0)), "counts from -1"),
        (lambda f: _set(f, "emgvalues", np.full((30, 8), np.nan)), "counts from nan"),
        (lambda f: _set(f, "emgvalues", np.full((30, 8), 600.0)), "larger full scale"),
        (lambda f: _set(f, "joints3d", np.ones((30, 24, 3))), r"shape \(30, 24, 3\)"),
        (lambda f: _set(f, "joints3d", np.full((30, 25, 3), np.nan)), "NaN"),
        (lambda f: [_set(f, "joints3d", np.ones((0, 25, 3))), _set(f, "emgvalues", np.ones((0, 8)))], "zero frames|cannot be read"),
    ],
)
def test_a_broken_window_says_what_is_wrong(tmp_path, break_it, message):
    mia.write(tmp_path, *_window())
    break_it(tmp_path)
    with pytest.raises(FileFormatError, match=message):
        mia.read(tmp_path)


def test_a_header_that_promises_petabytes_is_refused_without_asking_for_them(tmp_path):
    mia.write(tmp_path, *_window())
    path = tmp_path / "joints3d.npy"
    honest, lie = b"(30, 25, 3), }".ljust(26), b"(9999999, 25, 9999999), }".ljust(26)
    assert honest in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(honest, lie))
    with pytest.raises(FileFormatError, match="cannot be read"):
        mia.read(tmp_path)


def test_what_the_layout_cannot_hold_is_refused(tmp_path):
    keypoints, activation = _window()
    coco = LAYOUTS["coco17"]
    for wrong, with_message in [
        ((Keypoints(np.ones((30, 17, 3)), coco, 10.0), activation), "coco17"),
        ((Keypoints(keypoints.positions, BODY25, 20.0), activation), "at 20"),
        ((Keypoints(keypoints.positions[:5], BODY25, 10.0), activation), "5 frames"),
        ((Keypoints(np.where(np.arange(25)[:, None] == 3, np.nan, keypoints.positions), BODY25, 10.0), activation), "not seen"),
    ]:
        with pytest.raises(InputError, match=with_message):
            mia.write(tmp_path / "w", *wrong)
    assert not (tmp_path / "w").exists()
    for scale in (0.0, float("nan")):
        with pytest.raises(InputError, match="positive"):
            mia.read(tmp_path, full_scale_counts=scale)


@settings(max_examples=examples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["joints3d", "emgvalues"]), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=8),
       st.integers(0, 300))  # fmt: skip
def test_damaged_files_give_a_window_or_an_error_of_ours(tmp_path, name, changes, cut):
    mia.write(tmp_path, *_window())
    path = tmp_path / f"{name}.npy"
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    path.write_bytes(bytes(data[: len(data) - cut]))
    try:
        window = mia.read(tmp_path)
    except AgonistError as error:
        assert isinstance(error, FileFormatError) and str(path.parent) in str(error)
    else:
        assert window.keypoints.positions.shape == (len(window.activation), 25, 3)
