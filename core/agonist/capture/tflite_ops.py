"""TFLite operators as ONNX nodes, one function an operator.

Images are NHWC in TFLite and NCHW here, so that onnxruntime's convolutions need no transposes; a tensor of four axes is
therefore stored transposed, every other tensor as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tflite

from agonist.capture.tflite_graph import Operator
from agonist.errors import InputError

if TYPE_CHECKING:
    from agonist.capture.tflite_to_onnx import Builder

__all__ = ["TRANSLATORS"]

_FROM_NHWC = (0, 3, 1, 2)
_TO_NHWC = (0, 2, 3, 1)


def _activated(build: Builder, value: str, function: int) -> str:
    kinds = tflite.ActivationFunctionType
    if function == kinds.NONE:
        return value
    if function == kinds.RELU:
        return build.node("Relu", [value])
    if function == kinds.RELU6:
        return build.node("Clip", [value, build.store(np.float32(0)), build.store(np.float32(6))])
    raise InputError(f"The network uses activation function {function} of TFLite, which the converter does not know.")


def _padding(build: Builder, step: Operator, kernel: tuple[int, int], stride: tuple[int, int], same: bool) -> list[int]:
    """ONNX pads [top, left, bottom, right]; TFLite's SAME puts the odd pixel at the bottom and the right."""
    if not same:
        return [0, 0, 0, 0]
    before, after = [], []
    for axis in range(2):
        size, result = build.graph.shape(step.inputs[0])[1 + axis], build.graph.shape(step.outputs[0])[1 + axis]
        total = max((result - 1) * stride[axis] + kernel[axis] - size, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return before + after


def _convolution(build: Builder, step: Operator, options: Any, depthwise: bool) -> str:
    weight = build.constant(step.inputs[1])
    weight = np.transpose(weight, (3, 0, 1, 2) if depthwise else _FROM_NHWC)
    if (options.DilationHFactor(), options.DilationWFactor()) != (1, 1):
        raise InputError("The network has a dilated convolution, which the converter does not know.")
    stride = (options.StrideH(), options.StrideW())
    kernel = (weight.shape[2], weight.shape[3])
    inputs = [build.value(step.inputs[0]), build.store(weight)]
    if len(step.inputs) > 2 and step.inputs[2] >= 0:
        inputs.append(build.store(build.constant(step.inputs[2])))
    groups = build.graph.shape(step.inputs[0])[3] if depthwise else 1
    pads = _padding(build, step, kernel, stride, options.Padding() == tflite.Padding.SAME)
    value = build.node("Conv", inputs, kernel_shape=kernel, strides=stride, pads=pads, group=groups)
    return _activated(build, value, options.FusedActivationFunction())


def _conv_2d(build: Builder, step: Operator) -> str:
    return _convolution(build, step, step.options(tflite.Conv2DOptions), depthwise=False)


def _depthwise_conv_2d(build: Builder, step: Operator) -> str:
    return _convolution(build, step, step.options(tflite.DepthwiseConv2DOptions), depthwise=True)


def _max_pool_2d(build: Builder, step: Operator) -> str:
    options = step.options(tflite.Pool2DOptions)
    kernel, stride = (options.FilterHeight(), options.FilterWidth()), (options.StrideH(), options.StrideW())
    pads = _padding(build, step, kernel, stride, options.Padding() == tflite.Padding.SAME)
    value = build.node("MaxPool", [build.value(step.inputs[0])], kernel_shape=kernel, strides=stride, pads=pads)
    return _activated(build, value, options.FusedActivationFunction())


def _add(build: Builder, step: Operator) -> str:
    value = build.node("Add", [build.value(tensor) for tensor in step.inputs])
    return _activated(build, value, step.options(tflite.AddOptions).FusedActivationFunction())


def _pad(build: Builder, step: Operator) -> str:
    pads = build.constant(step.inputs[1])[list(_FROM_NHWC)]
    return build.node("Pad", [build.value(step.inputs[0]), build.store(pads.T.reshape(-1).astype(np.int64))], mode="constant")


def _reshape(build: Builder, step: Operator) -> str:
    value = build.value(step.inputs[0])
    if len(build.graph.shape(step.inputs[0])) == 4:
        value = build.node("Transpose", [value], perm=_TO_NHWC)
    shape = build.graph.shape(step.outputs[0])
    value = build.node("Reshape", [value, build.store(np.array(shape, dtype=np.int64))])
    return build.node("Transpose", [value], perm=_FROM_NHWC) if len(shape) == 4 else value


def _resize_bilinear(build: Builder, step: Operator) -> str:
    options = step.options(tflite.ResizeBilinearOptions)
    mode = "align_corners" if options.AlignCorners() else "half_pixel" if options.HalfPixelCenters() else "asymmetric"
    _, height, width, channels = build.graph.shape(step.outputs[0])
    sizes = build.store(np.array([1, channels, height, width], dtype=np.int64))
    return build.node("Resize", [build.value(step.inputs[0]), "", "", sizes], mode="linear", coordinate_transformation_mode=mode)


def _depth_to_space(build: Builder, step: Operator) -> str:
    block = step.options(tflite.DepthToSpaceOptions).BlockSize()
    return build.node("DepthToSpace", [build.value(step.inputs[0])], blocksize=block, mode="DCR")


def _concatenation(build: Builder, step: Operator) -> str:
    options = step.options(tflite.ConcatenationOptions)
    rank = len(build.graph.shape(step.outputs[0]))
    axis = options.Axis() % rank
    if rank == 4:
        axis = _FROM_NHWC.index(axis)
    value = build.node("Concat", [build.value(tensor) for tensor in step.inputs], axis=axis)
    return _activated(build, value, options.FusedActivationFunction())


def _logistic(build: Builder, step: Operator) -> str:
    return build.node("Sigmoid", [build.value(step.inputs[0])])


TRANSLATORS: dict[str, Callable[[Builder, Operator], str]] = {
    "ADD": _add,
    "CONCATENATION": _concatenation,
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise_conv_2d,
    "DEPTH_TO_SPACE": _depth_to_space,
    "LOGISTIC": _logistic,
    "MAX_POOL_2D": _max_pool_2d,
    "PAD": _pad,
    "RESHAPE": _reshape,
    "RESIZE_BILINEAR": _resize_bilinear,
}
