"""What people call the joints of a body, and the limbs of a skeleton found by such names and by its hierarchy.

A name is read as words, a side and a number. The number counts only where the words alone do not tell: limbs of `arm1` and
`arm2` are a chain, and the toe of `Toe0` is a toe.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["find_named_joints", "means_pelvis"]

# Best name first. Names are compared without side, prefix, separators, case and number.
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "shoulder": ("upperarm", "uparm", "arm", "humerus", "shldr"),
    "clavicle": ("clavicle", "collar", "clav", "inshoulder", "shoulder"),
    "elbow": ("forearm", "lowerarm", "lowarm", "elbow", "radius"),
    "wrist": ("hand", "wrist"),
    "hip": ("upleg", "thigh", "upperleg", "femur", "hip"),
    "knee": ("shin", "calf", "lowerleg", "lowleg", "tibia", "knee", "leg"),
    "ankle": ("foot", "ankle"),
    "toe": ("toebase", "toes", "toe", "ball"),
    "neck": ("neck", "lowerneck"),
    "head": ("head",),
}
# Names that mean another joint in most rigs, tried after all others: SMPL's shoulder is an upper arm, most are clavicles.
_DOUBTFUL: dict[str, tuple[str, ...]] = {"shoulder": ("shoulder",), "hip": ("leg",)}
_KNOWN = {name for table in (_SYNONYMS, _DOUBTFUL) for names in table.values() for name in names}
_PELVIS = ("pelvis", "hips", "hip")

_NEXT = {"clavicle": "elbow", "shoulder": "elbow", "elbow": "wrist", "hip": "knee", "knee": "ankle"}
# A limb from its root: joint -> the joint above it that it is looked for below.
_LIMBS = {
    "shoulder": "", "clavicle": "", "elbow": "shoulder", "wrist": "elbow", "hip": "", "knee": "hip", "ankle": "knee", "toe": "ankle",
}  # fmt: skip
# Joint -> those above it that are called the same where a limb is one numbered chain, nearest first.
_CHAINS = {
    "elbow": ("shoulder",), "wrist": ("elbow", "shoulder"),
    "knee": ("hip",), "ankle": ("knee", "hip"), "toe": ("ankle", "knee", "hip"),
}  # fmt: skip

_PREFIXES = re.compile(
    r"^(?:(?:.*:|mixamorig\d*|character\d*|bip\d*|j_bip|j_sec|def|org|cc_base|valvebiped|m_avg|f_avg|skel)[\s_.\-]*|b[\s_.\-]+)",
    re.IGNORECASE,
)
# Words that only say that a bone is a bone.
_NOISE = {"jnt", "joint", "jt", "bone", "bn", "bind"}


@dataclass(frozen=True)
class _Name:
    """A bone's name as it is read.

    Attributes:
        stem: words in lower case, without separators and number.
        number: what stands behind them; -1 if nothing does, so that `arm` comes before `arm1`.
        side: "l", "r" or "".
    """

    stem: str
    number: int
    side: str


def means_pelvis(name: str) -> bool:
    """Whether a bone is called what people call the root of legs and trunk."""
    read = _read(name)
    return read.stem in _PELVIS and not read.side


def _read(name: str) -> _Name:
    text = name
    while (shorter := _PREFIXES.sub("", text)) not in (text, ""):
        text = shorter
    tokens = [token.lower() for token in re.split(r"[\s_.\-]+|(?<=[a-z0-9])(?=[A-Z])", text) if token]
    side = ""
    rest: list[str] = []
    for token in tokens:
        # ArmL1: a number may stand behind the side.
        numbered = re.fullmatch(r"([lr])(\d+)", token) if len(tokens) > 1 else None
        if not side and (token in ("l", "r", "left", "right") or numbered):
            side = token[0]
            rest += [numbered[2]] if numbered else []
        else:
            rest.append(token)
    noise = _NOISE if side else {*_NOISE, "c"}
    base = "".join([token for token in rest if token not in noise] or rest)
    digits = re.search(r"\d*$", base)
    number = digits[0] if digits else ""
    stem = base.removesuffix(number)
    if not side:
        for word in ("left", "right"):
            if stem.startswith(word) or stem.endswith(word):
                stem, side = stem.removeprefix(word).removesuffix(word), word[0]
                break
        else:
            # CMU and Vicon names: lfemur, rhumerus.
            if stem[:1] in ("l", "r") and stem not in _KNOWN and stem[1:] in _KNOWN:
                stem, side = stem[1:], stem[0]
    return _Name(stem, int(number or -1), side)


class _Tree:
    """The bones of a skeleton by name and hierarchy."""

    def __init__(self, names: Sequence[str], parents: Sequence[int]) -> None:
        self.names = [_read(name) for name in names]
        self.above: list[set[int]] = []
        for index in range(len(names)):
            chain, bone = set[int](), parents[index]
            while bone >= 0:
                chain.add(bone)
                bone = parents[bone]
            self.above.append(chain)

    def named(self, synonyms: Sequence[str], side: str, root: int | None, *, numbered: bool) -> list[int]:
        """Bones of these names and that side below a root, best first."""
        found = [
            (synonyms.index(name.stem), len(self.above[index]) if numbered else 0, name.number, index)
            for index, name in enumerate(self.names)
            if name.side == side and name.stem in synonyms and (numbered or name.number < 0) and (root is None or root in self.above[index])
        ]
        return [index for *_, index in sorted(found)]

    def rest_of_chain(self, first: int) -> list[int]:
        """Bones below one that is called the same but for a higher number, nearest first."""
        own = self.names[first]
        found = [
            (name.number, len(self.above[index]), index)
            for index, name in enumerate(self.names)
            if (name.stem, name.side) == (own.stem, own.side) and name.number > own.number and first in self.above[index]
        ]
        return [index for *_, index in sorted(found)]

    def carries(self, index: int, part: str, side: str) -> bool:
        """Whether the next joint of the limb hangs below; helper joints with an anatomical name (L_Tibia) carry nothing."""
        after = _NEXT.get(part)
        return after is None or bool(self.named(_SYNONYMS[after], side, index, numbered=True) or self.rest_of_chain(index))


def find_named_joints(names: Sequence[str], parents: Sequence[int], given: Mapping[str, int]) -> dict[str, int]:
    """Canonical joint -> index of its bone, of limbs, neck and head: those given, and what is found by name.

    Args:
        names: of the bones, without a number that all of them have.
        parents: index of each bone's parent, -1 for none.
        given: joints that are known.
    """
    tree = _Tree(names, parents)
    joints = dict(given)
    for side in "lr":
        for part, above in _LIMBS.items():
            root = joints.get(f"{above}_{side}")
            if f"{part}_{side}" not in joints:
                taken = set(joints.values())
                # A collar carries the arm, whatever that is called.
                arm = tree.above[joints[f"shoulder_{side}"]] if part == "clavicle" and f"shoulder_{side}" in joints else ()
                for index in _candidates(tree, part, side, root, joints):
                    if index not in taken and (tree.carries(index, part, side) or index in arm):
                        joints[f"{part}_{side}"] = index
                        break
            if part == "shoulder":
                _part_with_collar(tree, side, joints)
    for part in ("neck", "head"):
        found = [index for index in _candidates(tree, part, "", None, joints) if index not in joints.values()]
        if part not in joints and found:
            joints[part] = found[0]
    return joints


def _part_with_collar(tree: _Tree, side: str, joints: dict[str, int]) -> None:
    """An arm of one numbered chain that has a bone for the hand and one more begins with the collar."""
    first = joints.get(f"shoulder_{side}")
    if first is None or f"clavicle_{side}" in joints or tree.named((*_SYNONYMS["elbow"], *_SYNONYMS["wrist"]), side, first, numbered=True):
        return
    rest = tree.rest_of_chain(first)
    if len(rest) == 3 and not tree.named(_SYNONYMS["clavicle"], side, None, numbered=True):
        joints[f"clavicle_{side}"], joints[f"shoulder_{side}"] = first, rest[0]


def _candidates(tree: _Tree, part: str, side: str, root: int | None, joints: Mapping[str, int]) -> list[int]:
    """Bones that may be a joint, best first."""
    found: list[int] = []
    for synonyms in (_SYNONYMS[part], _DOUBTFUL.get(part, ())):
        for numbered in (False, True):
            found += tree.named(synonyms, side, root, numbered=numbered)
    if part == "toe":
        # Of the bones of a foot that is divided (ball and toes) the first one bends.
        found.sort(key=lambda index: len(tree.above[index]))
    above = [joints.get(f"{joint}_{side}", -1) for joint in _CHAINS.get(part, ())]
    if above and min(above) >= 0 and len({tree.names[index].stem for index in above}) == 1:
        found += tree.rest_of_chain(above[0])
    return found
