"""Simulate: any motion to muscle activation, through inverse kinematics, inverse dynamics and static optimisation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agonist.activation import Activation
from agonist.body.person import Person
from agonist.body.recruitment import solve_recruitment
from agonist.errors import InputError, MotionError
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints, Motion, interpolate
from agonist.muscles import MuscleSet, muscle_set
from agonist.predict import standing_keypoints

if TYPE_CHECKING:
    from agonist.body.model import BodyModel

__all__ = ["Simulation", "simulate"]

Array = NDArray[np.float64]

# Inverse kinematics above this rate buys nothing once everything is low-passed at 6 Hz.
IK_FPS = 30.0
FRICTION = 0.8
# Costs of one unit of each, against 1 for one fully active muscle of average volume [ours].
CONTACT_WEIGHT = 10.0  # of one body weight on one edge of a friction pyramid, at the firmest contact of the frame
SMALLEST_EFFORT = 0.05  # share of an average muscle's volume: the least that any muscle counts for
ROOT_FORCE_UNIT_N, ROOT_MOMENT_UNIT_NM, RESERVE_UNIT_NM = 20.0, 10.0, 3.0
# The scaled model's abdominals and deltoids pull with up to 80 % of their strength in an ordinary stance, without any
# activation, and the back would have to hold against it: passive force is cut off at this share of the maximum.
PASSIVE_LIMIT = 0.05
CONTACT_HEIGHT_M, CONTACT_SPEED_M_S, CONTACT_LIMIT_M, CONTACT_SHARPNESS = 0.025, 0.4, 0.12, 4
# Faster than any person: Olympic throws and kicks stay below 80 rad/s at the joint, sprint starts below 30 m/s^2 at the trunk.
IMPOSSIBLE_ROOT_M_S2 = 150.0

# Hip to ankle: a toddler to the tallest people.
LEG_LENGTHS_M = (0.25, 1.4)
OTHER_SUPPORT_M = 0.12  # a knee joint's height over the floor when kneeling, a wrist's over a flat hand
SLOW_FPS = 8.0

_PARTS = {
    "quadriceps": ("recfem_{s}", "vasint_{s}", "vaslat_{s}", "vasmed_{s}"),
    "hamstrings": ("bflh_{s}", "bfsh_{s}"),
    "latissimus": ("LAT1{a}", "LAT2{a}", "LAT3{a}"),
    "biceps": ("BIClong{a}", "BICshort{a}"),
}


@dataclass(frozen=True, eq=False)
class Simulation:
    """What the body did.

    Attributes:
        activation: simulated activation at the output frame rate.
        joint_names: the model's independent hinges.
        joint_angles: (T, 23) radians.
        joint_torques: (T, 23) N m, net: what muscles, ligaments and reserves deliver against gravity, inertia and ground.
        ground_reaction: (T, 2, 3) N on the left and the right foot, estimated.
        residual_share: (T,) force at the root that nothing carries, over body weight.
        reserve_share: (T,) share of the joint torques that muscles did not carry.
        keypoint_error_m: (T,) mean distance between the model's joints and the keypoints.
        keypoints: (T, 25, 3) what was simulated, metres.
        model_muscles: the model's own muscles, finer than the set's.
        model_activation: (T, len(model_muscles)) their activation, as static optimisation gave it: not smoothed.
        model_force_n: (len(model_muscles),) their maximal isometric force.
        flags: reasons to doubt the result, in words; empty if none was found.
        parameters: what made it.
    """

    activation: Activation
    joint_names: tuple[str, ...]
    joint_angles: Array
    joint_torques: Array
    ground_reaction: Array
    residual_share: Array
    reserve_share: Array
    keypoint_error_m: Array
    keypoints: Array
    model_muscles: tuple[str, ...]
    model_activation: Array
    model_force_n: Array
    flags: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def smoothed_model_activation(self) -> Array:
        """(T, len(model_muscles)) `model_activation` averaged over time as `activation` is."""
        return _envelope(self.model_activation, self.activation.fps)


def _aggregate(body: BodyModel, muscles: MuscleSet) -> Array:
    """(model muscles, M) weights by maximal force that gather the model's muscles into those of the set."""
    weights = np.zeros((len(body.muscle_names), len(muscles)))
    for column, muscle in enumerate(muscles.muscles):
        for part in _PARTS[muscle.group]:
            # Right-arm muscles of the model carry no suffix.
            name = part.format(s=muscle.side, a="" if muscle.side == "r" else "_l")
            index = body.muscle_names.index(name)
            weights[index, column] = body.maximal_force_n[index]
    return weights / weights.sum(axis=0)


def simulate(
    motion: Motion | Keypoints,
    person: Person | None = None,
    *,
    muscles: str = "mia8",
    output_fps: float | None = None,
    filter_hz: float = 6.0,
    progress: Callable[[float], None] | None = None,
) -> Simulation:
    """Muscle activation by physics.

    Args:
        motion: a humanoid motion or keypoints of any body layout; Z up, metres, flat ground.
        person: mass, strength and recruitment; an average adult if None.
        muscles: name of a muscle set.
        output_fps: frame rate of the result; the clip's own if None.
        filter_hz: cut-off of the zero-phase low-pass on the coordinates.
        progress: called with a share in [0, 1].

    Raises:
        InputError: a frame rate or a cut-off that is none. MotionError: fewer than 4 frames, or not of human size.
        SkeletonError: not a humanoid. UnknownNameError: no such muscle set. MissingDependencyError.
    """
    from agonist.body.ik import solve_ik
    from agonist.body.model import HINGES, scaled_body, segment_scales
    from agonist.body.trajectory import fit_trajectory

    for name, value in (("output frame rate", output_fps), ("cut-off", filter_hz)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InputError(f"The {name} is {value} Hz. Expected a number above 0.")
    person = person or Person()
    selected = muscle_set(muscles)
    clip = standing_keypoints(motion)
    if len(clip) < 4:
        raise MotionError(f"The clip has {len(clip)} frames; physics needs at least 4 to know accelerations.")
    fps = output_fps or clip.fps
    # A very short clip keeps all of its frames: accelerations need four.
    ik_fps = min(clip.fps, IK_FPS) if clip.duration * IK_FPS >= 3 else clip.fps
    times = np.arange(int(clip.duration * ik_fps + 1e-6) + 1) / ik_fps
    assert clip.confidence is not None
    points = interpolate(clip.positions, clip.fps, times)
    confidence = interpolate(clip.confidence, clip.fps, times)
    _check_size(points)
    scales = segment_scales(points)
    body = scaled_body(scales, person)
    ik_progress = (lambda share: progress(0.5 * share)) if progress else None
    roots, hinges, errors = solve_ik(body, points, confidence, ik_progress)
    trajectory = fit_trajectory(roots, hinges, ik_fps, filter_hz)
    output = np.arange(int(clip.duration * fps + 1e-6) + 1) / fps
    frames = _Frames(body, person, trajectory, clip)
    for index, time in enumerate(output):
        frames.add(min(float(time), times[-1]))
        if progress:
            progress(0.5 + 0.5 * (index + 1) / len(output))
    raw = np.array(frames.activations) @ _aggregate(body, selected)
    residual, reserve = np.array(frames.residuals), np.array(frames.reserves)
    error = interpolate(errors, ik_fps, output)
    parameters = {
        "mass_kg": person.mass_kg, "sex": person.sex, "strength": person.strength, "cost_exponent": person.cost_exponent,
        "cocontraction": person.cocontraction, "filter_hz": filter_hz, "segment_scales": scales, "floor_m": frames.floor,
        "data": "simulated",
    }  # fmt: skip
    activation = Activation(
        np.clip(_envelope(raw, fps), 0, 1), selected, fps, start=clip.start, reference="simulated", provenance=parameters
    )
    return Simulation(
        activation, HINGES, np.array(frames.angles), np.array(frames.torques), np.array(frames.ground), residual, reserve, error,
        interpolate(clip.positions, clip.fps, output), body.muscle_names, np.array(frames.activations), body.maximal_force_n,
        _flags(error, residual, reserve, frames, clip.fps), parameters,
    )  # fmt: skip


def _check_size(points: Array) -> None:
    legs = [points[:, BODY25.index(f"{a}_{side}")] - points[:, BODY25.index(f"{b}_{side}")]
            for a, b in (("hip", "knee"), ("knee", "ankle")) for side in "lr"]  # fmt: skip
    length = float(sum(np.median(np.linalg.norm(leg, axis=-1)) for leg in legs) / 2)
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


def _flags(error: Array, residual: Array, reserve: Array, frames: _Frames, fps: float) -> tuple[str, ...]:
    flags = []
    if error.mean() > 0.06:
        flags.append(f"the body fits the keypoints badly: {1000 * error.mean():.0f} mm on average")
    if residual.mean() > 0.25:
        flags.append(f"forces at the root that nothing explains: {residual.mean():.2f} body weights on average")
    if reserve.mean() > 0.3:
        flags.append(f"muscles carry too little: reserves hold {100 * reserve.mean():.0f} % of the joint torques")
    if frames.peak_acceleration > IMPOSSIBLE_ROOT_M_S2:
        flags.append(f"impossible acceleration of the pelvis: {frames.peak_acceleration:.0f} m/s^2")
    if not np.abs(np.array(frames.ground)).any():
        flags.append("the ground is never touched")
    if frames.other_support > 0.1:
        flags.append(f"hands, knees or hips near the floor in {100 * frames.other_support:.0f} % of the frames: only feet can push here")
    if fps < SLOW_FPS:
        flags.append(f"{fps:.3g} frames a second: too few for accelerations")
    return tuple(flags)


class _Frames:
    """Dynamics and recruitment, one instant after the other; keeps the multipliers of the last, for speed only."""

    def __init__(self, body: BodyModel, person: Person, trajectory: Any, clip: Keypoints) -> None:
        import mujoco

        self.body, self.person, self.trajectory = body, person, trajectory
        self.data = mujoco.MjData(body.mj)
        soles = [BODY25.index(f"{name}_{side}") for name in ("heel", "big_toe", "small_toe") for side in "lr"]
        self.floor = float(np.percentile(clip.positions[:, soles, 2].min(axis=1), 5))
        others = [BODY25.index(f"{name}_{side}") for name in ("wrist", "knee", "hip") for side in "lr"]
        self.other_support = float((clip.positions[:, others, 2].min(axis=1) < self.floor + OTHER_SUPPORT_M).mean())
        # What activation costs grows with the volume of muscle that is active (Happee & van der Helm 1995), by which a few long
        # strips of latissimus do not hold the trunk in place of the many of erector spinae.
        volume = body.maximal_force_n * body.optimal_fibre_m
        self.effort = np.maximum(volume / volume.mean(), SMALLEST_EFFORT)
        self.weight_n = body.mass_kg * 9.81
        self.multipliers: Array | None = None
        self.peak_acceleration = 0.0
        self.activations: list[Array] = []
        self.angles: list[Array] = []
        self.torques: list[Array] = []
        self.ground: list[Array] = []
        self.residuals: list[float] = []
        self.reserves: list[float] = []

    def add(self, time: float) -> None:
        """Solve one instant and append it."""
        import mujoco

        body, model, data = self.body, self.body.mj, self.data
        data.qpos[:], data.qvel[:], data.qacc[:], g, hinges = self.trajectory.at(body, time)
        self.peak_acceleration = max(self.peak_acceleration, float(np.linalg.norm(data.qacc[:3])))
        mujoco.mj_fwdPosition(model, data)
        mujoco.mj_fwdVelocity(model, data)
        torque = np.empty(model.nv)
        mujoco.mj_rne(model, data, 1, torque)
        passive, full = self._forces()
        moment = np.zeros((model.nu, model.nv))
        mujoco.mju_sparse2dense(moment, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind)
        arms = (moment[body.muscles] @ g).T  # (29, M)
        needed = g.T @ torque
        contact, cost = self._contacts(g)
        muscles = len(body.muscles)
        a = np.concatenate([arms * (full - passive), contact * self.weight_n], axis=1)
        b = needed - arms @ passive
        low = np.concatenate([np.full(muscles, self.person.cocontraction), np.zeros(contact.shape[1])])
        high = np.concatenate([np.ones(muscles), np.where(np.isinf(cost), 0.0, np.inf)])
        weight = np.concatenate([self.effort, np.where(np.isinf(cost), 1.0, cost)])
        unit = np.repeat([ROOT_FORCE_UNIT_N, ROOT_MOMENT_UNIT_NM, RESERVE_UNIT_NM], [3, 3, len(hinges)])
        # Rows in units of what one unit of leftover costs: newtons and newton metres become comparable.
        x, left, self.multipliers = solve_recruitment(
            a / unit[:, None], b / unit, weight, low, high, np.ones(len(b)), self.multipliers, self.person.cost_exponent, muscles
        )
        left *= unit
        self.activations.append(x[:muscles])
        self.angles.append(hinges)
        self.torques.append((needed - a[:, muscles:] @ x[muscles:])[6:])
        push = (self._edges() * (x[muscles:] * self.weight_n).reshape(-1, 4, 1)).sum(axis=1)
        self.ground.append(push.reshape(2, -1, 3).sum(axis=1))
        self.residuals.append(float(np.linalg.norm(left[:3]) / self.weight_n))
        self.reserves.append(float(np.abs(left[6:]).sum() / max(np.abs(b[6:]).sum(), 10.0)))

    def _forces(self) -> tuple[Array, Array]:
        """Muscle force in N at activation 0 and 1, positive along the shortening path, at this length and velocity."""
        import mujoco

        forces = []
        for level in (0.0, 1.0):
            self.data.act[:] = level
            mujoco.mj_fwdActuation(self.body.mj, self.data)
            # MuJoCo counts a pull as negative force.
            forces.append(np.array(self.data.actuator_force)[self.body.muscles])
        passive, full = forces
        cap = PASSIVE_LIMIT * self.body.maximal_force_n
        capped = np.clip(passive, -cap, cap)
        return capped, full - passive + capped

    def _edges(self) -> Array:
        """(1, 4, 3) edges of the friction pyramid."""
        f = FRICTION / np.sqrt(2)
        return np.array([[[f, f, 1.0], [f, -f, 1.0], [-f, f, 1.0], [-f, -f, 1.0]]])

    def _contacts(self, g: Array) -> tuple[Array, Array]:
        """(29, 32) effect of one newton on each pyramid edge of the 8 contact points, and its cost (32,), inf in the air."""
        import mujoco

        columns, heights, looseness = [], [], []
        jacobian = np.zeros((3, self.body.mj.nv))
        for index, place in self.body.contacts:
            point = self.data.xpos[index] + self.data.xmat[index].reshape(3, 3) @ place
            mujoco.mj_jac(self.body.mj, self.data, jacobian, None, point, index)
            height = max(point[2] - self.floor, 0.0)
            speed = float(np.linalg.norm(jacobian @ self.data.qvel))
            columns.append((self._edges()[0] @ jacobian @ g).T)
            heights.append(height)
            looseness.append(1 + (height / CONTACT_HEIGHT_M) ** 2 + (speed / CONTACT_SPEED_M_S) ** 2)
        # How much the ground pushes follows from the motion; the cost only says where. So it counts how loose a contact is
        # against the firmest of the frame, and feet that a camera made slide or hover still carry their body.
        cost = CONTACT_WEIGHT * (np.array(looseness) / min(looseness)) ** CONTACT_SHARPNESS
        cost[np.array(heights) > CONTACT_LIMIT_M] = np.inf
        return np.concatenate(columns, axis=1), np.repeat(cost, 4)
