"""Axioms of rotations, and agreement with scipy, which was written by others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agonist import rotations

scipy_transform = pytest.importorskip("scipy.spatial.transform")

vectors = arrays(float, (5, 3), elements=st.floats(-3.0, 3.0, allow_nan=False))
ORDERS = ("xyz", "xzy", "yxz", "yzx", "zxy", "zyx")


def _same(a: np.ndarray, b: np.ndarray) -> None:
    np.testing.assert_allclose(rotations.angle_between(a, b), 0, atol=1e-7)


@given(vectors, vectors, vectors)
def test_multiplication_is_associative(a, b, c):
    a, b, c = (rotations.from_rotvec(v) for v in (a, b, c))
    _same(rotations.multiply(rotations.multiply(a, b), c), rotations.multiply(a, rotations.multiply(b, c)))


@given(vectors)
def test_inverse_undoes(v):
    q = rotations.from_rotvec(v)
    _same(rotations.multiply(q, rotations.conjugate(q)), rotations.identity(5))


@given(vectors, vectors)
def test_rotating_a_vector_agrees_with_scipy(v, x):
    expected = scipy_transform.Rotation.from_rotvec(v).apply(x)
    np.testing.assert_allclose(rotations.rotate(rotations.from_rotvec(v), x), expected, atol=1e-12)


@given(vectors)
def test_matrix_round_trip_and_scipy(v):
    q = rotations.from_rotvec(v)
    np.testing.assert_allclose(rotations.to_matrix(q), scipy_transform.Rotation.from_rotvec(v).as_matrix(), atol=1e-12)
    _same(rotations.from_matrix(rotations.to_matrix(q)), q)


@given(vectors)
def test_rotvec_round_trip(v):
    q = rotations.from_rotvec(v)
    _same(rotations.from_rotvec(rotations.to_rotvec(q)), q)


@pytest.mark.parametrize("order", ORDERS)
@given(angles=arrays(float, (5, 3), elements=st.floats(-3.1, 3.1)))
def test_euler_agrees_with_scipy_and_comes_back(order, angles):
    q = rotations.from_euler(angles, order)
    expected = scipy_transform.Rotation.from_euler(order.upper(), angles).as_quat(scalar_first=True)
    _same(q, expected)
    # Near the gimbal's lock an angle is worth less than its rounding; the rotation must still come back.
    np.testing.assert_allclose(rotations.angle_between(rotations.from_euler(rotations.to_euler(q, order), order), q), 0, atol=1e-6)


@pytest.mark.parametrize("order", ORDERS)
def test_euler_keeps_to_the_branch_it_is_shown(order):
    angles = np.random.default_rng(0).normal(0, 2.5, (200, 3))
    np.testing.assert_allclose(rotations.to_euler(rotations.from_euler(angles, order), order, like=angles), angles, atol=1e-8)


@given(vectors, vectors)
def test_slerp_ends_where_it_should(a, b):
    a, b = rotations.from_rotvec(a), rotations.from_rotvec(b)
    _same(rotations.slerp(a, b, np.zeros(5)), a)
    _same(rotations.slerp(a, b, np.ones(5)), b)


@pytest.mark.parametrize("shapes", [((1, 3), (1, 3)), ((22,), (1, 22)), ((1, 7, 1), (5,)), ((), (9,)), ((0, 3), (1, 3))])
def test_few_rotations_are_made_as_many_are(shapes):
    """A frame's joints take another way than a clip's."""
    random = np.random.default_rng(0)
    a, b = (rotations.from_rotvec(random.normal(size=(*shape, 3))) for shape in shapes)
    vectors = random.normal(size=(*shapes[1], 3))
    # The same again and again, as many as make a clip.
    shape = np.broadcast_shapes(*shapes)
    a_clip, b_clip, vector_clip = (np.broadcast_to(one, (200, *shape, one.shape[-1])) for one in (a, b, vectors))
    for few, clip in (
        (rotations.multiply(a, b), rotations.multiply(a_clip, b_clip)),
        (rotations.rotate(a, vectors), rotations.rotate(a_clip, vector_clip)),
        (np.broadcast_to(rotations.to_matrix(a), (*shape, 3, 3)), rotations.to_matrix(a_clip)),
    ):
        assert few.shape == clip.shape[1:]
        np.testing.assert_allclose(np.broadcast_to(few, clip.shape), clip, rtol=0, atol=1e-14)
