"""Live prediction: frame by frame what the whole clip would say, at any rate, with what is unseen held and nothing of the future."""

import numpy as np
import pytest

from agonist.errors import InputError, MotionError
from agonist.keypoint_layouts import BODY25, keypoint_layout
from agonist.live import LivePrediction
from agonist.model import load_model
from agonist.motion import Keypoints
from agonist.predict import human_size, predict, standing_keypoints

from .clips import exercise

MODEL = load_model()
FPS = MODEL.contract.fps


@pytest.fixture(scope="module")
def clip():
    return standing_keypoints(exercise("Squat", 6.0)).resample(FPS)


def _pushed(live, clip, first=0, last=None):
    times = clip.start + np.arange(len(clip)) / clip.fps
    return [live.push(times[k], clip.positions[k], clip.confidence[k]) for k in range(first, last or len(clip))]


def test_the_newest_frame_is_the_encoders_answer_for_it(clip):
    live, window = LivePrediction(MODEL), MODEL.contract.window
    shown = _pushed(live, clip)
    assert len(clip) > window
    points = clip.positions * human_size(clip.positions[-window:])
    whole = MODEL.encode_windows(points[None, -window:])["activation"][0, -1]
    np.testing.assert_allclose(shown[-1].values[0], whole, atol=1e-4)
    assert (shown[-1].start, shown[-1].muscles) == (pytest.approx((len(clip) - 1) / FPS), MODEL.contract.muscles)
    assert shown[-1].uncertainty.shape == (1, 8)
    assert "live" in shown[-1].reference


def test_a_movement_is_seen_and_agrees_with_the_whole_clip(clip):
    live = np.array([one.values[0] for one in _pushed(LivePrediction(MODEL), clip)])
    whole = predict(clip, MODEL).values
    column = MODEL.contract.muscles.index("quadriceps_l")
    assert np.corrcoef(live[10:, column], whole[10:, column])[0, 1] > 0.8
    assert np.abs(live[10:] - whole[10:]).mean() < 0.05


def test_no_answer_hangs_on_a_later_frame(clip):
    one, other = LivePrediction(MODEL), LivePrediction(MODEL)
    same = [_pushed(live, clip, 0, 20) for live in (one, other)]
    one.push(20 / FPS, clip.positions[20])
    other.push(20 / FPS, clip.positions[20] + 0.3)
    for first, second in zip(*same, strict=True):
        np.testing.assert_array_equal(first.values, second.values)


def test_frames_may_come_at_another_rate_and_unevenly(clip):
    even = _pushed(LivePrediction(MODEL), clip)[-1]
    fine = clip.resample(57.0)
    end = (len(clip) - 1) / FPS
    times = np.arange(len(fine)) / 57.0
    rng, live = np.random.default_rng(0), LivePrediction(MODEL)
    for time, points in zip(times, fine.positions, strict=True):
        if time < end - 1e-6 and rng.random() < 0.8:
            live.push(time, points)
    again = live.push(end, clip.positions[-1])
    np.testing.assert_allclose(again.values, even.values, atol=0.03)


def test_an_hour_is_not_remembered(clip):
    live = LivePrediction(MODEL)
    for k in range(300):
        live.push(k / FPS, clip.positions[k % len(clip)])
    assert len(live._frames) <= MODEL.contract.window + 1


def test_what_is_unseen_stays_where_it_was_with_confidence_nothing(clip):
    live, held = LivePrediction(MODEL), LivePrediction(MODEL)
    _pushed(live, clip, 0, 30)
    _pushed(held, clip, 0, 30)
    wrist = BODY25.index("wrist_l")
    lost, stays = np.array(clip.positions[30]), np.array(clip.positions[30])
    lost[wrist], stays[wrist] = np.nan, clip.positions[29, wrist]
    confidence = np.array(clip.confidence[30])
    confidence[wrist] = 0.0
    np.testing.assert_array_equal(live.push(30 / FPS, lost).values, held.push(30 / FPS, stays, confidence).values)
    # Nobody at all, for a moment.
    assert np.isfinite(live.push(31 / FPS, np.full((25, 3), np.nan)).values).all()


def test_it_waits_until_every_limb_was_seen_once(clip):
    live, hidden = LivePrediction(MODEL), np.array(clip.positions[0])
    assert live.push(-1.0, np.full((25, 3), np.nan)) is None
    hidden[BODY25.index("ankle_r")] = np.nan
    assert live.push(0.0, hidden) is None
    assert live.push(0.1, clip.positions[1]) is not None
    assert live.push(0.2, hidden) is not None


def test_a_layout_without_face_and_feet_is_completed_as_a_whole_clip_is(clip):
    coco = keypoint_layout("coco17")
    names = [next(iter([name for name in BODY25.names if coco.body25.get(name) == (part,)]), None) for part in coco.names]
    points = np.stack([clip.positions[:, BODY25.index(name)] for name in names], axis=1)
    live = LivePrediction(MODEL, coco)
    shown = [live.push(k / FPS, points[k]) for k in range(MODEL.contract.window)]
    whole = standing_keypoints(Keypoints(points[: MODEL.contract.window], coco, FPS))
    wanted = MODEL.encode_windows(whole.positions[None] * human_size(whole.positions), whole.confidence[None])["activation"][0, -1]
    np.testing.assert_allclose(shown[-1].values[0], wanted, atol=1e-4)


def test_what_is_wrong_is_named_and_forgotten(clip):
    live = LivePrediction(MODEL)
    live.push(1.0, clip.positions[0])
    for time in (1.0, 0.5, float("nan")):
        with pytest.raises(InputError, match="order of their times"):
            live.push(time, clip.positions[1])
    with pytest.raises(MotionError, match=r"must be \(T, 25, 3\)"):
        live.push(2.0, clip.positions[1, :17])
    with pytest.raises(MotionError, match="Confidence"):
        live.push(2.0, clip.positions[1], np.full(25, 2.0))
    assert live.push(2.0, clip.positions[1]) is not None
