"""The demo's pictures: a contact sheet and a film of several characters in the scene. Headless, Cycles on the CPU.

Cycles needs no graphics driver, so this runs on any machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from .film import write_film
from .images import read_image, render_still, write_image
from .sheet import Legend, contact_sheet
from .studio import Studio, centred, framing, key_camera

__all__ = ["Row", "film", "sheet", "use_cycles"]

Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Row:
    """One row of a contact sheet: its title, the objects it shows, and where their joints are (T, J, 3)."""

    title: str
    objects: Sequence[bpy.types.Object]
    positions: np.ndarray


def use_cycles(scene: bpy.types.Scene) -> None:
    """Few samples and no bounces: quick and clean enough."""
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.max_bounces = 8, False, 0
    scene.cycles.use_adaptive_sampling, scene.cycles.seed = False, 1
    scene.render.use_persistent_data = True
    # Someone who opens the file and renders with Workbench sees the same colours.
    scene.display.shading.color_type = "OBJECT"


def sheet(
    path: Path, studio: Studio, rows: Sequence[Row], frames: Sequence[int], *, fps: float, legend: Legend,
    cell: tuple[int, int] = (288, 384), progress: Progress | None = None,
) -> None:  # fmt: skip
    """Render each row's objects, all other rows' hidden, at `frames` (rows of the studio's path) into one picture."""
    seen = [(frame, row.positions[frame]) for row in rows for frame in frames]
    # A still need not follow smoothly.
    studio = centred(studio, seen)
    key_camera(studio, *framing(studio, seen, cell[0] / cell[1]))
    stills: list[tuple[str, list[np.ndarray]]] = []
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            for other in rows:
                for thing in other.objects:
                    thing.hide_render = other is not row
            stills.append((row.title, []))
            for frame in frames:
                stills[-1][1].append(_still(studio, Path(folder, "cell.png"), frame, cell))
                if progress:
                    progress(sum(len(shot) for _, shot in stills) / (len(rows) * len(frames)))
    for row in rows:
        for thing in row.objects:
            thing.hide_render = False
    write_image(path, contact_sheet(stills, [frame / fps for frame in frames], legend, "CYCLES"))


def _still(studio: Studio, path: Path, frame: int, size: tuple[int, int]) -> np.ndarray:
    studio.scene.frame_set(studio.first_frame + frame)
    render_still(studio.scene, path, size)
    return read_image(path)


def film(
    path: Path, studio: Studio, clips: Sequence[np.ndarray], frames: Sequence[int], fps: float, *,
    size: tuple[int, int] = (448, 320), samples: int = 3, progress: Progress | None = None,
) -> None:  # fmt: skip
    """Render `frames` (rows of the studio's path) of the whole scene and encode them as H.264 at `fps` frames a second.

    `clips` (T, J, 3) are the joints that must stay in the picture.
    """
    key_camera(studio, *framing(studio, [(frame, clip[frame]) for clip in clips for frame in frames], size[0] / size[1]))
    # A film is watched, not studied: few samples, and a median takes the grains out.
    studio.scene.cycles.samples = samples
    with tempfile.TemporaryDirectory() as folder:
        stills = []
        for done, frame in enumerate(frames, 1):
            stills.append(Path(folder, f"frame_{done:06}.png"))
            write_image(stills[-1], _without_grain(_still(studio, Path(folder, "still.png"), frame, size)[..., :3]))
            if progress:
                progress(done / len(frames))
        write_film(path, stills, size, fps)


def _without_grain(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3): each pixel the median of the nine around it."""
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    high, wide = picture.shape[:2]
    return np.median([padded[y : y + high, x : x + wide] for y in range(3) for x in range(3)], axis=0)
