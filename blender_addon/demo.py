"""The main job in one call: a motion becomes a scene with a heatmap, a recommended motion, pictures and files.

What a person does in the sidebar, done by the same verbs, without a window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import bpy
import numpy as np

from agonist.edit import EditResult
from agonist.humanoid import map_humanoid
from agonist.io import bvh, csv_activation
from agonist.motion import Motion

from . import verbs
from .compat import assign_action
from .muscles.attach import add_muscles
from .muscles.heatmap import key_activation, muscle_objects, range_top
from .muscles.mannequin import add_mannequin
from .picture import contact_sheet, film, set_stage
from .rig.build import build_armature

__all__ = ["make_demo"]

_BEHIND = ("hamstrings", "latissimus")


def make_demo(
    motion: Motion,
    scales: Mapping[str, float],
    out: Path,
    *,
    layout: bvh.BvhLayout | None = None,
    frames: tuple[int, int] | None = None,
    step: Callable[[str, float], None] | None = None,
) -> EditResult:
    """Write scene.blend, heatmap.png, heatmap.mp4, activation.csv, original.bvh, recommended.bvh, recommended.fbx to `out`.

    Args:
        motion: the original.
        scales: muscle or group -> factor.
        out: a folder.
        layout: of the BVH file that the motion came from, if it did.
        frames: [first, last) frames that may change.
        step: told what is being done and how far it is.
    """
    tell = step or (lambda text, share: None)
    out.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    tell("building the rig", 0.0)
    original = build_armature(motion, "Original")
    add_muscles(original)
    add_mannequin(original)
    tell("predicting muscles", 0.0)
    verbs.predict_armature(original)
    props = original.agonist
    props.live = False
    for name, scale in _resolved(original, scales).items():
        props.sliders[name].scale = scale
    if frames:
        props.use_frame_range, props.frame_first, props.frame_last = True, frames[0] + 1, frames[1]
    tell("recommending a motion", 0.0)
    result = verbs.edit_armature(original)
    verbs.export_fbx(original, out / "recommended.fbx")
    recommended = _twin(original, result)
    verbs.show(original, "ORIGINAL")
    props.shown = "ORIGINAL"
    bvh.write(out / "original.bvh", motion, layout)
    bvh.write(out / "recommended.bvh", result.motion, layout)
    csv_activation.write(out / "activation.csv", result.recommended)
    _pictures(motion, result, original, recommended, scales, out, tell)
    tell("saving the scene", 0.0)
    bpy.context.scene.frame_set(1)
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "scene.blend"), compress=True)
    tell("done", 1.0)
    return result


def _resolved(armature: bpy.types.Object, scales: Mapping[str, float]) -> dict[str, float]:
    from agonist.model import load_model
    from agonist.muscles import resolve_muscles

    muscles = load_model(armature.agonist.model).contract.muscles
    return {name: scale for key, scale in scales.items() for name in resolve_muscles([key], muscles)}


def _twin(original: bpy.types.Object, result: EditResult) -> bpy.types.Object:
    """A second armature that plays the recommended motion beside the original."""
    twin = original.copy()
    twin.name = "Recommended"
    bpy.context.scene.collection.objects.link(twin)
    twin.animation_data_create()
    assign_action(twin, original.agonist.recommended_action)
    add_muscles(twin)
    add_mannequin(twin)
    key_activation(
        muscle_objects(twin), result.recommended, 1, "RECOMMENDED", "Recommended", range_top(result.original, original.agonist.colour_range)
    )
    return twin


def _things(armature: bpy.types.Object) -> list[bpy.types.Object]:
    return [child for child in armature.children if child.type == "MESH"]


def _pictures(
    motion: Motion, result: EditResult, original: bpy.types.Object, recommended: bpy.types.Object,
    scales: Mapping[str, float], out: Path, tell: Callable[[str, float], None],
) -> None:  # fmt: skip
    behind = bool(scales) and all(name.startswith(_BEHIND) for name in scales)
    hmap = map_humanoid(motion.skeleton)
    # The stage reads the facing from the first two joints: left hip, right hip.
    order = [motion.skeleton.index(hmap[name]) for name in hmap.joints]
    order.sort(key=lambda joint: {motion.skeleton.index(hmap["hip_l"]): 0, motion.skeleton.index(hmap["hip_r"]): 1}.get(joint, 2))
    positions = motion.positions_world[:, order]
    stage = set_stage(positions, behind, motion.fps)
    first, last = result.frames
    shown = np.linspace(first, last - 1, 8)[1:-1].round().astype(int)
    asked = ", ".join(f"{name} x{scale:g}" for name, scale in scales.items()) or "nothing asked"
    top = float(range_top(result.original, original.agonist.colour_range).max())
    size = float(np.percentile(np.ptp(positions, axis=1).max(axis=1), 95))
    contact_sheet(
        out / "heatmap.png", stage, [("original", _things(original)), (f"recommended: {asked}", _things(recommended))],
        [int(frame) + 1 for frame in shown], width_m=1.0 * size, scale_top=top,
        caption="predicted activation, share of maximal; model trained on simulated activation",
        progress=lambda share: tell("rendering the contact sheet", share),
    )  # fmt: skip
    # Side by side for the film: the twin steps aside, across the line of sight.
    aside = np.cross(stage.direction, [0.0, 0.0, 1.0])
    aside /= np.linalg.norm(aside)
    recommended.location = tuple(-0.75 * size * aside)
    centred = type(stage)(stage.centre - 0.375 * size * aside, stage.direction)
    rate = min(10.0, motion.fps)
    span = np.arange(0, min(last - first, motion.fps * 4), motion.fps / rate)
    film(
        out / "heatmap.mp4", centred, [math.floor(first + offset) + 1 for offset in span], rate, width_m=1.85 * size,
        progress=lambda share: tell("rendering the film", share),
    )  # fmt: skip
