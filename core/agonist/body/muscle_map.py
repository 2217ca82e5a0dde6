"""Which of the model's muscles make up a muscle of ours, and with what weight."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from agonist.errors import UnknownNameError
from agonist.muscles import MUSCLE_SETS, Muscle, MuscleSet, muscle_set, resolve_muscles

__all__ = ["MUSCLE_CHOICES", "choose_muscles", "gather"]

Array = NDArray[np.float64]

MUSCLE_CHOICES: tuple[str, ...] = (*MUSCLE_SETS, "body")

# Group -> the model's names; {s} is _l or _r, {a} is _l or nothing, because right-arm muscles of the model carry no suffix.
_PARTS: dict[str, tuple[str, ...]] = {
    "quadriceps": ("recfem{s}", "vasint{s}", "vaslat{s}", "vasmed{s}"),
    "hamstrings": ("bflh{s}", "bfsh{s}"),
    "latissimus": ("LAT1{a}", "LAT2{a}", "LAT3{a}"),
    "biceps": ("BIClong{a}", "BICshort{a}"),
    "tibialis_anterior": ("tibant{s}",),
    "gastrocnemius_medialis": ("gasmed{s}",),
    "soleus": ("soleus{s}",),
    "vastus_lateralis": ("vaslat{s}",),
    "rectus_femoris": ("recfem{s}",),
    "biceps_femoris": ("bflh{s}", "bfsh{s}"),
    "gluteus_maximus": ("glmax1{s}", "glmax2{s}", "glmax3{s}"),
    # Iliocostalis and longissimus, lumbar and thoracic part; multifidus lies too deep for an electrode.
    "erector_spinae": ("IL_*{s}", "LTp*{s}"),
    "deltoid_medius": ("DELT2{a}",),
    "triceps": ("TRIlong{a}", "TRIlat{a}", "TRImed{a}"),
    # Clavicular, sternal and costal part.
    "pectoralis_major": ("PECM1{a}", "PECM2{a}", "PECM3{a}"),
    "fibularis_longus": ("perlong{s}",),
    "deltoid_anterior": ("DELT1{a}",),
    "deltoid_posterior": ("DELT3{a}",),
    "rectus_abdominis": ("rect_abd{s}",),
    "external_oblique": ("EO?{s}",),
    "gluteus_medius": ("glmed1{s}", "glmed2{s}", "glmed3{s}"),
    "vastus_medialis": ("vasmed{s}",),
    "semitendinosus": ("semiten{s}",),
    "gastrocnemius_lateralis": ("gaslat{s}",),
    "brachioradialis": ("BRD{a}",),
    "infraspinatus": ("INFSP{a}",),
}


def choose_muscles(muscles: str | Sequence[str], model_muscles: Sequence[str]) -> MuscleSet:
    """The set that somebody asked for: the name of a set, "body" for every muscle of the model, or names of muscles.

    Names may be those of our sets, with or without a side, and the model's own. Raises UnknownNameError.
    """
    if isinstance(muscles, str):
        return _whole_body(model_muscles) if muscles == "body" else muscle_set(muscles)
    whole = {muscle.name: muscle for one in MUSCLE_SETS.values() for muscle in one.muscles}
    known = MuscleSet("known", tuple(whole.values()))
    own = {muscle.name: muscle for muscle in _whole_body(model_muscles).muscles}
    chosen: list[Muscle] = []
    for name in muscles:
        chosen += [own[name]] if name in own else [known.muscles[known.index(one)] for one in resolve_muscles([name], known)]
    if not chosen:
        raise UnknownNameError("muscle set", "", (*MUSCLE_CHOICES, *known.groups))
    return MuscleSet("chosen", tuple(dict.fromkeys(chosen)))


def _whole_body(model_muscles: Sequence[str]) -> MuscleSet:
    return MuscleSet("body", tuple(Muscle(_sided(name), "", name, "") for name in model_muscles))


def _sided(name: str) -> str:
    return name if name.endswith(("_l", "_r")) else f"{name}_r"


def gather(muscles: MuscleSet, model_muscles: Sequence[str], maximal_force_n: Array) -> Array:
    """(model muscles, M) weights by maximal force that gather the model's muscles into those of the set."""
    weights = np.zeros((len(model_muscles), len(muscles)))
    for column, muscle in enumerate(muscles.muscles):
        rows = _rows(muscle, model_muscles)
        weights[rows, column] = maximal_force_n[rows]
    return weights / weights.sum(axis=0)


def _rows(muscle: Muscle, model_muscles: Sequence[str]) -> list[int]:
    if muscle.group not in _PARTS:
        return [k for k, name in enumerate(model_muscles) if _sided(name) == muscle.name]
    suffix = f"_{muscle.side}"
    patterns = [part.format(s=suffix, a=suffix if muscle.side == "l" else "") for part in _PARTS[muscle.group]]
    return [k for k, name in enumerate(model_muscles) if any(fnmatchcase(name, pattern) for pattern in patterns)]
