"""Exercises that look like exercises, a split that does not leak, a corpus that is the same for any number of jobs."""

import json
import sys

import numpy as np
import pytest

from agonist.corpus.build import TEST_PEOPLE, VALIDATION_PEOPLE, build_corpus, plan_corpus
from agonist.corpus.exercises import EXERCISES, MIA_EXERCISES, perform
from agonist.corpus.mia_layout import MIA_FOLDER, write_mia_layout
from agonist.corpus.people import PEOPLE
from agonist.corpus.simulated import motion_checksum
from agonist.corpus.sources import MOCAP_TEST, mirror_activation, mirror_keypoints, vary
from agonist.errors import InputError, WorkError
from agonist.humanoid import body25_from_motion
from agonist.io import mia
from agonist.keypoint_layouts import BODY25


def test_the_fifteen_exercises_are_there():
    assert len(MIA_EXERCISES) == 15


@pytest.mark.parametrize("name", EXERCISES)
def test_exercises_are_smooth_and_stand_on_the_ground(name):
    motion = perform(name, 4.0, 1.7, np.random.default_rng(5))
    keypoints = body25_from_motion(motion).positions
    soles = _soles(keypoints)[..., 2].min(axis=1)
    assert soles.min() > -1e-3
    assert name in ("Jump", "JumpingJack", "Running") or soles.max() < 5e-3
    assert _slide(keypoints) < 5e-3
    acceleration = np.linalg.norm(np.diff(motion.positions_world, 2, axis=0), axis=-1) * motion.fps**2
    assert acceleration.max() < 220  # of a hand or a foot
    assert acceleration[:, 0].max() < 20
    assert np.linalg.norm(keypoints[:, BODY25.index("knee_l")] - keypoints[:, BODY25.index("hip_l")], axis=1).std() < 1e-9


def _soles(keypoints):
    return keypoints[:, [BODY25.index(f"{part}_{side}") for part in ("heel", "big_toe", "small_toe") for side in "lr"]]


@pytest.mark.parametrize("name", ["Jump", "JumpingJack", "Running"])
def test_who_flies_falls_as_gravity_has_it(name):
    falls = []
    for seed in range(6):
        motion = perform(name, 8.0, 1.7, np.random.default_rng(seed))
        height = _soles(body25_from_motion(motion).positions)[..., 2].min(axis=1)
        falls += list((np.diff(motion.root_position[:, 2], 2) * motion.fps**2)[height[1:-1] > 0.01])
    # A run's flight is two or three frames, and its ends are rounded.
    assert len(falls) > 50 and -10.5 < np.mean(falls) < (-5.5 if name == "Running" else -7.5)


def _slide(keypoints):
    """The most that a point of a sole travels, in metres, while it is within 5 mm of the floor."""
    points = _soles(keypoints)
    worst = 0.0
    for k in range(points.shape[1]):
        on = np.concatenate([[False], points[:, k, 2] < 0.005, [False]])
        begins, ends = np.flatnonzero(on[1:] & ~on[:-1]), np.flatnonzero(~on[1:] & on[:-1])
        for begin, end in zip(begins, ends, strict=True):
            worst = max(worst, float(np.ptp(points[begin:end, k, :2], axis=0).max()))
    return worst


def test_gaits_go_somewhere():
    for name, least in (("Walk", 2.0), ("Running", 5.0)):
        root = perform(name, 4.0, 1.7, np.random.default_rng(5)).root_position
        assert np.linalg.norm(root[-1, :2] - root[0, :2]) > least


def test_a_motion_has_its_own_checksum():
    moved = perform("Idle", 3.0, 1.7, np.random.default_rng(1))
    assert motion_checksum(moved) == motion_checksum(perform("Idle", 3.0, 1.7, np.random.default_rng(1)))
    assert motion_checksum(moved) != motion_checksum(perform("Idle", 3.0, 1.7, np.random.default_rng(2)))


def test_the_same_seed_gives_the_same_motion():
    one, two = (perform("Squat", 3.0, 1.7, np.random.default_rng(9), "HookPunch") for _ in range(2))
    np.testing.assert_array_equal(one.positions_world, two.positions_world)


def test_variation_keeps_planted_feet():
    motion = perform("Squat", 3.0, 1.7, np.random.default_rng(1))
    varied = vary(motion, np.random.default_rng(2), 0.15)
    before, after = (body25_from_motion(m).positions for m in (motion, varied))
    moved = np.linalg.norm(after - before, axis=-1)
    assert moved[:, BODY25.index("wrist_l")].max() > 0.02
    assert moved[:, BODY25.index("ankle_l")].max() < 0.01


def test_a_mirror_seen_in_a_mirror():
    keypoints, activation = np.random.default_rng(0).normal(size=(3, 25, 3)), np.random.default_rng(0).uniform(size=(3, 8))
    np.testing.assert_array_equal(mirror_keypoints(mirror_keypoints(keypoints)), keypoints)
    np.testing.assert_array_equal(mirror_activation(mirror_activation(activation)), activation)


@pytest.mark.parametrize("budget", ["small", "full"])
def test_no_person_and_no_clip_is_on_both_sides_of_the_split(data_dir, budget):
    takes = plan_corpus(budget, 0, data_dir)
    # Nor does a person of the test do a clip that others do in training.
    assert {take.exercise for take in takes if take.split == "test" and take.source == "mocap"} == set(MOCAP_TEST)
    for split in ("train", "val"):
        people = {take.person for take in takes if take.split == split}
        clips = {take.exercise for take in takes if take.split == split and take.source == "mocap"}
        assert not people & set(TEST_PEOPLE) and not clips & set(MOCAP_TEST)
    assert {take.person for take in takes if take.split == "val"} == set(VALIDATION_PEOPLE)
    assert len({take.id for take in takes}) == len(takes)
    assert {person.person.sex for person in PEOPLE} == {"male", "female"} and len(PEOPLE) == 10


@pytest.mark.physics
def test_a_corpus_is_the_same_for_any_number_of_jobs_and_goes_on_where_it_stopped(tmp_path):
    pytest.importorskip("mujoco")
    build_corpus(tmp_path / "one", budget="tiny", jobs=1)
    build_corpus(tmp_path / "two", budget="tiny", jobs=2)
    document = json.loads((tmp_path / "one" / "corpus.json").read_text())
    assert document == json.loads((tmp_path / "two" / "corpus.json").read_text())
    build_corpus(tmp_path / "mia", budget="tiny", jobs=2, layout="mia")
    assert sorted(path.name for path in (tmp_path / "mia").iterdir()) == [MIA_FOLDER, "splits"]
    assert next(mia.windows(tmp_path / "mia"))
    take = document["takes"][0]["id"]
    (tmp_path / "one" / "takes" / f"{take}.npz").unlink()
    # What other code simulated is simulated again; what this code did is left as it is.
    stale, kept = (tmp_path / "one" / "takes" / f"{document['takes'][k]['id']}.npz" for k in (1, 2))
    with np.load(stale) as data:
        arrays = {**data, "activation": data["activation"] * 0, "physics_crc32": data["physics_crc32"] + 1}
    np.savez(stale, **arrays)
    written = kept.stat().st_mtime_ns
    build_corpus(tmp_path / "one", budget="tiny", jobs=1)
    assert kept.stat().st_mtime_ns == written
    with np.load(stale) as data:
        assert data["activation"].max() > 0 and data["physics_crc32"] == document["physics_crc32"]
    with np.load(tmp_path / "one" / "takes" / f"{take}.npz") as a, np.load(tmp_path / "two" / "takes" / f"{take}.npz") as b:
        for key in a.files:
            np.testing.assert_array_equal(a[key], b[key])


@pytest.mark.physics
def test_a_dask_cluster_builds_the_same_corpus(tmp_path, monkeypatch):
    pytest.importorskip("mujoco")
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("agonist.corpus.build.plan_corpus", lambda *args: plan_corpus(*args)[:2])
    build_corpus(tmp_path / "here", budget="tiny")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        build_corpus(tmp_path / "there", budget="tiny", scheduler=cluster.scheduler_address)
    assert_same_corpus(tmp_path / "here", tmp_path / "there")


@pytest.mark.physics
@pytest.mark.parametrize("installed", [True, False])
def test_several_jobs_are_a_local_dask_cluster_or_a_pool_of_processes_without_dask(tmp_path, monkeypatch, installed):
    pytest.importorskip("mujoco")
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("agonist.corpus.build.plan_corpus", lambda *args: plan_corpus(*args)[:2])
    started = []

    class Cluster(distributed.LocalCluster):
        def __init__(self, **options):
            started.append(options["n_workers"])
            super().__init__(**options)

    monkeypatch.setattr(distributed, "LocalCluster", Cluster)
    if not installed:
        monkeypatch.setitem(sys.modules, "distributed", None)
    build_corpus(tmp_path / "one", budget="tiny")
    build_corpus(tmp_path / "two", budget="tiny", jobs=2)
    assert started == ([2] if installed else [])
    assert_same_corpus(tmp_path / "one", tmp_path / "two")


def assert_same_corpus(a_folder, b_folder):
    documents = [json.loads((folder / "corpus.json").read_text()) for folder in (a_folder, b_folder)]
    assert documents[0] == documents[1]
    for row in documents[0]["takes"]:
        with np.load(a_folder / "takes" / f"{row['id']}.npz") as a, np.load(b_folder / "takes" / f"{row['id']}.npz") as b:
            for key in a.files:
                np.testing.assert_array_equal(a[key], b[key])


def test_a_scheduler_that_does_not_answer_is_named(tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(WorkError, match=r"tcp://127\.0\.0\.1:9"):
        build_corpus(tmp_path, budget="tiny", scheduler="tcp://127.0.0.1:9")


@pytest.fixture
def small_corpus(tmp_path):
    """A corpus of three takes by formula, no physics: one of training, one unusable, one for testing."""
    (tmp_path / "takes").mkdir()
    rng, rows = np.random.default_rng(0), []
    takes = (("a", "Subject0", "train", True), ("b", "Subject1", "train", False), ("c", "Subject8", "test", True))
    for name, person, split, usable in takes:
        keypoints = body25_from_motion(perform("Squat", 7.0, 1.7, rng).resample(20.0)).positions
        np.savez(tmp_path / "takes" / f"{name}.npz", keypoints=keypoints, activation=rng.uniform(0, 1, (len(keypoints), 8)))
        rows.append({"id": name, "exercise": "Squat", "person": person, "split": split, "usable": usable, "source": "parametric",
                     "upper": "LegBack" if name == "c" else ""})  # fmt: skip
    return tmp_path, {"fps": 20.0, "takes": rows}


def test_windows_in_the_layout_of_mia_are_those_of_the_takes(small_corpus, tmp_path):
    folder, document = small_corpus
    assert write_mia_layout(folder, document, tmp_path / "out") == {"train": 2, "val": 0, "test": 2}
    root = tmp_path / "out" / MIA_FOLDER
    train, test = root / "train" / "Subject0" / "Squat", root / "val" / "Subject8" / "Squat+LegBack"
    assert list(mia.windows(root)) == [train / "0", train / "1", test / "0", test / "1"]
    lines = (tmp_path / "out" / "splits" / "test.txt").read_text().split()
    assert lines == [f"{MIA_FOLDER}/val/Subject8/Squat+LegBack/{k}" for k in (0, 1)]
    with np.load(folder / "takes" / "c.npz") as take:
        window = mia.read(test / "1", full_scale_counts=PEOPLE[8].sensor_gain)
        np.testing.assert_allclose(window.activation.values, take["activation"][60:120:2], atol=0.5 / PEOPLE[8].sensor_gain + 1e-9)
        around = take["keypoints"][60:120:2] - take["keypoints"][60:120:2, [BODY25.index("mid_hip")]]
        np.testing.assert_allclose(window.keypoints.positions, around, atol=1e-5)
    assert "EMG is SIMULATED" in (root / "SIMULATED.txt").read_text()


def test_the_layout_of_mia_replaces_its_own_folder_and_no_other(small_corpus, tmp_path):
    folder, document = small_corpus
    stale = tmp_path / "out" / MIA_FOLDER / "train" / "Subject9" / "Squat" / "0" / "emgvalues.npy"
    write_mia_layout(folder, document, tmp_path / "out")
    stale.parent.mkdir(parents=True)
    stale.touch()
    write_mia_layout(folder, document, tmp_path / "out")
    assert not stale.exists()
    (tmp_path / "out" / MIA_FOLDER / "SIMULATED.txt").unlink()
    with pytest.raises(WorkError, match="did not write"):
        write_mia_layout(folder, document, tmp_path / "out")


def test_an_unknown_layout_is_refused_before_any_work(tmp_path):
    with pytest.raises(InputError, match="agonist, mia, both"):
        build_corpus(tmp_path / "c", budget="tiny", layout="csv")
    assert not (tmp_path / "c").exists()


def test_motion_capture_does_not_vanish_where_its_folder_is_forgotten(small_corpus):
    folder, document = small_corpus
    document |= {"seed": 0, "budget": "tiny", "muscles": "mia8", "data": "simulated"}
    document["takes"][0]["source"] = "mocap"
    (folder / "corpus.json").write_text(json.dumps(document))
    with pytest.raises(WorkError, match=r"holds takes of motion capture\. Expected the folder of recordings"):
        build_corpus(folder, budget="tiny")
    assert json.loads((folder / "corpus.json").read_text()) == document
