"""The demo's files, for a motion file with more joints than a person is edited by. Pictures are tested where they are made."""

import numpy as np
import pytest

pytest.importorskip("bpy")

from agonist import rotations
from agonist.io import bvh
from agonist.motion import Motion
from agonist.skeleton import Skeleton
from blender_addon import demo
from tests.clips import exercise

pytestmark = pytest.mark.blender


def _with_fingers(motion):
    """The same motion on a skeleton with three bones more at each hand, which curl."""
    skeleton = motion.skeleton
    names, parents, offsets, turns = list(skeleton.names), list(skeleton.parents), [*skeleton.offsets], []
    for side, sign in (("l", 1), ("r", -1)):
        parent = skeleton.index(f"wrist_{side}")
        for k in range(3):
            names.append(f"finger{k}_{side}")
            parents.append(parent)
            offsets.append(np.array([sign * 0.03, 0.0, -0.02]))
            parent = len(names) - 1
            turns.append(rotations.from_rotvec(np.linspace(0, 0.5, len(motion))[:, None] * np.array([0.0, 1.0, 0.0])))
    local = np.concatenate([motion.rotations_parent_from_joint, np.stack(turns, axis=1)], axis=1)
    return Motion(Skeleton(tuple(names), tuple(parents), np.array(offsets)), local, motion.root_position, motion.fps)


def test_a_file_with_fingers_comes_back_with_them(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "_pictures", lambda *_: None)
    bvh.write(tmp_path / "in.bvh", _with_fingers(exercise("Squat", 1.5, seed=1)))
    file = bvh.read(tmp_path / "in.bvh")
    motion = file.motion
    result = demo.make_demo(motion, {"quadriceps": 1.5}, tmp_path / "out", layout=file.layout)
    assert {"original.bvh", "recommended.bvh", "recommended.fbx", "activation.csv", "scene.blend"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }
    original, recommended = (bvh.read(tmp_path / "out" / f"{name}.bvh").motion for name in ("original", "recommended"))
    assert recommended.skeleton.names == original.skeleton.names == motion.skeleton.names
    assert "finger2_l" in recommended.skeleton.names and len(result.motion.skeleton) < len(motion.skeleton)
    # The rig in Blender and the file show the same edit.
    names = result.motion.skeleton.names
    at = recommended.positions_world[:, [recommended.skeleton.index(name) for name in names]]
    assert np.linalg.norm(at - result.motion.positions_world, axis=-1).max() < 2e-3
    moved = np.linalg.norm(recommended.positions_world - original.positions_world, axis=-1)
    assert moved.max() > 0.01
