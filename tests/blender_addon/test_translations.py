"""What panels, the legend, grey buttons and reports say has a line in `translations.toml`, and is translated before it is put together."""

import ast
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")

import blender_addon
from agonist.humanoid import CANONICAL_JOINTS
from agonist.muscles import MUSCLE_SETS
from blender_addon import translate
from blender_addon.exports.presets import presets
from blender_addon.ops import base
from blender_addon.scope import LOCKS
from blender_addon.translate import translations
from blender_addon.ui import bones, panel

pytestmark = pytest.mark.blender

# Functions that show a text -> the place of that text; where it is not among these, it is a keyword.
_SHOWING = {"told": 2, "_row": 2, "draw_text": 0, "iface": 0, "rpt": 0, "poll_message_set": 0}
_LAYOUT = ("label", "operator", "operator_menu_enum", "prop", "column")
# Functions that return such texts; names that hold some.
_SAYING = ("why_not", "lacks", "marks", "full_colour", "legend_lines")
_HOLDING = ("STEPS", "doing", "HOW_TO_INSTALL", "SHARED", "_TOLD")
# What only `python3 build.py demo` runs; it is not in the extension.
_TERMINAL = ("__main__.py", "demo.py", "picture.py")


def _texts(tree):
    """Every text in a module that a user reads."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Call):
            name = getattr(one.func, "attr", getattr(one.func, "id", ""))
            place = _SHOWING.get(name)
            shown = one.args[place : place + 1] if place is not None else []
            if name in _LAYOUT:
                shown = [key.value for key in one.keywords if key.arg in ("text", "heading")]
        elif isinstance(one, ast.FunctionDef) and one.name in _SAYING:
            calls = [call for call in ast.walk(one) if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "append"]
            returned = [statement.value for statement in ast.walk(one) if isinstance(statement, ast.Return) and statement.value]
            shown = [*returned, *(call.args[0] for call in calls)]
        elif isinstance(one, ast.Assign) and getattr(one.targets[0], "id", "") in _HOLDING:
            shown = [one.value]
        elif isinstance(one, ast.For) and isinstance(one.iter, ast.Tuple):
            # `for job, text, icon in (...)`: the column that is called so.
            names = [getattr(name, "id", "") for name in getattr(one.target, "elts", ())]
            columns = [names.index(name) for name in ("text", "label") if name in names]
            shown = [row.elts[column] for column in columns for row in one.iter.elts]
        else:
            shown = []
        for text in shown:
            yield from _said(text)


def _said(text):
    """The constants that an expression may show, not those that it compares or looks up."""
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        yield text.value
    elif isinstance(text, ast.IfExp):
        yield from (*_said(text.body), *_said(text.orelse))
    elif isinstance(text, ast.BoolOp | ast.Dict):
        for one in text.values:
            yield from _said(one)
    elif isinstance(text, ast.Tuple | ast.List):
        for one in text.elts:
            yield from _said(one)
    elif isinstance(text, ast.Subscript):
        yield from _said(text.value)
    elif isinstance(text, ast.BinOp):
        yield from (*_said(text.left), *_said(text.right))
    elif isinstance(text, ast.Call) and getattr(text.func, "attr", "") == "get":
        yield from _said(text.func.value)
    elif isinstance(text, ast.JoinedStr):
        # Names and numbers may be put together, words not: another language has another order.
        parts = "".join(one.value for one in text.values if isinstance(one, ast.Constant))
        assert not any(letter.isalpha() for letter in parts), f"translate it as a whole, by iface: {ast.unparse(text)}"


def _modules():
    """Every module of the extension, parsed."""
    for path in sorted(Path(blender_addon.__file__).parent.rglob("*.py")):
        if path.name not in _TERMINAL:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _literals():
    for _, tree in _modules():
        yield from _texts(tree)
    # Texts that are data.
    yield from (label for label, _ in LOCKS.values())
    yield from (text for preset in presets().values() for text in (preset.told, preset.label))
    yield from map(bones._label, CANONICAL_JOINTS)
    yield from (muscle.label.partition(" (")[0] for one in MUSCLE_SETS.values() for muscle in one.muscles)


def test_german_is_complete_for_what_panels_and_grey_buttons_say():
    """And a text with {fields} has the same ones in German."""
    german = translations()["de_DE"]
    found = {text for text in _literals() if any(letter.isalpha() for letter in text)}
    assert {
        "Red: out of reach for this motion", "Press Predict first", "own peak", "Left Knee", "Choose a bone for {joints}", "Turntable",
        "grey: not predicted by this model", "Muscle activation, predicted", "Rebuild Muscles", "Switch to Object Mode first",
    } <= found  # fmt: skip
    assert sorted(text for text in found if ("*", text) not in german) == []
    for text in found:
        assert sorted(re.findall(r"{.*?}", text)) == sorted(re.findall(r"{.*?}", german["*", text])), text


def _reported(tree):
    """What is reported as it stands: by an operator, by an error, or at the end of long work."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Call) and getattr(one.func, "attr", "") in ("report", "_end"):
            yield from one.args[1:]
        elif isinstance(one, ast.Raise) and isinstance(one.exc, ast.Call) and getattr(one.exc.func, "id", "").endswith("Error"):
            # An unknown name and a broken file are told by the core, in English.
            yield from one.exc.args if one.exc.func.id not in ("UnknownNameError", "FileFormatError") else ()
        elif isinstance(one, ast.FunctionDef) and one.name in ("told", "stopped", "_nearest"):
            yield from (statement.value for statement in ast.walk(one) if isinstance(statement, ast.Return) and statement.value)


def test_no_report_is_english_alone():
    """Words that are put together with names and numbers are translated first, as a whole."""
    bare = [f"{path.name}: {ast.unparse(text)}" for path, tree in _modules() for text in _reported(tree) if any(_words(text))]
    assert bare == []


def _words(text):
    """Whether parts of an expression that are shown as they stand have letters."""
    if isinstance(text, ast.Constant):
        yield isinstance(text.value, str) and any(letter.isalpha() for letter in text.value)
    elif isinstance(text, ast.JoinedStr | ast.BoolOp | ast.BinOp | ast.IfExp):
        for part in ast.iter_child_nodes(text):
            yield from _words(part)


@pytest.fixture
def german(monkeypatch):
    """Blender as it speaks German; the wheels have no languages."""
    texts = translations()["de_DE"]

    def said(text):
        return texts.get(("*", text), text)

    told = SimpleNamespace(pgettext_iface=said, pgettext_rpt=said)
    monkeypatch.setattr(translate, "bpy", SimpleNamespace(app=SimpleNamespace(translations=told)))


def test_reports_are_german_with_the_names_and_numbers_in_them(rig, german, capfd, tmp_path):
    """Also where a name looks like a field."""
    rig.name = "{name} 100%"
    assert bpy.ops.agonist.detect_bones() == {"FINISHED"}
    assert "100% gefunden" in capfd.readouterr().out
    with pytest.raises(RuntimeError, match=re.escape("Es gibt keine Seite „nonesuch“. Vorhanden: tour")):
        bpy.ops.agonist.open_guide(guide="nonesuch")
    path = tmp_path / "out.bvh"
    assert bpy.ops.agonist.export(filepath=str(path), preset="BVH") == {"FINISHED"}
    assert f"{path} exportiert" in capfd.readouterr().out
    rig.data.pose_position = "REST"
    with pytest.raises(RuntimeError, match=re.escape("Die Armatur „{name} 100%“ ist in Ruheposition")):
        bpy.ops.agonist.predict()
    rig.data.pose_position, rig.scale = "POSE", (0.5, 1, 1)
    with pytest.raises(RuntimeError, match=re.escape("um 0.5 bis 1 skaliert")):
        bpy.ops.agonist.predict()


def test_every_german_text_takes_what_the_english_one_takes():
    for (_, english), text in translations()["de_DE"].items():
        assert sorted(re.findall(r"{.*?}", english)) == sorted(re.findall(r"{.*?}", text)), english


class _Layout:
    def __init__(self):
        self.lines = []

    def column(self, align):
        return self

    def label(self, *, text, icon, translate):
        self.lines.append(text)


def test_a_message_is_translated_before_it_is_wrapped_and_a_reason_before_blender_gets_it(monkeypatch):
    german = translations()["de_DE"]
    for module in (panel, base):
        monkeypatch.setattr(module, "iface", lambda text: german["*", text])
    layout, english = _Layout(), "Select an animated character, or import a motion."
    context = SimpleNamespace(region=SimpleNamespace(width=200), preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)))
    panel.told(layout, context, english, "INFO")
    assert len(layout.lines) > 1 and " ".join(layout.lines) == german["*", english]
    said = []
    monkeypatch.setattr(base.PredictedOperator, "poll_message_set", said.append, raising=False)
    assert not base.PredictedOperator.poll(SimpleNamespace(active_object=None))
    assert said == [german["*", "Select an armature"]]
