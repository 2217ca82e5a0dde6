"""Presets: what a target expects of a file, read from `presets.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from agonist.errors import UnknownNameError

__all__ = ["SUFFIXES", "Preset", "preset", "presets"]

SUFFIXES = {"bvh": ".bvh", "fbx": ".fbx", "glb": ".glb", "usd": ".usdc"}

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
