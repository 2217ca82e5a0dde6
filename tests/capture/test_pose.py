"""A real video becomes a motion; what cannot be one is refused."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from agonist.capture.pose import capture_video, track_person
from agonist.capture.region import Region, crop
from agonist.capture.video import Video
from agonist.cli.main import main
from agonist.cli.models import app as models_app
from agonist.cli.pose import pose
from agonist.errors import FileFormatError, InputError, WorkError
from agonist.humanoid import body25_from_motion, body_height_m, map_humanoid
from agonist.io import bvh
from agonist.keypoint_layouts import BODY25

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(pose)


@pytest.fixture(scope="module")
def capture(weights, jumping_jacks):
    return capture_video(jumping_jacks, height_m=1.8, start=0.0, end=1.4, weights=weights)


@pytest.mark.network
def test_a_jumping_jack_is_seen(capture):
    motion = capture.motion
    assert len(motion) == len(capture.keypoints) == 43 and motion.fps == pytest.approx(30.0)
    assert capture.quality["frames_with_person"] == 43 and capture.quality["visibility"] > 0.8
    assert body_height_m(motion.skeleton, map_humanoid(motion.skeleton)) == pytest.approx(1.8, rel=0.05)
    points = {name: np.asarray(body25_from_motion(motion).positions)[:, BODY25.index(name)] for name in BODY25.names}
    # Arms down, then above the head in the first second, then down again; feet together, apart, together.
    above = (points["wrist_l"][:, 2] + points["wrist_r"][:, 2]) / 2 - points["neck"][:, 2]
    assert above[0] < -0.3 and above[15:32].max() > 0.2 and above[-1] < -0.2
    spread = np.linalg.norm(points["ankle_l"] - points["ankle_r"], axis=-1)
    assert spread[0] < 0.35 and spread[15:32].max() > 0.6 and spread[-1] < 0.35
    # Left is left: the man faces the camera, and the character -Y.
    assert points["shoulder_l"][0, 0] > points["shoulder_r"][0, 0] + 0.2
    assert points["nose"][0, 1] < (points["ear_l"][0, 1] + points["ear_r"][0, 1]) / 2
    soles = np.stack([points[f"{part}_{side}"][:, 2] for part in ("heel", "big_toe") for side in "lr"]).min(axis=0)
    assert abs(soles[0]) < 0.05 and soles.min() > -0.04 and soles.max() > 0.05
    assert (np.linalg.norm(np.diff(motion.root_position, axis=0), axis=-1) * 30).max() < 4.0


@pytest.mark.network
def test_a_larger_person_who_comes_in_does_not_take_over(weights, jumping_jacks, make_video):
    frames = [frame.image for frame in Video(jumping_jacks).frames(0.0, 0.6)]
    stranger = crop(frames[0], Region(645, 220, 480), 720, beyond="edge").astype(np.uint8)
    images = []
    for index, image in enumerate(frames):
        picture = image.copy()
        if index >= 5:
            picture[200:920, 1040:1760] = stranger
        images.append(picture)
    track = track_person(Video(make_video(images, np.arange(len(images)) / 30)), weights)
    assert len(track.times) == len(images)
    assert np.abs(track.pixels[:, 23, 0] - track.pixels[0, 23, 0]).max() < 120


@pytest.mark.network
def test_a_video_without_a_person_is_refused(weights, make_video):
    y, x = np.mgrid[0:240, 0:320]
    hills = [np.stack([(x + 3 * k) % 256, y, (x + y) // 3], axis=-1).astype(np.uint8) for k in range(8)]
    with pytest.raises(InputError, match=r"clip\.mp4: a person is seen in 0 of 8 frames"):
        capture_video(make_video(hills, np.arange(8) / 30), weights=weights)


def test_numbers_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(InputError, match="height"):
        capture_video(tmp_path / "any.mp4", height_m=180)
    with pytest.raises(InputError, match="angle of view"):
        capture_video(tmp_path / "any.mp4", fov_deg=0)


@pytest.mark.network
def test_the_command_writes_bvh_and_one_json_object(weights, cache, jumping_jacks, tmp_path, monkeypatch):
    monkeypatch.setenv("AGONIST_CACHE", str(cache))
    out = tmp_path / "jack.bvh"
    done = CliRunner().invoke(app, [str(jumping_jacks), "--out", str(out), "--end", "0.4", "--json", "--quiet"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["frames"] == 13
    assert len(bvh.read(out).motion) == 13
    listed = CliRunner().invoke(models_app, ["fetch", "pose", "--json", "--quiet"])
    assert json.loads(listed.stdout)["licence"].startswith("Apache-2.0")


@pytest.mark.network
def test_a_program_is_told_how_far_the_command_is(weights, cache, jumping_jacks, tmp_path, monkeypatch):
    monkeypatch.setenv("AGONIST_CACHE", str(cache))
    options = ["--out", str(tmp_path / "jack.bvh"), "--end", "0.4", "--progress", "--quiet", "--offline"]
    done = CliRunner().invoke(app, [str(jumping_jacks), *options])
    assert done.exit_code == 0, done.output
    told = [line.split(maxsplit=2) for line in done.stderr.splitlines()]
    shares = [float(share) for _, share, text in told if text == "looking for joints"]
    assert {word for word, *_ in told} == {"progress"} and len(shares) > 1
    assert shares == sorted(shares) and 0 <= shares[0] < shares[-1] == 1.0


def test_offline_nothing_is_fetched(tmp_path, monkeypatch, make_video):
    monkeypatch.setenv("AGONIST_CACHE", str(tmp_path / "empty cache"))
    video = make_video([np.full((120, 160, 3), 40 + k, np.uint8) for k in range(12)], np.arange(12) / 30)
    done = CliRunner().invoke(app, [str(video), "--out", str(tmp_path / "a.bvh"), "--offline"])
    assert isinstance(done.exception, WorkError) and "agonist models fetch pose" in str(done.exception)
    assert not (tmp_path / "empty cache").exists()


@pytest.mark.network
def test_the_command_says_in_one_line_that_nobody_is_there(weights, cache, make_video, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AGONIST_CACHE", str(cache))
    video = make_video([np.full((120, 160, 3), 40 + k, np.uint8) for k in range(12)], np.arange(12) / 30, "empty room.mp4")
    with pytest.raises(SystemExit) as stop:
        main(["pose", str(video), "--out", str(tmp_path / "a.bvh")])
    said = capsys.readouterr()
    assert (stop.value.code, said.out) == (2, "")
    assert said.err == f"agonist: {video}: a person is seen in 0 of 12 frames. Expected one whole person in view.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["empty room.mp4"]


@pytest.mark.network
def test_the_command_refuses_before_it_works(weights, cache, tmp_path, monkeypatch):
    monkeypatch.setenv("AGONIST_CACHE", str(cache))
    empty = tmp_path / "empty.mp4"
    empty.write_bytes(b"")
    for arguments in ([str(empty), "--out", str(tmp_path / "a.bvh")], ["any.mp4", "--out", str(tmp_path / "a.xyz")]):
        done = CliRunner().invoke(app, arguments)
        assert isinstance(done.exception, FileFormatError)
    assert [path.name for path in tmp_path.iterdir()] == ["empty.mp4"]
