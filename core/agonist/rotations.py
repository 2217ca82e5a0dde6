"""Rotation algebra on numpy arrays: quaternions (w, x, y, z), matrices, rotation vectors, Euler angles.

Every function broadcasts over leading axes. Quaternions are (..., 4) with unit norm, matrices (..., 3, 3),
rotation vectors (..., 3) in radians. `multiply(a, b)` rotates by b first, then by a. Formulas: Diebel 2006,
"Representing Attitude".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "angle_between",
    "conjugate",
    "from_axis_angle",
    "from_euler",
    "from_matrix",
    "from_rotvec",
    "identity",
    "multiply",
    "normalize",
    "rotate",
    "slerp",
    "to_euler",
    "to_matrix",
    "to_rotvec",
    "unroll",
]

Array = NDArray[np.float64]


def identity(*shape: int) -> Array:
    """Identity quaternions, (*shape, 4)."""
    quaternion = np.zeros((*shape, 4))
    quaternion[..., 0] = 1.0
    return quaternion


def normalize(quaternion: Array) -> Array:
    """Scale to unit norm."""
    return quaternion / np.linalg.norm(quaternion, axis=-1, keepdims=True)


def conjugate(quaternion: Array) -> Array:
    """Inverse rotation of a unit quaternion."""
    return quaternion * np.array([1.0, -1.0, -1.0, -1.0])


def _parts(array: Array) -> list[Array]:
    """The components along the last axis."""
    array = np.asarray(array, dtype=float)
    return [array[..., k] for k in range(array.shape[-1])]


def multiply(a: Array, b: Array) -> Array:
    """Hamilton product: the rotation b followed by the rotation a."""
    if np.size(a) + np.size(b) <= _FEW:
        return _times(np.asarray(a, dtype=float) @ _LEFT, 4, b)
    return _multiplied(a, b)


def _multiplied(a: Array, b: Array) -> Array:
    """`multiply`, a part at a time."""
    aw, ax, ay, az = _parts(a)
    bw, bx, by, bz = _parts(b)
    # Filled in place: stacking takes as long again as the arithmetic of a clip.
    first = aw * bw - ax * bx - ay * by - az * bz
    result = np.empty((*first.shape, 4))
    result[..., 0] = first
    result[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    result[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    result[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return result


def rotate(quaternion: Array, vector: Array) -> Array:
    """Rotate (..., 3) vectors by (..., 4) unit quaternions."""
    if np.size(quaternion) + np.size(vector) <= _FEW:
        return _times(_squares(quaternion) @ _SQUARES + _EYE, 3, vector)
    # v + 2 w (q x v) + 2 q x (q x v), a part at a time: np.cross takes longer to set up than a clip takes to turn.
    w, x, y, z = _parts(quaternion)
    a, b, c = _parts(vector)
    ta, tb, tc = 2.0 * (y * c - z * b), 2.0 * (z * a - x * c), 2.0 * (x * b - y * a)
    first = a + w * ta + y * tc - z * tb
    result = np.empty((*first.shape, 3))
    result[..., 0] = first
    result[..., 1] = b + w * tb + z * ta - x * tc
    result[..., 2] = c + w * tc + x * tb - y * ta
    return result


def to_matrix(quaternion: Array) -> Array:
    """(..., 4) unit quaternions to (..., 3, 3) rotation matrices."""
    if np.size(quaternion) <= _FEW // 2:
        flat = _squares(quaternion) @ _SQUARES + _EYE
        return flat.reshape(*flat.shape[:-1], 3, 3)
    return _matrices(quaternion)


def _matrices(quaternion: Array) -> Array:
    """`to_matrix`, a part at a time."""
    w, x, y, z = _parts(quaternion)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


# Of one frame's joints a call to numpy takes longer than its arithmetic: few rotations are one product with a table, many are made a
# part at a time. The bound is of the numbers in both arguments; there both ways take as long [ours].
_FEW = 1024


def _times(matrices: Array, size: int, vectors: Array) -> Array:
    """Products (..., size) of matrices, flat (..., size * size), and vectors (..., size)."""
    product: Array = matrices.reshape(*matrices.shape[:-1], size, size) @ np.asarray(vectors, dtype=float)[..., None]
    return product[..., 0]


def _squares(quaternion: Array) -> Array:
    """(..., 16) products of each two parts."""
    q = np.asarray(quaternion, dtype=float)
    products: Array = q[..., :, None] * q[..., None, :]
    return products.reshape(*q.shape[:-1], 16)


def _left() -> Array:
    """(4, 16): a quaternion to the matrix that multiplies by it from the left, which is linear in its parts."""
    unit = np.eye(4)
    return np.array([_multiplied(one, unit).T.ravel() for one in unit])


def _square() -> Array:
    """(16, 9): `_squares` of a quaternion to its rotation matrix without the unit matrix, which is a quadratic form of its parts."""
    unit, table = np.eye(4), np.zeros((4, 4, 9))
    own = np.array([(_matrices(one) - np.eye(3)).ravel() for one in unit])
    for i in range(4):
        table[i, i] = own[i]
        for j in range(i):
            table[i, j] = (_matrices(unit[i] + unit[j]) - np.eye(3)).ravel() - own[i] - own[j]
    return table.reshape(16, 9)


_LEFT, _SQUARES, _EYE = _left(), _square(), np.eye(3).ravel()


def from_matrix(matrix: Array) -> Array:
    """(..., 3, 3) rotation matrices to (..., 4) unit quaternions, w >= 0 (Shepperd 1978, largest pivot)."""
    m = np.asarray(matrix, dtype=float)
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    pivots = np.stack([trace, m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]], axis=-1)
    choice = np.argmax(pivots, axis=-1)
    candidates = np.empty((*m.shape[:-2], 4, 4))
    candidates[..., 0, 0] = 1 + trace
    candidates[..., 0, 1] = m[..., 2, 1] - m[..., 1, 2]
    candidates[..., 0, 2] = m[..., 0, 2] - m[..., 2, 0]
    candidates[..., 0, 3] = m[..., 1, 0] - m[..., 0, 1]
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        candidates[..., i + 1, 0] = m[..., k, j] - m[..., j, k]
        candidates[..., i + 1, i + 1] = 1 + 2 * m[..., i, i] - trace
        candidates[..., i + 1, j + 1] = m[..., j, i] + m[..., i, j]
        candidates[..., i + 1, k + 1] = m[..., k, i] + m[..., i, k]
    quaternion = np.take_along_axis(candidates, choice[..., None, None], axis=-2)[..., 0, :]
    quaternion = normalize(quaternion)
    return np.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def from_rotvec(rotvec: Array) -> Array:
    """Rotation vectors (axis times angle, radians) to quaternions."""
    x, y, z = _parts(rotvec)
    angle = np.sqrt(x * x + y * y + z * z)
    # np.sinc(x) = sin(pi x) / (pi x): exact at zero, no branch needed.
    factor = 0.5 * np.sinc(angle / (2 * np.pi))
    result = np.empty((*angle.shape, 4))
    result[..., 0] = np.cos(angle / 2)
    result[..., 1], result[..., 2], result[..., 3] = factor * x, factor * y, factor * z
    return result


def to_rotvec(quaternion: Array) -> Array:
    """Quaternions to rotation vectors with angles in [0, pi] radians."""
    cosine, vector = quaternion[..., :1], quaternion[..., 1:]
    sine = np.sqrt(np.einsum("...i,...i->...", vector, vector))[..., None]
    turns = sine > 1e-12
    factor = np.where(turns, 2.0 * np.arctan2(sine, np.abs(cosine)) / np.where(turns, sine, 1.0), 2.0)
    return np.where(cosine < 0, -factor, factor) * vector


def from_axis_angle(axis: str | Array, angle: Array) -> Array:
    """Rotation by `angle` radians about 'x', 'y', 'z' or a unit vector."""
    unit = np.eye(3)["xyz".index(axis.lower())] if isinstance(axis, str) else np.asarray(axis, dtype=float)
    return from_rotvec(np.asarray(angle, dtype=float)[..., None] * unit)


def from_euler(angles: Array, order: str) -> Array:
    """Euler angles in radians, (..., 3) in the sequence of `order`, to quaternions.

    `order` such as "zxy" means R = Rz Rx Ry, the reading of a BVH file whose channels are Zrotation Xrotation
    Yrotation (intrinsic rotations, applied to a vector from right to left).
    """
    angles = np.asarray(angles, dtype=float)
    quaternion = from_axis_angle(order[0], angles[..., 0])
    for index in range(1, len(order)):
        quaternion = multiply(quaternion, from_axis_angle(order[index], angles[..., index]))
    return quaternion


def to_euler(quaternion: Array, order: str, like: Array | None = None) -> Array:
    """Quaternions to Tait-Bryan angles in radians, (..., 3) in the sequence of `order` (three different axes).

    Of the two solutions the one nearest to `like` (same shape, radians) is taken, whole turns included; without
    `like`, the one whose middle angle lies in [-pi/2, pi/2].
    """
    i, j, k = ("xyz".index(letter) for letter in order.lower())
    sign = 1.0 if (i, j, k) in ((0, 1, 2), (1, 2, 0), (2, 0, 1)) else -1.0
    m = to_matrix(quaternion)
    middle = np.arcsin(np.clip(sign * m[..., i, k], -1.0, 1.0))
    locked = np.abs(m[..., i, k]) > 1 - 1e-12
    first = np.where(locked, np.arctan2(sign * m[..., k, j], m[..., j, j]), np.arctan2(-sign * m[..., j, k], m[..., k, k]))
    last = np.where(locked, 0.0, np.arctan2(-sign * m[..., i, j], m[..., i, i]))
    angles = np.stack([first, middle, last], axis=-1)
    if like is None:
        return angles
    flipped = np.stack([first + np.pi, np.pi - middle, last + np.pi], axis=-1)
    options = [option + 2 * np.pi * np.round((like - option) / (2 * np.pi)) for option in (angles, flipped)]
    distances = [np.abs(option - like).sum(axis=-1, keepdims=True) for option in options]
    return np.where(distances[0] <= distances[1], options[0], options[1])


def unroll(quaternions: Array) -> Array:
    """Flip signs along the first axis so that neighbours in time lie on the same half sphere."""
    dots = np.sum(quaternions[1:] * quaternions[:-1], axis=-1)
    signs = np.cumprod(np.where(dots < 0, -1.0, 1.0), axis=0)
    return np.concatenate([quaternions[:1], quaternions[1:] * signs[..., None]], axis=0)


def slerp(a: Array, b: Array, fraction: Array) -> Array:
    """Spherical interpolation on the short arc, `fraction` broadcast against the leading axes, in [0, 1]."""
    difference = to_rotvec(multiply(conjugate(a), b))
    return multiply(a, from_rotvec(difference * np.asarray(fraction, dtype=float)[..., None]))


def angle_between(a: Array, b: Array) -> Array:
    """Angle in radians, [0, pi], between two rotations."""
    return np.linalg.norm(to_rotvec(multiply(conjugate(a), b)), axis=-1)
