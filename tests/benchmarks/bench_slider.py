"""Slider to updated pose on screen: 300 frames, a rig of 65 bones, median over 20 moves, with its parts. Prints a table. Wall time also
counts what else the machine does, processor time what the work itself takes.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core")]

import bpy
import numpy as np

import blender_addon
from agonist.corpus.exercises import perform
from blender_addon import session, verbs
from blender_addon.muscles.attach import add_muscles
from blender_addon.muscles.heatmap import key_activation, muscle_objects, range_top
from blender_addon.muscles.mannequin import add_mannequin
from blender_addon.rig.apply import apply_motion, copy_action
from blender_addon.rig.bones import rig_of
from blender_addon.rig.sample import stamp_of
from tests.blender_addon import preset_rigs

MOVES = 20


def _median_ms(work: Callable[[int], object], before: Callable[[int], object] = lambda k: None) -> tuple[float, float]:
    """Wall time, and processor time of all threads, of `work`; what goes `before` it is not counted."""
    times = []
    for k in range(MOVES):
        before(k)
        started, spent = time.perf_counter(), time.process_time()
        work(k)
        times.append((1000 * (time.perf_counter() - started), 1000 * (time.process_time() - spent)))
    wall, processor = (statistics.median(column) for column in zip(*times, strict=True))
    return wall, processor


def main() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    blender_addon.register()
    armature = preset_rigs.build("Mixamo", perform("Squat", 299 / 30, 1.75, np.random.default_rng(0)), bones=65)
    bpy.context.scene.render.fps, bpy.context.scene.frame_end = 30, 300
    add_muscles(armature)
    add_mannequin(armature)
    verbs.predict_armature(armature)
    live = session.live_edit(armature)
    slider = armature.agonist.sliders["hamstrings_l"]
    slider.scale = 1.3

    def scale(k: int) -> dict[str, float]:
        return {"hamstrings_l": 1.2 + 0.02 * k}

    result = live.session.edit(scale(0), refine=False)
    top = range_top(result.original, "CLIP")
    action = copy_action(armature.agonist.source_action, "bench | recommended", live.stamp)
    scene, layer = bpy.context.scene, bpy.context.view_layer
    scene.frame_set(100)

    def written(k: int) -> None:
        apply_motion(armature, live.sample, result.motion, action)

    def coloured(k: int) -> None:
        key_activation(muscle_objects(armature), result.recommended, 1, "RECOMMENDED", "bench", top)

    rows = [
        ("is the source as it was (stamp)", _median_ms(lambda k: stamp_of(armature, armature.agonist.source_action, rig_of(armature)))),
        ("edit (core)", _median_ms(lambda k: live.session.edit(scale(k), refine=False))),
        ("write the action", _median_ms(written)),
        ("key the colours", _median_ms(coloured)),
        ("Blender evaluates the scene (depsgraph)", _median_ms(lambda k: layer.update(), lambda k: (written(k), coloured(k)))),
    ]

    def moved(k: int) -> None:
        before = _knee(armature)
        slider.scale = 1.25 + 0.02 * k
        layer.update()
        if np.allclose(_knee(armature), before, atol=1e-6):
            raise SystemExit("the slider did not move the pose")

    rows += [
        ("slider to updated pose, all of it", _median_ms(moved)),
        ("Recommend Motion: trying multiples (core)", _median_ms(lambda k: live.session.edit(scale(k)))),
    ]
    print(f"{len(live.sample.motion)} frames, {len(armature.pose.bones)} bones, 8 muscles; median of {MOVES}, milliseconds")
    print(f"  {'':45}{'wall':>8}{'processor':>11}")
    for name, (wall, processor) in rows:
        print(f"  {name:45}{wall:8.1f}{processor:11.1f}")


def _knee(armature: bpy.types.Object) -> np.ndarray:
    shown = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array(shown.pose.bones["mixamorig:LeftLeg"].matrix)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    # The bpy module's own clean-up at interpreter exit can hang (bpy 4.5.15), as in blender_addon/__main__.py.
    os._exit(0)
