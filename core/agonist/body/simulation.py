"""Simulate: any motion to muscle activation, through inverse kinematics, inverse dynamics and static optimisation."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.activation import Activation
from agonist.body.activation_dynamics import excitation
from agonist.body.blocks import Movement, solve_blocks, solve_stretches
from agonist.body.dynamics import Dynamics
from agonist.body.muscle_map import choose_muscles, gather
from agonist.body.parts import Parts
from agonist.body.person import Person
from agonist.body.plates import ForcePlates
from agonist.body.seen import believed
from agonist.body.sides import exchange_back
from agonist.errors import InputError, MotionError
from agonist.humanoid import leg_length
from agonist.motion import Keypoints, Motion, interpolate
from agonist.predict import standing_keypoints

__all__ = ["EMG_DELAY_S", "Simulation", "simulate"]

Array = NDArray[np.float64]

# Inverse kinematics above this rate buys nothing once everything is low-passed at 6 Hz.
IK_FPS = 30.0
# Noise above half that rate would come back as slow motion.
IK_CUTOFF_HZ = 12.0
# Faster than any person: Olympic throws and kicks stay below 80 rad/s at the joint, sprint starts below 30 m/s^2 at the trunk.
IMPOSSIBLE_ROOT_M_S2 = 150.0

# From a muscle's electrical activity to its force (Cavanagh & Komi 1979: 49.5 ms); activation, here, makes force at once.
EMG_DELAY_S = 0.05
# Share of the body's weight that counts as standing on the ground, and of the frames that is suspiciously few [ours].
LOADED, SELDOM_LOADED = 0.05, 0.2
# Hip to ankle: a toddler to the tallest people.
LEG_LENGTHS_M = (0.25, 1.4)
SLOW_FPS = 8.0


@dataclass(frozen=True, eq=False)
class Simulation:
    """What the body did.

    Attributes:
        activation: simulated activation at the output frame rate.
        joint_names: the model's independent hinges.
        joint_angles: (T, 23) radians.
        joint_torques: (T, 23) N m, net: what muscles, ligaments and reserves deliver against gravity, inertia and ground.
        ground_reaction: (T, 2, 3) N on the left and the right foot, estimated or measured.
        ground_centre: (T, 2, 3) metres, where it acts; where the sole is, for a foot in the air.
        ground_moment: (T, 2, 3) N m about that place.
        residual_share: (T,) force at the root that nothing carries, over body weight.
        reserve_share: (T,) share of the joint torques that muscles did not carry.
        keypoint_error_m: (T,) mean distance between the model's joints and the keypoints.
        keypoints: (T, 25, 3) what was simulated, metres.
        model_muscles: the model's own muscles, finer than the set's.
        model_activation: (T, len(model_muscles)) their activation, as static optimisation gave it: not smoothed.
        model_length_m: (T, len(model_muscles)) length of muscle and tendon.
        model_force_n: (len(model_muscles),) their maximal isometric force.
        flags: reasons to doubt the result, in words; empty if none was found.
        parameters: what made it.
    """

    activation: Activation
    joint_names: tuple[str, ...]
    joint_angles: Array
    joint_torques: Array
    ground_reaction: Array
    ground_centre: Array
    ground_moment: Array
    residual_share: Array
    reserve_share: Array
    keypoint_error_m: Array
    keypoints: Array
    model_muscles: tuple[str, ...]
    model_activation: Array
    model_length_m: Array
    model_force_n: Array
    flags: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def expected_emg(self) -> Activation:
        """`activation` when its electrical activity would be seen: EMG_DELAY_S earlier, held at the clip's end."""
        times = np.arange(len(self.activation)) / self.activation.fps + EMG_DELAY_S
        reference = f"simulated, {1000 * EMG_DELAY_S:.0f} ms earlier, as an EMG envelope would show it"
        return replace(self.activation, values=interpolate(self.activation.values, self.activation.fps, times), reference=reference)

    @property
    def smoothed_model_activation(self) -> Array:
        """(T, len(model_muscles)) `model_activation` averaged over time as `activation` is."""
        return _envelope(self.model_activation, self.activation.fps)

    @property
    def model_excitation(self) -> Array:
        """(T, len(model_muscles)) excitation that gives `smoothed_model_activation` by activation dynamics (De Groote et al. 2016)."""
        return excitation(self.smoothed_model_activation, self.activation.fps)


def simulate(
    motion: Motion | Keypoints,
    person: Person | None = None,
    *,
    muscles: str | Sequence[str] = "mia8",
    output_fps: float | None = None,
    filter_hz: float = 6.0,
    plates: ForcePlates | None = None,
    jobs: int = 1,
    parts: Path | None = None,
    progress: Callable[[float], None] | None = None,
) -> Simulation:
    """Muscle activation by physics.

    Args:
        motion: a humanoid motion or keypoints of any body layout; Z up, metres, flat ground.
        person: mass, strength and recruitment; an average adult if None.
        muscles: name of a muscle set, "body" for every muscle of the model, or names of muscles.
        output_fps: frame rate of the result; the clip's own if None.
        filter_hz: cut-off of the zero-phase low-pass on the coordinates.
        plates: measured ground reaction, used instead of an estimate; on the motion's clock and in its axes.
        jobs: processes for the dynamics; the result is the same for any number.
        parts: folder where what is done is kept, and what was done by an interrupted call is found; `Parts.remove` clears it.
        progress: called with a share in [0, 1].

    Raises:
        InputError: a frame rate, a cut-off or a number of jobs that is none, a folder that cannot be written.
        MotionError: fewer than 4 frames, or not of human size. SkeletonError: not a humanoid.
        UnknownNameError: no such muscle set. MissingDependencyError. WorkError: a process died.
    """
    from agonist.body.model import HINGES, scaled_body, segment_scales
    from agonist.body.trajectory import low_pass

    for name, value in (("output frame rate", output_fps), ("cut-off", filter_hz)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InputError(f"The {name} is {value} Hz. Expected a number above 0.")
    if jobs < 1:
        raise InputError(f"{jobs} jobs. Expected 1 or more.")
    person = person or Person()
    clip = standing_keypoints(motion)
    if len(clip) < 4:
        raise MotionError(f"The clip has {len(clip)} frames; physics needs at least 4 to know accelerations.")
    fps = output_fps or clip.fps
    # A very short clip keeps all of its frames: accelerations need four.
    ik_fps = min(clip.fps, IK_FPS) if clip.duration * IK_FPS >= 3 else clip.fps
    times = np.arange(int(clip.duration * ik_fps + 1e-6) + 1) / ik_fps
    clip, mended = _mended(clip, measured=isinstance(motion, Keypoints))
    assert clip.confidence is not None
    positions = clip.positions
    if clip.fps > ik_fps:
        positions = low_pass(positions.reshape(len(clip), -1), clip.fps, IK_CUTOFF_HZ).reshape(positions.shape)
    points = interpolate(positions, clip.fps, times)
    confidence = interpolate(clip.confidence, clip.fps, times)
    _check_size(points)
    scales = segment_scales(points)
    body = scaled_body(scales, person)
    selected = choose_muscles(muscles, body.muscle_names)
    output = np.arange(int(clip.duration * fps + 1e-6) + 1) / fps
    measured = () if plates is None else (plates.times, plates.force_n, plates.centre_m, plates.moment_nm)
    kept = Parts(parts, clip.positions, clip.confidence, clip.fps, clip.start, person, fps, filter_hz, *measured)
    # A frame of inverse kinematics takes about as long as one of dynamics.
    first = len(times) / (len(times) + len(output) / max(jobs, 1))

    def shown(share: float, done: float = 0.0, of: float = first) -> None:
        if progress:
            progress(done + share * of)

    roots, hinges, errors = solve_stretches(body, points, confidence, kept, shown)
    movement = Movement(scales, person, roots, hinges, ik_fps, filter_hz, clip, plates)
    dynamics = movement.dynamics(body)
    solved = solve_blocks(
        movement, dynamics, np.minimum(output, times[-1]), jobs, kept, lambda share: shown(share, first, 1 - first)
    )
    model_activation, residual, reserve, force = (solved[name] for name in ("activation", "residual_share", "reserve_share", "force_n"))
    raw = model_activation @ gather(selected, body.muscle_names, body.maximal_force_n)
    error = interpolate(errors, ik_fps, output)
    parameters = {
        "mass_kg": person.mass_kg, "sex": person.sex, "strength": person.strength, "cost_exponent": person.cost_exponent,
        "cocontraction": person.cocontraction, "filter_hz": filter_hz, "segment_scales": scales, "floor_m": dynamics.floor,
        "ground_reaction": "estimated" if plates is None else "measured", "data": "simulated",
    }  # fmt: skip
    activation = Activation(
        np.clip(_envelope(raw, fps), 0, 1), selected, fps, start=clip.start, reference="simulated", provenance=parameters
    )
    return Simulation(
        activation, HINGES, solved["angles"], solved["torques"], force, solved["centre_m"], solved["moment_nm"],
        residual, reserve, error, interpolate(clip.positions, clip.fps, output), body.muscle_names, model_activation, solved["length_m"],
        body.maximal_force_n,
        _flags(error, residual, reserve, force, solved["pelvis_m_s2"], dynamics, clip.fps) + mended, parameters,
    )  # fmt: skip


def _mended(clip: Keypoints, *, measured: bool) -> tuple[Keypoints, tuple[str, ...]]:
    """Keypoints with left and right put right and, if they were measured, what cannot be believed guessed; and what was done."""
    positions, exchanged = exchange_back(clip.positions, clip.fps)
    if any(exchanged.values()):
        clip = replace(clip, positions=positions)
    said = tuple(f"left and right {limbs} were exchanged in {count} frames; put right" for limbs, count in exchanged.items() if count)
    if not measured:
        return clip, said
    clip, guessed = believed(clip)
    return clip, said + guessed


def _check_size(points: Array) -> None:
    length = leg_length(points)
    if not LEG_LENGTHS_M[0] <= length <= LEG_LENGTHS_M[1]:
        raise MotionError(
            f"The legs are {length:.4g} m long from hip to ankle. Expected {LEG_LENGTHS_M[0]} to {LEG_LENGTHS_M[1]} m: "
            "is the motion in metres?"
        )


def _envelope(values: Array, fps: float) -> Array:
    """A raised-cosine average over about 0.15 s: static optimisation knows no activation dynamics and may jump."""
    half = round(0.075 * fps)
    if half < 1 or len(values) < 2 * half + 1:
        return values
    kernel = np.hanning(2 * half + 3)[1:-1]
    kernel /= kernel.sum()
    padded = np.concatenate([np.repeat(values[:1], half, 0), values, np.repeat(values[-1:], half, 0)])
    return np.stack([np.convolve(column, kernel, mode="valid") for column in padded.T], axis=-1)


def _flags(
    error: Array, residual: Array, reserve: Array, force: Array, pelvis_m_s2: Array, dynamics: Dynamics, fps: float
) -> tuple[str, ...]:
    flags = []
    if error.mean() > 0.06:
        flags.append(f"the body fits the keypoints badly: {1000 * error.mean():.0f} mm on average")
    if residual.mean() > 0.25:
        flags.append(f"forces at the root that nothing explains: {residual.mean():.2f} body weights on average")
    if reserve.mean() > 0.3:
        flags.append(f"muscles carry too little: reserves hold {100 * reserve.mean():.0f} % of the joint torques")
    if pelvis_m_s2.max() > IMPOSSIBLE_ROOT_M_S2:
        flags.append(f"impossible acceleration of the pelvis: {pelvis_m_s2.max():.0f} m/s^2")
    loaded = float((force[:, :, 2].sum(axis=1) > LOADED * dynamics.weight_n).mean())
    if loaded < SELDOM_LOADED:
        flags.append(f"the ground is touched in {100 * loaded:.0f} % of the frames only")
    if dynamics.other_support > 0.1:
        flags.append(f"hands, knees or hips near the floor in {100 * dynamics.other_support:.0f} % of the frames: only feet can push here")
    if fps < SLOW_FPS:
        flags.append(f"{fps:.3g} frames a second: too few for accelerations")
    return tuple(flags)
