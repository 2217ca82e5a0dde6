"""Person: whose body it is. Size comes from the motion; these are what a motion cannot tell."""

from __future__ import annotations

import math
from dataclasses import dataclass

from agonist.errors import InputError

__all__ = ["Person"]


@dataclass(frozen=True)
class Person:
    """A person's mass, strength and way of recruiting muscles.

    Attributes:
        mass_kg: body mass.
        sex: "male" or "female"; female muscles carry 0.85 of the force per mass^(2/3) [ours, a round number].
        strength: factor on every muscle's maximal isometric force.
        cost_exponent: p in the recruitment cost, the sum of volume times activation^p (Crowninshield & Brand 1981).
        cocontraction: activation that every muscle keeps at least, in [0, 0.3].
    """

    mass_kg: float = 75.0
    sex: str = "male"
    strength: float = 1.0
    cost_exponent: float = 2.0
    cocontraction: float = 0.01

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mass_kg) and 10 <= self.mass_kg <= 400):
            raise InputError(f"Body mass is {self.mass_kg} kg. Expected 10 to 400 kg.")
        if self.sex not in ("male", "female"):
            raise InputError(f"Sex is '{self.sex}'. Expected male or female.")
        if not 0.1 <= self.strength <= 10:
            raise InputError(f"Strength factor is {self.strength}. Expected 0.1 to 10.")
        if not 1.5 <= self.cost_exponent <= 6:
            raise InputError(f"Cost exponent is {self.cost_exponent}. Expected 1.5 to 6.")
        if not 0 <= self.cocontraction <= 0.3:
            raise InputError(f"Co-contraction is {self.cocontraction}. Expected 0 to 0.3.")
