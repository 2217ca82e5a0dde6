"""Trained networks to a model folder: ONNX files, checked against torch, and the contract."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agonist.errors import WorkError
from agonist.io.atomic import atomic_path
from agonist.onnx_session import open_session
from agonist.training.card import activation_unit

__all__ = ["export_onnx", "write_contract"]

# The most that onnxruntime and torch may differ, relative to the largest output.
_PARITY = 1e-5

_NAMES: dict[str, tuple[list[str], list[str]]] = {
    "encoder": (["keypoints", "confidence"], ["activation", "log_std"]),
    "decoder": (["activation"], ["keypoints", "hypotheses", "probabilities"]),
    "editor": (["keypoints", "activation", "log2_scale"], ["rotvec_world", "root_delta_world"]),
}


def export_onnx(module: nn.Module, part: str, inputs: tuple[Tensor, ...], path: Path) -> str:
    """Write one part; returns the file's sha256. Raises WorkError if onnxruntime does not agree with torch."""
    module.eval()
    input_names, output_names = _NAMES[part]
    with torch.no_grad():
        reference = module(*inputs)
    reference = reference if isinstance(reference, tuple) else (reference,)
    # The paper's encoder takes no confidence and gives no deviation, its decoder one answer.
    input_names, output_names = input_names[: len(inputs)], output_names[: len(reference)]
    axes = {name: {0: "batch"} for name in (*input_names, *output_names)}
    with atomic_path(path) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, inputs, str(temporary), input_names=input_names, output_names=output_names,
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip
        session = open_session(temporary, threads=1)
        results = session.run(output_names, {name: value.numpy() for name, value in zip(input_names, inputs, strict=True)})
        for name, result, expected in zip(output_names, results, reference, strict=True):
            difference = float(np.abs(result - expected.numpy()).max() / (expected.abs().max().item() + 1e-6))
            if not difference <= _PARITY:
                raise WorkError(f"{path}: {name} differs from torch by {difference:.1e}. Expected less than {_PARITY:.0e}.")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_contract(folder: Path, fields: dict[str, Any], files: dict[str, str]) -> None:
    """Write model.json. `files` is part -> sha256; each part lies in PART.onnx. `fields` with `dimensions` 2: see `Contract`.

    What activation is measured in is the unit of the corpus in `fields`.
    """
    flat = "; the decoder's x and z alone, as a camera far in front of the person sees" if fields.get("dimensions") == 2 else ""
    document = {
        "schema": 1,
        "layout": "body25",
        "muscles": "mia8",
        "units": {"keypoints": f"metres, Z up{flat}", "activation": activation_unit(fields.get("training", {}).get("corpus", {}))},
        **fields,
        "files": {part: {"file": f"{part}.onnx", "sha256": sha256} for part, sha256 in files.items()},
    }
    with atomic_path(folder / "model.json") as temporary:
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
