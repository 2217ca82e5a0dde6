"""Mixamo's names for the bones of another rig: the body's as its bone map says, middle spine and fingers as their place tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from .skeleton import hangs_on

__all__ = ["mixamo_names"]

_PREFIX = "mixamorig:"
# Canonical joint -> Mixamo's name, without side and prefix; {S} is Left or Right.
_JOINTS = {
    "pelvis": "Hips", "spine": "Spine", "chest": "Spine2", "neck": "Neck", "head": "Head", "clavicle": "{S}Shoulder", "shoulder": "{S}Arm",
    "elbow": "{S}ForeArm", "wrist": "{S}Hand", "hip": "{S}UpLeg", "knee": "{S}Leg", "ankle": "{S}Foot", "toe": "{S}ToeBase",
}  # fmt: skip
_SIDES = {"l": "Left", "r": "Right", "": ""}
# What finger bones are called, in most rigs -> by Mixamo.
_FINGERS = {"thumb": "Thumb", "index": "Index", "mid": "Middle", "ring": "Ring", "pinky": "Pinky", "little": "Pinky"}
# Bones of the palm are called after fingers too, and Mixamo has none.
_PALM = re.compile("metacarpal|carpal|palm|meta")


def mixamo_names(joints: Mapping[str, str], parents: Mapping[str, str]) -> dict[str, str]:
    """Own bone name -> Mixamo's, for the bones that it has a name for.

    Args:
        joints: canonical joint -> bone.
        parents: bone -> the bone above, empty for none.
    """
    renamed = {}
    for canonical, bone in joints.items():
        part, _, side = canonical.partition("_")
        renamed[bone] = _PREFIX + _JOINTS[part].format(S=_SIDES[side])
        if part == "wrist":
            renamed |= {own: f"{_PREFIX}{_SIDES[side]}Hand{finger}" for own, finger in _fingers(bone, parents).items()}
    between = _between(joints.get("spine", ""), joints.get("chest", ""), parents)
    if len(between) == 1:
        renamed[between[0]] = f"{_PREFIX}Spine1"
    return renamed


def _between(above: str, below: str, parents: Mapping[str, str]) -> list[str]:
    """Bones from one down to another, without the two; empty if they are not on one chain."""
    found, bone = [], parents.get(below, "")
    while bone and bone != above:
        found.append(bone)
        bone = parents[bone]
    return found if bone else []


def _fingers(hand: str, parents: Mapping[str, str]) -> dict[str, str]:
    """Finger bone -> such as "Index2". A finger whose bones are no plain chain keeps its names."""
    found: dict[str, list[str]] = {}
    for bone in parents:
        name = bone.lower()
        finger = next((theirs for word, theirs in _FINGERS.items() if word in name), "")
        if finger and not _PALM.search(name) and hangs_on(bone, hand, parents):
            found.setdefault(finger, []).append(bone)
    named = {}
    for finger, bones in found.items():
        chain = sorted(bones, key=lambda bone: _depth(bone, parents))
        if len(chain) <= 4 and all(parents[below] == above for above, below in pairwise(chain)):
            named |= {bone: f"{finger}{k}" for k, bone in enumerate(chain, 1)}
    return named


def _depth(bone: str, parents: Mapping[str, str]) -> int:
    depth = 0
    while bone := parents[bone]:
        depth += 1
    return depth
