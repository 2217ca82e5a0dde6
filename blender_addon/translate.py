"""The interface in other languages: `translations.toml`, and the muscles' names put together from their parts."""

from __future__ import annotations

import tomllib
from pathlib import Path

import bpy

from agonist.muscles import MUSCLE_SETS

__all__ = ["iface", "register", "rpt", "translations", "unregister"]


def iface(text: str, **values: object) -> str:
    """A text of the interface in the user's language, its {fields} filled in.

    Blender translates what a layout is given by itself, but not what is put together, wrapped, or drawn over a view.
    """
    found = bpy.app.translations.pgettext_iface(text)
    return found.format(**values) if values else found


def rpt(text: str, **values: object) -> str:
    """`iface` for what operators report, and for errors that end in a report: users choose the language of reports apart."""
    found = bpy.app.translations.pgettext_rpt(text)
    return found.format(**values) if values else found


def translations() -> dict[str, dict[tuple[str, str], str]]:
    """Language -> (context, English) -> text, as Blender takes it."""
    document = tomllib.loads(Path(__file__).with_name("translations.toml").read_text(encoding="utf-8"))
    parts = document.pop("muscles")
    tables = {}
    for language, table in document.items():
        texts = table | _muscles(parts)
        # Blender looks up buttons' labels in a context of their own.
        tables[language] = {(context, english): text for english, text in texts.items() for context in ("*", "Operator")}
    return tables


def _muscles(parts: dict[str, str]) -> dict[str, str]:
    """Labels and Latin names of every muscle, by the German parts."""
    texts = {}
    for muscle in (muscle for one in MUSCLE_SETS.values() for muscle in one.muscles):
        name, side = muscle.group_label, {"l": "left", "r": "right"}[muscle.side]
        texts[muscle.label] = f"{parts.get(name, name)} ({parts[side]})"
        # A group of both sides.
        texts[name] = parts.get(name, name)
        texts[f"{muscle.latin}, {side}"] = f"{muscle.latin}, {parts[side]}"
    return texts


def register() -> None:
    bpy.app.translations.register(__package__, translations())


def unregister() -> None:
    bpy.app.translations.unregister(__package__)
