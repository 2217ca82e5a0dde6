"""A scene's frame rate, which Blender keeps as a whole number and a divisor."""

from __future__ import annotations

import bpy

__all__ = ["is_rate", "scene_rate", "set_scene_rate"]


def scene_rate(scene: bpy.types.Scene) -> float:
    """Frames a second of a scene."""
    return scene.render.fps / scene.render.fps_base


def is_rate(scene: bpy.types.Scene, fps: float) -> bool:
    """Whether a scene has a frame rate, as near as Blender can keep it."""
    return abs(scene_rate(scene) - fps) < 1e-4 * fps


def set_scene_rate(scene: bpy.types.Scene, fps: float) -> None:
    """Give a scene a frame rate that need not be whole."""
    base = max(1, round(fps))
    scene.render.fps = base
    scene.render.fps_base = base / fps
