"""Read a TFLite flatbuffer: its operators, and its constants as dense float arrays.

Formats: tensorflow/lite/schema/schema.fbs, version 3. Sparse constants follow its SparsityParameters, which are those of
the TACO compiler (Kjolstad et al. 2017): a traversal order, a block map, and for each dimension dense or CSR.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

from agonist.errors import FileFormatError

__all__ = ["Operator", "TfliteGraph"]

_DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT64: np.int64,
}
_OPERATOR_NAMES = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}


@dataclass(frozen=True)
class Operator:
    """One step of the graph.

    Attributes:
        name: such as "CONV_2D".
        inputs, outputs: tensor indices; an input that is left out is -1.
        raw: the flatbuffer's own object, which holds the options.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    raw: Any

    def options(self, table: Any) -> Any:
        """The operator's options as the given flatbuffer class."""
        result = table()
        union = self.raw.BuiltinOptions()
        result.Init(union.Bytes, union.Pos)
        return result


class TfliteGraph:
    """The one graph of a TFLite file."""

    def __init__(self, path: Path) -> None:
        """Raises FileFormatError if the file is no TFLite model with one graph."""
        data = path.read_bytes()
        if data[4:8] != b"TFL3":
            raise FileFormatError(path, "no TFLite mark at byte 4", "a TFLite model, version 3")
        self._model = tflite.Model.GetRootAsModel(data, 0)
        if self._model.SubgraphsLength() != 1:
            raise FileFormatError(path, f"{self._model.SubgraphsLength()} graphs", "a TFLite model with one graph")
        self._graph = self._model.Subgraphs(0)
        self.inputs = tuple(int(index) for index in self._graph.InputsAsNumpy())
        self.outputs = tuple(int(index) for index in self._graph.OutputsAsNumpy())
        self.operators = tuple(self._operator(index) for index in range(self._graph.OperatorsLength()))

    def _operator(self, index: int) -> Operator:
        raw = self._graph.Operators(index)
        code = self._model.OperatorCodes(raw.OpcodeIndex())
        # Codes above 127 live in a second field; the larger of the two counts.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        inputs, outputs = (tuple(int(k) for k in part) for part in (raw.InputsAsNumpy(), raw.OutputsAsNumpy()))
        return Operator(_OPERATOR_NAMES.get(number, str(number)), inputs, outputs, raw)

    def name(self, tensor: int) -> str:
        """Name of a tensor."""
        return str(self._graph.Tensors(tensor).Name().decode())

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Shape of a tensor in TFLite's order (NHWC for images)."""
        raw = self._graph.Tensors(tensor)
        return tuple(int(raw.Shape(axis)) for axis in range(raw.ShapeLength()))

    def constant(self, tensor: int) -> NDArray[Any] | None:
        """The stored value of a tensor, sparse ones made dense; None for what is computed."""
        raw = self._graph.Tensors(tensor)
        buffer = self._model.Buffers(raw.Buffer())
        if raw.Buffer() == 0 or buffer.DataLength() == 0:
            return None
        values = np.frombuffer(buffer.DataAsNumpy().tobytes(), dtype=_DTYPES[raw.Type()])
        sparsity = raw.Sparsity()
        return values.reshape(self.shape(tensor)) if sparsity is None else _densify(values, self.shape(tensor), sparsity)


def _vector(table_type: int, table: Any) -> NDArray[np.int64]:
    kinds = {
        tflite.SparseIndexVector.Int32Vector: tflite.Int32Vector,
        tflite.SparseIndexVector.Uint16Vector: tflite.Uint16Vector,
        tflite.SparseIndexVector.Uint8Vector: tflite.Uint8Vector,
    }
    vector = kinds[table_type]()
    vector.Init(table.Bytes, table.Pos)
    return np.asarray(vector.ValuesAsNumpy(), dtype=np.int64)


def _densify(values: NDArray[Any], shape: tuple[int, ...], sparsity: Any) -> NDArray[Any]:
    """Dense array of a sparse constant: walk the levels, keep for each stored value its coordinate on every level."""
    order = [int(axis) for axis in sparsity.TraversalOrderAsNumpy()]
    blocks = [int(axis) for axis in sparsity.BlockMapAsNumpy()] if sparsity.BlockMapLength() else []
    position = np.zeros(1, dtype=np.int64)
    coordinates: list[NDArray[np.int64]] = []
    sizes: dict[int, int] = {}
    for level, axis in enumerate(order):
        dimension = sparsity.DimMetadata(level)
        if dimension.Format() == tflite.DimensionType.DENSE:
            size = int(dimension.DenseSize())
            own = np.tile(np.arange(size), len(position))
            parent = np.repeat(np.arange(len(position)), size)
            position = np.repeat(position, size) * size + own
        else:
            segments = _vector(dimension.ArraySegmentsType(), dimension.ArraySegments())
            indices = _vector(dimension.ArrayIndicesType(), dimension.ArrayIndices())
            counts = segments[position + 1] - segments[position]
            parent = np.repeat(np.arange(len(position)), counts)
            offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            position = np.repeat(segments[position], counts) + offset
            own = indices[position]
            size = 0
        sizes[axis] = size
        coordinates = [one[parent] for one in coordinates] + [own]
    at = dict(zip(order, coordinates, strict=True))
    rank = len(shape)
    place = [at[axis] for axis in range(rank)]
    for number, axis in enumerate(blocks):
        place[axis] = place[axis] * sizes[rank + number] + at[rank + number]
    dense = np.zeros(shape, dtype=values.dtype)
    dense[tuple(place)] = values[position]
    return dense
