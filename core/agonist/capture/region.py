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
    steps = (np.arange(side) / side).astype(np.float64)
    grid = np.stack(np.broadcast_arrays(steps[None, :], steps[:, None]), axis=-1)
    place = region.to_picture(grid).astype(np.float32).reshape(-1, 2)
    left = np.floor(place)
    weight = (place - left).astype(np.float32)
    x, y = left[:, 0].astype(np.int64), left[:, 1].astype(np.int64)
    flat = image.reshape(-1, 3)
    result = np.zeros((side * side, 3), dtype=np.float32)
    for dx in (0, 1):
        for dy in (0, 1):
            share = (weight[:, 0] if dx else 1 - weight[:, 0]) * (weight[:, 1] if dy else 1 - weight[:, 1])
            cx, cy = x + dx, y + dy
            inside_x, inside_y = np.clip(cx, 0, width - 1), np.clip(cy, 0, height - 1)
            if beyond == "black":
                share = share * ((inside_x == cx) & (inside_y == cy))
            result += flat[inside_y * width + inside_x] * share[:, None]
    return result.reshape(side, side, 3)


def iou(box: Array, others: Array) -> Array:
    """Overlap of one box (4,) with others (N, 4), x0 y0 x1 y1: intersection over union, (N,)."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=-1)
    area = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=-1) - shared
    return np.asarray(shared / np.maximum(area, 1e-9))
