"""A tree of bones: at rest without channels, carried by what is above, and each by its own channels."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist import rotations
from agonist.bones import BoneTree
from tests.search import examples

PARENTS = (-1, 0, 1, 1, -1, 4)


def _matrices(rng, *shape):
    matrices = np.zeros((*shape, 4, 4))
    matrices[..., :3, :3] = rotations.to_matrix(rotations.normalize(rng.normal(size=(*shape, 4))))
    matrices[..., :3, 3], matrices[..., 3, 3] = rng.normal(size=(*shape, 3)), 1
    return matrices


def _tree(rng, follows=True):
    rest = _matrices(rng, len(PARENTS))
    return BoneTree(PARENTS, rest, rest[:, :3, :3], np.full(len(PARENTS), follows))


@settings(max_examples=examples(20))
@given(seed=st.integers(0, 2**31))
def test_without_channels_bones_rest(seed):
    tree = _tree(np.random.default_rng(seed), follows=bool(seed % 2))
    np.testing.assert_allclose(tree.pose(np.tile(np.eye(4), (2, 6, 1, 1))), np.tile(tree.rest, (2, 1, 1, 1)), atol=1e-12)


@settings(max_examples=examples(20))
@given(seed=st.integers(0, 2**31))
def test_a_pose_is_a_chain_of_products(seed):
    rng = np.random.default_rng(seed)
    tree, basis = _tree(rng), _matrices(rng, 3, 6)
    pose = tree.pose(basis)
    for bone, parent in enumerate(PARENTS):
        above = tree.rest[bone] if parent < 0 else pose[:, parent] @ np.linalg.inv(tree.rest[parent]) @ tree.rest[bone]
        np.testing.assert_allclose(pose[:, bone], above @ basis[:, bone], atol=1e-9)
    space, reach = tree.spaces(pose, [3, 1])
    np.testing.assert_allclose(space @ basis[:, [3, 1]], pose[:, [3, 1]], atol=1e-9)
    np.testing.assert_allclose(reach, space[..., :3, :3], atol=1e-9)


def test_a_bone_that_does_not_follow_keeps_its_direction_and_is_carried_along():
    rng = np.random.default_rng(3)
    tree, basis = _tree(rng, follows=False), _matrices(rng, 1, 6)
    basis[:, 1:] = np.eye(4)
    pose = tree.pose(basis)[0]
    np.testing.assert_allclose(pose[1, :3, :3], tree.rest[1, :3, :3], atol=1e-12)
    carried = pose[0] @ np.linalg.inv(tree.rest[0]) @ tree.rest[1]
    np.testing.assert_allclose(pose[1, :3, 3], carried[:3, 3], atol=1e-12)
