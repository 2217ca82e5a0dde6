"""One person is followed, and no other takes their place."""

from dataclasses import replace

import numpy as np
import pytest

from agonist.capture import tracker as module
from agonist.capture.detector import Detection
from agonist.capture.landmarks import Landmarks
from agonist.capture.pose_weights import PoseWeights
from agonist.capture.region import Region
from agonist.capture.tracker import PersonTracker

PICTURE = np.zeros((720, 1280, 3), dtype=np.uint8)


class _World:
    """People at places; stands in for both networks."""

    def __init__(self):
        self.people: dict[str, Region] = {}

    def __call__(self, image, part=None):
        return [
            Detection(0.9, np.zeros(4), np.array([[r.x, r.y], [r.x, r.y - r.size / 2.5], [0, 0], [0, 0]])) for r in self.people.values()
        ]

    def closely(self, image):
        return self(image)

    def landmarks(self, image, region):
        near = [r for r in self.people.values() if np.hypot(r.x - region.x, r.y - region.y) < region.size / 2]
        if not near:
            return Landmarks(np.zeros((33, 2)), np.zeros((33, 3)), np.ones(33), 0.1, region, region)
        person = min(near, key=lambda r: np.hypot(r.x - region.x, r.y - region.y))
        return Landmarks(np.full((33, 2), person.x), np.zeros((33, 3)), np.ones(33), 0.95, region, person)


@pytest.fixture
def scene(monkeypatch, tmp_path):
    world = _World()
    monkeypatch.setattr(module, "PoseDetector", lambda *_: world)
    monkeypatch.setattr(module, "PoseLandmarker", lambda *_: world.landmarks)
    return world, PersonTracker(PoseWeights(tmp_path, tmp_path))


def _x(found):
    return None if found is None else found.pixels[0, 0]


def test_the_largest_is_followed_while_they_walk(scene):
    world, track = scene
    world.people = {"small": Region(300, 400, 200), "large": Region(900, 400, 300)}
    for frame in range(60):
        world.people["large"] = replace(world.people["large"], x=900 - 5 * frame)
        assert _x(track(PICTURE, frame / 30)) == 900 - 5 * frame


def test_a_larger_second_person_does_not_steal_the_lock(scene):
    world, track = scene
    world.people = {"first": Region(300, 400, 300)}
    track(PICTURE, 0.0)
    world.people["second"] = Region(1000, 400, 420)
    for frame in range(1, 30):
        assert _x(track(PICTURE, frame / 30)) == 300
    # Behind something for a second: nobody else is taken for them, and they are found again.
    del world.people["first"]
    assert all(track(PICTURE, 1 + frame / 30) is None for frame in range(15))
    assert track.switches_refused > 0
    world.people["first"] = Region(380, 400, 300)
    assert _x(track(PICTURE, 1.6)) == 380


def test_a_passer_by_of_another_size_is_not_taken(scene):
    world, track = scene
    world.people = {"first": Region(300, 400, 300)}
    track(PICTURE, 0.0)
    world.people = {"child": Region(310, 420, 120)}
    assert track(PICTURE, 0.1) is None


def test_nobody_is_nobody(scene):
    _, track = scene
    assert track(PICTURE, 0.0) is None
