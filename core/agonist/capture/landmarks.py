"""Where are a person's joints: BlazePose's landmark network (Bazarevsky et al. 2020; GHUM, Xu et al. 2020) on onnxruntime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agonist.capture.detector import region_from_points
from agonist.capture.region import Region, crop
from agonist.onnx_session import open_session

__all__ = ["Landmarks", "PoseLandmarker"]

Array = NDArray[np.float64]

_SIDE = 256
_PUBLIC = 33
# Two of the six inner points: the middle of the hips and the rim of the body's circle, for the next frame's region.
_CENTRE, _RIM = 33, 34
_HEATMAP_REACH = 4
_HEATMAP_MIN = 0.5


@dataclass(frozen=True, eq=False)
class Landmarks:
    """What the network says of one person in one picture; 33 points in BlazePose's order.

    Attributes:
        pixels: (33, 2) in the picture.
        world: (33, 3) metres from the middle of the hips; x to the picture's right, y down, z away from the camera.
        visibility: (33,) in [0, 1].
        flag: in [0, 1], whether there is a person at all.
        region: what the network looked at.
        next_region: what it should look at in the next picture.
    """

    pixels: Array
    world: Array
    visibility: Array
    flag: float
    region: Region
    next_region: Region

    @property
    def box(self) -> Array:
        """(4,) x0 y0 x1 y1 round the 33 points, pixels."""
        return np.concatenate([self.pixels.min(axis=0), self.pixels.max(axis=0)])


class PoseLandmarker:
    """The network with what comes before and after it."""

    def __init__(self, path: Path, threads: int = 2) -> None:
        self._session = open_session(path, threads)

    def __call__(self, image: NDArray[np.uint8], region: Region) -> Landmarks:
        """Landmarks of the person in a region of an (H, W, 3) RGB picture."""
        tensor = crop(image, region, _SIDE, beyond="edge") / np.float32(255)
        raw, flag, heatmap, world = self._session.run(["landmarks", "flag", "heatmap", "world"], {"image": tensor[None]})
        points = raw[0].astype(float).reshape(39, 5)
        places = _refined(points[:, :2] / _SIDE, heatmap[0])
        pixels = region.to_picture(places)
        cosine, sine = np.cos(region.angle), np.sin(region.angle)
        turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        return Landmarks(
            pixels[:_PUBLIC],
            world[0].astype(float).reshape(39, 3)[:_PUBLIC] @ turn.T,
            1 / (1 + np.exp(-points[:_PUBLIC, 3])),
            float(flag[0, 0]),
            region,
            region_from_points(pixels[_CENTRE], pixels[_RIM]),
        )


def _refined(places: Array, heatmap: NDArray[np.float32]) -> Array:
    """(39, 2) fractions of the region, moved to the centre of gravity of the heatmap around them where it is sure."""
    side = heatmap.shape[0]
    result = places.copy()
    cells = np.floor(places * side).astype(int)
    for k, (column, row) in enumerate(cells):
        if not (0 <= column < side and 0 <= row < side):
            continue
        left, top = max(0, column - _HEATMAP_REACH), max(0, row - _HEATMAP_REACH)
        patch = heatmap[top : row + _HEATMAP_REACH + 1, left : column + _HEATMAP_REACH + 1, k].astype(float)
        weight = 1 / (1 + np.exp(-patch))
        if weight.max() < _HEATMAP_MIN:
            continue
        total = weight.sum()
        x = (weight.sum(axis=0) * (left + np.arange(patch.shape[1]))).sum() / total
        y = (weight.sum(axis=1) * (top + np.arange(patch.shape[0]))).sum() / total
        result[k] = x / side, y / side
    return result
