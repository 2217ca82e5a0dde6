"""NPZ, CSV, JSON, TRC, C3D and ASF/AMC: round trips, real recordings, broken files."""

import csv
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist import io
from agonist.activation import Activation
from agonist.errors import AgonistError, FileFormatError
from agonist.humanoid import body25_from_motion
from agonist.io import csv_activation, keypoints_json, npz
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints
from agonist.muscles import muscle_set
from tests.clips import exercise
from tests.io.asf_files import AMC, ASF
from tests.search import examples


def _activation() -> Activation:
    rng = np.random.default_rng(0)
    return Activation(
        rng.uniform(0, 1, (7, 8)), muscle_set("mia8"), 29.97, 1.5, reference="simulated", uncertainty=rng.uniform(0, 0.1, (7, 8))
    )


@pytest.mark.parametrize(("write", "read"), [(npz.write_activation, npz.read_activation), (csv_activation.write, csv_activation.read)])
def test_activation_comes_back(tmp_path, write, read):
    before = _activation()
    path = tmp_path / ("a.npz" if read is npz.read_activation else "a.csv")
    write(path, before)
    after = read(path)
    np.testing.assert_allclose(after.values, before.values, atol=1e-5)
    np.testing.assert_allclose(after.uncertainty, before.uncertainty, atol=1e-5)
    assert (after.muscles, after.fps, after.start, after.reference) == (before.muscles, before.fps, before.start, before.reference)


def test_columns_that_were_moved_are_found_by_their_names(tmp_path):
    before = _activation()
    csv_activation.write(tmp_path / "a.csv", before)
    lines = (tmp_path / "a.csv").read_text().splitlines()
    table = [line.split(",") for line in lines if not line.startswith("#")]
    order = [0, *(column for k in range(8) for column in (1 + k, 9 + k))]
    moved = [",".join(row[column] for column in order) for row in table]
    (tmp_path / "b.csv").write_text("\n".join([*(line for line in lines if line.startswith("#")), *moved]) + "\n")
    after = csv_activation.read(tmp_path / "b.csv")
    np.testing.assert_allclose(after.values, before.values, atol=1e-5)
    np.testing.assert_allclose(after.uncertainty, before.uncertainty, atol=1e-5)


def test_some_muscles_alone_are_a_set_of_their_own(tmp_path):
    (tmp_path / "emg.csv").write_text("time_s,quadriceps_l,hamstrings_l\n0,0.1,0.2\n0.05,0.3,0.4\n")
    found = csv_activation.read(tmp_path / "emg.csv")
    assert found.muscles.names == ("quadriceps_l", "hamstrings_l") and found.column("hamstrings_l").tolist() == [0.2, 0.4]
    csv_activation.write(tmp_path / "again.csv", found)
    assert csv_activation.read(tmp_path / "again.csv").muscles == found.muscles
    (tmp_path / "odd.csv").write_text("time_s,quadriceps_l,wings_l\n0,0.1,0.2\n0.05,0.3,0.4\n")
    with pytest.raises(FileFormatError, match="wings_l"):
        csv_activation.read(tmp_path / "odd.csv")


def _spreadsheet(text, separator, decimal):
    """What a spreadsheet makes of a table with commas: all lines equally wide, cells quoted where they must be."""
    rows = list(csv.reader(text.splitlines()))
    width = max(map(len, rows))
    stream = StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator="\r\n")
    for row in rows:
        number = not row[0].startswith(("#", "time_s"))
        writer.writerow([cell.replace(".", decimal) if number else cell for cell in row] + [""] * (width - len(row)))
    # One that was emptied.
    return stream.getvalue() + separator * (width - 1) + "\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize(("separator", "decimal"), [(",", "."), (";", "."), (";", ","), ("\t", "."), ("\t", ",")])
@pytest.mark.parametrize("reference", ["simulated", 'measured: "peak"; of a trial, ä', ", ".join(["more notes than columns"] * 30)])
def test_activation_comes_back_from_a_spreadsheet(tmp_path, encoding, separator, decimal, reference):
    before = replace(_activation(), reference=reference)
    csv_activation.write(tmp_path / "a.csv", before)
    text = _spreadsheet((tmp_path / "a.csv").read_text(encoding="utf-8"), separator, decimal)
    (tmp_path / "b.csv").write_bytes(text.encode(encoding))
    after = io.read_activation(tmp_path / "b.csv")
    np.testing.assert_allclose(after.values, before.values, atol=1e-5)
    np.testing.assert_allclose(after.uncertainty, before.uncertainty, atol=1e-5)
    assert (after.muscles, after.fps, after.start, after.unit) == (before.muscles, before.fps, before.start, before.unit)
    # Where the commas of a note parted cells, what parts cells now is between them.
    assert after.reference == before.reference.replace(",", separator)


def test_motion_comes_back_from_npz(tmp_path):
    motion = exercise()
    npz.write(tmp_path / "m.npz", motion)
    again = io.read(tmp_path / "m.npz")
    np.testing.assert_array_equal(again.positions_world, motion.positions_world)
    assert again.skeleton.names == motion.skeleton.names


@pytest.mark.parametrize(("suffix", "write"), [("npz", npz.write), ("json", keypoints_json.write)])
def test_keypoints_come_back_with_what_was_not_seen(tmp_path, suffix, write):
    points = body25_from_motion(exercise("Walk", 1.0)).positions.copy()
    points[3, 4] = np.nan
    before = Keypoints(points, BODY25, 30.0)
    write(tmp_path / f"k.{suffix}", before)
    after = io.read(tmp_path / f"k.{suffix}")
    np.testing.assert_array_equal(after.positions, before.positions)
    np.testing.assert_array_equal(after.confidence, before.confidence)


def test_a_plain_array_of_keypoints_is_taken(tmp_path):
    np.savez(tmp_path / "k.npz", keypoints=np.ones((5, 17, 3)), fps=25.0)
    clip = io.read(tmp_path / "k.npz")
    assert (clip.layout.name, clip.fps, len(clip)) == ("coco17", 25.0, 5)


def test_pickles_are_never_opened(tmp_path):
    np.savez(tmp_path / "k.npz", keypoints=np.array([{"a": 1}], dtype=object))
    with pytest.raises(FileFormatError, match=r"k\.npz"):
        io.read(tmp_path / "k.npz")


def test_a_clock_that_a_file_lacks_is_told_and_one_that_it_has_is_believed(tmp_path):
    np.savez(tmp_path / "bare.npz", keypoints=np.zeros((4, 25, 3)))
    np.savez(tmp_path / "told.npz", keypoints=np.zeros((4, 25, 3)), fps=50.0)
    found = {name: [io.read(tmp_path / name, io.Unsaid(fps)).fps for fps in (None, 60.0)] for name in ("bare.npz", "told.npz")}
    assert found == {"bare.npz": [30, 60], "told.npz": [50, 50]}
    (tmp_path / "Walk.ASF").write_text(ASF)
    (tmp_path / "WALK_1.AMC").write_text(AMC)
    assert [io.read(tmp_path / "WALK_1.AMC", io.Unsaid(fps)).fps for fps in (None, 60.0)] == [120, 60]


def test_cmu_walk_is_a_walking_person(data_dir):
    walk = io.read(data_dir / "cmu02" / "02_01.amc")
    keypoints = body25_from_motion(walk).positions
    assert len(walk) == 343 and walk.fps == 120.0
    assert 1.5 < keypoints[:, BODY25.index("nose"), 2].mean() < 1.7
    assert -0.05 < keypoints[..., 2].min() < 0.05
    distance = np.linalg.norm(walk.root_position[-1, :2] - walk.root_position[0, :2])
    assert 0.8 < distance / walk.duration < 1.8  # metres a second


def test_trc_markers_become_a_body(data_dir):
    walk = io.read(data_dir / "opensim_moco" / "markers_walk.trc")
    assert walk.layout == BODY25 and len(walk) == 238 and walk.fps == 100.0
    hip, knee, ankle = (walk.positions[:, BODY25.index(f"{name}_r")] for name in ("hip", "knee", "ankle"))
    assert 0.3 < np.linalg.norm(hip - knee, axis=1).mean() < 0.5
    assert 0.3 < np.linalg.norm(knee - ankle, axis=1).mean() < 0.5


def test_c3d_markers_are_read(data_dir):
    markers = io.read(data_dir / "pyomeca_shoulder" / "markers_analogs.c3d")
    assert markers.positions.shape == (580, 51, 3) and markers.fps == 100.0


@pytest.mark.parametrize("suffix", ["npz", "json", "trc", "c3d", "amc", "bvh"])
@pytest.mark.parametrize("content", [b"", b"\x00" * 600, b"garbage\n" * 50])
def test_rubbish_is_refused_by_name(tmp_path, suffix, content):
    path = tmp_path / f"rubbish.{suffix}"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="rubbish"):
        io.read(path)


def test_unknown_suffixes_list_the_known(tmp_path):
    with pytest.raises(FileFormatError, match=r"\.bvh, \.amc"):
        io.read(tmp_path / "motion.xyz")
    with pytest.raises(FileFormatError, match="no such file"):
        io.read(tmp_path / "motion.bvh")


@pytest.mark.parametrize("read", [io.read, io.read_with_layout, io.read_activation])
@pytest.mark.parametrize("name", ["walk", "walk.xyz", "folder/walk"])
def test_what_is_not_there_is_said_not_to_be_there(tmp_path, read, name):
    with pytest.raises(FileFormatError, match=f"{name}: no such file"):
        read(tmp_path / name)


@pytest.mark.parametrize("suffix", ["npz", "json", "csv"])
@given(data=st.data())
@settings(max_examples=examples(60))
def test_fuzz(tmp_path_factory, suffix, data):
    folder = tmp_path_factory.mktemp("fuzz")
    path = folder / f"f.{suffix}"
    if suffix == "csv":
        csv_activation.write(path, _activation())
    else:
        (npz.write if suffix == "npz" else keypoints_json.write)(path, body25_from_motion(exercise("Walk", 0.2)))
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        if data.draw(st.booleans()):
            raw[at] = data.draw(st.integers(0, 255))
        else:
            del raw[at : at + data.draw(st.integers(1, 60))]
            raw = raw or bytearray(b"x")
    path.write_bytes(bytes(raw))
    try:
        csv_activation.read(path) if suffix == "csv" else io.read(path)
    except AgonistError as error:
        assert str(path) in str(error)
