"""Bone maps: the shipped files, what fits a rig, and maps of one's own."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist.bone_map import (
    JOINT_PARENTS,
    NEEDED_JOINTS,
    BoneMap,
    IkControls,
    bone_maps,
    detect_rig,
    fit_rig,
    read_bone_map,
    write_bone_map,
)
from agonist.errors import FileFormatError
from agonist.humanoid import CANONICAL_JOINTS
from tests.search import examples

MAPS = {one.name: one for one in bone_maps()}


def as_rig(bone_map: BoneMap, prefix: str = "") -> dict[str, str]:
    """Bones of a rig that has every name of a map, each below the one above it; further names hang on the pelvis."""
    bones = {joint: prefix + names[0] for joint, names in bone_map.joints.items()}
    rig = {}
    for joint, bone in bones.items():
        above = JOINT_PARENTS[joint]
        rig[bone] = bones[above] if above else ""
    ik = [name for one in bone_map.ik.values() for name in (one.target, one.pole, one.swing) if name]
    tables = [names[0] for table in (bone_map.deform, bone_map.controls) for names in table.values()]
    for name in (*tables, *ik, *bone_map.marks):
        rig.setdefault(prefix + name, bones["pelvis"])
    return rig


@pytest.mark.parametrize("name", MAPS)
def test_every_map_knows_its_own_rig_best(name):
    fit = detect_rig(as_rig(MAPS[name]))
    assert fit is not None and fit.name == name and fit.score == 1.0
    assert set(fit.joints) == set(CANONICAL_JOINTS)


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("without", ["toe_l", "head", "clavicle_r"])
def test_a_joint_that_is_not_needed_may_be_missing(name, without):
    rig = as_rig(MAPS[name])
    bone = MAPS[name].joints[without][0]
    parent = rig.pop(bone)
    rig = {child: parent if above == bone else above for child, above in rig.items()}
    fit = detect_rig(rig)
    assert fit is not None and fit.name == name and without not in fit.joints and fit.score < 1.0


@pytest.mark.parametrize("prefix", ["mixamorig:", "mixamorig1:", "mixamorig_", "Hero:", ""])
def test_namespaces_and_prefixes_do_not_matter(prefix):
    fit = detect_rig(as_rig(MAPS["Mixamo"], prefix))
    assert fit is not None and fit.name == "Mixamo" and fit.joints["hip_l"] == f"{prefix}LeftUpLeg"


def test_a_hierarchy_that_does_not_fit_costs_score():
    rig = as_rig(MAPS["UE4 Mannequin"])
    rig["calf_l"] = "hand_r"
    fit = fit_rig(MAPS["UE4 Mannequin"], rig)
    assert fit.score < 1.0


def test_nothing_fits_a_rig_that_lacks_a_leg():
    rig = {bone: above for bone, above in as_rig(MAPS["UE4 Mannequin"]).items() if bone not in ("thigh_l", "calf_l", "foot_l", "ball_l")}
    assert detect_rig(rig) is None
    assert {"hip_l", "knee_l", "ankle_l"} <= set(fit_rig(MAPS["UE4 Mannequin"], rig).missing)


_names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(lambda text: "{side}" not in text)


@settings(max_examples=examples(40))
@given(st.lists(_names, min_size=13, max_size=13, unique=True), _names, _names)
def test_a_map_of_ones_own_comes_back_as_it_was(tmp_path_factory, bones, control, pole):
    joints = dict(zip(("pelvis", *NEEDED_JOINTS), ((bone,) for bone in bones), strict=True))
    written = BoneMap("mine", joints, {"knee_r": (pole,)}, {"hip_l": (control,)}, {"ankle_l": IkControls(control, pole)})
    path = tmp_path_factory.mktemp("maps") / "mine.toml"
    write_bone_map(path, written)
    assert read_bone_map(path) == written


def test_a_byte_order_mark_changes_nothing(tmp_path):
    write_bone_map(tmp_path / "mine.toml", MAPS["Mixamo"])
    (tmp_path / "notepad.toml").write_text((tmp_path / "mine.toml").read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert read_bone_map(tmp_path / "notepad.toml") == MAPS["Mixamo"]


_words = st.one_of(st.integers(), st.text("ab", max_size=2))
_values = st.one_of(
    _words, st.lists(_words, max_size=3), st.dictionaries(st.sampled_from(["hip", "ankle", "target", "pole"]), _words, max_size=2)
)


def _as_toml(value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_as_toml(one)}" for key, one in value.items()) + "}"
    return f"[{', '.join(map(_as_toml, value))}]" if isinstance(value, list) else f'"{value}"' if isinstance(value, str) else str(value)


@settings(max_examples=examples(150))
@given(st.dictionaries(st.sampled_from(["name", "prefix", "sides", "marks", "deform", "controls", "ik", "joints"]), _values, max_size=4))
def test_values_of_any_kind_are_read_or_refused(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("maps") / "odd.toml"
    path.write_text("".join(f"{key} = {_as_toml(value)}\n" for key, value in ({"joints": {"hip": "h"}} | values).items()))
    with contextlib.suppress(FileFormatError):
        one = read_bone_map(path)
        fit_rig(one, {"h": "", "a": "h", "b": "a"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = 'x'", "joints"),
        ("[joints]\nhip = 3", "hip = 3"),
        ("[joints]\nwing = 'w'", "wing"),
        ("prefix = '('\n[joints]\nhip = 'h'", "prefix"),
        ("sides = ['L']\n[joints]\nhip = 'h'", "two"),
        ("[joints]\nhip = 'h'\n[ik.ankle]\npole = 'p'", "ankle"),
        ("[joints", "bone map"),
        ("ik = 3\n[joints]\nhip = 'h'", r"ik = 3\. Expected a table \[ik\]"),
        ("deform = ['a']\n[joints]\nhip = 'h'", r"deform = \['a'\]\. Expected a table"),
        ("controls = 'a'\n[joints]\nhip = 'h'", "controls = 'a'"),
        ("sides = [1, 2]\n[joints]\nhip = 'h'", "two names"),
        ("marks = 3\n[joints]\nhip = 'h'", "marks = 3"),
        ("marks = 'abc'\n[joints]\nhip = 'h'", r"marks = 'abc'\. Expected a list of names"),
        ("marks = [1]\n[joints]\nhip = 'h'", "marks"),
        ("prefix = 3\n[joints]\nhip = 'h'", "prefix"),
        ("[joints]\nhip = 'h'\n[ik]\nankle = 3", "ankle"),
        ("[joints]\nhip = 'h'\n[ik.ankle]\ntarget = 't'\npole = 3", "ankle = 3"),
    ],
)
def test_a_file_that_is_no_map_says_why(tmp_path, text, said):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=rf"bad\.toml(.|\n)*{said}"):
        read_bone_map(path)
