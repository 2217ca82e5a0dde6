"""One result, bit for bit: for any number of processes, and for a run that was stopped and went on."""

import multiprocessing
import os
import signal
import time

import numpy as np
import pytest

pytest.importorskip("mujoco")
from agonist.body import Person, simulate
from agonist.body.blocks import BLOCK_FRAMES
from agonist.body.parts import Parts
from agonist.errors import InputError
from tests.clips import exercise

pytestmark = pytest.mark.physics

FPS = 60.0


def clip():
    # Three blocks and a bit.
    return exercise("Squat", (3 * BLOCK_FRAMES + 20) / FPS, seed=1)


@pytest.fixture(scope="module")
def whole():
    return simulate(clip(), output_fps=FPS)


def same(one, other):
    names = ("joint_angles", "joint_torques", "ground_reaction", "model_activation", "model_length_m", "residual_share", "keypoint_error_m")
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    assert np.array_equal(one.activation.values, other.activation.values) and one.flags == other.flags


def test_two_processes_give_what_one_gives(whole, tmp_path):
    shares = []
    same(simulate(clip(), output_fps=FPS, jobs=2, parts=tmp_path / "parts", progress=shares.append), whole)
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert len(list((tmp_path / "parts").glob("part-dynamics-*.npz"))) == 4


def run(folder):
    simulate(clip(), output_fps=FPS, parts=folder)


def test_a_run_that_was_killed_goes_on(whole, tmp_path):
    folder = tmp_path / "parts"
    process = multiprocessing.get_context("spawn").Process(target=run, args=(folder,))
    process.start()
    while process.is_alive() and len(list(folder.glob("part-dynamics-*.npz"))) < 2:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    before = {path: path.stat().st_mtime_ns for path in folder.glob("part-*.npz")}
    assert 3 <= len(before) <= 4
    shares = []
    same(simulate(clip(), output_fps=FPS, parts=folder, progress=shares.append), whole)
    # What was done is not done again.
    assert all(path.stat().st_mtime_ns == changed for path, changed in before.items())
    assert len(list(folder.glob("part-dynamics-*.npz"))) == 4 and shares == sorted(shares)
    (folder / "mine.txt").write_text("not a part")
    Parts.remove(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_parts_of_another_person_or_torn_are_no_parts(tmp_path):
    short, folder = exercise("Squat", 1.0), tmp_path / "parts"
    light = simulate(short, Person(mass_kg=50.0), output_fps=20.0)
    simulate(short, Person(mass_kg=90.0), output_fps=20.0, parts=folder)
    same(simulate(short, Person(mass_kg=50.0), output_fps=20.0, parts=folder), light)
    torn = next(folder.glob("part-dynamics-*.npz"))
    torn.write_bytes(torn.read_bytes()[:1000])
    same(simulate(short, Person(mass_kg=50.0), output_fps=20.0, parts=folder), light)


def test_jobs_are_counted_from_one():
    with pytest.raises(InputError, match="0 jobs"):
        simulate(exercise(), jobs=0)
