"""From points round the hips to a person on a floor."""

import numpy as np
import pytest

from agonist.capture.fit import fit_motion
from agonist.capture.ground import stand_on_floor
from agonist.capture.sides import untangle
from agonist.capture.world import LAYOUT, place_in_world, smooth
from agonist.errors import MotionError
from agonist.humanoid import body25_from_motion
from agonist.keypoint_layouts import BODY25
from tests.capture.scene import VIEW, blazepose_from_motion, filmed
from tests.clips import exercise

FEET = [LAYOUT.index(f"{part}_{side}") for part in ("heel", "foot_index") for side in "lr"]


def _seen(name="Squat", seconds=3.0, **camera):
    points = blazepose_from_motion(exercise(name, seconds))
    pixels, world = filmed(points, **camera)
    return points, np.arange(len(points)) / 30.0, pixels, world, np.ones(points.shape[:2])


def _aligned_error(found, true):
    """Mean distance after the best shift and turn about the vertical."""
    a, b = found - found.mean(axis=(0, 1)) * [1, 1, 0], true - true.mean(axis=(0, 1)) * [1, 1, 0]
    angle = np.arctan2((a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]).sum(), (a[..., :2] * b[..., :2]).sum())
    c, s = np.cos(angle), np.sin(angle)
    return np.linalg.norm(a @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) - b, axis=-1).mean()


@pytest.mark.parametrize("camera", [{}, {"pitch_deg": 12.0, "height": 2.0}, {"yaw_deg": 60.0, "distance": 3.0}])
def test_a_filmed_body_comes_back(camera):
    points, *seen = _seen(**camera)
    placed = place_in_world(*seen, VIEW)
    found = np.asarray(placed.keypoints.positions)
    assert placed.keypoints.fps == pytest.approx(30.0)
    # A leaning body and a tilted camera look alike; a few degrees remain.
    assert _aligned_error(found, points) < 0.08
    assert abs(np.median(found[:, FEET, 2].min(axis=1))) < 0.05
    assert placed.resting.mean() > 0.8


def test_the_person_faces_the_front_and_is_as_tall_as_said():
    _, *seen = _seen(yaw_deg=140.0)
    found = np.asarray(place_in_world(*seen, VIEW, height_m=2.0).keypoints.positions)
    across = found[0, LAYOUT.index("shoulder_l")] - found[0, LAYOUT.index("shoulder_r")]
    assert across[0] > 0.9 * np.linalg.norm(across)
    assert np.ptp(found[0, :, 2]) == pytest.approx(2.0 * np.ptp(blazepose_from_motion(exercise("Squat", 0.1))[0, :, 2]) / 1.75, rel=0.05)


def test_a_long_gap_stays_a_gap_and_a_short_one_is_bridged():
    points, times, pixels, world, visibility = _seen()
    keep = np.ones(len(times), dtype=bool)
    keep[20:23] = keep[50:60] = False
    placed = place_in_world(times[keep], pixels[keep], world[keep], visibility[keep], VIEW)
    unseen = np.isnan(np.asarray(placed.keypoints.positions)).any(axis=(1, 2))
    assert len(placed.keypoints) == len(points)
    assert np.array_equal(np.flatnonzero(unseen), np.arange(50, 60))
    assert not placed.resting[50:60].any()


def test_a_limb_that_jumps_away_for_some_frames_is_brought_back():
    points, times, pixels, world, visibility = _seen()
    world = world.copy()
    world[40:44, LAYOUT.index("ankle_l")] += [0.7, -0.3, 0.0]
    found = np.asarray(place_in_world(times, pixels, world, visibility, VIEW).keypoints.positions)
    assert _aligned_error(found[38:46], points[38:46]) < 0.08
    assert np.linalg.norm(np.diff(found[:, LAYOUT.index("ankle_l")], axis=0), axis=-1).max() < 0.05


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 30.0, 60.0, 120.0])
def test_times_in_whole_milliseconds_do_not_change_the_frame_rate(fps):
    _, times, *seen = _seen()
    times = np.round(times * 30 / fps, 3)
    # Nobody was seen for a moment.
    kept = np.r_[0:40, 50 : len(times)]
    placed = place_in_world(times[kept], *(one[kept] for one in seen), VIEW)
    assert placed.keypoints.fps == pytest.approx(fps, rel=2e-3 if fps == 29.97 else 1e-9)


def test_one_frame_is_no_motion():
    _, *seen = _seen()
    with pytest.raises(MotionError, match="at least two"):
        place_in_world(*(part[:1] for part in seen), VIEW)


def test_smoothing_keeps_the_slow_and_its_phase():
    times = np.arange(120) / 60
    slow, fast = np.sin(2 * np.pi * 1.0 * times), np.sin(2 * np.pi * 20 * times)
    assert np.abs(smooth(slow + fast, 60.0, 6.0) - slow)[10:-10].max() < 0.03


@pytest.mark.parametrize("whole_body", [True, False])
def test_left_and_right_are_put_in_order(whole_body):
    _, times, pixels, world, visibility = _seen("HighKick", yaw_deg=25.0)
    order = np.arange(33)
    for k, name in enumerate(LAYOUT.names):
        base, _, side = name.rpartition("_")
        if side in ("l", "r") and (whole_body or base in ("knee", "ankle", "heel", "foot_index")):
            order[k] = LAYOUT.index(f"{base}_{'r' if side == 'l' else 'l'}")
    wrong_pixels, wrong_world = pixels.copy(), world.copy()
    wrong_pixels[30:45] = pixels[30:45][:, order]
    wrong_world[30:45] = world[30:45][:, order] * [1, 1, -1.0 if whole_body else 1.0]
    right_pixels, right_world, _, changed = untangle(times, wrong_pixels, wrong_world, visibility)
    assert np.array_equal(np.flatnonzero(changed), np.arange(30, 45))
    assert np.allclose(right_pixels, pixels) and np.allclose(right_world, world)


def test_what_is_in_order_is_left_alone():
    for name in ("Squat", "HighKick", "HookPunch"):
        _, times, pixels, world, visibility = _seen(name)
        assert not untangle(times, pixels, world, visibility)[3].any()


@pytest.mark.parametrize("name", ["Lunge", "Walk", "Running"])
def test_resting_feet_stop_and_bones_keep_their_lengths(name):
    _, *seen = _seen(name, 4.0)
    placed = place_in_world(*seen, VIEW)
    fitted = fit_motion(placed.keypoints)
    drift = np.cumsum(np.random.default_rng(1).normal(0, 0.004, (len(fitted), 3)), axis=0)
    from dataclasses import replace

    sliding = replace(fitted, root_position=fitted.root_position + drift)
    standing = stand_on_floor(sliding, placed.resting)

    def slide(motion):
        points = np.asarray(body25_from_motion(motion).positions)
        speeds = [
            np.linalg.norm(np.gradient(points[:, BODY25.index(f"ankle_{side}"), :2], axis=0), axis=-1)[placed.resting[:, k]] * 30
            for k, side in enumerate("lr")
        ]
        return np.concatenate(speeds).mean()

    assert slide(standing) < 0.3 * slide(sliding)
    soles = np.asarray(body25_from_motion(standing).positions)[:, 19:25, 2].min(axis=1)
    # Also while a foot rolls over its toes.
    assert soles.min() > -0.005 and abs(np.median(soles)) < 0.02
    assert standing.skeleton is fitted.skeleton and standing.local_positions is None
