"""Every button and field says what it does; everything that is registered goes again; dropped files reach the importer."""

import os
import re
import webbrowser
from pathlib import Path
from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")

import blender_addon
from agonist import io
from blender_addon import ops, preferences
from blender_addon.capture_process import VIDEO_SUFFIXES
from blender_addon.keymap import _entries
from blender_addon.ops import help as help_module
from blender_addon.ops.help import STEPS, AGONIST_FH_motion, guides
from blender_addon.preferences import _cache_moved
from blender_addon.translate import translations
from blender_addon.ui import graph, legend
from tests.blender_addon import rigs
from tests.clips import exercise

pytestmark = pytest.mark.blender

# What Blender puts on every operator and on file browsers itself, and names of rows.
_BLENDERS = {"rna_type", "name", "filepath", "check_existing"}


def _ours(base):
    """Registered classes of this add-on below a Blender type."""
    return [cls for cls in base.__subclasses__() if cls.__module__.startswith("blender_addon.")]


def _everything():
    """(class, its RNA) of every operator and property group."""
    groups = [*_ours(bpy.types.PropertyGroup), *_ours(bpy.types.AddonPreferences)]
    return [(cls, cls.bl_rna) for cls in groups] + [
        (cls, getattr(bpy.ops.agonist, cls.bl_idname.split(".")[1]).get_rna_type()) for cls in ops._CLASSES
    ]


def test_every_operator_and_every_property_has_a_tooltip():
    silent = []
    for cls, rna in _everything():
        if issubclass(cls, bpy.types.Operator) and not rna.description:
            silent.append(cls.__name__)
        own = set(getattr(cls, "__annotations__", {}))
        for base in cls.__mro__:
            own |= set(getattr(base, "__annotations__", {})) if base.__module__.startswith("blender_addon") else set()
        for prop in rna.properties:
            if prop.identifier in own - _BLENDERS and not prop.description:
                silent.append(f"{cls.__name__}.{prop.identifier}")
            if prop.identifier in own and prop.type == "ENUM":
                silent += [f"{cls.__name__}.{prop.identifier}.{item.identifier}" for item in prop.enum_items if not item.description]
    assert not silent


def test_tooltips_do_not_end_in_a_full_stop():
    """Blender adds one."""
    texts = {f"{cls.__name__}.{prop.identifier}": prop.description for cls, rna in _everything() for prop in rna.properties}
    assert not [name for name, text in texts.items() if text.endswith(".")]


def _texts():
    """Every string that Blender shows of operators, properties and panels."""
    for cls, rna in _everything():
        own = {name for base in cls.__mro__ if base.__module__.startswith("blender_addon") for name in getattr(base, "__annotations__", {})}
        yield from (rna.name, rna.description) if issubclass(cls, bpy.types.Operator) else ()
        for prop in (prop for prop in rna.properties if prop.identifier in own):
            if prop.name != prop.identifier:
                yield prop.name
            yield prop.description
            for item in prop.enum_items if prop.type == "ENUM" else ():
                yield from (item.name, item.description)
    yield from (cls.bl_label for cls in _ours(bpy.types.Panel))


def test_german_is_complete():
    """A string that is new here needs a line in blender_addon/translations.toml."""
    german = translations()["de_DE"]
    assert sorted({text for text in _texts() if text and ("*", text) not in german}) == []


def test_the_interface_speaks_german_when_blender_does():
    view = bpy.context.preferences.view
    before = view.language, view.use_translate_interface, view.use_translate_tooltips
    try:
        view.language = "de_DE"
    except TypeError:
        pytest.skip("this Blender has no translations")
    try:
        view.use_translate_interface = view.use_translate_tooltips = True
        assert bpy.app.translations.pgettext_iface("Glow on Skin", "Operator") == "Auf der Haut zeigen"
        assert bpy.app.translations.pgettext_tip("Which motion plays") == "Welche Bewegung läuft"
        assert bpy.app.translations.pgettext_iface("Deltoid, middle (left)") == "Deltamuskel, mittlerer Teil (links)"
    finally:
        view.language, view.use_translate_interface, view.use_translate_tooltips = before


def _leaks():
    """What registering leaves in Blender."""
    lists = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
    handlers = {name: len(one) for name, one in lists.items() if isinstance(one, list)}
    owners = (bpy.types.Object, bpy.types.Scene, bpy.types.WindowManager, bpy.types.Mesh, bpy.types.Armature)
    keymaps = bpy.context.window_manager.keyconfigs.addon
    return (
        sorted(name for name in dir(bpy.types) if "agonist" in name.lower()), handlers, sorted(dir(bpy.ops.agonist)),
        [sorted(name for name in dir(owner) if "agonist" in name) for owner in owners], len(legend._handle) + len(graph._handle),
        sum(len(one.keymap_items) for one in keymaps.keymaps) if keymaps else 0,
    )  # fmt: skip


def test_fifty_times_on_and_off_leaves_nothing():
    registered = _leaks()
    blender_addon.unregister()
    try:
        clean = _leaks()
        assert not clean[0] and not any(clean[3]) and clean[4] == 0
        for _ in range(50):
            blender_addon.register()
            assert _leaks() == registered
            blender_addon.unregister()
            assert _leaks() == clean
    finally:
        blender_addon.register()


def test_dropped_files_are_those_that_can_be_read():
    dropped = set(AGONIST_FH_motion.bl_file_extensions.split(";"))
    assert {".bvh", ".trc", ".c3d", ".npz", ".amc", ".json"} <= dropped
    shown = bpy.ops.agonist.import_motion.get_rna_type().properties["filter_glob"].default
    assert {one.removeprefix("*") for one in shown.split(";")} == dropped == {*io.SUFFIXES, *VIDEO_SUFFIXES}
    assert AGONIST_FH_motion.bl_import_operator == ops.AGONIST_OT_import_motion.bl_idname


def test_a_dropped_file_is_imported_without_a_file_browser(squat):
    assert bpy.ops.agonist.import_motion("INVOKE_DEFAULT", filepath=str(squat)) == {"FINISHED"}
    assert len(bpy.data.armatures) == 1


def test_the_key_compares():
    armature = rigs.quaternion(exercise("Squat", 1.0))
    bpy.context.view_layer.objects.active = armature
    with pytest.raises(RuntimeError, match="Move a slider first"):
        bpy.ops.agonist.compare()
    bpy.ops.agonist.predict()
    armature.agonist.sliders["biceps_l"].scale = 1.5
    for which in ("ORIGINAL", "RECOMMENDED"):
        assert bpy.ops.agonist.compare() == {"FINISHED"} and armature.agonist.show == which


def test_the_keymap_has_the_key_that_help_names_and_nobody_elses():
    """Its entry calls the operator; `python3 build.py gui` presses it in a window."""
    (keymap, item), = _entries
    assert (keymap.name, keymap.space_type, keymap.region_type) == ("3D View", "VIEW_3D", "WINDOW")
    assert item.active and item.to_string() == "Shift Alt O" and any(item.to_string() in step for step in STEPS)
    manager = bpy.context.window_manager
    rivals = [
        (one.name, other.idname)
        for kind in ("default", "user") for one in getattr(manager.keyconfigs, kind).keymaps if one.space_type in ("EMPTY", "VIEW_3D")
        for other in one.keymap_items if other.idname != item.idname and other.compare(item)
    ]  # fmt: skip
    assert rivals == []
    armature = rigs.quaternion(exercise("Squat", 1.0))
    bpy.context.view_layer.objects.active = armature
    bpy.ops.agonist.predict()
    armature.agonist.sliders["biceps_l"].scale = 1.5
    # What Blender does at the key.
    module, name = item.idname.split(".")
    assert getattr(getattr(bpy.ops, module), name)("INVOKE_DEFAULT", **dict(item.properties.items())) == {"FINISHED"}
    assert armature.agonist.show == "ORIGINAL"


def test_help_opens_the_documentation_as_texts():
    """Every page of it, once each, and not over a network."""
    pages = guides()
    assert next(iter(pages)) == "tour" and {"rigs", "blender", "models"} <= set(pages)
    for name, page in pages.items():
        for _ in range(2):
            assert bpy.ops.agonist.open_guide(guide=name) == {"FINISHED"}
        text = next(one for one in bpy.data.texts if one["agonist_guide"] == name)
        assert text.as_string().strip() == page.read_text(encoding="utf-8").strip()
        assert text.name == page.read_text(encoding="utf-8").splitlines()[0].strip("# ")
    assert len(bpy.data.texts) == len(pages)
    with pytest.raises(RuntimeError, match="no page 'nonesuch'"):
        bpy.ops.agonist.open_guide(guide="nonesuch")


def test_the_packages_pages_go_to_a_browser(monkeypatch, tmp_path):
    page = tmp_path / "tour.html"
    page.write_text("<!doctype html>\n<title>A tour &amp; more</title>\n", encoding="utf-8")
    opened, works = [], [True, False]
    monkeypatch.setattr(help_module, "guides", lambda: {"tour": page})
    monkeypatch.setattr(webbrowser, "open", lambda uri: opened.append(uri) or works.pop(0))
    assert help_module._title(page) == "A tour & more"
    assert bpy.ops.agonist.open_guide(guide="tour") == {"FINISHED"} and not bpy.data.texts
    assert opened == [page.as_uri()]
    assert bpy.ops.agonist.open_guide(guide="tour") == {"FINISHED"}


def test_new_rigs_begin_with_the_users_preferences_and_keep_their_own(monkeypatch):
    from types import SimpleNamespace

    monkeypatch.setattr(preferences, "preferences", lambda: SimpleNamespace(model="agonist", colour_map="CIVIDIS"))
    first, second = rigs.quaternion(exercise("Squat", 1.0)), rigs.quaternion(exercise("Squat", 1.0))
    second.agonist.colour_map = "INFERNO"
    for armature in (first, second):
        bpy.context.view_layer.objects.active = armature
        bpy.ops.agonist.add_muscles(mannequin=False)
    assert (first.agonist.colour_map, second.agonist.colour_map) == ("CIVIDIS", "INFERNO")
    assert all(child.material_slots[0].material["agonist_colour_map"] == "CIVIDIS" for child in first.children)


def test_without_the_preference_the_cache_folder_is_what_it_was(monkeypatch, tmp_path):
    for before in (None, "/somewhere"):
        monkeypatch.delenv("AGONIST_CACHE", raising=False)
        if before:
            monkeypatch.setenv("AGONIST_CACHE", before)
        for folder in (str(tmp_path), f"{tmp_path}/other", ""):
            _cache_moved(SimpleNamespace(cache_folder=folder), bpy.context)
            assert os.environ.get("AGONIST_CACHE") == (folder or before)


@pytest.mark.parametrize("mode", ["OBJECT", "POSE"])
def test_a_script_without_a_window_works_and_what_needs_one_says_so(squat, tmp_path, mode):
    with bpy.context.temp_override(window=None):
        assert bpy.context.window is None
        assert bpy.ops.agonist.import_motion(filepath=str(squat)) == {"FINISHED"}
        armature = bpy.context.view_layer.objects.active
        with bpy.context.temp_override(active_object=armature, object=armature):
            bpy.ops.object.mode_set(mode=mode)
        for name in ("add_muscles", "predict", "edit", "compare", "ghost", "glow_skin", "edit_curves"):
            assert getattr(bpy.ops.agonist, name)() == {"FINISHED"}, name
        bpy.context.view_layer.objects.active = armature
        assert bpy.ops.agonist.export(filepath=str(tmp_path / "out.bvh"), preset="BVH") == {"FINISHED"}
        with pytest.raises(RuntimeError, match="FBX needs a window"):
            bpy.ops.agonist.export(filepath=str(tmp_path / "out.fbx"), preset="FBX")
    assert [path.name for path in tmp_path.glob("out.*")] == ["out.bvh"]


@pytest.mark.filterwarnings("ignore:.*blend relative")
def test_paths_of_scripts_are_beside_the_file(rig, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    rig = bpy.context.view_layer.objects.active
    assert bpy.ops.agonist.predict() == {"FINISHED"}
    bpy.context.scene.agonist_export.preset, bpy.context.scene.agonist_export.variants = "BVH", "biceps 0.5, 2"
    assert bpy.ops.agonist.export(filepath="//one.bvh", preset="BVH") == {"FINISHED"}
    assert bpy.ops.agonist.export_variants(directory="//many") == {"FINISHED"}
    assert bpy.ops.agonist.save_bones(filepath="//map.toml") == {"FINISHED"}
    assert (tmp_path / "one.bvh").is_file() and len(list((tmp_path / "many").iterdir())) == 2 and (tmp_path / "map.toml").is_file()
    rig.agonist.bones.clear()
    assert bpy.ops.agonist.load_bones(filepath="//map.toml") == {"FINISHED"} and rig.agonist.bone_map == "map"


def test_the_documentation_names_tests_that_exist():
    """The table of what users of neighbouring tools complained of."""
    folder = Path(__file__).parent
    named = re.findall(r"`(tests/)?(\w+\.py)::(\w+)`", guides()["blender"].read_text(encoding="utf-8"))
    assert len(named) > 20
    for elsewhere, file, name in named:
        path = folder.parent / file if elsewhere else folder / file
        assert f"def {name}(" in path.read_text(encoding="utf-8"), f"{file}::{name}"
