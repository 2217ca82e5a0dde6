"""Pictures: a scene that looks good without any setting up, a contact sheet and a film of the heatmap. Headless, Cycles.

Cycles on the CPU needs no graphics driver, so this runs on any machine. Sheets and films are put together with Pillow and
PyAV, which the demo brings along; the extension itself does not need them.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

from agonist.io.atomic import atomic_path

__all__ = ["Stage", "contact_sheet", "film", "set_stage"]

Progress = Callable[[float], None]
_LABEL_PX = 26


@dataclass(frozen=True)
class Stage:
    """A lit scene with a camera.

    Attributes:
        centre: (T, 3) metres, what the camera looks at, frame by frame from the scene's first frame.
        direction: unit vector from the subject to the camera.
    """

    centre: np.ndarray
    direction: np.ndarray


def set_stage(positions: np.ndarray, behind: bool, fps: float) -> Stage:
    """Floor, light and world around a subject.

    Args:
        positions: (T, J, 3) metres, world positions of the subject's joints.
        behind: look at the back of the character rather than at its front.
        fps: frame rate of the positions, for smoothing the camera.
    """
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.max_bounces = 16, False, 1
    scene.cycles.seed = 1
    scene.view_settings.view_transform = "Standard"
    scene.render.use_persistent_data = True
    world = scene.world or bpy.data.worlds.new("World")
    scene.world = world
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.80, 0.84, 0.90, 1)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.55
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy, sun.data.angle = 2.6, 0.06
    scene.collection.objects.link(sun)
    centre = positions.reshape(len(positions), -1, 3)
    middle = (centre.min(axis=1) + centre.max(axis=1)) / 2
    path = middle.copy()
    path[:, :2] = _smoothed(middle[:, :2], round(1.5 * fps))
    # The horizon should not bob with the character.
    path[:, 2] = np.median(middle[:, 2])
    floor = bpy.data.meshes.new("Floor")
    low, size = float(np.percentile(centre[..., 2], 0.5)), 40.0
    x, y = path[:, 0].mean(), path[:, 1].mean()
    floor.from_pydata(
        [(x - size, y - size, low), (x + size, y - size, low), (x + size, y + size, low), (x - size, y + size, low)], [], [(0, 1, 2, 3)]
    )
    ground = bpy.data.objects.new("Floor", floor)
    material = bpy.data.materials.new("Floor")
    material.use_nodes = True
    material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.62, 0.64, 0.66, 1)
    material.node_tree.nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.9
    floor.materials.append(material)
    scene.collection.objects.link(ground)
    facing = _facing(positions)
    angle = math.radians(142 if behind else 38)
    turned = np.array(
        [math.cos(angle) * facing[0] - math.sin(angle) * facing[1], math.sin(angle) * facing[0] + math.cos(angle) * facing[1], 0.16]
    )
    direction = turned / np.linalg.norm(turned)
    sun.rotation_euler = (
        Vector(direction * np.array([1, 1, 0]) + np.array([0.3 * direction[1], -0.3 * direction[0], 1.1]))
        .to_track_quat("Z", "Y")
        .to_euler()
    )
    return Stage(path, direction)


def _smoothed(values: np.ndarray, frames: int) -> np.ndarray:
    half = max(1, min(frames, len(values) - 1) // 2)
    padded = np.concatenate([np.repeat(values[:1], half, 0), values, np.repeat(values[-1:], half, 0)])
    kernel = np.ones(2 * half + 1) / (2 * half + 1)
    return np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=-1)


def _facing(positions: np.ndarray) -> np.ndarray:
    """Mean horizontal direction that the body faces, from the line between its left-most and right-most rest joints."""
    left = positions[:, 0] - positions[:, 1]
    mean = left[:, :2].mean(axis=0)
    mean /= np.linalg.norm(mean) + 1e-9
    return np.array([mean[1], -mean[0]])


def _camera(stage: Stage, width_m: float, aspect: float) -> bpy.types.Object:
    scene = bpy.context.scene
    camera = scene.camera
    if camera is None:
        camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
        scene.collection.objects.link(camera)
        scene.camera = camera
    camera.data.lens, camera.data.sensor_width, camera.data.sensor_fit = 60.0, 36.0, "HORIZONTAL"
    distance = width_m * camera.data.lens / camera.data.sensor_width
    camera.rotation_euler = Vector(stage.direction).to_track_quat("Z", "Y").to_euler()
    places = stage.centre + distance * stage.direction
    camera.animation_data_clear()
    from .compat import assign_action, ensure_fcurve, write_keys

    action = bpy.data.actions.new("Camera")
    assign_action(camera, action)
    frames = np.arange(scene.frame_start, scene.frame_start + len(places), dtype=np.float32)
    for axis in range(3):
        write_keys(ensure_fcurve(camera, action, "location", axis), frames, places[:, axis])
    return camera


def _render(path: Path, frame: int, size: tuple[int, int]) -> None:
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = *size, 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    scene.frame_set(frame)
    bpy.ops.render.render(write_still=True)


def contact_sheet(
    path: Path,
    stage: Stage,
    rows: Sequence[tuple[str, Sequence[bpy.types.Object]]],
    frames: Sequence[int],
    *,
    cell: tuple[int, int] = (300, 400),
    width_m: float = 2.0,
    caption: str = "",
    scale_top: float = 1.0,
    progress: Progress | None = None,
) -> None:
    """Render `frames` of each row's objects (all other rows' objects hidden) into one picture.

    `scale_top` is the activation that full red stands for, written beside the colour bar.
    """
    from PIL import Image, ImageDraw

    _camera(stage, width_m, cell[0] / cell[1])
    sheet = Image.new("RGB", (cell[0] * len(frames), (cell[1] + _LABEL_PX) * len(rows) + 2 * _LABEL_PX), (250, 250, 250))
    draw, font = ImageDraw.Draw(sheet), _font(17)
    done = 0
    with tempfile.TemporaryDirectory() as folder:
        for r, (label, _) in enumerate(rows):
            for other, (_, objects) in enumerate(rows):
                for thing in objects:
                    thing.hide_render = other != r
            top = r * (cell[1] + _LABEL_PX)
            draw.text((8, top + 3), label, fill=(20, 20, 20), font=font)
            for c, frame in enumerate(frames):
                picture = Path(folder) / f"{r}-{c}.png"
                _render(picture, frame, cell)
                sheet.paste(Image.open(picture).convert("RGB"), (c * cell[0], top + _LABEL_PX))
                done += 1
                if progress:
                    progress(done / (len(rows) * len(frames)))
        for _, objects in rows:
            for thing in objects:
                thing.hide_render = False
    _legend(draw, sheet.size, caption, scale_top, font)
    with atomic_path(path) as temporary:
        sheet.save(temporary)


def _font(size: int):
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _legend(draw, size: tuple[int, int], caption: str, scale_top: float, font) -> None:
    left, top, width, height = 8, size[1] - _LABEL_PX - 12, 220, 16
    for x in range(width):
        share = x / (width - 1)
        draw.line(
            [(left + x, top), (left + x, top + height)], fill=(round(250 + 5 * share), round(253 * (1 - share)), round(50 * (1 - share)))
        )
    draw.text((left, top + height), "relaxed 0", fill=(20, 20, 20), font=_font(13))
    draw.text((left + width - 30, top + height), f"flexed {scale_top:.2f}", fill=(20, 20, 20), font=_font(13))
    draw.text((left + width + 90, top), caption, fill=(20, 20, 20), font=font)


def film(
    path: Path, stage: Stage, frames: Sequence[int], fps: float, *, size: tuple[int, int] = (448, 320), width_m: float = 3.4,
    progress: Progress | None = None,
) -> None:  # fmt: skip
    """Render `frames` and encode them as H.264 at `fps` frames a second."""
    import av
    from PIL import Image

    _camera(stage, width_m, size[0] / size[1])
    # A film is watched, not studied: few samples, no indirect light.
    bpy.context.scene.cycles.samples, bpy.context.scene.cycles.max_bounces = 6, 0
    with (
        tempfile.TemporaryDirectory() as folder,
        atomic_path(path) as temporary,
        av.open(str(temporary), "w", format="mp4") as container,
    ):
        stream = container.add_stream("libx264", rate=max(1, round(fps)))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for done, frame in enumerate(frames, 1):
            picture = Path(folder) / "frame.png"
            _render(picture, frame, size)
            for packet in stream.encode(av.VideoFrame.from_image(Image.open(picture).convert("RGB"))):
                container.mux(packet)
            if progress:
                progress(done / len(frames))
        for packet in stream.encode():
            container.mux(packet)
