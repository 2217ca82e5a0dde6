"""TFLite networks of convolutions to ONNX, with nothing but the packages `tflite` and `onnx`.

Weights stored in half precision or sparse become plain float32; the arithmetic stays what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from agonist.capture.tflite_graph import Operator, TfliteGraph
from agonist.capture.tflite_ops import TRANSLATORS
from agonist.errors import InputError
from agonist.io.atomic import atomic_path

__all__ = ["Builder", "convert"]

_OPSET, _IR_VERSION = 17, 8
# These only change how a constant is stored.
_STORAGE = ("DEQUANTIZE", "DENSIFY")


class Builder:
    """An ONNX graph while it grows."""

    def __init__(self, graph: TfliteGraph) -> None:
        self.graph = graph
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._values: dict[int, str] = {}
        self._stored = {step.outputs[0]: step.inputs[0] for step in graph.operators if step.name in _STORAGE}

    def constant(self, tensor: int) -> NDArray[Any]:
        """A constant, in float32 if it is stored in half precision. Raises InputError for what is computed."""
        while tensor in self._stored:
            tensor = self._stored[tensor]
        value = self.graph.constant(tensor)
        if value is None:
            raise InputError(f"Tensor '{self.graph.name(tensor)}' is computed where the converter needs a constant.")
        return value.astype(np.float32) if value.dtype == np.float16 else value

    def store(self, value: Any) -> str:
        """Keep a constant; returns its name."""
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one output; returns the output's name."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def value(self, tensor: int) -> str:
        """The name under which a tensor's value is available (four axes: NCHW)."""
        if tensor not in self._values:
            constant = self.constant(tensor)
            self._values[tensor] = self.store(np.transpose(constant, (0, 3, 1, 2)) if constant.ndim == 4 else constant)
        return self._values[tensor]

    def set_value(self, tensor: int, name: str) -> None:
        """Say where a tensor's value is available."""
        self._values[tensor] = name


def _needed(graph: TfliteGraph, outputs: Sequence[int]) -> list[Operator]:
    """The operators that the outputs depend on, in order."""
    wanted, steps = set(outputs), []
    for step in reversed(graph.operators):
        if wanted.intersection(step.outputs):
            wanted.update(step.inputs)
            steps.append(step)
    return [step for step in reversed(steps) if step.name not in _STORAGE]


def convert(source: Path, target: Path, input_name: str, outputs: dict[str, str]) -> None:
    """Convert a TFLite file.

    Args:
        source: the .tflite file; one input image (1, H, W, C) float32.
        target: the .onnx file to write, whole or not at all. Images keep TFLite's order NHWC at the input and the outputs.
        input_name: what the input shall be called.
        outputs: TFLite's name of an output -> what it shall be called; outputs that are not named are left out with
            everything that only they need.

    Raises:
        FileFormatError: no TFLite file. InputError: an operator or an output that is not known.
    """
    graph = TfliteGraph(source)
    by_name = {graph.name(tensor): tensor for tensor in graph.outputs}
    if missing := set(outputs) - set(by_name):
        raise InputError(f"{source}: no outputs {', '.join(sorted(missing))}. Available: {', '.join(by_name)}.")
    build = Builder(graph)
    image = graph.inputs[0]
    build.set_value(image, build.node("Transpose", [input_name], perm=(0, 3, 1, 2)))
    for step in _needed(graph, [by_name[name] for name in outputs]):
        if step.name not in TRANSLATORS:
            raise InputError(f"{source}: operator {step.name} is not known. Available: {', '.join(TRANSLATORS)}.")
        build.set_value(step.outputs[0], TRANSLATORS[step.name](build, step))
    results = []
    for name, called in outputs.items():
        tensor = by_name[name]
        if len(graph.shape(tensor)) == 4:
            build.nodes.append(helper.make_node("Transpose", [build.value(tensor)], [called], perm=(0, 2, 3, 1)))
        else:
            build.nodes.append(helper.make_node("Identity", [build.value(tensor)], [called]))
        results.append(helper.make_tensor_value_info(called, TensorProto.FLOAT, graph.shape(tensor)))
    first = helper.make_tensor_value_info(input_name, TensorProto.FLOAT, graph.shape(image))
    model = helper.make_model(
        helper.make_graph(build.nodes, source.stem, [first], results, build.initializers),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="agonist",
    )
    onnx.checker.check_model(model)
    with atomic_path(target) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
