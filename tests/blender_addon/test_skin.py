"""Muscles without muscle objects, and meshes of the user's own as muscles."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from mathutils import Matrix

from agonist.errors import InputError, MotionError
from agonist.muscles import muscle_set
from blender_addon import verbs
from blender_addon.compat import assign_action, ensure_fcurve
from blender_addon.curve_keys import write_keys
from blender_addon.ghost import show_ghost
from blender_addon.muscles.colours import colours_at
from blender_addon.muscles.heatmap import muscle_objects
from blender_addon.muscles.meaning import shared_skins
from blender_addon.muscles.skin import borrowed_muscles, glow_skin, glowing_skins, remove_glow, skin_shares
from blender_addon.ui.legend import legend_lines
from tests.blender_addon import rigs
from tests.blender_addon.test_pixels import _linear, _rendered
from tests.clips import exercise

pytestmark = pytest.mark.blender


def _character():
    """A rig with a skin of its own: the mannequin, which no longer says that it is ours."""
    armature = rigs.scaled(exercise("Squat", 1.0, seed=4))
    bpy.context.view_layer.objects.active = armature
    verbs.build_muscles(armature)
    skin = next(child for child in armature.children if "agonist_mannequin" in child)
    del skin["agonist_mannequin"]
    for thing in list(muscle_objects(armature).values()):
        bpy.data.objects.remove(thing)
    return armature, skin


def _state(skin):
    return (
        [slot.material.name for slot in skin.material_slots], [slot.link for slot in skin.material_slots],
        sorted(one.name for one in skin.data.attributes), sorted(skin.data.keys()), sorted(group.name for group in skin.vertex_groups),
    )  # fmt: skip


def _only(skin, muscle):
    """That muscle everywhere and no other, so that every pixel says one colour."""
    layer, channel = divmod(list(skin.data["agonist_skin"]).index(muscle), 4)
    for number in range((len(skin.data["agonist_skin"]) + 3) // 4):
        values = np.zeros((len(skin.data.vertices), 4), dtype=np.float32)
        values[:, channel] = number == layer
        skin.data.attributes[f"Agonist {number + 1}"].data.foreach_set("color", values.ravel())


def test_the_glow_lies_over_the_muscles_and_goes_without_a_trace():
    armature, skin = _character()
    before, materials = _state(skin), sorted(one.name for one in bpy.data.materials)
    assert bpy.ops.agonist.glow_skin() == {"FINISHED"}
    layers = [np.empty(4 * len(skin.data.vertices), dtype=np.float32) for _ in range(2)]
    for number, values in enumerate(layers, 1):
        skin.data.attributes[f"Agonist {number}"].data.foreach_get("color", values)
    weights = dict(zip(skin.data["agonist_skin"], np.concatenate([one.reshape(-1, 4) for one in layers], axis=1).T, strict=True))
    places = np.array([skin.matrix_world @ vertex.co for vertex in skin.data.vertices])
    bones = armature.data.bones
    at = {name: np.array(armature.matrix_world @ bones[name].head_local) for name in ("hip_l", "knee_l", "elbow_l", "shoulder_l")}
    for muscle, (upper, lower) in {"quadriceps_l": ("hip_l", "knee_l"), "biceps_l": ("shoulder_l", "elbow_l")}.items():
        shown = weights[muscle] > 0.5
        assert shown.sum() > 30
        middle = np.average(places[shown], axis=0, weights=weights[muscle][shown])
        length = np.linalg.norm(at[upper] - at[lower])
        assert np.linalg.norm(middle - (at[upper] + at[lower]) / 2) < 0.35 * length
    total = sum(weights.values())
    assert total.max() <= 1 + 1e-5 and 0.05 < (total > 0.1).mean() < 0.7
    assert bpy.ops.agonist.glow_skin() == {"FINISHED"}
    assert _state(skin) == before and sorted(one.name for one in bpy.data.materials) == materials


@pytest.mark.parametrize("muscles", ["mia8", "surface24", "surface48"])
def test_a_rendered_frame_shows_the_activation_on_the_skin(muscles, tmp_path):
    armature, skin = _character()
    verbs.predict_armature(armature)
    armature.agonist.colour_map, armature.agonist.colour_range = "VIRIDIS", "MUSCLE"
    verbs.glow(armature, [skin], muscles=muscles)
    name = "quadriceps_l" if muscles == "mia8" else "biceps_femoris_l"
    assert "soleus_l" not in list(skin.data["agonist_skin"])
    _only(skin, name)
    shares = {}
    for frame in (1, 11, 21, 31):
        bpy.context.scene.frame_set(frame)
        shares[frame] = skin_shares(skin)[name]
    assert max(shares.values()) - min(shares.values()) > 0.1
    rendered = _rendered(skin, tuple(shares), tmp_path)
    says = {frame: colours_at("VIRIDIS", np.array(share)) for frame, share in shares.items()}
    light, gloss = np.polyfit(np.array(list(says.values())).ravel(), np.array([rendered[frame] for frame in says]).ravel(), 1)
    for frame in shares:
        np.testing.assert_allclose((rendered[frame] - gloss) / light, says[frame], atol=0.06, err_msg=f"frame {frame}")


def test_more_muscles_than_a_skin_can_show_are_refused():
    armature, skin = _character()
    with pytest.raises(MotionError, match="32"):
        glow_skin(skin, armature, muscle_set("surface48"))
    assert "agonist_skin" not in skin.data


def test_the_skin_follows_toggle_range_map_and_reload(tmp_path):
    armature, skin = _character()
    verbs.glow(armature, [skin])
    verbs.predict_armature(armature)
    armature.agonist.sliders["quadriceps_l"].scale = 1.8

    def shown(rig):
        bpy.context.scene.frame_set(20)
        return skin_shares(glowing_skins(rig)[0])["quadriceps_l"]

    edited = shown(armature)
    armature.agonist.show = "ORIGINAL"
    original = shown(armature)
    assert edited > original
    armature.agonist.colour_range = "ABSOLUTE"
    assert shown(armature) == pytest.approx(original * _peak(armature), rel=1e-3)
    armature.agonist.colour_map = "INFERNO"
    assert len([one for one in bpy.data.materials if one.name.endswith("(muscles)")]) == 1
    absolute = shown(armature)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert shown(bpy.data.objects["rig"]) == pytest.approx(absolute)


def _peak(armature):
    from blender_addon import session

    return float(session.live_edit(armature).session.original.values.max())


def test_a_mesh_without_materials_glows_and_has_none_again():
    armature, skin = _character()
    skin.data.materials.clear()
    verbs.glow(armature, [skin])
    assert skin.material_slots[0].material.name.startswith("Agonist Bare Skin")
    bpy.ops.agonist.glow_skin()
    assert not skin.data.materials


def _ball(name, place, size):
    bpy.ops.mesh.primitive_uv_sphere_add(location=place, radius=size, segments=12, ring_count=8)
    thing = bpy.context.active_object
    thing.name = name
    return thing


def test_a_mesh_of_the_users_own_stands_for_a_muscle_and_follows_the_bones():
    armature = rigs.scaled(exercise("Squat", 1.0, seed=4))
    bpy.context.view_layer.objects.active = armature
    verbs.build_muscles(armature, mannequin=False)
    verbs.predict_armature(armature)
    bpy.context.scene.frame_set(1)
    armature.data.pose_position = "REST"
    bpy.context.view_layer.update()
    ends = [np.array(armature.matrix_world @ armature.data.bones[name].head_local) for name in ("hip_l", "knee_l")]
    ball = _ball("mine", ends[0] * 0.5 + ends[1] * 0.5, 0.04)
    place = ball.matrix_world.translation.copy()
    armature.data.pose_position = "POSE"
    bpy.ops.object.select_all(action="DESELECT")
    ball.select_set(True)
    armature.select_set(True)
    bpy.context.view_layer.objects.active = armature
    assert bpy.ops.agonist.bind_mesh("EXEC_DEFAULT", muscle="quadriceps_l") == {"FINISHED"}
    assert muscle_objects(armature)["quadriceps_l"] == ball and len(muscle_objects(armature)) == 8
    bpy.context.view_layer.update()
    np.testing.assert_allclose(ball.matrix_world.translation, place, atol=1e-5)
    for frame in (1, 16, 31):
        bpy.context.scene.frame_set(frame)
        shown = ball.evaluated_get(bpy.context.evaluated_depsgraph_get())
        middle = np.mean([shown.matrix_world @ vertex.co for vertex in shown.data.vertices], axis=0)
        posed = [np.array(armature.matrix_world @ armature.pose.bones[name].head) for name in ("hip_l", "knee_l")]
        assert np.linalg.norm(middle - (posed[0] + posed[1]) / 2) < 0.08
    values = {ball["activation"] for frame in range(1, 32) if not bpy.context.scene.frame_set(frame)}
    assert len(values) > 10
    # Building the muscles anew leaves it.
    verbs.build_muscles(armature, mannequin=False, muscles="mia8")
    assert muscle_objects(armature)["quadriceps_l"].name == "mine"


def _middle(thing):
    shown = thing.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.mean([shown.matrix_world @ vertex.co for vertex in shown.data.vertices], axis=0)


def test_a_mesh_on_a_bone_moves_with_it_once_when_it_is_bound():
    """Whatever pose the rig is in at that moment."""
    armature = rigs.scaled(exercise("Squat", 1.0, seed=4))
    bpy.context.view_layer.objects.active = armature
    ball = _ball("mine", (0, 0, 0), 0.02)
    ball.parent, ball.parent_type, ball.parent_bone = armature, "BONE", "hip_l"
    bpy.context.scene.frame_set(16)
    thigh = armature.pose.bones["hip_l"]
    ball.matrix_world = armature.matrix_world @ Matrix.Translation((thigh.head + thigh.tail) / 2)
    before = []
    for frame in range(1, 32, 5):
        bpy.context.scene.frame_set(frame)
        before.append(_middle(ball))
    bpy.context.scene.frame_set(16)
    verbs.bind(armature, ball, "quadriceps_l")
    assert (ball.parent, ball.parent_type) == (armature, "OBJECT")
    after = []
    for frame in range(1, 32, 5):
        bpy.context.scene.frame_set(frame)
        after.append(_middle(ball))
    way, off = np.ptp(before, axis=0).max(), np.linalg.norm(np.subtract(after, before), axis=-1).max()
    assert way > 0.07 and off < 1e-4


def test_a_bound_mesh_plays_its_own_action_again_when_another_takes_its_place():
    armature = rigs.quaternion(exercise("Squat", 1.0, seed=4))
    verbs.predict_armature(armature)
    first, second = _ball("first", (0, 0, 0.5), 0.04), _ball("second", (0, 0, 0.6), 0.04)
    own = {}
    for ball in (first, second):
        ball.keyframe_insert("scale", frame=1)
        own[ball.name] = ball.animation_data.action
    for muscle in ("biceps_l", "quadriceps_l"):
        # The colours that play meanwhile are not its own.
        verbs.bind(armature, first, muscle)
        assert first.animation_data.action != own["first"]
    verbs.bind(armature, second, "quadriceps_l")
    assert first.animation_data.action == own["first"] and second.animation_data.action != own["second"]
    assert muscle_objects(armature) == {"quadriceps_l": second}


def test_what_cannot_be_bound_says_so():
    armature = rigs.quaternion(exercise("Squat", 1.0))
    empty = bpy.data.objects.new("empty", bpy.data.meshes.new("empty"))
    bpy.context.scene.collection.objects.link(empty)
    with pytest.raises(InputError, match="no mesh with vertices"):
        verbs.bind(armature, empty, "biceps_l")


def test_the_legend_says_what_full_colour_and_the_marks_mean():
    armature = rigs.quaternion(exercise("Squat", 1.0))
    verbs.build_muscles(armature, mannequin=False)
    verbs.predict_armature(armature)
    title, low, high, notes = legend_lines(armature)
    assert "predicted" in title and low == "0" and float(high) == pytest.approx(_peak(armature), abs=0.006) and not notes
    armature.agonist.colour_range = "ABSOLUTE"
    assert legend_lines(armature)[2] == "1.00"
    verbs.build_muscles(armature, mannequin=False, muscles="surface24")
    assert len(muscle_objects(armature)) == 24
    bpy.context.view_layer.update()
    notes = legend_lines(armature)[3]
    assert len(notes) == 2 and "estimated" in notes[0] and "not predicted" in notes[1]


def test_skin_over_a_borrowed_value_is_hatched_and_the_legend_says_so(tmp_path):
    """Of surface24 the parts of the quadriceps borrow the whole's value; the biceps femoris has its own."""
    armature, skin = _character()
    verbs.predict_armature(armature)
    verbs.glow(armature, [skin])
    assert borrowed_muscles(skin) == [] and legend_lines(armature)[3] == []
    for one in glowing_skins(armature):
        remove_glow(one)
    verbs.glow(armature, [skin], muscles="surface24")
    assert {"vastus_lateralis_l", "rectus_femoris_r"} <= set(borrowed_muscles(skin)) and "biceps_femoris_l" not in borrowed_muscles(skin)
    bpy.context.view_layer.update()
    (note,) = legend_lines(armature)[3]
    assert "hatched" in note and "estimated" in note
    marked = np.empty(len(skin.data.vertices), dtype=np.float32)
    skin.data.attributes["Agonist Borrowed"].data.foreach_get("value", marked)
    assert marked.min() == 0 and marked.max() == pytest.approx(1)
    # Everywhere a borrowed muscle, then everywhere one of its own, at the same colour: stripes of dark and light, then none.
    _only(skin, "vastus_lateralis_l")
    dark = []
    _rendered(skin, (1, 2), tmp_path)
    # Near enough to tell the stripes apart.
    bpy.context.scene.camera.data.ortho_scale, bpy.context.scene.frame_end = 0.15, 1
    for value in (1.0, 0.0):
        skin.data.attributes["Agonist Borrowed"].data.foreach_set("value", np.full(len(marked), value, dtype=np.float32))
        bpy.ops.render.render(animation=True)
        pixels = np.array(bpy.data.images.load(str(tmp_path / "frame_0001.png"), check_existing=False).pixels).reshape(-1, 4)
        light = _linear(pixels[pixels[:, 3] > 0.99, 0])
        dark.append(np.percentile(light, 5) / np.percentile(light, 95))
    assert dark[0] < 0.8 * dark[1]


def test_the_ghost_of_a_glowing_character_leaves_it_as_it_is():
    armature, skin = _character()
    verbs.glow(armature, [skin])
    verbs.predict_armature(armature)
    show_ghost(armature)
    assert glowing_skins(armature) == [skin]


def _alone(armature, skin, *, linked=False):
    """A duplicate of a character: its armature and its skin."""
    bpy.ops.object.select_all(action="DESELECT")
    armature.select_set(True)
    skin.select_set(True)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.duplicate(linked=linked)
    twin = bpy.context.view_layer.objects.active
    return twin, next(child for child in twin.children if child.type == "MESH")


def _over_time(skin):
    return np.array([list(skin_shares(skin).values()) for frame in range(1, 32) if not bpy.context.scene.frame_set(frame)])


@pytest.mark.parametrize("actions", [True, False])
def test_a_duplicated_skin_is_coloured_without_the_first(actions):
    """Whether Blender duplicates actions too is a preference of the user's."""
    armature, skin = _character()
    verbs.predict_armature(armature)
    verbs.glow(armature, [skin])
    before = _over_time(skin)
    edit = bpy.context.preferences.edit
    kept, edit.use_duplicate_action = edit.use_duplicate_action, actions
    try:
        twin, other = _alone(armature, skin)
    finally:
        edit.use_duplicate_action = kept
    twin.agonist.colour_range = "ABSOLUTE"
    np.testing.assert_array_equal(_over_time(skin), before)
    assert np.abs(_over_time(other) - before).max() > 0.1
    assign_action(twin, rigs.quaternion(exercise("HighKick", 1.0)).animation_data.action)
    verbs.predict_armature(twin)
    np.testing.assert_array_equal(_over_time(skin), before)
    remove_glow(other)
    assert other.data.animation_data.action is None
    np.testing.assert_array_equal(_over_time(skin), before)


def test_a_glow_goes_from_all_that_share_the_mesh():
    armature, skin = _character()
    twin, other = _alone(armature, skin, linked=True)
    before, materials = [_state(one) for one in (skin, other)], sorted(one.name for one in bpy.data.materials)
    for on, off in ((armature, twin), (twin, armature)):
        for rig in (on, off):
            bpy.context.view_layer.objects.active = rig
            assert bpy.ops.agonist.glow_skin() == {"FINISHED"}
        assert [_state(one) for one in (skin, other)] == before and sorted(one.name for one in bpy.data.materials) == materials


def _sharing(armature):
    return shared_skins(armature, glowing_skins(armature))


def test_a_linked_duplicate_is_said_to_share_its_colours(capfd):
    """Colours are keyed on the mesh, so that a card's eight properties of an object do not run out."""
    armature, skin = _character()
    verbs.predict_armature(armature)
    twin, other = _alone(armature, skin, linked=True)
    bpy.context.view_layer.objects.active = armature
    assert _sharing(armature) == []
    assert bpy.ops.agonist.glow_skin() == {"FINISHED"}
    assert _sharing(armature) == [other.name] and f"Same mesh, same colours: {other.name}." in capfd.readouterr().out
    # The ghost shows no colours of its own, and a second skin of the same character shows the right ones.
    bpy.ops.agonist.ghost()
    second = skin.copy()
    bpy.context.scene.collection.objects.link(second)
    assert _sharing(armature) == [other.name] and _sharing(twin) == sorted([skin.name, second.name])
    # As the menu does it.
    other.data = other.data.copy()
    assert _sharing(armature) == [] and _sharing(twin) == []


def test_slots_properties_and_the_action_of_a_mesh_come_back():
    armature, skin = _character()
    mesh, materials = skin.data, {name: bpy.data.materials.new(name) for name in ("Shown", "Hidden", "Own")}
    for material in (materials["Own"], None):
        mesh.materials.append(material)
    # One slot shows the object's own material, one hides it, and one shows nothing.
    skin.material_slots[0].link, skin.material_slots[1].link, skin.material_slots[2].link = "OBJECT", "OBJECT", "OBJECT"
    skin.material_slots[0].material, skin.material_slots[1].material = materials["Shown"], materials["Hidden"]
    skin.material_slots[1].link = "DATA"
    mesh["raw_scan_id"], mesh["activation_note"], mesh["wind"] = 7, "mine", 0.0
    mesh.attributes.new("Agonist Notes", "FLOAT", "POINT")
    own = bpy.data.actions.new("wind")
    assign_action(mesh, own)
    write_keys(ensure_fcurve(mesh, own, '["wind"]'), np.array([1.0, 10.0]), np.array([0.0, 1.0]))
    verbs.predict_armature(armature)
    verbs.glow(armature, [skin])
    assert all(slot.link == "OBJECT" and slot.material.name.endswith("(muscles)") for slot in skin.material_slots)
    armature.agonist.colour_map = "INFERNO"
    assert bpy.ops.agonist.glow_skin() == {"FINISHED"}
    assert [(slot.link, slot.material and slot.material.name) for slot in skin.material_slots] == [
        ("OBJECT", "Shown"), ("DATA", "Own"), ("OBJECT", None)
    ]  # fmt: skip
    skin.material_slots[1].link = "OBJECT"
    assert skin.material_slots[1].material == materials["Hidden"]
    assert mesh["raw_scan_id"] == 7 and mesh["activation_note"] == "mine" and "Agonist Notes" in mesh.attributes
    assert mesh.animation_data.action == own
    assert not [one.name for one in bpy.data.materials if one.name.startswith("Agonist Bare") or one.name.endswith("(muscles)")]


@pytest.mark.parametrize("lost", ["material", "layer", "borrowed"])
def test_what_the_user_deletes_of_a_glow_is_no_hindrance(lost):
    armature, skin = _character()
    verbs.glow(armature, [skin], muscles="surface24")
    if lost == "material":
        bpy.data.materials.remove(skin.data.materials[0])
    else:
        skin.data.attributes.remove(skin.data.attributes["Agonist 2" if lost == "layer" else "Agonist Borrowed"])
    verbs.predict_armature(armature)
    armature.agonist.colour_map = "VIRIDIS"
    assert skin.material_slots[0].material.name.endswith("(muscles)") and "vastus_lateralis_l" in borrowed_muscles(skin)
    assert bpy.ops.agonist.glow_skin() == {"FINISHED"}
    assert glowing_skins(armature) == [] and skin.material_slots[0].link == "DATA"
