"""Tensors and a header come back from disk as they were; a damaged file is refused by name, whoever reads it."""

import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from safetensors.torch import save_file

from agonist.errors import FileFormatError, InputError
from agonist.networks.muscle_geometry import MuscleGeometry
from agonist.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from agonist.training.surrogate import Surrogate, load_surrogate
from agonist.training.tensor_file import reading_tensors, write_tensors
from tests.harm import HARMS, PLACES, harmed, reads_or_refuses
from tests.search import examples

pytestmark = pytest.mark.training

_TYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.bool)
_few = settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
_names = st.text(max_size=8).filter(lambda name: name != "__metadata__" and name.isprintable())
_tensors = st.dictionaries(
    _names, st.tuples(st.sampled_from(_TYPES), st.lists(st.integers(0, 3), max_size=3)).map(lambda one: torch.ones(one[1], dtype=one[0])),
    max_size=4,
)  # fmt: skip


def _read(path):
    with reading_tensors(path, "tensors") as (tensors, header):
        return tensors, header


@given(tensors=_tensors, header=st.none() | st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3))
@_few
def test_what_was_written_is_read(tmp_path, tensors, header):
    write_tensors(tmp_path / "a" / "b.safetensors", tensors, header)
    again, head = _read(tmp_path / "a" / "b.safetensors")
    assert head == (header or {}) and again.keys() == tensors.keys()
    for name, value in tensors.items():
        assert again[name].dtype == value.dtype and again[name].shape == value.shape and torch.equal(again[name], value)


def test_shared_turned_and_learning_tensors_are_written(tmp_path):
    one = torch.arange(6.0).reshape(2, 3)
    write_tensors(tmp_path / "t.safetensors", {"one": one, "same": one, "turned": one.T, "learning": one.clone().requires_grad_()})
    tensors, _ = _read(tmp_path / "t.safetensors")
    assert torch.equal(tensors["turned"], one.T) and all(torch.equal(tensors[name], one) for name in ("one", "same", "learning"))


def test_what_the_safetensors_library_wrote_is_read(tmp_path):
    """As files of before were written: with a header, or without one."""
    one = {"one": torch.arange(3.0)}
    for name, header in (("with", {"key": "x"}), ("without", None)):
        save_file(one, str(tmp_path / name), header)
        tensors, head = _read(tmp_path / name)
        assert torch.equal(tensors["one"], one["one"]) and head == (header or {})


def test_what_was_read_no_longer_hangs_on_the_file(tmp_path):
    path = tmp_path / "t.safetensors"
    write_tensors(path, {"one": torch.zeros(5000)})
    tensors, _ = _read(path)
    with path.open("r+b") as stream:
        stream.write(b"\xff" * path.stat().st_size)
    assert not tensors["one"].any()


def test_a_write_that_fails_leaves_the_file_of_before(tmp_path):
    path = tmp_path / "t.safetensors"
    write_tensors(path, {"one": torch.zeros(2)}, {"key": "first"})
    with pytest.raises(TypeError):
        write_tensors(path, {"one": torch.ones(2)}, {"key": 2})
    assert _read(path)[1] == {"key": "first"} and list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="a folder"):
        write_tensors(tmp_path, {})


@pytest.mark.parametrize("error", [KeyError("last"), TypeError("no\nlist"), ValueError("no JSON"), RuntimeError("size\nmismatch " * 99)])
def test_what_its_reader_misses_is_told_of_the_file(tmp_path, error):
    path = tmp_path / "t.safetensors"
    write_tensors(path, {})
    with pytest.raises(FileFormatError, match=r"t\.safetensors: .{5,200}\. Expected a song\.$"), reading_tensors(path, "a song"):
        raise error
    with pytest.raises(FileFormatError, match=r"none\.safetensors"):
        _read(tmp_path / "none.safetensors")


def _checkpoint(path):
    weights, rng = {"bias": torch.ones(2)}, np.random.default_rng(0).bit_generator.state
    state = torch.zeros(4, dtype=torch.uint8)
    write_checkpoint(path, Checkpoint("key", {"step": 3}, weights, weights, {"0.step": torch.tensor(3.0)}, state, dict(rng), state))


def _surrogate(path):
    network = MuscleGeometry(torch.tensor([[1, 0], [1, 1]]), torch.zeros(2), torch.ones(2), width=3)
    Surrogate(("a", "b"), ("hip", "knee"), network, {"a": {"length": 0.1, "moment_arm": 0.2}}).save(path)


def _encoder_weights(path):
    write_tensors(path, {"bias": torch.ones(2), "weight": torch.ones(2, 2)})


FILES = {
    "checkpoint": (_checkpoint, lambda path: read_checkpoint(path, "key")),
    "surrogate": (_surrogate, load_surrogate),
    "weights": (_encoder_weights, _read),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tensors")


@pytest.fixture(scope="module", params=FILES)
def whole(request, folder):
    """Bytes of a whole file, and its reader."""
    write, read = FILES[request.param]
    write(folder / "whole.safetensors")
    raw = (folder / "whole.safetensors").read_bytes()
    assert reads_or_refuses(folder, "t.safetensors", raw, read)
    return raw, read


@given(harms=st.lists(HARMS, min_size=1, max_size=4))
@_few
def test_a_harmed_file_is_read_or_refused(folder, whole, harms):
    reads_or_refuses(folder, "t.safetensors", harmed(whole[0], harms), whole[1])


@given(rubbish=st.binary(max_size=300), keep=PLACES)
@_few
def test_random_bytes_are_read_or_refused(folder, whole, rubbish, keep):
    beginning = whole[0][: keep % len(whole[0])] if keep % 2 else b""
    reads_or_refuses(folder, "t.safetensors", beginning + rubbish, whole[1])


@given(harms=st.lists(HARMS, min_size=1, max_size=3))
@_few
def test_a_harmed_header_of_the_right_length_is_read_or_refused(folder, whole, harms):
    raw, read = whole
    end = 8 + struct.unpack("<Q", raw[:8])[0]
    header = harmed(raw[8:end], harms)
    reads_or_refuses(folder, "t.safetensors", struct.pack("<Q", len(header)) + header + raw[end:], read)


def test_every_cut_is_refused(folder, whole):
    raw, read = whole
    for keep in np.unique(np.linspace(0, len(raw) - 1, 60).astype(int)):
        assert not reads_or_refuses(folder, "t.safetensors", raw[:keep], read)


@pytest.mark.parametrize("missing", ["key", "numbers", "numpy_rng"])
def test_a_checkpoint_without_a_part_of_its_header_is_refused(tmp_path, missing):
    path = tmp_path / "c.safetensors"
    header = {"key": "k", "numbers": "{}", "numpy_rng": "null"}
    state = {"rng/torch": torch.zeros(4, dtype=torch.uint8)}
    write_tensors(path, state, header)
    assert read_checkpoint(path, "k") is not None and read_checkpoint(path, "another") is None
    write_tensors(path, state, {name: text for name, text in header.items() if name != missing})
    with pytest.raises(FileFormatError, match=rf"has no '{missing}'. Expected a checkpoint; delete the file to start anew"):
        read_checkpoint(path, "k")
