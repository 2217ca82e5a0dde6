"""The square part of a picture that a network looks at, and the way from picture to network and back.

Pixels have their centre on whole numbers and nothing is shifted by half a pixel: that is how the networks were trained
(MediaPipe's ImageToTensor on a CPU), and a shift costs accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Region", "crop", "iou"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Region:
    """A square, turned.

    Attributes:
        x, y: centre in pixels.
        size: side in pixels.
        angle: radians, positive turns the picture's x axis towards its y axis (y points down).
    """

    x: float
    y: float
    size: float
    angle: float = 0.0

    def to_picture(self, points: Array) -> Array:
        """(..., 2) fractions of the region, (0, 0) to (1, 1), to pixels of the picture."""
        cosine, sine = np.cos(self.angle) * self.size, np.sin(self.angle) * self.size
        u, v = points[..., 0] - 0.5, points[..., 1] - 0.5
        return np.stack([self.x + cosine * u - sine * v, self.y + sine * u + cosine * v], axis=-1)


def crop(image: NDArray[np.uint8], region: Region, side: int, *, beyond: str) -> NDArray[np.float32]:
    """The region as a (side, side, 3) float32 image, 0 to 255, bilinear.

    Args:
        image: (H, W, 3).
        region: what to cut out.
        side: of the result, pixels.
        beyond: what lies outside the picture, "black" or "edge" (its edge goes on).
    """
    height, width = image.shape[:2]
    steps = np.arange(side) / side
    place = region.to_picture(np.stack(np.broadcast_arrays(steps[None, :], steps[:, None]), axis=-1)).reshape(-1, 2)
    corner = np.floor(place)
    wx, wy = (place - corner).astype(np.float32).T[..., None]
    x, y = corner.astype(np.int32).T
    left, right = np.clip(x, 0, width - 1), np.clip(x + 1, 0, width - 1)
    flat = image.reshape(-1, 3)

    def blended(row: NDArray[np.int32]) -> NDArray[np.float32]:
        start = np.clip(row, 0, height - 1) * width
        # take() of whole pixels is several times faster than indexing.
        first, second = (np.take(flat, start + column, axis=0).astype(np.float32) for column in (left, right))
        return first + (second - first) * wx

    upper, lower = blended(y), blended(y + 1)
    result = upper + (lower - upper) * wy
    if beyond == "black":
        # Beyond the edge the clipped pixel was taken; its share is what has to go.
        for low, weight, size in ((x, wx[:, 0], width), (y, wy[:, 0], height)):
            inside = (1 - weight) * ((low >= 0) & (low < size)) + weight * ((low >= -1) & (low < size - 1))
            result *= inside[:, None]
    return result.reshape(side, side, 3)


def iou(box: Array, others: Array) -> Array:
    """Overlap of one box (4,) with others (N, 4), x0 y0 x1 y1: intersection over union, (N,)."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=-1)
    area = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=-1) - shared
    return np.asarray(shared / np.maximum(area, 1e-9))
