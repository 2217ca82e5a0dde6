"""Dynamics of one instant: the joint torques that a movement needs, and the muscles and the ground that give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agonist.body.person import Person
from agonist.body.plates import ForcePlates
from agonist.body.recruitment import solve_recruitment
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints

if TYPE_CHECKING:
    from agonist.body.model import BodyModel

__all__ = ["Dynamics", "Instant"]

Array = NDArray[np.float64]

FRICTION = 0.8
# (4, 3) edges of the friction pyramid.
_EDGES = np.array([[x * FRICTION / np.sqrt(2), y * FRICTION / np.sqrt(2), 1.0] for x in (1, -1) for y in (1, -1)])
# Costs of one unit of each, against 1 for one fully active muscle of average volume [ours].
CONTACT_WEIGHT = 10.0  # of one body weight on one edge of a friction pyramid, at the firmest contact of the frame
SMALLEST_EFFORT = 0.05  # share of an average muscle's volume: the least that any muscle counts for
ROOT_FORCE_UNIT_N, ROOT_MOMENT_UNIT_NM, RESERVE_UNIT_NM = 20.0, 10.0, 3.0
# The scaled model's abdominals and deltoids pull with up to 80 % of their strength in an ordinary stance, without any
# activation, and the back would have to hold against it: passive force is cut off at this share of the maximum.
PASSIVE_LIMIT = 0.05
CONTACT_HEIGHT_M, CONTACT_SPEED_M_S, CONTACT_LIMIT_M, CONTACT_SHARPNESS = 0.025, 0.4, 0.12, 4
OTHER_SUPPORT_M = 0.12  # a knee joint's height over the floor when kneeling, a wrist's over a flat hand


@dataclass(frozen=True, eq=False)
class Instant:
    """What one instant needs and what gives it.

    Attributes:
        activation, length_m: (M,) of the model's muscles; length of muscle and tendon.
        angles, torques: (23,) radians and net N m.
        force_n, centre_m, moment_nm: (2, 3) ground reaction on the left and the right foot, where it acts, and its free moment.
        residual_share: force at the root that nothing carries, over body weight.
        reserve_share: share of the joint torques that muscles did not carry.
        pelvis_m_s2: size of the pelvis' acceleration.
    """

    activation: Array
    length_m: Array
    angles: Array
    torques: Array
    force_n: Array
    centre_m: Array
    moment_nm: Array
    residual_share: float
    reserve_share: float
    pelvis_m_s2: float


class Dynamics:
    """Solves one instant after the other; starts from the multipliers of the last, which shows in the last bits only.

    Attributes:
        floor: height of the ground, metres: where the lowest sole is at the clip's lower frames.
        other_support: share of frames in which a hand, a knee or a hip is near the floor.
    """

    def __init__(self, body: BodyModel, person: Person, trajectory: Any, clip: Keypoints, plates: ForcePlates | None) -> None:
        import mujoco

        self.body, self.person, self.trajectory, self.plates = body, person, trajectory, plates
        self.start = clip.start
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

    def restart(self) -> None:
        """Forget what came before."""
        self.multipliers = None

    def solve(self, time: float) -> Instant:
        """Solve the instant `time` seconds from the clip's first frame."""
        import mujoco

        body, model, data = self.body, self.body.mj, self.data
        data.qpos[:], data.qvel[:], data.qacc[:], g, hinges = self.trajectory.at(body, time)
        mujoco.mj_fwdPosition(model, data)
        mujoco.mj_fwdVelocity(model, data)
        torque = np.empty(model.nv)
        mujoco.mj_rne(model, data, 1, torque)
        passive, full = self._forces()
        arms = body.length_gradients(data, g).T  # (29, M)
        measured = self._measured(time)
        needed = g.T @ (torque if measured is None else torque - measured[0])
        contact, cost = self._contacts(g) if measured is None else (np.empty((len(needed), 0)), np.empty(0))
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
        push = (_EDGES * (x[muscles:] * self.weight_n).reshape(-1, 4, 1)).sum(axis=1)
        force, centre, free = self._gathered(push) if measured is None else measured[1:]
        net = needed - a[:, muscles:] @ x[muscles:]
        return Instant(
            x[:muscles], np.array(data.actuator_length)[body.muscles], hinges, net[6:], force, centre, free,
            float(np.linalg.norm(left[:3]) / self.weight_n), float(np.abs(left[6:]).sum() / max(np.abs(b[6:]).sum(), 10.0)),
            float(np.linalg.norm(data.qacc[:3])),
        )  # fmt: skip

    def _points(self) -> Array:
        """(8, 3) where the soles' contact points are, left foot first, metres."""
        return np.array([self.data.xpos[index] + self.data.xmat[index].reshape(3, 3) @ place for index, place in self.body.contacts])

    def _gathered(self, push: Array) -> tuple[Array, Array, Array]:
        """(2, 3) force, centre of pressure and moment about it of each foot, from the force on each contact point (8, 3)."""
        push, points = push.reshape(2, -1, 3), self._points().reshape(2, -1, 3)
        # A thousandth of a newton each: a foot in the air has its centre in the middle of the sole.
        share = push[:, :, 2:] + 1e-3
        centre = (share * points).sum(axis=1) / share.sum(axis=1)
        return push.sum(axis=1), centre, np.cross(points - centre[:, None], push).sum(axis=1)

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

    def _measured(self, time: float) -> tuple[Array, Array, Array, Array] | None:
        """Generalised force (nv,) of the plates' readings on the model's feet, then the readings (2, 3); None without plates."""
        import mujoco

        if self.plates is None:
            return None
        force, place, moment = self.plates.at(self.start + time)
        generalised = np.zeros(self.body.mj.nv)
        along, about = np.zeros((3, self.body.mj.nv)), np.zeros((3, self.body.mj.nv))
        feet = len(self.body.contacts) // 2
        for foot in range(2):
            if force[foot, 2] > 0:
                index, _ = self.body.contacts[foot * feet]
                mujoco.mj_jac(self.body.mj, self.data, along, about, place[foot], index)
                generalised += along.T @ force[foot] + about.T @ moment[foot]
        return generalised, force, place, moment

    def _contacts(self, g: Array) -> tuple[Array, Array]:
        """(29, 32) effect of one newton on each pyramid edge of the 8 contact points, and its cost (32,), inf in the air."""
        import mujoco

        columns, heights, looseness = [], [], []
        jacobian = np.zeros((3, self.body.mj.nv))
        for point, (index, _) in zip(self._points(), self.body.contacts, strict=True):
            mujoco.mj_jac(self.body.mj, self.data, jacobian, None, point, index)
            height = max(point[2] - self.floor, 0.0)
            speed = float(np.linalg.norm(jacobian @ self.data.qvel))
            columns.append((_EDGES @ jacobian @ g).T)
            heights.append(height)
            looseness.append(1 + (height / CONTACT_HEIGHT_M) ** 2 + (speed / CONTACT_SPEED_M_S) ** 2)
        # How much the ground pushes follows from the motion; the cost only says where. So it counts how loose a contact is
        # against the firmest of the frame, and feet that a camera made slide or hover still carry their body.
        cost = CONTACT_WEIGHT * (np.array(looseness) / min(looseness)) ** CONTACT_SHARPNESS
        cost[np.array(heights) > CONTACT_LIMIT_M] = np.inf
        return np.concatenate(columns, axis=1), np.repeat(cost, 4)
