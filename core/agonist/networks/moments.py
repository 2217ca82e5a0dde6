"""Net moments at the joints from keypoints alone: what muscles must make up for, before any muscle is known.

The body is points of mass (de Leva 1996, the mean of both sexes) and the ground pushes at the feet. A person's mass is not known,
so everything is by kilogram of it. This is a rough inverse dynamics inside the graph, a feature and not a result: `agonist.body`
does it in full. Vectors are (3, B, T, N) here, all their x first: many small vectors are several times faster so in onnxruntime.
"""

from __future__ import annotations

from statistics import fmean

import torch
from torch import Tensor

from agonist.body.mass import CENTRE_AND_GYRATION, MASS_SHARES
from agonist.keypoint_layouts import BODY25

__all__ = ["MOMENT_FEATURES", "ground_forces", "joint_moments", "moment_features", "point_masses"]

_GRAVITY_M_S2 = 9.81
_SIDES = ("l", "r")
# Segment: upper end, lower end.
_SEGMENTS = {
    "upper_arm": ("shoulder", "elbow"), "forearm": ("elbow", "wrist"), "hand": ("elbow", "wrist"),
    "thigh": ("hip", "knee"), "shank": ("knee", "ankle"), "foot": ("heel", "big_toe"),
}  # fmt: skip
_MIDDLE = {"trunk": ("neck", "mid_hip"), "head": ("ear_l", "ear_r")}
# Centre of mass and radius of gyration as shares of the length, where `agonist.body.mass` has none: forearm and foot from the
# same table, a point for the hand a fifth of the forearm beyond the wrist, and the rest [ours].
_CENTRES = {"forearm": (0.457, 0.266), "hand": (1.2, 0.0), "foot": (0.421, 0.250), "trunk": (0.5, 0.33), "head": (0.5, 0.0)}
# Joints and what hangs on them; the waist carries all that is over it.
_JOINTS = {
    "shoulder": ("upper_arm", "forearm", "hand"), "elbow": ("forearm", "hand"),
    "hip": ("thigh", "shank", "foot"), "knee": ("shank", "foot"), "ankle": ("foot",),
}  # fmt: skip
_ABOVE_WAIST = ("trunk", "head", "upper_arm", "forearm", "hand")
_ARM, _LEG, _WAIST = slice(0, 4), slice(4, 10), slice(10, 11)
# A foot this high over the floor carries half of what one on the ground would, and how sharply that ends [ours].
_LIFTED_M, _LIFTING_M = 0.06, 0.01
# The frame (see `moment_features`) that sees each vector: pelvis 0, chest 1, arms 2 3, forearms 4 5, thighs 6 7, shanks 8 9.
_SEEN_FROM = [
    0, 0, 2, 3, 4, 5, 6, 7, 6, 7, 8, 9,  # moments: waist; gravity; shoulders, elbows, hips, knees, ankles
    0, 0, 0, 1, 1, 2, 3, 6, 7, 8, 9,  # directions: thighs, the chest's left, arms, forearms, shanks, feet
]  # fmt: skip
# Moments and two feet's forces along the heading, what limbs see, moments about hinges.
MOMENT_FEATURES = 3 * (11 + 2) + 3 * len(_SEEN_FROM) + 8


def _at(k: Tensor, *joints: str) -> Tensor:
    """(3, B, T, 2 N) of the left and the right one of N joints."""
    return torch.stack([k[..., BODY25.index(f"{joint}_{side}")] for joint in joints for side in _SIDES], dim=-1)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(0)


def _unit(vector: Tensor, least: float = 1e-4) -> Tensor:
    """To length 1; what is much shorter than the root of `least` to nearly nothing."""
    return vector * torch.rsqrt(_dot(vector, vector) + least)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    (ax, ay, az), (bx, by, bz) = a, b
    return torch.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def _of_both_sexes(segment: str) -> tuple[float, float, float]:
    """Share of the body's mass, centre of mass and radius of gyration as shares of the length; means of women and men."""
    names = ("upper_trunk", "middle_trunk", "lower_trunk") if segment == "trunk" else (segment,)
    mass = fmean(sum(shares[name] for name in names) for shares in MASS_SHARES.values())
    if segment in _CENTRES:
        return mass, *_CENTRES[segment]
    bones = [table[segment] for table in CENTRE_AND_GYRATION.values()]
    # About the axes across it: a bone is a line here, and does not turn about itself.
    return mass, fmean(centre for centre, _ in bones), fmean(radius for _, radii in bones for radius in radii[:2])


def point_masses() -> tuple[Tensor, Tensor, Tensor]:
    """Points as weighted sums of keypoints (25, P), their share of the mass (P,), and which of them each joint carries (P, J).

    Joints: shoulders, elbows, hips, knees, ankles, left before right, and the waist.
    """
    pieces = [(name, side, f"{one}_{side}", f"{two}_{side}") for side in _SIDES for name, (one, two) in _SEGMENTS.items()]
    pieces += [(name, "", *ends) for name, ends in _MIDDLE.items()]
    rows, masses, owners = [], [], []
    for name, side, upper, lower in pieces:
        mass, centre, gyration = _of_both_sexes(name)
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


# Made once, not in every step of training.
_BODY = point_masses()


def ground_forces(k: Tensor, floor: Tensor, force: Tensor, moment: Tensor) -> tuple[Tensor, Tensor]:
    """What the ground must do, shared by the feet that are down, in proportion to how near each is to where it must push.

    Args:
        k: (3, B, T, 25) metres about any origin. floor: (B, T) its height there.
        force: (3, B, T) that all the body asks for, N/kg. moment: (3, B, T) the same about the origin, N m/kg.

    Returns:
        forces (3, B, T, 2) N/kg of the left and the right foot, and the points on the floor (3, B, T, 2) where they act.
    """
    heel, toe = _at(k, "heel"), _at(k, "big_toe")
    # Zero-moment point (Vukobratovic 1972): there, one force alone would do.
    up = torch.clamp(force[2], min=2.0)
    zmp = torch.stack([(floor * force[0] - moment[1]) / up, (floor * force[1] + moment[0]) / up])[..., None]  # (2, B, T, 1)
    start, sole = heel[:2], (toe - heel)[:2]
    along = torch.clamp(_dot(zmp - start, sole) / (_dot(sole, sole) + 1e-4), 0.0, 1.0)
    flat = start + along * sole
    apart = flat[..., 1:] - flat[..., :1]
    right = torch.clamp(_dot(zmp - flat[..., :1], apart) / (_dot(apart, apart) + 1e-4), 0.0, 1.0)
    lifted = torch.minimum(heel[2], toe[2]) - floor[..., None]
    down = torch.sigmoid((_LIFTED_M - lifted) / _LIFTING_M)  # (B, T, 2)
    # A little for the far foot, lest one that stands alone gets nothing where the other hangs over the right place.
    weight = (torch.cat([1 - right, right], dim=-1) + 0.02) * down
    touching = 1 - (1 - down[..., :1]) * (1 - down[..., 1:])
    share = weight / (weight.sum(-1, keepdim=True) + 1e-6) * touching
    return share * force[..., None], torch.cat([flat, floor[None, ..., None].expand(-1, -1, -1, 2)])


def joint_moments(k: Tensor, acceleration: Tensor, floor: Tensor) -> tuple[Tensor, Tensor]:
    """Moments (3, B, T, 11) N m/kg that joints of `point_masses` put on what hangs on them, and the feet's forces (3, B, T, 2) N/kg.

    Args:
        k: (3, B, T, 25) metres about any origin, Z up. floor: (B, T) its height there.
        acceleration: (3, B, T, 25) m/s^2.
    """
    points, masses, carried = (one.to(k) for one in _BODY)
    place = k @ points  # (3, B, T, P)
    gravity = torch.tensor([0.0, 0.0, _GRAVITY_M_S2]).to(k)[:, None, None, None]
    force = masses * (acceleration @ points + gravity)
    turning = _cross(place, force)
    ground, pressure = ground_forces(k, floor, force.sum(-1), turning.sum(-1))
    centres = torch.cat([_at(k, *_JOINTS), k[..., BODY25.index("mid_hip"), None]], dim=-1)
    moments = turning @ carried - _cross(centres, force @ carried)
    # The ground carries the legs.
    under = _cross(pressure.repeat(1, 1, 1, 3) - centres[..., _LEG], ground.repeat(1, 1, 1, 3))
    return torch.cat([moments[..., _ARM], moments[..., _LEG] - under, moments[..., _WAIST]], dim=-1), ground


def moment_features(keypoints: Tensor, acceleration: Tensor, floor: Tensor, heading: tuple[Tensor, Tensor]) -> Tensor:
    """(B, T, MOMENT_FEATURES): moments as the character and as its limbs see them, and how the limbs lie to each other.

    A muscle works in its own limb: what it does hangs on moments about the limb's axes, wherever the limb points.

    Args:
        keypoints: (B, T, 25, 3) world metres. acceleration: the same in m/s^2. floor: (B, T) or (B, 1) world metres.
        heading: cosine and sine (B, T), as `geometry.heading` gives them.
    """
    world, moving = (one.permute(3, 0, 1, 2).contiguous() for one in (keypoints, acceleration))
    middle = world[..., BODY25.index("mid_hip"), None]
    k = world - middle
    moments, ground = joint_moments(k, moving, floor - middle[2, ..., 0])
    arms, hips, legs, waist = torch.split(moments, [4, 2, 4, 1], dim=-1)
    limbs = _at(k, "elbow", "wrist", "knee", "ankle", "big_toe") - _at(k, "shoulder", "elbow", "hip", "knee", "heel")
    upper_arm, forearm, thigh, shank, foot = torch.split(limbs, 2, dim=-1)
    sides = _at(k, "hip", "shoulder")
    pelvis, chest = sides[..., :1] - sides[..., 1:2], sides[..., 2:3] - sides[..., 3:4]  # to the left
    trunk = k[..., BODY25.index("neck"), None]
    up = torch.tensor([0.0, 0.0, 1.0]).to(k)[:, None, None, None].expand_as(trunk)
    # Axes x (nearly to the left), y and z (along it) of the pelvis, the chest, arms, forearms, thighs and shanks.
    z = _unit(torch.cat([trunk, trunk, upper_arm, forearm, thigh, shank], dim=-1))
    left = torch.cat([pelvis, *[chest] * 5, *[pelvis] * 4], dim=-1)
    x = _unit(left - _dot(left, z) * z, 1e-3)
    axes = (x, _cross(z, x), z)
    directions = _unit(torch.cat([thigh, chest, upper_arm, forearm, shank, foot], dim=-1))
    # What each frame sees, in the order of _SEEN_FROM.
    vectors = torch.cat([waist, up, arms, hips, legs, directions], dim=-1)
    seen = [_dot(axis[..., _SEEN_FROM], vectors) for axis in axes]
    hinge = _unit(torch.cat([_cross(foot, shank).repeat(1, 1, 1, 3), _cross(upper_arm, forearm)], dim=-1))
    hinged = torch.cat([hips, legs, arms[..., 2:]], dim=-1)
    cosine, sine = (one[..., None] for one in heading)
    mx, my, mz = torch.cat([moments, ground], dim=-1)
    return torch.cat([cosine * mx + sine * my, cosine * my - sine * mx, mz, *seen, _dot(hinge, hinged)], dim=-1)
