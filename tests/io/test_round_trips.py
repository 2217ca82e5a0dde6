"""What is written comes back: every format that is written, with what is hard about it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist import io, rotations
from agonist.activation import Activation
from agonist.errors import FileFormatError, InputError
from agonist.io import bvh, csv_activation, deepmimic, keypoints_json, mot_sto, npz, openpose
from agonist.io.mot_sto import OpenSimTable
from agonist.keypoint_layouts import BODY25, LAYOUTS, KeypointLayout
from agonist.motion import Keypoints, Motion
from agonist.muscles import MUSCLE_SETS, Muscle, MuscleSet, muscle_set
from agonist.skeleton import Skeleton
from tests.clips import exercise
from tests.search import examples

_seeds = st.integers(0, 10**6)


def _motion(seed: int) -> Motion:
    """A random tree that turns, with names that are hard for text formats; now and then its joints slide too."""
    rng = np.random.default_rng(seed)
    joints, frames = int(rng.integers(1, 9)), int(rng.integers(1, 12))
    names = tuple(f"jöint {k}" if k % 2 else f"mixamorig:Joint_{k}" for k in range(joints))
    parents = (-1, *(int(rng.integers(0, k)) for k in range(1, joints)))
    skeleton = Skeleton(names, parents, rng.normal(0, 0.3, (joints, 3)), {names[-1]: rng.normal(0, 0.1, 3)})
    turns = rotations.from_rotvec(rng.normal(0, 1.5, (frames, joints, 3)))
    slide = rng.normal(0, 0.3, (frames, joints, 3)) if seed % 3 == 0 else None
    fps, start = float(rng.uniform(1, 500)), float(rng.normal(0, 9))
    return Motion(skeleton, turns, rng.normal(0, 5, (frames, 3)), fps, start, slide, {"made of": [seed, np.float64(0.5)]})


@given(_seeds)
@settings(max_examples=examples(60))
def test_motion_in_npz(tmp_path_factory, seed):
    before = _motion(seed)
    path = tmp_path_factory.mktemp("npz") / "m.npz"
    npz.write(path, before)
    after = npz.read(path)
    np.testing.assert_array_equal(after.rotations_parent_from_joint, before.rotations_parent_from_joint)
    np.testing.assert_array_equal(after.positions_world, before.positions_world)
    assert (after.skeleton.names, after.skeleton.parents) == (before.skeleton.names, before.skeleton.parents)
    assert {name: list(end) for name, end in after.skeleton.end_sites.items()} == {
        name: list(end) for name, end in before.skeleton.end_sites.items()
    }
    assert (after.fps, after.start, after.provenance) == (before.fps, before.start, {"made of": [seed, 0.5]})


@given(_seeds)
@settings(max_examples=examples(60))
def test_motion_in_bvh(tmp_path_factory, seed):
    before = _motion(seed)
    layout = bvh.default_layout(before)
    path = tmp_path_factory.mktemp("bvh") / "m.bvh"
    bvh.write(path, before, layout)
    after = bvh.read(path, up=layout.up, unit_m=layout.unit_m).motion
    order = [after.skeleton.names.index(name) for name in before.skeleton.names]
    np.testing.assert_allclose(after.positions_world[:, order], before.positions_world, atol=1e-6)
    assert rotations.angle_between(after.rotations_world_from_joint[:, order], before.rotations_world_from_joint).max() < 1e-6
    assert after.fps == pytest.approx(before.fps, rel=1e-3)


_MARKERS = KeypointLayout("markers", ("L.Shoulder", "C7", "ünd"), {})


@pytest.mark.parametrize("layout", [*LAYOUTS.values(), _MARKERS], ids=lambda one: one.name)
@pytest.mark.parametrize("suffix", ["npz", "json"])
def test_keypoints_of_every_layout(tmp_path, layout, suffix):
    rng = np.random.default_rng(3)
    points = rng.normal(0, 1, (6, len(layout.names), 3))
    points[2, 1] = np.nan
    before = Keypoints(points, layout, 29.97, rng.uniform(0, 1, points.shape[:2]), start=-2.5)
    (npz.write if suffix == "npz" else keypoints_json.write)(tmp_path / f"k.{suffix}", before)
    after = io.read(tmp_path / f"k.{suffix}")
    np.testing.assert_array_equal(after.positions, before.positions)
    np.testing.assert_array_equal(after.confidence, before.confidence)
    assert (after.layout.names, after.fps, after.start) == (before.layout.names, before.fps, before.start)


@given(_seeds)
@settings(max_examples=examples(60))
@pytest.mark.parametrize("suffix", ["npz", "csv"])
def test_activation(tmp_path_factory, suffix, seed):
    rng = np.random.default_rng(seed)
    frames = int(rng.integers(1, 40))
    before = Activation(
        rng.uniform(0, 1, (frames, 8)), muscle_set("mia8"), float(rng.uniform(0.5, 2000)), float(rng.normal(0, 100)),
        unit="of the maximum, 100 %", reference='measured: "trial", ä\nsecond line',
        uncertainty=rng.uniform(0, 1, (frames, 8)) if seed % 2 else None,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("a") / f"a.{suffix}"
    (npz.write_activation if suffix == "npz" else csv_activation.write)(path, before)
    after = (npz.read_activation if suffix == "npz" else csv_activation.read)(path)
    np.testing.assert_allclose(after.values, before.values, atol=1e-6)
    assert (after.uncertainty is None) == (before.uncertainty is None)
    if before.uncertainty is not None:
        np.testing.assert_allclose(after.uncertainty, before.uncertainty, atol=1e-6)
    assert (after.muscles, after.fps, after.unit) == (before.muscles, before.fps, before.unit)
    assert after.start == pytest.approx(before.start, abs=1e-6)
    assert after.reference == (before.reference if suffix == "npz" else 'measured: "trial", ä second line')


@pytest.mark.parametrize("write, read", [(npz.write_activation, npz.read_activation), (csv_activation.write, csv_activation.read)])
@pytest.mark.parametrize("name", [*MUSCLE_SETS, "chosen"])
def test_activation_of_every_set_and_of_a_simulations_own(tmp_path, write, read, name):
    own = MuscleSet("chosen", (*MUSCLE_SETS["mia8"].muscles[:2], Muscle("glmax1_r", "", "glmax1 (right)", "")))
    muscles = MUSCLE_SETS.get(name, own)
    before = Activation(np.random.default_rng(0).uniform(0, 1, (4, len(muscles))), muscles, 25.0)
    write(tmp_path / "a", before)
    after = read(tmp_path / "a")
    assert after.muscles == muscles
    np.testing.assert_allclose(after.values, before.values, atol=1e-6)


def test_muscles_that_are_not_those_of_their_set_are_refused(tmp_path):
    csv_activation.write(tmp_path / "a.csv", Activation(np.zeros((3, 8)), muscle_set("mia8"), 25.0))
    text = (tmp_path / "a.csv").read_text()
    wrong = text.replace("biceps_r", "biceps_x")
    for changed in (
        text.replace("quadriceps_l", "quadriceps_r"),
        text.replace("quadriceps_l", "soleus_l"),
        wrong.replace("# muscles: mia8\n", ""),
        wrong.replace("# muscles: mia8", "# muscles: own"),
    ):
        (tmp_path / "a.csv").write_text(changed)
        with pytest.raises(FileFormatError, match=r"a\.csv: Unknown set of muscles .*Available: mia8"):
            csv_activation.read(tmp_path / "a.csv")


def test_opensim_tables(tmp_path):
    values = np.random.default_rng(0).normal(0, 1000, (5, 3))
    values[1, 2] = np.nan
    before = OpenSimTable("Coordinates", np.arange(5) / 7, ("knee_angle_r", "pelvis_tx", "a/b|c"), values, True, {"version": "1"})
    mot_sto.write(tmp_path / "t.mot", before)
    after = mot_sto.read(tmp_path / "t.mot")
    np.testing.assert_allclose(after.values, before.values, rtol=1e-9)
    np.testing.assert_allclose(after.times, before.times, rtol=1e-9)
    assert (after.name, after.columns, after.in_degrees, after.header) == (before.name, before.columns, True, before.header)


def test_opensim_columns_that_a_table_cannot_hold_are_refused():
    with pytest.raises(InputError, match="must be"):
        OpenSimTable("", np.arange(2), ("a", "b"), np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("path", "columns"),
    [
        ("opensim_moco/coordinates.mot", 10),
        ("opensim_moco/coordinates.sto", 31),
        ("opensim_moco/emg.sto", 5),
        ("ceinmsrt_gait/walk36/ik.sto", 10),
        ("ceinmsrt_gait/run81/XLD.mot", 6),
    ],
)
def test_real_opensim_tables_come_back(data_dir, tmp_path, path, columns):
    before = mot_sto.read(data_dir / path)
    mot_sto.write(tmp_path / "t.sto", before)
    after = mot_sto.read(tmp_path / "t.sto")
    np.testing.assert_allclose(after.values, before.values, rtol=1e-9)
    assert after.columns == before.columns and len(before.columns) >= columns and before.fps > 50
    assert after.in_degrees == before.in_degrees


def test_opensims_two_kinds_of_coordinate_files_are_the_same_walk(data_dir):
    before, after = (io.read(data_dir / "opensim_moco" / f"coordinates.{suffix}") for suffix in ("mot", "sto"))
    index, start = after.skeleton.index("pelvis"), round((after.start - before.start) * before.fps)
    place = before.positions_world[start : start + 100 : 10, index]
    np.testing.assert_allclose(after.positions_world[:1000:100, index], place, atol=0.05)


def test_real_deepmimic_clips_are_people(data_dir, tmp_path):
    clips = sorted((data_dir / "deepmimic").glob("*.txt"))
    assert len(clips) == 20
    for path in clips:
        motion = deepmimic.read(path)
        heights = motion.positions_world[..., 2]
        assert 5 < motion.fps <= 240 and heights.min() > -0.6 and heights.max() < 3.5, path.name
        npz.write(tmp_path / "m.npz", motion)
        np.testing.assert_array_equal(io.read(tmp_path / "m.npz").positions_world, motion.positions_world)


@pytest.mark.parametrize(("duration", "fps"), [(0.03333, 30), (0.0333, 30), (0.008333, 120), (0.0166660007, 60), (0.033367, 1 / 0.033367)])
@pytest.mark.parametrize("frames", [1, 4])
def test_deepmimics_durations_are_rounded_as_frame_times_of_bvh_are(tmp_path, duration, fps, frames):
    (tmp_path / "m.txt").write_text(json.dumps({"Frames": [[duration, 0.0, 0.9, 0.0] + [1.0, 0.0, 0.0, 0.0] * 10] * frames}))
    assert deepmimic.read(tmp_path / "m.txt").fps == fps


def test_openpose_folders_are_read_in_the_order_of_their_numbers(tmp_path):
    for frame in (0, 9, 10):
        person = {"pose_keypoints_3d": [float(frame), 0.0, 1.0, 0.8] * 25}
        (tmp_path / f"clip_{frame}_keypoints.json").write_text(json.dumps({"people": [person]}))
    keypoints = io.read(tmp_path)
    # A camera's x, y down and z away become house x, -z and y.
    np.testing.assert_allclose(keypoints.positions[:, 0], [[0, 1, 0], [9, 1, 0], [10, 1, 0]])
    assert keypoints.layout == BODY25 and keypoints.confidence.max() == 0.8
    assert openpose.read(tmp_path, fps=50, up="z").positions[0, 0].tolist() == [0, 0, 1]


def _frames(folder, numbers, name="clip_{}_keypoints.json", key="pose_keypoints_3d"):
    for frame in numbers:
        people = [{key: [float(frame), 0.0, shift, 0.8] * 25} for shift in (1.0, 5.0)]
        (folder / name.format(frame)).write_text(json.dumps({"people": people}))


@pytest.mark.parametrize("name", ["clip_{}_keypoints.json", "{}.json", "2024-05-01 take 3 {}.json"])
def test_one_file_of_a_numbered_series_stands_for_all(tmp_path, name):
    _frames(tmp_path, (8, 9, 10, 11), name)
    # Another clip beside it, and what only looks alike.
    _frames(tmp_path, (1, 2), "other_{}.json")
    (tmp_path / "clip_x_keypoints.json").write_text("{}")
    clip = io.read(tmp_path / name.format(10), io.Unsaid(fps=50.0, up="z", person=1))
    assert clip.fps == 50 and clip.positions[:, 0].tolist() == [[frame, 0, 5] for frame in (8, 9, 10, 11)]


def test_a_folder_with_two_recordings_is_refused_and_a_file_of_one_is_that_one(tmp_path):
    _frames(tmp_path, (0, 1, 2), "walk_{}_keypoints.json")
    _frames(tmp_path, (0, 1), "run_{}_keypoints.json")
    with pytest.raises(FileFormatError, match=r"several recordings, run_0_keypoints\.json and walk_0_keypoints\.json"):
        io.read(tmp_path)
    assert len(io.read(tmp_path / "walk_1_keypoints.json")) == 3


def test_numbered_files_of_ours_are_not_a_series(tmp_path):
    for number in (1, 2):
        keypoints_json.write(tmp_path / f"walk{number}.json", Keypoints(np.full((3, 25, 3), float(number)), BODY25, 30.0))
    assert len(io.read(tmp_path / "walk1.json")) == 3


@pytest.mark.parametrize("other", ["camera.json", "2.json", "clip_x_keypoints.json"])
@pytest.mark.parametrize("content", ['{"fx": 1}', "[1, 2]", "3"])
def test_other_json_beside_openposes_frames_is_left_out(tmp_path, other, content):
    _frames(tmp_path, (8, 9, 10))
    (tmp_path / other).write_text(content)
    assert io.read(tmp_path, io.Unsaid(up="z")).positions[:, 0, 0].tolist() == [8, 9, 10]


def test_a_frame_that_is_none_is_named(tmp_path):
    _frames(tmp_path, (8, 9, 10))
    (tmp_path / "clip_9_keypoints.json").write_text('{"version": 1.3}')
    for path in (tmp_path, tmp_path / "clip_8_keypoints.json"):
        with pytest.raises(FileFormatError, match=r"clip_9_keypoints\.json: no people"):
            io.read(path)
    (tmp_path / "cameras").mkdir()
    (tmp_path / "cameras" / "camera.json").write_text('{"fx": 1}')
    with pytest.raises(FileFormatError, match=r"camera\.json: no people"):
        io.read(tmp_path / "cameras")


def test_a_series_of_pixels_is_refused(tmp_path):
    _frames(tmp_path, (1, 2), key="pose_keypoints_2d")
    with pytest.raises(FileFormatError, match=r"only pixels \(pose_keypoints_2d\) in frame 0"):
        io.read(tmp_path / "clip_1_keypoints.json")


def test_a_written_file_takes_the_older_ones_place_only_when_it_is_whole(tmp_path, monkeypatch):
    motion = exercise("Squat", 0.2)
    for path, write in ((tmp_path / "m.bvh", bvh.write), (tmp_path / "m.npz", npz.write)):
        path.write_text("older work")
        broken = replace(motion, provenance={"odd": 1})
        with monkeypatch.context() as patch:
            patch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
            with pytest.raises(OSError, match="No space"):
                write(path, broken)
        assert path.read_text() == "older work"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["m.bvh", "m.npz"]
