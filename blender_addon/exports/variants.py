"""Variants: one motion edited by a row of factors, each written as a file of its own in one go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy

from agonist.edit_goal import SMALLEST_SCALE
from agonist.errors import InputError
from agonist.muscles import MuscleSet, resolve_muscles

from .. import session, verbs
from ..results import name_of_result
from ..rig.apply import apply_motion, copy_action, settled
from ..steps import Steps, part
from ..translate import rpt
from .presets import preset
from .write import ExportOptions, exported, files_of

__all__ = ["Variant", "export_variants", "parse_variants", "variant_files", "variants_of"]

_EXAMPLE = "hamstrings 0.5, 0.75, 1, 1.25, 1.5; biceps_l 0.5, 2"


@dataclass(frozen=True)
class Variant:
    """One muscle or group and its factor; every other muscle stays as it is."""

    muscle: str
    factor: float

    @property
    def label(self) -> str:
        """Such as "hamstrings x0.75"."""
        return f"{self.muscle} x{self.factor:g}"

    @property
    def is_cut(self) -> bool:
        """Whether the editor is asked for its smallest factor instead."""
        return self.factor < SMALLEST_SCALE


def parse_variants(text: str, muscles: MuscleSet) -> list[Variant]:
    """Rows of a muscle and its factors, split by semicolons: "hamstrings 0.5, 1.5; biceps_l 2".

    Raises InputError for what is no number from 0 to 4, UnknownNameError for what is no muscle.
    """
    found = []
    for row in filter(None, (row.strip() for row in text.split(";"))):
        words = row.replace(",", " ").split()
        names = [word for word in words if not _is_number(word)]
        factors = [float(word) for word in words if _is_number(word)]
        if not names or not factors or any(not 0 <= factor <= 4 for factor in factors) or words[: len(names)] != names:
            raise InputError(rpt("'{row}' is no muscle with factors from 0 to 4. Expected such as: {example}", row=row, example=_EXAMPLE))
        name = "_".join(names)
        resolve_muscles([name], muscles)
        found += [Variant(name, factor) for factor in factors]
    if not found:
        raise InputError(rpt("No variants. Expected such as: {example}", example=_EXAMPLE))
    return list(dict.fromkeys(found))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def variant_files(armature: bpy.types.Object, text: str, folder: Path, name: str, options: ExportOptions) -> list[Path]:
    """The files that `export_variants` writes. Raises what `parse_variants` raises."""
    paths = [_path(armature, variant, folder, name) for variant in variants_of(armature, text)]
    return [file for path in paths for file in files_of(path, options)]


def export_variants(
    armature: bpy.types.Object, text: str, folder: Path, name: str, options: ExportOptions,
    written: Callable[[list[Path]], None] = lambda _: None,
) -> Steps[None]:  # fmt: skip
    """Write one file a variant of the source motion; `written` is told of each one's files.

    What may change is what the panel lets Recommend change: parts of the body, frames, influence, feet.

    After each of them, and where one is stopped, the armature plays what it played before, and no action is left behind. Raises what
    `parse_variants`, `EditSession.edit` and `exported` raise.
    """
    variants = variants_of(armature, text)
    for done, variant in enumerate(variants):
        now, then = done / len(variants), (done + 1) / len(variants)
        written((yield from part(_exported(armature, variant, folder, name, options), now, then)))
        yield then


def variants_of(armature: bpy.types.Object, text: str) -> list[Variant]:
    """`parse_variants` with the muscles of an armature's model."""
    return parse_variants(text, session.model_of(armature).contract.muscles)


def _path(armature: bpy.types.Object, variant: Variant, folder: Path, name: str) -> Path:
    source = session.source_of(armature)
    return folder / (bpy.path.clean_name(f"{source.name}_{variant.muscle}_{variant.factor:g}") + preset(name).suffix)


def _exported(armature: bpy.types.Object, variant: Variant, folder: Path, name: str, options: ExportOptions) -> Steps[list[Path]]:
    """Make one variant, write it, and take it away again."""
    source, shown = session.source_of(armature), armature.animation_data.action
    live = yield from part(session.prepared(armature, source), 0.0, 0.2)
    _, settings = verbs.asked_of(armature, live, {})
    result = live.session.edit({variant.muscle: variant.factor}, **settings)
    action = copy_action(source, name_of_result(source, variant.label), live.stamp)
    try:
        apply_motion(armature, live.sample, result.motion, action)
        if live.sample.is_mechanical:
            yield from part(settled(armature, live.sample, result.motion, action), 0.2, 0.6)
        return (yield from part(exported(armature, _path(armature, variant, folder, name), name, options), 0.6, 1.0))
    finally:
        session.play(armature, shown)
        bpy.data.actions.remove(action)
