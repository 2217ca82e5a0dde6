"""A studio: floor, lights, and a camera that finds the character and the muscles that the picture is about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import bpy
import numpy as np
from mathutils import Vector

from .compat import assign_action, ensure_fcurve
from .curve_keys import write_keys
from .images import show_plainly
from .nodes import node_of

__all__ = ["Studio", "aim", "around", "centred", "framing", "key_camera", "set_studio", "telling_frames"]

# Where a camera sees a muscle best: degrees from straight ahead of the character, turning to its left [ours].
_BEST_VIEW = {"quadriceps": 38.0, "biceps": 52.0, "hamstrings": 112.0, "latissimus": 146.0}
# Of a person of 1.75 m, in metres [ours].
_FLOOR_M, _MARGIN_M, _AWAY_M, _TALL_M = 60.0, 0.17, 12.0, 1.75


@dataclass(frozen=True, eq=False)
class Studio:
    """A lit scene.

    Attributes:
        scene: where floor and lights are.
        first_frame: scene frame of the first row of `path`.
        path: (T, 3) metres, what the camera follows.
        direction: unit vector from the subject to the camera.
        unit: height of the subject over that of a person of 1.75 m.
    """

    scene: bpy.types.Scene
    first_frame: int
    path: np.ndarray
    direction: np.ndarray
    unit: float = 1.0

    @property
    def right(self) -> np.ndarray:
        """Unit vector to the right of the picture."""
        across = np.cross([0.0, 0.0, 1.0], self.direction)
        return across / np.linalg.norm(across)

    @property
    def up(self) -> np.ndarray:
        """Unit vector to the top of the picture."""
        return np.cross(self.direction, self.right)

    def turned(self, angle: float) -> Studio:
        """The same seen after the camera went round the subject by `angle` radians."""
        x, y, z = self.direction
        cos, sin = math.cos(angle), math.sin(angle)
        return replace(self, direction=np.array([cos * x - sin * y, sin * x + cos * y, z]))


def set_studio(
    scene: bpy.types.Scene,
    positions: np.ndarray,
    hips: tuple[int, int],
    muscles: Sequence[str],
    fps: float,
    floor_m: float,
    *,
    first_frame: int = 1,
    height_m: float = _TALL_M,
) -> Studio:
    """Floor, lights and world around a subject.

    Args:
        scene: gets them.
        positions: (T, J, 3) metres, world positions of the subject's joints.
        hips: which of the joints are the left and the right hip; they tell where the character faces.
        muscles: names of the muscles that the picture is about; the camera goes where they are seen.
        fps: frame rate of the positions, for smoothing the camera.
        floor_m: height of the floor.
        first_frame: scene frame of the first row.
        height_m: of the subject.
    """
    show_plainly(scene)
    low, high = positions.min(axis=1), positions.max(axis=1)
    path = (low + high) / 2
    path[:, :2] = _smoothed(path[:, :2], round(1.2 * fps))
    # The horizon should not bob with the character.
    path[:, 2] = np.median(path[:, 2])
    direction, unit = _view(positions, hips, muscles), height_m / _TALL_M
    _floor(scene, path.mean(axis=0)[:2], floor_m, _FLOOR_M * unit)
    _lights(scene, direction)
    return Studio(scene, first_frame, path, direction, unit)


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


def _floor(scene: bpy.types.Scene, middle: np.ndarray, height: float, reach: float) -> None:
    mesh = bpy.data.meshes.new("Floor")
    corners = [(middle[0] + x * reach, middle[1] + y * reach, height) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
    material = bpy.data.materials.new("Floor")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.remove(node_of(tree, "ShaderNodeBsdfPrincipled"))
    diffuse = tree.nodes.new("ShaderNodeBsdfDiffuse")
    diffuse.inputs["Color"].default_value = (0.66, 0.68, 0.71, 1)
    tree.links.new(diffuse.outputs[0], node_of(tree, "ShaderNodeOutputMaterial").inputs["Surface"])
    mesh.materials.append(material)
    floor = bpy.data.objects.new("Floor", mesh)
    floor.color = (0.66, 0.68, 0.71, 1)
    scene.collection.objects.link(floor)


def _lights(scene: bpy.types.Scene, direction: np.ndarray) -> None:
    """Key from the camera's left and above, fill from its right, rim from behind; a little sky."""
    world = scene.world or bpy.data.worlds.new("World")
    scene.world = world
    # What Workbench shows behind the floor.
    world.color = (0.66, 0.68, 0.71)
    world.use_nodes = True
    background = node_of(world.node_tree, "ShaderNodeBackground").inputs
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


Seen = Sequence[tuple[int, np.ndarray]]


def framing(studio: Studio, seen: Seen, aspect: float) -> tuple[float, np.ndarray]:
    """Width in metres and shift of the camera that hold all points (P, 3) seen at rows of its path; `aspect` is width / height."""
    relative = np.concatenate([points - studio.path[row] for row, points in seen])
    x, y = relative @ studio.right, relative @ studio.up
    width, height = (np.ptp(values) + 2 * _MARGIN_M * studio.unit for values in (x, y))
    middle = (x.min() + x.max()) / 2 * studio.right + (y.min() + y.max() + 0.04 * studio.unit) / 2 * studio.up
    return float(max(width, height * aspect)), middle


def centred(studio: Studio, seen: Seen) -> Studio:
    """The same studio followed more closely: at each row that is seen the points are in the middle of the picture's width."""
    path = studio.path.copy()
    for row in {row for row, _ in seen}:
        across = np.concatenate([points for one, points in seen if one == row]) @ studio.right
        path[row] += ((across.min() + across.max()) / 2 - path[row] @ studio.right) * studio.right
    return replace(studio, path=path)


def around(studio: Studio, seen: Seen) -> Seen:
    """Points that are in the picture from every side if those that are seen are, each as far from its row's middle."""
    relative = np.concatenate([points - studio.path[row] for row, points in seen])
    reach = np.linalg.norm(relative[:, :2], axis=1).max() * studio.right
    corners = [sign * reach + [0.0, 0.0, height] for sign in (-1, 1) for height in (relative[:, 2].min(), relative[:, 2].max())]
    return [(row, studio.path[row] + np.array(corners)) for row, _ in seen[:1]]


def _camera(studio: Studio, width_m: float) -> bpy.types.Object:
    """The studio's orthographic camera, which sees `width_m`."""
    camera = studio.scene.camera
    if camera is None:
        camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
        studio.scene.collection.objects.link(camera)
        studio.scene.camera = camera
    camera.data.type, camera.data.ortho_scale, camera.data.sensor_fit = "ORTHO", width_m, "HORIZONTAL"
    camera.data.clip_end = 200.0 * studio.unit
    camera.rotation_euler = Vector(studio.direction).to_track_quat("Z", "Y").to_euler()
    return camera


def _places(studio: Studio, shift: np.ndarray) -> np.ndarray:
    return studio.path + shift + _AWAY_M * studio.unit * studio.direction


def aim(studio: Studio, width_m: float, shift: np.ndarray, row: int) -> None:
    """Put the camera where it is at a row of the studio's path, `shift` metres off it, seeing `width_m`."""
    _camera(studio, width_m).location = _places(studio, shift)[row]


def key_camera(studio: Studio, width_m: float, shift: np.ndarray) -> None:
    """Let the camera follow the studio's path, keyed at every frame."""
    camera = _camera(studio, width_m)
    camera.animation_data_clear()
    action = bpy.data.actions.new("Camera")
    assign_action(camera, action)
    frames = np.arange(studio.first_frame, studio.first_frame + len(studio.path), dtype=np.float32)
    for axis, values in enumerate(_places(studio, shift).T):
        write_keys(ensure_fcurve(camera, action, "location", axis), frames, values)
