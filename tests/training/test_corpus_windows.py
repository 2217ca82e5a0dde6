"""Windows come from the split that was asked for, and from nothing else."""

import json
from dataclasses import replace

import numpy as np
import pytest

from agonist.errors import FileFormatError
from agonist.keypoint_layouts import BODY25
from agonist.training.data import WindowSampler, read_corpus


def test_a_split_holds_its_usable_takes_only(corpus):
    found = {split: [clip.id for clip in read_corpus(corpus, split)[0]] for split in ("train", "val", "test")}
    assert found == {"train": ["00", "01", "02"], "val": ["04"], "test": ["05", "06"]}


def test_the_description_comes_without_the_takes(corpus):
    assert read_corpus(corpus, "train")[1] == {"seed": 0, "budget": "test", "fps": 20.0, "muscles": "mia8", "data": "simulated"}


def test_windows_are_cut_from_the_takes(corpus):
    clips, _ = read_corpus(corpus, "train")
    keypoints, activation = WindowSampler(clips, 64).all()
    assert keypoints.shape == (3, 64, 25, 3) and activation.shape == (3, 64, 8)
    np.testing.assert_array_equal(keypoints[0], clips[0].keypoints[:64])
    np.testing.assert_array_equal(activation[0], clips[0].activation[:64])


def test_every_second_frame_makes_the_papers_rate(corpus):
    clips, _ = read_corpus(corpus, "train")
    keypoints, activation = WindowSampler(clips, 30, every=2).all()
    np.testing.assert_array_equal(keypoints[0], clips[0].keypoints[::2][:30])
    np.testing.assert_array_equal(activation[0], clips[0].activation[::2][:30])


def test_a_sampler_knows_how_many_windows_hold_all_there_is(corpus):
    clips, _ = read_corpus(corpus, "train")
    frames = sorted(len(clip.keypoints) for clip in clips)
    assert WindowSampler(clips, 64).count == sum(-(-one // 64) for one in frames)
    assert WindowSampler(clips, 30, every=2).count == sum(-(-one // 60) for one in frames)


def test_a_drawn_window_is_a_take_or_its_mirror_image(corpus):
    clips, _ = read_corpus(corpus, "val")
    sampler = WindowSampler(clips, 64)
    keypoints, activation = sampler.draw(20, np.random.default_rng(0))
    swap = [BODY25.index(n[:-2] + {"l": "_r", "r": "_l"}[n[-1]] if n[-2:] in ("_l", "_r") else n) for n in BODY25.names]
    mirrored = 0
    for k, a in zip(keypoints, activation, strict=True):
        starts = [s for s in range(17) if np.array_equal(k, clips[0].keypoints[s : s + 64])]
        if not starts:
            k, a = k[:, swap] * np.float32([-1, 1, 1]), a[:, [4, 5, 6, 7, 0, 1, 2, 3]]
            starts = [s for s in range(17) if np.allclose(k, clips[0].keypoints[s : s + 64])]
            mirrored += 1
        np.testing.assert_allclose(a, clips[0].activation[starts[0] : starts[0] + 64])
    assert 0 < mirrored < 20


def test_a_short_take_is_held_at_its_end(corpus):
    clips, _ = read_corpus(corpus, "val")
    keypoints, _ = WindowSampler(clips, 100).draw(1, np.random.default_rng(0))
    assert keypoints.shape[1] == 100
    np.testing.assert_array_equal(keypoints[0, 80:], np.repeat(keypoints[0, 79:80], 20, axis=0))


def test_short_takes_count_beside_long_ones(corpus):
    """Of data that was cut into pieces before, early stopping would else look at the few that overlap."""
    clips, _ = read_corpus(corpus, "train")
    short = [replace(clip, keypoints=clip.keypoints[:40], activation=clip.activation[:40]) for clip in clips[1:]]
    keypoints, activation = WindowSampler([clips[0], *short], 64).all()
    assert keypoints.shape == (3, 64, 25, 3) and activation.shape == (3, 64, 8)
    np.testing.assert_array_equal(keypoints[2, :40], short[1].keypoints)
    np.testing.assert_array_equal(activation[2, 40:], np.repeat(short[1].activation[-1:], 24, axis=0))


def test_measured_takes_are_not_mirrored(corpus):
    clips, _ = read_corpus(corpus, "val")
    keypoints, activation = WindowSampler(clips, 64, mirrored=False).draw(20, np.random.default_rng(0))
    for k, a in zip(keypoints, activation, strict=True):
        (start,) = [s for s in range(17) if np.array_equal(k, clips[0].keypoints[s : s + 64])]
        np.testing.assert_array_equal(a, clips[0].activation[start : start + 64])


def test_takes_that_are_all_short_are_held_at_their_ends(corpus):
    clips, _ = read_corpus(corpus, "train")
    keypoints, activation = WindowSampler(clips, 100).all()
    assert keypoints.shape == (3, 100, 25, 3) and activation.shape == (3, 100, 8)
    np.testing.assert_array_equal(keypoints[1, 80:], np.repeat(clips[1].keypoints[79:80], 20, axis=0))
    assert len(WindowSampler(clips, 80).all()[0]) == 3


def test_jitter_moves_keypoints_but_not_in_time(corpus):
    clips, _ = read_corpus(corpus, "val")
    plain, jittered = (WindowSampler(clips, 80).draw(1, np.random.default_rng(0), jitter=jitter)[0][0] for jitter in (0.0, 0.01))
    assert 0.001 < np.abs(jittered - plain).max() < 0.5
    speeds = [np.diff(k, axis=0) for k in (plain, jittered)]
    # One scale for the whole body and one offset a keypoint: velocities only scale.
    ratio = (speeds[0] * speeds[1]).sum() / (speeds[0] ** 2).sum()
    np.testing.assert_allclose(speeds[1], ratio * speeds[0], atol=1e-5)


def test_a_folder_without_corpus_json_is_named(tmp_path):
    with pytest.raises(FileFormatError, match=r"corpus\.json.*agonist corpus build"):
        read_corpus(tmp_path, "train")


def test_a_split_without_takes_is_refused(corpus):
    document = json.loads((corpus / "corpus.json").read_text())
    document["takes"] = [row for row in document["takes"] if row["split"] != "val"]
    (corpus / "corpus.json").write_text(json.dumps(document))
    with pytest.raises(FileFormatError, match="no usable take in the split 'val'"):
        read_corpus(corpus, "val")


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04rubbish", b"rubbish"])
def test_a_damaged_take_is_named(corpus, damage):
    clips, _ = read_corpus(corpus, "train")
    (corpus / "takes" / f"{clips[0].id}.npz").write_bytes(damage)
    with pytest.raises(FileFormatError, match=f"{clips[0].id}.npz"):
        read_corpus(corpus, "train")
