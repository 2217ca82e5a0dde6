"""BVH: read, write, read again; independent forward kinematics; nothing but our own errors for broken files."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist import rotations
from agonist.corpus.sources import resize
from agonist.errors import AgonistError, FileFormatError
from agonist.io import bvh
from tests.clips import exercise
from tests.search import examples

SMALL = """HIERARCHY
ROOT Hips
{
  OFFSET 1 90 2
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Chest
  {
    OFFSET 0 50 0
    CHANNELS 3 Yrotation Zrotation Xrotation
    End Site
    {
      OFFSET 0 20 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0333333
1 90 2 10 20 30 1 2 3
2 91 3 11 21 31 4 5 6
"""


def _independent_world_positions(path) -> np.ndarray:
    """4x4 matrices, straight from the text, in file axes and units: another way to the same numbers."""
    lines = [line.split() for line in path.read_text().splitlines() if line.split()]
    names, parents, offsets, channels, stack = [], [], [], [], []
    for k, words in enumerate(lines):
        if words[0] in ("ROOT", "JOINT"):
            names.append(words[1])
            parents.append(stack[-1] if stack else None)
            stack.append(len(names) - 1)
        elif words[0] == "End":
            stack.append(None)
        elif words[0] == "}":
            stack.pop()
        elif words[0] == "OFFSET" and stack[-1] is not None:
            offsets.append([float(w) for w in words[1:]])
        elif words[0] == "CHANNELS":
            channels.append(words[2:])
        elif words[0] == "MOTION":
            rows = np.array([[float(w) for w in row] for row in lines[k + 3 :]])
            break
    result = np.empty((len(rows), len(names), 3))
    for t, row in enumerate(rows):
        values, world = iter(row), []
        for j in range(len(names)):
            matrix, place = np.eye(4), list(offsets[j])
            for channel in channels[j]:
                value = next(values)
                if channel.endswith("position"):
                    place["XYZ".index(channel[0])] = value
                    continue
                c, s, turn = np.cos(np.radians(value)), np.sin(np.radians(value)), np.eye(4)
                a, b = {"X": (1, 2), "Y": (2, 0), "Z": (0, 1)}[channel[0]]
                turn[a, a] = turn[b, b] = c
                turn[a, b], turn[b, a] = -s, s
                matrix = matrix @ turn
            move = np.eye(4)
            move[:3, 3] = place
            world.append((world[parents[j]] if parents[j] is not None else np.eye(4)) @ move @ matrix)
            result[t, j] = world[-1][:3, 3]
    return result


@pytest.mark.parametrize("clip", ["walk", "kick", "pirouette"])
def test_real_recordings_have_the_positions_of_an_independent_reader(data_dir, clip):
    path = data_dir / "mass_bvh" / f"{clip}.bvh"
    file = bvh.read(path)
    expected = _independent_world_positions(path) @ file.layout.world_from_file.T * file.layout.unit_m
    np.testing.assert_allclose(file.motion.positions_world, expected, atol=1e-9)
    assert file.motion.fps == 120.0


def test_a_real_recording_comes_back_from_a_written_file(data_dir, tmp_path):
    file = bvh.read(data_dir / "mass_bvh" / "dance.bvh")
    bvh.write(tmp_path / "again.bvh", file.motion, file.layout)
    again = bvh.read(tmp_path / "again.bvh")
    assert again.layout == file.layout
    assert len(again.motion) == len(file.motion)
    np.testing.assert_allclose(again.motion.positions_world, file.motion.positions_world, atol=1e-5)


@given(st.integers(0, 10_000))
@settings(max_examples=examples(10))
def test_any_motion_comes_back(tmp_path_factory, seed):
    motion = exercise("HookPunch", 1.0, seed)
    path = tmp_path_factory.mktemp("bvh") / "m.bvh"
    bvh.write(path, motion)
    again = bvh.read(path).motion
    order = [again.skeleton.index(name) for name in motion.skeleton.names]
    np.testing.assert_allclose(again.positions_world[:, order], motion.positions_world, atol=1e-5)
    angle = rotations.angle_between(again.rotations_parent_from_joint[:, order], motion.rotations_parent_from_joint)
    assert angle.max() < 1e-5


def _channels(rng, joint: int) -> tuple[str, ...]:
    """Some of a joint's rotations, or none, in any order; of the root perhaps some positions."""
    turning = [f"{axis}rotation" for axis in rng.permutation(list("XYZ"))[: rng.integers(0, 4)]]
    sliding = [f"{axis}position" for axis in rng.permutation(list("XYZ"))[: rng.integers(0, 4)]] if joint == 0 else []
    return (*sliding, *turning)


def _few_channels(folder, seed: int) -> bvh.BvhFile:
    """A body whose joints have some channels only, and which moves in these."""
    rng, body = np.random.default_rng(seed), exercise("Squat", 0.5)
    layout = replace(bvh.default_layout(body, up="z"), channels=tuple(_channels(rng, j) for j in range(len(body.skeleton))))
    turns = rotations.identity(len(body), len(body.skeleton))
    for joint in range(len(body.skeleton)):
        if order := layout.rotation_order(joint):
            turns[:, joint] = rotations.from_euler(rng.uniform(-1.4, 1.4, (len(body), len(order))), order)
    root = np.where([f"{axis}position" in layout.channels[0] for axis in "XYZ"], body.root_position, body.skeleton.offsets[0])
    bvh.write(folder / "few.bvh", replace(body, rotations_parent_from_joint=turns, root_position=root), layout)
    file = bvh.read(folder / "few.bvh", up="z", unit_m=0.01)
    assert sorted(file.layout.channels) == sorted(layout.channels)
    return file


@given(st.integers(0, 10_000))
@settings(max_examples=examples(20))
def test_a_motion_for_which_the_file_had_too_few_channels_comes_back_whole(tmp_path_factory, seed):
    folder, rng = tmp_path_factory.mktemp("bvh"), np.random.default_rng(seed)
    file = _few_channels(folder, seed)
    before = file.motion
    bvh.write(folder / "same.bvh", before, file.layout)
    assert (folder / "same.bvh").read_text() == (folder / "few.bvh").read_text()
    # As an edit does it: turns at every joint that fade in after half of the frames, and a root that moves.
    fade = np.clip(np.linspace(-1, 1, len(before)), 0, None)[:, None]
    turned = rotations.from_rotvec(0.4 * fade[..., None] * rng.normal(size=(1, len(before.skeleton), 3)))
    after = replace(
        before, rotations_parent_from_joint=rotations.multiply(before.rotations_parent_from_joint, turned),
        root_position=before.root_position + 0.05 * fade * rng.normal(size=3),
    )  # fmt: skip
    bvh.write(folder / "edited.bvh", after, file.layout)
    again = bvh.read(folder / "edited.bvh", up="z", unit_m=0.01)
    np.testing.assert_allclose(again.motion.positions_world, after.positions_world, atol=1e-5)
    assert rotations.angle_between(again.motion.rotations_parent_from_joint, after.rotations_parent_from_joint).max() < 1e-5
    # Where the edit did nothing, the file's own numbers stand, and the new channels are still.
    own, columns = file.layout.values, dict(zip(_columns(again.layout), again.layout.values.T, strict=True))
    still = len(before) // 2
    for name, old in zip(_columns(file.layout), own.T, strict=True):
        np.testing.assert_array_equal(columns.pop(name)[:still], old[:still])
    assert columns and all(np.ptp(new[:still]) == 0 for new in columns.values())


def _columns(layout: bvh.BvhLayout) -> list[tuple[int, str]]:
    """Joint and channel of each column."""
    return [(joint, channel) for joint, channels in enumerate(layout.channels) for channel in channels]


def _file(tmp_path, text):
    path = tmp_path / "m.bvh"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_smallest_file(tmp_path):
    file = bvh.read(_file(tmp_path, SMALL), up="y", unit_m=0.01)
    assert file.motion.skeleton.names == ("Hips", "Chest")
    np.testing.assert_allclose(file.motion.root_position[0], [0.01, -0.02, 0.90], atol=1e-12)
    assert file.motion.fps == pytest.approx(30.0, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty file"),
        ("hello", "Expected the word HIERARCHY"),
        (SMALL.replace("Frames: 2", "Frames: 0").rsplit("\n", 3)[0], "zero frames"),
        (SMALL.replace("Frames: 2", "Frames: 3"), "2 lines of motion"),
        (SMALL.replace("1 90 2 10", "1 nan 2 10"), r"m\.bvh:19.*NaN"),
        (SMALL.replace("1 90 2 10", "1 90 2"), r"m\.bvh:19.*8 numbers"),
        (SMALL.replace("OFFSET 0 50 0", "OFFSET 0 fifty 0"), r"m\.bvh:8.*fifty"),
        (SMALL.replace("Frame Time: 0.0333333", "Frame Time: 0"), "positive number of seconds"),
        (SMALL.replace("Yrotation Zrotation", "Yrotation Yrotation"), "CHANNELS"),
        (SMALL[:150], "ends too early"),
    ],
)
def test_broken_files_say_what_and_where(tmp_path, text, message):
    with pytest.raises(FileFormatError, match=message):
        bvh.read(_file(tmp_path, text))


@pytest.mark.parametrize("up", ["y", "z"])
@pytest.mark.parametrize(
    ("height_m", "unit_m"),
    [(0.82, 0.01), (0.95, 0.01), (1.05, 0.01), (1.75, 0.01), (2.4, 0.01), (0.95, 0.001), (0.85, 1.0), (1.75, 1.0), (1.75, 0.001),
     (1.55, 0.0254), (1.75, 0.0254), (1.95, 0.0254), (1.5, 0.0254 / 0.45), (1.95, 0.0254 / 0.45)],
)  # fmt: skip
def test_children_and_grown_ups_are_as_tall_as_they_were(tmp_path, height_m, unit_m, up):
    clip = resize(exercise("Squat", 0.2), height_m)
    bvh.write(tmp_path / "m.bvh", clip, bvh.default_layout(clip, up=up, unit_m=unit_m))
    layout = bvh.read(tmp_path / "m.bvh").layout
    assert (layout.unit_m, layout.up) == (unit_m, up)


@pytest.mark.parametrize(
    ("frame_time", "fps"),
    [("0.0333333", 30), ("0.03333", 30), ("0.0333", 30), ("0.0167", 60), ("0.0083", 120), ("0.0417", 24), ("0.0666667", 15),
     ("0.008333", 120), ("0.0083333", 120), ("0.00833", 120), ("0.016667", 60), ("0.01667", 60),
     ("0.01668", 59.952), ("0.041667", 24), ("0.04", 25), ("0.033367", 29.97), ("0.03336670", 29.97), ("0.041708", 23.976),
     ("0.016683", 59.94), ("0.08", 12.5), ("3", 1 / 3)],
)  # fmt: skip
def test_rounded_frame_times_mean_whole_rates_and_televisions_stay(tmp_path, frame_time, fps):
    found = bvh.read(_file(tmp_path, SMALL.replace("0.0333333", frame_time))).motion.fps
    assert found == fps if isinstance(fps, int) else found == pytest.approx(fps, rel=5e-5) and found == 1 / float(frame_time)


@given(st.data())
@settings(max_examples=examples(150))
def test_fuzz(tmp_path_factory, data):
    raw = bytearray(SMALL.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        action = data.draw(st.sampled_from(["flip", "cut", "insert"]))
        if action == "flip":
            raw[at] = data.draw(st.integers(0, 255))
        elif action == "cut":
            del raw[at : at + data.draw(st.integers(1, 40))]
            raw = raw or bytearray(b"x")
        else:
            raw[at:at] = data.draw(st.binary(max_size=8))
    path = tmp_path_factory.mktemp("fuzz") / "m.bvh"
    path.write_bytes(bytes(raw))
    try:
        bvh.read(path)
    except AgonistError as error:
        assert str(path) in str(error) or "joint" in str(error).lower()
