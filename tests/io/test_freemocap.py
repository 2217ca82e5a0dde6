"""FreeMoCap's three files hold the same body; hands and face do not matter; damage and other tables are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist import io
from agonist.activation import Activation
from agonist.errors import FileFormatError
from agonist.io import csv_activation
from agonist.keypoint_layouts import LAYOUTS
from agonist.motion import Keypoints
from agonist.muscles import muscle_set
from tests.search import examples

BLAZEPOSE = LAYOUTS["blazepose33"]
# The landmarks as MediaPipe names them, in its order.
_FACE = ["nose", *(f"{side}_eye{part}" for side in ("left", "right") for part in ("_inner", "", "_outer")), "left_ear", "right_ear"]
_REST = ("shoulder", "elbow", "wrist", "pinky", "index", "thumb", "hip", "knee", "ankle", "heel", "foot_index")
LANDMARKS = [*_FACE, "mouth_left", "mouth_right", *(f"{side}_{part}" for part in _REST for side in ("left", "right"))]


def _body(seed, frames=4):
    rng = np.random.default_rng(seed)
    points = rng.normal([0, 0, 1000], [300, 300, 500], (frames, 33, 3)).round(6)
    points[rng.uniform(size=(frames, 33)) < 0.1] = np.nan
    points[0] = np.arange(99).reshape(33, 3)
    return points


def _cell(number):
    return "" if np.isnan(number) else repr(float(number))


def _write(folder, kind, points):
    if kind == "npy":
        path = folder / "mediapipe_body_3d_xyz.npy"
        np.save(path, points)
        return path
    path = folder / "mediapipe_body_3d_xyz.csv"
    if kind == "long":
        lines = ["frame,keypoint,x,y,z,model,trajectory"]
        for kept, shift in (("3d_xyz", 0), ("rigid_3d_xyz", 50)):
            lines += [
                f"{frame},{name},{','.join(_cell(one + shift) for one in place)},mediapipe.body,{kept}"
                for frame, row in enumerate(points) for name, place in zip(LANDMARKS, row, strict=True)
            ]  # fmt: skip
    else:
        lines = [",".join(f"{kind}{name}_{axis}" for name in LANDMARKS for axis in "xyz")]
        lines += [",".join(_cell(one) for one in row.ravel()) for row in points]
    path.write_text("\n".join(lines) + "\n")
    return path


@given(seed=st.integers(0, 10**6), kind=st.sampled_from(["npy", "", "body_", "long"]))
@settings(max_examples=examples(40))
def test_every_file_is_the_same_body_in_metres(tmp_path_factory, seed, kind):
    points = _body(seed)
    found = io.read(_write(tmp_path_factory.mktemp("freemocap"), kind, points), io.Unsaid(fps=25.0))
    assert found.layout == BLAZEPOSE and found.fps == 25.0
    np.testing.assert_allclose(found.positions, points / 1000, atol=1e-9)
    np.testing.assert_array_equal(found.confidence > 0, np.isfinite(points).all(axis=-1))


def test_hands_and_face_that_follow_the_body_are_left_out(tmp_path):
    points = np.concatenate([_body(1), np.ones((4, 520, 3))], axis=1)
    np.save(tmp_path / "mediapipe_skeleton_3d.npy", points)
    np.testing.assert_allclose(io.read(tmp_path / "mediapipe_skeleton_3d.npy").positions, points[:, :33] / 1000)


def test_a_recording_without_a_floor_is_in_a_cameras_axes(tmp_path):
    path = _write(tmp_path, "body_", _body(2))
    upright, camera = io.read(path), io.read(path, io.Unsaid(up="-y"))
    np.testing.assert_allclose(camera.positions[..., 2], -upright.positions[..., 1])
    with pytest.raises(FileFormatError, match="'x' up"):
        io.read(path, io.Unsaid(up="x"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "an empty file"),
        ("a,b\n1,2\n", "columns a, b"),
        ("left_hip_x,left_hip_y\n1,2\n", "columns left_hip_x, left_hip_y"),
        ("left_hip_x,left_hip_y,left_hip_z\n1,2,3\n", r"points hip_l\. Expected shoulders"),
        ("left_hip_x,left_hip_y,left_hip_z\n1,2\n", ":2: a row that is cut short"),
        ("left_hip_x,left_hip_y,left_hip_z\n", "zero frames"),
        ("frame,keypoint,x,y,z\n0,left_hip,1,2,3\n99999999,left_hip,1,2,3\n", "with holes"),
        ("frame,keypoint,x,y,z\nfirst,left_hip,1,2,3\n", ":2: frame 'first'"),
        ("frame,keypoint,x,y,z\n0,board,1,2,3\n", "no point of a body"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path, text, found):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(FileFormatError, match=found):
        io.read(tmp_path / "a.csv")


def test_activation_is_no_motion(tmp_path):
    csv_activation.write(tmp_path / "a.csv", Activation(np.zeros((3, 8)), muscle_set("mia8"), 25.0))
    with pytest.raises(FileFormatError, match=r"a\.csv: columns .*Expected FreeMoCap's points"):
        io.read(tmp_path / "a.csv")


@pytest.mark.parametrize("shape", [(4, 17, 3), (4, 33), (4, 33, 2)])
def test_an_array_of_another_tracker_is_refused(tmp_path, shape):
    np.save(tmp_path / "a.npy", np.ones(shape))
    with pytest.raises(FileFormatError, match="the body's 33 points"):
        io.read(tmp_path / "a.npy")


def test_nothing_pickled_is_read(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[Keypoints]], dtype=object), allow_pickle=True)
    with pytest.raises(FileFormatError, match="no numpy array"):
        io.read(tmp_path / "a.npy")
