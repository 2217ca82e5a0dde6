"""Opening ONNX networks: on the CPU, quietly, and without telling anybody."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import onnxruntime

__all__ = ["open_session"]


def open_session(network: bytes | Path, threads: int) -> onnxruntime.InferenceSession:
    """An onnxruntime session of a network, given as its bytes or its file, on so many threads of the CPU.

    Raises whatever onnxruntime raises for a bad network: half a dozen unrelated classes.
    """
    # Its wheels (seen in 1.31) report usage to Microsoft from the moment of the import, by way of a database in the user's
    # cache folder. Whoever animates with us did not ask for that; whoever wants it can set the variable to 0.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait are 5 ms faster on an idle machine and twice as slow on one where Blender works too.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    content = network if isinstance(network, bytes) else str(network)
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
