"""The other waits in Blender: playback with 80 coloured muscles, Predict on 1,000 frames, Add Muscles. A rig of 65 bones, no window.

Scene evaluation is all that playback needs besides drawing: every bone, muscle, colour and the body's skin of a frame.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core"), str(Path(__file__).parent)]

import bpy
import numpy as np
from table import Times, median_ms, show

import blender_addon
from agonist.corpus.exercises import perform
from agonist.humanoid import map_humanoid
from agonist.model import load_model
from agonist.predict import predict
from blender_addon import verbs
from blender_addon.muscles.heatmap import MUSCLE_KEY, muscle_objects
from tests.blender_addon import preset_rigs

COLOURED = 80


def rig(frames: int) -> bpy.types.Object:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    motion = perform("Squat", (frames - 1) / 30, 1.75, np.random.default_rng(0))
    armature = preset_rigs.build("Mixamo", motion, bones=65)
    bpy.context.scene.render.fps, bpy.context.scene.frame_end = 30, frames
    return armature


def playback() -> None:
    """All muscles that are drawn, and copies of them with keys of their own until there are 80."""
    armature = rig(300)
    verbs.build_muscles(armature, muscles="surface24")
    verbs.predict_armature(armature)
    things = list(muscle_objects(armature).values())
    own = [thing for thing in things if thing.animation_data and thing.animation_data.action]
    coloured = list(own)
    for k in range(COLOURED - len(own)):
        one = own[k % len(own)]
        copy = one.copy()
        del copy[MUSCLE_KEY]
        copy.data, copy.animation_data.action = one.data.copy(), one.animation_data.action.copy()
        bpy.context.scene.collection.objects.link(copy)
        coloured.append(copy)
    bodies = [child for child in armature.children if "agonist_mannequin" in child]
    others = len(things) - len(own)
    whole = _frame_ms()
    # What a frame costs without a part is what it costs less; each is taken away on top of those before.
    for thing in coloured:
        thing.animation_data.action = None
    uncoloured = _frame_ms()
    for thing in (*things, *coloured):
        thing.hide_viewport = True
    without_muscles = _frame_ms()
    for thing in bodies:
        thing.hide_viewport = True
    bones = _frame_ms()

    def less(more: tuple[float, float], fewer: tuple[float, float]) -> tuple[float, float]:
        return more[0] - fewer[0], more[1] - fewer[1]

    rows = [
        (f"{COLOURED} muscles' colours, keyed", less(whole, uncoloured)),
        (f"{COLOURED} + {others} muscles' shapes: bones, stretch, constant volume", less(uncoloured, without_muscles)),
        ("the body's skin", less(without_muscles, bones)),
        ("65 bones, and Blender's frame", bones),
        ("A FRAME, all of it (goal: 16.7, which is 60 frames/s)", whole),
    ]
    show(f"Playback of 300 frames: {1000 / whole[0]:.0f} frames/s of wall time, {1000 / whole[1]:.0f} of processor time", rows)


def _frame_ms() -> tuple[float, float]:
    """Wall and processor time of a frame in playback of 300, in milliseconds: means, as playback is all of them."""
    scene = bpy.context.scene
    scene.frame_set(1)
    started, spent = time.perf_counter(), time.process_time()
    for frame in range(1, 301):
        scene.frame_set(frame)
    return 1e3 * (time.perf_counter() - started) / 300, 1e3 * (time.process_time() - spent) / 300


def waits() -> None:
    armature = rig(1000)
    motion, model = perform("Squat", 999 / 30, 1.75, np.random.default_rng(0)), load_model()
    hmap = map_humanoid(motion.skeleton)
    predict(motion.slice(0, 100), model, hmap=hmap)
    # A motion keeps where its joints are, so each is predicted once.
    fresh = [motion.slice(0, 1000) for _ in range(5)]

    def built(muscles: str) -> Times:
        return median_ms(lambda k: verbs.build_muscles(armature, muscles=muscles), times=3)

    def predicted() -> Times:
        return median_ms(lambda k: verbs.predict_armature(armature), times=3)

    rows = [
        ("predict 1,000 frames (core; goal: 500)", median_ms(lambda k: predict(fresh[k], model, hmap=hmap), times=5)),
        ("Add Muscles, the eight and a body", built("mia8")),
        ("Predict: read 1,000 frames, predict, key eight muscles (goal: 500)", predicted()),
        ("Add Muscles, all twenty-four and a body (goal: 2000)", built("surface24")),
        ("Predict: read 1,000 frames, predict, key all twenty-four (goal: 500)", predicted()),
    ]
    show("1,000 frames, 65 bones", rows)


if __name__ == "__main__":
    blender_addon.register()
    playback()
    waits()
    sys.stdout.flush()
    # The bpy module's own clean-up at interpreter exit can hang (bpy 4.5.15), as in blender_addon/__main__.py.
    os._exit(0)
