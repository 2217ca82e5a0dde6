"""Long videos: memory grows with the person's points, never with the pictures."""

import tracemalloc

import numpy as np
import pytest

from agonist.capture import pose
from agonist.capture.fit import fit_motion
from agonist.capture.ground import stand_on_floor
from agonist.capture.landmarks import Landmarks
from agonist.capture.region import Region
from agonist.capture.sides import untangle
from agonist.capture.video import Video
from agonist.capture.world import MOST_FRAMES, place_in_world
from agonist.errors import MotionError
from tests.capture.scene import VIEW, blazepose_from_motion, filmed
from tests.clips import exercise


def _peak_bytes(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class _Tracker:
    """Sees the same person in every picture."""

    switches_refused = 0

    def __init__(self, *_, **__):
        self.found = Landmarks(np.zeros((33, 2)), np.zeros((33, 3)), np.ones(33), 1.0, Region(0, 0, 1), Region(0, 0, 1))

    def __call__(self, image, time):
        return self.found


def test_pictures_are_not_kept(make_video, monkeypatch):
    pictures, size = 150, 320 * 240 * 3
    video = Video(make_video([np.full((240, 320, 3), k, np.uint8) for k in range(pictures)], np.arange(pictures) / 30))
    monkeypatch.setattr(pose, "PersonTracker", _Tracker)
    tracked = []
    peak = _peak_bytes(lambda: tracked.append(pose.track_person(video, weights=object())))
    assert len(tracked[0].times) == pictures
    assert peak < 8 * size < pictures * size / 10


def test_what_follows_takes_some_kilobytes_a_frame():
    count = 3000
    points = np.tile(blazepose_from_motion(exercise("Squat", 5.0)), (20, 1, 1))[:count]
    pixels, world = filmed(points)
    times, visibility = np.arange(count) / 30, np.ones((count, 33))

    def work():
        placed = place_in_world(times, *untangle(times, pixels, world, visibility)[:3], VIEW)
        assert len(stand_on_floor(fit_motion(placed.keypoints), placed.resting)) == count

    assert _peak_bytes(work) / count < 15_000


def test_a_jump_in_the_files_clock_does_not_fill_the_memory():
    points = blazepose_from_motion(exercise("Squat", 1.0))
    pixels, world = filmed(points)
    times = np.arange(len(points)) / 30.0
    times[-1] += 1e7
    with pytest.raises(MotionError, match=f"Expected {MOST_FRAMES} at most"):
        place_in_world(times, pixels, world, np.ones((len(points), 33)), VIEW)
