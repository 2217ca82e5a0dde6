"""AMASS: rotations of SMPL's joints on bones of ours, standing on the ground."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist import io, rotations
from agonist.errors import FileFormatError
from agonist.humanoid import CANONICAL_JOINTS, body_height_m, map_humanoid
from agonist.io.amass import smpl_skeleton
from agonist.motion import Motion
from tests.clips import exercise
from tests.search import examples

_STANDING = {"trans": np.tile([0.0, 0.0, 0.93], (5, 1)), "poses": np.zeros((5, 156)), "mocap_framerate": np.array(120.0)}
# SMPL's y, up, becomes the world's z.
_STANDING["poses"][:, 0] = np.pi / 2


def _read(tmp_path, unsaid=io.Unsaid(), **arrays):
    np.savez(tmp_path / "stand.npz", **arrays)
    return io.read(tmp_path / "stand.npz", unsaid)


def _at(motion, joint, frame=0):
    return motion.positions_world[frame, motion.skeleton.index(joint)]


def test_a_standing_person_has_every_joint_where_it_belongs(tmp_path):
    motion = _read(tmp_path, **_STANDING)
    assert motion.fps == 120 and set(map_humanoid(motion.skeleton).joints) == set(CANONICAL_JOINTS)
    # Z is up; the person looks along -Y, to whose left is +X.
    assert _at(motion, "left_wrist")[0] > 0.5 and _at(motion, "right_wrist")[0] < -0.5
    assert _at(motion, "left_foot")[1] < -0.1 and _at(motion, "head")[2] > 1.4
    np.testing.assert_allclose(_at(motion, "pelvis"), [0, 0, 0.93])


@pytest.mark.parametrize(
    "joint, vector, end, moved",
    [
        # SMPL's axes at rest: x to the left, y up, z forward. By the right-hand rule about +x the shank goes back and the thigh too,
        # about +z an arm to the left goes up, and about +y the face turns to the left.
        (4, (np.pi / 2, 0, 0), "left_ankle", lambda after, before: after[1] > before[1] + 0.3),
        (1, (-np.pi / 2, 0, 0), "left_knee", lambda after, before: after[1] < before[1] - 0.3),
        (16, (0, 0, np.pi / 2), "left_wrist", lambda after, before: after[2] > before[2] + 0.5),
        (17, (0, 0, -np.pi / 2), "right_wrist", lambda after, before: after[2] > before[2] + 0.5),
        (18, (0, -np.pi / 2, 0), "left_wrist", lambda after, before: after[1] < before[1] - 0.2),
    ],
)  # fmt: skip
def test_a_joint_turns_as_smpls_does(tmp_path, joint, vector, end, moved):
    before = _read(tmp_path, **_STANDING)
    poses = _STANDING["poses"].copy()
    poses[:, 3 * joint : 3 * joint + 3] = vector
    assert moved(_at(_read(tmp_path, **{**_STANDING, "poses": poses}), end), _at(before, end))


def _as_amass(motion, up="z"):
    """The arrays that a motion of `smpl_skeleton` would have in AMASS, by the definition of SMPL's pose."""
    world = {"z": np.eye(3), "y": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])}[up]
    turn = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    matrices = rotations.to_matrix(motion.rotations_parent_from_joint)
    matrices[:, 0] = world @ matrices[:, 0] @ turn.T
    matrices[:, 1:] = turn @ matrices[:, 1:] @ turn.T
    vectors = rotations.to_rotvec(rotations.from_matrix(matrices))
    return {"trans": motion.root_position @ world.T, "poses": vectors.reshape(len(motion), -1), "mocap_framerate": np.array(motion.fps)}


def _squat(height_m):
    """A squat of SMPL's joints, its feet on the ground."""
    skeleton, source = smpl_skeleton(height_m), exercise("Squat", 2.0, seed=3)
    hmap, own = map_humanoid(skeleton), map_humanoid(source.skeleton)
    local = rotations.identity(len(source), len(skeleton))
    for canonical in own.joints:
        local[:, skeleton.index(hmap[canonical])] = source.rotations_parent_from_joint[:, source.skeleton.index(own[canonical])]
    root = source.root_position * height_m / body_height_m(source.skeleton, own)
    motion = Motion(skeleton, local, root, source.fps)
    sole = 0.012 * height_m
    down = np.median(motion.positions_world[..., 2].min(axis=1)) - sole
    return Motion(skeleton, local, root - [0, 0, down], source.fps)


@given(height=st.floats(1.45, 2.05), up=st.sampled_from(["z", "y"]))
@settings(max_examples=examples(10), deadline=None)
def test_a_motion_comes_back_with_its_height(tmp_path_factory, height, up):
    before = _squat(height)
    after = _read(tmp_path_factory.mktemp("amass"), io.Unsaid(up=up), **_as_amass(before, up))
    assert abs(after.provenance["height_m"] - height) < 0.03 and after.provenance["up"] == up
    np.testing.assert_allclose(after.positions_world, before.positions_world, atol=0.05)
    same = np.abs((after.rotations_parent_from_joint * before.rotations_parent_from_joint).sum(axis=-1))
    np.testing.assert_allclose(same, 1, atol=1e-9)


def test_the_newer_archives_with_a_part_an_array(tmp_path):
    poses = _STANDING["poses"]
    old = _read(tmp_path, **_STANDING)
    new = _read(tmp_path, trans=_STANDING["trans"], root_orient=poses[:, :3], pose_body=poses[:, 3:66], mocap_frame_rate=np.array(60.0))
    assert new.fps == 60
    np.testing.assert_array_equal(new.positions_world, old.positions_world)
    assert _read(tmp_path, io.Unsaid(fps=25), trans=_STANDING["trans"], poses=poses[:, :72]).fps == 25


def test_nobody_stands_where_nobody_is_upright(tmp_path):
    """A body that lies on a table: no adult's height comes out, so it has the standard one."""
    motion = _read(tmp_path, trans=_STANDING["trans"], poses=np.zeros((5, 156)))
    assert motion.provenance["height_m"] == pytest.approx(1.75, abs=0.01)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"poses": np.zeros((5, 30))}, "30 angles a frame"),
        ({"poses": np.zeros((4, 156))}, r"'poses' of shape \(4, 156\)"),
        ({"poses": np.full((5, 156), np.nan)}, "NaN"),
        ({"trans": np.zeros((5, 2))}, "2 places"),
        ({"trans": np.zeros((0, 3)), "poses": np.zeros((0, 156))}, r"'trans' of shape \(0, 3\)"),
        ({"mocap_framerate": np.array(-1.0)}, "fps"),
        ({"mocap_framerate": np.array("fast")}, "fast"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(tmp_path, change, message):
    with pytest.raises(FileFormatError, match=message):
        _read(tmp_path, **{**_STANDING, **change})
    with pytest.raises(FileFormatError, match="'x' up"):
        _read(tmp_path, io.Unsaid(up="x"), **_STANDING)
