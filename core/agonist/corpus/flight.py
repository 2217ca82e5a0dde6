"""Flight as gravity has it: how long the body is in the air, how fast it leaves the floor, and its height over time.

Between take-off and landing nothing but weight acts, so the pelvis falls at g; before and after, the legs push and give way
with a nearly constant force, and that fixes how long a push of a given depth takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from agonist.corpus.key_poses import Exercise

__all__ = ["Arc", "arcs", "heights", "key_times"]

Array = NDArray[np.float64]

GRAVITY_M_S2 = 9.81


@dataclass(frozen=True)
class Arc:
    """One flight: seconds of take-off and landing, and the pelvis over its standing height there, body heights."""

    begin: float
    end: float
    z_begin: float
    z_end: float


def key_times(exercise: Exercise, pelvis_z: Array, length: float, amount: float, height_m: float) -> Array:
    """Seconds of each key from the start of a repetition, and of its end.

    Without flight, phases times `length`. A flight lasts as the root of its range; a push before and a landing after it
    last as a constant force needs for their depth.

    Args:
        exercise: keys and flights.
        pelvis_z: (K,) body heights over standing at each key.
        length: of a repetition, seconds.
        amount: range of motion, 1 as written.
        height_m: body height.

    Returns:
        (K + 1,) seconds, from 0.
    """
    phases = np.array([phase for phase, _ in exercise.keys] + [1.0])
    steps = np.diff(phases) * length
    if exercise.advance == 0:
        z = np.append(pelvis_z, pelvis_z[0])
        for begin, end in exercise.flights:
            duration = (end - begin) * exercise.seconds * amount**0.5
            first, last = (int(np.argmin(np.abs(phases - phase))) for phase in (begin, end))
            steps[first:last] = duration * np.diff(phases[first : last + 1]) / (end - begin)
            speed = GRAVITY_M_S2 * duration / 2
            steps[first - 1] = 2 * abs(z[first] - z[first - 1]) * height_m / speed
            steps[last] = 2 * abs(z[last + 1] - z[last]) * height_m / speed
    return np.concatenate([[0.0], np.cumsum(steps)])


def arcs(exercise: Exercise, times: Array, pelvis_z: Array, start: float) -> list[Arc]:
    """The flights of a repetition that starts at `start`; `times` and `pelvis_z` as of `key_times`."""
    phases = np.array([phase for phase, _ in exercise.keys] + [1.0])
    z = np.append(pelvis_z, pelvis_z[0])
    return [
        Arc(start + float(np.interp(begin, phases, times)), start + float(np.interp(end, phases, times)),
            float(np.interp(begin, phases, z)), float(np.interp(end, phases, z)))
        for begin, end in exercise.flights
    ]  # fmt: skip


def heights(flights: list[Arc], rests: list[tuple[float, float]], at: Array, height_m: float) -> tuple[Array, Array]:
    """Height of the pelvis over standing through flights and contacts.

    A contact without a key of its own is a bounce: it gives way at a constant force from landing to the middle.

    Args:
        flights: in order of time.
        rests: (seconds, body heights) of keys on the floor, where the pelvis is at rest.
        at: (T,) seconds.
        height_m: body height.

    Returns:
        (T,) body heights over standing, and (T,) the share of it that is flight: feet rise by it, too.
    """
    knots = [(time, z, 0.0) for time, z in rests]
    for arc in flights:
        duration = arc.end - arc.begin
        drift, fall = (arc.z_end - arc.z_begin) / duration, GRAVITY_M_S2 * duration / 2 / height_m
        knots += [(arc.begin, arc.z_begin, drift + fall), (arc.end, arc.z_end, drift - fall)]
    if not rests:
        for before, after in pairwise(flights):
            contact = after.begin - before.end
            speed = GRAVITY_M_S2 * (before.end - before.begin + after.end - after.begin) / 4 / height_m
            knots.append(((before.end + after.begin) / 2, (before.z_end + after.z_begin) / 2 - speed * contact / 4, 0.0))
    time, z, slope = (np.array(column) for column in zip(*sorted(knots), strict=True))
    height = _hermite(time, z, slope, at)
    lift = np.zeros(len(at))
    for arc in flights:
        inside = (at > arc.begin) & (at < arc.end)
        lift[inside] = height[inside] - np.interp(at[inside], [arc.begin, arc.end], [arc.z_begin, arc.z_end])
    return height, lift


def _hermite(times: Array, values: Array, slopes: Array, at: Array) -> Array:
    """Cubic through values with slopes, held at its ends; with the slopes of a throw it is the parabola."""
    index = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    h = times[index + 1] - times[index]
    u = np.clip((at - times[index]) / h, 0.0, 1.0)
    rise = values[index + 1] - values[index]
    return np.asarray(values[index] + rise * u * u * (3 - 2 * u) + h * u * (1 - u) * ((1 - u) * slopes[index] - u * slopes[index + 1]))
