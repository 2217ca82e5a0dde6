"""C3D: every kind of machine that wrote it, long recordings, damage; a second reader (ezc3d) as the peer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agonist.errors import FileFormatError, UnknownNameError
from agonist.io import c3d
from tests.io.c3d_files import DEC, INTEL, MIPS, c3d_bytes
from tests.search import examples


def _points(frames=5, count=3):
    points = np.random.default_rng(1).uniform(-900, 900, (frames, count, 3)).round(1)
    points[frames // 2, 1] = np.nan
    return points


def _read(tmp_path, raw):
    (tmp_path / "made.c3d").write_bytes(raw)
    return c3d.read(tmp_path / "made.c3d")


@pytest.mark.parametrize("processor", [INTEL, DEC, MIPS])
@pytest.mark.parametrize(("scale", "analog"), [(-1.0, 0), (-0.5, 7), (0.1, 0), (0.1, 4)])
def test_every_machine_and_number_is_read(tmp_path, processor, scale, analog):
    points = _points()
    markers = _read(tmp_path, c3d_bytes(points, ["A", "LKNE", "long name"], processor=processor, scale=scale, analog=analog))
    np.testing.assert_allclose(markers.positions, points / 1000, atol=1e-6)
    assert markers.layout.names == ("A", "LKNE", "long name") and markers.fps == 100.0
    assert markers.confidence[2].tolist() == [1, 0, 1]


def test_units_are_heeded(tmp_path):
    for unit, metres in (("mm", 0.001), ("m", 1.0), ("cm", 0.01)):
        markers = _read(tmp_path, c3d_bytes(_points(), ["A", "B", "C"], unit=unit))
        np.testing.assert_allclose(markers.positions, _points() * metres, rtol=1e-6)
    with pytest.raises(FileFormatError, match=r"made\.c3d: points in 'furlong'\. Expected one of mm, cm, m"):
        _read(tmp_path, c3d_bytes(_points(), ["A", "B", "C"], unit="furlong"))


def test_a_recording_longer_than_the_header_can_count(tmp_path):
    points = np.zeros((70_000, 1, 3)) + np.arange(70_000)[:, None, None] / 10
    markers = _read(tmp_path, c3d_bytes(points, ["A"], long_frames=True, scale=0.3))
    assert len(markers) == 70_000


def test_a_part_that_starts_later_is_read(tmp_path):
    assert len(_read(tmp_path, c3d_bytes(_points(9), ["A", "B", "C"], first=4000))) == 9


@pytest.mark.parametrize("processor", [INTEL, DEC, MIPS])
@pytest.mark.parametrize(("first", "start"), [(0, 0.0), (1, 0.0), (201, 2.0), (65_500, 654.99), (140_001, 1400.0)])
def test_a_part_keeps_its_place_in_time(tmp_path, processor, first, start):
    points = np.zeros((100, 1, 3))
    markers = _read(tmp_path, c3d_bytes(points, ["A"], first=first, long_frames=first > 60_000, processor=processor))
    assert markers.start == pytest.approx(start) and len(markers) == 100


def test_a_name_that_occurs_twice_is_told_apart(tmp_path):
    assert _read(tmp_path, c3d_bytes(_points(), ["A", "A", ""])).layout.names == ("A", "A#2", "point3")


@pytest.mark.parametrize("keep", [0, 1, 300, 511, 512, 600, 1024, -1])
def test_a_file_cut_short_is_refused(tmp_path, keep):
    with pytest.raises(FileFormatError, match=r"made\.c3d"):
        _read(tmp_path, c3d_bytes(_points(), ["A", "B", "C"])[:keep])


@given(changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=12), cut=st.integers(0, 10_000))
@settings(max_examples=examples(300))
def test_damage_is_read_or_refused(tmp_path_factory, changes, cut):
    raw = bytearray(c3d_bytes(_points(20, 3), ["A", "B", "C"], analog=2, long_frames=True))
    for at, value in changes:
        # Most of the harm is in the first two blocks.
        raw[at % (1100 if at % 3 else len(raw))] = value
    path = tmp_path_factory.mktemp("c3d") / "harmed.c3d"
    path.write_bytes(raw if cut % 4 else raw[: cut % len(raw)])
    try:
        markers = c3d.read(path)
    except FileFormatError as error:
        assert str(path) in str(error)
    else:
        assert np.isfinite(markers.positions[markers.confidence > 0]).all()


def test_a_second_reader_says_the_same_of_a_real_recording(data_dir):
    ezc3d = pytest.importorskip("ezc3d")
    path = data_dir / "pyomeca_shoulder" / "markers_analogs.c3d"
    markers, peer = c3d.read(path), ezc3d.c3d(str(path))
    expected = np.moveaxis(peer["data"]["points"][:3], (0, 1, 2), (2, 1, 0)) / 1000
    np.testing.assert_allclose(markers.positions, expected, rtol=1e-12)
    assert list(markers.layout.names) == peer["parameters"]["POINT"]["LABELS"]["value"]
    assert 0 < np.isnan(expected).sum() < expected.size / 10


def test_a_second_reader_says_the_same_of_its_analog_channels(data_dir, tmp_path):
    ezc3d = pytest.importorskip("ezc3d")
    path = data_dir / "pyomeca_shoulder" / "markers_analogs.c3d"
    names = ["Biceps.EMG4", "Voltage.1", "Gd_dors.IM EMG13"]
    values, rate = c3d.read_analog(path, names)
    peer = ezc3d.c3d(str(path))
    labels = peer["parameters"]["ANALOG"]["LABELS"]["value"]
    np.testing.assert_allclose(values, peer["data"]["analogs"][0][[labels.index(name) for name in names]].T, rtol=1e-6)
    assert rate == peer["parameters"]["ANALOG"]["RATE"]["value"][0] == 2000
    with pytest.raises(UnknownNameError, match=r"Biceps\.EMG4"):
        c3d.read_analog(path, ["Quadriceps"])
    silent = tmp_path / "silent.c3d"
    silent.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(FileFormatError):
        c3d.read_analog(silent, names)


def test_a_harmed_real_recording_never_takes_the_process_along(data_dir, tmp_path):
    raw = (data_dir / "pyomeca_shoulder" / "markers_analogs.c3d").read_bytes()
    outcomes = set()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        harmed = bytearray(raw)
        for at in rng.integers(0, 14_000, 4):
            harmed[at] = rng.integers(0, 256)
        try:
            _read(tmp_path, bytes(harmed[: rng.integers(1, len(raw))] if seed % 3 == 0 else harmed))
            outcomes.add("read")
        except FileFormatError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}
