"""Video files: true times, broken files."""

import numpy as np
import pytest

from agonist.capture.video import Video, _upright
from agonist.errors import FileFormatError, InputError


def _grey(level):
    return np.full((48, 64, 3), level, dtype=np.uint8)


def test_times_are_those_of_the_file_also_at_a_varying_rate(make_video):
    times = [0.0, 0.033, 0.066, 0.2, 0.4, 0.433]
    video = Video(make_video([_grey(40 * k) for k in range(6)], times))
    assert [frame.time for frame in video] == pytest.approx(times, abs=1e-3)
    assert (video.width, video.height) == (64, 48)
    assert [round(frame.image.mean() / 40) for frame in video] == list(range(6))


def test_a_part_is_cut_by_seconds_from_the_first_frame(make_video):
    times = np.arange(30) / 10
    video = Video(make_video([_grey(8 * k) for k in range(30)], times))
    assert [frame.time for frame in video.frames(0.5, 0.9)] == pytest.approx([0.5, 0.6, 0.7, 0.8, 0.9], abs=1e-3)
    with pytest.raises(InputError, match="end after the start"):
        list(video.frames(2.0, 1.0))


def test_a_turned_picture_is_put_upright():
    image = np.zeros((2, 3, 3), dtype=np.uint8)
    image[0, 2] = 255
    assert _upright(image, 90)[0, 0].max() == 255
    assert _upright(image, -90)[2, 1].max() == 255
    assert _upright(image, 0) is image


@pytest.mark.parametrize("content, found", [(b"", "0 bytes"), (b"not a video, only words " * 50, "not a video")])
def test_what_is_no_video_is_named(tmp_path, content, found):
    path = tmp_path / "bad.mp4"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=found) as caught:
        Video(path)
    assert "bad.mp4" in str(caught.value)


def test_a_missing_file_and_a_truncated_one(make_video, tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        Video(tmp_path / "nothing.mp4")
    whole = make_video([_grey(10)] * 20, np.arange(20) / 10).read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileFormatError):
        Video(tmp_path / "half.mp4")


def test_damaged_videos_are_read_or_refused(make_video, tmp_path):
    noise = np.random.default_rng(0)
    whole = make_video([noise.integers(0, 255, (48, 64, 3)).astype(np.uint8) for _ in range(20)], np.arange(20) / 10).read_bytes()
    outcomes = set()
    for seed in range(80):
        rng = np.random.default_rng(seed)
        raw = bytearray(whole)
        for _ in range(int(rng.integers(1, 5))):
            # Half of the harm is done to the index at the file's end.
            at = int(rng.integers(0 if seed % 2 else max(0, len(raw) - 1200), len(raw)))
            if rng.random() < 0.6:
                raw[at] = int(rng.integers(0, 256))
            else:
                del raw[at : at + int(rng.integers(1, 40))]
        path = tmp_path / "harmed.mp4"
        path.write_bytes(raw)
        try:
            assert all(frame.image.ndim == 3 for frame in Video(path))
            outcomes.add("read")
        except FileFormatError as error:
            assert "harmed.mp4" in str(error) and "\n" not in str(error)
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}
