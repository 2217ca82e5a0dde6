"""Virtual people: ten bodies that perform the exercises."""

from __future__ import annotations

from dataclasses import dataclass

from agonist.body.person import Person

__all__ = ["PEOPLE", "VirtualPerson"]


@dataclass(frozen=True)
class VirtualPerson:
    """A body of the corpus.

    Attributes:
        name: "Subject0" ..., as in MIA's folders.
        height_m: body height.
        person: mass, sex, strength and recruitment.
        sensor_gain: raw counts that full activation would read, for the MIA layout (its sensors differ that much).
    """

    name: str
    height_m: float
    person: Person
    sensor_gain: float


def _make() -> tuple[VirtualPerson, ...]:
    # Heights and masses span the 5th to the 95th percentile of adults, strength 0.8 to 1.3 [ours].
    rows = [
        ("male", 1.75, 75.0, 1.00, 0.010, 300.0), ("female", 1.63, 58.0, 0.95, 0.015, 240.0),
        ("male", 1.86, 92.0, 1.15, 0.010, 420.0), ("female", 1.70, 66.0, 1.10, 0.010, 280.0),
        ("male", 1.68, 64.0, 0.90, 0.020, 220.0), ("female", 1.56, 50.0, 0.90, 0.020, 200.0),
        ("male", 1.79, 84.0, 1.30, 0.010, 500.0), ("female", 1.75, 74.0, 1.05, 0.015, 330.0),
        ("male", 1.72, 98.0, 1.00, 0.015, 260.0), ("female", 1.66, 72.0, 0.85, 0.010, 210.0),
    ]  # fmt: skip
    return tuple(
        VirtualPerson(f"Subject{i}", height, Person(mass, sex, strength, 2.0, floor), gain)
        for i, (sex, height, mass, strength, floor, gain) in enumerate(rows)
    )


PEOPLE: tuple[VirtualPerson, ...] = _make()
