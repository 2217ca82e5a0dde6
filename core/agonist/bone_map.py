"""Bone maps: which bone of a rig is which joint, and which bones an animator moves it by. One registry, as TOML files.

A map names the bones of one family of rigs (Mixamo, Rigify ...). `detect_rig` finds the map that fits a rig's names and
hierarchy best. A file of one's own looks like those in `bone_maps`; in names `{side}` stands for either of `sides`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from agonist.errors import FileFormatError

__all__ = [
    "JOINT_PARENTS",
    "NEEDED_JOINTS",
    "BoneMap",
    "IkControls",
    "RigFit",
    "bone_maps",
    "detect_rig",
    "fit_rig",
    "names_without_shared_number",
    "read_bone_map",
    "write_bone_map",
]

_LIMBS = {"clavicle": "chest", "shoulder": "clavicle", "elbow": "shoulder", "wrist": "elbow",
          "hip": "pelvis", "knee": "hip", "ankle": "knee", "toe": "ankle"}  # fmt: skip
_TRUNK = {"pelvis": "", "spine": "pelvis", "chest": "spine", "neck": "chest", "head": "neck"}
# The standard humanoid's tree: joint -> the joint above it, "" above the pelvis.
JOINT_PARENTS: dict[str, str] = _TRUNK | {
    f"{part}_{side}": above if above in _TRUNK else f"{above}_{side}" for side in "lr" for part, above in _LIMBS.items()
}
NEEDED_JOINTS: tuple[str, ...] = tuple(
    f"{part}_{side}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in "lr"
)
# A map that finds a smaller share of its names is no match [ours].
SMALLEST_SCORE = 0.8


@dataclass(frozen=True)
class IkControls:
    """What an animator moves a limb by when it is solved from its end.

    Attributes:
        target: the bone that the end of the limb follows.
        pole: the bone that the elbow or knee points to; "" if there is none.
        swing: the bone whose rotation turns the elbow or knee about the limb where no pole is used; "" if there is none.
    """

    target: str
    pole: str = ""
    swing: str = ""


@dataclass(frozen=True)
class BoneMap:
    """The names of one family of rigs.

    Attributes:
        name: of the family.
        joints: canonical joint -> names of its bone, best first.
        deform: canonical joint -> names of the bone that the skin follows, where that is another one.
        controls: canonical joint -> names of the bone that an animator turns, where that is another one.
        ik: the joint at the end of a limb (wrist_l, ankle_r ...) -> its IK controls.
        marks: further names by which the family is told from others.
        prefix: regular expression of what may stand before every name.
    """

    name: str
    joints: Mapping[str, tuple[str, ...]]
    deform: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ik: Mapping[str, IkControls] = field(default_factory=dict)
    marks: tuple[str, ...] = ()
    prefix: str = ""


@dataclass(frozen=True)
class RigFit:
    """A map on one rig.

    Attributes:
        name: of the map.
        joints: canonical joint -> bone.
        deform: canonical joint -> bone that the skin follows, where it is not the joint's own.
        controls: canonical joint -> bone that is keyed, where it is not the joint's own.
        ik: limb's end -> IK controls that the rig has.
        score: 0 to 1, share of the map's names that the rig has in the right hierarchy.
        matched: how many names that is.
    """

    name: str
    joints: Mapping[str, str]
    deform: Mapping[str, str]
    controls: Mapping[str, str]
    ik: Mapping[str, IkControls]
    score: float
    matched: int

    @property
    def missing(self) -> tuple[str, ...]:
        """Joints that every humanoid needs and this one lacks."""
        return tuple(name for name in ("pelvis", *NEEDED_JOINTS) if name not in self.joints)


def detect_rig(parents: Mapping[str, str], maps: Iterable[BoneMap] | None = None) -> RigFit | None:
    """The map that fits a rig best; None if none fits.

    Args:
        parents: bone -> the bone above it, "" for a root.
        maps: to choose from; all that are shipped if None.
    """
    fits = [fit for one in (bone_maps() if maps is None else maps) if not (fit := fit_rig(one, parents)).missing]
    fits = [fit for fit in fits if fit.score >= SMALLEST_SCORE]
    return max(fits, key=lambda fit: (fit.score, fit.matched), default=None)


def fit_rig(bone_map: BoneMap, parents: Mapping[str, str]) -> RigFit:
    """A map's names looked up among a rig's bones."""
    exact, loose = _known_as(bone_map.prefix, parents)

    def find(names: Iterable[str]) -> str:
        return next((bone for name in names if (bone := exact.get(name) or loose.get(name.casefold()))), "")

    tables = (bone_map.joints, bone_map.deform, bone_map.controls)
    joints, deform, controls = ({joint: bone for joint, names in table.items() if (bone := find(names))} for table in tables)
    ik = {}
    for end, one in bone_map.ik.items():
        if target := find([one.target]):
            ik[end] = IkControls(target, find([one.pole]), find([one.swing]))
    marks = [name for name in bone_map.marks if find([name])]
    asked = sum(map(len, tables)) + len(bone_map.ik) + len(bone_map.marks)
    # The bones of a control rig need not hang on each other.
    astray = 0 if bone_map.controls else sum(_is_astray(joint, joints, parents) for joint in joints)
    matched = len(joints) + len(deform) + len(controls) + len(ik) + len(marks) - astray
    return RigFit(bone_map.name, joints, deform, controls, ik, matched / max(asked, 1), matched)


def _known_as(prefix: str, parents: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Bones by their names with and without namespace and prefix, as they are and in one case; of two alike the first counts."""
    strip = re.compile(f"^(?:.*:)?(?:{prefix})?")
    exact: dict[str, str] = {}
    for bone, name in names_without_shared_number(parents).items():
        exact.setdefault(name, bone)
    for name, bone in list(exact.items()):
        exact.setdefault(strip.sub("", name), bone)
    for bone in parents:
        exact.setdefault(bone, bone)
    loose: dict[str, str] = {}
    for name, bone in exact.items():
        loose.setdefault(name.casefold(), bone)
    return exact, loose


def names_without_shared_number(parents: Mapping[str, str]) -> dict[str, str]:
    """Bone -> its name without the number that a tool put behind every name; as it is where they do not all have one.

    Blender puts the same behind all bones of a rig's copy (".001"), Sketchfab's glTF files each bone's own ("Hips_01", "Spine_02"),
    but for a root that it adds. One bone's own number, as in Rigify's spine.001, means something.

    Args:
        parents: bone -> the bone above it, "" for a root.
    """
    found = {bone: re.search(r"[._]\d+$", bone) for bone in parents}
    numbers = [number and number[0] for bone, number in found.items() if number or parents[bone]]
    if None in numbers or len(set(numbers)) not in (1, len(numbers)):
        return {bone: bone for bone in parents}
    return {bone: bone[: number.start()] if number else bone for bone, number in found.items()}


def _is_astray(joint: str, joints: Mapping[str, str], parents: Mapping[str, str]) -> bool:
    """Whether a joint's bone does not hang below that of the next joint above it that the rig has."""
    above = JOINT_PARENTS[joint]
    while above and above not in joints:
        above = JOINT_PARENTS[above]
    if not above:
        return False
    bone = parents[joints[joint]]
    while bone and bone != joints[above]:
        bone = parents[bone]
    return not bone


@lru_cache(maxsize=1)
def bone_maps() -> tuple[BoneMap, ...]:
    """Every map that is shipped, by file name."""
    return tuple(read_bone_map(path) for path in sorted((Path(__file__).parent / "bone_maps").glob("*.toml")))


def read_bone_map(path: Path) -> BoneMap:
    """Read a map. Raises FileFormatError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileFormatError(path, str(error), "a bone map in TOML with a name and a table [joints]") from None
    sides, marks = table.get("sides", ["L", "R"]), table.get("marks", [])
    if not isinstance(table.get("joints"), dict) or not (_are_names(sides) and len(sides) == 2):
        raise FileFormatError(path, "no table [joints], or sides that are not two names", "a bone map: name, sides, [joints]")
    if not _are_names(marks):
        raise FileFormatError(path, f"marks = {marks!r}", "a list of names")
    for key in ("deform", "controls", "ik"):
        if not isinstance(table.get(key, {}), dict):
            raise FileFormatError(path, f"{key} = {table[key]!r}", f"a table [{key}]")
    try:
        re.compile(table.get("prefix", ""))
    except (re.error, TypeError) as error:
        raise FileFormatError(path, f"prefix: {error}", "a regular expression") from None
    joints, deform, controls = (_expanded(path, table.get(key, {}), sides) for key in ("joints", "deform", "controls"))
    ik: dict[str, dict[str, str]] = {}
    for end, one in table.get("ik", {}).items():
        if not (isinstance(one, dict) and isinstance(one.get("target"), str) and set(one) <= {"target", "pole", "swing"}):
            raise FileFormatError(path, f"[ik.{end}] is {one}", "target, and perhaps pole and swing, each a bone's name")
        for key in one:
            for joint, names in _expanded(path, {end: one[key]}, sides).items():
                ik.setdefault(joint, {})[key] = names[0]
    return BoneMap(
        str(table.get("name", path.stem)), joints, deform, controls, {end: IkControls(**names) for end, names in ik.items()},
        tuple(marks), table.get("prefix", ""),
    )  # fmt: skip


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _expanded(path: Path, table: Mapping[str, Any], sides: list[str]) -> dict[str, tuple[str, ...]]:
    """{"hip": "thigh_{side}"} to {"hip_l": ("thigh_l",), "hip_r": ("thigh_r",)}."""
    found = {}
    for joint, value in table.items():
        names = [value] if isinstance(value, str) else value
        if not (_are_names(names) and names):
            raise FileFormatError(path, f"{joint} = {value!r}", "a bone's name or a list of names")
        for target, side in ((joint, ""),) if joint in JOINT_PARENTS else ((f"{joint}_l", sides[0]), (f"{joint}_r", sides[1])):
            if target not in JOINT_PARENTS:
                raise FileFormatError(path, f"joint '{joint}'", "one of " + ", ".join([*_TRUNK, *_LIMBS]))
            found[target] = tuple(name.replace("{side}", side) for name in names)
    return found


def write_bone_map(path: Path, bone_map: BoneMap) -> None:
    """Write a map. Raises InputError if the file cannot be written."""
    lines = [f"name = {_quoted(bone_map.name)}"]
    if bone_map.prefix:
        lines.append(f"prefix = {_quoted(bone_map.prefix)}")
    if bone_map.marks:
        lines.append(f"marks = [{', '.join(map(_quoted, bone_map.marks))}]")
    for title, table in (("joints", bone_map.joints), ("deform", bone_map.deform), ("controls", bone_map.controls)):
        if table:
            lines += ["", f"[{title}]", *(f"{joint} = [{', '.join(map(_quoted, names))}]" for joint, names in table.items())]
    for end, one in bone_map.ik.items():
        named = {"target": one.target, "pole": one.pole, "swing": one.swing}
        lines += ["", f"[ik.{end}]", *(f"{key} = {_quoted(name)}" for key, name in named.items() if name)]
    # The readers of motions know the humanoid, which knows the maps: imported here, the circle stays open.
    from agonist.io.atomic import atomic_path

    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(c):04X}" if c < " " or c == "\x7f" else c for c in escaped) + '"'
