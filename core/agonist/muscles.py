"""Muscles and named sets of them: the one registry that physics, learning and Blender share.

Names are the Terminologia Anatomica term's short id and a side. `mia8` keeps the channel order of "Muscles in Action"
(Chiquier & Vondrick, ICCV 2023); its hamstring electrode sits on biceps femoris, its biceps is biceps brachii. `surface24`
is what surface electrodes can reach, `surface48` adds twelve more a side that lie under the skin; only physics knows both so
far, no shipped model does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from agonist.errors import UnknownNameError

__all__ = ["MUSCLE_SETS", "Muscle", "MuscleSet", "muscle_set", "resolve_muscles", "stand_in"]


@dataclass(frozen=True)
class Muscle:
    """One muscle, or a group that one electrode reads, on one side.

    Attributes:
        name: short id with side, "hamstrings_l".
        latin: term of Terminologia Anatomica, without the side.
        label: what a person reads, "Hamstrings (left)".
        seniam_site: electrode site of SENIAM (Hermens 2000), or what stands for it.
    """

    name: str
    latin: str
    label: str
    seniam_site: str

    @property
    def side(self) -> str:
        """'l' or 'r'."""
        return self.name[-1]

    @property
    def group(self) -> str:
        """The name without its side."""
        return self.name[:-2]

    @property
    def group_label(self) -> str:
        """The label without its side, "Hamstrings"."""
        return self.label.partition(" (")[0]


@dataclass(frozen=True)
class MuscleSet:
    """An ordered, named selection of muscles; the order is that of an Activation's columns."""

    name: str
    muscles: tuple[Muscle, ...]

    def __len__(self) -> int:
        return len(self.muscles)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Muscle names in column order."""
        return tuple(muscle.name for muscle in self.muscles)

    @property
    def groups(self) -> tuple[str, ...]:
        """Names without sides, each once, in order of first appearance."""
        return tuple(dict.fromkeys(muscle.group for muscle in self.muscles))

    @cached_property
    def mirrored(self) -> list[int]:
        """For each muscle the column of the same one of the other side."""
        return [self.names.index(f"{muscle.group}_{'r' if muscle.side == 'l' else 'l'}") for muscle in self.muscles]

    def index(self, name: str) -> int:
        """Column of a muscle. Raises UnknownNameError."""
        if name not in self.names:
            raise UnknownNameError(f"muscle of the set {self.name}", name, self.names)
        return self.names.index(name)


_GROUPS = {
    "quadriceps": ("musculus quadriceps femoris", "Quadriceps", "vastus lateralis / rectus femoris"),
    "hamstrings": ("musculus biceps femoris", "Hamstrings", "biceps femoris"),
    "latissimus": ("musculus latissimus dorsi", "Latissimus", "latissimus dorsi (not a SENIAM site)"),
    "biceps": ("musculus biceps brachii", "Biceps", "biceps brachii"),
}
# What surface electrodes can reach, twelve a side; sites of SENIAM (Hermens et al. 2000) where it names one.
_SURFACE_GROUPS = {
    "tibialis_anterior": ("musculus tibialis anterior", "Tibialis anterior", "tibialis anterior"),
    "gastrocnemius_medialis": ("musculus gastrocnemius, caput mediale", "Gastrocnemius medialis", "gastrocnemius medialis"),
    "soleus": ("musculus soleus", "Soleus", "soleus"),
    "vastus_lateralis": ("musculus vastus lateralis", "Vastus lateralis", "quadriceps femoris, vastus lateralis"),
    "rectus_femoris": ("musculus rectus femoris", "Rectus femoris", "quadriceps femoris, rectus femoris"),
    "biceps_femoris": ("musculus biceps femoris", "Biceps femoris", "biceps femoris"),
    "gluteus_maximus": ("musculus gluteus maximus", "Gluteus maximus", "gluteus maximus"),
    "erector_spinae": ("musculus erector spinae", "Erector spinae", "erector spinae, longissimus"),
    "latissimus": _GROUPS["latissimus"],
    "deltoid_medius": ("musculus deltoideus, pars acromialis", "Deltoid, middle", "deltoideus medius"),
    "biceps": _GROUPS["biceps"],
    "triceps": ("musculus triceps brachii", "Triceps", "triceps brachii, long head"),
}
# What lies under the skin besides; sites as above. The upper trapezius, a SENIAM site, is not among them: the model of physics
# has none.
_MORE_GROUPS = {
    "pectoralis_major": ("musculus pectoralis major", "Pectoralis major", "pectoralis major (not a SENIAM site)"),
    "fibularis_longus": ("musculus fibularis longus", "Fibularis longus", "peroneus longus"),
    "deltoid_anterior": ("musculus deltoideus, pars clavicularis", "Deltoid, front", "deltoideus anterior"),
    "deltoid_posterior": ("musculus deltoideus, pars spinalis", "Deltoid, back", "deltoideus posterior"),
    "rectus_abdominis": ("musculus rectus abdominis", "Rectus abdominis", "rectus abdominis (not a SENIAM site)"),
    "external_oblique": ("musculus obliquus externus abdominis", "External oblique", "obliquus externus abdominis (not a SENIAM site)"),
    "gluteus_medius": ("musculus gluteus medius", "Gluteus medius", "gluteus medius"),
    "vastus_medialis": ("musculus vastus medialis", "Vastus medialis", "quadriceps femoris, vastus medialis"),
    "semitendinosus": ("musculus semitendinosus", "Semitendinosus", "semitendinosus"),
    "gastrocnemius_lateralis": ("musculus gastrocnemius, caput laterale", "Gastrocnemius lateralis", "gastrocnemius lateralis"),
    "brachioradialis": ("musculus brachioradialis", "Brachioradialis", "brachioradialis (not a SENIAM site)"),
    "infraspinatus": ("musculus infraspinatus", "Infraspinatus", "infraspinatus (not a SENIAM site)"),
}


def _muscle(group: str, side: str) -> Muscle:
    latin, label, site = (_GROUPS | _SURFACE_GROUPS | _MORE_GROUPS)[group]
    return Muscle(f"{group}_{side}", latin, f"{label} ({'left' if side == 'l' else 'right'})", site)


MUSCLE_SETS: dict[str, MuscleSet] = {
    "mia8": MuscleSet("mia8", tuple(_muscle(group, side) for side in "lr" for group in _GROUPS)),
    "surface24": MuscleSet("surface24", tuple(_muscle(group, side) for side in "lr" for group in _SURFACE_GROUPS)),
    "surface48": MuscleSet("surface48", tuple(_muscle(group, side) for side in "lr" for group in (*_SURFACE_GROUPS, *_MORE_GROUPS))),
}


def muscle_set(name: str) -> MuscleSet:
    """The set of that name. Raises UnknownNameError."""
    if name not in MUSCLE_SETS:
        raise UnknownNameError("muscle set", name, MUSCLE_SETS)
    return MUSCLE_SETS[name]


def resolve_muscles(names: Iterable[str], muscles: MuscleSet) -> tuple[str, ...]:
    """Expand what people type to names of `muscles`.

    "hamstrings" means both sides; "hamstrings_left", "hamstrings-l" and "left hamstrings" mean one. Raises UnknownNameError.
    """
    resolved: list[str] = []
    for name in names:
        words = name.strip().lower().replace("-", "_").replace(" ", "_").replace(".", "_").split("_")
        sides = [{"left": "l", "right": "r"}.get(word, word) for word in words if word in ("l", "r", "left", "right")]
        group = "_".join(word for word in words if word not in ("l", "r", "left", "right"))
        found = [m.name for m in muscles.muscles if m.group == group and (not sides or m.side == sides[0])]
        if not found or len(sides) > 1:
            raise UnknownNameError("muscle", name, (*muscles.groups, *muscles.names))
        resolved += found
    return tuple(dict.fromkeys(resolved))


# Group -> groups that can speak for it, nearest first, and whether they are the same muscle.
_SPOKEN_FOR: dict[str, tuple[tuple[str, bool], ...]] = {
    "biceps_femoris": (("hamstrings", True),),
    "hamstrings": (("biceps_femoris", True),),
    "vastus_lateralis": (("quadriceps", False),),
    "rectus_femoris": (("quadriceps", False),),
    "vastus_medialis": (("quadriceps", False),),
    "semitendinosus": (("hamstrings", False),),
    "gastrocnemius_lateralis": (("gastrocnemius_medialis", False),),
    "quadriceps": (("vastus_lateralis", False), ("rectus_femoris", False)),
}


def stand_in(name: str, known: MuscleSet) -> tuple[str | None, bool]:
    """The muscle of `known` whose activation stands for `name`, None if there is none, and whether that is an estimate.

    The hamstrings of `mia8` and the biceps femoris of `surface24` are read at one site, so they are the same; a part of the
    quadriceps is estimated by the whole, the semitendinosus and the lateral head of the gastrocnemius by their neighbour.
    """
    if name in known.names:
        return name, False
    for group, same in _SPOKEN_FOR.get(name[:-2], ()):
        other = f"{group}{name[-2:]}"
        if other in known.names:
            return other, not same
    return None, True
