"""Mix-in that asks before files are replaced: in a window, by name; a script replaces them, as everywhere in Blender."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import bpy

from ..translate import iface
from ..written import in_the_way

__all__ = ["ReplacingOperator"]

# So many files are named; so wide is the dialogue, in pixels [ours].
_NAMED, _WIDTH = 8, 360


class ReplacingOperator:
    """Mix-in: `invoke` sets `asks`, and `execute` returns what `ask_first` returns, unless that is None.

    Whoever answers yes has `execute` called once more, which then goes on. What Agonist wrote itself is replaced without a question.
    """

    # Whether someone is there to answer.
    asks = False
    _found: tuple[Path, ...] = ()

    def ask_first(self, context: bpy.types.Context, paths: Iterable[Path]) -> set[str] | None:
        """Open a dialogue that names those of the files that are there already; None where there is nothing to ask."""
        is_seen = self.asks and context.window is not None and not bpy.app.background
        self._found = tuple(in_the_way(paths)) if is_seen else ()
        self.asks = False
        if not self._found:
            return None
        return context.window_manager.invoke_props_dialog(
            self, width=_WIDTH, title=iface("Replace What Is There?"), confirm_text=iface("Replace")
        )

    def draw(self, context: bpy.types.Context) -> None:
        """The dialogue, or what a file browser shows at its side."""
        if not self._found:
            self.draw_settings(context)
            return
        column = self.layout.column(align=True)
        for path in self._found[:_NAMED]:
            column.label(text=path.name, icon="FILE", translate=False)
        if len(self._found) > _NAMED:
            column.label(text=iface("and {count} more", count=len(self._found) - _NAMED), icon="BLANK1", translate=False)
        column.label(text=iface("in {folder}", folder=self._found[0].parent), icon="FILE_FOLDER", translate=False)

    def draw_settings(self, context: bpy.types.Context) -> None:
        """What a file browser shows at its side."""
