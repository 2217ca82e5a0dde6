"""Pictures: a lit stage, a contact sheet and a film of the heatmap. Headless, Cycles on the CPU.

Cycles needs no graphics driver, so this runs on any machine. Sheets and films are put together with Pillow and PyAV, which the
demo brings along; the extension itself does not need them.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

from agonist.io.atomic import atomic_path

from .compat import assign_action, ensure_fcurve, write_keys
from .muscles.colours import srgb_at

__all__ = ["Row", "Stage", "contact_sheet", "film", "set_stage", "telling_frames"]

Progress = Callable[[float], None]
# Where a camera sees a muscle best: degrees from straight ahead of the character, turning to its left [ours].
_BEST_VIEW = {"quadriceps": 38.0, "biceps": 52.0, "hamstrings": 112.0, "latissimus": 146.0}
_FLOOR_M = 60.0
_MARGIN_M = 0.17
_INK, _PAPER, _PALE = (28, 30, 34), (250, 250, 251), (120, 124, 130)


@dataclass(frozen=True, eq=False)
class Stage:
    """A lit scene.

    Attributes:
        first_frame: scene frame of the first row of `path`.
        path: (T, 3) metres, what the camera follows.
        direction: unit vector from the subject to the camera.
    """

    first_frame: int
    path: np.ndarray
    direction: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """Unit vector to the right of the picture."""
        across = np.cross([0.0, 0.0, 1.0], self.direction)
        return across / np.linalg.norm(across)

    @property
    def up(self) -> np.ndarray:
        """Unit vector to the top of the picture."""
        return np.cross(self.direction, self.right)


@dataclass(frozen=True, eq=False)
class Row:
    """One row of a contact sheet: its title, the objects it shows, and where their joints are (T, J, 3)."""

    title: str
    objects: Sequence[bpy.types.Object]
    positions: np.ndarray


def set_stage(
    positions: np.ndarray, hips: tuple[int, int], muscles: Sequence[str], fps: float, floor_m: float, first_frame: int = 1
) -> Stage:
    """Floor, lights and world around a subject.

    Args:
        positions: (T, J, 3) metres, world positions of the subject's joints.
        hips: which of the joints are the left and the right hip; they tell where the character faces.
        muscles: names of the muscles that the picture is about; the camera goes where they are seen.
        fps: frame rate of the positions, for smoothing the camera.
        floor_m: height of the floor.
        first_frame: scene frame of the first row.
    """
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.max_bounces = 8, False, 0
    scene.cycles.use_adaptive_sampling, scene.cycles.seed = False, 1
    scene.view_settings.view_transform = "Standard"
    scene.render.use_persistent_data = True
    # Someone who opens the file and renders with Workbench sees the same colours.
    scene.display.shading.color_type = "OBJECT"
    low, high = positions.min(axis=1), positions.max(axis=1)
    path = (low + high) / 2
    path[:, :2] = _smoothed(path[:, :2], round(1.2 * fps))
    # The horizon should not bob with the character.
    path[:, 2] = np.median(path[:, 2])
    direction = _view(positions, hips, muscles)
    _floor(path.mean(axis=0)[:2], floor_m)
    _lights(direction)
    return Stage(first_frame, path, direction)


def _view(positions: np.ndarray, hips: tuple[int, int], muscles: Sequence[str]) -> np.ndarray:
    left = (positions[:, hips[0]] - positions[:, hips[1]])[:, :2].mean(axis=0)
    left = left / (np.linalg.norm(left) + 1e-9)
    front = np.array([left[1], -left[0]])
    groups = {name[:-2] if name[-2:] in ("_l", "_r") else name for name in muscles} & set(_BEST_VIEW)
    angle = math.radians(np.mean([_BEST_VIEW[group] for group in groups]) if groups else 55.0)
    # The side that is asked about faces the camera.
    side = -1.0 if muscles and all(name.endswith("_r") for name in muscles) else 1.0
    flat = math.cos(angle) * front + side * math.sin(angle) * left
    direction = np.array([flat[0], flat[1], 0.17])
    return direction / np.linalg.norm(direction)


def _floor(middle: np.ndarray, height: float) -> None:
    mesh = bpy.data.meshes.new("Floor")
    corners = [(middle[0] + x * _FLOOR_M, middle[1] + y * _FLOOR_M, height) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
    material = bpy.data.materials.new("Floor")
    material.use_nodes = True
    nodes = material.node_tree.nodes
    nodes.remove(nodes["Principled BSDF"])
    diffuse = nodes.new("ShaderNodeBsdfDiffuse")
    diffuse.inputs["Color"].default_value = (0.66, 0.68, 0.71, 1)
    material.node_tree.links.new(diffuse.outputs[0], nodes["Material Output"].inputs["Surface"])
    mesh.materials.append(material)
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("Floor", mesh))


def _lights(direction: np.ndarray) -> None:
    """Key from the camera's left and above, fill from its right, rim from behind; a little sky."""
    scene = bpy.context.scene
    world = scene.world or bpy.data.worlds.new("World")
    scene.world = world
    world.use_nodes = True
    background = world.node_tree.nodes["Background"].inputs
    background["Color"].default_value, background["Strength"].default_value = (0.85, 0.90, 1.0, 1), 0.30
    level = direction * np.array([1, 1, 0])
    left = np.array([direction[1], -direction[0], 0.0])
    for name, energy, place, shadow in (
        ("Key", 2.7, level + 0.75 * left + [0, 0, 1.25], True),
        ("Fill", 0.55, level - 1.2 * left + [0, 0, 0.3], False),
        ("Rim", 0.8, -level - 0.7 * left + [0, 0, 0.9], False),
    ):
        light = bpy.data.lights.new(name, "SUN")
        light.energy, light.angle, light.use_shadow = energy, 0.04 if shadow else 0.0, shadow
        thing = bpy.data.objects.new(name, light)
        thing.rotation_euler = Vector(place).to_track_quat("Z", "Y").to_euler()
        scene.collection.objects.link(thing)


def _smoothed(values: np.ndarray, frames: int) -> np.ndarray:
    half = max(1, min(frames, len(values) - 1) // 2)
    padded = np.concatenate([np.repeat(values[:1], half, 0), values, np.repeat(values[-1:], half, 0)])
    kernel = np.ones(2 * half + 1) / (2 * half + 1)
    return np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=-1)


def telling_frames(positions: np.ndarray, first: int, last: int, count: int) -> list[int]:
    """`count` rows of `positions` (T, J, 3) in [first, last) between which the body moves by like amounts.

    Even steps in time would show a pose that is held over and over.
    """
    step = np.linalg.norm(np.diff(positions[first:last], axis=0), axis=2).mean(axis=1)
    # A slow clip still advances: some of the way is time.
    way = np.concatenate([[0.0], np.cumsum(step + 0.25 * (step.mean() if len(step) else 0.0) + 1e-9)])
    wanted = np.linspace(0, way[-1], count + 2)[1:-1] if last - first > count + 1 else np.linspace(0, way[-1], count)
    return [int(first + np.abs(way - value).argmin()) for value in wanted]


def _camera(stage: Stage, width_m: float, shift: np.ndarray) -> None:
    """An orthographic camera that follows the stage's path, `shift` metres off it, and sees `width_m`."""
    scene = bpy.context.scene
    camera = scene.camera
    if camera is None:
        camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
        scene.collection.objects.link(camera)
        scene.camera = camera
    camera.data.type, camera.data.ortho_scale, camera.data.sensor_fit = "ORTHO", width_m, "HORIZONTAL"
    camera.rotation_euler = Vector(stage.direction).to_track_quat("Z", "Y").to_euler()
    places = stage.path + shift + 12.0 * stage.direction
    camera.animation_data_clear()
    action = bpy.data.actions.new("Camera")
    assign_action(camera, action)
    frames = np.arange(stage.first_frame, stage.first_frame + len(places), dtype=np.float32)
    for axis in range(3):
        write_keys(ensure_fcurve(camera, action, "location", axis), frames, places[:, axis])


def _framing(stage: Stage, clips: Sequence[np.ndarray], rows: Sequence[int], aspect: float) -> tuple[float, np.ndarray]:
    """Width in metres and shift of the camera that hold all clips (T, J, 3) at the given rows; `aspect` is width / height."""
    relative = np.concatenate([(clip[list(rows)] - stage.path[list(rows), None]).reshape(-1, 3) for clip in clips])
    x, y = relative @ stage.right, relative @ stage.up
    width, height = (np.ptp(values) + 2 * _MARGIN_M for values in (x, y))
    middle = (x.min() + x.max()) / 2 * stage.right + (y.min() + y.max() + 0.04) / 2 * stage.up
    return float(max(width, height * aspect)), middle


def _centred(stage: Stage, clips: Sequence[np.ndarray]) -> Stage:
    """The same stage followed more closely: each frame has the body in the middle of the picture's width."""
    across = np.concatenate([(clip - stage.path[:, None]) @ stage.right for clip in clips], axis=1)
    middle = (across.min(axis=1) + across.max(axis=1)) / 2
    return replace(stage, path=stage.path + middle[:, None] * stage.right)


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
    rows: Sequence[Row],
    frames: Sequence[int],
    *,
    fps: float,
    cell: tuple[int, int] = (288, 384),
    caption: str = "",
    scale_top: float = 1.0,
    colour_map: str = "PAPER",
    progress: Progress | None = None,
) -> None:
    """Render each row's objects, all other rows' hidden, at `frames` (rows of the stage's path) into one picture.

    `scale_top` is the activation that full colour of `colour_map` stands for, written beside the colour bar.
    """
    from PIL import Image, ImageDraw

    clips = [row.positions for row in rows]
    # A still need not follow smoothly.
    stage = _centred(stage, clips)
    width_m, shift = _framing(stage, clips, frames, cell[0] / cell[1])
    _camera(stage, width_m, shift)
    gap, head, foot = 4, 40, 58
    size = (len(frames) * (cell[0] + gap) + gap, len(rows) * (cell[1] + head) + foot)
    sheet = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    done = 0
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "cell.png"
        for r, row in enumerate(rows):
            for other in rows:
                for thing in other.objects:
                    thing.hide_render = other is not row
            top = r * (cell[1] + head)
            draw.text((gap + 8, top + 10), row.title, fill=_INK, font=_font(19))
            for c, frame in enumerate(frames):
                _render(picture, stage.first_frame + frame, cell)
                left = gap + c * (cell[0] + gap)
                sheet.paste(Image.open(picture).convert("RGB"), (left, top + head))
                draw.text((left + 10, top + head + cell[1] - 24), f"{frame / fps:.1f} s", fill=_PALE, font=_font(14))
                done += 1
                if progress:
                    progress(done / (len(rows) * len(frames)))
        for row in rows:
            for thing in row.objects:
                thing.hide_render = False
    _legend(draw, (gap + 8, size[1] - foot + 14), size[0], caption, scale_top, colour_map)
    with atomic_path(path) as temporary:
        sheet.save(temporary, optimize=True)


def _font(size: int):
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _legend(draw, place: tuple[int, int], width: int, caption: str, scale_top: float, colour_map: str) -> None:
    left, top = place
    font = _font(15)
    draw.text((left, top + 3), "relaxed 0", fill=_INK, font=font)
    bar, begin = 200, left + 76
    for x in range(bar):
        colour = tuple(round(255 * float(value)) for value in srgb_at(colour_map, np.array(x / (bar - 1))))
        draw.line([(begin + x, top + 3), (begin + x, top + 20)], fill=colour)
    draw.text((begin + bar + 8, top + 3), f"{scale_top:.2f} flexed", fill=_INK, font=font)
    draw.text((width - 14, top + 3), caption, fill=_PALE, font=font, anchor="ra")


def film(
    path: Path,
    stage: Stage,
    clips: Sequence[np.ndarray],
    frames: Sequence[int],
    fps: float,
    *,
    size: tuple[int, int] = (448, 320),
    samples: int = 3,
    progress: Progress | None = None,
) -> None:
    """Render `frames` (rows of the stage's path) of the whole scene and encode them as H.264 at `fps` frames a second.

    `clips` (T, J, 3) are the joints that must stay in the picture.
    """
    import av
    from PIL import Image, ImageFilter

    width_m, shift = _framing(stage, clips, frames, size[0] / size[1])
    _camera(stage, width_m, shift)
    # A film is watched, not studied: few samples, and a median takes the grains out.
    bpy.context.scene.cycles.samples = samples
    # The container is closed before the finished file takes its place.
    with tempfile.TemporaryDirectory() as folder, atomic_path(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=max(1, round(fps)))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.options = {"crf": "20"}
        for done, frame in enumerate(frames, 1):
            picture = Path(folder) / "frame.png"
            _render(picture, stage.first_frame + frame, size)
            smooth = Image.open(picture).convert("RGB").filter(ImageFilter.MedianFilter(3))
            for packet in stream.encode(av.VideoFrame.from_image(smooth)):
                container.mux(packet)
            if progress:
                progress(done / len(frames))
        for packet in stream.encode():
            container.mux(packet)
