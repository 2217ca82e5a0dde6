"""A film out of stills, by Blender's own video encoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy

from agonist.errors import InputError
from agonist.io.atomic import atomic_path

from .compat import strips_of, write_video
from .images import show_plainly
from .rig.rate import set_scene_rate
from .translate import rpt

__all__ = ["write_film"]


def write_film(path: Path, stills: Sequence[Path], size: tuple[int, int], fps: float) -> None:
    """Encode PNG stills of one folder as H.264 in an MP4 file; width and height are even. Raises InputError."""
    if not bpy.app.ffmpeg.supported:
        raise InputError(rpt(
            "{path}: this Blender was built without FFmpeg and writes no films. Expected one from blender.org.", path=path
        ))  # fmt: skip
    scene = bpy.data.scenes.new("Film")
    try:
        set_scene_rate(scene, fps)
        show_plainly(scene)
        strip = strips_of(scene).new_image("Film", str(stills[0]), 1, 1)
        for still in stills[1:]:
            strip.elements.append(still.name)
        scene.frame_start, scene.frame_end = 1, len(stills)
        render = scene.render
        render.resolution_x, render.resolution_y, render.resolution_percentage = *size, 100
        render.use_compositing = False
        write_video(render)
        with atomic_path(path) as temporary:
            render.filepath = str(temporary)
            bpy.ops.render.render(animation=True, scene=scene.name)
    finally:
        bpy.data.scenes.remove(scene)
