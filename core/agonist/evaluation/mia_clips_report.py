"""What a report says of calibration clips: which windows they are, and what methods do where a person showed nothing in a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agonist.evaluation.cells import Cells
from agonist.evaluation.markdown_tables import marked, table
from agonist.evaluation.mia_calibration import choose_clips
from agonist.evaluation.mia_folds import Fold
from agonist.evaluation.mia_results import FoldResult
from agonist.evaluation.mia_windows import MiaWindows

__all__ = ["CLIPPED", "clips_document", "clips_lines"]

CLIPPED = (
    "`k-agonist` is `c-agonist`, calibrated to each person left out by a clip with EMG; no method is tested on windows of a clip, and",
    "the tests are the same without.",
)


def clips_document(windows: MiaWindows, folds: Sequence[Fold], results: Sequence[FoldResult]) -> dict[str, Any]:
    """Whose clips there were, and every method's RMSE in those exercises that are not in a person's own clip."""
    clips = [clip for fold in folds for clip in choose_clips(windows, fold)]
    shown = {(clip.person, exercise) for clip in clips for exercise in clip.exercises}
    elsewhere: dict[str, dict[str, float]] = {}
    for direction in dict.fromkeys(one.direction for one in results):
        mine = [one for one in results if one.direction == direction]
        methods = dict.fromkeys(one.method for one in mine)
        others = {method: Cells.joined([one.cells for one in mine if one.method == method]).without(shown) for method in methods}
        # Of a small corpus the clips may have all.
        if all(own.names for own in others.values()):
            elsewhere[direction] = {method: float(own.rmse()) for method, own in others.items()}
    rows = [
        {"person": clip.person, "exercises": list(clip.exercises), "seconds": clip.seconds,
         "windows": [{"recording": str(windows.session[k]), "first_frame": int(windows.first[k])} for k in clip.windows]}
        for clip in clips
    ]  # fmt: skip
    return {"people": rows, "tested": False, "exercises_not_in_clips": elsewhere}


def clips_lines(calibration: dict[str, Any], said: Mapping[str, tuple[str, str]]) -> list[str]:
    """Markdown of `clips_document`; what is said of each direction is its name and unit."""
    lines = ["", "## Calibration clips", "",
             "The two exercises that work the least worked muscle hardest in the training people, among those of which a person has two",
             "windows that are not tested. Others of the same recordings may be: the second table is of each person's other exercises.",
             ""]  # fmt: skip
    rows = []
    for one in calibration["people"]:
        places = "; ".join(f"{window['recording']} from frame {window['first_frame']}" for window in one["windows"])
        rows.append([one["person"], " and ".join(one["exercises"]), f"{one['seconds']:g}", places])
    lines += table(["person", "exercises", "seconds", "windows, by recording and frame at 10 a second"], rows)
    for direction, values in calibration["exercises_not_in_clips"].items():
        name, unit = said[direction]
        cells = marked(list(values.values()), 4 if unit == "metres" else 2)
        lines += ["", *table([f"exercises not in the clip: RMSE, {unit}", *values], [[name, *cells]])]
    return lines
