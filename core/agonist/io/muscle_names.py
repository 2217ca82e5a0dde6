"""The muscle set of a file: one of the registry, or, of a simulation's own choice, one made of the names in the file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agonist.errors import UnknownNameError
from agonist.muscles import MUSCLE_SETS, Muscle, MuscleSet, muscle_set

__all__ = ["named_set"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\- ]*_[lr]")


def named_set(name: str | None, names: Sequence[str]) -> MuscleSet:
    """The set of that name with exactly these muscles.

    Args:
        name: what the file calls its set; None where it does not.
        names: its muscles in their order.

    Raises:
        UnknownNameError: no registered set has these muscles, the file names none of its own, and some of them are unknown.
    """
    if name in MUSCLE_SETS:
        found = muscle_set(name)
        if found.names == tuple(names):
            return found
    elif name is None:
        fitting = [one for one in MUSCLE_SETS.values() if one.names == tuple(names)]
        if fitting:
            return fitting[0]
    known = {muscle.name: muscle for one in MUSCLE_SETS.values() for muscle in one.muscles}
    # A file that names no set may have some muscles that are known, such as those that had a sensor.
    may_be_own = all(one in known for one in names) if name is None else name not in MUSCLE_SETS
    if may_be_own and names and len(set(names)) == len(names) and all(_NAME.fullmatch(one) for one in names):
        return MuscleSet(name or "own", tuple(known.get(one) or Muscle(one, "", _label(one), "") for one in names))
    sets = (f"{one.name} ({', '.join(one.names)[:60]} ...)" for one in MUSCLE_SETS.values())
    raise UnknownNameError("set of muscles", ", ".join(names)[:120], sets)


def _label(name: str) -> str:
    return f"{name[:-2].replace('_', ' ')} ({'left' if name.endswith('_l') else 'right'})"
