"""Mass of every segment, and centre of mass and inertia of the long bones, by sex: de Leva's table.

de Leva P. (1996) Adjustments to Zatsiorsky-Seluyanov's segment inertia parameters. J Biomech 29, 1223-1230, table 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CENTRE_AND_GYRATION", "MASS_SHARES", "distribute_mass", "segment_of"]

Array = NDArray[np.float64]

# Share of the body's mass; limbs of one side. The trunk is divided at the xiphoid process and at the navel.
MASS_SHARES: Mapping[str, Mapping[str, float]] = {
    "female": {
        "head": 0.0668, "upper_trunk": 0.1545, "middle_trunk": 0.1465, "lower_trunk": 0.1247, "upper_arm": 0.0255,
        "forearm": 0.0138, "hand": 0.0056, "thigh": 0.1478, "shank": 0.0481, "foot": 0.0129,
    },
    "male": {
        "head": 0.0694, "upper_trunk": 0.1596, "middle_trunk": 0.1633, "lower_trunk": 0.1117, "upper_arm": 0.0271,
        "forearm": 0.0162, "hand": 0.0061, "thigh": 0.1416, "shank": 0.0433, "foot": 0.0137,
    },
}  # fmt: skip
# Centre of mass from the upper joint, and radii of gyration about the sagittal, the transverse and the longitudinal axis, as
# shares of the length between the joint centres (of the shank: to the lateral malleolus).
CENTRE_AND_GYRATION: Mapping[str, Mapping[str, tuple[float, tuple[float, float, float]]]] = {
    "female": {
        "upper_arm": (0.5754, (0.278, 0.260, 0.148)), "thigh": (0.3612, (0.369, 0.364, 0.162)),
        "shank": (0.4416, (0.271, 0.267, 0.093)),
    },
    "male": {
        "upper_arm": (0.5772, (0.285, 0.269, 0.158)), "thigh": (0.4095, (0.329, 0.329, 0.149)),
        "shank": (0.4459, (0.255, 0.249, 0.103)),
    },
}  # fmt: skip
_PAIRED = ("upper_arm", "forearm", "hand", "thigh", "shank", "foot")
# Segment -> the body that carries it, and the body at whose origin it ends.
_LONG_BONES = {"upper_arm": ("humerus", "ulna"), "thigh": ("femur", "tibia"), "shank": ("tibia", "talus")}
# First letters of the bodies of each segment; the navel is level with the fourth lumbar vertebra. Nothing of the model ends at
# the xiphoid process: the upper and the middle trunk are one. What is left are the bones of the hand.
_BODIES = {
    "head": ("head", "neck"),
    "chest": ("lumbar1", "lumbar2", "lumbar3", "torso", "chest", "clav", "scapula", "scapphant", "humph"),
    "lower_trunk": ("sacrum", "pelvis", "lumbar4", "lumbar5", "Abdomen"),
    "upper_arm": ("humerus",), "forearm": ("ulna", "radius"),
    "thigh": ("femur", "patella"), "shank": ("tibia",), "foot": ("talus", "calcn", "toes"),
}  # fmt: skip


def segment_of(body: str) -> str:
    """de Leva's name of the segment of a body of the model; "chest" is his upper and middle trunk together."""
    return next((segment for segment, starts in _BODIES.items() if body.startswith(starts)), "hand")


def distribute_mass(model: Any, mass_kg: float, sex: str, scale: Array) -> None:
    """Give every body of a scaled MuJoCo model its mass, and long bones their centre of mass and inertia.

    Bodies of one segment share its mass as they do in the model. What is no long bone keeps the model's centre of mass, and
    its moments of inertia grow with its mass and with the square of its size.

    Args:
        model: the MjModel, its lengths already scaled; changed in place.
        mass_kg: of the whole body.
        sex: "male" or "female".
        scale: (bodies,) how much larger each body is than the model's own.
    """
    names = [model.body(index).name for index in range(model.nbody)]
    shares = {name: share * (2 if name in _PAIRED else 1) for name, share in MASS_SHARES[sex].items()}
    shares["chest"] = shares.pop("upper_trunk") + shares.pop("middle_trunk")
    segments = np.array([segment_of(name) for name in names])
    growth = np.ones(model.nbody)
    for name, share in shares.items():
        inside = segments == name
        # His shares of women add up to 0.9999.
        growth[inside] = mass_kg * share / sum(shares.values()) / model.body_mass[inside].sum()
    model.body_mass[:] *= growth
    model.body_inertia[:] *= (growth * scale**2)[:, None]
    for name, (bone, end) in _LONG_BONES.items():
        centre, (sagittal, transverse, longitudinal) = CENTRE_AND_GYRATION[sex][name]
        for side in "lr":
            index = names.index(f"{bone}_{side}")
            along = np.array(model.body_pos[names.index(f"{end}_{side}")])
            model.body_ipos[index] = centre * along
            # A bone's own axes: x forward, y along it, z to the side.
            radii = np.array([sagittal, longitudinal, transverse]) * np.linalg.norm(along)
            model.body_iquat[index] = (1.0, 0.0, 0.0, 0.0)
            model.body_inertia[index] = model.body_mass[index] * radii**2
