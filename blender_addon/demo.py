"""The main job in one call: a motion becomes a scene with a heatmap, a recommended motion, pictures and files.

What a person does in the sidebar, done by the same verbs, without a window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import bpy
import numpy as np

from agonist.edit import EditResult, prepare_edit
from agonist.edit_goal import scales_by_muscle
from agonist.humanoid import body25_from_motion, map_humanoid
from agonist.io import bvh, csv_activation
from agonist.model import load_model
from agonist.motion import Motion

from . import verbs
from .compat import assign_action
from .exports.write import ExportOptions, export_motion
from .muscles.attach import add_muscles
from .muscles.heatmap import key_activation, muscle_objects, range_top
from .muscles.mannequin import add_mannequin
from .picture import Row, film, sheet, use_cycles
from .rig.build import build_armature
from .sheet import Legend
from .studio import set_studio, telling_frames

__all__ = ["make_demo"]

# The film: frames a second and seconds at most; the job has two minutes on two cores.
_FILM_FPS, _FILM_S = 10.0, 3.2


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
    export_motion(original, out / "recommended.fbx", "FBX", ExportOptions(activation=True))
    recommended = _twin(original, result)
    verbs.show(original, "ORIGINAL")
    props.shown = "ORIGINAL"
    bvh.write(out / "original.bvh", motion, layout)
    bvh.write(out / "recommended.bvh", _on_all_joints(motion, original, frames), layout)
    csv_activation.write(out / "activation.csv", result.recommended)
    _pictures(motion, result, original, recommended, scales, out, tell)
    tell("saving the scene", 0.0)
    bpy.context.scene.frame_set(1)
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "scene.blend"), compress=True)
    tell("done", 1.0)
    return result


def _on_all_joints(motion: Motion, armature: bpy.types.Object, frames: tuple[int, int] | None) -> Motion:
    """The edit on the file's own skeleton: the rig is edited by the joints that a person has, a file may have many more."""
    props = armature.agonist
    scales = {slider.name: slider.scale for slider in props.sliders}
    return prepare_edit(motion, model=load_model(props.model)).edit(scales, frames).motion


def _resolved(armature: bpy.types.Object, scales: Mapping[str, float]) -> dict[str, float]:
    muscles = load_model(armature.agonist.model).contract.muscles
    return scales_by_muscle(scales, muscles)


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
    hmap = map_humanoid(motion.skeleton)
    hips = tuple(motion.skeleton.index(hmap[f"hip_{side}"]) for side in "lr")
    before, after = motion.positions_world, result.motion.positions_world
    soles = body25_from_motion(motion, hmap).positions[..., 2].min(axis=1)
    scene = bpy.context.scene
    use_cycles(scene)
    studio = set_studio(scene, before, hips, list(scales), motion.fps, float(np.percentile(soles, 2)))
    first, last = result.frames
    rows = [Row("Original", _things(original), before), Row(_title(result), _things(recommended), after)]
    props = original.agonist
    legend = Legend(
        props.colour_map, f"{range_top(result.original, props.colour_range).max():.2f}",
        "muscle activation predicted by a model trained on simulated activation, as a share of maximal",
    )  # fmt: skip
    sheet(
        out / "heatmap.png", studio, rows, telling_frames(before, first, last, 6), fps=motion.fps, legend=legend,
        progress=lambda share: tell("rendering the contact sheet", share),
    )  # fmt: skip
    # Side by side for the film: each steps aside, across the line of sight.
    reach = [(clip - studio.path[:, None])[first:last] @ studio.right for clip in (before, after)]
    apart = float(reach[0].max() - reach[1].min()) + 0.35
    for thing, sign in ((original, -1.0), (recommended, 1.0)):
        thing.location = tuple(sign * 0.5 * apart * studio.right)
    clips = [clip + sign * 0.5 * apart * studio.right for clip, sign in ((before, -1.0), (after, 1.0))]
    rate = min(_FILM_FPS, motion.fps)
    span = np.arange(0, min(last - first, motion.fps * _FILM_S), motion.fps / rate)
    film(
        out / "heatmap.mp4", studio, clips, [math.floor(first + offset) for offset in span], rate,
        progress=lambda share: tell("rendering the film", share),
    )  # fmt: skip
    for thing in (original, recommended):
        # Both walk where the motion was; the twin stands beside only as far as the two would overlap.
        thing.location = (0.0, 0.0, 0.0)
    recommended.location = tuple(apart * studio.right)


def _title(result: EditResult) -> str:
    """What was asked and reached, sides together where they were asked the same."""
    asked: dict[str, list[float]] = {}
    by_group: dict[str, list] = {}
    for outcome in result.outcomes:
        if outcome.is_asked:
            by_group.setdefault(outcome.muscle[:-2], []).append(outcome)
    for group, outcomes in by_group.items():
        if len(outcomes) == 2 and outcomes[0].asked == outcomes[1].asked:
            before, after = (sum(getattr(outcome, when) for outcome in outcomes) for when in ("before", "after"))
            asked[group] = [outcomes[0].asked, after / max(before, 1e-6)]
        else:
            asked |= {outcome.muscle: [outcome.asked, outcome.reached] for outcome in outcomes}
    told = [f"{_spoken(name)} x{wanted:g} asked, x{reached:.2f} reached" for name, (wanted, reached) in asked.items()]
    return "Recommended" + (":  " + ";  ".join(told) if told else "")


def _spoken(muscle: str) -> str:
    side = {"_l": "left ", "_r": "right "}.get(muscle[-2:], "")
    return side + (muscle[:-2] if side else muscle)
