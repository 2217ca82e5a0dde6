"""Moment arms of the model's muscles, for tests that compare them with published ones."""

import mujoco
import numpy as np

from agonist.body.model import HINGES


def moment_arms(body, muscle, **degrees):
    """Moment arm in metres of a muscle about every hinge, and its fibre length in optimal ones; positive turns the hinge forward."""
    hinges = np.zeros(len(HINGES))
    for name, angle in degrees.items():
        hinges[HINGES.index(name)] = np.radians(angle)
    data = mujoco.MjData(body.mj)
    data.qpos[:] = body.qpos(np.array([0, 0, 1.0, 1, 0, 0, 0]), hinges)
    mujoco.mj_fwdPosition(body.mj, data)
    moment = np.zeros((body.mj.nu, body.mj.nv))
    mujoco.mju_sparse2dense(moment, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind)
    actuator = body.mj.actuator(muscle).id
    g, _ = body.velocity_map(hinges)
    low, _ = body.mj.actuator_lengthrange[actuator]
    fibre = body.optimal_fibre_m[body.muscle_names.index(muscle)]
    length = (data.actuator_length[actuator] - low) / fibre + body.mj.actuator_gainprm[actuator, 0]
    # A muscle pulls along its shortening: the other way than its length grows.
    return dict(zip(HINGES, -(moment[actuator] @ g)[6:], strict=True)), float(length)
