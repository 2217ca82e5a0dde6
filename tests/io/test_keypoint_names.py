"""Keypoints by other tools' names: Sports2D's and Pose2Sim's TRC and C3D, our own TRC, and what is no body."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist import io, rotations
from agonist.capture.fit import fit_motion
from agonist.corpus.exercises import EXERCISES
from agonist.errors import FileFormatError
from agonist.humanoid import body25_from_motion
from agonist.io import trc
from agonist.io.keypoint_names import our_name
from agonist.io.markers import marker_layout
from agonist.keypoint_layouts import BODY25, LAYOUTS
from agonist.motion import Keypoints
from agonist.predict import predict
from tests.clips import exercise
from tests.io.c3d_files import c3d_bytes
from tests.io.pose2sim_files import HALPE_26, SKELETONS, trc_text, y_up
from tests.search import examples

SQUAT = body25_from_motion(exercise("Squat", 1.0, seed=4))


def _same(found, names, quarter=True):
    """The points are the squat's, turned by a quarter about the vertical as Pose2Sim turns them."""
    for name in names:
        place = found.positions[:, BODY25.index(name)]
        expected = SQUAT.positions[:, BODY25.index(name)]
        if quarter:
            expected = np.stack([expected[:, 1], -expected[:, 0], expected[:, 2]], axis=-1)
        np.testing.assert_allclose(place, expected, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("skeleton", SKELETONS)
def test_every_skeleton_of_pose2sim_is_a_body(tmp_path, skeleton):
    names = SKELETONS[skeleton]
    (tmp_path / "walk.trc").write_text(trc_text(SQUAT, names, first=30))
    found = io.read(tmp_path / "walk.trc")
    assert found.layout == BODY25 and found.fps == SQUAT.fps and found.start == pytest.approx(30 / SQUAT.fps)
    _same(found, set(names.values()))
    if skeleton == "BLAZEPOSE":
        np.testing.assert_array_equal(found.positions[:, BODY25.index("small_toe_l")], found.positions[:, BODY25.index("big_toe_l")])
    # And it goes all the way: a motion with the person's own legs, and muscles that work.
    motion = fit_motion(found)
    skin = motion.skeleton
    assert np.linalg.norm(skin.offsets[skin.index("knee_l")]) == pytest.approx(
        np.median(np.linalg.norm(SQUAT.positions[:, 13] - SQUAT.positions[:, 12], axis=-1)), rel=0.02
    )


def test_the_muscles_are_those_of_the_same_motion_in_our_own_file(tmp_path):
    (tmp_path / "walk.trc").write_text(trc_text(SQUAT, HALPE_26))
    found, expected = (predict(clip).column("quadriceps_l") for clip in (io.read(tmp_path / "walk.trc"), SQUAT))
    assert np.corrcoef(found, expected)[0, 1] > 0.95 and found.max() > 0.5 * expected.max()


def test_pose2sims_c3d_says_on_its_screen_axes_that_y_is_up(tmp_path):
    points = y_up(SQUAT.positions[:, [BODY25.index(ours) for ours in HALPE_26.values()]]) * 1000
    for screen, quarter in ((("+Z", "+Y"), True), (None, False)):
        given = points if quarter else SQUAT.positions[:, [BODY25.index(ours) for ours in HALPE_26.values()]] * 1000
        (tmp_path / "walk.c3d").write_bytes(c3d_bytes(given, list(HALPE_26), fps=30.0, screen=screen))
        found = io.read(tmp_path / "walk.c3d")
        assert found.layout == BODY25
        np.testing.assert_allclose(found.positions[..., 2][:, BODY25.index("neck")], SQUAT.positions[:, 1, 2], atol=1e-4)
        for name in ("knee_l", "wrist_r"):
            assert found.positions[:, BODY25.index(name), 2] == pytest.approx(SQUAT.positions[:, BODY25.index(name), 2], abs=1e-4)
    # Who writes +X and +Y was not told; the caller is.
    (tmp_path / "walk.c3d").write_bytes(c3d_bytes(points, list(HALPE_26), fps=30.0, screen=("+X", "+Y")))
    assert io.read(tmp_path / "walk.c3d").positions[0, 1, 2] != pytest.approx(SQUAT.positions[0, 1, 2], abs=0.1)
    assert io.read(tmp_path / "walk.c3d", io.Unsaid(up="y")).positions[0, 1, 2] == pytest.approx(SQUAT.positions[0, 1, 2], abs=1e-4)


def _z_up(path, points):
    """A TRC whose columns are the house's own axes, as many laboratories write it."""
    # Our writer turns x, y, z to the file's x, z, -y.
    trc.write(path, replace(points, positions=points.positions[..., [0, 2, 1]] * [1, -1, 1]))


@given(
    seed=st.integers(0, 10**6), name=st.sampled_from(sorted(EXERCISES)), turn=st.floats(-3.2, 3.2), aside=st.floats(-3, 3),
    skeleton=st.sampled_from(sorted(SKELETONS)),
)  # fmt: skip
@settings(max_examples=examples(20))
def test_a_trc_with_z_up_is_seen_by_the_body_that_stands_in_it(tmp_path_factory, seed, name, turn, aside, skeleton):
    folder, body = tmp_path_factory.mktemp("trc"), body25_from_motion(exercise(name, 1.0, seed))
    spin = rotations.to_matrix(rotations.from_axis_angle("z", turn))
    chosen = [BODY25.index(ours) for ours in SKELETONS[skeleton].values()]
    points = Keypoints((body.positions @ spin.T + [aside, -aside, 0.0])[:, chosen], marker_layout(tuple(SKELETONS[skeleton])), body.fps)
    trc.write(folder / "y.trc", points)
    _z_up(folder / "z.trc", points)
    usual, other = io.read(folder / "y.trc"), io.read(folder / "z.trc")
    assert usual.layout == other.layout == BODY25
    np.testing.assert_allclose(other.positions, usual.positions, atol=1e-8)
    knee = BODY25.index("knee_l")
    expected = body.positions[:, knee] @ spin.T + [aside, -aside, 0.0]
    np.testing.assert_allclose(usual.positions[:, knee], expected, atol=1e-8)
    # Whoever says it is believed.
    told = io.read(folder / "z.trc", io.Unsaid(up="y")).positions[:, knee]
    np.testing.assert_allclose(told, np.stack([expected[:, 0], -expected[:, 2], expected[:, 1]], axis=-1), atol=1e-8)


@given(seed=st.integers(0, 10**6), away=st.floats(-5, 5), roll=st.floats(-3.2, 3.2))
@settings(max_examples=examples(20))
def test_who_lies_in_a_trc_with_y_up_is_not_stood_up(tmp_path_factory, seed, away, roll):
    path, body = tmp_path_factory.mktemp("trc") / "lying.trc", body25_from_motion(exercise("Squat", 0.5, seed))
    # Lying on the floor with the head towards -Y, which is the file's Z, on the back or on a side.
    down = rotations.to_matrix(rotations.from_axis_angle("x", np.array(np.pi / 2)))
    points = body.positions @ rotations.to_matrix(rotations.from_axis_angle("z", np.array(roll))).T @ down.T
    points[..., 1] += away
    points[..., 2] -= points[..., 2].min()
    if abs(points[..., 1].max(axis=1)).min() < 0.5:
        # Soles where the floor would be: nobody could tell.
        return
    trc.write(path, replace(body, positions=points))
    np.testing.assert_allclose(io.read(path).positions, points, atol=1e-8)


@given(seed=st.integers(0, 10**6), layout=st.sampled_from(list(LAYOUTS)))
@settings(max_examples=examples(40))
def test_our_own_trc_comes_back_in_its_layout(tmp_path_factory, seed, layout):
    rng = np.random.default_rng(seed)
    names = LAYOUTS[layout].names
    points = rng.normal(0, 2, (int(rng.integers(1, 9)), len(names), 3))
    points[rng.uniform(size=points.shape[:2]) < 0.2] = np.nan
    points[0, 0] = 1.0, 2.0, 3.0
    before = Keypoints(points, LAYOUTS[layout], float(rng.uniform(1, 500)), start=round(rng.normal(0, 99), 3))
    path = tmp_path_factory.mktemp("trc") / "k.trc"
    trc.write(path, before)
    after = io.read(path)
    assert after.layout == before.layout and after.fps == pytest.approx(before.fps) and after.start == pytest.approx(before.start)
    np.testing.assert_allclose(after.positions, before.positions, atol=1e-8)


def test_our_own_trc_is_fitted_as_what_was_written(tmp_path):
    trc.write(tmp_path / "squat.trc", SQUAT)
    expected, found = fit_motion(SQUAT), fit_motion(io.read(tmp_path / "squat.trc"))
    np.testing.assert_allclose(found.positions_world, expected.positions_world, atol=1e-6)


@given(order=st.permutations(list(HALPE_26)), extra=st.lists(st.sampled_from(["C7", "r_knee_study", "RASI", "RThumb", "*12"]), unique=True))
@settings(max_examples=examples(25))
def test_order_and_markers_besides_do_not_matter(tmp_path_factory, order, extra):
    path = tmp_path_factory.mktemp("trc") / "k.trc"
    path.write_text(trc_text(SQUAT, {name: HALPE_26.get(name, "nose") for name in [*order, *extra]}))
    _same(io.read(path), set(HALPE_26.values()))


def test_a_picture_without_depth_is_refused(tmp_path):
    # Sports2D's file in pixels, and the one in metres of a person whose side was not known: z is 0.
    flat = replace(SQUAT, positions=SQUAT.positions * [0.0, 1.0, 1.0])
    (tmp_path / "walk.trc").write_text(trc_text(flat, HALPE_26))
    with pytest.raises(FileFormatError, match=r"walk\.trc: keypoints of a picture, all in one plane\. Expected points in space"):
        io.read(tmp_path / "walk.trc")


def test_legs_alone_are_markers_still(tmp_path):
    legs = {name: ours for name, ours in HALPE_26.items() if not name.endswith(("Elbow", "Wrist"))}
    (tmp_path / "walk.trc").write_text(trc_text(SQUAT, legs))
    assert io.read(tmp_path / "walk.trc").layout.names == tuple(legs)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("RHip", "hip_r"), ("LBigToe", "big_toe_l"), ("LHipJ", "hip_l"), ("Lknee", "knee_l"), ("CHip", "mid_hip"), ("MidHip", "mid_hip"),
        ("left_foot_index", "foot_index_l"), ("body_right_hip", "hip_r"), ("mouth_right", "mouth_r"), ("right_eye_inner", "eye_inner_r"),
        ("subject:RWrist", "wrist_r"), ("shoulder_l", "shoulder_l"), ("right_eye", "eye_r"),
        ("RASI", None), ("R.Knee.Lat", None), ("", None), ("L", None), ("r_knee_study", None), ("RHJC_study", None), ("left", None),
    ],
)  # fmt: skip
def test_names(theirs, ours):
    assert our_name(theirs) == ours


def test_a_real_walk_with_markers_is_read_as_before(data_dir):
    walk = io.read(data_dir / "opensim_moco" / "markers_walk.trc")
    assert walk.layout == BODY25 and walk.provenance["from"] == "markers"
