"""Contracts: what does not fit is refused with the file's name."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from agonist.errors import ContractError, ModelNotFoundError, WorkError
from agonist.model import available_models, load_model, models_folder
from agonist.predict import predict
from tests.clips import exercise


def test_shipped_models_are_found_and_small():
    assert {"agonist", "mia-paper"} <= set(available_models())
    assert sum(path.stat().st_size for path in models_folder().rglob("*") if path.is_file()) < 40e6


def test_the_contract_in_the_documentation_is_all_that_a_model_needs(tmp_path):
    """An encoder from elsewhere that says .25 of every muscle."""
    onnx = pytest.importorskip("onnx")
    page = (Path(__file__).parents[1] / "docs" / "own_model.md").read_text(encoding="utf-8")
    contract = json.loads(page.partition("```json")[2].partition("```")[0])
    real, text = onnx.TensorProto.FLOAT, onnx.helper.make_tensor_value_info
    quarter = onnx.helper.make_tensor("quarter", real, [1], [0.25])
    nodes = [
        onnx.helper.make_node("Shape", ["keypoints"], ["shape"], end=2), onnx.helper.make_node("Concat", ["shape", "m"], ["size"], axis=0),
        onnx.helper.make_node("Expand", ["quarter", "size"], ["activation"]),
    ]  # fmt: skip
    graph = onnx.helper.make_graph(
        nodes, "encoder", [text("keypoints", real, ["B", 64, 25, 3])], [text("activation", real, ["B", 64, 8])],
        [quarter, onnx.helper.make_tensor("m", onnx.TensorProto.INT64, [1], [8])],
    )  # fmt: skip
    network = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    (tmp_path / "encoder.onnx").write_bytes(network)
    contract["files"]["encoder"]["sha256"] = hashlib.sha256(network).hexdigest()
    (tmp_path / "model.json").write_text(json.dumps(contract), encoding="utf-8")
    activation = predict(exercise("Squat", 5.0), load_model(tmp_path))
    assert activation.muscles.names[0] == "quadriceps_l"
    np.testing.assert_allclose(activation.values, 0.25)


@pytest.mark.parametrize("name", ["agonist", "mia-paper"])
def test_encoders_keep_their_contract(name):
    model = load_model(name)
    values, _ = model.encode(np.random.default_rng(0).normal(size=(77, 25, 3)))
    assert values.shape == (77, 8)
    assert values.min() >= 0 and values.max() <= 1


def test_the_papers_decoder_answers_with_a_body():
    keypoints = load_model("mia-paper").decode(np.full((30, 8), 0.1))
    assert keypoints.shape == (30, 25, 3)
    assert 0.3 < keypoints[15, 1, 2] < 0.8  # neck over the middle of the hips, metres


def test_the_editor_is_exactly_zero_when_nothing_is_asked():
    rotvec, root = load_model().edit(np.random.default_rng(0).normal(size=(70, 25, 3)), np.zeros((70, 8)))
    assert not rotvec.any() and not root.any()


def test_a_folder_of_the_same_name_does_not_hide_a_shipped_model(tmp_path, monkeypatch):
    """Each card's own command makes one."""
    shipped = load_model("agonist").folder
    monkeypatch.chdir(tmp_path)
    shutil.copytree(load_model("mia-paper").folder, "agonist")
    assert load_model("agonist").folder == shipped
    for meant in ("./agonist", Path("agonist"), str(tmp_path / "agonist")):
        assert load_model(meant).name == "mia-paper"


def test_a_missing_onnxruntime_is_not_the_models_fault(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(WorkError, match="onnxruntime, which runs the models, cannot be loaded"):
        load_model().encode(np.zeros((10, 25, 3)))


def test_no_such_model_lists_those_there_are():
    with pytest.raises(ModelNotFoundError, match="agonist, agonist-causal, agonist-decoder, mia-paper"):
        load_model("nobody")


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(models_folder() / "agonist", tmp_path / "agonist")


def _change(folder, **fields):
    document = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**document, **fields}))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema": 2}, "schema 2"),
        ({"layout": "coco17"}, "coco17"),
        ({"fps": "fast"}, "model.json"),
        ({"fps": float("inf")}, "fps inf"),
        ({"dimensions": 4}, r"dimensions 4. Expected .* 2 or 3 dimensions"),
        ({"muscles": "none8"}, r"model\.json: Unknown muscle set 'none8'\. Available: mia8"),
        ({"files": {"brain": {"file": "x", "sha256": "y"}}}, "brain"),
    ],
)
def test_a_contract_that_does_not_fit_is_refused(copy, fields, message):
    _change(copy, **fields)
    with pytest.raises(ContractError, match=message):
        load_model(copy)


def test_a_window_that_the_network_has_not_is_refused(copy):
    _change(copy, window=30)
    model = load_model(copy)
    with pytest.raises(ContractError, match=r"encoder\.onnx: input 'keypoints' is .*64.* Expected \(batch, 30, 25, 3\)"):
        model.encode(np.zeros((10, 25, 3)))


def test_a_changed_network_is_refused(copy):
    data = bytearray((copy / "encoder.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "encoder.onnx").write_bytes(bytes(data))
    with pytest.raises(ContractError, match=r"encoder\.onnx: sha256"):
        load_model(copy).encode(np.zeros((10, 25, 3)))


def test_another_network_in_its_place_is_refused(copy):
    document = json.loads((copy / "model.json").read_text())
    document["files"]["encoder"] = document["files"]["editor"]
    (copy / "model.json").write_text(json.dumps(document))
    with pytest.raises(ContractError, match="also wants activation, log2_scale"):
        load_model(copy).encode(np.zeros((10, 25, 3)))


def test_no_network_at_all_is_refused(copy):
    import hashlib

    document = json.loads((copy / "model.json").read_text())
    (copy / "encoder.onnx").write_bytes(b"not a network")
    document["files"]["encoder"]["sha256"] = hashlib.sha256(b"not a network").hexdigest()
    (copy / "model.json").write_text(json.dumps(document))
    with pytest.raises(ContractError, match="onnxruntime cannot open it"):
        load_model(copy).encode(np.zeros((10, 25, 3)))


def _network(folder, outputs):
    """In the encoder's place a network whose answer has an unstated size: its keypoints, cut to `outputs` numbers."""
    helper = pytest.importorskip("onnx").helper
    import hashlib

    import onnx

    ends = onnx.numpy_helper.from_array(np.array([outputs]), "ends")
    starts, axes = (onnx.numpy_helper.from_array(np.array([n]), name) for n, name in ((0, "starts"), (2, "axes")))
    shape = onnx.numpy_helper.from_array(np.array([0, 0, 75]), "shape")
    nodes = [
        helper.make_node("Reshape", ["keypoints", "shape"], ["flat"]),
        # A size that depends on the numbers, so that nobody can state it before the network ran.
        helper.make_node("ReduceSum", ["keypoints"], ["sum"], keepdims=0),
        helper.make_node("Cast", ["sum"], ["whole"], to=onnx.TensorProto.INT64),
        helper.make_node("Add", ["whole", "ends"], ["size"]),
        helper.make_node("Slice", ["flat", "starts", "size", "axes"], ["activation"]),
    ]
    number = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, "made", [helper.make_tensor_value_info("keypoints", number, ["batch", 64, 25, 3])],
        [helper.make_tensor_value_info("activation", number, ["batch", "frames", "muscles"])], [ends, starts, axes, shape],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / "encoder.onnx").write_bytes(model.SerializeToString())
    document = json.loads((folder / "model.json").read_text())
    document["files"]["encoder"]["sha256"] = hashlib.sha256((folder / "encoder.onnx").read_bytes()).hexdigest()
    (folder / "model.json").write_text(json.dumps(document))


def test_an_answer_of_another_size_is_refused(copy):
    _network(copy, 8)
    assert load_model(copy).encode(np.zeros((10, 25, 3)))[0].shape == (10, 8)
    _network(copy, 5)
    with pytest.raises(ContractError, match=r"encoder\.onnx: gave 'activation' of shape \(1, 64, 5\)\. Expected \(1, 64, 8\)"):
        load_model(copy).encode(np.zeros((10, 25, 3)))


def test_predicting_leaves_nothing_in_the_home_folder(tmp_path):
    """onnxruntime would start a telemetry database there."""
    import os
    import subprocess
    import sys

    home = tmp_path / "home"
    home.mkdir()
    code = "from agonist.predict import predict; from tests.clips import exercise; predict(exercise())"
    variables = {key: value for key, value in os.environ.items() if key not in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")}
    done = subprocess.run([sys.executable, "-c", code], env={**variables, "HOME": str(home)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not list(home.rglob("*"))


def test_many_windows_at_once_are_as_each_alone():
    """Two threads share many windows; no answer hangs on its neighbours."""
    model = load_model()
    rng = np.random.default_rng(5)
    windows = 1.0 + 0.2 * rng.normal(size=(31, model.contract.window, 25, 3))
    together = model.encode_windows(windows)
    for name, values in together.items():
        alone = np.concatenate([model.encode_windows(windows[k : k + 1])[name] for k in range(len(windows))])
        np.testing.assert_allclose(values, alone, atol=1e-5)
