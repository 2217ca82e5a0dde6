"""A real video by the real `agonist pose`, from the operator to a prediction."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
pytest.importorskip("av")

from agonist.capture.video import Video
from blender_addon.capture_process import capture_command
from tests.blender_addon import rigs
from tests.capture.conftest import cache, jumping_jacks, make_video, weights  # noqa: F401

pytestmark = pytest.mark.blender


@pytest.mark.network
def test_the_real_process_on_a_real_video(weights, cache, jumping_jacks, make_video, monkeypatch):  # noqa: F811
    if capture_command() is None:
        pytest.skip("no agonist program beside this Python or on the PATH")
    monkeypatch.setenv("AGONIST_CACHE", str(cache))
    images = [frame.image for frame in Video(jumping_jacks).frames(0.0, 1.0)]
    path = make_video(images, np.arange(len(images)) / 30, "jack.mp4")
    assert bpy.ops.agonist.capture_video(filepath=str(path), height=1.8) == {"FINISHED"}
    armature = bpy.context.active_object
    heads = dict(zip(armature.pose.bones.keys(), np.moveaxis(rigs.evaluated(armature)[..., :3, 3], 1, 0), strict=True))
    # Arms hang at first and are above the head within the second.
    above = heads["wrist_l"][:, 2] - heads["head"][:, 2]
    assert len(above) == len(images) and above[0] < -0.3 and above[15:].max() > 0.1
    assert bpy.ops.agonist.predict() == {"FINISHED"}
    with pytest.raises(RuntimeError, match=r"Error: .*no\.mp4"):
        bpy.ops.agonist.capture_video(filepath=str(path.with_name("no.mp4")))
