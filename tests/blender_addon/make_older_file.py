"""Makes the file that test_older_files.py opens: run from the clone's root in the oldest Blender there is, whose actions have no layers.

    .venv/matrix/4.2.23/bin/python -m tests.blender_addon.make_older_file
"""

import json
import os
import sys
from pathlib import Path

import bpy

import blender_addon
from blender_addon import verbs
from blender_addon.compat import assign_action, ensure_fcurve, fcurves_of
from blender_addon.curve_keys import write_keys
from blender_addon.muscles.heatmap import muscle_objects
from blender_addon.results import keep_result
from tests.blender_addon import rigs
from tests.clips import exercise

FILE = Path(__file__).parent / "files" / "of_blender_4_2.blend"
# The text in it that says what it showed when it was saved.
SEEN = "seen"
_FRAMES = (1, 11, 25)


def seen(armature):
    """What each motion shows at some frames: the bones' matrices, and the muscles' activation, its share of full colour, and colour."""
    shown = {}
    for which in ("ORIGINAL", "RECOMMENDED"):
        armature.agonist.show = which
        poses = rigs.at_frames(armature, _FRAMES).round(5).tolist()
        colours = {}
        for frame in _FRAMES:
            bpy.context.scene.frame_set(frame)
            for name, thing in muscle_objects(armature).items():
                told = (thing["activation_raw"], thing["activation"], *thing.color)
                colours.setdefault(name, []).append([round(value, 5) for value in told])
        shown[which] = {"poses": poses, "colours": colours}
    return shown


def _fill():
    armature = rigs.quaternion(exercise("Squat", 1.0, seed=4))
    bpy.context.view_layer.objects.active = armature
    verbs.build_muscles(armature, mannequin=False)
    for thing in muscle_objects(armature).values():
        _thin(thing.data)
    verbs.predict_armature(armature)
    # A mesh that played something before it stood for a muscle, and one whose surface glows.
    ball = _mesh("ball", [(0.1, 0, 0.6), (0.15, 0, 0.6), (0.1, 0.05, 0.6)])
    _play(ball, '["wind"]')
    verbs.bind(armature, ball, "quadriceps_r")
    skin = _mesh("skin", [(0.1, -0.1, 0.6), (0.15, -0.1, 0.6), (0.1, -0.1, 0.7)])
    skin.modifiers.new("Armature", "ARMATURE").object = armature
    _play(skin.data, '["rain"]')
    verbs.glow(armature, [skin])
    # A result on a track, and one that goes on being edited, with a curve that was drawn.
    props = armature.agonist
    props.sliders["biceps_l"].scale = 1.3
    keep_result(armature, track=True)
    props.sliders["biceps_l"].scale = 1.0
    helper = verbs.open_curves(armature, ["latissimus_l"])
    path = f'["{props.sliders["latissimus_l"].label}"]'
    curve = next(one for one in fcurves_of(helper, helper.animation_data.action) if one.data_path == path)
    for point in curve.keyframe_points:
        point.co.y *= 0.7
    curve.update()
    props.groups["hamstrings"].scale = 1.5
    bpy.data.texts.new(SEEN).write(json.dumps(seen(armature)))


def _thin(mesh):
    """A tenth of a mesh is enough, and makes the file a third smaller."""
    # Only there once bpy is.
    import bmesh

    whole = bmesh.new()
    whole.from_mesh(mesh)
    bmesh.ops.delete(whole, geom=list(whole.verts)[len(mesh.vertices) // 10 :])
    whole.to_mesh(mesh)
    whole.free()


def _mesh(name, places):
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(places, [], [(0, 1, 2)])
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _play(owner, path):
    owner[path[2:-2]] = 0.0
    action = bpy.data.actions.new(path[2:-2])
    assign_action(owner, action)
    write_keys(ensure_fcurve(owner, action, path), [1.0, 31.0], [0.0, 6.0])


if __name__ == "__main__":
    assert bpy.app.version[:2] == (4, 2), bpy.app.version_string
    bpy.ops.wm.read_factory_settings(use_empty=True)
    blender_addon.register()
    _fill()
    FILE.unlink(missing_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(FILE), compress=True, copy=True)
    # Python that ends by itself crashes in this Blender's wheel once a class was registered.
    sys.stdout.flush()
    os._exit(0)
