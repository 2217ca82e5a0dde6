"""One button is one undo step: Blender pushes it, as it does for a user, and one undo gives back all that was there before."""

import shutil

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_addon import ops, verbs
from blender_addon.compat import fcurves_of
from blender_addon.ops import video
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender


def _predicted():
    armature = rigs.quaternion(exercise("Squat", 0.5, seed=4))
    bpy.context.view_layer.objects.active = armature
    verbs.build_muscles(armature)
    verbs.predict_armature(armature)
    return armature


def _edited():
    armature = _predicted()
    armature.agonist.sliders["quadriceps_l"].scale = 1.6
    return armature


def _drawn():
    armature = _edited()
    bpy.ops.agonist.edit_curves("EXEC_DEFAULT", False, muscle="quadriceps")
    return armature


def _with_a_mesh():
    armature = _predicted()
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.05, segments=8, ring_count=6)
    armature.select_set(True)
    bpy.context.view_layer.objects.active = armature
    return armature


def _with_a_skin():
    armature = _predicted()
    skin = next(child for child in armature.children if "agonist_mannequin" in child)
    del skin["agonist_mannequin"]
    return armature


def _plain():
    armature = rigs.quaternion(exercise("Squat", 0.5, seed=4))
    bpy.context.view_layer.objects.active = armature
    return armature


# Operator -> what it starts from, and what it is called with.
STEPS = {
    "import_motion": (_plain, {"filepath": "squat.bvh"}),
    "capture_video": (_plain, {"filepath": "dance.mp4"}),
    "detect_bones": (_plain, {}),
    "load_bones": (_plain, {"filepath": "map.toml"}),
    "add_muscles": (_plain, {}),
    "predict": (_plain, {}),
    "glow_skin": (_with_a_skin, {}),
    "bind_mesh": (_with_a_mesh, {"muscle": "quadriceps_l"}),
    "edit": (_predicted, {}),
    "reset": (_edited, {}),
    "reset_slider": (_edited, {"slider": "quadriceps_l"}),
    "only_parts": (_edited, {"parts": "ARMS"}),
    "edit_curves": (_edited, {"muscle": "quadriceps"}),
    "clear_curves": (_drawn, {}),
    "keep_result": (_edited, {"track": True}),
    "ghost": (_edited, {}),
    "compare": (_edited, {}),
    "open_guide": (_plain, {"guide": "tour"}),
}


def test_every_operator_that_changes_the_scene_is_tried():
    pushing = {cls.bl_idname.removeprefix("agonist.") for cls in ops._CLASSES if "UNDO" in getattr(cls, "bl_options", ())}
    assert pushing == set(STEPS)


@pytest.mark.parametrize("name", STEPS)
def test_one_undo_takes_back_what_a_button_did_and_redo_does_it_again(name, squat, tmp_path, monkeypatch):
    begin, arguments = STEPS[name]
    armature = begin()
    if name == "capture_video":
        # What the process finds in a video is tried in test_video.py.
        monkeypatch.setattr(video, "_command", lambda: ["agonist"])
        monkeypatch.setattr(video, "captured", lambda command, film, out, **more: iter([float(bool(shutil.copy(squat, out)))]))
    if name == "load_bones":
        verbs.find_bones(armature)
        verbs.save_bones(armature, tmp_path / "map.toml")
        armature.agonist.bones.clear()
    files = {"squat.bvh": squat, "map.toml": tmp_path / "map.toml"}
    arguments = {key: str(files.get(value, value)) if isinstance(value, str) else value for key, value in arguments.items()}
    bpy.context.view_layer.update()
    bpy.ops.ed.undo_push(message="before")
    before = _state()
    assert getattr(bpy.ops.agonist, name)("EXEC_DEFAULT", True, **arguments) == {"FINISHED"}
    after = _state()
    assert _differences(before, after)
    assert bpy.ops.ed.undo() == {"FINISHED"}
    assert _differences(before, _state()) == []
    assert bpy.ops.ed.redo() == {"FINISHED"}
    assert _differences(after, _state()) == []


def _state():
    """Everything of the file that the add-on may touch, by name."""
    state = {}
    for thing in bpy.data.objects:
        state[f"object {thing.name}"] = (
            thing.parent and thing.parent.name, thing.parent_bone, thing.select_get(), sorted(m.name for m in thing.modifiers),
            [(slot.link, slot.material and slot.material.name) for slot in thing.material_slots], _properties(thing), _plays(thing),
            np.round(np.array(thing.matrix_world), 5).tolist(), thing.data and thing.data.name,
        )  # fmt: skip
        if thing.type == "ARMATURE":
            state[f"agonist {thing.name}"] = _group(thing.agonist)
    for mesh in bpy.data.meshes:
        state[f"mesh {mesh.name}"] = (sorted(one.name for one in mesh.attributes), _properties(mesh), _plays(mesh))
    for action in bpy.data.actions:
        owners = [*bpy.data.objects, *bpy.data.meshes]
        owner = next((one for one in owners if one.animation_data and one.animation_data.action == action), owners[0])
        curves = fcurves_of(owner, action)
        keys = {(curve.data_path, curve.array_index): [tuple(point.co) for point in curve.keyframe_points] for curve in curves}
        state[f"action {action.name}"] = (keys, _properties(action), action.use_fake_user)
    state["texts"] = [(text.name, text.as_string()) for text in bpy.data.texts]
    active = bpy.context.view_layer.objects.active
    state["view"] = (active and active.name, sorted(one.name for one in bpy.data.materials))
    return state


def _properties(owner):
    """Numbers and names; what a key plays depends on the frame alone and comes with the keys."""
    return {key: value for key, value in owner.items() if isinstance(value, str | int)}


def _plays(owner):
    data = owner.animation_data
    return data and (data.action and data.action.name, [[strip.action.name for strip in track.strips] for track in data.nla_tracks])


def _group(group):
    """A property group as plain values."""
    found = {}
    for prop in group.bl_rna.properties:
        value = getattr(group, prop.identifier)
        if prop.identifier in ("rna_type", "active_muscle"):
            continue
        if prop.type == "COLLECTION":
            found[prop.identifier] = [_group(one) for one in value]
        elif prop.type == "POINTER":
            found[prop.identifier] = value if value is None else value.name if isinstance(value, bpy.types.ID) else _group(value)
        else:
            found[prop.identifier] = value
    return found


def _differences(first, second):
    return sorted(key for key in first.keys() | second.keys() if first.get(key) != second.get(key))
