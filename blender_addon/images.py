"""Images as arrays, read and written by Blender itself, and letters on them: the extension has no other imaging library.

Letters are text objects that a scene of their own renders over nothing, so that any engine and any machine can write.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from agonist.io.atomic import atomic_path

from .muscles.colours import linear
from .nodes import node_of

__all__ = ["Text", "flat_engine", "letters", "over", "read_image", "render_still", "show_plainly", "write_image"]

# Samples a pixel that smooth the edges of letters in an engine that samples [ours].
_SAMPLES = 16


@dataclass(frozen=True)
class Text:
    """One line of text on a picture.

    Attributes:
        text: what it says.
        x, y: pixels from the left and the top edge; the middle of the line's height lies at y.
        size: height of a line in pixels.
        colour: sRGB in [0, 1].
        align: "LEFT", "CENTER" or "RIGHT" of x.
    """

    text: str
    x: float
    y: float
    size: float
    colour: tuple[float, float, float]
    align: str = "LEFT"


def read_image(path: Path) -> np.ndarray:
    """(H, W, 4) sRGB and alpha in [0, 1] of an image file, top row first."""
    image = bpy.data.images.load(str(path))
    try:
        width, height = image.size
        pixels = np.empty(4 * width * height, dtype=np.float32)
        image.pixels.foreach_get(pixels)
    finally:
        bpy.data.images.remove(image)
    return pixels.reshape(height, width, 4)[::-1]


def write_image(path: Path, pixels: np.ndarray) -> None:
    """Write (H, W, 3) sRGB in [0, 1], top row first, as PNG. Raises InputError."""
    height, width, _ = pixels.shape
    image = bpy.data.images.new(path.stem, width, height)
    try:
        full = np.ones((height, width, 4), dtype=np.float32)
        full[..., :3] = pixels[::-1]
        image.pixels.foreach_set(full.ravel())
        image.file_format = "PNG"
        with atomic_path(path) as temporary:
            image.filepath_raw = str(temporary)
            image.save()
    finally:
        bpy.data.images.remove(image)


def over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """(H, W, 3): `above` (H, W, 4) laid over `below` (H, W, 3)."""
    alpha = above[..., 3:]
    return above[..., :3] * alpha + below * (1 - alpha)


def letters(texts: Sequence[Text], size: tuple[int, int], engine: str) -> np.ndarray:
    """(H, W, 4) of lines of text over nothing; `size` is width and height in pixels."""
    width, height = size
    scene = bpy.data.scenes.new("Letters")
    made: list[bpy.types.ID] = []
    try:
        flat_engine(scene, engine)
        camera = bpy.data.cameras.new("Letters")
        camera.type, camera.sensor_fit, camera.ortho_scale = "ORTHO", "HORIZONTAL", width
        eye = bpy.data.objects.new("Letters", camera)
        eye.location = (width / 2, -height / 2, 10.0)
        made += [eye, camera]
        inks = {}
        for one in texts:
            if one.colour not in inks:
                inks[one.colour] = _ink(one.colour)
                made.append(inks[one.colour])
            curve = bpy.data.curves.new("Letters", "FONT")
            curve.body, curve.size, curve.align_x, curve.align_y = one.text, one.size, one.align, "CENTER"
            curve.materials.append(inks[one.colour])
            thing = bpy.data.objects.new("Letters", curve)
            thing.location, thing.color = (one.x, -one.y, 0.0), (*linear(np.array(one.colour)), 1.0)
            scene.collection.objects.link(thing)
            made += [thing, curve]
        scene.collection.objects.link(eye)
        scene.camera = eye
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "letters.png")
            render_still(scene, path, size, transparent=True)
            return read_image(path)
    finally:
        bpy.data.scenes.remove(scene)
        bpy.data.batch_remove(made)


def _ink(colour: tuple[float, float, float]) -> bpy.types.Material:
    material = bpy.data.materials.new("Letters")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.remove(node_of(tree, "ShaderNodeBsdfPrincipled"))
    emission = tree.nodes.new("ShaderNodeEmission")
    emission.inputs["Color"].default_value = (*linear(np.array(colour)), 1.0)
    tree.links.new(emission.outputs[0], node_of(tree, "ShaderNodeOutputMaterial").inputs["Surface"])
    return material


def show_plainly(scene: bpy.types.Scene) -> None:
    """Let colours reach the picture as they are, by whatever name a studio's own colour management has for that."""
    for name in ("Standard", "Un-tone-mapped", "Raw"):
        try:
            scene.view_settings.view_transform = name
        except TypeError:
            continue
        return


def flat_engine(scene: bpy.types.Scene, engine: str) -> None:
    """Let a scene render colours as they are, without light or shade."""
    scene.render.engine = engine
    show_plainly(scene)
    if engine == "CYCLES":
        scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.max_bounces = _SAMPLES, False, 0
    elif engine == "BLENDER_WORKBENCH":
        scene.display.shading.light, scene.display.shading.color_type = "FLAT", "OBJECT"
    else:
        scene.eevee.taa_render_samples = _SAMPLES


def render_still(scene: bpy.types.Scene, path: Path, size: tuple[int, int], *, transparent: bool = False) -> None:
    """Render a scene's current frame to a PNG file of a size in pixels."""
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = *size, 100
    render.image_settings.file_format = "PNG"
    render.image_settings.color_mode = "RGBA" if transparent else "RGB"
    render.film_transparent, render.filepath = transparent, str(path)
    # Blender renders another scene at the frame of the current one, so that scene has to be the current one.
    with bpy.context.temp_override(scene=scene, view_layer=scene.view_layers[0]):
        bpy.ops.render.render(write_still=True)
