"""Every reader against random bytes, cut files and damaged ones: it reads, or it says which file it cannot read. Nothing else."""

import io as streams
import json
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agonist import io
from agonist.activation import Activation
from agonist.humanoid import body25_from_motion
from agonist.io import asf_amc, bvh, c3d, csv_activation, deepmimic, freemocap, keypoints_json, mia, mot_sto, npz, openpose, trc
from agonist.io.coordinates import NEEDED_COORDINATES
from agonist.io.mot_sto import OpenSimTable
from agonist.model import Contract, models_folder
from agonist.muscles import muscle_set
from tests.clips import exercise
from tests.harm import HARMS, PLACES, harmed, reads_or_refuses
from tests.io.asf_files import AMC, ASF
from tests.io.c3d_files import c3d_bytes
from tests.search import examples

_MOTION = exercise("Walk", 0.3)
_KEYPOINTS = body25_from_motion(_MOTION)
_ACTIVATION = Activation(np.random.default_rng(0).uniform(0, 1, (7, 8)), muscle_set("mia8"), 29.97, uncertainty=np.full((7, 8), 0.1))

_TRC = (
    "PathFileType\t4\t(X/Y/Z)\tmade.trc\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\n100\t100\t3\t2\tmm\n"
    "Frame#\tTime\tA\t\t\tB\t\t\n\t\tX1\tY1\tZ1\tX2\tY2\tZ2\n"
    + "".join(f"{k}\t{k / 100}\t1.5\t2\t3\t4\t5\t{k}\n" for k in range(1, 4))
)  # fmt: skip
_STO = "made\nversion=1\nnRows=3\nnColumns=3\ninDegrees=yes\nendheader\ntime\tknee\thip\n0.0\t1\t2\n0.1\t3\t4\n0.2\t5\t6\n"
_DEEPMIMIC = json.dumps({"Loop": "wrap", "Frames": [[0.0333, 0.0, 0.9, 0.0] + [1.0, 0.0, 0.0, 0.0] * 10] * 4})
_OPENPOSE = json.dumps([{"people": [{"pose_keypoints_3d": [1.5, 2.5, 0.5, 0.9] * 25}]}] * 3)


_LIMBS = [f"{side}_{part}" for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle") for side in ("left", "right")]
_WIDE = ",".join(f"{name}_{axis}" for name in _LIMBS for axis in "xyz") + "\n" + (",".join(["12.5", "7", "900"] * 12) + "\n") * 3
_LONG = "frame,keypoint,x,y,z\n" + "".join(f"{frame},{name},1.5,{frame},900\n" for frame in range(3) for name in _LIMBS)


def _written(write, what, suffix: str) -> bytes:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / f"whole{suffix}", what)
        return (Path(folder) / f"whole{suffix}").read_bytes()


def _amass() -> bytes:
    stream = streams.BytesIO()
    np.savez(stream, trans=np.ones((5, 3)), poses=np.full((5, 156), 0.1), mocap_framerate=np.array(120.0), gender=np.array("female"))
    return stream.getvalue()


def _npy(array) -> bytes:
    stream = streams.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def _mia(path):
    (path.parent / "emgvalues.npy").write_bytes(_npy(np.ones((30, 8))))
    return mia.read(path.parent)


def _amc(path):
    (path.parent / "harmed.asf").write_text(ASF)
    return io.read(path)


def _asf(path):
    (path.parent / "made.amc").write_text(AMC)
    return asf_amc.read(path.parent / "made.amc", path)


_TABLE = OpenSimTable(
    "pose", np.arange(6) / 50, NEEDED_COORDINATES, np.random.default_rng(0).normal(0, 9, (6, len(NEEDED_COORDINATES))), in_degrees=True
)
# Name -> (a whole file, its name, its reader).
FORMATS = {
    "bvh": (_written(bvh.write, _MOTION, ".bvh"), "harmed.bvh", bvh.read),
    "npz motion": (_written(npz.write, _MOTION, ".npz"), "harmed.npz", io.read),
    "npz amass": (_amass(), "harmed.npz", io.read),
    "npz keypoints": (_written(npz.write, _KEYPOINTS, ".npz"), "harmed.npz", io.read),
    "npz activation": (_written(npz.write_activation, _ACTIVATION, ".npz"), "harmed.npz", npz.read_activation),
    "csv": (_written(csv_activation.write, _ACTIVATION, ".csv"), "harmed.csv", csv_activation.read),
    "json": (_written(keypoints_json.write, _KEYPOINTS, ".json"), "harmed.json", io.read),
    "openpose": (_OPENPOSE.encode(), "harmed.json", openpose.read),
    "openpose as json": (_OPENPOSE.encode(), "harmed.json", io.read),
    "freemocap": (_WIDE.encode(), "harmed.csv", io.read),
    "freemocap, a row a point": (_LONG.encode(), "harmed.csv", freemocap.read),
    "freemocap npy": (_npy(np.ones((5, 33, 3))), "harmed.npy", io.read),
    "deepmimic": (_DEEPMIMIC.encode(), "harmed.txt", deepmimic.read),
    "sto": (_STO.encode(), "harmed.sto", mot_sto.read),
    "mot": (_written(mot_sto.write, _TABLE, ".mot"), "harmed.mot", io.read),
    "trc": (_TRC.encode(), "harmed.trc", io.read),
    "asf": (ASF.encode(), "harmed.asf", _asf),
    "amc": (AMC.encode(), "harmed.amc", _amc),
    "c3d": (c3d_bytes(np.ones((9, 2, 3)), ["A", "B"], analog=2), "harmed.c3d", io.read),
    "mia": (_npy(np.ones((30, 25, 3), dtype=np.float32)), "joints3d.npy", _mia),
    "model.json": ((models_folder() / "agonist" / "model.json").read_bytes(), "model.json", Contract.read),
}  # fmt: skip

_few = settings(max_examples=examples(150), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.mark.parametrize("name", FORMATS)
def test_the_whole_file_is_read(folder, name):
    raw, file, read = FORMATS[name]
    assert reads_or_refuses(folder, file, raw, read)


@pytest.mark.parametrize("name", [name for name, (_, file, _) in FORMATS.items() if file.split(".")[1] not in ("npz", "npy", "c3d")])
def test_a_byte_order_mark_before_a_text_changes_nothing(folder, name):
    raw, file, read = FORMATS[name]
    assert reads_or_refuses(folder, file, b"\xef\xbb\xbf" + raw, read)


@pytest.mark.parametrize("name", FORMATS)
@given(harms=st.lists(HARMS, min_size=1, max_size=5))
@_few
def test_a_harmed_file(folder, name, harms):
    raw, file, read = FORMATS[name]
    reads_or_refuses(folder, file, harmed(raw, harms), read)


@pytest.mark.parametrize("name", FORMATS)
@given(rubbish=st.binary(max_size=700), keep=PLACES)
@_few
def test_random_bytes_alone_and_behind_a_good_beginning(folder, name, rubbish, keep):
    raw, file, read = FORMATS[name]
    beginning = raw[: keep % len(raw)] if keep % 2 else b""
    reads_or_refuses(folder, file, beginning + rubbish, read)


@pytest.mark.parametrize("name", [name for name in FORMATS if name.startswith("npz")])
@given(member=PLACES, harms=st.lists(HARMS, min_size=1, max_size=4))
@_few
def test_a_harmed_array_inside_a_good_archive(folder, name, member, harms):
    raw, file, read = FORMATS[name]
    stream = streams.BytesIO()
    with zipfile.ZipFile(streams.BytesIO(raw)) as before, zipfile.ZipFile(stream, "w") as after:
        members = before.namelist()
        for index, one in enumerate(members):
            content = before.read(one)
            after.writestr(one, harmed(content, harms) if index == member % len(members) else content)
    reads_or_refuses(folder, file, stream.getvalue(), read)


@pytest.mark.parametrize("name", FORMATS)
def test_every_cut_of_a_text_and_many_of_an_archive(folder, name):
    raw, file, read = FORMATS[name]
    for keep in np.unique(np.linspace(0, len(raw) - 1, 120).astype(int)):
        reads_or_refuses(folder, file, raw[:keep], read)


def test_deep_nesting_does_not_exhaust_the_stack(folder):
    for file, read in (("deep.json", io.read), ("deep.txt", deepmimic.read)):
        assert not reads_or_refuses(folder, file, b"[" * 100_000, read)
    rope = b"HIERARCHY\n" + b"".join(b"%s j\n{\nOFFSET 0 0 0\n" % (b"JOINT" if k else b"ROOT") for k in range(50_000))
    assert not reads_or_refuses(folder, "deep.bvh", rope, bvh.read)
    assert not reads_or_refuses(folder, "c.c3d", bytes([255, 0x50]) + bytes(200_000), c3d.read)
    assert not reads_or_refuses(folder, "t.trc", b"PathFileType\n" + b"\n" * 200_000, trc.read)
