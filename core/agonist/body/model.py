"""The MuJoCo body: myo-sim's `myofullbody`, scaled segment by segment, with its independent coordinates.

The model's 128 degrees of freedom are tied by 51 polynomial couplings (spine rhythm, shoulder rhythm, knee). Fingers,
wrists, forearm rotation and toes are held still, because BODY_25 does not show them; what is left is 29: the free root
and 23 hinges. Muscles that only move what is held still are left out.
"""

from __future__ import annotations

import copy
import logging
import warnings
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agonist.body.latissimus import add_trunk_origins, set_fibre_lengths
from agonist.body.mass import distribute_mass
from agonist.body.person import Person
from agonist.errors import MissingDependencyError
from agonist.keypoint_layouts import BODY25

__all__ = ["CONTACT_POINTS", "HINGES", "KEYPOINT_SITES", "BodyModel", "scaled_body", "segment_scales"]

Array = NDArray[np.float64]

_ARM = ("elv_angle", "shoulder_elv", "shoulder_rot", "elbow_flexion")
_LEG = ("hip_flexion", "hip_adduction", "hip_rotation", "knee_angle", "ankle_angle", "subtalar_angle")
HINGES: tuple[str, ...] = (
    "flex_extension", "lat_bending", "axial_rotation",
    *(f"{joint}_{side}" for side in "lr" for joint in (*_ARM, *_LEG)),
)  # fmt: skip

# Wrist and finger muscles: their joints are held still here.
_HAND_MUSCLES = (
    "ECR", "ECU", "FCR", "FCU", "PL", "PQ", "FDS", "FDP", "EDC", "EDM", "EIP", "EPL", "EPB", "FPL", "APL", "OP",
    "RI", "LU_", "UI_", "SUP",
)  # fmt: skip

# Keypoint -> (body, place in its frame in metres of the unscaled model; x forward, y up, z to the right).
# The foot's points are those of agonist.humanoid: fixed to the ankle, for the model's height of about 1.74 m.
KEYPOINT_SITES: dict[str, tuple[str, tuple[float, float, float]]] = {}
for _side, _right in (("l", -1.0), ("r", 1.0)):
    KEYPOINT_SITES |= {
        f"shoulder_{_side}": (f"humerus_{_side}", (0.0, 0.0, 0.0)),
        f"elbow_{_side}": (f"ulna_{_side}", (0.0, 0.0, 0.0)),
        f"wrist_{_side}": (f"lunate_{_side}", (0.0, 0.0, 0.0)),
        f"hip_{_side}": (f"femur_{_side}", (0.0, 0.0, 0.0)),
        f"knee_{_side}": (f"tibia_{_side}", (0.0, 0.0, 0.0)),
        f"ankle_{_side}": (f"talus_{_side}", (0.0, 0.0, 0.0)),
        f"big_toe_{_side}": (f"calcn_{_side}", (0.243, -0.026, -0.02 * _right)),
        f"small_toe_{_side}": (f"calcn_{_side}", (0.205, -0.026, 0.05 * _right)),
        f"heel_{_side}": (f"calcn_{_side}", (-0.021, -0.026, -0.008 * _right)),
    }

# Four places a foot where the ground may push, in the frame of calcn.
CONTACT_POINTS: tuple[tuple[float, float, float], ...] = (
    (-0.015, -0.026, 0.0), (0.165, -0.026, -0.025), (0.145, -0.026, 0.045), (0.235, -0.026, 0.0),
)  # fmt: skip

MODEL_MASS_KG = 84.26  # sum of body_mass of the unscaled model


@dataclass(frozen=True, eq=False)
class BodyModel:
    """A compiled, scaled MuJoCo model and the maps around it.

    Attributes:
        mj: the MjModel.
        mass_kg: total mass.
        hinge_qpos, hinge_dof: addresses of HINGES.
        hinge_range: (23, 2) radians.
        coupled: (qpos address, dof address, index into HINGES or -1, polynomial (5,)) of every coupled joint.
        muscles: indices of the actuators in use, and their names.
        maximal_force_n: (M,) maximal isometric force.
        optimal_fibre_m: (M,) optimal fibre length.
        sites: keypoint index in BODY_25 -> (body id, place in the body's frame, metres).
        contacts: (8 rows) (body id, place): left foot's four, then the right's.
    """

    mj: Any
    mass_kg: float
    hinge_qpos: NDArray[np.int64]
    hinge_dof: NDArray[np.int64]
    hinge_range: Array
    coupled_qpos: NDArray[np.int64]
    coupled_dof: NDArray[np.int64]
    coupled_source: NDArray[np.int64]
    coupled_poly: Array
    muscles: NDArray[np.int64]
    muscle_names: tuple[str, ...]
    maximal_force_n: Array
    optimal_fibre_m: Array
    sites: dict[int, tuple[int, Array]]
    contacts: tuple[tuple[int, Array], ...]

    @cached_property
    def site_places(self) -> tuple[NDArray[np.int64], Array]:
        """Of `sites`, in order: body ids (K,) and places in those bodies (K, 3) metres."""
        return np.array([index for index, _ in self.sites.values()]), np.array([place for _, place in self.sites.values()])

    def qpos(self, root: Array, hinges: Array) -> Array:
        """Full coordinates from the root (7: position, quaternion) and the hinges (23)."""
        q = np.zeros(self.mj.nq)
        q[:7] = root
        q[self.hinge_qpos] = hinges
        source = np.where(self.coupled_source >= 0, hinges[self.coupled_source], 0.0)
        powers = source[:, None] ** np.arange(5)
        q[self.coupled_qpos] = (self.coupled_poly * powers).sum(axis=1)
        return q

    def velocity_map(self, hinges: Array) -> tuple[Array, Array]:
        """G (nv, 29) with full velocity = G u, and the second derivative of each coupled joint by its source (C,)."""
        g, live = self._uncoupled_map.copy(), self.coupled_source >= 0
        source = np.where(live, hinges[self.coupled_source], 0.0)
        k = np.arange(5)
        powers = source[:, None] ** k[:4]
        first = (self.coupled_poly[:, 1:] * k[1:] * powers).sum(axis=1)
        second = (self.coupled_poly[:, 2:] * k[2:] * k[1:4] * powers[:, :3]).sum(axis=1)
        g[self.coupled_dof[live], 6 + self.coupled_source[live]] = first[live]
        return g, np.where(live, second, 0.0)

    @cached_property
    def _uncoupled_map(self) -> Array:
        """The part of `velocity_map` that is the same in every posture."""
        g = np.zeros((self.mj.nv, 6 + len(HINGES)))
        g[np.arange(6), np.arange(6)] = 1.0
        g[self.hinge_dof, 6 + np.arange(len(HINGES))] = 1.0
        return g

    def length_gradients(self, data: Any, g: Array) -> Array:
        """(M, 29) how each muscle's length grows with the independent coordinates, at the posture of `data` and its velocity map `g`."""
        import mujoco

        moment = np.zeros((self.mj.nu, self.mj.nv))
        mujoco.mju_sparse2dense(moment, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind)
        return np.asarray(moment[self.muscles] @ g)


@lru_cache(maxsize=1)
def _unscaled() -> Any:
    try:
        import mujoco
        import myo_sim
    except ImportError as error:
        raise MissingDependencyError(error.name or "mujoco", "physics", "Simulating a body") from error
    # MuJoCo's own handler writes a log file into whatever folder the user happens to be in.
    mujoco.set_mju_user_warning(logging.getLogger(__name__).debug)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spec = myo_sim.load_spec("myofullbody")
        add_trunk_origins(spec)
        model = spec.compile()
    set_fibre_lengths(model)
    flags = mujoco.mjtDisableBit
    model.opt.disableflags |= int(flags.mjDSBL_CONSTRAINT) | int(flags.mjDSBL_CONTACT)
    return model


@lru_cache(maxsize=1)
def _places() -> dict[str, Array]:
    """Where the unscaled model's joints and the ends of its spine are in the neutral pose, metres."""
    import mujoco

    model = _unscaled()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    bodies = {name: body for name, (body, place) in KEYPOINT_SITES.items() if place == (0.0, 0.0, 0.0)}
    bodies |= {"spine_low": "lumbar5", "spine_high": "cervical_spine"}
    return {name: np.array(data.body(body).xpos) for name, body in bodies.items()}


def _trunk_scale(length: float, pelvis: float, shoulders: float) -> float:
    """Scale of the spine that puts the shoulders `length` metres from the hips, between a scaled pelvis and girdle."""
    at = _places()
    below = (at["spine_low"] - (at["hip_l"] + at["hip_r"]) / 2) * pelvis
    above = ((at["shoulder_l"] + at["shoulder_r"]) / 2 - at["spine_high"]) * shoulders
    ends, spine = below + above, at["spine_high"] - at["spine_low"]
    a, b, c = spine @ spine, ends @ spine, ends @ ends - length**2
    return float((-b + np.sqrt(max(b * b - a * c, 0.0))) / a)


def _segment_lengths(points: dict[str, Array]) -> dict[str, float]:
    def mean(pairs: list[tuple[str, str]]) -> float:
        return float(np.mean([np.median(np.linalg.norm(points[a] - points[b], axis=-1)) for a, b in pairs]))

    hips = (points["hip_l"] + points["hip_r"]) / 2
    neck = (points["shoulder_l"] + points["shoulder_r"]) / 2
    return {
        "thigh": mean([(f"hip_{s}", f"knee_{s}") for s in "lr"]),
        "shank": mean([(f"knee_{s}", f"ankle_{s}") for s in "lr"]),
        "upper_arm": mean([(f"shoulder_{s}", f"elbow_{s}") for s in "lr"]),
        "forearm": mean([(f"elbow_{s}", f"wrist_{s}") for s in "lr"]),
        "pelvis": mean([("hip_l", "hip_r")]),
        "shoulders": mean([("shoulder_l", "shoulder_r")]),
        "trunk": float(np.median(np.linalg.norm(neck - hips, axis=-1))),
    }


def segment_scales(keypoints: Array) -> dict[str, float]:
    """Scale of each segment of the model from finite BODY_25 keypoints (T, 25, 3), medians over time, in [0.5, 1.6]."""
    points = {name: keypoints[:, BODY25.index(name)] for name in KEYPOINT_SITES}
    measured, model = _segment_lengths(points), _segment_lengths(_places())
    scales = {name: float(np.clip(measured[name] / model[name], 0.5, 1.6)) for name in model}
    scales["trunk"] = float(np.clip(_trunk_scale(measured["trunk"], scales["pelvis"], scales["shoulders"]), 0.5, 1.6))
    scales["foot"] = float(np.sqrt(scales["thigh"] * scales["shank"]))
    return scales


def _segment_of_body(name: str) -> str:
    if name.startswith("femur") or name.startswith("patella"):
        return "thigh"
    if name.startswith("tibia"):
        return "shank"
    if name.startswith(("talus", "calcn", "toes")):
        return "foot"
    if name.startswith("humerus"):
        return "upper_arm"
    if name.startswith(("sacrum", "pelvis", "myolegs", "Full")):
        return "pelvis"
    if name.startswith(("lumbar", "torso", "Abdomen", "head", "neck", "Arm_att", "chest", "cervical")):
        return "trunk"
    if name.startswith(("clav", "scapula", "scapphant", "humph", "myoarm")):
        return "shoulders"
    return "forearm"


def scaled_body(scales: dict[str, float], person: Person) -> BodyModel:
    """The model with every segment at its scale and the person's mass and strength.

    Muscle paths scale with the bones they are attached to; optimal fibre and tendon length (MuJoCo's length range) with
    the path's length in the neutral pose, as OpenSim's scale tool does. Forces scale with mass^(2/3), the measure of
    cross-section under geometric similarity (Jaric 2002).
    """
    import mujoco

    base = _unscaled()
    model = copy.copy(base)
    factor = np.array([scales[_segment_of_body(model.body(b).name)] for b in range(model.nbody)])
    parent = np.array(model.body_parentid)
    model.body_pos[:] *= factor[parent][:, None]
    model.body_ipos[:] *= factor[:, None]
    model.site_pos[:] *= factor[model.site_bodyid][:, None]
    model.geom_pos[:] *= factor[model.geom_bodyid][:, None]
    model.geom_size[:] *= factor[model.geom_bodyid][:, None]
    model.jnt_pos[:] *= factor[model.jnt_bodyid][:, None]
    distribute_mass(model, person.mass_kg, person.sex, factor)
    # The shoulder's phantom bodies carry 1 g but 0.9 kg m^2, two to three times a whole arm, which quick arm movements
    # would have to turn: an artefact of the conversion (a unit inertia), measured in myo-sim 0.2.3.
    model.body_inertia[["phant" in model.body(b).name for b in range(model.nbody)]] = 1e-6
    data, before = mujoco.MjData(model), mujoco.MjData(base)
    mujoco.mj_setConst(model, data)
    mujoco.mj_forward(model, data)
    mujoco.mj_forward(base, before)
    stretch = np.array(data.actuator_length) / np.array(before.actuator_length)
    model.actuator_lengthrange[:] = base.actuator_lengthrange * stretch[:, None]
    strength = person.strength * (person.mass_kg / MODEL_MASS_KG) ** (2 / 3) * (0.85 if person.sex == "female" else 1.0)
    model.actuator_gainprm[:, 2] = base.actuator_gainprm[:, 2] * strength
    model.actuator_biasprm[:, 2] = base.actuator_biasprm[:, 2] * strength
    return _index(model, factor, person.mass_kg)


def _index(model: Any, factor: Array, mass_kg: float) -> BodyModel:
    hinges = [model.joint(name).id for name in HINGES]
    coupled = []
    for e in range(model.neq):
        joint, source = int(model.eq_obj1id[e]), int(model.eq_obj2id[e])
        poly = np.array(model.eq_data[e, :5])
        if model.jnt_type[joint] == 2:  # a sliding joint: its polynomial is in metres and scales with the segment
            poly = poly * factor[parent_body(model, joint)]
        driver = hinges.index(source) if source in hinges else -1
        coupled.append((model.jnt_qposadr[joint], model.jnt_dofadr[joint], driver, poly))
    names = [model.actuator(i).name for i in range(model.nu)]
    used = [i for i, name in enumerate(names) if not name.startswith(_HAND_MUSCLES) or name.startswith("SUPSP")]
    ranges = np.array(model.jnt_range[hinges])
    # The published ranges stop short of what sport does; facts: hip extension needs -0.8 rad or the pelvis tilts instead.
    margin = np.array([0.4 if name.startswith(("elv", "shoulder", "hip")) else 0.3 for name in HINGES])
    margin[[HINGES.index(f"knee_angle_{s}") for s in "lr"]] = 0.0
    low = ranges[:, 0] - np.where([name.startswith(("knee", "elbow", "shoulder_elv")) for name in HINGES], 0.0, margin)
    high = ranges[:, 1] + np.where([name.startswith("knee") for name in HINGES], 0.5, margin)
    sites = {}
    for name, (body, place) in KEYPOINT_SITES.items():
        index = body_id(model, body)
        sites[BODY25.index(name)] = (index, np.array(place) * factor[index])
    contacts = []
    for side, right in (("l", -1.0), ("r", 1.0)):
        index = body_id(model, f"calcn_{side}")
        contacts += [(index, np.array([x, y, z * right]) * factor[index]) for x, y, z in CONTACT_POINTS]
    columns = list(zip(*coupled, strict=True))
    return BodyModel(
        model,
        mass_kg,
        np.array([model.jnt_qposadr[j] for j in hinges]),
        np.array([model.jnt_dofadr[j] for j in hinges]),
        np.stack([low, high], axis=1),
        np.array(columns[0]),
        np.array(columns[1]),
        np.array(columns[2]),
        np.array(columns[3]),
        np.array(used),
        tuple(names[i] for i in used),
        np.array(model.actuator_gainprm[used, 2]),
        # MuJoCo maps its range of normalised fibre lengths onto the range of the whole muscle's lengths.
        np.ptp(model.actuator_lengthrange[used], axis=1) / np.ptp(model.actuator_gainprm[used, :2], axis=1),
        sites,
        tuple(contacts),
    )


def parent_body(model: Any, joint: int) -> int:
    """The body that a joint's own body hangs on."""
    return int(model.body_parentid[model.jnt_bodyid[joint]])


def body_id(model: Any, name: str) -> int:
    """Id of a body of the model."""
    return int(model.body(name).id)
