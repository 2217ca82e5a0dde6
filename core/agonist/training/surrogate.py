"""Fit the surrogate of the body's geometry to MuJoCo, and store it beside its error on postures that it never saw."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agonist import rotations
from agonist.body.model import HINGES, BodyModel, scaled_body, segment_scales
from agonist.body.person import Person
from agonist.errors import UnknownNameError
from agonist.humanoid import body25_from_motion, humanoid_skeleton
from agonist.motion import Motion
from agonist.networks.muscle_geometry import MuscleGeometry
from agonist.training.tensor_file import reading_tensors, write_tensors

__all__ = ["MIA8_PARTS", "Postures", "Surrogate", "average_body", "fit_surrogate", "load_surrogate", "sample_postures"]

Array = NDArray[np.float64]

_LEG, _ARM = ("recfem", "vasint", "vaslat", "vasmed", "bflh", "bfsh"), ("LAT1", "LAT2", "LAT3", "BIClong", "BICshort")
# The model's muscles behind mia8; those of the right arm carry no suffix.
MIA8_PARTS: tuple[str, ...] = (
    *(f"{name}_{side}" for side in "lr" for name in _LEG), *(f"{name}_l" for name in _ARM), *_ARM,
)  # fmt: skip
# A millimetre of moment arm matters more than one of length: a moment is force times moment arm [ours].
_LENGTH_UNIT_M, _ARM_UNIT_M = 0.004, 0.001
# Moment arms below this at every posture: the muscle does not span the joint.
_SPANNED_M = 1e-5


@dataclass(frozen=True, eq=False)
class Postures:
    """What MuJoCo says of random postures.

    Attributes:
        muscles: M names.
        angles: (N, 23) hinges in radians, uniform over the body's range.
        lengths: (N, M) metres.
        moment_arms: (N, M, 23) metres; positive turns the hinge in its positive direction.
    """

    muscles: tuple[str, ...]
    angles: Array
    lengths: Array
    moment_arms: Array


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A fitted surrogate and how far it is off on held-out postures.

    Attributes:
        muscles: M names.
        joints: D hinges, the order of `network`'s angles.
        network: lengths and moment arms from angles.
        errors: by muscle: RMSE of length and, over the joints it spans, the worst RMSE of moment arm, in millimetres.
    """

    muscles: tuple[str, ...]
    joints: tuple[str, ...]
    network: MuscleGeometry
    errors: dict[str, dict[str, float]]

    def save(self, path: Path) -> None:
        """Write one safetensors file, whole or not at all."""
        header = {"muscles": json.dumps(self.muscles), "joints": json.dumps(self.joints), "errors_mm": json.dumps(self.errors)}
        write_tensors(path, self.network.state_dict(), header)


def average_body(height_m: float) -> BodyModel:
    """The model's body scaled to a height in metres and average proportions. Proportions as `humanoid_skeleton` has them."""
    skeleton = humanoid_skeleton(height_m)
    standing = Motion(skeleton, rotations.identity(1, len(skeleton)), skeleton.offsets[0][None], 30.0)
    return scaled_body(segment_scales(body25_from_motion(standing).positions), Person())


def load_surrogate(path: Path) -> Surrogate:
    """Read what `Surrogate.save` wrote. Raises FileFormatError."""
    with reading_tensors(path, "a surrogate of 'agonist models surrogate'") as (weights, header):
        muscles, joints, errors = (json.loads(header[key]) for key in ("muscles", "joints", "errors_mm"))
        network = MuscleGeometry(weights["spans"], weights["middle"], weights["half_range"], weights["last"].shape[1])
        network.load_state_dict(weights)
        return Surrogate(tuple(muscles), tuple(joints), network.eval(), errors)


def sample_postures(body: BodyModel, muscles: Sequence[str], count: int, rng: np.random.Generator) -> Postures:
    """Random postures of a body, uniform over the range of every hinge. Raises UnknownNameError."""
    import mujoco

    for name in muscles:
        if name not in body.muscle_names:
            raise UnknownNameError("muscle of the body", name, body.muscle_names)
    chosen = [body.muscle_names.index(name) for name in muscles]
    actuators = body.muscles[chosen]
    angles = rng.uniform(body.hinge_range[:, 0], body.hinge_range[:, 1], (count, len(HINGES)))
    data = mujoco.MjData(body.mj)
    lengths, arms = np.empty((count, len(muscles))), np.empty((count, len(muscles), len(HINGES)))
    for index, hinges in enumerate(angles):
        data.qpos[:] = body.qpos(np.array([0.0, 0, 1, 1, 0, 0, 0]), hinges)
        mujoco.mj_fwdPosition(body.mj, data)
        g, _ = body.velocity_map(hinges)
        lengths[index] = data.actuator_length[actuators]
        # A muscle pulls along its shortening.
        arms[index] = -body.length_gradients(data, g)[chosen, 6:]
    return Postures(tuple(muscles), angles, lengths, arms)


def fit_surrogate(
    body: BodyModel,
    muscles: Sequence[str] = MIA8_PARTS,
    *,
    postures: int = 40_000,
    steps: int = 12_000,
    seed: int = 0,
    progress: Callable[[float, str], None] | None = None,
) -> Surrogate:
    """Fit a surrogate of some muscles of a body.

    Args:
        body: whose geometry it is.
        muscles: the model's names.
        postures: random postures to learn from; a tenth as many others measure the error.
        steps: optimiser steps.
        seed: of postures and weights.
        progress: share done and a line of text.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    train, held_out = (sample_postures(body, muscles, count, rng) for count in (postures, postures // 10))
    spans = torch.tensor(np.abs(train.moment_arms).max(axis=0) > _SPANNED_M)
    low, high = (torch.tensor(body.hinge_range[:, k], dtype=torch.float32) for k in (0, 1))
    network = MuscleGeometry(spans, (low + high) / 2, (high - low) / 2)
    network.offset.copy_(torch.tensor(train.lengths.mean(axis=0)))
    network.spread.copy_(torch.tensor(train.lengths.std(axis=0)).clamp(min=1e-4))
    angles, lengths, arms = (torch.tensor(values, dtype=torch.float32) for values in (train.angles, train.lengths, train.moment_arms))
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        drawn = torch.randint(len(angles), (256,))
        length, arm = network(angles[drawn])
        loss = ((length - lengths[drawn]) / _LENGTH_UNIT_M).square().mean()
        loss = loss + (((arm - arms[drawn]) / _ARM_UNIT_M).square() * spans).sum() / (len(drawn) * spans.sum())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
        if progress and step % 50 == 0:
            progress(step / steps, f"step {step}, loss {loss.item():.3f}")
    network.eval()
    return Surrogate(tuple(muscles), HINGES, network, _errors_mm(network, held_out, spans.numpy()))


def _errors_mm(network: MuscleGeometry, postures: Postures, spans: NDArray[np.bool_]) -> dict[str, dict[str, float]]:
    with torch.no_grad():
        length, arm = (part.numpy() for part in network(torch.tensor(postures.angles, dtype=torch.float32)))
    length_rmse = 1000 * np.sqrt(((length - postures.lengths) ** 2).mean(axis=0))
    arm_rmse = 1000 * np.sqrt(((arm - postures.moment_arms) ** 2).mean(axis=0))
    errors: dict[str, Any] = {}
    for index, name in enumerate(postures.muscles):
        errors[name] = {"length": float(length_rmse[index]), "moment_arm": float(arm_rmse[index][spans[index]].max(initial=0.0))}
    return errors
