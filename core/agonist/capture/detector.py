"""Where are people in a picture: BlazePose's detector (Bazarevsky et al. 2020) on onnxruntime.

The network gives, for each of 2254 fixed places (an SSD, Liu et al. 2016), a score, a box and four points: middle of the hips,
a point that tells size and direction of the whole body, middle of the shoulders, and one for the upper body.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist.capture.region import Region, crop, iou
from agonist.onnx_session import open_session

__all__ = ["Detection", "PoseDetector", "region_from_points"]

Array = NDArray[np.float64]

_SIDE = 224
# Strides of the five layers; each has two boxes a cell, all of unit size.
_STRIDES = (8, 16, 32, 32, 32)
_MIN_SCORE = 0.5
_SAME_PERSON_IOU = 0.3
# The region is the circle round the body, 25 % larger.
_MARGIN = 1.25
# Sides of the squares that are searched for small people, as shares of the picture's shorter side [ours].
_CLOSER = (1.0, 0.6)


def region_from_points(centre: Array, rim: Array) -> Region:
    """The region of a body whose middle of the hips and whose point on the surrounding circle are given in pixels."""
    across = rim - centre
    angle = np.pi / 2 - np.arctan2(-across[1], across[0])
    angle -= 2 * np.pi * np.floor((angle + np.pi) / (2 * np.pi))
    return Region(float(centre[0]), float(centre[1]), float(2 * np.hypot(*across) * _MARGIN), float(angle))


@dataclass(frozen=True, eq=False)
class Detection:
    """A person.

    Attributes:
        score: in [0, 1].
        box: (4,) x0 y0 x1 y1, pixels: the head and shoulders.
        points: (4, 2) pixels, see the module.
    """

    score: float
    box: Array
    points: Array

    @property
    def region(self) -> Region:
        """What the landmark network should look at."""
        return region_from_points(self.points[0], self.points[1])


def _anchors() -> Array:
    """(2254, 2) centres as fractions of the picture."""
    rows = []
    for stride in _STRIDES:
        cells = (np.arange(_SIDE // stride) + 0.5) / (_SIDE // stride)
        y, x = np.meshgrid(cells, cells, indexing="ij")
        rows.append(np.stack([x, y], axis=-1).reshape(-1, 1, 2).repeat(2, axis=1).reshape(-1, 2))
    # Layers of one stride are interleaved cell by cell, six boxes a cell.
    same = np.stack([row.reshape(-1, 2, 2) for row in rows[2:]], axis=1).reshape(-1, 2)
    return np.concatenate([rows[0], rows[1], same])


class PoseDetector:
    """The network with what comes before and after it."""

    def __init__(self, path: Path, threads: int = 2) -> None:
        self._session = open_session(path, threads)
        self._anchors = _anchors()

    def __call__(self, image: NDArray[np.uint8], part: Region | None = None) -> list[Detection]:
        """People in an (H, W, 3) RGB picture, or in an upright square part of it, best score first."""
        height, width = image.shape[:2]
        whole = part or Region(width / 2, height / 2, float(max(height, width)))
        tensor = crop(image, whole, _SIDE, beyond="black") / np.float32(127.5) - np.float32(1)
        boxes, scores = self._session.run(["boxes", "scores"], {"image": tensor[None]})
        score = 1 / (1 + np.exp(-np.clip(scores[0, :, 0].astype(float), -100, 100)))
        keep = score >= _MIN_SCORE
        raw = boxes[0, keep].astype(float).reshape(-1, 6, 2) / _SIDE
        centres = self._anchors[keep]
        points = whole.to_picture(raw[:, 2:] + centres[:, None])
        middle, half = raw[:, 0] + centres, raw[:, 1] / 2
        corners = np.concatenate([whole.to_picture(middle - half), whole.to_picture(middle + half)], axis=-1)
        return _merge(score[keep], corners, points)

    def closely(self, image: NDArray[np.uint8]) -> list[Detection]:
        """People too small for one look at the whole picture: squares as large as fit, then smaller ones."""
        height, width = image.shape[:2]
        for share in _CLOSER:
            side = share * min(height, width)
            places = [_spread(length, side) for length in (width, height)]
            found = [one for x in places[0] for y in places[1] for one in self(image, Region(x, y, side))]
            if found:
                return found
        return []


def _spread(length: float, side: float) -> list[float]:
    """Centres of squares that cover a length and overlap by half."""
    count = int(np.ceil((length - side) / (side / 2) - 1e-9)) + 1
    return [float(centre) for centre in np.linspace(side / 2, length - side / 2, count)]


def _merge(score: Array, boxes: Array, points: Array) -> list[Detection]:
    """Weighted non-maximum suppression: boxes of one person become their mean, weighted by score."""
    result = []
    order = np.argsort(-score)
    while len(order):
        same = order[iou(boxes[order[0]], boxes[order]) > _SAME_PERSON_IOU]
        same = same if len(same) else order[:1]
        weight = score[same] / score[same].sum()
        box = np.sum(boxes[same] * weight[:, None], axis=0)
        result.append(Detection(float(score[order[0]]), box, np.sum(points[same] * weight[:, None, None], axis=0)))
        order = order[~np.isin(order, same)]
    return result
