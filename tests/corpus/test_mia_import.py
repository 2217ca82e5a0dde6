"""A copy of MIA: its windows are found, checked, stitched and brought in as a corpus; what is damaged is named."""

import json

import numpy as np
import pytest

from agonist.corpus import mia_import
from agonist.corpus.mia_import import import_mia
from agonist.corpus.mia_inspect import inspect_mia
from agonist.corpus.mia_stitch import merge, place_windows
from agonist.errors import FileFormatError, InputError, WorkError
from agonist.evaluation.mia_windows import read_windows
from agonist.keypoint_layouts import BODY25
from agonist.training.data import read_corpus
from tests.corpus.mia_copies import LISTED_EXERCISES, LISTED_PEOPLE, listed_copy, recording, small_copy, write_windows


@pytest.fixture
def copy(tmp_path):
    small_copy(tmp_path / "MIADatasetOfficial")
    return tmp_path / "MIADatasetOfficial"


def _cut(keypoints, activation, starts):
    joints = [keypoints.positions[s : s + 30].astype(np.float32) for s in starts]
    return joints, [np.round(500 * activation.values[s : s + 30]).astype(np.float32) for s in starts]


def test_shuffled_windows_of_a_recording_are_put_back(tmp_path):
    keypoints, activation = recording(3, 200)
    starts = np.random.default_rng(0).permutation(np.arange(0, 171, 5))
    joints, counts = _cut(keypoints, activation, starts)
    places = place_windows(joints, counts)
    assert {place.session for place in places} == {0}
    np.testing.assert_array_equal([place.first for place in places], starts)
    (take,) = merge(joints, counts, places, range(len(starts)))
    np.testing.assert_array_equal(take.counts, np.round(500 * activation.values))
    np.testing.assert_allclose(take.joints, keypoints.positions, atol=1e-6)


def test_hundreds_of_windows_of_one_person_and_exercise_are_put_back():
    """As many as Subject0 has of an exercise, of two recordings, each window 25 frames into the next."""
    clips = [recording(seed, 1200) for seed in (6, 7)]
    starts = np.arange(0, 1171, 5)
    order = np.random.default_rng(1).permutation(2 * len(starts))
    both = [_cut(*clip, starts) for clip in clips]
    joints, counts = ([(both[0][part] + both[1][part])[k] for k in order] for part in (0, 1))
    places = place_windows(joints, counts)
    assert len(places) > 450 and len({place.session for place in places}) == 2
    np.testing.assert_array_equal([place.first for place in places], np.tile(starts, 2)[order])
    # The recording of the first window is number 0.
    of = order // len(starts)
    np.testing.assert_array_equal([place.session for place in places], of != of[0])
    takes = merge(joints, counts, places, range(len(places)))
    assert [len(take.counts) for take in takes] == [1200, 1200]


def test_windows_that_share_nothing_stay_apart_and_a_gap_splits():
    keypoints, activation = recording(4, 200)
    starts = [0, 30, 60, 100, 110]
    joints, counts = _cut(keypoints, activation, starts)
    places = place_windows(joints, counts)
    assert [place.session for place in places] == [0, 1, 2, 3, 3] and places[4].first == 10
    # 3 and 4 are linked by each other only; without 4 nothing of the recording is lost.
    assert [len(take.counts) for take in merge(joints, counts, places, [0, 3, 4])] == [30, 40]


def test_equal_counts_in_another_pose_are_not_one_recording():
    keypoints, activation = recording(5, 60)
    joints, counts = _cut(keypoints, activation, [0, 10])
    joints[1] = joints[1] + np.float32(0.1)
    assert [place.session for place in place_windows(joints, counts)] == [0, 1]
    # A little, as between two runs of a pose network, is.
    joints[1] = joints[1] - np.float32(0.09)
    places = place_windows(joints, counts)
    assert [place.session for place in places] == [0, 0]
    (take,) = merge(joints, counts, places, [0, 1])
    np.testing.assert_allclose(take.joints[10:30], keypoints.positions[10:30] + 0.005, atol=1e-6)


def test_a_joint_that_one_window_has_not_seen_does_not_part_a_recording():
    keypoints, activation = recording(5, 60)
    joints, counts = _cut(keypoints, activation, [0, 10])
    joints[1][3, 21] = np.nan
    places = place_windows(joints, counts)
    assert [place.first for place in places] == [0, 10]
    # The other window has seen it.
    (take,) = merge(joints, counts, places, [0, 1])
    np.testing.assert_allclose(take.joints, keypoints.positions[:40], atol=1e-6)
    joints[0][13, 21] = np.nan
    (take,) = merge(joints, counts, place_windows(joints, counts), [0, 1])
    assert np.argwhere(np.isnan(take.joints).any(axis=-1)).tolist() == [[13, 21]]


def test_equal_counts_without_a_pose_to_compare_are_not_one_recording():
    keypoints, activation = recording(5, 60)
    joints, counts = _cut(keypoints, activation, [0, 10])
    joints[1][:20] = np.nan
    assert [place.session for place in place_windows(joints, counts)] == [0, 1]


def test_rest_does_not_tie_recordings_together():
    rest = [np.zeros((30, 8), dtype=np.float32)] * 3
    pose = [np.zeros((30, 25, 3), dtype=np.float32)] * 3
    assert [place.session for place in place_windows(pose, rest)] == [0, 1, 2]


def test_inspect_tells_what_is_there(copy):
    found = inspect_mia(copy)
    assert found["windows"] == {"train": 16, "val": 2} and found["people"] == {"Subject0": 12, "Subject1": 6}
    assert found["exercises"] == {"Squat": 18} and "LegBack" in found["missing_exercises"] and len(found["missing_exercises"]) == 14
    assert found["window_frames"] == {"30": 18} and found["whole_count_share"] == 1.0
    # 0, 5, .. 20, 22, 25 .. 45 and 70: one recording of 100 frames; and six of 30.
    assert found["takes"] == 7 and found["longest_take_s"] == 10.0
    assert found["overlaps"] == {"5": 1, "25": 8, "27": 1, "28": 1} and found["val_windows_with_train_frames"] == 1
    order = found["channel_order"]
    assert (order["partners_found"], order["partners"], order["exercises"], order["constant"], order["doubts"]) == (8, 8, ["Squat"], 0, [])
    # Squats alone do not tell muscles of a side apart.
    assert [one["of"] for one in order["asked"]] == [0, 0, 0]
    assert found["joint_order"] == {"groups": 2, "upright": 2, "symmetric": 2}
    assert not found["official"] and found["data"].startswith("measured")
    # The folder above will do as well.
    assert inspect_mia(copy.parent) == found


def test_swapped_sensors_and_joints_are_noticed(copy):
    for path in copy.rglob("emgvalues.npy"):
        values = np.load(path)
        np.save(path, values[:, [0, 1, 2, 3, 5, 4, 7, 6]])
        np.save(path.with_name("joints3d.npy"), np.load(path.with_name("joints3d.npy")) * np.float32([1, -1, 1]))
    found = inspect_mia(copy)
    assert found["channel_order"]["partners_found"] == 0 and found["joint_order"]["upright"] == 0
    assert found["channel_order"]["doubts"] == ["0 of 8 sensors follow the same muscle of the other side best"]


def test_lists_are_checked(copy):
    (copy.parent / "splits").mkdir()
    (copy.parent / "splits" / "test.txt").write_text("MIADatasetOfficial/val/Subject0/Squat/0\nMIADatasetOfficial/val/Subject0/Squat/99\n")
    assert inspect_mia(copy)["lists"] == {"test": {"windows": 2, "missing": 1}}


def test_the_mesh_is_never_opened(copy):
    for path in copy.rglob("emgvalues.npy"):
        (path.parent / "verts.npy").write_bytes(b"never")
    assert inspect_mia(copy)["windows"]["train"] == 16


def test_import_makes_a_corpus_of_the_recorded_frames(copy, tmp_path):
    document = import_mia(copy, tmp_path / "mia")
    assert document["data"].startswith("measured EMG") and document["recorded_fps"] == 10.0 and not document["official"]
    test, _ = read_corpus(tmp_path / "mia", "test")
    val, _ = read_corpus(tmp_path / "mia", "val")
    train, description = read_corpus(tmp_path / "mia", "train")
    assert description["fps"] == 20.0
    by_id = {row["id"]: row for row in document["takes"]}
    windows = {path.name: np.load(path / "emgvalues.npy") for path in (copy / "val" / "Subject1" / "Squat").iterdir()}
    (one,) = [clip for clip in test if clip.person == "Subject1"]
    # Every second frame is a recorded one, and the counts come back.
    np.testing.assert_allclose(one.activation[::2] * by_id[one.id]["counts_at_1"], windows["0"], atol=1e-4)
    assert len(one.keypoints) == 59 and abs(one.keypoints[..., 2].min()) < 0.05
    # Subject0's last frames are for validation; frames 22 to 51 are in val/, and so in the test alone.
    spans = {split: [row for row in by_id.values() if row["person"] == "Subject0" and row["split"] == split] for split in ("train", "val")}
    (kept,), (held,) = spans["train"], spans["val"]
    assert (kept["first_frame"], kept["seconds"]) == (0, 2.2) and (held["first_frame"], held["seconds"]) == (52, 4.8)
    assert {clip.person for clip in val} == {clip.person for clip in train} == {"Subject0", "Subject1"}
    # Called again it writes the same.
    assert import_mia(copy, tmp_path / "mia") == document


def _frames(folder, split):
    """(session, frame at 10 a second) of all takes of a split."""
    rows = json.loads((folder / "corpus.json").read_text())["takes"]
    own = [(row["session"], row["first_frame"], round(10 * row["seconds"])) for row in rows if row["split"] == split]
    return {(session, first + frame) for session, first, frames in own for frame in range(frames)}


def test_what_is_learned_shares_no_frame_with_the_test_nor_early_stopping_with_either(tmp_path):
    listed_copy(tmp_path / "MIADatasetOfficial")
    document = import_mia(tmp_path, tmp_path / "mia")
    train, val, test = (_frames(tmp_path / "mia", split) for split in ("train", "val", "test"))
    assert train and val and len(test) == 675
    assert not (train & test or val & test or train & val)
    # What was left out is counted, and what a model's card will say of it is in the note.
    counted = document["training_frames"]
    assert counted["in_test"] == 315 and counted["train"] == len(train | val) + sum(counted[name] for name in ("in_test", "short", "apart"))
    assert f"Of {counted['train']} frames in train/, 315 are in the test too" in document["note"]
    # Nobody is forgotten.
    for split in ("train", "val"):
        known = {(row["person"], row["exercise"]) for row in document["takes"] if row["split"] == split}
        assert len(known) == len(LISTED_PEOPLE) * len(LISTED_EXERCISES)


def test_rests_between_windows_of_the_test_are_kept_where_they_are_long_enough(tmp_path):
    clip = recording(9, 300)
    root = tmp_path / "MIADatasetOfficial"
    write_windows(root / "train/Subject0/Squat", *clip, {k: 5 * k for k in range(55)})
    write_windows(root / "val/Subject0/Squat", *clip, {0: 52, 1: 87, 2: 160})
    document = import_mia(root, tmp_path / "mia")
    # 0-51, 82-86 (too short), 117-159 and 190-299.
    taken = sorted((row["first_frame"], round(10 * row["seconds"]), row["split"]) for row in document["takes"] if row["split"] != "test")
    assert taken == [(0, 52, "train"), (117, 43, "train"), (190, 50, "train"), (270, 30, "val")]
    assert document["training_frames"] == {"train": 300, "in_test": 90, "short": 5, "apart": 30}


def _held(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("error", [FileFormatError, KeyboardInterrupt])
def test_an_import_that_does_not_end_leaves_the_one_before_as_it_was(copy, tmp_path, monkeypatch, error):
    import_mia(copy, tmp_path / "mia")
    before = _held(tmp_path / "mia")
    if error is KeyboardInterrupt:

        def killed(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(mia_import, "write_lists", killed)
    else:
        # The largest counts are in the last group, so that others are written before they are found.
        last = max((copy / "train" / "Subject1" / "Squat").iterdir()) / "emgvalues.npy"
        np.save(last, np.load(last) + 200)
    with pytest.raises(error):
        import_mia(copy, tmp_path / "mia", full_scale_counts=400)
    assert _held(tmp_path / "mia") == before
    monkeypatch.undo()
    # Nor is anything left of it once another one ends.
    import_mia(copy, tmp_path / "mia", full_scale_counts=900)
    assert not (tmp_path / "mia" / ".unfinished").exists() and _held(tmp_path / "mia").keys() == before.keys()


def _hide(path, frames, joint):
    joints = np.load(path / "joints3d.npy")
    joints[frames, joint] = np.nan
    np.save(path / "joints3d.npy", joints)


def test_an_unseen_joint_costs_neither_its_take_nor_its_windows(copy, tmp_path):
    import_mia(copy, tmp_path / "whole")
    # Subject0's windows share frames, Subject1's do not; the sole that is not seen is what the floor is taken from.
    for window in ("Subject0/Squat/7", "Subject1/Squat/2"):
        _hide(copy / "train" / window, slice(12, 14), BODY25.index("heel_l"))
    import_mia(copy, tmp_path / "hidden")
    for path in sorted((tmp_path / "whole" / "takes").iterdir()):
        before, after = np.load(path)["keypoints"], np.load(tmp_path / "hidden" / "takes" / path.name)["keypoints"]
        np.testing.assert_allclose(after, before, atol=0.06)
    before, after = (read_windows(tmp_path / name).keypoints for name in ("whole", "hidden"))
    changed = np.argwhere((before != after).any(axis=-1))
    assert set(changed[:, 2]) == {BODY25.index("heel_l")} and set(changed[:, 1]) == {12, 13} and len(changed) == 4
    np.testing.assert_allclose(after, before, atol=0.06)
    assert inspect_mia(copy)["joint_order"] == {"groups": 2, "upright": 2, "symmetric": 2}


def test_a_window_that_never_shows_a_joint_is_damaged(copy, tmp_path):
    _hide(copy / "train" / "Subject1" / "Squat" / "2", slice(None), BODY25.index("wrist_r"))
    with pytest.raises(FileFormatError, match=r"Squat/2/joints3d\.npy: wrist_r never seen"):
        import_mia(copy, tmp_path / "mia")
    assert len(import_mia(copy, tmp_path / "skipped", skip_damaged=True)["damaged"]) == 1


@pytest.mark.parametrize("folder", ["takes", "windows"])
@pytest.mark.parametrize("name", ["keypoints", "activation"])
def test_arrays_of_an_import_that_are_not_finite_are_refused(copy, tmp_path, folder, name):
    import_mia(copy, tmp_path / "mia")
    path = min((tmp_path / "mia" / folder).glob("*Subject1*"))
    arrays = dict(np.load(path))
    arrays[name].flat[3] = np.nan
    np.savez(path, **arrays)
    with pytest.raises(FileFormatError, match=f"{path.name}: NaN or infinity"):
        read_windows(tmp_path / "mia", "in" if folder == "windows" else "time-blocked")


def test_a_simulated_copy_stays_simulated(copy, tmp_path):
    (copy / "SIMULATED.txt").write_text("SIMULATED DATA")
    assert inspect_mia(copy)["data"].startswith("simulated")
    assert import_mia(copy, tmp_path / "mia")["data"].startswith("simulated")


def test_damage_stops_or_is_listed(copy, tmp_path):
    bad = copy / "train" / "Subject0" / "Squat" / "7" / "emgvalues.npy"
    bad.write_bytes(b"rubbish")
    for call in (inspect_mia, lambda path: import_mia(path, tmp_path / "mia")):
        with pytest.raises(FileFormatError, match=r"Squat/7/emgvalues\.npy"):
            call(copy)
    found = inspect_mia(copy, skip_damaged=True)
    assert len(found["damaged"]) == 1 and "Squat/7" in found["damaged"][0] and found["windows"]["train"] == 15
    assert len(import_mia(copy, tmp_path / "skipped", skip_damaged=True)["damaged"]) == 1


def test_what_is_no_copy_is_refused(copy, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        inspect_mia(tmp_path / "nothing")
    (tmp_path / "empty" / "train").mkdir(parents=True)
    with pytest.raises(InputError, match="no windows"):
        inspect_mia(tmp_path / "empty")
    with pytest.raises(InputError, match="no train/ and no val/"):
        inspect_mia(copy / "train" / "Subject0")
    with pytest.raises(FileFormatError, match="larger full scale"):
        import_mia(copy, tmp_path / "mia", full_scale_counts=100)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "corpus.json").write_text(json.dumps({"seed": 0}))
    with pytest.raises(WorkError, match="another corpus"):
        import_mia(copy, tmp_path / "other")
