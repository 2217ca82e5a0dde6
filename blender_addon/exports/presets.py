"""Presets: what a target expects of a file, read from `presets.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from agonist.errors import UnknownNameError
from agonist.humanoid import HumanoidMap

__all__ = ["SUFFIXES", "Preset", "bone_names_for", "preset", "presets"]

SUFFIXES = {"bvh": ".bvh", "fbx": ".fbx", "glb": ".glb", "usd": ".usdc"}
# Canonical joint -> Mixamo's name, without side and prefix; {S} is Left or Right.
_MIXAMO = {
    "pelvis": "Hips", "spine": "Spine", "chest": "Spine2", "neck": "Neck", "head": "Head", "clavicle": "{S}Shoulder", "shoulder": "{S}Arm",
    "elbow": "{S}ForeArm", "wrist": "{S}Hand", "hip": "{S}UpLeg", "knee": "{S}Leg", "ankle": "{S}Foot", "toe": "{S}ToeBase",
}  # fmt: skip


@dataclass(frozen=True)
class Preset:
    """What a target expects; the fields are those of `presets.toml`."""

    id: str
    label: str
    description: str
    format: str
    up: str
    unit_m: float
    told: str
    forward: str = ""
    armature: str = ""
    deform_only: bool = False
    bones: str = "own"

    @property
    def suffix(self) -> str:
        """Of its files, with the dot."""
        return SUFFIXES[self.format]


@lru_cache(maxsize=1)
def presets() -> Mapping[str, Preset]:
    """All presets by id, in the panel's order."""
    document = tomllib.loads(Path(__file__).with_name("presets.toml").read_text(encoding="utf-8"))
    return {entry["id"]: Preset(**entry) for entry in document["preset"]}


def preset(name: str) -> Preset:
    """The preset of that id. Raises UnknownNameError."""
    if name not in presets():
        raise UnknownNameError("export preset", name, presets())
    return presets()[name]


def bone_names_for(style: str, hmap: HumanoidMap) -> dict[str, str]:
    """Own bone name -> name in the file, for the bones that get another one."""
    if style != "mixamo":
        return {}
    renamed = {}
    for canonical, bone in hmap.joints.items():
        part, _, side = canonical.partition("_")
        renamed[bone] = "mixamorig:" + _MIXAMO[part].format(S={"l": "Left", "r": "Right", "": ""}[side])
    return renamed
