"""Variants: one motion edited by a row of factors, each written as a file of its own in one go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bpy

from agonist.errors import InputError
from agonist.muscles import MuscleSet, resolve_muscles

from .. import session, verbs
from ..rig.apply import apply_motion, copy_action, settle
from .presets import preset
from .write import ExportOptions, export_motion

__all__ = ["Variant", "export_variants", "parse_variants"]

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
            raise InputError(f"'{row}' is no muscle with factors from 0 to 4. Expected such as: {_EXAMPLE}")
        name = "_".join(names)
        resolve_muscles([name], muscles)
        found += [Variant(name, factor) for factor in factors]
    if not found:
        raise InputError(f"No variants. Expected such as: {_EXAMPLE}")
    return list(dict.fromkeys(found))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def export_variants(
    armature: bpy.types.Object, text: str, folder: Path, name: str, options: ExportOptions
) -> Iterator[tuple[float, list[Path]]]:
    """Write one file a variant of the source motion; after each, the share that is done and the files written.

    What may change is what the panel lets Recommend change: parts of the body, frames, influence, feet.

    Between two of them the armature plays what it played before, and no action is left behind. Raises what `parse_variants`,
    `EditSession.edit` and `export_motion` raise.
    """
    variants = parse_variants(text, session.live_edit(armature).session.model.contract.muscles)
    for done, variant in enumerate(variants, 1):
        live = session.live_edit(armature)
        source, shown = armature.agonist.source_action, armature.animation_data.action
        _, settings = verbs.asked_of(armature, live, {})
        result = live.session.edit({variant.muscle: variant.factor}, **settings)
        action = copy_action(source, f"{source.name} | {variant.label}", live.stamp)
        path = folder / (bpy.path.clean_name(f"{source.name}_{variant.muscle}_{variant.factor:g}") + preset(name).suffix)
        try:
            apply_motion(armature, live.sample, result.motion, action)
            if live.sample.is_mechanical:
                settle(armature, live.sample, result.motion, action)
            written = export_motion(armature, path, name, options)
        finally:
            session.play(armature, shown)
            bpy.data.actions.remove(action)
        yield done / len(variants), written
