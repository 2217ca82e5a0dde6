"""A trained encoder back into torch: from the safetensors file beside its ONNX file, or from the ONNX file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from agonist.errors import ContractError, UnknownNameError
from agonist.model import Contract, Model
from agonist.networks.geometry import FEATURES_WITH_MOMENTS
from agonist.networks.motion_muscle import CONFIGS, AgonistEncoder, NetworkConfig, network_config
from agonist.training.tensor_file import reading_tensors

__all__ = ["encoder_twin"]

# The most that a module's activation may differ from that of the file it was made from.
_PARITY = 1e-4


def encoder_twin(model: Model) -> AgonistEncoder:
    """The torch module of a model's encoder, from its safetensors file where there is one, else from the ONNX file.

    Raises FileFormatError for a damaged safetensors file, and ContractError if the model has no encoder of ours, its ONNX file
    is damaged, or the module does not answer as that does.
    """
    if not model.has("encoder"):
        raise ContractError(f"{model.folder}: has no encoder. Expected a model with one.")
    config, path = _config(model.folder, model.contract), model.folder / model.contract.files["encoder"][0]
    weights = path.with_suffix(".safetensors")
    encoder = _from_safetensors(weights, config) if weights.is_file() else _from_onnx(path, config)
    rng = np.random.default_rng(0)
    steps = rng.normal(0, 0.01, (2, config.window, 25, 3))
    keypoints, seen = rng.normal(0, 0.4, (2, 1, 25, 3)) + steps.cumsum(axis=1), rng.random((2, config.window, 25))
    answer = encoder(*(torch.tensor(one, dtype=torch.float32) for one in (keypoints, seen)))[0].numpy()
    difference = float(np.abs(answer - model.encode_windows(keypoints, seen)["activation"]).max())
    # Not so written, that NaN is refused too.
    if not difference <= _PARITY:
        source = weights if weights.is_file() else path
        raise ContractError(
            f"{source}: read as '{config.name}' its activation differs by {difference:.1e} from that of {path.name} in onnxruntime. "
            f"Expected less than {_PARITY:.0e}: the weights and the configuration of that very file."
        )
    return encoder


def _config(folder: Path, contract: Contract) -> NetworkConfig:
    """The configuration that a model's encoder was made from, with the contract's frame rate and window."""
    try:
        name = str(contract.raw["training"]["settings"]["config"])
    except (KeyError, TypeError):
        # Tuned models of before did not say; they were all made as this one.
        name = "agonist"
    try:
        config = network_config(name)
    except UnknownNameError as error:
        raise ContractError(f"{folder}: {error}") from error
    if not config.ours:
        ours = ", ".join(one.name for one in CONFIGS.values() if one.ours)
        raise ContractError(f"{folder}: an encoder of the configuration '{name}'. Expected one of {ours}.")
    return replace(config, fps=contract.fps, window=contract.window)


def _from_safetensors(path: Path, config: NetworkConfig) -> AgonistEncoder:
    with reading_tensors(path, "an encoder's weights; without this file the ONNX is read") as (tensors, _):
        return _module(path, config, tensors)


def _from_onnx(path: Path, config: NetworkConfig) -> AgonistEncoder:
    """The exporter writes the weights of linear layers transposed and without a name; the bias that is added to their
    product still has its own."""
    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # protobuf's errors of a damaged file share no base class
        raise ContractError(f"{path}: {str(error)[:80]}. Expected an ONNX encoder.") from error
    arrays = {one.name: np.array(numpy_helper.to_array(one)) for one in graph.initializer}
    products = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul" and node.input[1] in arrays}
    for node in graph.node:
        product = [name for name in node.input if name in products]
        bias = [name for name in node.input if name in arrays and name.endswith(".bias")]
        if node.op_type == "Add" and product and bias:
            arrays[bias[0].removesuffix("bias") + "weight"] = arrays[products[product[0]]].T
    return _module(path, config, {name: torch.tensor(value) for name, value in arrays.items()})


def _module(path: Path, config: NetworkConfig, tensors: dict[str, Tensor]) -> AgonistEncoder:
    # Encoders of before were not given moments either.
    moments = tensors.get("mean", torch.zeros(0)).numel() == FEATURES_WITH_MOMENTS
    encoder = AgonistEncoder(replace(config, moments=moments))
    known = encoder.state_dict()
    # Encoders of before took every point for seen.
    tensors = {name: torch.zeros_like(value) for name, value in known.items() if name.startswith("unseen.")} | tensors
    try:
        encoder.load_state_dict({name: tensors[name] for name in known})
    except (KeyError, RuntimeError) as error:
        raise ContractError(f"{path}: {str(error)[:80]}. Expected an encoder of the configuration '{config.name}'.") from error
    return encoder.eval().requires_grad_(False)
