"""Net moments at the joints from keypoints alone: what muscles must make up for, before any muscle is known.

The body is points of mass (de Leva 1996, the mean of both sexes) and the ground pushes at the feet. A person's mass is not known,
so everything is by kilogram of it. This is a rough inverse dynamics inside the graph, a feature and not a result: `agonist.body`
does it in full. Vectors are columns here, (B, T, 3, N): one product for all points, which is several times faster.
"""

from __future__ import annotations

import torch
from torch import Tensor

from agonist.keypoint_layouts import BODY25

__all__ = ["MOMENT_FEATURES", "ground_forces", "joint_moments", "moment_features", "point_masses"]

_GRAVITY_M_S2 = 9.81
_SIDES = ("l", "r")
# Segment: upper end, lower end, share of the body's mass, centre of mass and radius of gyration as shares of the length.
_SEGMENTS = {
    "upper_arm": ("shoulder", "elbow", 0.0263, 0.576, 0.273),
    "forearm": ("elbow", "wrist", 0.0150, 0.457, 0.266),
    # Beyond the wrist by a fifth of the forearm [ours].
    "hand": ("elbow", "wrist", 0.0059, 1.200, 0.0),
    "thigh": ("hip", "knee", 0.1447, 0.385, 0.348),
    "shank": ("knee", "ankle", 0.0457, 0.444, 0.262),
    "foot": ("heel", "big_toe", 0.0133, 0.421, 0.250),
}
_MIDDLE = {"trunk": ("neck", "mid_hip", 0.4307, 0.500, 0.330), "head": ("ear_l", "ear_r", 0.0681, 0.500, 0.0)}
# Joints and what hangs on them; the waist carries all that is over it.
_JOINTS = {
    "shoulder": ("upper_arm", "forearm", "hand"), "elbow": ("forearm", "hand"),
    "hip": ("thigh", "shank", "foot"), "knee": ("shank", "foot"), "ankle": ("foot",),
}  # fmt: skip
_ABOVE_WAIST = ("trunk", "head", "upper_arm", "forearm", "hand")
_ARM, _LEG, _WAIST = slice(0, 4), slice(4, 10), slice(10, 11)
# A foot this high over the floor carries half of what one on the ground would, and how sharply that ends [ours].
_LIFTED_M, _LIFTING_M = 0.06, 0.01
# Of moments along the heading, along limbs, about hinges; forces of two feet; directions of eight limbs, of gravity and the chest.
MOMENT_FEATURES = 33 + 33 + 8 + 6 + 36


def _at(k: Tensor, joint: str) -> Tensor:
    """(B, T, 3, 2) of the left and the right one."""
    return torch.stack([k[..., BODY25.index(f"{joint}_{side}")] for side in _SIDES], dim=-1)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(-2)


def _unit(vector: Tensor, least: float = 1e-4) -> Tensor:
    """To length 1; what is much shorter than the root of `least` to nearly nothing."""
    return vector * torch.rsqrt((vector * vector).sum(-2, keepdim=True) + least)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    (ax, ay, az), (bx, by, bz) = a.unbind(-2), b.unbind(-2)
    return torch.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], dim=-2)


def point_masses() -> tuple[Tensor, Tensor, Tensor]:
    """Points as weighted sums of keypoints (25, P), their share of the mass (P,), and which of them each joint carries (P, J).

    Joints: shoulders, elbows, hips, knees, ankles, left before right, and the waist.
    """
    pieces = [(name, side, f"{one[0]}_{side}", f"{one[1]}_{side}", *one[2:]) for side in _SIDES for name, one in _SEGMENTS.items()]
    pieces += [(name, "", *one) for name, one in _MIDDLE.items()]
    rows, masses, owners = [], [], []
    for name, side, upper, lower, mass, centre, gyration in pieces:
        # Two halves, a radius of gyration on either side of the centre: the segment's mass, centre and inertia.
        for place in (centre - gyration, centre + gyration):
            row = torch.zeros(25)
            row[BODY25.index(upper)], row[BODY25.index(lower)] = 1 - place, place
            rows.append(row)
            masses.append(mass / 2)
            owners.append((name, side))
    carried = [[name in names and one == side for name, one in owners] for names in _JOINTS.values() for side in _SIDES]
    carried.append([name in _ABOVE_WAIST for name, _ in owners])
    return torch.stack(rows, dim=1), torch.tensor(masses), torch.tensor(carried, dtype=torch.float32).T


def ground_forces(k: Tensor, floor: Tensor, force: Tensor, moment: Tensor) -> tuple[Tensor, Tensor]:
    """What the ground must do, shared by the feet that are down, in proportion to how near each is to where it must push.

    Args:
        k: (B, T, 3, 25) metres about any origin. floor: (B, T) its height there.
        force: (B, T, 3) that all the body asks for, N/kg. moment: (B, T, 3) the same about the origin, N m/kg.

    Returns:
        forces (B, T, 3, 2) N/kg of the left and the right foot, and the points on the floor (B, T, 3, 2) where they act.
    """
    heel, toe = _at(k, "heel"), _at(k, "big_toe")
    # Zero-moment point (Vukobratovic 1972): there, one force alone would do.
    up = torch.clamp(force[..., 2], min=2.0)
    x, y = (floor * force[..., 0] - moment[..., 1]) / up, (floor * force[..., 1] + moment[..., 0]) / up
    zmp = torch.stack([x, y], dim=-1)[..., None]  # (B, T, 2, 1)
    start, sole = heel[..., :2, :], (toe - heel)[..., :2, :]
    along = torch.clamp(_dot(zmp - start, sole) / (_dot(sole, sole) + 1e-4), 0.0, 1.0)
    flat = start + along[..., None, :] * sole
    apart = flat[..., 1:] - flat[..., :1]
    right = torch.clamp(_dot(zmp - flat[..., :1], apart) / (_dot(apart, apart) + 1e-4), 0.0, 1.0)
    lifted = torch.minimum(heel[..., 2, :], toe[..., 2, :]) - floor[..., None]
    down = torch.sigmoid((_LIFTED_M - lifted) / _LIFTING_M)  # (B, T, 2)
    # A little for the far foot, lest one that stands alone gets nothing where the other hangs over the right place.
    weight = (torch.cat([1 - right, right], dim=-1) + 0.02) * down
    touching = 1 - (1 - down[..., :1]) * (1 - down[..., 1:])
    share = weight / (weight.sum(-1, keepdim=True) + 1e-6) * touching
    below = floor[..., None, None].expand(-1, -1, 1, 2)
    return share[..., None, :] * force[..., None], torch.cat([flat, below], dim=-2)


def joint_moments(k: Tensor, acceleration: Tensor, floor: Tensor) -> tuple[Tensor, Tensor]:
    """Moments (B, T, 3, 11) N m/kg that joints of `point_masses` put on what hangs on them, and the feet's forces (B, T, 3, 2) N/kg.

    Args:
        k: (B, T, 3, 25) metres about any origin, Z up. floor: (B, T) its height there.
        acceleration: (B, T, 3, 25) m/s^2.
    """
    points, masses, carried = (one.to(k) for one in point_masses())
    place, moved = k @ points, acceleration @ points  # (B, T, 3, P)
    gravity = torch.tensor([0.0, 0.0, _GRAVITY_M_S2]).to(k)[:, None]
    force = masses * (moved + gravity)
    turning = _cross(place, force)
    ground, pressure = ground_forces(k, floor, force.sum(dim=-1), turning.sum(dim=-1))
    centres = torch.cat([*(_at(k, joint) for joint in _JOINTS), k[..., BODY25.index("mid_hip")][..., None]], dim=-1)
    moments = turning @ carried - _cross(centres, force @ carried)
    # The ground carries the legs.
    under = _cross(pressure.repeat(1, 1, 1, 3) - centres[..., _LEG], ground.repeat(1, 1, 1, 3))
    return torch.cat([moments[..., _ARM], moments[..., _LEG] - under, moments[..., _WAIST]], dim=-1), ground


def _frame(along: Tensor, across: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Axes x (nearly `across`), y and z (`along`), each (B, T, 3, N)."""
    z = _unit(along)
    x = _unit(across - _dot(across, z)[..., None, :] * z, 1e-3)
    return x, _cross(z, x), z


def _seen(frame: tuple[Tensor, Tensor, Tensor], vector: Tensor) -> Tensor:
    """(B, T, 3 N) along the axes of a frame."""
    return torch.cat([_dot(axis, vector) for axis in frame], dim=-1)


def moment_features(keypoints: Tensor, acceleration: Tensor, floor: Tensor, heading: tuple[Tensor, Tensor]) -> Tensor:
    """(B, T, MOMENT_FEATURES): moments as the character and as its limbs see them, and how the limbs lie to each other.

    A muscle works in its own limb: what it does hangs on moments about the limb's axes, wherever the limb points.

    Args:
        keypoints: (B, T, 25, 3) world metres. acceleration: the same in m/s^2. floor: (B, T) or (B, 1) world metres.
        heading: cosine and sine (B, T), as `geometry.heading` gives them.
    """
    columns = keypoints.transpose(-1, -2)
    middle = columns[..., BODY25.index("mid_hip")][..., None]
    k = (columns - middle).contiguous()
    moments, ground = joint_moments(k, acceleration.transpose(-1, -2).contiguous(), floor - middle[..., 2, 0])
    shoulder, elbow, hip, knee, ankle, waist = torch.split(moments, [2, 2, 2, 2, 2, 1], dim=-1)
    at = {name: _at(k, name) for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "big_toe")}
    upper_arm, forearm = at["elbow"] - at["shoulder"], at["wrist"] - at["elbow"]
    thigh, shank, foot = at["knee"] - at["hip"], at["ankle"] - at["knee"], at["big_toe"] - at["heel"]
    # To the left, for both sides alike.
    pelvis, chest = ((at[name][..., :1] - at[name][..., 1:]).expand(-1, -1, -1, 2) for name in ("hip", "shoulder"))
    trunk = k[..., BODY25.index("neck")][..., None].expand(-1, -1, -1, 2)
    on_pelvis, on_chest = _frame(trunk, pelvis), _frame(trunk, chest)
    on_thigh, on_shank, on_arm, on_forearm = _frame(thigh, pelvis), _frame(shank, pelvis), _frame(upper_arm, chest), _frame(forearm, chest)
    middle_axes = (on_pelvis[0][..., :1], on_pelvis[1][..., :1], on_pelvis[2][..., :1])
    knee_axis, elbow_axis = _unit(_cross(foot, shank)), _unit(_cross(upper_arm, forearm))
    moments_of_limbs = [
        _seen(on_arm, shoulder), _seen(on_forearm, elbow), _seen(on_thigh, hip), _seen(on_thigh, knee), _seen(on_shank, ankle),
        _seen(middle_axes, waist),
    ]  # fmt: skip
    directions = [
        _seen(on_pelvis, _unit(thigh)), _seen(on_thigh, _unit(shank)), _seen(on_shank, _unit(foot)), _seen(on_chest, _unit(upper_arm)),
        _seen(on_arm, _unit(forearm)), _seen(middle_axes, _unit(chest[..., :1])), *(axis[..., 2, :] for axis in middle_axes),
    ]  # fmt: skip
    hinges = [_dot(one, knee_axis) for one in (hip, knee, ankle)] + [_dot(elbow, elbow_axis)]
    cosine, sine = (one[..., None] for one in heading)
    x, y, z = torch.cat([moments, ground], dim=-1).unbind(-2)
    ahead = [cosine * x + sine * y, cosine * y - sine * x, z]
    return torch.cat([*ahead, *moments_of_limbs, *directions, *hinges], dim=-1)
