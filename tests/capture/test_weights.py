"""Weights out of a package: taken, checked, converted, kept."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest
import tflite

from agonist.capture import packages, pose_weights, samples
from agonist.capture.tflite_graph import TfliteGraph, _densify
from agonist.errors import FileFormatError, UnknownNameError, WorkError

# Outputs of Google's own runtime (ai-edge-litert 2.3.0) for `_picture`, every `step`-th number.
LITERT = json.loads((Path(__file__).parent / "litert_outputs.json").read_text())


def _picture(side):
    y, x = np.mgrid[0:side, 0:side] / side
    return np.stack([np.sin(9 * x + 4 * y) ** 2, np.cos(7 * y - 3 * x) ** 2, (x * y * 5) % 1], axis=-1).astype(np.float32)[None]


@pytest.mark.network
@pytest.mark.parametrize("network, side", [("detector", 224), ("landmarks", 256)])
def test_the_converted_networks_say_what_googles_runtime_says(weights, network, side):
    session = onnxruntime.InferenceSession(str(getattr(weights, network)), providers=["CPUExecutionProvider"])
    picture = _picture(side)
    outputs = session.run(None, {"image": 2 * picture - 1 if network == "detector" else picture})
    for info, values in zip(session.get_outputs(), outputs, strict=True):
        expected = np.array(LITERT[info.name]["values"])
        found = values.ravel()[:: LITERT[info.name]["step"]]
        assert np.abs(found - expected).max() < 1e-4 * max(1.0, np.abs(expected).max()), info.name


@pytest.mark.network
def test_fetching_again_does_nothing_and_damage_is_noticed(weights, cache, tmp_path, monkeypatch):
    copy = tmp_path / "pose"
    copy.mkdir()
    for file in (cache / "pose").iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(pose_weights, "take_from_package", lambda *_: pytest.fail("fetched again"))
    assert pose_weights.fetch(tmp_path).detector == copy / "pose_detector.onnx"
    with (copy / "pose_detector.onnx").open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"damage")
    assert pose_weights.find(tmp_path) is None


def test_nothing_is_found_in_an_empty_cache(tmp_path):
    assert pose_weights.find(tmp_path) is None


def test_a_package_that_cannot_be_had_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(WorkError, match=r"pip could not fetch the package sports2d==0\.8\.34") as caught:
        samples.fetch_sample("sports2d", tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("*.mp4"))


def test_wrong_bytes_are_not_kept(tmp_path, monkeypatch):
    import zipfile

    def download(command, **_):
        folder = command[command.index("--dest") + 1]
        with zipfile.ZipFile(f"{folder}/some-1-py3-none-any.whl", "w") as archive:
            archive.writestr("some/file.bin", b"not what it was")
        return SimpleNamespace(returncode=0, stdout="", stderr="")

    monkeypatch.setattr(packages.subprocess, "run", download)
    target = tmp_path / "file.bin"
    with pytest.raises(WorkError, match="SHA-256"):
        packages.take_from_package("some==1", {"some/file.bin": (target, "0" * 64)})
    assert not target.exists()
    with pytest.raises(WorkError, match="holds no file"):
        packages.take_from_package("some==1", {"some/other.bin": (target, "0" * 64)})


def test_the_cache_can_be_moved(monkeypatch, tmp_path):
    monkeypatch.setenv("AGONIST_CACHE", str(tmp_path))
    assert packages.cache_folder() == tmp_path


def test_an_unknown_sample_lists_the_known():
    with pytest.raises(UnknownNameError, match="sports2d"):
        samples.fetch_sample("juggling")


def test_what_is_no_network_is_named(tmp_path):
    (tmp_path / "bad.tflite").write_bytes(b"0123456789")
    with pytest.raises(FileFormatError, match=r"bad\.tflite"):
        TfliteGraph(tmp_path / "bad.tflite")


class _Metadata:
    """A sparse constant's description as the flatbuffer would give it: dense rows, CSR columns."""

    def __init__(self, rows, segments, indices):
        self._levels = [("dense", rows), ("csr", segments, indices)]

    def TraversalOrderAsNumpy(self):
        return np.array([0, 1])

    def BlockMapLength(self):
        return 0

    def DimMetadata(self, level):
        return self._levels[level]


def test_sparse_rows_are_made_dense(monkeypatch):
    kinds = {"dense": tflite.DimensionType.DENSE, "csr": tflite.DimensionType.SPARSE_CSR}

    def adapt(level):
        return SimpleNamespace(
            Format=lambda: kinds[level[0]], DenseSize=lambda: level[1], ArraySegments=lambda: level[1], ArraySegmentsType=lambda: 0,
            ArrayIndices=lambda: level[2], ArrayIndicesType=lambda: 0,
        )  # fmt: skip

    metadata = _Metadata(3, np.array([0, 1, 1, 3]), np.array([2, 0, 3]))
    plain = metadata.DimMetadata
    metadata.DimMetadata = lambda level: adapt(plain(level))
    monkeypatch.setattr("agonist.capture.tflite_graph._vector", lambda kind, table: table)
    dense = _densify(np.array([5.0, 6.0, 7.0]), (3, 4), metadata)
    assert np.array_equal(dense, [[0, 0, 5, 0], [0, 0, 0, 0], [6, 0, 0, 7]])
