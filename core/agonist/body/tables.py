"""A simulation as OpenSim tables and markers, for people who go on in OpenSim: Y up, X as it was."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agonist.body.simulation import Simulation
from agonist.io.mot_sto import OpenSimTable
from agonist.keypoint_layouts import BODY25
from agonist.motion import Keypoints

__all__ = ["simulated_keypoints", "simulation_tables"]

Array = NDArray[np.float64]


def simulation_tables(result: Simulation) -> dict[str, OpenSimTable]:
    """Tables by file name: joint angles (degrees), net torques (N m), ground reaction, muscles, their lengths (m), shares unexplained."""
    times = result.activation.start + np.arange(len(result.activation)) / result.activation.fps

    def table(name: str, columns: tuple[str, ...], values: Array, *, degrees: bool = False) -> OpenSimTable:
        return OpenSimTable(name, times, columns, values, in_degrees=degrees, header={"version": "1"})

    return {
        "angles.mot": table("joint angles", result.joint_names, np.degrees(result.joint_angles), degrees=True),
        "torques.sto": table("net joint torques", tuple(f"{name}_moment" for name in result.joint_names), result.joint_torques),
        "ground_reaction.mot": table("ground reaction", *_ground(result)),
        "activation.sto": table("simulated activation", result.model_muscles, result.smoothed_model_activation),
        "excitation.sto": table("simulated excitation", result.model_muscles, result.model_excitation),
        "shares.sto": table("residual and reserve shares", ("residual_body_weights", "reserve_share"),
                            np.stack([result.residual_share, result.reserve_share], axis=1)),
        "lengths.sto": table("muscle-tendon lengths", result.model_muscles, result.model_length_m),
    }  # fmt: skip


def simulated_keypoints(result: Simulation) -> Keypoints:
    """The BODY_25 keypoints that were simulated."""
    return Keypoints(result.keypoints, BODY25, result.activation.fps, start=result.activation.start)


def _ground(result: Simulation) -> tuple[tuple[str, ...], Array]:
    columns: list[str] = []
    values: list[Array] = []
    for foot, side in enumerate("lr"):
        stems = (("force", "v", result.ground_reaction), ("force", "p", result.ground_centre), ("torque", "", result.ground_moment))
        for kind, stem, part in stems:
            columns += [f"ground_{kind}_{side}_{stem}{axis}" for axis in "xyz"]
            # Z up to Y up.
            values += [part[:, foot, 0], part[:, foot, 2], -part[:, foot, 1]]
    return tuple(columns), np.stack(values, axis=1)
