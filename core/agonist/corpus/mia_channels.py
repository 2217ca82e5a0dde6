"""Are the sensors of a copy of MIA in the order that we read them in? What sides have in common, and what exercises ask for, tells.

The release holds a list, unused, with other muscles in it; whoever believed it named his muscles wrongly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.corpus.mia_layout import WINDOW

__all__ = ["ChannelCheck", "said_of_channels"]

# Both sides of the body do the same here, so a muscle's counts follow those of the same muscle of the other side.
_BOTH_SIDES = ("Squat", "JumpingJack")
# In the first exercise the first muscle rises over the second more than in the other one: knees are extended under the body's weight in a
# squat, the hip is extended against a leg's weight in a kick back, elbows are held bent in a hook (`summary.EXPECTED` names the same).
# No exercise of MIA asks for the latissimus above all, so nothing is said of it.
_ASKED = (
    ("quadriceps", "Squat", "hamstrings", "LegBack"),
    ("quadriceps", "Squat", "biceps", "HookPunch"),
    ("hamstrings", "LegBack", "biceps", "HookPunch"),
)
_GROUPS = ("quadriceps", "hamstrings", "latissimus", "biceps")


class ChannelCheck:
    """Collects counts of one person and exercise after the other.

    Sensors that say the same all the time tell nothing and are left out, as are people who lack one of two compared exercises.
    """

    def __init__(self) -> None:
        self._partners = [0, 0]
        self._exercises: set[str] = set()
        self._constant = 0
        # (8,) mean counts by person and exercise; NaN where a sensor was constant.
        self._means: dict[str, dict[str, NDArray[np.float64]]] = defaultdict(dict)

    def add(self, person: str, exercise: str, counts: NDArray[Any]) -> None:
        """(T, 8) counts."""
        alive = np.ptp(counts, axis=0) > 0
        self._constant += int((~alive).sum())
        self._means[person][exercise] = np.where(alive, counts.mean(axis=0), np.nan)
        if exercise in _BOTH_SIDES and len(counts) > 2 * WINDOW:
            found, compared = _partners(counts, alive)
            self._exercises.add(exercise)
            self._partners = [self._partners[0] + found, self._partners[1] + compared]

    def document(self) -> dict[str, Any]:
        """Partners found of partners, in which exercises; constant sensors (of each person and exercise); of each comparison how many
        people and sides are as expected, of how many; and `doubts`, in words, none if nothing speaks against the order."""
        found, partners = self._partners
        asked = [self._asked(*one) for one in _ASKED]
        doubts = [] if 2 * found >= partners else [f"{found} of {partners} sensors follow the same muscle of the other side best"]
        doubts += [
            f"{a} over {b} higher in {up} than in {down} in {one['found']} of {one['of']}"
            for one, (a, up, b, down) in zip(asked, _ASKED, strict=True) if 2 * one["found"] < one["of"]
        ]  # fmt: skip
        exercises = [name for name in _BOTH_SIDES if name in self._exercises]
        return {"partners_found": found, "partners": partners, "exercises": exercises, "constant": self._constant, "asked": asked,
                "doubts": doubts}  # fmt: skip

    def _asked(self, a: str, up: str, b: str, down: str) -> dict[str, Any]:
        found = compared = 0
        for means in self._means.values():
            if up not in means or down not in means:
                continue
            # The ratio of two exercises does not know how much a sensor reads; where a sensor was constant it is NaN.
            with np.errstate(divide="ignore", invalid="ignore"):
                rise = np.log(means[up] / means[down]).reshape(2, len(_GROUPS))
            over = rise[:, _GROUPS.index(a)] - rise[:, _GROUPS.index(b)]
            found, compared = found + int((over > 0).sum()), compared + int(np.isfinite(over).sum())
        return {"muscles": [a, b], "exercises": [up, down], "found": found, "of": compared}


def _partners(counts: NDArray[Any], alive: NDArray[np.bool_]) -> tuple[int, int]:
    """Of the left sensors that can be compared, how many follow the same muscle on the right more closely than any other there."""
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.where(alive[4:], np.corrcoef(counts.T)[:4, 4:], -np.inf)
    compared = [k for k in range(4) if alive[k] and alive[4 + k]]
    return sum(int(np.argmax(r[k])) == k for k in compared), len(compared)


def said_of_channels(found: dict[str, Any]) -> Sequence[str]:
    """Lines for people, the verdict last; of `ChannelCheck.document`."""
    lines = []
    if found["partners"]:
        which, share = " and ".join(found["exercises"]), f"{found['partners_found']} of {found['partners']}"
        lines.append(f"sensor order: in {which} {share} follow the same muscle of the other side best")
    for one in found["asked"]:
        if one["of"]:
            (a, b), (up, down) = one["muscles"], one["exercises"]
            lines.append(f"sensor order: {a} over {b} higher in {up} than in {down} in {one['found']} of {one['of']} people's sides")
    if found["constant"]:
        lines.append(f"sensors that say the same throughout an exercise, left out above: {found['constant']}")
    if found["doubts"]:
        lines.append(f"WARNING: the order of the sensors is doubtful ({'; '.join(found['doubts'])}). Expected quadriceps, hamstrings, "
                     "latissimus and biceps of the left side, then of the right.")  # fmt: skip
    elif found["partners"] or any(one["of"] for one in found["asked"]):
        lines.append("sensor order: nothing speaks against it")
    else:
        lines.append("sensor order: not checked; no exercise here tells")
    return lines
