"""The simulated body against real recordings: a short stretch of each, with bounds that a broken contact model misses by far."""

import pytest

pytest.importorskip("mujoco")
from agonist.evaluation.body import evaluate_body

TRIALS = ("opensim_moco walk", "opensim_moco walk, with its plates", "ceinmsrt_gait walk", "ceinmsrt_gait run")

pytestmark = pytest.mark.physics


def test_walks_and_runs_agree_with_the_plates(data_dir):
    report = evaluate_body(data_dir, seconds=4.0)
    assert tuple(report) == TRIALS
    for name in (TRIALS[0], TRIALS[2]):
        feet = report[name]["ground_reaction"]
        assert all(feet[foot]["r"] > 0.97 and feet[foot]["rmse_body_weights"] < 0.12 for foot in ("left foot", "right foot"))
        assert report[name]["torques"]["ankle_angle_r"]["r"] > 0.8 and report[name]["torques"]["hip_flexion_r"]["r"] > 0.7
    # Running is filtered too hard for its impacts; standing on the wrong foot would still not correlate.
    assert all(report[TRIALS[3]]["ground_reaction"][foot]["r"] > 0.9 for foot in ("left foot", "right foot"))
    # Electrical activity comes before force.
    assert all(trial["emg_r_delayed_mean"] > trial["emg_r_mean"] for trial in list(report.values())[2:])
    # What the plates say is not estimated but taken over.
    assert report[TRIALS[1]]["ground_reaction"]["total"]["r"] > 0.999
    assert report[TRIALS[1]]["torques"]["knee_angle_r"]["r"] > report[TRIALS[0]]["torques"]["knee_angle_r"]["r"]
