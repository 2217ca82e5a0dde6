"""The recorded arm: what was measured is taken over, and what was not is where the module says."""

import numpy as np
import pytest

pytest.importorskip("mujoco")
from agonist.evaluation.shoulder import box_clip, evaluate_shoulder
from agonist.io import c3d
from agonist.keypoint_layouts import BODY25

pytestmark = pytest.mark.physics


@pytest.fixture(scope="module")
def markers(data_dir):
    return c3d.read(data_dir / "pyomeca_shoulder" / "markers_analogs.c3d")


def test_the_right_arm_is_measured_and_the_left_its_mirror_image(markers):
    clip = box_clip(markers)
    places = {name: clip.positions[:, BODY25.index(name)] for name in BODY25.names}
    elbow = (markers.positions[:, markers.layout.index("Daphnee:EPICl")] + markers.positions[:, markers.layout.index("Daphnee:EPICm")]) / 2
    np.testing.assert_allclose(places["elbow_r"], elbow, atol=1e-9)
    for upper, lower in (("shoulder", "elbow"), ("elbow", "wrist")):
        lengths = [np.linalg.norm(places[f"{upper}_{side}"] - places[f"{lower}_{side}"], axis=1) for side in "lr"]
        np.testing.assert_allclose(lengths[0], lengths[1], atol=1e-9)
        assert 0.2 < np.median(lengths[1]) < 0.35 and np.ptp(lengths[1]) < 0.06
    # She faces -X, so her left is -Y; hip centres lie 0.14 to 0.2 m apart in women (Harrington et al. 2007).
    apart = places["hip_r"] - places["hip_l"]
    assert (apart[:, 1] > 0).all() and 0.14 < np.linalg.norm(apart, axis=1).mean() < 0.2
    assert np.ptp(places["ankle_l"], axis=0).max() == 0.0


def test_the_arm_is_explained_and_the_deltoid_lifts_it(data_dir):
    report = evaluate_shoulder(data_dir)
    assert report["keypoint_error_mm"] < 15 and report["reserve_share"] < 0.1 and not report["flags"]
    assert {"biceps", "latissimus"} <= report["muscles"].keys()
    # Without the box's weight biceps and latissimus are not expected to agree; what holds the arm up is.
    assert report["muscles"]["deltoid, anterior"]["r"] > 0.5 and report["muscles"]["deltoid, middle"]["r"] > 0.5
    assert all(0 < row["peak"] <= 1 for row in report["muscles"].values())
