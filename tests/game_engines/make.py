"""Exports of every preset for engines, and what is true of each: `python3 build.py engines`. In Blender (the bpy wheel).

    python tests/game_engines/make.py OUT

A plain character that travels, with a body, muscles and an edit, and Rigify as it is for a game: its deforming bones and a root.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core")]

import bpy
import numpy as np

import blender_addon
from blender_addon import verbs
from blender_addon.exports.presets import preset
from blender_addon.exports.stage import renaming_of
from blender_addon.exports.take import activation_shown, baked
from blender_addon.exports.write import ExportOptions, export_motion
from blender_addon.rig.rate import scene_rate
from blender_addon.steps import finished
from tests.blender_addon import control_rigs, rigs
from tests.clips import exercise

_BODY = "Mannequin"


def main(out: Path) -> None:
    blender_addon.register()
    told = {}
    for name in ("UNREAL", "UNITY", "MIXAMO", "FBX", "GLB"):
        told |= _exported(_plain(), out, "plain", name, ExportOptions(activation=True, meshes=True))
    for name in ("UNREAL", "GLB"):
        told |= _exported(_rigify(), out, "rigify", name, ExportOptions(root="BONE"))
    (out / "truth.json").write_text(json.dumps(told), encoding="utf-8")


def _plain() -> bpy.types.Object:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 30
    armature = rigs.travelling(exercise("HighKick", 1.0, seed=4))
    bpy.context.view_layer.objects.active = armature
    verbs.build_muscles(armature)
    verbs.predict_armature(armature)
    armature.agonist.sliders["hamstrings_l"].scale = 1.6
    return armature


def _rigify() -> bpy.types.Object:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    armature = control_rigs.posed_rigify(True)
    bpy.context.view_layer.objects.active = armature
    return armature


def _exported(armature: bpy.types.Object, out: Path, rig: str, name: str, options: ExportOptions) -> dict[str, object]:
    """One file; its name and what a reader must find in it: places in metres, Z up."""
    poses = rigs.evaluated(armature)
    heads = {bone.name: poses[:, k, :3, 3] for k, bone in enumerate(armature.pose.bones)}
    chosen = preset(name)
    take = finished(baked(armature, root=options.root, deform_only=chosen.deform_only))
    roots = [one for one, parent in zip(take.names, take.parents, strict=True) if parent < 0 and options.root == "BONE"]
    above = {one: take.names[parent] if parent >= 0 else "" for one, parent in zip(take.names, take.parents, strict=True)}
    renaming = renaming_of(take, chosen)
    activation = finished(activation_shown(armature)) if options.activation else None
    truth = {
        "fps": scene_rate(bpy.context.scene), "frames": len(poses), "unit_m": chosen.unit_m if chosen.format == "fbx" else 1.0,
        "bones": [renaming.get(one, one) for one in take.names],
        "parents": {renaming.get(one, one): renaming.get(parent, parent) for one, parent in above.items()},
        # A root that the file alone moves is checked by what hangs on it.
        "heads": {renaming.get(one, one): heads[one].tolist() for one in take.names if one in heads and one not in roots},
        "body": _extents(armature, len(poses)) if options.meshes else None,
        "activation": {one: activation.column(one).tolist() for one in activation.muscles.names} if activation else None,
    }  # fmt: skip
    path = out / f"{rig}_{name.lower()}{chosen.suffix}"
    export_motion(armature, path, name, options)
    return {path.name: truth}


def _extents(armature: bpy.types.Object, frames: int) -> list[list[list[float]]]:
    """(T, 2, 3) lowest and highest corner of the body at each frame."""
    body = next(child for child in armature.children if child.name.startswith(_BODY))
    first = round(armature.animation_data.action.frame_range[0])
    found = []
    for frame in range(first, first + frames):
        bpy.context.scene.frame_set(frame)
        shown = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
        points = np.empty(3 * len(shown.data.vertices), dtype=np.float32)
        shown.data.vertices.foreach_get("co", points)
        place = np.array(shown.matrix_world)
        points = points.reshape(-1, 3) @ place[:3, :3].T + place[:3, 3]
        found.append([points.min(axis=0).tolist(), points.max(axis=0).tolist()])
    return found


if __name__ == "__main__":
    main(Path(sys.argv[-1]))
    # Blender's own clean-up may crash.
    os._exit(0)
