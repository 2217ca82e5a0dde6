"""The one key of ours: Shift Alt O compares. Users find and change it in Blender's keymap preferences."""

from __future__ import annotations

import bpy

__all__ = ["register", "unregister"]

_entries: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    configuration = bpy.context.window_manager.keyconfigs.addon
    # Without a window there are no keys.
    if configuration is not None:
        keymap = configuration.keymaps.new(name="3D View", space_type="VIEW_3D")
        _entries.append((keymap, keymap.keymap_items.new("agonist.compare", "O", "PRESS", shift=True, alt=True)))


def unregister() -> None:
    while _entries:
        keymap, item = _entries.pop()
        keymap.keymap_items.remove(item)
