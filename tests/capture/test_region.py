"""Cutting a region out of a picture."""

import numpy as np
import pytest

from agonist.capture.detector import PoseDetector, _anchors, _merge, region_from_points
from agonist.capture.region import Region, crop, iou


@pytest.fixture
def picture(rng=np.random.default_rng(0)):
    return rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)


def test_a_region_as_large_as_the_result_is_a_plain_cut(picture):
    assert np.array_equal(crop(picture, Region(40, 30, 20), 20, beyond="edge"), picture[20:40, 30:50])


def test_halves_are_means(picture):
    cut = crop(picture, Region(40.5, 30, 20), 20, beyond="edge")
    assert np.allclose(cut, (picture[20:40, 30:50].astype(float) + picture[20:40, 31:51]) / 2)


def test_a_quarter_turn_follows_the_picture(picture):
    cut = crop(picture, Region(40, 30, 20, np.pi / 2), 20, beyond="edge")
    # The first row of the result runs down the picture, from its upper right.
    assert np.allclose(cut[0], picture[20:40, 50], atol=0.01)


def test_beyond_the_edge_is_black_or_the_edge(picture):
    region = Region(0, 30, 20)
    black, edge = (crop(picture, region, 20, beyond=kind) for kind in ("black", "edge"))
    assert np.allclose(black[:, :10], 0, atol=1e-6) and np.array_equal(black[:, 10:], edge[:, 10:])
    assert np.array_equal(edge[:, 0], picture[20:40, 0])
    assert np.allclose(crop(picture, Region(9.5, 30, 20), 20, beyond="black")[:, 0], picture[20:40, 0] / 2)


def test_places_come_back(picture):
    region = Region(41.0, 22.0, 33.0, 0.3)
    assert region.to_picture(np.array([0.5, 0.5])) == pytest.approx([41, 22])
    corner = region.to_picture(np.array([1.0, 0.5])) - [41, 22]
    assert corner == pytest.approx([16.5 * np.cos(0.3), 16.5 * np.sin(0.3)])


def test_iou_of_equal_half_and_distant_boxes():
    box = np.array([0, 0, 2, 2.0])
    assert iou(box, np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6.0]])) == pytest.approx([1, 1 / 3, 0])


def test_anchors_are_2254_cell_centres():
    anchors = _anchors()
    assert anchors.shape == (2254, 2)
    assert anchors[:2] == pytest.approx(np.full((2, 2), 0.5 / 28))
    assert anchors[-6:] == pytest.approx(np.full((6, 2), 6.5 / 7))
    assert anchors[1568] == pytest.approx([0.5 / 14, 0.5 / 14])


def test_boxes_of_one_person_are_merged_by_score():
    boxes = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60.0]])
    people = _merge(np.array([0.9, 0.6, 0.8]), boxes, np.zeros((3, 4, 2)))
    assert [person.score for person in people] == [0.9, 0.8]
    assert people[0].box == pytest.approx([0.8, 0, 10.8, 10])


def test_an_upright_body_gives_an_upright_region():
    region = region_from_points(np.array([100.0, 100.0]), np.array([100.0, 20.0]))
    assert (region.x, region.y, region.size) == pytest.approx((100, 100, 200)) and region.angle == pytest.approx(0)
    assert region_from_points(np.zeros(2), np.array([80.0, 0.0])).angle == pytest.approx(np.pi / 2)


@pytest.mark.network
def test_nobody_is_found_in_noise(weights):
    assert PoseDetector(weights.detector).closely(np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)) == []
