"""Pose networks, sample videos and videos made on the spot."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from agonist.capture import pose_weights, samples
from agonist.errors import WorkError


@pytest.fixture(scope="session")
def cache(request) -> Path:
    """Where fetched files are kept between runs; inside the clone unless AGONIST_CACHE says otherwise."""
    given = os.environ.get("AGONIST_CACHE")
    return Path(given) if given else Path(request.config.cache.mkdir("agonist"))


@pytest.fixture(scope="session")
def weights(cache):
    try:
        return pose_weights.fetch(cache)
    except WorkError as error:
        pytest.skip(f"no pose networks: {error}")


@pytest.fixture(scope="session")
def jumping_jacks(cache) -> Path:
    try:
        return samples.fetch_sample("sports2d", cache)
    except WorkError as error:
        pytest.skip(f"no sample video: {error}")


def write_video(path: Path, images, times) -> Path:
    """An .mp4 of RGB images at times in seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.height, stream.width = images[0].shape[:2]
        stream.bit_rate = 4_000_000
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for image, time in zip(images, times, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts, frame.time_base = round(time * 1000), stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture
def make_video(tmp_path):
    return lambda images, times, name="clip.mp4": write_video(tmp_path / name, images, times)
