"""Slider to what is on screen, and to the whole clip: 300 and 3,000 frames, a rig of 65 bones, and Rigify; medians, with their parts.

Wall time also counts what else the machine does, processor time what the work itself takes. There is no window here, so what
Blender needs to draw is not in it: `python3 build.py gui` measures mouse moves in a real window.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core"), str(Path(__file__).parent)]

import bpy
import numpy as np
from table import median_ms, show

import blender_addon
from agonist.corpus.exercises import perform
from blender_addon import preview, session, verbs
from blender_addon.muscles.attach import add_muscles
from blender_addon.muscles.heatmap import key_activation, muscle_objects, range_top, show_activation
from blender_addon.muscles.mannequin import add_mannequin
from blender_addon.rig.apply import apply_motion, copy_action, pose_frame
from blender_addon.rig.bones import rig_of
from blender_addon.rig.sample import stamp_of
from tests.blender_addon import control_rigs, preset_rigs


def scene(frames: int) -> bpy.types.Object:
    """A Mixamo rig with 65 bones, the eight muscles and a plain body, predicted."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    motion = perform("Squat", (frames - 1) / 30, 1.75, np.random.default_rng(0))
    return dressed(preset_rigs.build("Mixamo", motion, bones=65), frames)


def rigify(frames: int) -> bpy.types.Object:
    """Blender's own Rigify with the same on it, its limbs solved by IK, with many channels that nothing keys."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    control_rigs.FRAMES = frames
    return dressed(control_rigs.posed_rigify(True), frames)


def dressed(armature: bpy.types.Object, frames: int) -> bpy.types.Object:
    bpy.context.scene.render.fps, bpy.context.scene.frame_end = 30, frames
    add_muscles(armature)
    add_mannequin(armature)
    verbs.predict_armature(armature)
    return armature


def bench(armature: bpy.types.Object, frames: int) -> None:
    live, layer = session.live_edit(armature), bpy.context.view_layer
    objects, slider = muscle_objects(armature), armature.agonist.sliders["hamstrings_l"]
    # From here on sliders move as a mouse moves them.
    preview.is_by_hand = lambda *modules: True
    slider.scale = 1.3
    preview.finish_all()
    frame = frames // 3
    bpy.context.scene.frame_set(frame)
    top = range_top(live.session.original, "CLIP")
    row, muscles = frame - live.sample.first_frame, live.session.original.muscles
    sample, seen = live.sample.row(row), live.session.preview({"hamstrings_l": 1.3}, row)

    def scale(k: int) -> dict[str, float]:
        return {"hamstrings_l": 1.2 + 0.02 * k}

    def posed(k: int) -> None:
        pose_frame(armature, sample, seen.motion)

    def tinted(k: int) -> None:
        show_activation(objects, seen.activation, muscles, top)

    def moved(k: int) -> None:
        before = _knee(armature)
        slider.scale = 1.25 + 0.02 * k
        layer.update()
        if not armature.agonist.is_preview or np.allclose(_knee(armature), before, atol=1e-6):
            raise SystemExit("the slider did not show a preview")

    rows = [
        ("the frame's edit (core)", median_ms(lambda k: live.session.preview(scale(k), row))),
        ("pose the bones", median_ms(posed)),
        ("colour the muscles", median_ms(tinted)),
        ("Blender evaluates the scene (depsgraph)", median_ms(lambda k: layer.update(), lambda k: (posed(k), tinted(k)))),
        ("SLIDER TO WHAT IS ON SCREEN, all of it (goal: 33)", median_ms(moved)),
    ]
    preview.finish_all()

    count = 20 if frames < 1000 else 5
    result = live.session.edit(scale(0), refine=False)
    action = copy_action(armature.agonist.source_action, "bench | recommended", live.stamp)

    def written(k: int) -> None:
        apply_motion(armature, live.sample, result.motion, action)

    def coloured(k: int) -> None:
        key_activation(objects, result.recommended, 1, "RECOMMENDED", "bench", top)

    def settled(k: int) -> None:
        preview.finish_all()
        layer.update()

    def begun(k: int) -> None:
        slider.scale = 1.25 + 0.02 * k
        layer.update()

    rows += [
        ("is the source as it was (stamp)", median_ms(lambda k: stamp_of(armature, armature.agonist.source_action, rig_of(armature)))),
        ("the whole edit (core)", median_ms(lambda k: live.session.edit(scale(k), refine=False), times=count)),
        ("write the action", median_ms(written, times=count)),
        ("key the colours", median_ms(coloured, times=count)),
        ("Blender evaluates the scene (depsgraph)", median_ms(lambda k: layer.update(), lambda k: (written(k), coloured(k)), times=count)),
        ("WHOLE CLIP SETTLED, all of it, after the hand rests", median_ms(settled, begun, times=count)),
        ("Recommend Motion: trying multiples (core)", median_ms(lambda k: live.session.edit(scale(k)), times=count)),
    ]
    if live.sample.is_mechanical:
        rows += [
            ("PREDICT, every frame evaluated", median_ms(lambda k: verbs.predict_armature(armature), times=3)),
            ("RECOMMEND MOTION, until the joints are there", median_ms(lambda k: verbs.edit_armature(armature), times=3)),
        ]
    show(f"{armature.name}: {frames} frames, {len(armature.pose.bones)} bones, {len(objects)} muscles", rows)


def _knee(armature: bpy.types.Object) -> np.ndarray:
    shown = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array(shown.pose.bones[rig_of(armature).joints["knee_l"]].matrix)


if __name__ == "__main__":
    blender_addon.register()
    for frames in (300, 3000):
        bench(scene(frames), frames)
    bench(rigify(301), 301)
    sys.stdout.flush()
    # The bpy module's own clean-up at interpreter exit can hang (bpy 4.5.15), as in blender_addon/__main__.py.
    os._exit(0)
